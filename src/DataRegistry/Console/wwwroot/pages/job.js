import { ApiProblem, api } from '../api.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { dateTime, duration } from '../format.js';
import { field } from '../forms.js';
import { hasEnded, jobProgress } from '../job-progress.js';
import { JOB_KINDS } from '../job-words.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { reportRefusal } from '../rights.js';
import { href, navigate } from '../router.js';
import { act } from '../selection/actions.js';
import { stateBadge, stateWord } from '../states.js';
import { button, card, emptyState, facts, idCode, notice, pageHeader, section, tail, toast } from '../ui.js';

/** Results are read again while a job runs, as long as they are few: who reads further down is not interrupted. */
const FEW = 200;

/** One job: how far it is, and what failed or was skipped, one by one. */
export async function render(context) {
  const { params, project, query, signal, setTitle, setQuery, refresh } = context;
  const kind = JOB_KINDS[params.kind];
  if (!kind) throw new ApiProblem('There is no such kind of job.', { status: 404 });
  const at = `${kind.path}${encodeURIComponent(params.job)}/`;
  const job = await findJob(at, context);
  const store = await api.get(`/api/v0/stores/${job.store}/`, { signal }).catch(error => {
    if (error.status !== 404) throw error;
    return null;
  });
  const refusal = params.kind === 'rescans' ? reportRefusal(store, context) : null;
  const title = kind.nameOf(store?.name ?? 'a store that is gone');
  setTitle(title);
  let outcome = kind.outcomes.find(o => o === query.get('outcome')) ?? '';
  let latest = job;
  const results = endlessList({
    caption: 'Results',
    noun: ['result', 'results'],
    signal,
    load: (next, abort) => api.get(next ?? `${at}results/`, { query: next ? null : { outcome, limit: 200 }, signal: abort }),
    columns: [
      { label: 'URL', wide: true, size: 'most', cell: r => tail(r.url, 'code') },
      { label: 'Result', size: 'medium', cell: r => stateBadge(r.outcome) },
      { label: kind.reason ?? 'Why', wide: true, cell: r => h('span', { title: r.message }, kind.why(r, project)) },
    ],
    empty: () =>
      kind.found(latest.counts) > 0
        ? outcome
          ? emptyState('None of these', 'Choose “All” to see the others.')
          : emptyState('Counted, and not listed yet', 'They are listed here when this part of the job is done.')
        : hasEnded(latest)
          ? emptyState(...kind.nothing)
          : emptyState('Nothing so far', kind.nothing[1]),
  });
  const choice = field({
    label: 'Show',
    name: 'outcome',
    type: 'select',
    value: outcome,
    options: [{ value: '', label: 'All' }, ...kind.outcomes.map(o => ({ value: o, label: stateWord(o) }))],
    onchange: () => {
      outcome = choice.value;
      setQuery({ outcome });
      results.reload();
    },
  });
  const note = kind.note?.(job);
  return h(
    'div',
    pageHeader(title, {
      back: {
        label: 'Jobs',
        href: href('jobs', { project: project.id }, params.kind === 'adoptions' ? {} : { kind: params.kind }),
      },
    }),
    h(
      'div.columns.uneven',
      card(
        jobProgress(job, {
          signal,
          path: kind.path,
          names: kind.names,
          again: kind.again,
          changeable: may(context.me, project, kind.permission),
          downloadable: !refusal,
          onprogress,
          onend: refresh,
          onretry,
        }),
        note && h('p.hint', note),
      ),
      card(
        facts([
          [
            'Store',
            store
              ? h('a', { href: href('store', { project: project.id, store: store.id }) }, store.name)
              : 'A store that is gone',
          ],
          ['Asked for', kind.asked(job)],
          ['Started by', job.created_by],
          ['Created', dateTime(job.ctime)],
          ['Started', dateTime(job.started)],
          ['Ended', dateTime(job.finished)],
          ['Took', job.started && job.finished ? duration((Date.parse(job.finished) - Date.parse(job.started)) / 1000) : null],
          ['ID', idCode(job.id)],
        ]),
      ),
    ),
    undo(),
    section(kind.results, refusal ? notice('warn', h('p', refusal)) : [h('div.filters.one', choice), results]),
  );

  /** For an adoption that has created something. A selection of the job has all of it, and is purged once somebody has seen how many. */
  function undo() {
    if (params.kind !== 'adoptions' || !hasEnded(job) || !job.counts.created) return null;
    const allowed = may(context.me, project, 'data_manage');
    return section(
      'Undo',
      h(
        'p',
        'Purges the datums that this job created, and no others. First it counts them and shows some. The files in the bucket stay, ' +
          'and can be adopted again.',
      ),
      allowed
        ? h('p', button('Undo this adoption…', purge, { kind: 'danger' }))
        : h('p.hint', `To undo, you need a role that manages the project’s data, such as ${EXAMPLES.roles.data_manage}.`),
    );
  }

  async function purge() {
    const done = await act(context, 'purge', {
      filter: { job: job.id },
      words: 'Created by this job',
      title: 'Undo this adoption',
      none: 'All that this job created is purged already.',
    });
    if (done) navigate(href('selection', { project: project.id, selection: done.selection.id }, { job: done.job.id }));
  }

  /** Shows the findings so far, up to a page. */
  function onprogress(now) {
    const before = kind.found(latest.counts);
    latest = now;
    if (refusal) return;
    if (kind.found(now.counts) !== before && before < FEW) results.reload();
  }

  function onretry(again) {
    toast('A new job tries it again.');
    navigate(href('job', { project: project.id, kind: params.kind, job: again.id }));
  }
}

/** A datum knows its job and not the job's kind: a scan adopts, too. An id may belong to the other kind. */
async function findJob(at, { params, project, signal }) {
  try {
    return await api.get(at, { signal });
  } catch (error) {
    if (error.status !== 404 || params.kind !== 'adoptions') throw error;
    const scan = await api.get(`${JOB_KINDS.rescans.path}${encodeURIComponent(params.job)}/`, { signal });
    navigate(href('job', { project: project.id, kind: 'rescans', job: scan.id }), { replace: true });
    throw new DOMException('Elsewhere', 'AbortError');
  }
}
