// A selection on a page: the first matches while it is made, and then all of them with what can be done.

import { api } from '../api.js';
import { picking } from '../browse/picking.js';
import { h, replace } from '../dom.js';
import { bytes, count, plural } from '../format.js';
import { rowKeys } from '../keys.js';
import { endlessList } from '../list.js';
import { href } from '../router.js';
import { stateBadge } from '../states.js';
import { button, emptyState, notice, problem, spinner, table } from '../ui.js';
import { actionButtons } from './actions.js';
import { pathOf, stop, watch } from './freeze.js';

/** Of what is found while more is looked for. */
const FIRST_MATCHES = 20;

const PAGE = 500;

/**
 * `storeOf` names a store; `words` say what the selection takes; `onjob` gets a job that was started; `nothing` is
 * said of an empty one; `aside` stands beside it. Nothing can be done with one that `isPurged`.
 */
export function selectionView(context, first, { storeOf, words, onjob, nothing, aside, isPurged = false }) {
  const { project, signal } = context;
  const state = h('div.stack');
  const found = h('div');
  const picks = picking(context, { onchange: onjob });
  const columns = itemColumns(project, storeOf);
  let shown = 0;
  follow().catch(error => {
    if (error?.name !== 'AbortError') replace(state, problem(error));
  });
  return h('div.stack', aside ? h('div.columns.uneven', state, aside) : state, found, picks.bar);

  async function follow() {
    showEnded(
      await watch(first, signal, running => {
        replace(
          state,
          ...(running.status === 'cancelling'
            ? [spinner('Stopping…')]
            : [
                spinner(`${plural(running.count, 'datum')} found so far. Looked at ${count(running.looked)}…`),
                h(
                  'div.actions',
                  button('Stop', () => stop(running)),
                ),
              ]),
        );
        if (running.count > shown) showFirst(running);
      }),
    );
  }

  /** Those that are found by now. They are read again as more are found, until there is a screen of them. */
  async function showFirst(running) {
    if (shown >= FIRST_MATCHES) return;
    shown = running.count;
    const page = await api.get(`${pathOf(running)}items/`, { query: { limit: FIRST_MATCHES }, signal }).catch(() => null);
    if (page && !signal.aborted && page.results.length > 0) replace(found, table('First matches', columns, page.results));
  }

  function showEnded(selection) {
    if (selection.status === 'failed') {
      replace(state, notice('bad', h('p', selection.error ?? 'The search failed. Search again.')));
      return;
    }
    if (selection.status === 'cancelled') {
      replace(
        state,
        notice(
          'warn',
          h(
            'p',
            `It was stopped. ${plural(selection.count, 'datum')} had been found by then. Search again to act on all that match.`,
          ),
        ),
      );
    } else if (selection.count === 0) {
      replace(state, emptyState('Nothing found', nothing ?? 'No datum of this project is like that.'));
      return;
    } else {
      replace(
        state,
        h(
          'div.card.stack',
          h('p.summary', { role: 'status' }, `${plural(selection.count, 'datum')}, ${bytes(selection.bytes)}`),
          isPurged
            ? h(
                'p',
                stateBadge('purged'),
                ' Nothing more can be done with these datums. Their files are still in the bucket, and can be adopted again.',
              )
            : actionButtons(context, () => ({ selection, words }), { ondone: onjob }),
        ),
      );
    }
    const list = endlessList({
      caption: 'What it holds',
      noun: ['datum', 'datums'],
      signal,
      columns: isPurged ? columns : itemColumns(project, storeOf, item => picks.box(pickOf(item))),
      load: async (next, abort) =>
        inOrder(await api.get(next ?? `${pathOf(selection)}items/`, { query: next ? null : { limit: PAGE }, signal: abort })),
      empty: () => emptyState('Nothing was found', 'It was stopped before the first match.'),
    });
    picks.of(list, pickOf);
    rowKeys(list);
    replace(found, list);
  }
}

/** The service keeps a selection in 16 parts, each in the order of its keys: what fits on a page is put in order. */
function inOrder(page) {
  if (page.next === null && page.results.length === page.count) page.results.sort((a, b) => (a.uri < b.uri ? -1 : 1));
  return page;
}

function itemColumns(project, storeOf, box = () => null) {
  return [
    { label: 'Name', wide: true, cell: item => [box(item), nameCell(item, project)] },
    { label: 'Size', numeric: true, cell: item => bytes(item.size) },
    { label: 'Store', size: 'medium', extra: true, cell: item => storeOf(item.store) ?? '–' },
  ];
}

function nameOf({ key }) {
  return key.slice(key.lastIndexOf('/') + 1) || key;
}

function pickOf(item) {
  return { id: item.id, size: item.size, name: nameOf(item) };
}

function nameCell({ id, key, uri }, project) {
  const name = nameOf({ key });
  return [
    h('a.strong', { href: href('datum', { project: project.id, id }), title: uri }, name),
    ' ',
    h('span.hint', uri.slice(0, uri.length - name.length)),
  ];
}
