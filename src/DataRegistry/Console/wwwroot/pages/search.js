import { api } from '../api.js';
import { dataTabs } from '../data-tabs.js';
import { h, replace } from '../dom.js';
import { searchKey } from '../keys.js';
import { href, navigate } from '../router.js';
import { filterForm } from '../selection/filter-form.js';
import { filterOf, queryOf, wordsOf } from '../selection/filter.js';
import { freeze, pathOf } from '../selection/freeze.js';
import { selectionView } from '../selection/view.js';
import { button, notice, pageHeader, problem, spinner } from '../ui.js';

/** Finds datums by name, tag, size, date and state, among however many. The address keeps what is looked for, and what was found. */
export async function render(context) {
  const { project, query, signal, setQuery } = context;
  const stores = (await api.all('/api/v0/stores/', {}, signal)).filter(s => !s.deleted);
  const names = new Map(stores.map(s => [s.id, s.name]));
  const storeOf = id => names.get(id);
  const found = h('div.results', { 'aria-live': 'polite' });
  let run = new AbortController();
  let wanted = filterOf(query);
  const form = filterForm(wanted ?? {}, stores, { onsubmit: search });
  const element = h('div', pageHeader('Data'), dataTabs(project, 'search'), h('div.card', form), found);
  searchKey(form.querySelector('[type="search"]'), { rows: [] }, signal);
  const known = query.get('selection');
  if (known) tell(showing(inside => api.get(pathOf(known), { signal: inside.signal })));
  else if (wanted) tell(search(wanted));
  return element;

  /** The answer comes when the service has looked for some seconds; a larger search goes on, and the view follows it. */
  async function search(filter) {
    wanted = filter;
    setQuery({ ...queryOf(filter), selection: null });
    await showing(inside => freeze(inside, filter));
  }

  async function showing(begin) {
    run.abort();
    const mine = (run = new AbortController());
    const inside = { ...context, signal: AbortSignal.any([signal, mine.signal]) };
    replace(
      found,
      spinner('Looking…'),
      h(
        'div.actions',
        button('Stop', () => {
          mine.abort();
          replace(found, notice('plain', h('p', 'Stopped.')));
        }),
      ),
    );
    try {
      const selection = await begin(inside);
      setQuery({ selection: selection.id });
      const own = href('selection', { project: project.id, selection: selection.id });
      const words = wordsOf(selection.filter, storeOf);
      replace(
        found,
        h('p.hint', `Datums ${words}. `, h('a', { href: own }, 'A page for what was found')),
        selectionView(inside, selection, { storeOf, words: `Datums ${words}`, onjob, nothing: nothingOf(selection.filter) }),
      );
    } catch (error) {
      if (error?.name === 'AbortError') return;
      replace(found);
      throw error;
    }
  }

  /** Shows an error outside of the form, which shows its own errors. */
  function tell(promise) {
    promise.catch(error =>
      replace(
        found,
        error.status === 404 || error.status === 410
          ? notice('warn', h('p', 'These results have expired. Search again.'))
          : problem(error, { retry: () => tell(wanted ? search(wanted) : Promise.resolve()) }),
      ),
    );
  }

  function onjob(job, selection) {
    navigate(href('selection', { project: project.id, selection: selection.id }, { job: job.id }));
  }
}

function nothingOf(filter) {
  return filter.name_contains
    ? 'No name contains this text. Upper and lower case differ. To search folders, too, choose “A pattern of the whole key”.'
    : filter.glob
      ? 'No key matches. A pattern must match the whole key: **/*.jpg matches in all folders.'
      : 'No datum matches all of these filters.';
}
