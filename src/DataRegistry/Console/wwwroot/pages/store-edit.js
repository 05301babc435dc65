import { ApiProblem, api } from '../api.js';
import { h } from '../dom.js';
import { field, form } from '../forms.js';
import { href, navigate } from '../router.js';
import { PLACES, connectionFields } from '../store-connection.js';
import { rescanPolicy } from '../store-rescans.js';
import { accessField, hashField } from '../store-words.js';
import { button, confirm, pageHeader, section, toast } from '../ui.js';
import { mayManage } from './store.js';

/** The editable fields of a store. Its bucket and prefix stay, because datums name them. */
export async function render(context) {
  const { params, project, signal, setTitle } = context;
  const at = `/api/v0/stores/${encodeURIComponent(params.store)}/`;
  const store = await api.get(at, { signal });
  if (store.deleted) throw new ApiProblem('The store is deleted.', { status: 404 });
  if (!mayManage(store, context))
    throw new ApiProblem('To edit a store, you need a role that manages stores: department_admin or system_admin.', { status: 403 });
  setTitle(`Edit ${store.name}`);
  const view = href('store', { project: project.id, store: store.id });
  return h(
    'div',
    pageHeader(`Edit ${store.name}`, {
      back: { label: store.name, href: view },
      lead: h('span', 'It stays at ', h('code', store.uri_prefix), ': datums name it.'),
    }),
    h(
      'div.columns',
      h('div.stack', policies(), rescanPolicy(store, change)),
      h(
        'div.stack',
        connection(),
        h(
          'div.card',
          section(
            'Delete',
            h('p.hint', 'The bucket and its files stay. Nobody can adopt from the store or download its datums any more.'),
            h('p', button('Delete the store', remove, { kind: 'danger' })),
          ),
        ),
      ),
    ),
  );

  function policies() {
    return h(
      'div.card',
      section(
        'Name and access',
        form(
          [
            field({ label: 'Name', name: 'name', required: true, value: store.name, autocomplete: 'off' }),
            accessField(store.access_mode, { ofProject: store.project !== null }),
            field({ label: 'Files may be adopted', name: 'allow_adopt', type: 'checkbox', value: store.allow_adopt }),
            field({ label: 'Datums may be downloaded', name: 'allow_read', type: 'checkbox', value: store.allow_read }),
            hashField(store.hash_adopted),
          ],
          {
            submit: 'Save name and access',
            kind: '',
            onsubmit: values => change({ ...values, name: values.name.trim() }, 'Name and access are saved.'),
          },
        ),
      ),
    );
  }

  function connection() {
    const { sign, place, pays, configuration } = connectionFields(store.configuration);
    return h(
      'div.card',
      section(
        'Connection',
        form([sign, place, pays], {
          submit: 'Test the connection and save',
          kind: '',
          places: PLACES,
          onsubmit: values =>
            change({ configuration: configuration(values) }, 'The bucket can be listed. The connection is saved.'),
        }),
      ),
    );
  }

  async function change(body, said) {
    await api.patch(at, body, { signal });
    toast(said);
    navigate(view);
  }

  async function remove() {
    if (
      !(await confirm(
        `Delete ${store.name}?`,
        'Nobody can adopt from it or download its datums any more. This cannot be undone. The bucket and its files stay.',
        'Delete',
        { danger: true },
      ))
    )
      return;
    try {
      await api.delete(at, { signal });
    } catch (error) {
      if (error.status !== 409) throw error;
      if (
        !(await confirm(
          `Datums refer to ${store.name}`,
          'If you delete it, they stay with all that is known of them, but they can never be downloaded or rescanned again.',
          'Delete all the same',
          { danger: true },
        ))
      )
        return;
      await api.delete(at, { query: { force: true }, signal });
    }
    toast(`${store.name} is deleted.`);
    navigate(href('stores', { project: project.id }));
  }
}
