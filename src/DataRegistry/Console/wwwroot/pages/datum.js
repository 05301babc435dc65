import { ApiProblem, api } from '../api.js';
import { downloading } from '../datum/download.js';
import { aliasesOf, metadataOf, tagsOf } from '../datum/edit.js';
import { previewOf } from '../datum/preview.js';
import { snippets } from '../datum/snippets.js';
import { traceOf } from '../datum/trace.js';
import { h } from '../dom.js';
import { driftNotice, driftOf } from '../drift.js';
import { bytes, count, dateTime, timeAgo } from '../format.js';
import { may } from '../permissions.js';
import { hasRoute, href, navigate, wayBack } from '../router.js';
import { stateBadge } from '../states.js';
import { button, confirm, copyButton, facts, linkButton, notice, pageHeader, pending, section, toast } from '../ui.js';
import { inConsoleWords } from '../words.js';

const STORAGE = {
  STANDARD: 'Standard',
  GLACIER: 'Glacier (archived)',
  DEEP_ARCHIVE: 'Glacier Deep Archive (archived)',
  GLACIER_IR: 'Glacier Instant Retrieval',
  STANDARD_IA: 'Standard, infrequent access',
  ONEZONE_IA: 'One zone, infrequent access',
  INTELLIGENT_TIERING: 'Intelligent tiering',
  REDUCED_REDUNDANCY: 'Reduced redundancy',
};

/** One datum: its facts, its origin and its names. Users with the permission can edit its properties. */
export async function render({ params, project, me, signal, setTitle, refresh }) {
  const at = `/api/v0/data/${encodeURIComponent(params.id)}/`;
  const datum = await api.get(at, { query: { project: project.id }, signal });
  setTitle(datum.name);
  const own = `/api/v0/data/${datum.id}/`;
  const store = datum.store
    ? api.get(`/api/v0/stores/${datum.store}/`, { signal }).catch(error => {
        if (error.status === 404) return null;
        throw error;
      })
    : Promise.resolve(null);
  const trace = api.get(`${own}trace/`, { signal });
  const metadata = api.get(`${own}metadata/`, { signal });
  const context = {
    datum,
    own,
    project,
    signal,
    refresh,
    mayEdit: may(me, project, 'data_edit') && !datum.purged,
    mayName: may(me, project, 'aliases_edit') && !datum.purged,
  };

  const fetching = downloading(context, store, trace);
  const tracks = !datum.purged && datum.store !== null && may(me, project, 'data_adopt');
  const track = () => tracks && button('Track the new version', () => adoptChanged(context), { kind: 'primary' });
  const header = pageHeader(datum.name, {
    back: wayBack('data', project),
    lead: h('span.mono', datum.uri),
    actions: [
      !datum.purged && fetching.button,
      !datum.purged && datum.store && linkButton('Show its folder', folderOf(datum, project)),
      copyButton(`datum://${datum.id}`, 'Copy datum://'),
    ].filter(Boolean),
  });
  if (!datum.purged) header.append(fetching.reason);
  return h(
    'div',
    header,
    datum.purged &&
      notice(
        'warn',
        h(
          'p',
          'This datum is purged: nobody can download it any more, and its URL can be adopted again. The file in ' +
            'the bucket was not touched.',
        ),
      ),
    !datum.purged && driftOf(datum) === 'changed'
      ? h(
          'div.notice-place',
          pending(trace, t => changedNotice(datum, t, project, track()), ' '),
        )
      : !datum.purged && driftNotice(datum),
    h(
      'div.columns.uneven',
      h(
        'div.stack',
        h('div.card', section('Facts', factsOf(datum, project, store))),
        !datum.purged &&
          h('div.card', section('Preview', previewOf({ ...context, fetching }, driftOf(datum) === 'changed' ? null : track()))),
        h(
          'div.card',
          section(
            'Properties',
            pending(metadata, m => metadataOf(context, m)),
          ),
        ),
      ),
      h(
        'div.stack',
        h('div.card', section('Aliases', aliasesOf(context))),
        h(
          'div.card',
          section(
            'Tags',
            pending(metadata, m => tagsOf(context, m)),
          ),
        ),
      ),
    ),
    section(
      'Trace',
      pending(Promise.all([trace, store]), ([t, s]) => traceOf(t, s, datum, project)),
    ),
    !datum.purged &&
      section(
        'Use it elsewhere',
        pending(Promise.all([trace, store]), ([t, s]) => snippets(datum, t, s)),
      ),
    context.mayEdit &&
      h(
        'div.section',
        h(
          'div.actions',
          button('Purge…', () => purge(context), { kind: 'danger' }),
        ),
      ),
  );
}

function folderOf({ store, uri }, project) {
  const [, key] = /^s3:\/\/[^/]+\/(.*)$/s.exec(uri);
  return href('data', { project: project.id }, { view: 'tree', store, prefix: key.slice(0, key.lastIndexOf('/') + 1) });
}

/** A later datum tracks a changed object, or can do so. */
function changedNotice(datum, trace, project, track) {
  const later = trace.later.find(d => !d.purged);
  return driftNotice(
    datum,
    later ? linkButton('Show the new datum', href('datum', { project: project.id, id: later.id })) : track,
  );
}

/** The file as it is now becomes a datum in this one's place. Aliases stay where they are. */
async function adoptChanged({ datum, project, signal }) {
  const answer = await api
    .post(
      `/api/v0/stores/${datum.store}/adopt/`,
      { urls: [datum.uri], project: project.id, adopt_changed: true },
      { signal, repeat: true },
    )
    .catch(error => {
      if (error.status === 400 && Array.isArray(error.body?.errors) && 'existing' in error.body) return error.body;
      throw error;
    });
  if (answer.errors.length > 0) throw new ApiProblem(inConsoleWords(answer.errors[0].message));
  const id = answer.created[datum.uri] ?? answer.existing[datum.uri];
  if (!id || id === datum.id) throw new ApiProblem('The file is as it was adopted: there is nothing to adopt anew.');
  toast(
    datum.aliases.length > 0
      ? 'This is the new datum. The aliases of the old one still point to the old one.'
      : 'This is the new datum.',
  );
  navigate(href('datum', { project: project.id, id }));
}

function factsOf(datum, project, store) {
  return facts(
    [
      ['ID', h('span.id', h('code.wrap', datum.id), copyButton(datum.id, 'Copy', 'the id'))],
      ['URL', h('span.id', h('code.wrap', datum.uri), copyButton(datum.uri, 'Copy', 'the URL'))],
      ['Size', datum.size < 1000 ? bytes(datum.size) : `${bytes(datum.size)} (${count(datum.size)} bytes)`],
      datum.storage_class && ['Storage class', STORAGE[datum.storage_class] ?? datum.storage_class],
      datum.purged ? ['State', stateBadge('purged')] : ['Drift', driftWords(datum)],
      [
        'Store',
        pending(
          store,
          s =>
            s === null
              ? 'Deleted, or not visible to you'
              : hasRoute('store')
                ? h('a', { href: href('store', { project: project.id, store: s.id }) }, s.name)
                : s.name,
          ' ',
        ),
      ],
      ['Adopted', timeAgo(datum.ctime)],
      ['Last modified', datum.file_mtime && h('span', dateTime(datum.file_mtime))],
      ...['sha256', 'sha1', 'md5'].map(name => [name.toUpperCase().replace('SHA', 'SHA-'), checksum(datum, name)]),
    ].filter(Boolean),
  );
}

function driftWords(datum) {
  const state = driftOf(datum) ?? 'unknown';
  return state === 'unknown'
    ? [stateBadge(state), h('span.hint', ' No rescan has compared it with the bucket yet.')]
    : stateBadge(state);
}

/** The page's own request for the datum has asked for the hashes, but not waited for them. */
function checksum(datum, name) {
  if (datum[name]) return h('span.id', h('code.wrap', datum[name]), copyButton(datum[name], 'Copy', name));
  if (name !== 'sha256' || datum.purged) return null;
  return h(
    'span.hint',
    datum.checksum_error ?? 'Not known yet. The service computes it now, because you opened the datum. Look again in a while.',
  );
}

async function purge({ own, datum, project, signal }) {
  const sure = await confirm(
    'Purge this datum?',
    `Nobody can download ${datum.name} any more, and programs that read it by an alias fail. Dataset versions still list it, but ` +
      'cannot be downloaded whole. This cannot be undone. The file in the bucket stays, and its URL can be adopted again as a new ' +
      'datum with a new ID.',
    'Purge',
    { danger: true },
  );
  if (!sure) return;
  await api.post(`${own}purge/`, undefined, { signal, repeat: true });
  toast('Purged.');
  navigate(href('data', { project: project.id }));
}
