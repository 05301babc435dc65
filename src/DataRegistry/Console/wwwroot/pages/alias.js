import { api } from '../api.js';
import { h } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { endlessList } from '../list.js';
import { href } from '../router.js';
import { stateBadge } from '../states.js';
import { badge, copyButton, facts, notice, pageHeader, section } from '../ui.js';

/** One alias, and who moved it from where to where; the history is there also after it was deleted. */
export async function render({ params, project, signal, setTitle }) {
  const at = `/api/v0/datum-aliases/${encodeURIComponent(params.alias)}/`;
  const alias = await api.get(at, { signal }).catch(error => {
    if (error.status !== 404) throw error;
    return null;
  });
  // Of an alias that never was there is no history either: then this is what the page says.
  if (!alias) await api.get(`${at}history/`, { query: { limit: 1 }, signal });
  const title = alias?.name ?? 'A deleted alias';
  setTitle(title);
  return h(
    'div',
    pageHeader(title, { back: { label: 'Aliases', href: href('aliases', { project: project.id }) } }),
    alias
      ? h(
          'div.card',
          facts([
            ['Points to', alias.datum ? datum(alias.datum.id, alias.datum.name) : 'a datum that is gone'],
            [
              'Address',
              h('span.id', h('code', `datum://${alias.name}`), copyButton(`datum://${alias.name}`, 'Copy', 'the address')),
            ],
            ['Since', timeAgo(alias.mtime)],
            ['Created', dateTime(alias.ctime)],
          ]),
        )
      : notice('warn', h('p', 'The name is free again. Its next use has a history of its own.')),
    section(
      'History',
      endlessList({
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
          { label: 'From', wide: true, cell: c => (c.from ? datum(c.from) : '–') },
          { label: 'To', wide: true, cell: c => (c.to ? datum(c.to) : '–') },
          { label: 'By', size: 'medium', cell: c => c.user },
          { label: 'When', size: 'medium', cell: c => timeAgo(c.time) },
        ],
      }),
    ),
  );

  function datum(id, name) {
    return name
      ? h('a', { href: href('datum', { project: project.id, id }) }, name)
      : h('a', { href: href('datum', { project: project.id, id }), title: id }, h('code', id));
  }
}
