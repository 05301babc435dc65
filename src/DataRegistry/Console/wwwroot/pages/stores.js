import { api } from '../api.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { timeAgo } from '../format.js';
import { field, folded, form } from '../forms.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { stateBadge } from '../states.js';
import { PLACES, connectionFields } from '../store-connection.js';
import { ACCESS, accessField, hashField } from '../store-words.js';
import { button, emptyState, openDialog, pageHeader, toast } from '../ui.js';

/** Buckets that one may adopt from. */
export async function render(context) {
  const { project, signal } = context;
  const creates = may(context.me, project, 'stores_manage');
  const list = endlessList({
    caption: 'Stores',
    noun: ['store', 'stores'],
    signal,
    load: (next, abort) => api.get(next ?? '/api/v0/stores/', { query: next ? null : { limit: 200 }, signal: abort }),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: s => h('a.strong', { href: href('store', { project: project.id, store: s.id }), title: s.name }, s.name),
      },
      { label: 'Location', wide: true, cell: s => h('code', { title: s.uri_prefix }, s.uri_prefix) },
      { label: 'Who may use it', size: 'large', cell: s => ACCESS[s.access_mode] ?? s.access_mode },
      { label: 'Adoption', size: 'medium', cell: s => stateBadge(s.allow_adopt ? 'allowed' : 'refused') },
      { label: 'Created', size: 'medium', cell: s => timeAgo(s.ctime) },
    ],
    empty: () =>
      emptyState(
        'No store yet',
        'A store is a bucket, or a part of one, and the credentials to read it with. The service never writes to it.',
        creates && button('Add a store', add, { kind: 'primary' }),
      ),
  });
  return h(
    'div',
    pageHeader('Stores', {
      lead: 'Buckets that files can be adopted from.',
      actions: creates ? [button('Add a store', add, { kind: 'primary' })] : [],
    }),
    h('div.tall', list),
  );

  async function add() {
    const made = await openDialog('Add a store', close => newStoreForm(context, close));
    if (!made) return;
    toast(`${made.name} is added. Its bucket can be listed.`);
    navigate(href('store', { project: project.id, store: made.id }));
  }
}

/** The service lists the bucket before it keeps the store: what is wrong is said here, and the form stays. */
function newStoreForm(context, close) {
  const { project, signal } = context;
  const { sign, place, pays, configuration } = connectionFields(null);
  const access = accessField('single_project', { ofProject: true });
  const owners = [
    { value: project.id, label: `The project ${project.name}` },
    ...(may(context.me, null, 'stores_manage') ? [{ value: '', label: 'No project: the whole service' }] : []),
  ];
  const owner = field({
    label: 'Belongs to',
    name: 'project',
    type: 'select',
    value: project.id,
    options: owners,
    onchange: () => access.ofProject(owner.value !== ''),
  });
  return form(
    [
      sign,
      h(
        'div.pair',
        field({
          label: 'Bucket',
          name: 'bucket',
          required: true,
          mono: true,
          autocomplete: 'off',
          hint: 'Only its name, without s3://.',
        }),
        field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', hint: 'How it is called here.' }),
      ),
      place,
      access,
      folded(
        'More settings',
        field({
          label: 'Prefix',
          name: 'prefix',
          required: false,
          mono: true,
          autocomplete: 'off',
          placeholder: EXAMPLES.prefix,
          hint: 'Only if the store is a part of the bucket. It cannot be changed later.',
        }),
        owner,
        hashField('small'),
        pays,
      ),
    ],
    {
      submit: 'Test the connection and add',
      cancel: () => close(),
      places: { ...PLACES, access_denied: 'bucket' },
      onsubmit: async values =>
        close(
          await api.post(
            '/api/v0/stores/',
            {
              name: values.name.trim(),
              project: values.project || null,
              access_mode: values.access_mode,
              hash_adopted: values.hash_adopted,
              paths: values.prefix ? { prefix: values.prefix } : {},
              configuration: { bucket: values.bucket.trim(), ...configuration(values) },
            },
            { signal },
          ),
        ),
    },
  );
}
