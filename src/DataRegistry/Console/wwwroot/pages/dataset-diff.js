import { api } from '../api.js';
import { fileDatum, versionEntries } from '../dataset/words.js';
import { h } from '../dom.js';
import { field } from '../forms.js';
import { endlessList } from '../list.js';
import { naming } from '../problems.js';
import { href } from '../router.js';
import { badge, emptyState, pageHeader } from '../ui.js';

const KINDS = { added: ['Added', 'ok'], removed: ['Removed', 'bad'], changed: ['Changed', 'warn'] };

/** The differences between two versions: added, removed or changed. The address names both. */
export async function render({ params, project, query, signal, setTitle, setQuery }) {
  // One after the other: a version that is not there is named, not its dataset.
  const version = await api
    .get(`/api/v0/dataset-versions/${encodeURIComponent(params.version)}/`, { query: { exclude: 'files' }, signal })
    .catch(naming('Dataset version'));
  const others = await versionEntries(params.dataset, signal);
  const title = `Changes in ${version.name}`;
  setTitle(title);
  const choices = others.filter(v => v.id !== version.id);
  let from = query.get('from') ?? version.previous_version ?? choices[0]?.id ?? '';
  if (from && !choices.some(v => v.id === from)) choices.push({ id: from, text: 'A version that is not listed' });
  const header = pageHeader(title, {
    back: {
      label: version.name,
      href: href('datasetVersion', { project: project.id, dataset: params.dataset, version: version.id }),
    },
    lead: 'A file has changed if its path stands for another datum in the newer version.',
  });
  if (!from) return h('div', header, emptyState('Nothing to compare with', 'The dataset has no other completed version.'));

  const list = endlessList({
    caption: 'Changes',
    noun: ['change', 'changes'],
    signal,
    lookedAt: page => Math.max(page.results.length, 1),
    load: (next, abort) =>
      api.get(next ?? `/api/v0/dataset-versions/${encodeURIComponent(from)}/diff/`, {
        query: next ? null : { to: version.id, limit: 200 },
        signal: abort,
      }),
    columns: [
      { label: 'Path', wide: true, cell: c => h('span.strong', { title: c.path }, c.path) },
      { label: 'Change', size: 'medium', cell: c => badge(...(KINDS[c.change] ?? [c.change])) },
      { label: 'Before', wide: true, has: c => c.from, cell: c => fileDatum(project, c.from) },
      { label: 'After', wide: true, has: c => c.to, cell: c => fileDatum(project, c.to) },
    ],
    empty: () => emptyState('No difference', 'Both versions have the same datums at the same paths.'),
  });
  const choice = field({
    label: 'Compared with',
    name: 'from',
    type: 'select',
    value: from,
    options: choices.map(v => ({ value: v.id, label: v.text })),
    onchange: () => {
      from = choice.value;
      setQuery({ from });
      list.reload();
    },
  });
  return h('div', header, h('div.filters.one', choice), h('div.tall', list));
}
