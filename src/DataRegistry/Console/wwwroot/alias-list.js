// Aliases of datums or of dataset versions: listed, created, moved to another target, deleted.

import { api } from './api.js';
import { h } from './dom.js';
import { timeAgo } from './format.js';
import { field, form } from './forms.js';
import { endlessList } from './list.js';
import { needing } from './rights.js';
import { button, confirm, emptyState, openDialog, toast } from './ui.js';

/**
 * The list of the aliases at `path`, narrowed down by `query`. `noun` is what they point to; `pageOf(alias)` and `uriOf(alias)` are its
 * addresses here and for programs; `link(alias)` leads to its target, and `nameOf(alias)` names that, null where it is gone.
 * `targetField(target)` resolves to the field of a dialog, and `body(name, field)` to a request that points a name to its value.
 * `.create(target)` opens the dialog for a new one.
 */
export function aliasList({ path, query, noun, editable, signal, nameHint, about, pageOf, uriOf, link, nameOf, targetField, body }) {
  const list = endlessList({
    caption: 'Aliases',
    noun: ['alias', 'aliases'],
    signal,
    load: (next, abort) => api.get(next ?? path, { query: next ? null : { ...query, limit: 200 }, signal: abort }),
    columns: [
      { label: 'Name', wide: true, cell: a => h('a.strong', { href: pageOf(a), title: uriOf(a) }, a.name) },
      { label: 'Points to', wide: true, cell: a => link(a) ?? `a ${noun} that is gone` },
      { label: 'Last moved', size: 'medium', cell: a => timeAgo(a.mtime) },
      ...(editable ? [{ label: 'Change', size: 'changes', cell: changes }] : []),
    ],
    empty: () =>
      emptyState('No alias yet', about, editable && button('Create an alias', () => point(null), { kind: 'primary' })),
  });
  return Object.assign(list, { create: target => point(null, target) });

  function changes(alias) {
    return [
      button('Move', () => point(alias), { kind: 'quiet', 'aria-label': `Move ${alias.name}` }),
      button('Delete', () => remove(alias), { kind: 'quiet', 'aria-label': `Delete ${alias.name}` }),
    ];
  }

  async function point(alias, preset = null) {
    const target = await targetField(preset);
    const done = await openDialog(alias ? `Move ${alias.name}` : 'Create an alias', close =>
      form(
        [
          alias
            ? h(
                'p',
                'It points to ',
                h('strong', nameOf(alias) ?? `a ${noun} that is gone`),
                ` now. Programs that read it by this name will read the new ${noun}. The history keeps both.`,
              )
            : field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', hint: nameHint }),
          target,
        ],
        {
          submit: alias ? 'Move' : 'Create',
          cancel: () => close(),
          onsubmit: async values => {
            const asked = await body(alias?.name ?? values.name.trim(), target);
            close(await needing('aliases_edit', api.post(path, asked, { repeat: true, signal })));
          },
        },
      ),
    );
    if (!done) return;
    toast(`${done.name} points to ${nameOf(done)} now.`);
    list.reload();
  }

  async function remove(alias) {
    if (
      !(await confirm(
        `Delete ${alias.name}?`,
        `The ${noun} stays, and so does the history of the alias. Programs that read ${uriOf(alias)} will fail.`,
        'Delete',
        { danger: true },
      ))
    )
      return;
    await needing('aliases_edit', api.delete(`${path}${alias.id}/`, { signal }));
    toast(`${alias.name} is deleted.`);
    list.reload();
  }
}
