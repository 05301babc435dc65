// A store's rescans: what the last one found, starting one now, and when they are done by themselves.

import { api } from './api.js';
import { h } from './dom.js';
import { count, duration, timeAgo } from './format.js';
import { field, form } from './forms.js';
import { jobBadge } from './job-progress.js';
import { JOB_KINDS } from './job-words.js';
import { href, navigate } from './router.js';
import { button, confirm, section, toast } from './ui.js';

/** The result of the last scan. Nothing if the service has no rescans. */
export function lastRescan(store, { project, manages, signal }) {
  if (!store.rescan) return null;
  const last = store.last_rescan;
  return h('div.card', section('Last rescan',
    last
      ? h('div.job',
        h('p', jobBadge(last), ' ', timeAgo(last.finished ?? last.started), last.seconds !== null && ` · took ${duration(last.seconds)}`, ' · ', h('a', { href: address(last.id) }, 'See the report')),
        last.error && h('p.notice.bad', last.error),
        h('dl.counts', JOB_KINDS.rescans.names.map(([key, label]) => h('div', h('dt', label), h('dd', count(last.counts[key]))))))
      : h('p.hint', 'It was never compared with its bucket. A rescan finds what has changed, is missing or is new since it was adopted.'),
    manages && h('div.actions',
      button('Rescan now', () => start({})),
      // The service says so in the error of a scan that found nothing at all.
      last?.error?.includes('force=true') && button('The bucket was emptied', startForced, { kind: 'danger' }))));

  async function start(query) {
    const job = await api.post(`/api/v0/stores/${store.id}/rescan/`, undefined, { query, signal });
    toast(`${store.name} is compared with its bucket.`);
    navigate(address(job.id));
  }

  async function startForced() {
    if (await confirm('Was the bucket emptied on purpose?', `All datums of ${store.name} are marked as missing then.`, 'Scan it all the same', { danger: true })) await start({ force: true });
  }

  function address(job) {
    return href('job', { project: project.id, kind: 'rescans', job });
  }
}

/** When it is scanned by itself, and what becomes of what is found. */
export function rescanPolicy(store, change) {
  if (!store.rescan) return null;
  const { schedule, adopt_changed, adopt_new, include, exclude } = store.rescan;
  const patterns = (label, name, value, hint) => field({ label, name, type: 'textarea', rows: 2, mono: true, required: false, value: (value ?? []).join('\n'), hint });
  return h('div.card', section('Rescans', form([
    field({ label: 'Schedule', name: 'schedule', required: false, value: schedule ?? '', autocomplete: 'off', hint: 'off, an interval such as 24h or 7d, or a cron expression in UTC. Empty: as the service does by default.' }),
    field({ label: 'Adopt what has changed, as a new version', name: 'adopt_changed', type: 'checkbox', value: adopt_changed }),
    field({ label: 'Adopt what is new', name: 'adopt_new', type: 'checkbox', value: adopt_new, disabled: store.project === null, hint: store.project ? null : 'Only a store that belongs to a project can.' }),
    patterns('Only these keys', 'include', include, 'One pattern a line, such as datasets/**/*.parquet.'),
    patterns('But not these', 'exclude', exclude),
  ], {
    submit: 'Save the rescans', kind: '',
    onsubmit: values => change({ rescan: { ...values, schedule: values.schedule.trim() || null, include: lines(values.include), exclude: lines(values.exclude) } }, 'The rescans are saved.'),
  })));
}

function lines(text) {
  return text.split('\n').map(line => line.trim()).filter(line => line !== '');
}
