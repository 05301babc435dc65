// The kinds of jobs, and the words of their pages.

import { h } from './dom.js';
import { bytes, count, plural } from './format.js';
import { adoptAgain, hasEnded, totalOf } from './job-progress.js';
import { href } from './router.js';
import { stateWord } from './states.js';
import { inConsoleWords } from './words.js';

export const STATUSES = ['accepted', 'running', 'cancelling', 'completed', 'cancelled', 'failed'];

/** By the part of the address that names them. `permission` is what starting and ending one takes. */
export const JOB_KINDS = {
  adoptions: {
    path: '/api/v0/adoptions/',
    many: 'Adoptions',
    nameOf: store => `Adoption from ${store}`,
    permission: 'data_adopt',
    again: adoptAgain,
    asked: askedFor,
    columns: [
      { label: 'Done', numeric: true, cell: doneOf },
      { label: 'Failed', numeric: true, cell: job => count(job.counts.failed) },
    ],
    found: counts => counts.failed + counts.skipped,
    results: 'Failed and skipped',
    outcomes: ['failed', 'skipped'],
    why: result => inConsoleWords(result.message),
    nothing: ['Nothing failed, nothing was skipped', 'Only what failed or was skipped is listed here.'],
  },
  rescans: {
    path: '/api/v0/rescans/',
    many: 'Rescans',
    nameOf: store => `Rescan of ${store}`,
    permission: 'stores_manage',
    again: job => (job.status !== 'completed' || job.counts.failed > 0 ? 'Rescan again' : null),
    asked: () => 'All that was adopted from the store',
    names: [
      ['unchanged', stateWord('none')],
      ...['changed', 'missing', 'returned', 'new'].map(key => [key, stateWord(key)]),
      ['adopted', stateWord('created')],
      ...['failed', 'skipped'].map(key => [key, stateWord(key)]),
    ],
    found: counts => ['changed', 'missing', 'returned', 'new', 'failed', 'skipped'].reduce((all, key) => all + counts[key], 0),
    columns: [
      { label: 'Checked', numeric: true, cell: job => count(job.counts.total) },
      { label: 'Changed', numeric: true, cell: job => count(job.counts.changed) },
      { label: 'Missing', numeric: true, cell: job => count(job.counts.missing) },
    ],
    results: 'Differences',
    outcomes: ['changed', 'missing', 'returned', 'new', 'failed', 'skipped'],
    why: whatChanged,
    nothing: ['No differences', 'All files that were checked are as they were adopted.'],
  },
};

function doneOf(job) {
  const total = totalOf(job);
  if (total === null) return hasEnded(job) ? '–' : '…';
  return job.counts.pending ? `${count(total - job.counts.pending)} of ${count(total)}` : count(total);
}

/** An adoption's request, in a line: a prefix, a list in the bucket, or URLs; and with which options. */
function askedFor(job) {
  const what =
    job.prefix ??
    (job.manifest ? `The list ${job.manifest}` : job.urls === null || job.urls === undefined ? 'URLs' : plural(job.urls, 'URL'));
  return [
    what,
    job.exclude?.length > 0 && `excluding ${job.exclude.join(', ')}`,
    job.tags?.length > 0 && `tagged ${job.tags.join(', ')}`,
    job.adopt_changed && 'changed files as new datums',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** A rescan's finding about one object: before, after, and the datums. */
function whatChanged(found, project) {
  const datum = (id, words) => id && h('a', { href: href('datum', { project: project.id, id }) }, words);
  const sizes = [found.was, found.is].map(state => (state ? bytes(state.size) : 'nothing')).join(' → ');
  return [
    found.message ?? sizes,
    found.datum && [' · ', datum(found.datum, 'its datum')],
    found.adopted && [' · ', datum(found.adopted, 'the new version')],
  ];
}
