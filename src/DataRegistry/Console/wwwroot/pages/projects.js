import { api } from '../api.js';
import { h } from '../dom.js';
import { endlessList } from '../list.js';
import { maySomewhere } from '../permissions.js';
import { href } from '../router.js';
import { session } from '../session.js';
import { emptyState, idCode, linkButton, pageHeader } from '../ui.js';

/** The projects that one may see, to go to one. */
export async function render({ me, signal }) {
  const manages = maySomewhere(me, 'projects_manage');
  const list = endlessList({
    caption: 'Projects',
    noun: ['project', 'projects'],
    signal,
    load: (next, abort) => api.get(next ?? '/api/v0/projects/', { query: next ? null : { limit: 100 }, signal: abort }),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: p => [
          h('a.strong', { href: href('data', { project: p.id }) }, p.name),
          p.id === session.lastProject && h('span.hint', ' last looked at'),
        ],
      },
      { label: 'ID', size: 'large', cell: p => idCode(p.id) },
    ],
    empty: () =>
      emptyState(
        'No project yet',
        'You see the projects in which you have a role. Ask an administrator for one, or for a project to be made.',
      ),
  });
  return h(
    'div',
    pageHeader('Projects', {
      lead: 'Choose where to go on.',
      actions: manages ? [linkButton('Manage projects', href('adminProjects'))] : [],
    }),
    list,
  );
}
