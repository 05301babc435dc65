import { api } from '../api.js';
import { aliasesOf, metadataOf, tagsOf } from '../datum/edit.js';
import { snippets } from '../datum/snippets.js';
import { traceOf } from '../datum/trace.js';
import { h } from '../dom.js';
import { driftNotice } from '../drift.js';
import { bytes, count, dateTime, timeAgo } from '../format.js';
import { may } from '../permissions.js';
import { hasRoute, href, navigate } from '../router.js';
import { badge, button, confirm, copyButton, facts, notice, pageHeader, pending, section, toast } from '../ui.js';

/** One datum: its facts, its origin and its names. Users with the permission can edit its properties. */
export async function render({ params, project, me, signal, setTitle, refresh }) {
  const at = `/api/v0/data/${encodeURIComponent(params.id)}/`;
  const datum = await api.get(at, { query: { project: project.id }, signal });
  setTitle(datum.name);
  const own = `/api/v0/data/${datum.id}/`;
  const store = datum.store ? api.get(`/api/v0/stores/${datum.store}/`, { signal }).catch(error => { if (error.status === 404) return null; throw error; }) : Promise.resolve(null);
  const trace = api.get(`${own}trace/`, { signal });
  const metadata = api.get(`${own}metadata/`, { signal });
  const context = { datum, own, project, signal, refresh, mayEdit: may(me, project, 'data_edit') && !datum.purged, mayName: may(me, project, 'aliases_edit') && !datum.purged };

  return h('div',
    pageHeader(datum.name, {
      back: { label: 'Data', href: href('data', { project: project.id }) },
      lead: h('span.mono', datum.uri),
      actions: [
        !datum.purged && button('Download', () => download(context), { kind: 'primary' }),
        copyButton(`datum://${datum.id}`, 'Copy datum://'),
      ],
    }),
    datum.purged && notice('warn', h('p', 'This datum is purged: its URL can be adopted anew, and nobody downloads it by its id. The object in the bucket was not touched.')),
    driftNotice(datum),
    h('div.columns.uneven',
      h('div.stack',
        h('div.card', section('Facts', factsOf(datum, project, store))),
        h('div.card', section('Properties', pending(metadata, m => metadataOf(context, m))))),
      h('div.stack',
        h('div.card', section('Aliases', aliasesOf(context))),
        h('div.card', section('Tags', pending(metadata, m => tagsOf(context, m)))))),
    section('Trace', pending(Promise.all([trace, store]), ([t, s]) => traceOf(t, s, datum, project))),
    !datum.purged && section('Use it elsewhere', pending(Promise.all([trace, store]), ([t, s]) => snippets(datum, t, s))),
    context.mayEdit && h('div.section', h('div.actions', button('Purge…', () => purge(context), { kind: 'danger' }))));
}

function factsOf(datum, project, store) {
  return facts([
    ['Id', h('span.id', h('code.wrap', datum.id), copyButton(datum.id, 'Copy', 'the id'))],
    ['URL', h('span.id', h('code.wrap', datum.uri), copyButton(datum.uri, 'Copy', 'the URL'))],
    ['Size', datum.size < 1000 ? bytes(datum.size) : `${bytes(datum.size)} (${count(datum.size)} bytes)`],
    ['Store', pending(store, s => s === null ? 'Deleted, or not to be seen by you' : hasRoute('store') ? h('a', { href: href('store', { project: project.id, store: s.id }) }, s.name) : s.name, ' ')],
    ['Adopted', timeAgo(datum.ctime)],
    ['File changed', datum.file_mtime && h('span', dateTime(datum.file_mtime))],
    ...['sha256', 'sha1', 'md5'].map(name => [name.toUpperCase().replace('SHA', 'SHA-'), checksum(datum, name)]),
    datum.purged && ['State', badge('purged', 'warn')],
  ].filter(Boolean));
}

/** Hashes of large objects are worked out by the queue, after somebody asks. */
function checksum(datum, name) {
  if (datum[name]) return h('span.id', h('code.wrap', datum[name]), copyButton(datum[name], 'Copy', name));
  if (name !== 'sha256') return null;
  return h('span.hint', datum.checksum_error ?? 'Not known yet. Small files are read at once, large ones later; look again in a while.');
}

/** In a tab of its own, since browsers show rather than keep what comes from another place. */
async function download({ own, datum, signal }) {
  const { url, drift } = await api.get(`${own}download/`, { signal });
  if (drift) toast('The object has changed in the bucket since. This is what was adopted.');
  h('a', { href: url, download: datum.name, target: '_blank', rel: 'noopener noreferrer' }).click();
}

async function purge({ own, datum, project, signal }) {
  const sure = await confirm('Purge this datum?', `${datum.name} can then no longer be found or downloaded by its id, and its aliases lead nowhere. The object in the bucket stays as it is, and its URL can be adopted anew.`, 'Purge', { danger: true });
  if (!sure) return;
  await api.post(`${own}purge/`, undefined, { signal, repeat: true });
  toast('Purged.');
  navigate(href('data', { project: project.id }));
}
