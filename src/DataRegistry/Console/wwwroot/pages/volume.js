import { api, pause } from '../api.js';
import { h, replace } from '../dom.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { badge, button, confirm, facts, idCode, pageHeader, section, table, toast } from '../ui.js';
import { isCatalogOnly, isPassing, phaseBadge, withFields } from '../volume-words.js';

/** How often a volume in a passing phase is looked at, in milliseconds. */
const LOOK = 3000;

const SCOPES = { project: 'Project', department: 'Department', cluster: 'Cluster' };

/** One data volume: its phase and why, whom it is shared with, its description. */
export async function render(context) {
  const { params, project, signal, setTitle } = context;
  const at = `/api/v1/datavolumes/${encodeURIComponent(params.volume)}`;
  let volume = await api.get(at, { signal });
  setTitle(volume.name);
  // Of another project's volume it is not known what one may do there: the service says it.
  const here = volume.projectId === project.id;
  const mayDo = permission => !here || may(context.me, project, permission);
  const state = h('div.card.state');
  const sharing = h('div');
  const units = volume.sharedScopes ? await scopesOf(volume.clusterId, signal) : {};
  showState();
  showSharing(volume.sharedScopes);
  follow().catch(error => {
    if (error?.name !== 'AbortError') throw error;
  });
  return h(
    'div',
    pageHeader(volume.name, {
      back: { label: 'Data volumes', href: href('volumes', { project: project.id }) },
      lead: volume.description,
    }),
    h(
      'div.columns',
      state,
      h(
        'div.card',
        facts([
          ['Published from', volume.projectName],
          ['Volume claim (PVC)', h('code', volume.originPvcName)],
          ['Published as', volume.status.datavolumePvcName && h('code', volume.status.datavolumePvcName)],
          ['Original volume', deletesOriginal() ? 'Deleted together with the data volume' : 'Kept'],
          ['Created', h('span', timeAgo(volume.createdAt), ` by ${volume.createdBy}`)],
          ['Changed', h('span', timeAgo(volume.updatedAt), ` by ${volume.updatedBy}`)],
          ['ID', idCode(volume.id)],
        ]),
      ),
    ),
    sharing,
    mayDo('data_volumes_update') && section('Description', h('div.card', description())),
    mayDo('data_volumes_delete') &&
      section(
        'Delete',
        h(
          'p.hint',
          deletesOriginal() ? 'The original volume is deleted with it. ' : 'The volume claim that it was published from stays. ',
          'A data volume that a workload uses cannot be deleted.',
        ),
        h('p', button('Delete the data volume', remove, { kind: 'danger' })),
      ),
  );

  /** Only a cluster's agent deletes anything. */
  function deletesOriginal() {
    return volume.shouldDeleteOriginalVolume && !isCatalogOnly(volume.status);
  }

  function showState() {
    const { phaseMessage, conditions = [] } = volume.status;
    // A message stands once: what the longer one says is not said before it, too.
    const told = isCatalogOnly(volume.status)
      ? (conditions.find(c => c.type === 'CatalogOnly').message ?? phaseMessage)
      : phaseMessage;
    const others = conditions.filter(c => c.type !== 'CatalogOnly');
    replace(
      state,
      h('h2', 'Status ', phaseBadge(volume.status)),
      told && h('p', { role: 'status' }, told),
      isCatalogOnly(volume.status) && remedy(),
      others.length > 0 &&
        table(
          'Conditions',
          [
            { label: 'Condition', cell: c => c.type ?? '–' },
            { label: 'Is', cell: c => badge({ True: 'true', False: 'false' }[c.status] ?? 'unknown', 'plain') },
            {
              label: 'Why',
              wide: true,
              cell: c => [c.reason && h('code', c.reason), c.message && c.message !== told && [c.reason && ': ', c.message]],
            },
            { label: 'Since', cell: c => timeAgo(c.lastTransitionTime) },
          ],
          others,
        ),
    );
  }

  /** The cluster's page has the button, for those who manage the cluster. */
  function remedy() {
    const page = h('a', { href: href('adminUnit', { kind: 'clusters', unit: volume.clusterId }) }, 'page of the cluster');
    return may(context.me, { cluster: volume.clusterId }, 'organization_manage')
      ? h('p', 'Once the agent runs, choose “Mark as having an agent” on the ', page, '.')
      : h('p', 'Ask somebody who manages the cluster. They do it on the ', page, '.');
  }

  /** A phase that passes is looked at until it has; one that is gone by then was deleted. */
  async function follow() {
    while (isPassing(volume.status.phase)) {
      await pause(LOOK, signal);
      try {
        const now = await api.get(at, { signal });
        const passed = now.status.phase !== volume.status.phase;
        volume = { ...volume, status: now.status };
        if (passed) showState();
      } catch (error) {
        if (error.status !== 404) throw error;
        toast(`${volume.name} is deleted.`);
        navigate(href('volumes', { project: project.id }));
        return;
      }
    }
  }

  function showSharing(scopes) {
    if (!scopes) return;
    const at_ = `${at}/sharedScopes`;
    const left = Object.entries(units).flatMap(([type, all]) =>
      all
        .filter(u => u.id !== volume.projectId && !scopes.some(s => s.scopeType === type && s.scopeId === u.id))
        .map(u => ({ value: `${type} ${u.id}`, label: `${SCOPES[type]}: ${u.name}` })),
    );
    const change = async (body, said) => {
      showSharing(await withFields(() => api.patch(at_, body, { repeat: true, signal })));
      toast(said);
    };
    replace(
      sharing,
      section(
        'Shared with',
        table(
          'Shared with',
          [
            { label: 'Scope', cell: s => SCOPES[s.scopeType] ?? s.scopeType },
            { label: 'Name', wide: true, cell: s => s.scopeName },
            { label: 'Since', cell: s => timeAgo(s.createdAt) },
            { label: 'By', cell: s => s.createdBy },
            {
              label: 'Change',
              cell: s =>
                button(
                  'Remove',
                  () =>
                    change({ remove: [{ scopeType: s.scopeType, scopeId: s.scopeId }] }, `No longer shared with ${s.scopeName}.`),
                  { kind: 'quiet', 'aria-label': `Remove ${s.scopeName}` },
                ),
            },
          ],
          scopes,
          { empty: h('p', `Not shared. Only ${volume.projectName} may use it.`) },
        ),
        left.length > 0 &&
          h(
            'div.card',
            form(
              [
                field({
                  label: 'Share it with',
                  name: 'scope',
                  type: 'select',
                  required: true,
                  value: '',
                  options: [{ value: '', label: 'Choose a project, a department or the cluster' }, ...left],
                }),
              ],
              {
                submit: 'Share',
                kind: '',
                onsubmit: async ({ scope }) => {
                  const [scopeType, scopeId] = scope.split(' ');
                  await change({ add: [{ scopeType, scopeId }] }, `Shared with ${left.find(l => l.value === scope).label}.`);
                },
              },
            ),
          ),
      ),
    );
  }

  function description() {
    return form(
      [
        field({
          label: 'What the volume contains',
          name: 'description',
          type: 'textarea',
          rows: 3,
          value: volume.description ?? '',
        }),
      ],
      {
        submit: 'Save',
        kind: '',
        onsubmit: async values => {
          await withFields(() => api.patch(at, { description: values.description.trim() }, { repeat: true, signal }));
          toast('The description is saved.');
          context.refresh();
        },
      },
    );
  }

  async function remove() {
    if (
      !(await confirm(
        `Delete ${volume.name}?`,
        'Workloads of all projects that it is shared with lose access to it. ' +
          (deletesOriginal() ? 'The original volume is deleted, too, with its files. ' : '') +
          'Its name becomes free. This cannot be undone.',
        'Delete',
        { danger: true },
      ))
    )
      return;
    await api.delete(at, { signal });
    // Without an agent it is gone; with one it stays until the agent has deleted it.
    const gone = isCatalogOnly(volume.status);
    toast(gone ? `${volume.name} is deleted.` : `The agent of the cluster deletes ${volume.name}.`);
    if (gone) navigate(href('volumes', { project: project.id }));
    else context.refresh();
  }
}

/** The scopes to share it with: visible units of its cluster. */
async function scopesOf(clusterId, signal) {
  const query = { filterBy: `clusterId==${clusterId}`, limit: 500, sortBy: 'name' };
  const [projects, departments, clusters] = await Promise.all([
    api.get('/api/v1/org-unit/projects', { query, signal }),
    api.get('/api/v1/org-unit/departments', { query, signal }),
    api.get('/api/v1/clusters', { signal }),
  ]);
  return {
    cluster: clusters.filter(c => c.uuid === clusterId).map(c => ({ id: c.uuid, name: c.name })),
    department: departments.departments,
    project: projects.projects,
  };
}
