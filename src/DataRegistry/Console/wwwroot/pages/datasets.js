import { api } from '../api.js';
import { newDatasetForm } from '../dataset/new-dataset.js';
import { versionLink } from '../dataset/words.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { badge, button, emptyState, openDialog, pageHeader, toast } from '../ui.js';

/** The datasets of a project, by name. */
export async function render({ project, me, signal }) {
  const edits = may(me, project, 'data_edit');
  const list = endlessList({
    caption: 'Datasets',
    noun: ['dataset', 'datasets'],
    signal,
    load: (next, abort) =>
      api.get(next ?? '/api/v0/datasets/', { query: next ? null : { project: project.id, limit: 200 }, signal: abort }),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: d => h('a.strong', { href: href('dataset', { project: project.id, dataset: d.id }), title: d.name }, d.name),
      },
      {
        label: 'Latest version',
        wide: true,
        cell: d => (d.latest_version ? versionLink(project, d.latest_version, d.id) : badge('None yet')),
      },
      { label: 'Root', wide: true, extra: true, has: d => d.root, cell: d => (d.root ? h('code', { title: d.root }, d.root) : '') },
      { label: 'Created', size: 'medium', cell: d => timeAgo(d.ctime) },
    ],
    empty: () =>
      emptyState(
        'No dataset yet',
        'A dataset is a named list of datums in versions. The list of a version never changes. Its files stay readable while the bucket ' +
          'keeps them: turn on bucket versioning to repeat a training run.',
        edits && button('Create a dataset', create, { kind: 'primary' }),
      ),
  });
  return h(
    'div',
    pageHeader('Datasets', {
      lead: 'Named, versioned lists of datums.',
      actions: edits ? [button('Create a dataset', create, { kind: 'primary' })] : [],
    }),
    h('div.tall', list),
  );

  async function create() {
    const made = await openDialog('Create a dataset', close =>
      newDatasetForm({ project, signal, done: close, cancel: () => close() }),
    );
    if (!made) return;
    toast(`${made.name} is created.`);
    navigate(href('dataset', { project: project.id, dataset: made.id }));
  }
}
