import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { dateTime, duration, timeAgo } from '../format.js';
import { jobBadge } from '../job-progress.js';
import { jobPage } from '../job-words.js';
import { endlessList } from '../list.js';
import { naming } from '../problems.js';
import { href, navigate } from '../router.js';
import { filterOf, queryOf, wordsOf } from '../selection/filter.js';
import { pathOf } from '../selection/freeze.js';
import { actionJob, titleOf } from '../selection/job.js';
import { selectionView } from '../selection/view.js';
import { card, copyButton, emptyState, facts, idCode, linkButton, notice, pageHeader, section, table } from '../ui.js';

/** So many jobs of a selection are listed. */
const MOST_JOBS = 20;

/** A selection: what it takes, what it holds, what can be done with it, and the job that does it. */
export async function render(context) {
  const { params, project, query, signal, setTitle } = context;
  const selection = await api.get(pathOf(params.selection), { signal }).catch(error => {
    if (error.status !== 410) throw error;
    return null;
  });
  if (selection === null) return gone(project);
  // An address without the project, or with another one, leads to the one with it.
  if (project?.id !== selection.project.id) {
    navigate(href('selection', { project: selection.project.id, selection: selection.id }, Object.fromEntries(query)), {
      replace: true,
    });
    throw new DOMException('Elsewhere', 'AbortError');
  }
  const stores = new Map((await api.all('/api/v0/stores/', {}, signal)).map(s => [s.id, s.name]));
  const storeOf = id => stores.get(id);
  const words = wordsOf(selection.filter, storeOf);
  const wanted = query.get('job');
  const job =
    wanted && (await api.get(`${pathOf(selection)}jobs/${encodeURIComponent(wanted)}/`, { signal }).catch(naming('Job')));
  const ofIt = { project: project.id, selection: selection.id, limit: MOST_JOBS };
  const done = (await api.get('/api/v0/selection-jobs/', { query: ofIt, signal })).results.filter(j => j.id !== job?.id);
  const isPurged = [job, ...done].some(purgesAll);
  const jobs = href('jobs', { project: project.id }, { kind: 'actions' });
  const search = { ...queryOf(selection.filter), job: null };
  const again = filterOf(new URLSearchParams(Object.entries(search).filter(([, value]) => value !== null)));
  const about = job && card(factsOf(job));
  const notDone = h('div', job && skipped(job));
  const holds = h('div', held(isPurged));
  if (job) setTitle(titleOf(job));
  return h(
    'div',
    pageHeader(job ? titleOf(job) : 'Selection', {
      back: { label: job ? 'Jobs' : 'Data', href: job ? jobs : href('data', { project: project.id }) },
      lead: job
        ? `Datums ${words}.`
        : `Datums ${words}. The selection holds those that there were when it was made, and no later ones.`,
      actions: [
        copyButton(() => location.href, 'Copy the link'),
        again && linkButton('Change the search', href('search', { project: project.id }, search)),
      ].filter(Boolean),
    }),
    job && h('div.columns.uneven', card(actionJob(context, `${pathOf(selection)}jobs/`, job, onend)), about),
    notDone,
    section(job ? 'The selection' : 'What it holds', holds),
    done.length > 0 && section(job ? 'Other jobs of this selection' : 'What was done with it', jobTable(done)),
  );

  function purgesAll(one) {
    return one?.kind === 'purge' && one.status === 'completed' && one.counts.done >= selection.count;
  }

  /** Only what has changed is shown anew: what is typed, and ticked, meanwhile is kept. */
  function onend(ended) {
    replace(about, factsOf(ended));
    replace(notDone, skipped(ended));
    if (purgesAll(ended) && !isPurged) replace(holds, held(true));
  }

  function held(purged) {
    return selectionView(context, selection, {
      storeOf,
      words: `Datums ${words}`,
      onjob,
      isPurged: purged,
      aside: card(
        facts([
          ['Created', timeAgo(selection.ctime)],
          ['Created by', selection.created_by],
          ['Kept until', dateTime(selection.expires)],
          ['ID', idCode(selection.id)],
        ]),
      ),
    });
  }

  function factsOf({ created_by, ctime, started, finished, id }) {
    return facts([
      ['Started by', created_by],
      ['Created', dateTime(ctime)],
      ['Took', started && finished ? duration((Date.parse(finished) - Date.parse(started)) / 1000) : null],
      ['ID', idCode(id)],
    ]);
  }

  function jobTable(others) {
    return table(
      'Jobs of this selection',
      [
        { label: 'Job', wide: true, cell: j => h('a.strong', { href: jobPage('actions', j, project) }, titleOf(j)) },
        { label: 'Status', cell: j => jobBadge(j) },
        { label: 'Started by', cell: j => j.created_by },
        { label: 'When', cell: j => timeAgo(j.ctime) },
      ],
      others,
    );
  }

  /** Of a few picked datums there is a selection of its own. */
  function onjob(begun, its) {
    navigate(href('selection', { project: project.id, selection: its.id }, { job: begun.id }));
  }

  /** The datums that a job skipped, one by one, as long as they are kept. */
  function skipped({ id, counts }) {
    if (!counts.skipped) return null;
    return endlessList({
      caption: 'Skipped',
      noun: ['datum was skipped', 'datums were skipped'],
      signal,
      load: (next, abort) =>
        api.get(next ?? `${pathOf(selection)}jobs/${id}/results/`, { query: next ? null : { limit: 200 }, signal: abort }),
      columns: [
        {
          label: 'URL',
          wide: true,
          cell: r => h('a', { href: href('datum', { project: project.id, id: r.id }), title: r.uri }, r.uri),
        },
        { label: 'Why', wide: true, cell: r => h('span', { title: r.message }, r.message) },
      ],
      empty: () => null,
    });
  }
}

function gone(project) {
  return h(
    'div',
    pageHeader('Selection', project && { back: { label: 'Data', href: href('data', { project: project.id }) } }),
    emptyState(
      'This selection is not kept any more',
      'A selection is kept for some days, with what was found and exported. Search again to make it anew.',
      project && linkButton('Search', href('search', { project: project.id }), { kind: 'primary' }),
    ),
    notice('plain', h('p', 'Finished actions on it stay in effect.')),
  );
}
