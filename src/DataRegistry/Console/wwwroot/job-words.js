// The kinds of jobs, and the words of their pages.

import { h } from './dom.js';
import { bytes, count } from './format.js';
import { hasEnded, totalOf } from './job-progress.js';
import { href } from './router.js';

export const STATUSES = ['accepted', 'running', 'cancelling', 'completed', 'cancelled', 'failed'];

/** By the part of the address that names them. `permission` is what starting and ending one takes. */
export const JOB_KINDS = {
  adoptions: {
    path: '/api/v0/adoptions/', many: 'Adoptions', nameOf: store => `Adoption from ${store}`, permission: 'data_adopt', again: 'Try what failed again',
    columns: [
      { label: 'Done', numeric: true, cell: doneOf },
      { label: 'Failed', numeric: true, cell: job => count(job.counts.failed) },
    ],
    results: 'Failed and skipped', outcomes: ['failed', 'skipped'], why: result => result.message,
    nothing: ['Nothing failed, nothing was skipped', 'What was adopted, or existed, is only counted.'],
  },
  rescans: {
    path: '/api/v0/rescans/', many: 'Rescans', nameOf: store => `Rescan of ${store}`, permission: 'stores_manage', again: 'Scan again',
    names: [['unchanged', 'Unchanged'], ['changed', 'Changed'], ['missing', 'Missing'], ['returned', 'Returned'], ['new', 'New'], ['adopted', 'Adopted'], ['failed', 'Failed'], ['skipped', 'Skipped']],
    columns: [
      { label: 'Looked at', numeric: true, cell: job => count(job.counts.total) },
      { label: 'Changed', numeric: true, cell: job => count(job.counts.changed) },
      { label: 'Missing', numeric: true, cell: job => count(job.counts.missing) },
    ],
    results: 'What is not as it was adopted', outcomes: ['changed', 'missing', 'returned', 'new', 'failed', 'skipped'], why: whatChanged,
    nothing: ['Nothing has changed', 'All that was looked at is as it was adopted.'],
  },
};

function doneOf(job) {
  const total = totalOf(job);
  if (total === null) return hasEnded(job) ? '–' : '…';
  return job.counts.pending ? `${count(total - job.counts.pending)} of ${count(total)}` : count(total);
}

/** A rescan's finding about one object: before, after, and the datums. */
function whatChanged(found, project) {
  const datum = (id, words) => id && h('a', { href: href('datum', { project: project.id, id }) }, words);
  const sizes = [found.was, found.is].map(state => state ? bytes(state.size) : 'nothing').join(' → ');
  return [found.message ?? sizes, found.datum && [' · ', datum(found.datum, 'its datum')], found.adopted && [' · ', datum(found.adopted, 'adopted anew')]];
}
