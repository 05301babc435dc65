// The kinds of jobs, and the words of their pages.

import { h } from './dom.js';
import { bytes, count, plural } from './format.js';
import { adoptAgain, hasEnded, jobProgress, totalOf } from './job-progress.js';
import { hasWildcards } from './patterns.js';
import { may } from './permissions.js';
import { href } from './router.js';
import { wordsOf } from './selection/filter.js';
import { actionJob, titleOf } from './selection/job.js';
import { stateWord } from './states.js';
import { inConsoleWords } from './words.js';

export const STATUSES = ['accepted', 'running', 'cancelling', 'completed', 'cancelled', 'failed'];

/** Jobs with a page of their own, by the part of its address. `permission` is what starting and ending one takes. */
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
    empty: [
      'No job yet',
      'A folder, a list in the bucket, or more than a hundred URLs are adopted by a job. Fewer URLs are adopted at once.',
    ],
    nothing: ['Nothing to list', 'Only files that failed or were skipped are listed here.'],
    note: job =>
      isSelective(job)
        ? 'Files that your patterns leave out are in no count. Skipped are only markers of folders, which are no files.'
        : null,
  },
  rescans: {
    path: '/api/v0/rescans/',
    many: 'Rescans',
    nameOf: store => `Rescan of ${store}`,
    permission: 'stores_manage',
    again: job => (job.status !== 'completed' || job.counts.failed > 0 ? 'Rescan again' : null),
    asked: () => 'All that was adopted from the store',
    names: [
      ...['unchanged', 'changed', 'missing', 'returned', 'new'].map(key => [key, stateWord(key)]),
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
    reason: 'Details',
    empty: [
      'No rescan yet',
      'A rescan compares a bucket with what was adopted from it. Start one on a store’s page, or let the store’s schedule do it.',
    ],
    nothing: ['No differences', 'All files that were checked are as they were adopted.'],
  },
};

/** The selections of a project and what was done with them, as its jobs' page lists them. Their pages are those of selections. */
const SELECTION_KINDS = {
  actions: {
    path: '/api/v0/selection-jobs/',
    many: 'Tags, exports, purges',
    columns: [
      { label: 'Done', numeric: true, cell: job => `${count(job.counts.done)} of ${count(job.counts.total)}` },
      { label: 'Skipped', numeric: true, cell: job => count(job.counts.skipped) },
    ],
    titleOf,
    pageOf: (job, project) => href('selection', { project: project.id, selection: job.selection }, { job: job.id }),
    live: (context, job, onend) => actionJob(context, `/api/v0/selections/${job.selection}/jobs/`, job, onend),
    empty: [
      'Nothing was done with many datums yet',
      'Pick datums, or search for them. Then you can tag, export or purge them: each is a job.',
    ],
  },
  selections: {
    path: '/api/v0/selections/',
    many: 'Selections',
    columns: [
      { label: 'Datums', numeric: true, cell: selection => count(selection.count) },
      { label: 'Size', numeric: true, cell: selection => bytes(selection.bytes) },
    ],
    titleOf: (selection, stores) => `Datums ${wordsOf(selection.filter, id => stores.get(id))}`,
    pageOf: (selection, project) => href('selection', { project: project.id, selection: selection.id }),
    empty: ['No selection yet', 'A search makes one, and so does every action on many datums. It is kept for seven days.'],
  },
};

/** Everything that the jobs' page lists. */
export const LISTED = { ...JOB_KINDS, ...SELECTION_KINDS };

/** `stores` are the names of those that the caller sees, by their ids. */
export function jobTitle(kind, job, stores) {
  const { titleOf: title, nameOf } = LISTED[kind];
  return title ? title(job, stores) : nameOf(stores.get(job.store) ?? 'a store that is gone');
}

export function jobPage(kind, job, project) {
  return LISTED[kind].pageOf?.(job, project) ?? href('job', { project: project.id, kind, job: job.id });
}

/** A running job, followed. `onend` is called at its end, and when a new job tries it again. */
export function liveJob(kind, context, job, onend) {
  const { live, path, names, again, permission } = LISTED[kind];
  if (live) return live(context, job, onend);
  const changeable = may(context.me, context.project, permission);
  return jobProgress(job, { signal: context.signal, path, names, again, changeable, onend, onretry: onend });
}

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

/** Whether patterns choose among the files of a folder. Of a list, the files that they leave out are skipped, and listed. */
function isSelective({ prefix, exclude }) {
  return prefix !== null && (exclude?.length > 0 || hasWildcards(prefix));
}

/** A rescan's finding about one object: before, after, and the datums. */
function whatChanged(found, project) {
  const datum = (id, words) => id && h('a', { href: href('datum', { project: project.id, id }) }, words);
  return [
    found.message ?? sizesOf(found),
    found.datum && [' · ', datum(found.datum, 'its datum')],
    found.adopted && [' · ', datum(found.adopted, 'the new datum')],
  ];
}

function sizesOf({ was, is }) {
  if (was && is)
    return was.size === is.size ? `${bytes(is.size)}, as before` : `${bytes(was.size)} before, ${bytes(is.size)} now`;
  if (is) return `Not known before, ${bytes(is.size)}`;
  return was ? `${bytes(was.size)} before, not in the bucket now` : '';
}
