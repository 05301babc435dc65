// Lists without an end: the next page is asked for as one scrolls, and only rows in view are in the document.

import { h, replace } from './dom.js';
import { count, plural } from './format.js';
import { messageOf } from './problems.js';
import { button, tableHead, tableRow } from './ui.js';

/** Rows above and below the visible ones that are there already, so that scrolling shows no gaps. */
const OVERSCAN = 12;

/** How far below the window the end of the list may be when the next page is asked for, in pixels. */
const AHEAD = '1200px';

/**
 * `load(next, signal)` answers a page of the API; with `next` null the first. Pages may be short or empty and still
 * have a next one: it goes on
 * by itself, says how many were looked at (`lookedAt(page)`, where results are not all) and can be stopped.
 * `.reload()` starts again, and ends running requests. `.rows` are those that are loaded, `.focusRow(index)` brings one into view and
 * puts the focus on its link. `wordsOf(rows)` says how many there are, where `noun` does not. All rows are equally high: on a wide screen
 * style.css says how high, on a phone they are as high as the highest that was drawn.
 * Without rows the error of a first page shows above the list, a later one at its end.
 */
export function endlessList({
  caption,
  columns,
  load,
  noun = ['row', 'rows'],
  empty,
  signal,
  lookedAt = page => page.results.length,
  onLoaded = () => {},
  wordsOf = null,
}) {
  const state = { rows: [], next: null, total: null, looked: 0, run: null, ended: false, stopped: false };
  let shown = columnsOf([]);
  const view = windowedRows(shown);
  const status = h('p.list-status', { role: 'status' });
  const wrong = h('div');
  const foot = h('div.list-foot');
  const box = h(
    'div.table-box',
    h(
      'table.table.endless',
      { role: 'table', 'aria-rowcount': '-1' },
      h('caption.visually-hidden', caption),
      tableHead(shown),
      view.body,
    ),
  );
  const none = h('div', { hidden: true });
  const sentinel = h('div.sentinel');
  const element = h('div.list', status, wrong, box, none, foot, sentinel);

  const near = new IntersectionObserver(
    entries => {
      if (entries.at(-1).isIntersecting) more();
    },
    { rootMargin: AHEAD },
  );
  near.observe(sentinel);
  signal.addEventListener('abort', () => {
    near.disconnect();
    state.run?.abort();
    view.stop();
  });

  element.reload = () => {
    state.run?.abort();
    Object.assign(state, { rows: [], next: null, total: null, looked: 0, run: null, ended: false, stopped: false });
    box.classList.add('stale');
    replace(wrong);
    status.textContent = 'Loading…';
    more();
  };
  Object.defineProperty(element, 'rows', { get: () => state.rows });
  element.focusRow = index => view.focus(index);
  return element;

  async function more() {
    if (state.run || state.ended || state.stopped || signal.aborted) return;
    const run = new AbortController();
    state.run = run;
    const before = state.rows.length;
    try {
      do {
        tellProgress();
        const page = await load(state.next, AbortSignal.any([signal, run.signal]));
        if (state.run !== run) return;
        take(page);
      } while (!state.ended && !state.stopped && state.rows.length === before);
      settle(run);
      lookAgain();
    } catch (error) {
      if (state.run !== run) return;
      settle(run);
      if (error?.name !== 'AbortError') fail(error);
    }
  }

  function take(page) {
    if (state.looked === 0) view.clear();
    state.looked += lookedAt(page);
    if (state.next === null) state.total = page.count;
    for (const row of page.results) state.rows.push(row);
    state.next = page.next;
    state.ended = !page.next;
    box.classList.remove('stale');
    onLoaded(page);
    show();
  }

  function settle(run) {
    if (state.run === run) state.run = null;
    replace(
      foot,
      state.stopped &&
        !state.ended &&
        button('Go on looking', () => {
          state.stopped = false;
          more();
        }),
    );
    show();
  }

  /** The observer speaks only of changes: it is asked anew while the end of the list is still near. */
  function lookAgain() {
    near.unobserve(sentinel);
    if (!state.ended && !state.stopped) near.observe(sentinel);
  }

  function tellProgress() {
    if (state.looked === 0) replace(foot, h('p.spinner', 'Loading…'));
    else
      replace(
        foot,
        h('p.spinner', `Looked at ${count(state.looked)} so far…`),
        button('Stop', () => {
          state.stopped = true;
          state.run?.abort();
          state.run = null;
          settle(null);
        }),
      );
  }

  /** Of a first page it is said above, in place of the rows that were there; of a later one where those go on. */
  function fail(error) {
    box.classList.remove('stale');
    status.textContent = '';
    const first = state.looked === 0;
    if (first) view.clear();
    box.hidden = first;
    none.hidden = true;
    const place = first ? wrong : foot;
    replace(foot);
    replace(
      place,
      h(
        'div.notice.bad',
        { role: 'alert' },
        h('p', messageOf(error)),
        button('Try again', () => {
          replace(place);
          more();
        }),
      ),
    );
    if (first) wrong.scrollIntoView({ block: 'nearest' });
  }

  function show() {
    const bare = state.rows.length === 0 && (state.ended || state.stopped);
    box.hidden = bare;
    none.hidden = !bare;
    if (bare && state.ended) replace(none, typeof empty === 'function' ? empty() : empty);
    box.firstChild.setAttribute('aria-rowcount', state.ended ? state.rows.length + 1 : -1);
    status.textContent = words();
    const filled = columnsOf(state.rows);
    if (filled.length !== shown.length) {
      shown = filled;
      view.use(shown);
      box.querySelector('thead').replaceWith(tableHead(shown));
    }
    view.set(state.rows);
  }

  /** A column that says when it has something (`has(row)`) leaves its place to the others while it has nothing. */
  function columnsOf(rows) {
    return columns.filter(column => !column.has || rows.some(column.has));
  }

  function words() {
    if (state.rows.length === 0) return '';
    if (wordsOf) return `${wordsOf(state.rows)}${state.ended ? '' : ' loaded, and more'}`;
    if (state.ended) return plural(state.rows.length, ...noun);
    return state.total !== null
      ? `${plural(state.total, ...noun)}, ${count(state.rows.length)} loaded`
      : `${count(state.rows.length)} ${noun[1]} loaded, and more`;
  }
}

/** A table body that holds the rows in view between two spacers. */
function windowedRows(columns) {
  const above = spacer();
  const below = spacer();
  const body = h('tbody', { role: 'rowgroup' }, above, below);
  const drawn = new Map();
  let rows = [];
  let height = 0;
  let width = innerWidth;
  /** The row at the top of the window when rows were drawn last: 2.5 is the middle of the third. */
  let at = 0;
  let frame = 0;
  const soon = () => {
    frame ||= requestAnimationFrame(() => draw());
  };
  const forget = () => {
    height = 0;
    body.style.removeProperty('--row');
  };
  addEventListener('scroll', soon, { passive: true });
  addEventListener('resize', soon);

  return {
    body,
    set(next) {
      rows = next;
      draw();
    },
    clear() {
      for (const row of drawn.values()) row.remove();
      drawn.clear();
      rows = [];
      above.hidden = below.hidden = true;
      forget();
    },
    use(next) {
      columns = next;
      this.clear();
    },
    focus(index) {
      if (index < 0 || index >= rows.length) return;
      if (!drawn.has(index)) {
        scrollBy(0, body.getBoundingClientRect().top + index * height - innerHeight / 2);
        draw();
      }
      const row = drawn.get(index);
      row.querySelector('a')?.focus({ preventScroll: true });
      row.scrollIntoView({ block: 'nearest' });
    },
    stop() {
      removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
      cancelAnimationFrame(frame);
    },
  };

  /** The rows in view. With `keep` that row comes to the top of the window. Only another width makes rows of another height. */
  function draw(keep = null) {
    frame = 0;
    if (rows.length === 0) {
      above.hidden = below.hidden = true;
      return;
    }
    if (innerWidth !== width) {
      width = innerWidth;
      forget();
      keep = onTop();
    }
    if (height === 0) height = measure();
    const top = keep === null ? hidden() : keep * height;
    const first = Math.max(0, Math.min(rows.length, Math.floor(top / height)) - OVERSCAN);
    const end = Math.max(0, Math.min(rows.length, Math.ceil((top + innerHeight) / height) + OVERSCAN));
    for (const [index, row] of drawn) {
      if (index < first || index >= end) {
        row.remove();
        drawn.delete(index);
      }
    }
    let after = above;
    for (let index = first; index < end; index++) {
      if (!drawn.has(index)) {
        const row = tableRow(columns, rows[index], { 'aria-rowindex': index + 2 });
        drawn.set(index, row);
        after.after(row);
      }
      after = drawn.get(index);
    }
    space(above, first * height);
    space(below, (rows.length - end) * height);
    if (keep !== null) scrollBy(0, top - hidden());
    at = top / height;
    const heights = [...drawn.values()].map(heightOf);
    const highest = Math.max(...heights);
    if (highest > height + 1 || Math.min(...heights) < highest - 1) grow(highest);
  }

  /** The row at the top of the window stays there. */
  function grow(to) {
    if (body.style.getPropertyValue('--row') === `${to}px`) return;
    height = to;
    body.style.setProperty('--row', `${to}px`);
    draw(onTop());
  }

  /** Null where the list begins below the top of the window: then nothing has to be moved. */
  function onTop() {
    return at > 0 ? at : null;
  }

  /** How much of the list is above the window, in pixels. */
  function hidden() {
    return -body.getBoundingClientRect().top;
  }

  function measure() {
    if (drawn.size === 0) {
      const row = tableRow(columns, rows[0], { 'aria-rowindex': 2 });
      drawn.set(0, row);
      above.after(row);
    }
    return heightOf(drawn.values().next().value) || 44;
  }

  function heightOf(row) {
    return row.getBoundingClientRect().height;
  }

  function spacer() {
    return h(
      'tr.spacer',
      { role: 'presentation', 'aria-hidden': 'true', hidden: true },
      h('td', { role: 'presentation', colspan: columns.length }),
    );
  }

  /** Through the object model, which the content security policy allows. */
  function space(row, pixels) {
    row.hidden = pixels === 0;
    row.firstChild.style.height = `${pixels}px`;
  }
}
