import { api } from '../api.js';
import { dataTabs } from '../data-tabs.js';
import { driftBadge, driftOf } from '../drift.js';
import { h } from '../dom.js';
import { field } from '../forms.js';
import { bytes, timeAgo } from '../format.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href } from '../router.js';
import { badge, emptyState, linkButton, pageHeader } from '../ui.js';

/** From the last key to the request: short enough to seem at once, long enough that a word is one request. */
const TYPING_PAUSE = 220;

const PAGE = 200;

/** The service's largest page, for looking inside of names. */
const LARGEST_PAGE = 9000;

/** The most rows that the service reads for a page of a filtered list (Datums/README.md): a short page has read that many. */
const LOOKED_AT = 10_000;

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const HEAVY = 'md5,sha1,sha256,project,file_ctime,output_execution,purged,aliases';

/** The datums of a project: searched, filtered, sorted, without an end. */
export async function render({ project, me, query, signal, setQuery }) {
  const stores = (await api.all('/api/v0/stores/', {}, signal)).filter(s => !s.deleted);
  const names = new Map(stores.map(s => [s.id, s.name]));
  const asked = Object.fromEntries(['q', 'inside', 'store', 'tag', 'drift', 'ordering'].map(key => [key, query.get(key) ?? '']));

  const search = field({
    label: 'Search', name: 'q', type: 'search', value: asked.q, placeholder: 'Name, s3:// URL, id or alias', autocomplete: 'off', spellcheck: 'false',
    oninput: () => later({ q: search.value.trim(), inside: '' }, TYPING_PAUSE),
    onkeydown: event => { if (event.key === 'Enter') { event.preventDefault(); lookInside(); } },
  });
  const store = field({
    label: 'Store', name: 'store', type: 'select', value: asked.store, onchange: () => change({ store: store.value }),
    options: [{ value: '', label: 'All' }, ...stores.map(s => ({ value: s.id, label: s.name }))],
  });
  const tag = field({ label: 'Tag', name: 'tag', type: 'search', value: asked.tag, autocomplete: 'off', oninput: () => later({ tag: tag.value.trim() }, TYPING_PAUSE) });
  const drift = field({
    label: 'Drift', name: 'drift', type: 'select', value: asked.drift, onchange: () => change({ drift: drift.value }),
    options: [['', 'Any'], ['changed', 'Changed'], ['missing', 'Missing'], ['none', 'Unchanged'], ['unknown', 'Not looked at yet']].map(([value, label]) => ({ value, label })),
  });
  drift.hidden = asked.drift === '';
  const ordering = field({
    label: 'Sort by', name: 'ordering', type: 'select', value: asked.ordering, onchange: () => change({ ordering: ordering.value }),
    options: [['', 'Newest first'], ['ctime', 'Oldest first'], ['name', 'Name'], ['-name', 'Name, from Z'], ['size', 'Smallest first'], ['-size', 'Largest first']]
      .map(([value, label]) => ({ value, label })),
  });

  const list = endlessList({
    caption: 'Datums', noun: ['datum', 'datums'], signal, columns: columns(project, names), empty: () => nothing(project, me, asked, lookInside),
    load: (next, abort) => load(next, asked, project, abort),
    lookedAt: page => page.lookedAt ?? page.results.length,
    onLoaded: page => { if (page.results.some(d => driftOf(d))) drift.hidden = false; },
  });

  let timer = 0;
  signal.addEventListener('abort', () => clearTimeout(timer));
  const hint = h('p.hint');
  say();
  return h('div',
    pageHeader('Data'),
    dataTabs(project, 'data'),
    h('div.filters', { role: 'search', 'aria-label': 'Datums' }, search, store, tag, drift, ordering),
    hint, list);

  function later(values, wait) {
    clearTimeout(timer);
    timer = setTimeout(() => change(values), wait);
  }

  function change(values) {
    clearTimeout(timer);
    if (Object.entries(values).every(([key, value]) => asked[key] === value)) return;
    Object.assign(asked, values);
    setQuery(asked);
    say();
    list.reload();
  }

  function lookInside() {
    const q = search.value.trim();
    change({ q, inside: kindOf(q) === 'name' ? '1' : '' });
  }

  function say() {
    hint.textContent = kindOf(asked.q) !== 'name' ? ''
      : asked.inside ? `Looking for “${asked.q}” inside names and URLs, newest first.`
      : 'Shows whole names and aliases. Press Enter to look inside names and URLs.';
  }
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
  if (asked.inside && kind === 'name') return await inside(next, { ...first, limit: LARGEST_PAGE, no_count: true, exclude: HEAVY }, asked.q, signal);
  const filter = { limit: PAGE, no_count: kind === 'all' ? null : true, uri: kind === 'uri' ? asked.q : null, name: kind === 'name' ? asked.q : null };
  const listing = kind === 'id' ? one(null) : next ? api.get(next, { signal }) : api.get('/api/v0/data/', { query: { ...first, ...filter }, signal });
  const named = next === null && (kind === 'id' || kind === 'name') ? find(asked, project, signal) : null;
  const [page, datum] = await Promise.all([listing, named]);
  const size = filter.limit;
  const lookedAt = page.next && page.results.length < size ? LOOKED_AT : page.results.length;
  return datum ? { ...page, count: null, lookedAt, results: [datum, ...page.results.filter(d => d.id !== datum.id)] } : { ...page, lookedAt };
}

/** A page of all datums, of which those stay whose name or URL holds the text, in any case. */
async function inside(next, query, text, signal) {
  const page = next ? await api.get(next, { signal }) : await api.get('/api/v0/data/', { query, signal });
  const wanted = text.toLowerCase();
  return {
    next: page.next, count: null, lookedAt: page.next && (query.store || query.tag || query.drift) ? LOOKED_AT : page.results.length,
    results: page.results.filter(d => d.uri.toLowerCase().includes(wanted)),
  };
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

function columns(project, stores) {
  return [
    { label: 'Name', wide: true, cell: d => [h('a.strong', { href: href('datum', { project: project.id, id: d.id }), title: d.uri }, d.name), ' ', h('span.hint', folderOf(d))] },
    { label: 'Size', numeric: true, cell: d => bytes(d.size) },
    { label: 'Store', size: 'medium', extra: true, cell: d => stores.get(d.store) ?? '–' },
    { label: 'Adopted', size: 'medium', cell: d => timeAgo(d.ctime) },
    { label: 'Tags and aliases', size: 'large', cell: d => [
      driftBadge(d),
      (d.aliases ?? []).map(name => badge(name, 'busy')),
      (d.tags ?? []).map(name => h('a.badge', { href: href('data', { project: project.id }, { tag: name }), title: `Those with the tag ${name}` }, name)),
    ] },
  ];
}

function folderOf({ uri, name }) {
  return uri.endsWith(name) ? uri.slice(0, uri.length - name.length) : uri;
}

function nothing(project, me, asked, lookInside) {
  const filtered = asked.store || asked.tag || asked.drift;
  if (asked.q && kindOf(asked.q) === 'name' && !asked.inside) {
    return emptyState('No datum has exactly this name or alias', 'Names are compared whole.', h('button.button', { type: 'button', onclick: lookInside }, 'Look inside names and URLs'));
  }
  if (asked.q && kindOf(asked.q) === 'uri') {
    return emptyState('This URL is not adopted here', 'A whole URL is looked for, such as s3://bucket/folder/file.txt. Type a part of it without s3:// to look inside URLs.',
      may(me, project, 'data_adopt') && linkButton('Adopt it', href('adopt', { project: project.id }, { url: asked.q })));
  }
  if (asked.q || filtered) return emptyState('Nothing found', 'No datum of this project has all of that.', linkButton('Show all', href('data', { project: project.id })));
  return emptyState('Nothing is adopted yet', 'A file in a bucket becomes a datum when it is adopted: with an id, aliases, tags and a trace. It stays where it is.',
    may(me, project, 'data_adopt') && linkButton('Adopt files', href('adopt', { project: project.id }), { kind: 'primary' }));
}
