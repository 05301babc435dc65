import { api } from '../api.js';
import { h } from '../dom.js';
import { dateTime, duration, plural } from '../format.js';
import { field } from '../forms.js';
import { hasEnded, jobProgress } from '../job-progress.js';
import { JOB_KINDS } from '../job-words.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { act } from '../selection/actions.js';
import { badge, button, card, emptyState, facts, idCode, pageHeader, section, toast } from '../ui.js';

const KINDS = { failed: 'bad', missing: 'bad', changed: 'warn', new: 'busy', returned: 'ok' };

/** One job: how far it is, and what failed or was skipped, one by one. */
export async function render(context) {
  const { params, project, signal, setTitle, refresh } = context;
  const kind = JOB_KINDS[params.kind] ?? JOB_KINDS.adoptions;
  const at = `${kind.path}${encodeURIComponent(params.job)}/`;
  const job = await api.get(at, { signal });
  const store = await api.get(`/api/v0/stores/${job.store}/`, { signal }).catch(error => {
    if (error.status !== 404) throw error;
    return null;
  });
  const title = kind.nameOf(store?.name ?? 'a store that is gone');
  setTitle(title);
  let outcome = '';
  const results = endlessList({
    caption: 'Results', noun: ['result', 'results'], signal,
    load: (next, abort) => api.get(next ?? `${at}results/`, { query: next ? null : { outcome, limit: 200 }, signal: abort }),
    columns: [
      { label: 'URL', wide: true, cell: r => h('code', { title: r.url }, r.url) },
      { label: 'Result', size: 'medium', cell: r => badge(r.outcome, KINDS[r.outcome] ?? 'plain') },
      { label: 'Why', wide: true, cell: r => h('span', { title: r.message }, kind.why(r, project)) },
    ],
    empty: () => hasEnded(job) ? emptyState(...kind.nothing) : emptyState('Nothing so far', kind.nothing[1]),
  });
  const choice = field({
    label: 'Show', name: 'outcome', type: 'select', value: '', options: [{ value: '', label: 'All' }, ...kind.outcomes.map(o => ({ value: o, label: o }))],
    onchange: () => { outcome = choice.value; results.reload(); },
  });
  return h('div',
    pageHeader(title, { back: { label: 'Jobs', href: href('jobs', { project: project.id }, params.kind === 'adoptions' ? {} : { kind: params.kind }) } }),
    h('div.columns.uneven',
      card(jobProgress(job, { signal, path: kind.path, names: kind.names, again: kind.again, changeable: may(context.me, project, kind.permission), onend: refresh, onretry })),
      card(facts([
        ['Store', store ? h('a', { href: href('store', { project: project.id, store: store.id }) }, store.name) : 'is gone'],
        ['Asked for', askedFor(job)],
        ['Started by', job.created_by],
        ['Accepted', dateTime(job.ctime)],
        ['Started', dateTime(job.started)],
        ['Ended', dateTime(job.finished)],
        ['Took', job.started && job.finished ? duration((Date.parse(job.finished) - Date.parse(job.started)) / 1000) : null],
        ['Id', idCode(job.id)],
      ]))),
    undo(),
    section(kind.results, h('div.filters.one', choice), results));

  /** For an adoption that has created something. A selection of the job has all of it, and is purged once somebody has seen how many. */
  function undo() {
    if (params.kind !== 'adoptions' || !hasEnded(job) || !job.counts.created) return null;
    const allowed = may(context.me, project, 'data_manage');
    return section('Undo', h('p', 'Purges the datums that this job created, and no others. First it counts them and shows some. The objects in the bucket stay, '
      + 'and can be adopted again.'),
    allowed ? h('p', button('Undo this adoption…', purge, { kind: 'danger' }))
      : h('p.hint', 'It takes a role that manages the project’s data, such as research_manager.'));
  }

  async function purge() {
    const done = await act(context, 'purge', {
      filter: { job: job.id }, words: 'Created by this job', title: 'Undo this adoption',
      none: 'All that this job created is purged already.',
    });
    if (done) navigate(href('selection', { project: project.id, selection: done.selection.id }, { job: done.job.id }));
  }

  function onretry(again) {
    toast('It is tried again by a new job.');
    navigate(href('job', { project: project.id, kind: params.kind, job: again.id }));
  }
}

/** An adoption's request: a prefix, a manifest, or a list, and its exclusions; nothing for a rescan. */
function askedFor(job) {
  const what = job.prefix ? h('code', job.prefix) : job.manifest ? ['The list ', h('code', job.manifest)] : job.urls ? `A list of ${plural(job.urls, 'URL')}` : null;
  return what && [what, job.exclude?.length > 0 && [' without ', job.exclude.map((pattern, i) => [i > 0 && ', ', h('code', pattern)])], job.adopt_changed && ', and changed objects anew'];
}
