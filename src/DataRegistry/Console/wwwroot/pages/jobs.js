import { api } from '../api.js';
import { h } from '../dom.js';
import { count, timeAgo } from '../format.js';
import { field } from '../forms.js';
import { hasEnded, jobBadge, jobProgress } from '../job-progress.js';
import { JOB_KINDS, STATUSES } from '../job-words.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { hasRoute, href } from '../router.js';
import { card, emptyState, linkButton, linkTabs, pageHeader, section } from '../ui.js';

/** A running job is followed live; so many of them. */
const MOST_LIVE = 5;

/** A project's jobs of a kind, the newest first; those under way are followed. */
export async function render(context) {
  const { project, query, signal, setQuery } = context;
  const kind = query.get('kind') in JOB_KINDS ? query.get('kind') : 'adoptions';
  const { path, many } = JOB_KINDS[kind];
  const stores = new Map((await api.all('/api/v0/stores/', {}, signal)).map(s => [s.id, s.name]));
  let status = STATUSES.includes(query.get('status')) ? query.get('status') : '';

  const list = endlessList({
    caption: many, noun: ['job', 'jobs'], signal,
    load: (next, abort) => api.get(next ?? path, { query: next ? null : { project: project.id, status, limit: 100 }, signal: abort }),
    columns: [
      { label: 'Job', wide: true, cell: job => h('a.strong', { href: address(job) }, nameOf(job)) },
      { label: 'Status', size: 'large', cell: job => jobBadge(job) },
      { label: 'Done', numeric: true, cell: job => done(job) },
      { label: 'Failed', numeric: true, cell: job => count(job.counts.failed ?? 0) },
      { label: 'Started by', size: 'medium', cell: job => h('span', { title: job.created_by }, job.created_by) },
      { label: 'Accepted', size: 'medium', cell: job => timeAgo(job.ctime) },
    ],
    empty: () => status ? emptyState('No such job', `No job of this project is ${status} now.`)
      : emptyState('No job yet', 'Over a hundred URLs, a prefix or a manifest are adopted by a job; so are rescans. Fewer URLs are adopted at once.',
        hasRoute('adopt') && may(context.me, project, 'data_adopt') && linkButton('Adopt objects', href('adopt', { project: project.id }))),
  });
  const choice = field({
    label: 'Status', name: 'status', type: 'select', value: status, options: [{ value: '', label: 'Any' }, ...STATUSES.map(s => ({ value: s, label: s }))],
    onchange: () => { status = choice.value; setQuery({ status }); list.reload(); },
  });
  const running = await followed();
  const all = [h('div.filters.one', choice), h('div.tall', list)];
  const live = running.length > 0 && h('div.stack', running.map(job =>
    card(h('h2', h('a', { href: address(job) }, nameOf(job))), jobProgress(job, { signal, path, onend: () => list.reload(), onretry: () => list.reload() }))));
  return h('div',
    pageHeader('Jobs'),
    Object.keys(JOB_KINDS).length > 1 && linkTabs('Kind of job', Object.entries(JOB_KINDS).map(([name, { many: label }]) => ({ label, href: href('jobs', { project: project.id }, { kind: name }), current: name === kind }))),
    live,
    running.length > 0 ? section('All', all) : all);

  async function followed() {
    const pages = await Promise.all(['running', 'accepted', 'cancelling'].map(s => api.get(path, { query: { project: project.id, status: s, limit: MOST_LIVE }, signal })));
    return pages.flatMap(page => page.results).slice(0, MOST_LIVE);
  }

  function address(job) {
    return href('job', { project: project.id, kind, job: job.id });
  }

  function nameOf(job) {
    return `${JOB_KINDS[kind].one} from ${stores.get(job.store) ?? 'a store that is gone'}`;
  }
}

function done(job) {
  const { total, pending } = job.counts;
  if (total === null) return hasEnded(job) ? '–' : '…';
  return pending ? `${count(total - pending)} of ${count(total)}` : count(total);
}
