import { adminPage, loadUnits, mayAt } from '../admin/frame.js';
import { holders, operatorWords } from '../admin/roles.js';
import { api } from '../api.js';
import { h } from '../dom.js';
import { field, form } from '../forms.js';
import { may } from '../permissions.js';
import { needing } from '../rights.js';
import { href, navigate } from '../router.js';
import { badge, button, idCode, openDialog, section, table, toast } from '../ui.js';

/** Departments hold projects, clusters hold departments. */
export async function render({ me, signal }) {
  const units = await loadUnits(signal);
  const { cluster, department } = units;
  const whole =
    may(me, null, 'roles_manage') &&
    holders({ me, type: 'system', unit: { id: null, name: 'the whole service' }, units, signal });
  const open = [...cluster.values()].filter(c => mayAt(me, 'cluster', c, 'organization_manage'));
  const actions = [
    open.length > 0 && button('Create a department', createDepartment, { kind: 'primary' }),
    may(me, null, 'organization_manage') && button('Create a cluster', createCluster),
  ].filter(Boolean);
  return adminPage(me, 'adminUnits', {
    lead: 'A project lies in a department, a department in a cluster. A role counts where it is given, and in all that lies there.',
    actions,
    content: () =>
      h(
        'div',
        section(
          'Departments',
          table(
            'Departments',
            [
              { label: 'Name', wide: true, cell: d => link('departments', d) },
              { label: 'Cluster', wide: true, cell: d => cluster.get(d.cluster)?.name ?? h('code', d.cluster) },
              { label: 'ID', cell: d => idCode(d.id) },
            ],
            [...department.values()],
            { empty: h('p.hint', 'You have no role for a whole department.') },
          ),
        ),
        section(
          'Clusters',
          table(
            'Clusters',
            [
              { label: 'Name', wide: true, cell: c => link('clusters', c) },
              { label: 'Data volumes', cell: c => (c.has_agent ? badge('An agent works in it', 'ok') : badge('Catalog only')) },
              { label: 'ID', cell: c => idCode(c.id) },
            ],
            [...cluster.values()],
            { empty: h('p.hint', 'You have no role for a whole cluster.') },
          ),
        ),
        whole &&
          section(
            'The whole service',
            h('p.hint', 'These roles count everywhere.', operatorWords(me)),
            h(
              'p',
              button('Give a role', () => whole.give()),
            ),
            h('div.tall', whole),
          ),
      ),
  });

  function link(kind, unit) {
    return h('a.strong', { href: href('adminUnit', { kind, unit: unit.id }) }, unit.name);
  }

  function createDepartment() {
    return create('departments', 'Create a department', [
      field({
        label: 'Cluster',
        name: 'cluster',
        type: 'select',
        options: open.map(c => ({ value: c.id, label: c.name })),
        hint: 'It stays there.',
      }),
    ]);
  }

  function createCluster() {
    return create('clusters', 'Create a cluster', []);
  }

  async function create(kind, title, more) {
    const made = await openDialog(title, close =>
      form([field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', maxlength: 100 }), ...more], {
        submit: 'Create',
        cancel: () => close(),
        onsubmit: async values =>
          close(
            await needing(
              'organization_manage',
              api.post(`/api/v0/${kind}/`, { ...values, name: values.name.trim() }, { signal }),
            ),
          ),
      }),
    );
    if (!made) return;
    toast(`${made.name} is created.`);
    navigate(href('adminUnit', { kind, unit: made.id }));
  }
}
