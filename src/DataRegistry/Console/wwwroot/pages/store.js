import { api } from '../api.js';
import { h } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { lastRescan, rescanPolicy } from '../store-rescans.js';
import { ACCESS, HASHES, accessField, hashField } from '../store-words.js';
import { badge, button, confirm, facts, idCode, linkButton, pageHeader, section, toast } from '../ui.js';

/** One store, and its editable fields for a manager. Its bucket and prefix stay: datums name them. */
export async function render(context) {
  const { params, project, signal, setTitle, refresh } = context;
  const at = `/api/v0/stores/${encodeURIComponent(params.store)}/`;
  const store = await api.get(at, { signal });
  setTitle(store.name);
  const manages = !store.project ? may(context.me, null, 'stores_manage') : store.project.id !== project.id || may(context.me, project, 'stores_manage');
  return h('div',
    pageHeader(store.name, {
      back: { label: 'Stores', href: href('stores', { project: project.id }) },
      actions: store.deleted ? [] : [store.allow_adopt && may(context.me, project, 'data_adopt') && linkButton('Adopt from it', href('adopt', { project: project.id }, { store: store.id }))].filter(Boolean),
    }),
    h('div.columns',
      h('div.stack', h('div.card', facts([
        ['Objects under', h('code', store.uri_prefix)],
        ['Region', store.configuration.region],
        ['Endpoint', store.configuration.endpoint_url ?? 'Amazon S3'],
        ['Read with', readWith(store.configuration)],
        ['Who may use it', ACCESS[store.access_mode] ?? store.access_mode],
        ['Belongs to', belongsTo(store, project)],
        ['Adoption', store.deleted ? badge('deleted', 'bad') : store.allow_adopt ? badge('allowed', 'ok') : badge('not allowed')],
        ['Download', store.allow_read ? badge('allowed', 'ok') : badge('not allowed')],
        ['Checksums', HASHES[store.hash_adopted] ?? store.hash_adopted],
        ['Made', timeAgo(store.ctime)],
        ['Changed', dateTime(store.mtime)],
        ['Id', idCode(store.id)],
      ])), lastRescan(store, { project, manages: manages && !store.deleted, signal })),
      manages && !store.deleted && h('div.stack', policies(), rescanPolicy(store, change), credentials())),
    manages && !store.deleted && section('Delete', h('p.hint', 'The bucket is not touched. Datums of the store stay, and cannot be downloaded any more.'), h('p', button('Delete the store', remove, { kind: 'danger' }))));

  function policies() {
    return h('div.card', section('Policies', form([
      field({ label: 'Name', name: 'name', required: true, value: store.name, autocomplete: 'off' }),
      accessField(store.access_mode, { ofProject: store.project !== null }),
      field({ label: 'Objects may be adopted', name: 'allow_adopt', type: 'checkbox', value: store.allow_adopt }),
      field({ label: 'Datums may be downloaded', name: 'allow_read', type: 'checkbox', value: store.allow_read }),
      hashField(store.hash_adopted),
    ], { submit: 'Save the policies', kind: '', onsubmit: values => change({ ...values, name: values.name.trim() }, 'The policies are saved.') })));
  }

  function credentials() {
    const { region, endpoint_url, access_key_id, role_arn, external_id } = store.configuration;
    const text = (label, name, value, more) => field({ label, name, value: value ?? '', required: false, autocomplete: 'off', ...more });
    return h('div.card', section('Connection', form([
      h('div.pair', text('Endpoint', 'endpoint_url', endpoint_url, { mono: true }), text('Region', 'region', region)),
      text('Access key id', 'access_key_id', access_key_id, { mono: true }),
      text('Secret access key', 'secret_access_key', '', { type: 'password', autocomplete: 'new-password', hint: access_key_id ? 'Empty: it stays as it is, as long as key, endpoint and role do.' : null }),
      h('div.pair', text('Role', 'role_arn', role_arn, { mono: true }), text('External id', 'external_id', external_id)),
    ], {
      submit: 'Test the connection and save', kind: '',
      onsubmit: values => change({ configuration: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name === 'secret_access_key' ? value : value.trim()])) }, 'The bucket can be listed. The connection is saved.'),
    })));
  }

  async function change(body, said) {
    await api.patch(at, body, { signal });
    toast(said);
    refresh();
  }

  async function remove() {
    if (!await confirm(`Delete ${store.name}?`, 'Nobody can adopt from it any more. Its bucket and the objects in it are not touched.', 'Delete', { danger: true })) return;
    try {
      await api.delete(at, { signal });
    } catch (error) {
      if (error.status !== 409) throw error;
      if (!await confirm(`Datums refer to ${store.name}`, 'If it is deleted they stay, with all that is known of them, but can never be downloaded or rescanned again.', 'Delete all the same', { danger: true })) return;
      await api.delete(at, { query: { force: true }, signal });
    }
    toast(`${store.name} is deleted.`);
    navigate(href('stores', { project: project.id }));
  }
}

function readWith({ access_key_id, role_arn }) {
  if (role_arn) return h('span', 'the role ', h('code', role_arn));
  return access_key_id ? h('span', 'the access key ', h('code', access_key_id)) : 'the service’s own identity';
}

function belongsTo(store, project) {
  if (!store.project) return 'no project: the whole service';
  return store.project.id === project.id ? project.name : idCode(store.project.id);
}
