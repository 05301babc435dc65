import { holders, offered, operatorWords } from '../admin/roles.js';
import { loadUnits, mayAt } from '../admin/frame.js';
import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { field, form } from '../forms.js';
import { may } from '../permissions.js';
import { missing, needing } from '../rights.js';
import { href, navigate } from '../router.js';
import { badge, button, confirm, facts, idCode, linkButton, pageHeader, problem, section, toast } from '../ui.js';

const TYPES = { projects: 'project', departments: 'department', clusters: 'cluster' };

/** The unit that is always there cannot be deleted: the service says so. */
const STAYS = {
  project: 'Delete its datums, stores and datasets first. Its audit trail stays readable.',
  department: 'Its projects have to go first.',
  cluster: 'Its departments have to go first.',
};

/** A project, a department or a cluster: its name, who has a role there, and its end. */
export async function render({ params, me, signal, setTitle, refresh }) {
  const type = TYPES[params.kind] ?? 'project';
  const at = `/api/v0/${type}s/${encodeURIComponent(params.unit)}/`;
  const [unit, units] = await Promise.all([api.get(at, { signal }), loadUnits(signal)]);
  setTitle(unit.name);
  const right = type === 'project' ? 'projects_manage' : 'organization_manage';
  const manages = mayAt(me, type, unit, right);
  // A unit is deleted by those who manage what it lies in.
  const deletes = type === 'project' ? manages : may(me, type === 'cluster' ? null : { cluster: unit.cluster }, right);
  const seesRoles = mayAt(me, type, unit, 'roles_manage');
  const list = seesRoles && holders({ me, type, unit, units, signal });
  const wrong = h('div');
  return h(
    'div',
    pageHeader(unit.name, {
      back:
        type === 'project'
          ? { label: 'Projects', href: href('adminProjects') }
          : { label: 'Departments and clusters', href: href('adminUnits') },
      lead: unit.description,
      actions: [
        type === 'project' && linkButton('Go to its data', href('data', { project: unit.id })),
        type === 'project' &&
          mayAt(me, type, unit, 'audit_read') &&
          linkButton('Audit trail', href('adminAudit', {}, { project: unit.id })),
      ].filter(Boolean),
    }),
    h(
      'div.columns',
      h(
        'div.card',
        facts(
          [
            ['Kind', type],
            type === 'project' && ['Department', unitLink('department', unit.department, unit.owner.username)],
            type !== 'cluster' && ['Cluster', unitLink('cluster', unit.cluster)],
            type === 'cluster' && ['Data volumes', unit.has_agent ? badge('An agent works in it', 'ok') : badge('Catalog only')],
            ['ID', idCode(unit.id)],
          ].filter(Boolean),
        ),
      ),
      manages && h('div.card', names()),
    ),
    section(
      'Who has a role here',
      seesRoles
        ? [
            h(
              'p.hint',
              type === 'cluster'
                ? 'Also roles for the whole service count here.'
                : `Also roles for ${type === 'project' ? 'its department, ' : ''}its cluster or the whole service count here.`,
              operatorWords(me),
            ),
            offered(me, type, unit).length > 0 &&
              h(
                'p',
                button('Give a role', () => list.give(), { kind: 'primary' }),
              ),
            h('div.tall', list),
          ]
        : h('p.hint', missing('roles_manage')),
    ),
    deletes &&
      section(
        `Delete the ${type}`,
        h('p.hint', STAYS[type]),
        h('p', button(`Delete the ${type}`, remove, { kind: 'danger' })),
        wrong,
      ),
  );

  function unitLink(kind, id, name) {
    const known = units[kind].get(id);
    return known ? h('a', { href: href('adminUnit', { kind: `${kind}s`, unit: id }) }, known.name) : name || h('code', id);
  }

  function names() {
    return h(
      'div',
      form(
        [
          field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', maxlength: 100, value: unit.name }),
          type === 'project' &&
            field({
              label: 'Description',
              name: 'description',
              required: false,
              autocomplete: 'off',
              maxlength: 1000,
              value: unit.description,
            }),
        ].filter(Boolean),
        {
          submit: 'Save',
          kind: '',
          onsubmit: async values => {
            await needing(right, api.patch(at, { ...values, name: values.name.trim() }, { repeat: true, signal }));
            toast('It is saved.');
            refresh();
          },
        },
      ),
      type === 'cluster' &&
        section(
          'Agent',
          h('p.hint', 'An agent publishes the cluster’s data volumes. Without one they are only listed.'),
          h('p', button(unit.has_agent ? 'Mark as having no agent' : 'Mark as having an agent', agent)),
        ),
    );
  }

  async function agent() {
    await needing(right, api.request(unit.has_agent ? 'DELETE' : 'PUT', `${at}agent/`, { repeat: true, signal }));
    toast(unit.has_agent ? 'Marked as having no agent.' : 'Marked as having an agent.');
    refresh();
  }

  /** The service says which contents stand in the way. */
  async function remove() {
    replace(wrong);
    if (!(await confirm(`Delete ${unit.name}?`, `${STAYS[type]} This cannot be undone.`, 'Delete', { danger: true }))) return;
    try {
      await needing(right, api.delete(at, { signal }));
    } catch (error) {
      if (error?.status !== 409) throw error;
      replace(wrong, h('div.section', problem(error), type === 'project' && h('p', 'Look at ', contents())));
      return;
    }
    toast(`${unit.name} is deleted.`);
    navigate(href(type === 'project' ? 'adminProjects' : 'adminUnits'));
  }

  function contents() {
    const places = [
      ['data', 'its data'],
      ['jobs', 'its jobs'],
      ['stores', 'its stores'],
      ['datasets', 'its datasets'],
      ['volumes', 'its data volumes'],
    ];
    return places.map(([route, label], i) => [i > 0 && ', ', h('a', { href: href(route, { project: unit.id }) }, label)]);
  }
}
