import { adminPage, loadUnits, mayAt } from '../admin/frame.js';
import { searchableList } from '../admin/search.js';
import { api } from '../api.js';
import { h } from '../dom.js';
import { field, form } from '../forms.js';
import { needing } from '../rights.js';
import { href, navigate } from '../router.js';
import { button, emptyState, idCode, openDialog, toast } from '../ui.js';

/** Projects that one sees; those who manage a department create some in it. */
export async function render({ me, query, signal, setQuery }) {
  const { department } = await loadUnits(signal);
  const open = [...department.values()].filter(d => mayAt(me, 'department', d, 'projects_manage'));
  const list = searchableList({
    label: 'Search',
    textOf: p => [p.name, p.description, p.owner.username, p.id],
    query,
    setQuery,
    caption: 'Projects',
    noun: ['project', 'projects'],
    signal,
    load: (next, abort) => api.get(next ?? '/api/v0/projects/', { query: next ? null : { limit: 200 }, signal: abort }),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: p =>
          h('a.strong', { href: href('adminUnit', { kind: 'projects', unit: p.id }), title: p.description || p.name }, p.name),
      },
      { label: 'Department', size: 'large', cell: p => h('span', { title: p.owner.username }, p.owner.username) },
      { label: 'ID', size: 'large', cell: p => idCode(p.id) },
      {
        label: 'Go to',
        size: 'changes',
        cell: p => h('a', { href: href('data', { project: p.id }), 'aria-label': `Data of ${p.name}` }, 'Data'),
      },
    ],
    empty: () =>
      emptyState(
        'No project yet',
        'You see the projects in which you have a role.',
        open.length > 0 && button('Create a project', create, { kind: 'primary' }),
      ),
  });
  return adminPage(me, 'adminProjects', {
    lead: 'A project holds datums, stores and datasets; roles decide who works in it.',
    actions: open.length > 0 ? [button('Create a project', create, { kind: 'primary' })] : [],
    content: () => list,
  });

  async function create() {
    const made = await openDialog('Create a project', close =>
      form(
        [
          field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', maxlength: 100 }),
          field({ label: 'Description', name: 'description', required: false, autocomplete: 'off', maxlength: 1000 }),
          field({
            label: 'Department',
            name: 'department',
            type: 'select',
            options: open.map(d => ({ value: d.id, label: d.name })),
            hint: 'It stays there.',
          }),
        ],
        {
          submit: 'Create',
          cancel: () => close(),
          onsubmit: async values =>
            close(
              await needing(
                'projects_manage',
                api.post(
                  '/api/v0/projects/',
                  { ...values, name: values.name.trim(), description: values.description.trim() },
                  { signal },
                ),
              ),
            ),
        },
      ),
    );
    if (!made) return;
    toast(`${made.name} is created.`);
    navigate(href('adminUnit', { kind: 'projects', unit: made.id }));
  }
}
