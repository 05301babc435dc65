import { api } from '../api.js';
import { picking } from '../browse/picking.js';
import { folderAddress, tree } from '../browse/tree.js';
import { dataTabs } from '../data-tabs.js';
import { driftBadge, driftOf } from '../drift.js';
import { h, replace } from '../dom.js';
import { field } from '../forms.js';
import { bytes, timeAgo } from '../format.js';
import { afterTyping, rowKeys, searchKey } from '../keys.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href, match, navigate } from '../router.js';
import { DRIFTS, filterOfText, queryOf } from '../selection/filter.js';
import { badge, button, emptyState, linkButton, pageHeader } from '../ui.js';
import { DATUM } from '../words.js';

const PAGE = 200;

/** The most rows that the service reads for a page of a filtered list (Datums/README.md): a short page has read that many. */
const LOOKED_AT = 10_000;

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** The datums of a project, as a list or as folders; the address keeps which. */
export async function render(context) {
  const { project, query } = context;
  const isTree = query.get('view') === 'tree';
  const shown = await (isTree ? tree : list)(context);
  const store = { id: query.get('store') };
  return h(
    'div',
    pageHeader('Data', {
      lead: DATUM,
      actions: [
        h(
          'nav.switch',
          { 'aria-label': 'View' },
          h('a', { href: href('data', { project: project.id }, { store: store.id }), 'aria-current': !isTree && 'page' }, 'List'),
          h('a', { href: folderAddress(project, store), 'aria-current': isTree && 'page', onclick: ofStoreNow }, 'Folders'),
        ),
      ],
    }),
    dataTabs(project, 'data'),
    shown,
  );
}

/** The store may have been chosen since the page was made. */
function ofStoreNow(event) {
  const { query, params } = match(location.hash);
  event.currentTarget.href = folderAddress({ id: params.project }, { id: query.get('store') });
}

/** Searched, filtered, sorted, without an end. */
async function list(context) {
  const { project, me, query, signal, setQuery } = context;
  const stores = (await api.all('/api/v0/stores/', {}, signal)).filter(s => !s.deleted);
  const names = new Map(stores.map(s => [s.id, s.name]));
  const asked = Object.fromEntries(['q', 'store', 'tag', 'drift', 'ordering'].map(key => [key, query.get(key) ?? '']));

  const search = field({
    label: 'Search',
    name: 'q',
    type: 'search',
    value: asked.q,
    placeholder: 'Name, s3:// URL, id or alias',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => later({ q: search.value.trim() }),
    onkeydown: event => {
      if (event.key === 'Enter') {
        event.preventDefault();
        searchParts();
      }
    },
  });
  const store = field({
    label: 'Store',
    name: 'store',
    type: 'select',
    value: asked.store,
    onchange: () => change({ store: store.value }),
    options: [{ value: '', label: 'All' }, ...stores.map(s => ({ value: s.id, label: s.name }))],
  });
  const tag = field({
    label: 'Tag',
    name: 'tag',
    type: 'search',
    value: asked.tag,
    autocomplete: 'off',
    oninput: () => later({ tag: tag.value.trim() }),
  });
  const drift = field({
    label: 'Drift',
    name: 'drift',
    type: 'select',
    value: asked.drift,
    onchange: () => change({ drift: drift.value }),
    options: [['', 'Any'], ...DRIFTS].map(([value, label]) => ({ value, label })),
  });
  drift.hidden = asked.drift === '';
  const ordering = field({
    label: 'Sort by',
    name: 'ordering',
    type: 'select',
    value: asked.ordering,
    onchange: () => change({ ordering: ordering.value }),
    options: [
      ['', 'Newest first'],
      ['ctime', 'Oldest first'],
      ['name', 'Name'],
      ['-name', 'Name, from Z'],
      ['size', 'Smallest first'],
      ['-size', 'Largest first'],
    ].map(([value, label]) => ({ value, label })),
  });

  const picks = picking(context, { onchange: () => list.reload() });
  const list = endlessList({
    caption: 'Datums',
    noun: ['datum', 'datums'],
    signal,
    columns: columns(project, names, picks),
    empty: () => nothing(project, me, asked, searchParts),
    load: (next, abort) => load(next, asked, project, abort),
    lookedAt: page => page.lookedAt ?? page.results.length,
    onLoaded: page => {
      if (page.results.some(d => driftOf(d))) drift.hidden = false;
    },
  });

  const later = afterTyping(change, signal);
  const hint = h('p.hint');
  picks.of(list);
  rowKeys(list);
  searchKey(search.input, list, signal);
  say();
  return h(
    'div',
    h('div.filters', { role: 'search', 'aria-label': 'Datums' }, search, store, tag, drift, ordering),
    hint,
    list,
    picks.bar,
  );

  function change(values) {
    later.cancel();
    if (Object.entries(values).every(([key, value]) => asked[key] === value)) return;
    Object.assign(asked, values);
    setQuery(asked);
    say();
    list.reload();
  }

  /** A part of a name, a pattern, or the beginning of URLs: that is a search of its own, among all datums. */
  function searchParts() {
    const q = search.value.trim();
    if (!['name', 'uri'].includes(kindOf(q))) return;
    navigate(
      href(
        'search',
        { project: project.id },
        queryOf({ store: asked.store, tag: asked.tag, drift: asked.drift, ...filterOfText(q) }),
      ),
    );
  }

  function say() {
    const kind = kindOf(asked.q);
    const { store: _, ...rest } = filterOfList(asked);
    replace(
      hint,
      kind === 'name' ? 'Shows whole names and aliases. Press Enter to search for parts of names.' : null,
      Object.keys(rest).length > 0 &&
        kind !== 'id' &&
        button('Pick all that match', () => picks.all(filterOfList(asked), 'All that match'), { kind: 'quiet' }),
    );
  }
}

/** The same as a selection takes it. */
function filterOfList({ q, store, tag, drift }) {
  const kind = kindOf(q);
  const filter = { store, tag, drift, name: kind === 'name' ? q : '' };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
}

/** The kind of a search: an id, a URL, or a name. */
function kindOf(q) {
  const tail = q.replace(/^datum:\/\//, '');
  if (q === '') return 'all';
  if (UUID.test(tail) || tail !== q) return 'id';
  return q.startsWith('s3://') ? 'uri' : 'name';
}

async function load(next, asked, project, signal) {
  const kind = kindOf(asked.q);
  const first = { project: project.id, store: asked.store, tag: asked.tag, drift: asked.drift, ordering: asked.ordering };
  const filter = {
    limit: PAGE,
    no_count: kind === 'all' ? null : true,
    uri: kind === 'uri' ? asked.q : null,
    name: kind === 'name' ? asked.q : null,
  };
  const listing =
    kind === 'id'
      ? one(null)
      : next
        ? api.get(next, { signal })
        : api.get('/api/v0/data/', { query: { ...first, ...filter }, signal });
  const named = next === null && (kind === 'id' || kind === 'name') ? find(asked, project, signal) : null;
  const [page, datum] = await Promise.all([listing, named]);
  const size = filter.limit;
  const lookedAt = page.next && page.results.length < size ? LOOKED_AT : page.results.length;
  return datum
    ? { ...page, count: null, lookedAt, results: [datum, ...page.results.filter(d => d.id !== datum.id)] }
    : { ...page, lookedAt };
}

/** The datum of an id or an alias; null where there is none, or where it has not what the filters ask for. */
async function find(asked, project, signal) {
  const name = asked.q.replace(/^datum:\/\//, '');
  if (name === '' || name.includes('/')) return null;
  try {
    const datum = await api.get(`/api/v0/data/${encodeURIComponent(name)}/`, { query: { project: project.id }, signal });
    const fits = (!asked.store || datum.store === asked.store) && (!asked.tag || datum.tags.includes(asked.tag));
    return fits ? datum : null;
  } catch (error) {
    if (error.status === 404 || error.status === 400) return null;
    throw error;
  }
}

function one(datum) {
  return { results: datum ? [datum] : [], next: null, count: null };
}

function columns(project, stores, picks) {
  return [
    {
      label: 'Name',
      wide: true,
      cell: d => [
        picks.box(d),
        h('a.strong', { href: href('datum', { project: project.id, id: d.id }), title: d.uri }, d.name),
        ' ',
        h('span.hint', folderOf(d)),
      ],
    },
    { label: 'Size', numeric: true, cell: d => bytes(d.size) },
    { label: 'Store', size: 'medium', extra: true, cell: d => stores.get(d.store) ?? '–' },
    { label: 'Adopted', size: 'medium', cell: d => timeAgo(d.ctime) },
    {
      label: 'Drift, tags and aliases',
      size: 'large',
      cell: d => [
        driftBadge(d),
        (d.aliases ?? []).map(name => badge(name, 'busy')),
        (d.tags ?? []).map(name =>
          h('a.badge', { href: href('data', { project: project.id }, { tag: name }), title: `Those with the tag ${name}` }, name),
        ),
      ],
    },
  ];
}

function folderOf({ uri, name }) {
  return uri.endsWith(name) ? uri.slice(0, uri.length - name.length) : uri;
}

function nothing(project, me, asked, searchParts) {
  const filtered = asked.store || asked.tag || asked.drift;
  if (asked.q && kindOf(asked.q) === 'name') {
    return emptyState(
      'No datum has exactly this name or alias',
      'This list looks for whole names and aliases. Press Enter to search for parts of names.',
      h('button.button', { type: 'button', onclick: searchParts }, 'Search for parts of names'),
    );
  }
  if (asked.q && kindOf(asked.q) === 'uri') {
    return emptyState(
      'This URL is not adopted here',
      'A whole URL is looked for, such as s3://bucket/folder/file.txt. Press Enter to find all URLs that begin with it.',
      may(me, project, 'data_adopt') && linkButton('Adopt it', href('adopt', { project: project.id }, { url: asked.q })),
    );
  }
  if (asked.q || filtered)
    return emptyState(
      'Nothing found',
      'No datum matches all of these filters.',
      linkButton('Show all', href('data', { project: project.id })),
    );
  return emptyState(
    'Nothing is adopted yet',
    'Adopt files of a store. They are listed here then, and can be named, tagged and found.',
    may(me, project, 'data_adopt') && linkButton('Adopt files', href('adopt', { project: project.id }), { kind: 'primary' }),
  );
}
