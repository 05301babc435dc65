import { api } from '../api.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { ACCESS, accessField, hashField } from '../store-words.js';
import { badge, button, emptyState, openDialog, pageHeader, toast } from '../ui.js';

/** Buckets that one may adopt from. */
export async function render(context) {
  const { project, signal } = context;
  const creates = may(context.me, project, 'stores_manage');
  const list = endlessList({
    caption: 'Stores', noun: ['store', 'stores'], signal,
    load: (next, abort) => api.get(next ?? '/api/v0/stores/', { query: next ? null : { limit: 200 }, signal: abort }),
    columns: [
      { label: 'Name', wide: true, cell: s => h('a.strong', { href: href('store', { project: project.id, store: s.id }), title: s.name }, s.name) },
      { label: 'Objects under', wide: true, cell: s => h('code', { title: s.uri_prefix }, s.uri_prefix) },
      { label: 'Who may use it', size: 'large', cell: s => ACCESS[s.access_mode] ?? s.access_mode },
      { label: 'Adoption', size: 'medium', cell: s => s.allow_adopt ? badge('allowed', 'ok') : badge('not allowed') },
      { label: 'Made', size: 'medium', cell: s => timeAgo(s.ctime) },
    ],
    empty: () => emptyState('No store yet', 'A store is a bucket, or a part of one, and the credentials that it is read with. Nothing is ever written to it.',
      creates && button('Add a store', add, { kind: 'primary' })),
  });
  return h('div',
    pageHeader('Stores', { lead: 'Buckets that objects can be adopted from.', actions: creates ? [button('Add a store', add, { kind: 'primary' })] : [] }),
    h('div.tall', list));

  async function add() {
    const made = await openDialog('Add a store', close => newStoreForm(context, close));
    if (!made) return;
    toast(`${made.name} is added: its bucket can be listed.`);
    navigate(href('store', { project: project.id, store: made.id }));
  }
}

/** The service lists the bucket before it keeps the store: what is wrong is said here, and the form stays. */
function newStoreForm(context, close) {
  const { project, signal } = context;
  const access = accessField('public', { ofProject: true });
  return form([
    field({ label: 'Name', name: 'name', required: true, autocomplete: 'off' }),
    h('div.pair',
      field({ label: 'Bucket', name: 'bucket', required: true, mono: true, autocomplete: 'off', hint: 'Its name alone, without s3://.' }),
      field({ label: 'Prefix', name: 'prefix', required: false, mono: true, autocomplete: 'off', placeholder: 'datasets/', hint: 'If only a part is meant; for good.' })),
    h('div.pair',
      field({ label: 'Endpoint', name: 'endpoint_url', required: false, mono: true, autocomplete: 'off', placeholder: 'https://s3.example.org', hint: 'For servers other than Amazon’s.' }),
      field({ label: 'Region', name: 'region', required: false, autocomplete: 'off', placeholder: 'eu-west-1', hint: 'As its provider names it.' })),
    h('div.pair',
      field({ label: 'Access key id', name: 'access_key_id', required: false, mono: true, autocomplete: 'off', hint: 'Without: the service’s own identity.' }),
      field({ label: 'Secret access key', name: 'secret_access_key', type: 'password', required: false, autocomplete: 'new-password', hint: 'Kept encrypted, never shown again.' })),
    h('div.pair',
      field({ label: 'Role', name: 'role_arn', required: false, mono: true, autocomplete: 'off', placeholder: 'arn:aws:iam::…:role/reader', hint: 'To be assumed with that key or identity.' }),
      field({ label: 'External id', name: 'external_id', required: false, autocomplete: 'off', hint: 'If the role asks for one.' })),
    h('div.pair',
      field({
        label: 'Belongs to', name: 'project', type: 'select', value: project.id,
        options: [{ value: project.id, label: `The project ${project.name}` }, ...may(context.me, null, 'stores_manage') ? [{ value: '', label: 'No project: the whole service' }] : []],
      }),
      access),
    hashField('small'),
  ], {
    submit: 'Test the connection and add', cancel: () => close(),
    onsubmit: async values => close(await api.post('/api/v0/stores/', {
      name: values.name.trim(), project: values.project || null, access_mode: values.access_mode, hash_adopted: values.hash_adopted,
      paths: values.prefix ? { prefix: values.prefix } : {},
      configuration: {
        bucket: values.bucket.trim(), region: values.region.trim(), endpoint_url: values.endpoint_url.trim(), access_key_id: values.access_key_id.trim(),
        secret_access_key: values.secret_access_key, role_arn: values.role_arn.trim(), external_id: values.external_id.trim(),
      },
    }, { signal })),
  });
}
