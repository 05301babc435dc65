// One alias of a datum or of a dataset version: what it points to, and who moved it from where to where.

import { api } from './api.js';
import { h } from './dom.js';
import { dateTime, timeAgo } from './format.js';
import { endlessList } from './list.js';
import { badge, copyButton, facts, notice, pageHeader, section } from './ui.js';
import { stateBadge } from './states.js';

/**
 * The page of the alias at `at`. Its history is there also after it was deleted. `link(id, alias)` leads to a target by its id; with the
 * alias, to its present one, null where that is gone. `more(alias)` is what else the page has.
 */
export async function aliasPage({ at, back, noun, uriOf, link, more = () => null, signal, setTitle }) {
  const alias = await api.get(at, { signal }).catch(error => {
    if (error.status !== 404) throw error;
    return null;
  });
  // An alias that never was has no history either: then this is what the page says.
  if (!alias) await api.get(`${at}history/`, { query: { limit: 1 }, signal });
  const title = alias?.name ?? 'A deleted alias';
  setTitle(title);
  return h(
    'div',
    pageHeader(title, { back }),
    alias
      ? [h('div.card', factsOf(alias)), more(alias)]
      : notice('warn', h('p', 'The name is free again. Its next use has a history of its own.')),
    section('History', history()),
  );

  function factsOf(alias) {
    const uri = uriOf(alias);
    return facts([
      ['Points to', link(null, alias) ?? `a ${noun} that is gone`],
      ['Address', h('span.id', h('code.wrap', uri), copyButton(uri, 'Copy', 'the address'))],
      ['Since', timeAgo(alias.mtime)],
      ['Created', dateTime(alias.ctime)],
    ]);
  }

  function history() {
    return endlessList({
      caption: 'History',
      noun: ['change', 'changes'],
      signal,
      load: (next, abort) => api.get(next ?? `${at}history/`, { query: next ? null : { limit: 200 }, signal: abort }),
      columns: [
        {
          label: 'Change',
          size: 'medium',
          cell: c => (c.from === null ? badge('Created', 'ok') : stateBadge(c.to === null ? 'deleted' : 'moved')),
        },
        { label: 'From', wide: true, cell: c => (c.from ? link(c.from) : '–') },
        { label: 'To', wide: true, cell: c => (c.to ? link(c.to) : '–') },
        { label: 'By', size: 'medium', cell: c => c.user },
        { label: 'When', size: 'medium', cell: c => timeAgo(c.time) },
      ],
    });
  }
}
