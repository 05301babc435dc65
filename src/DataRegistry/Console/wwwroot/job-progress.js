// A job while it runs and after: how far it is, how fast, how long still; its failures, and what can be done.

import { api, pause } from './api.js';
import { h, replace } from './dom.js';
import { count, dateTime, duration } from './format.js';
import { messageOf } from './problems.js';
import { stateBadge, stateWord } from './states.js';
import { badge, button, progressBar } from './ui.js';
import { inConsoleWords } from './words.js';

const FIRST_POLL = 700;
const LONGEST_POLL = 5000;

const NAMES = [
  ['created', stateWord('created')],
  ['existing', stateWord('existing')],
  ['failed', stateWord('failed')],
  ['skipped', stateWord('skipped')],
  ['pending', 'Remaining'],
  ['replaced', 'Of these, adopted anew', true],
  ['changed', stateWord('changed'), true],
];

export function hasEnded(job) {
  return ['completed', 'cancelled', 'failed'].includes(job.status);
}

export function jobBadge(job) {
  if (job.status === 'completed' && job.counts?.failed > 0) return badge('Completed, some failed', 'warn');
  return stateBadge(job.waiting && !hasEnded(job) ? 'waiting' : job.status);
}

/** A prefix that was not adopted to its end is adopted again as a whole. Of a list, the failed URLs are. */
export function adoptAgain(job) {
  if (job.prefix !== null && job.status !== 'completed') return 'Run it again';
  return job.counts.failed > 0 ? 'Try what failed again' : null;
}

/**
 * Follows a job until it ends or the page is left. `onprogress` gets the job whenever it was looked at, `onend` at
 * its end, `onretry` the job that tries again;
 * `names` are the counts that are shown, [[key, label, only where there are some], …]; `again` is what trying an ended job again is
 * called, or null where there is nothing to try;
 * `columns` are those of its results as CSV; without `changeable` it is only looked at, and without `downloadable` not even its results.
 */
export function jobProgress(
  job,
  {
    signal,
    path = '/api/v0/adoptions/',
    onprogress = () => {},
    onend = () => {},
    onretry = () => {},
    names = NAMES,
    again = adoptAgain,
    changeable = true,
    downloadable = true,
    columns = undefined,
  },
) {
  const at = `${path}${job.id}/`;
  const bar = progressBar('How far the job is');
  const state = h('span');
  const counts = h('dl.counts');
  const actions = h('div.actions');
  const waits = h('div');
  const wrong = h('div', { role: 'alert' });
  const said = h('p.visually-hidden', { role: 'status' });
  const element = h('div.job', h('div.job-head', state), bar, counts, waits, wrong, actions, said);
  show();
  if (!hasEnded(job))
    follow().catch(error => {
      if (error?.name !== 'AbortError') replace(wrong, h('p.notice.bad', messageOf(error)));
    });
  return element;

  async function follow() {
    for (let delay = FIRST_POLL; !hasEnded(job); delay = Math.min(delay * 1.3, LONGEST_POLL)) {
      await pause(delay, signal);
      job = await api.get(at, { signal });
      show();
      onprogress(job);
    }
    onend(job);
  }

  function show() {
    const total = totalOf(job);
    const done = total === null ? (job.counts.total ?? sum(job.counts)) : total - (job.counts.pending ?? 0);
    replace(state, jobBadge(job));
    element.classList.toggle('failed', job.status === 'failed');
    bar.set(done, hasEnded(job) && total === null ? done : total, words(done, total));
    replace(
      counts,
      names
        .filter(
          ([key, , some]) =>
            job.counts[key] !== undefined &&
            !(some && !job.counts[key]) &&
            !(key === 'pending' && hasEnded(job) && !job.counts.pending),
        )
        .map(([key, label]) => h('div', { class: key }, h('dt', label), h('dd', count(job.counts[key])))),
    );
    replace(
      waits,
      job.waiting && !hasEnded(job)
        ? h(
            'div.notice.warn',
            h('p', h('strong', 'Waiting: '), job.waiting.for, h('span.hint', ` Since ${dateTime(job.waiting.since)}.`)),
          )
        : null,
    );
    if (job.error)
      replace(
        wrong,
        h('div.notice.bad', h('p', job.status === 'failed' && h('strong', 'The job failed: '), inConsoleWords(job.error))),
      );
    const word = stateWord(job.status);
    if (said.textContent !== word) said.textContent = word;
    const key = `${hasEnded(job)} ${job.status} ${job.counts.created > 0} ${job.counts.failed > 0} ${job.counts.skipped > 0}`;
    if (actions.dataset.key !== key) {
      actions.dataset.key = key;
      replace(actions, buttons());
    }
  }

  function words(done, total) {
    const far = total === null ? `${count(done)} so far` : `${count(done)} of ${count(total)}`;
    if (hasEnded(job)) return [far, job.finished && `ended ${dateTime(job.finished)}`].filter(Boolean).join(' · ');
    const left = job.eta ? (Date.parse(job.eta) - Date.now()) / 1000 : null;
    return [far, job.rate && `${count(Math.round(job.rate))} a second`, left !== null && `${duration(left)} left`]
      .filter(Boolean)
      .join(' · ');
  }

  function buttons() {
    const tryAgain = changeable && hasEnded(job) && again(job);
    return [
      changeable && !hasEnded(job) && job.status !== 'cancelling' && button('Cancel the job', cancel),
      ...(downloadable ? downloads() : []),
      tryAgain && button(tryAgain, retry),
    ];
  }

  function downloads() {
    const { created, failed, skipped } = job.counts;
    return [
      created > 0 && hasEnded(job) && button('Download adopted (CSV)', () => download('created', 'csv', ['url', 'id'])),
      failed > 0 && button('Download failed (CSV)', () => download('failed', 'csv')),
      failed > 0 && button('Download failed (NDJSON)', () => download('failed', 'ndjson')),
      skipped > 0 && hasEnded(job) && button('Download skipped (CSV)', () => download('skipped', 'csv', columns)),
    ];
  }

  async function cancel() {
    job = await api.post(`${at}cancel/`, undefined, { repeat: true });
    show();
  }

  async function retry() {
    onretry(await api.post(`${at}retry/`));
  }

  async function download(outcome, format, columns) {
    const response = await api.request('GET', `${at}results/`, {
      query: { outcome },
      headers: { accept: 'application/x-ndjson' },
      signal,
    });
    save(format === 'csv' ? await asCsv(response, columns) : await response.blob(), `${outcome}-${job.id}.${format}`);
  }
}

/** How much there is to do; null while nobody knows. A rescan's total is what it has counted so far. */
export function totalOf(job) {
  return job.kind === 'rescan' && !hasEnded(job) ? null : job.counts.total;
}

function sum(counts) {
  return ['created', 'existing', 'failed', 'skipped'].reduce((all, key) => all + (counts[key] ?? 0), 0);
}

/** RFC 4180, with a leading quote against formulas where a cell would begin one in a spreadsheet. */
async function asCsv(response, columns = ['url', 'outcome', 'code', 'message']) {
  const quoted = value => {
    const text = String(value ?? '');
    return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  const parts = [`${columns.join(',')}\r\n`];
  for (const line of (await response.text()).split('\n')) {
    if (line === '') continue;
    const row = JSON.parse(line);
    parts.push(columns.map(column => quoted(row[column])).join(','), '\r\n');
  }
  return new Blob(parts, { type: 'text/csv' });
}

/** Gives the browser a file to keep. */
export function save(blob, name) {
  const link = h('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
