import { api } from '../api.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { field } from '../forms.js';
import { jobBadge } from '../job-progress.js';
import { LISTED, STATUSES, jobPage, jobTitle, liveJob } from '../job-words.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { hasRoute, href } from '../router.js';
import { stateWord } from '../states.js';
import { card, emptyState, linkButton, linkTabs, pageHeader, section } from '../ui.js';

/** A running job is followed live; so many of them. */
const MOST_LIVE = 5;

/** The service merges the rescans of so many stores in one list. */
const MOST_STORES = 100;

/** A project's jobs of a kind, the newest first; running ones are followed. */
export async function render(context) {
  const { project, query, signal, setQuery } = context;
  const visible = await api.all('/api/v0/stores/', {}, signal);
  const stores = new Map(visible.map(s => [s.id, s.name]));
  // A service whose stores tell nothing of rescans has none.
  const kinds = Object.keys(LISTED).filter(k => k !== 'rescans' || visible.some(s => 'rescan' in s));
  const kind = kinds.includes(query.get('kind')) ? query.get('kind') : 'adoptions';
  const { path, many, columns, empty } = LISTED[kind];
  // All rescans ask for the same, and a selection's name tells what it takes.
  const asked = kind === 'adoptions' ? LISTED[kind].asked : null;
  // Rescans are of all stores that one sees, as long as those are few enough to be asked for at once.
  const wanted = { project: kind !== 'rescans' || stores.size > MOST_STORES ? project.id : null };
  let status = STATUSES.includes(query.get('status')) ? query.get('status') : '';

  const list = endlessList({
    caption: many,
    noun: kind === 'selections' ? ['selection', 'selections'] : ['job', 'jobs'],
    signal,
    load: (next, abort) => api.get(next ?? path, { query: next ? null : { ...wanted, status, limit: 100 }, signal: abort }),
    columns: [
      {
        label: kind === 'selections' ? 'Selection' : 'Job',
        ...(asked === null ? { wide: true } : { size: 'job' }),
        cell: job => h('a.strong', { href: jobPage(kind, job, project), title: nameOf(job) }, nameOf(job)),
      },
      ...(asked === null ? [] : [{ label: 'Asked for', wide: true, cell: job => h('span', { title: asked(job) }, asked(job)) }]),
      { label: 'Status', size: 'status', cell: job => h('span', { title: job.error ?? job.waiting?.for }, jobBadge(job)) },
      ...columns,
      { label: 'Started by', size: 'medium', cell: job => h('span', { title: job.created_by }, job.created_by) },
      { label: 'Created', size: 'medium', cell: job => timeAgo(job.ctime) },
    ],
    empty: () =>
      status
        ? emptyState('Nothing with this status', `Nothing here has the status “${stateWord(status)}”.`)
        : emptyState(
            ...empty,
            kind === 'adoptions' &&
              hasRoute('adopt') &&
              may(context.me, project, 'data_adopt') &&
              linkButton('Adopt files', href('adopt', { project: project.id })),
          ),
  });
  const choice = field({
    label: 'Status',
    name: 'status',
    type: 'select',
    value: status,
    options: [{ value: '', label: 'Any' }, ...STATUSES.map(s => ({ value: s, label: stateWord(s) }))],
    onchange: () => {
      status = choice.value;
      setQuery({ status });
      list.reload();
    },
  });
  const running = kind === 'selections' ? [] : await followed();
  const all = [h('div.filters.one', choice), h('div.tall', list)];
  const live =
    running.length > 0 &&
    h(
      'div.stack',
      running.map(job =>
        card(
          h('h2', h('a', { href: jobPage(kind, job, project) }, nameOf(job))),
          asked && h('p.hint', asked(job)),
          liveJob(kind, context, job, () => list.reload()),
        ),
      ),
    );
  return h(
    'div',
    pageHeader('Jobs'),
    linkTabs(
      'Kind of job',
      kinds.map(k => ({
        label: LISTED[k].many,
        href: href('jobs', { project: project.id }, k === 'adoptions' ? {} : { kind: k }),
        current: k === kind,
      })),
    ),
    live,
    running.length > 0 ? section('All jobs', all) : all,
  );

  async function followed() {
    const pages = await Promise.all(
      ['running', 'accepted', 'cancelling'].map(s =>
        api.get(path, { query: { ...wanted, status: s, limit: MOST_LIVE }, signal }),
      ),
    );
    return pages.flatMap(page => page.results).slice(0, MOST_LIVE);
  }

  function nameOf(job) {
    return jobTitle(kind, job, stores);
  }
}
