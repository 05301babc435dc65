import { api } from '../api.js';
import { versionAliases } from '../dataset/aliases.js';
import { newVersionForm } from '../dataset/new-version.js';
import { versionBadge, versionEntries, versionLink } from '../dataset/words.js';
import { h } from '../dom.js';
import { bytes, count, timeAgo } from '../format.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { needing } from '../rights.js';
import { href, navigate } from '../router.js';
import { button, confirm, copyButton, emptyState, facts, idCode, openDialog, pageHeader, tabs, toast } from '../ui.js';

/** One dataset: its versions, and the names that can move between them. */
export async function render(context) {
  const { params, project, me, signal, setTitle } = context;
  const at = `/api/v0/datasets/${encodeURIComponent(params.dataset)}/`;
  const dataset = await api.get(at, { signal });
  setTitle(dataset.name);
  const edits = may(me, project, 'data_edit');
  const latest = `dataset://${dataset.name}/latest`;
  return h(
    'div',
    pageHeader(dataset.name, {
      back: { label: 'Datasets', href: href('datasets', { project: project.id }) },
      actions: edits
        ? [button('Create a version', create, { kind: 'primary' }), button('Delete the dataset', remove, { kind: 'danger' })]
        : [],
    }),
    h(
      'div.card',
      facts([
        [
          'Latest version',
          dataset.latest_version &&
            h(
              'span',
              versionLink(project, dataset.latest_version, dataset.id),
              ' ',
              h('span.id', h('code', latest), copyButton(latest, 'Copy', 'the address')),
            ),
        ],
        ['Root', dataset.root && h('code', dataset.root)],
        ['Created', timeAgo(dataset.ctime)],
        ['ID', idCode(dataset.id)],
      ]),
    ),
    h(
      'div.section',
      tabs('Dataset', [
        { id: 'versions', label: 'Versions', panel: versions },
        { id: 'aliases', label: 'Aliases', panel: aliases },
      ]),
    ),
  );

  /** Oldest first, as they came. */
  function versions() {
    return endlessList({
      caption: 'Versions',
      noun: ['version', 'versions'],
      signal,
      load: (next, abort) =>
        api.get(next ?? '/api/v0/dataset-versions/', { query: next ? null : { dataset: dataset.id, limit: 200 }, signal: abort }),
      columns: [
        { label: 'Version', wide: true, cell: v => versionLink(project, v, dataset.id) },
        { label: 'Status', size: 'medium', cell: v => versionBadge(v) },
        { label: 'Files', numeric: true, cell: v => (v.status === 'completed' ? count(v.count) : '…') },
        { label: 'Size', numeric: true, cell: v => (v.status === 'completed' ? bytes(v.bytes) : '…') },
        { label: 'Created', size: 'medium', cell: v => timeAgo(v.ctime) },
      ],
      empty: () =>
        emptyState(
          'No version yet',
          'A version is a list of datums that never changes.',
          edits && button('Create a version', create, { kind: 'primary' }),
        ),
    });
  }

  function aliases() {
    const list = versionAliases({ dataset, project, me, signal });
    const creates = may(me, project, 'aliases_edit') && dataset.latest_version;
    return h(
      'div.stack',
      creates &&
        h(
          'div.actions',
          button('Create an alias', () => list.create()),
        ),
      h('div.tall', list),
    );
  }

  async function create() {
    const known = await versionEntries(dataset.id, signal);
    const made = await openDialog(`Create a version of ${dataset.name}`, close =>
      newVersionForm({ dataset: dataset.id, versions: known, signal, done: close, cancel: () => close() }),
    );
    if (!made) return;
    toast(`${made.uri} is created.`);
    navigate(href('datasetVersion', { project: project.id, dataset: dataset.id, version: made.id }));
  }

  async function remove() {
    if (
      !(await confirm(
        `Delete ${dataset.name}?`,
        'All of its versions are deleted, for good. Programs that read them fail from then on. The datums stay.',
        'Delete',
        { danger: true },
      ))
    )
      return;
    await needing('data_edit', api.delete(at, { repeat: true, signal }));
    toast(`${dataset.name} is deleted.`);
    navigate(href('datasets', { project: project.id }));
  }
}
