// Rows that are picked in a list, and the bar with what can be done with them.

import { h, replace } from '../dom.js';
import { bytes, plural } from '../format.js';
import { actionButtons } from '../selection/actions.js';
import { button, toast } from '../ui.js';

/** The service takes so many ids in a selection. */
const MOST = 500;

/** The picks of the last place that keeps them. */
let kept = { place: null };

/**
 * Datums are picked one by one, from one to another with Shift, or all that a filter takes. `box(datum)` is a row's checkbox, `bar` shows
 * while something is picked; `onchange` gets the job that was started with them, and its selection. The list is given later: `of(list,
 * datumOf)`. Pages with the same `place` have the same picks, as the folders of a project do.
 */
export function picking(context, { onchange, place = null }) {
  const picks = place !== null && kept.place === place ? kept : { place, picked: new Map(), whole: null };
  if (place !== null) kept = picks;
  const { picked } = picks;
  let last = null;
  let list = null;
  let datumOf = row => row;
  const said = h('p.summary', { role: 'status' });
  const actions = h('div.pick-actions');
  const bar = h(
    'section.pick-bar',
    { 'aria-label': 'Picked datums', hidden: true },
    h('div.pick-head', said, button('Clear', clear, { kind: 'quiet' })),
    actions,
  );
  return {
    box,
    bar,
    clear,
    all,
    of(given, read = datumOf) {
      list = given;
      datumOf = read;
      show();
    },
  };

  function ondone(job, selection) {
    clear();
    onchange(job, selection);
  }

  function what() {
    return picks.whole ?? { filter: { ids: [...picked.keys()] }, words: 'Those that you picked' };
  }

  function box(datum) {
    const input = h('input', {
      type: 'checkbox',
      'aria-label': `Pick ${datum.name}`,
      checked: picked.has(datum.id),
      dataset: { id: datum.id },
      onclick,
    });
    return h('label.pick', input);

    function onclick(event) {
      const to = list.rows.findIndex(row => datumOf(row)?.id === datum.id);
      const from = event.shiftKey ? list.rows.findIndex(row => datumOf(row)?.id === last) : -1;
      const range =
        from < 0
          ? [datum]
          : list.rows
              .slice(Math.min(from, to), Math.max(from, to) + 1)
              .map(datumOf)
              .filter(Boolean);
      last = datum.id;
      set(range, input.checked);
    }
  }

  function set(datums, on) {
    picks.whole = null;
    for (const { id, size } of datums) {
      if (!on) picked.delete(id);
      else if (picked.size < MOST) picked.set(id, size);
      else {
        toast(`Up to ${MOST} rows can be picked one by one. To act on more, pick a whole folder or search.`, 'bad');
        break;
      }
    }
    show();
  }

  /** All that a filter takes, however many that are. */
  function all(filter, words) {
    picked.clear();
    picks.whole = { filter, words };
    show();
  }

  function clear() {
    picked.clear();
    picks.whole = last = null;
    show();
  }

  function show() {
    for (const input of list?.querySelectorAll('.pick input') ?? []) input.checked = picked.has(input.dataset.id);
    bar.hidden = picked.size === 0 && !picks.whole;
    if (bar.hidden) return;
    if (!actions.hasChildNodes()) replace(actions, actionButtons(context, what, { ondone }));
    said.textContent = picks.whole
      ? picks.whole.words
      : `${plural(picked.size, 'datum')} picked, ${bytes([...picked.values()].reduce((sum, size) => sum + size, 0))}`;
  }
}
