// A store's folders and files, as far as the project tracks them, one folder at a time.

import { api } from '../api.js';
import { driftBadge } from '../drift.js';
import { h, replace, svg } from '../dom.js';
import { field } from '../forms.js';
import { bytes, count, plural, timeAgo } from '../format.js';
import { rowKeys, searchKey } from '../keys.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { naming } from '../problems.js';
import { href, navigate } from '../router.js';
import { filterOfText, queryOf } from '../selection/filter.js';
import { freeze, watch } from '../selection/freeze.js';
import { stateBadge } from '../states.js';
import { badge, button, emptyState, linkButton } from '../ui.js';
import { picking } from './picking.js';

const PAGE = 200;
const SLASH = '/';

/** The keyboard's place in the next folder: at the folder that was left, or at the first row. */
let goOnAt = null;

/** Without a store in the address, one is chosen first. */
export async function tree(context) {
  const { project, query, signal } = context;
  const id = query.get('store');
  if (id) {
    const store = await api.get(`/api/v0/stores/${encodeURIComponent(id)}/`, { signal }).catch(naming('Store'));
    return folder(context, store, query.get('prefix') ?? '');
  }
  return h('div', crumbs(project, null, ''), storeList(context));
}

export function folderAddress(project, store, prefix = '') {
  return href('data', { project: project.id }, { view: 'tree', store: store?.id, prefix });
}

function storeList({ project, signal }) {
  const list = endlessList({
    caption: 'Stores',
    noun: ['store', 'stores'],
    signal,
    onLoaded: landing(() => list),
    load: (next, abort) => api.get(next ?? '/api/v0/stores/', { query: next ? null : { limit: PAGE }, signal: abort }),
    columns: [
      {
        label: 'Store',
        wide: true,
        cell: s => [
          icon(),
          h('a.strong', { href: folderAddress(project, s) }, s.name),
          s.deleted && [' ', stateBadge('deleted')],
        ],
      },
      { label: 'Files under', wide: true, cell: s => h('code', { title: s.uri_prefix }, s.uri_prefix) },
    ],
    empty: () =>
      emptyState(
        'No store yet',
        'A store is a bucket, or a part of one, from which files are adopted.',
        linkButton('Go to the stores', href('stores', { project: project.id })),
      ),
  });
  return h('div', withKeys(list, { project, store: null, prefix: '' }));
}

function folder(context, store, prefix) {
  const { project, me, signal } = context;
  const mayAdopt = may(me, project, 'data_adopt') && store.allow_adopt && !store.deleted;
  const below = prefix === '' ? { store: store.id } : { store: store.id, prefix };
  const name = prefix === '' ? store.name : lastOf(prefix);
  const picks = picking(context, { onchange: () => list.reload(), place: `${me.id} ${project.id}` });
  const list = endlessList({
    caption: `Folders and files in ${name}`,
    signal,
    wordsOf: contents,
    onLoaded: landing(() => list),
    load: async (next, abort) =>
      merged(
        await api.get(next ?? `/api/v0/stores/${store.id}/tree/`, {
          query: next ? null : { project: project.id, prefix, delimiter: SLASH, limit: PAGE },
          signal: abort,
        }),
      ),
    lookedAt: page => page.results.length || PAGE,
    columns: [
      { label: 'Name', wide: true, cell: row => (row.folder ? folderCell(row) : fileCell(row)) },
      { label: 'Size', numeric: true, cell: row => (row.folder ? '' : bytes(row.size)) },
      { label: 'Adopted', size: 'medium', extra: true, cell: row => (row.folder ? '' : timeAgo(row.ctime)) },
      {
        label: 'Drift',
        size: 'medium',
        has: isNotable,
        cell: row => (row.folder ? unknownBadge(row) : driftBadge({ drift: { state: row.drift } })),
      },
    ],
    empty: () =>
      prefix === ''
        ? emptyState(
            'Nothing of this store is adopted yet',
            'Files show here when this project has adopted them.',
            mayAdopt &&
              linkButton('Adopt files', href('adopt', { project: project.id }, { store: store.id }), { kind: 'primary' }),
          )
        : emptyState(
            'Nothing here',
            'This project has adopted no file below this folder. Purged datums, and earlier datums of changed files, are not shown.',
            linkButton('Go up', folderAddress(project, store, above(prefix))),
          ),
  });
  picks.of(list, row => (row.folder ? null : { id: row.id, size: row.size, name: row.name }));
  const search = field({
    label: 'Search below this folder',
    name: 'q',
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'A part of a name, or *.jpg',
    onkeydown: event => {
      if (event.key === 'Enter' && search.value.trim() !== '')
        navigate(href('search', { project: project.id }, wanted(search.value.trim())));
    },
  });
  searchKey(search.input, list, signal);
  return h(
    'div',
    crumbs(project, store, prefix),
    h(
      'div.folder-head',
      h('div', { role: 'search', 'aria-label': 'Below this folder' }, search),
      h(
        'div.actions',
        counted(context, below),
        button('Pick all below', () => picks.all(below, `All below ${store.name}${prefix && `, ${prefix}`}`)),
        linkButton('Find what changed', href('search', { project: project.id }, { ...queryOf(below), drift: 'changed' })),
      ),
    ),
    h(
      'p.hint',
      `Shown are the files that ${project.name} has adopted. `,
      mayAdopt &&
        h('a', { href: href('adopt', { project: project.id }, { store: store.id, tab: 'prefix' }) }, 'Adopt more of this store'),
    ),
    h('p.hint.keys', 'Keys: ↑ and ↓ move, → or Enter opens, ← goes up, Space picks, / searches.'),
    h('div', withKeys(list, { project, store, prefix })),
    picks.bar,
  );

  function wanted(text) {
    return queryOf({ ...below, ...filterOfText(text) });
  }

  function folderCell(row) {
    return [icon(), h('a.strong', { href: folderAddress(project, store, row.key), title: row.key }, row.name)];
  }

  function fileCell(row) {
    return [
      picks.box(row),
      h('a.strong', { href: href('datum', { project: project.id, id: row.id }), title: row.uri }, row.name),
    ];
  }

  /** Folders and files of a page in the order of their keys, as the pages themselves are. */
  function merged({ folders, results, next }) {
    const rows = [
      ...folders.map(f => ({ folder: true, key: f.prefix, name: f.prefix.slice(prefix.length), visible: f.visible })),
      ...results.map(f => ({ ...f, name: f.key.slice(prefix.length) || '(the folder’s own object)' })),
    ];
    return { results: rows.sort((a, b) => (a.key < b.key ? -1 : 1)), next, count: null };
  }
}

function contents(rows) {
  const folders = rows.filter(row => row.folder).length;
  const files = rows.length - folders;
  return [folders > 0 && plural(folders, 'folder'), files > 0 && plural(files, 'file')].filter(Boolean).join(' and ');
}

/** A selection counts what lies below a folder, since the tree itself does not. */
function counted(context, below) {
  const element = h('span.counted', { role: 'status' });
  replace(
    element,
    button('Count all below', async () => {
      const selection = await watch(await freeze(context, below), context.signal, now =>
        replace(element, `${count(now.count)} so far…`),
      );
      replace(
        element,
        h(
          'a',
          { href: href('selection', { project: context.project.id, selection: selection.id }) },
          `${plural(selection.count, 'datum')}, ${bytes(selection.bytes)}`,
        ),
        ' below',
      );
    }),
  );
  return element;
}

/** The last column: only what needs somebody's attention. */
function isNotable(row) {
  return row.folder ? row.visible === null : driftBadge({ drift: { state: row.drift } }) !== null;
}

function unknownBadge({ visible }) {
  return (
    visible === null &&
    h(
      'span',
      {
        title:
          'The service looked at many files below this folder and none of them was this project’s. There may be ' +
          'some further on: open it to see.',
      },
      badge('Perhaps empty'),
    )
  );
}

function crumbs(project, store, prefix) {
  const parts = prefix.split(SLASH).slice(0, -1);
  const steps = [{ label: 'All stores', to: folderAddress(project, null) }];
  if (store) steps.push({ label: store.name, to: folderAddress(project, store) });
  parts.forEach((part, index) =>
    steps.push({ label: part || SLASH, to: folderAddress(project, store, parts.slice(0, index + 1).join(SLASH) + SLASH) }),
  );
  return h(
    'nav.crumbs',
    { 'aria-label': 'Folder' },
    h(
      'ol',
      steps.map((step, index) =>
        h('li', h('a', { href: step.to, 'aria-current': index === steps.length - 1 && 'page' }, step.label)),
      ),
    ),
  );
}

/** The right arrow opens a folder, the left one goes up; the focus stays in the list. */
function withKeys(list, { project, store, prefix }) {
  rowKeys(list, {
    onright: row =>
      (row.folder || !store) &&
      go(row.folder ? folderAddress(project, store, row.key) : folderAddress(project, row), { first: true }),
    onleft: () =>
      store !== null &&
      go(prefix === '' ? folderAddress(project, null) : folderAddress(project, store, above(prefix)), {
        left: prefix || store.id,
      }),
  });
  list.addEventListener('keydown', event => {
    const row = event.key === 'Enter' && event.target.closest('tr[aria-rowindex]');
    if (row && (list.rows[row.getAttribute('aria-rowindex') - 2]?.folder || !store)) goOnAt = { first: true };
  });
  return list;
}

/** Puts the focus where the keyboard goes on, once the first rows are there. */
function landing(listOf) {
  let wanted = goOnAt;
  goOnAt = null;
  return () => {
    const { left } = wanted ?? {};
    if (wanted)
      queueMicrotask(() =>
        listOf().focusRow(
          Math.max(
            0,
            listOf().rows.findIndex(row => (row.folder ? row.key : row.id) === left),
          ),
        ),
      );
    wanted = null;
  };
}

function go(address, next) {
  goOnAt = next;
  navigate(address);
  return true;
}

function above(prefix) {
  return prefix.slice(0, prefix.lastIndexOf(SLASH, prefix.length - 2) + 1);
}

function lastOf(prefix) {
  return prefix.split(SLASH).at(-2) || prefix;
}

function icon() {
  return svg('svg.folder', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: 'M1 3h5l1.5 2H15v8.5H1z' }));
}
