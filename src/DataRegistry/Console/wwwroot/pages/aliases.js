import { api } from '../api.js';
import { dataTabs } from '../data-tabs.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { findDatumId } from '../find-datum.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href } from '../router.js';
import { DATUM } from '../words.js';
import { button, confirm, emptyState, openDialog, pageHeader, toast } from '../ui.js';

/** The names of a project's datums: made, moved to another datum, deleted. */
export async function render(context) {
  const { project, signal } = context;
  const editable = may(context.me, project, 'aliases_edit');
  const list = endlessList({
    caption: 'Aliases',
    noun: ['alias', 'aliases'],
    signal,
    load: (next, abort) =>
      api.get(next ?? '/api/v0/datum-aliases/', { query: next ? null : { project: project.id, limit: 200 }, signal: abort }),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: a => h('a.strong', { href: href('alias', { project: project.id, alias: a.id }), title: a.name }, a.name),
      },
      {
        label: 'Points to',
        wide: true,
        cell: a =>
          a.datum
            ? h('a', { href: href('datum', { project: project.id, id: a.datum.id }), title: a.datum.uri }, a.datum.name)
            : 'a datum that is gone',
      },
      { label: 'Last moved', size: 'medium', cell: a => timeAgo(a.mtime) },
      ...(editable ? [{ label: 'Change', size: 'changes', cell: a => changes(a) }] : []),
    ],
    empty: () =>
      emptyState(
        'No alias yet',
        `${DATUM} An alias is a name that you can move from one datum to the next, such as “${EXAMPLES.alias}”: ` +
          `programs go on reading datum://${EXAMPLES.alias}.`,
        editable && button('Create an alias', create, { kind: 'primary' }),
      ),
  });
  return h(
    'div',
    pageHeader('Data', { actions: editable ? [button('Create an alias', create, { kind: 'primary' })] : [] }),
    dataTabs(project, 'aliases'),
    list,
  );

  function changes(alias) {
    return [
      button('Move', () => pointDialog(alias), { kind: 'quiet', 'aria-label': `Move ${alias.name}` }),
      button('Delete', () => remove(alias), { kind: 'quiet', 'aria-label': `Delete ${alias.name}` }),
    ];
  }

  function create() {
    return pointDialog(null);
  }

  async function pointDialog(alias) {
    const done = await openDialog(alias ? `Move ${alias.name}` : 'Create an alias', close =>
      form(
        [
          !alias &&
            field({
              label: 'Name',
              name: 'name',
              required: true,
              autocomplete: 'off',
              hint: `Such as ${EXAMPLES.alias}. Not allowed: ? # & + % : /`,
            }),
          alias &&
            h(
              'p',
              'It points to ',
              h('strong', alias.datum?.name ?? 'a datum that is gone'),
              ' now. Programs that read it by this name will read the new datum. The history keeps both.',
            ),
          field({
            label: 'Datum',
            name: 'datum',
            required: true,
            mono: true,
            autocomplete: 'off',
            hint: 'The ID or datum:// address of a datum, the s3:// URL of an adopted file, or another alias.',
          }),
        ].filter(Boolean),
        {
          submit: alias ? 'Move' : 'Create',
          cancel: () => close(),
          onsubmit: async values => {
            const datum = await findDatumId(values.datum, { project, signal });
            close(
              await api.post(
                '/api/v0/datum-aliases/',
                { name: alias?.name ?? values.name.trim(), datum, project: project.id },
                { repeat: true, signal },
              ),
            );
          },
        },
      ),
    );
    if (!done) return;
    toast(`${done.name} points to ${done.datum.name} now.`);
    list.reload();
  }

  async function remove(alias) {
    if (
      !(await confirm(
        `Delete ${alias.name}?`,
        'The datum stays, and so does the history of the name. Programs that read it by this name will fail.',
        'Delete',
        { danger: true },
      ))
    )
      return;
    await api.delete(`/api/v0/datum-aliases/${alias.id}/`, { signal });
    toast(`${alias.name} is deleted.`);
    list.reload();
  }
}
