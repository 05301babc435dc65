// The keyboard in lists, the key that leads to the search, and the pause after typing.

/** From the last key to the request, in milliseconds: it seems to be at once, and a word is one request. */
const TYPING_PAUSE = 220;

/** To be called at each key: `act` runs once the keys rest, and never after the page was left. `.cancel()` forgets the keys. */
export function afterTyping(act, signal) {
  let resting;
  const typed = (...values) => {
    clearTimeout(resting);
    resting = setTimeout(() => act(...values), TYPING_PAUSE);
  };
  typed.cancel = () => clearTimeout(resting);
  signal.addEventListener('abort', typed.cancel);
  return typed;
}

/**
 * Arrows, Home and End move between the rows of an endless list; Space ticks a row. `onright(row)` and `onleft()` are for what opens and
 * closes. The links in the rows have Enter.
 */
export function rowKeys(list, { onright = () => false, onleft = () => false } = {}) {
  list.addEventListener('keydown', event => {
    const row = event.target.closest('tbody tr[aria-rowindex]');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = row.getAttribute('aria-rowindex') - 2;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.rows.length - 1 }[event.key];
    if (to !== undefined) list.focusRow(to);
    else if (event.key === 'ArrowRight' && onright(list.rows[at])) {
      /* It is open. */
    } else if ((event.key === 'ArrowLeft' || event.key === 'Backspace') && onleft()) {
      /* It is closed. */
    } else if (event.key === ' ' && event.target.matches('a') && row.querySelector('.pick input'))
      row.querySelector('.pick input').click();
    else return;
    event.preventDefault();
  });
}

/** `/` leads to a field from wherever nothing is typed; the arrow down leads from there into the list. */
export function searchKey(input, list, signal) {
  addEventListener(
    'keydown',
    event => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest?.('input, textarea, select, dialog')) return;
      event.preventDefault();
      input.focus();
      input.select();
    },
    { signal },
  );
  input.addEventListener('keydown', event => {
    if (event.key !== 'ArrowDown' || list.rows.length === 0) return;
    event.preventDefault();
    list.focusRow(0);
  });
}
