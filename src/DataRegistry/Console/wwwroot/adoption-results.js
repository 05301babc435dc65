// The outcome of URLs, or the expected one.

import { h } from './dom.js';
import { count, plural } from './format.js';
import { save } from './job-progress.js';
import { href } from './router.js';
import { badge, button, notice, section, table } from './ui.js';

const OUTCOMES = { created: ['adopted', 'ok'], existing: ['exists', 'plain'], failed: ['failed', 'bad'], skipped: ['left out', 'plain'] };
const FORESEEN = { ...OUTCOMES, created: ['would be adopted', 'ok'], failed: ['would fail', 'bad'], skipped: ['would be left out', 'plain'] };

/** The contract's table: URL, Result. In the order in which they were given, each once. */
export function adoptionResult(answer, given, project) {
  const rows = [
    ...Object.entries(answer.created).map(([url, id]) => ({ url, id, outcome: 'created' })),
    ...Object.entries(answer.existing ?? {}).map(([url, id]) => ({ url, id, outcome: 'existing', changed: answer.changed?.includes(url) })),
    ...(answer.errors ?? []).map(({ url, message, code }) => ({ url, message, code, outcome: 'failed' })),
  ];
  if (given) {
    const order = new Map(given.map((url, index) => [url, index]));
    rows.sort((a, b) => (order.get(a.url) ?? Infinity) - (order.get(b.url) ?? Infinity));
  }
  const failed = rows.filter(row => row.outcome === 'failed');
  const counts = rows.reduce((all, row) => ({ ...all, [row.outcome]: (all[row.outcome] ?? 0) + 1 }), {});
  return section('Result',
    summary(counts, { created: 'adopted', existing: 'existed already', failed: 'failed' }),
    table('What became of each URL', [
      { label: 'URL', wide: true, cell: row => h('span.mono', row.url) },
      { label: 'Result', cell: row => result(row, project) },
    ], rows),
    failed.length > 0 && h('div.actions', button('Failed as text', () => save(new Blob([failed.map(f => `${f.url}\n`).join('')], { type: 'text/plain' }), 'failed.txt'))));
}

function result({ outcome, id, message, changed }, project) {
  const link = text => h('a', { href: href('datum', { project: project.id, id }) }, text);
  if (outcome === 'created') return [badge('adopted', 'ok'), ' ', link('Show the datum')];
  if (outcome === 'failed') return [badge('failed', 'bad'), ' ', message];
  return [badge('exists', 'plain'), changed && [' ', badge('changed', 'warn')], ' ', id ? link('Show the datum') : 'It was adopted by a project that you may not see.'];
}

/** The expected outcome of an adoption, by counts and examples. */
export function previewResult(preview) {
  if (preview === null) return null;
  const { counts, sample, complete } = preview;
  return section('Preview',
    !complete && notice('warn', h('p', `Only the first ${count(counts.total)} objects were looked at; there are more.`)),
    summary(counts, { created: 'would be adopted', existing: 'exist already', failed: 'would fail', skipped: 'would be left out' }),
    counts.total === 0 && h('p', 'Nothing is there that this would adopt. Look at the prefix and its wildcards.'),
    counts.total > 0 && h('div.scroll', { tabindex: '0', role: 'region', 'aria-label': 'Examples' }, table('Examples of what would become of the files', [
      { label: 'URL', wide: true, cell: row => h('span.mono', row.url) },
      { label: 'Result', cell: row => [badge(...(FORESEEN[row.outcome] ?? [row.outcome])), ' ', row.outcome === 'created' || row.outcome === 'existing' ? null : row.message] },
    ], sample)),
    sample.length < counts.total && h('p.hint', `Shown: ${plural(sample.length, 'example')} of ${count(counts.total)}. Nothing was adopted.`));
}

function summary(counts, names) {
  const parts = Object.entries(names).filter(([key]) => counts[key] > 0).map(([key, words]) => `${count(counts[key])} ${words}`);
  return parts.length > 0 && h('p.summary', { role: 'status' }, `${parts.join(', ')}.`);
}
