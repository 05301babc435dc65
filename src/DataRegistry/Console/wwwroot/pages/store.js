import { api } from '../api.js';
import { h } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { may, rolesWith } from '../permissions.js';
import { href } from '../router.js';
import { stateBadge } from '../states.js';
import { lastRescan, scheduleOf } from '../store-rescans.js';
import { ACCESS, HASHES, readWith } from '../store-words.js';
import { facts, idCode, linkButton, notice, pageHeader } from '../ui.js';

/** One store: what it is, and what its last scan found. Changing it is a page of its own. */
export async function render(context) {
  const { params, project, signal, setTitle } = context;
  const store = await api.get(`/api/v0/stores/${encodeURIComponent(params.store)}/`, { signal });
  setTitle(store.name);
  const manages = !store.deleted && mayManage(store, context);
  return h(
    'div',
    pageHeader(store.name, {
      back: { label: 'Stores', href: href('stores', { project: project.id }) },
      actions: [
        linkButton('Browse its datums', href('data', { project: project.id }, { view: 'tree', store: store.id })),
        !store.deleted &&
          store.allow_adopt &&
          may(context.me, project, 'data_adopt') &&
          linkButton('Adopt from it', href('adopt', { project: project.id }, { store: store.id }), { kind: 'primary' }),
        manages && linkButton('Edit', href('storeEdit', { project: project.id, store: store.id })),
      ].filter(Boolean),
    }),
    store.deleted && notice('warn', h('p', 'This store is deleted. Nobody can adopt from it or download its datums any more.')),
    h(
      'div.columns',
      h(
        'div.card',
        facts(
          [
            ['Location', h('code', store.uri_prefix)],
            ['Endpoint', store.configuration.endpoint_url ?? 'Amazon S3'],
            ['Region', store.configuration.region],
            ['Signs in with', readWith(store.configuration)],
            store.configuration.requester_pays && ['Requests', 'The reader pays for them'],
            ['Who may use it', ACCESS[store.access_mode] ?? store.access_mode],
            ['Belongs to', belongsTo(store, project)],
            ['Adoption', adoptionOf(store, context)],
            ['Download', stateBadge(store.allow_read ? 'allowed' : 'refused')],
            ['Checksums', HASHES[store.hash_adopted] ?? store.hash_adopted],
            store.rescan && ['Rescans', scheduleOf(store.rescan)],
            ['Created', timeAgo(store.ctime)],
            ['Changed', dateTime(store.mtime)],
            ['ID', idCode(store.id)],
          ].filter(Boolean),
        ),
      ),
      lastRescan(store, { project, me: context.me, manages, signal }),
    ),
  );
}

/** Of another project's store it is not known here what one may do there: the service says it. */
export function mayManage(store, { me, project }) {
  if (!store.project) return may(me, null, 'stores_manage');
  return store.project.id !== project.id || may(me, project, 'stores_manage');
}

/** The store's own setting, and what somebody lacks who may not use it. */
function adoptionOf(store, { me, project }) {
  const state = store.deleted ? 'deleted' : store.allow_adopt ? 'allowed' : 'refused';
  const lacks = state === 'allowed' && !may(me, project, 'data_adopt');
  return [
    stateBadge(state),
    lacks && h('span.hint', ` To adopt, you need one of these roles in this project: ${rolesWith('data_adopt').join(', ')}.`),
  ];
}

function belongsTo(store, project) {
  if (!store.project) return 'No project: the whole service';
  return store.project.id === project.id ? project.name : idCode(store.project.id);
}
