import { api } from '../api.js';
import { aliasSnippets } from '../dataset/snippets.js';
import { versionEntries, versionLink } from '../dataset/words.js';
import { h } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { endlessList } from '../list.js';
import { href } from '../router.js';
import { badge, copyButton, facts, notice, pageHeader, section } from '../ui.js';

/** An alias of versions, and who moved it; the history is there also after it was deleted. */
export async function render({ params, project, signal, setTitle }) {
  const at = `/api/v0/dataset-version-aliases/${encodeURIComponent(params.alias)}/`;
  const alias = await api.get(at, { signal }).catch(error => {
    if (error.status !== 404) throw error;
    return null;
  });
  // An alias that never was has no history either: then this is what the page says.
  if (!alias) await api.get(`${at}history/`, { query: { limit: 1 }, signal });
  const title = alias?.name ?? 'A deleted alias';
  setTitle(title);
  // A version of the history may be deleted, and so may be the dataset: then its id is all that is known.
  const known = await versionEntries(params.dataset, signal).catch(error => {
    if (error.status !== 400 && error.status !== 404) throw error;
    return [];
  });
  const names = new Map(known.map(v => [v.id, v.text]));
  const version = id =>
    h(
      'a',
      { href: href('datasetVersion', { project: project.id, dataset: params.dataset, version: id }), title: id },
      names.get(id) ?? h('code', id),
    );
  return h(
    'div',
    pageHeader(title, { back: { label: 'Dataset', href: href('dataset', { project: project.id, dataset: params.dataset }) } }),
    alias
      ? [
          h(
            'div.card',
            facts([
              [
                'Names',
                alias.dataset_version ? versionLink(project, alias.dataset_version, params.dataset) : 'a version that is gone',
              ],
              ['Address', h('span.id', h('code.wrap', alias.uri), copyButton(alias.uri, 'Copy', 'the address'))],
              ['Since', timeAgo(alias.mtime)],
              ['Created', dateTime(alias.ctime)],
            ]),
          ),
          section('Read it elsewhere', aliasSnippets(alias.uri, project)),
        ]
      : notice('warn', h('p', 'The name is free again: its next use has a history of its own.')),
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
            cell: c => (c.from === null ? badge('Created', 'ok') : c.to === null ? badge('Deleted', 'bad') : badge('Moved')),
          },
          { label: 'From', wide: true, cell: c => (c.from ? version(c.from) : '–') },
          { label: 'To', wide: true, cell: c => (c.to ? version(c.to) : '–') },
          { label: 'By', size: 'medium', cell: c => c.user },
          { label: 'When', size: 'medium', cell: c => timeAgo(c.time) },
        ],
      }),
    ),
  );
}
