// Names of versions that can move.

import { api } from '../api.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { endlessList } from '../list.js';
import { lookupField } from '../lookup-field.js';
import { may } from '../permissions.js';
import { needing } from '../rights.js';
import { href } from '../router.js';
import { button, confirm, emptyState, openDialog, toast } from '../ui.js';
import { versionEntries, versionLink } from './words.js';

/** The aliases of a dataset's versions. `.create(version)` opens the dialog for a new one. */
export function versionAliases({ dataset, project, me, signal }) {
  const editable = may(me, project, 'aliases_edit');
  const list = endlessList({
    caption: 'Aliases',
    noun: ['alias', 'aliases'],
    signal,
    load: (next, abort) =>
      api.get(next ?? '/api/v0/dataset-version-aliases/', {
        query: next ? null : { dataset: dataset.id, project: project.id, limit: 200 },
        signal: abort,
      }),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: a =>
          h(
            'a.strong',
            { href: href('datasetAlias', { project: project.id, dataset: dataset.id, alias: a.id }), title: a.uri },
            a.name,
          ),
      },
      {
        label: 'Version',
        wide: true,
        cell: a => (a.dataset_version ? versionLink(project, a.dataset_version, dataset.id) : 'is gone'),
      },
      { label: 'Moved', size: 'medium', cell: a => timeAgo(a.mtime) },
      ...(editable ? [{ label: 'Change', size: 'changes', cell: a => changes(a) }] : []),
    ],
    empty: () =>
      emptyState(
        'No alias yet',
        'An alias is a name that can move to another version, such as “production”. “latest” needs none: it ' +
          'always stands for the newest version.',
        editable && button('Create an alias', () => point(null), { kind: 'primary' }),
      ),
  });
  return Object.assign(list, { create: version => point(null, version) });

  function changes(alias) {
    return [
      button('Move', () => point(alias), { kind: 'quiet', 'aria-label': `Move ${alias.name}` }),
      button('Delete', () => remove(alias), { kind: 'quiet', 'aria-label': `Delete ${alias.name}` }),
    ];
  }

  async function point(alias, version = null) {
    const entries = await versionEntries(dataset.id, signal);
    const done = await openDialog(alias ? `Move ${alias.name}` : 'Create an alias', close => {
      const to = lookupField({ label: 'Version', name: 'dataset_version', required: true, entries, value: version?.name ?? '' });
      return form(
        [
          !alias &&
            field({
              label: 'Name',
              name: 'name',
              required: true,
              autocomplete: 'off',
              hint: 'Such as production. It is not the name of a version.',
            }),
          alias &&
            h(
              'p',
              'Names ',
              h('strong', alias.dataset_version?.name ?? 'a version that is gone'),
              ' now. Programs that read this name read the other version from then on; the history keeps both.',
            ),
          to,
        ].filter(Boolean),
        {
          submit: alias ? 'Move' : 'Create',
          cancel: () => close(),
          onsubmit: async values =>
            close(
              await needing(
                'aliases_edit',
                api.post(
                  '/api/v0/dataset-version-aliases/',
                  { name: alias?.name ?? values.name.trim(), dataset_version: to.pick() },
                  { repeat: true, signal },
                ),
              ),
            ),
        },
      );
    });
    if (!done) return;
    toast(`${done.name} names ${done.dataset_version.name}.`);
    list.reload();
  }

  async function remove(alias) {
    if (
      !(await confirm(
        `Delete ${alias.name}?`,
        `The version stays, and so does the history of the name. Programs that read ${alias.uri} fail from then on.`,
        'Delete',
        { danger: true },
      ))
    )
      return;
    await needing('aliases_edit', api.delete(`/api/v0/dataset-version-aliases/${alias.id}/`, { signal }));
    toast(`${alias.name} is deleted.`);
    list.reload();
  }
}
