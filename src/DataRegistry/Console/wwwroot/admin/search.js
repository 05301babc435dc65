// Lists that can be searched, though the service has no such filter.

import { h } from '../dom.js';
import { field } from '../forms.js';
import { afterTyping } from '../keys.js';
import { endlessList } from '../list.js';
import { emptyState } from '../ui.js';

/**
 * An endless list with a field that keeps the rows whose `textOf` holds what is typed, in any case. Pages are read until enough of them are
 * found; the list says how many it has looked at. The address keeps what is typed.
 */
export function searchableList({ label, textOf, load, query, setQuery, signal, empty, ...options }) {
  let wanted = query.get('q') ?? '';
  const list = endlessList({
    ...options,
    signal,
    lookedAt: page => Math.max(page.looked ?? page.results.length, 1),
    load: async (next, abort) => {
      const page = await load(next, abort);
      return wanted === '' ? page : { ...page, count: null, looked: page.results.length, results: page.results.filter(matches) };
    },
    empty: () => (wanted === '' ? empty() : emptyState('Nothing found', `Nothing here holds “${wanted}”.`)),
  });
  const search = field({
    label,
    name: 'q',
    type: 'search',
    value: wanted,
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: afterTyping(apply, signal),
  });
  return h('div', h('div.filters.one', search), h('div.tall', list));

  function apply() {
    wanted = search.value.trim();
    setQuery({ q: wanted });
    list.reload();
  }

  function matches(row) {
    return textOf(row)
      .filter(Boolean)
      .some(text => text.toLowerCase().includes(wanted.toLowerCase()));
  }
}
