import { api } from '../api.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { afterTyping } from '../keys.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { button, emptyState, notice, openDialog, pageHeader, toast } from '../ui.js';
import { PHASE_NAMES, phaseBadge, phaseWord, withFields } from '../volume-words.js';

const WHICH = { UsableInProject: 'Usable in this project', Originated: 'Published from my projects' };
const ORDERS = {
  'createdAt desc': 'Newest first',
  'createdAt asc': 'Oldest first',
  'name asc': 'Name',
  'phase asc': 'Status',
  'projectName asc': 'Project',
};

/** Data volumes that the project may use, or that originate where one has a role. */
export async function render(context) {
  const { project, query, signal, setQuery } = context;
  const creates = may(context.me, project, 'data_volumes_create');
  const state = {
    which: query.get('which') in WHICH ? query.get('which') : 'UsableInProject',
    search: query.get('q') ?? '',
    phase: PHASE_NAMES.includes(query.get('phase')) ? query.get('phase') : '',
    order: query.get('order') in ORDERS ? query.get('order') : 'createdAt desc',
  };
  const list = endlessList({
    caption: 'Data volumes',
    noun: ['data volume', 'data volumes'],
    signal,
    load,
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: v =>
          h('a.strong', { href: href('volume', { project: project.id, volume: v.id }), title: v.description ?? v.name }, v.name),
      },
      { label: 'Status', size: 'large', cell: v => phaseBadge(v.status) },
      {
        label: 'Published from',
        wide: true,
        cell: v => h('span', { title: `${v.projectName}: ${v.originPvcName}` }, `${v.projectName}: `, h('code', v.originPvcName)),
      },
      { label: 'Created by', size: 'medium', cell: v => h('span', { title: v.createdBy }, v.createdBy) },
      { label: 'Created', size: 'medium', cell: v => timeAgo(v.createdAt) },
    ],
    empty: () =>
      state.search || state.phase
        ? emptyState('No such data volume', 'Nothing matches. Use fewer words, or choose any status.')
        : emptyState(
            'No data volume yet',
            'A data volume publishes a cluster’s volume (a persistent volume claim, PVC) of one project to ' +
              'others, read-only. Its files are not copied.',
            creates && button('Create a data volume', create, { kind: 'primary' }),
          ),
  });
  const filters = [
    field({
      label: 'Search',
      name: 'q',
      type: 'search',
      value: state.search,
      placeholder: 'Name, description, PVC or project',
      autocomplete: 'off',
      oninput: afterTyping(apply, signal),
    }),
    choice('Show', 'which', WHICH),
    choice('Status', 'phase', {
      '': 'Any',
      ...Object.fromEntries(PHASE_NAMES.map(p => [p, p === 'Ready' ? 'Ready, or in the catalog only' : phaseWord(p)])),
    }),
    choice('Sort by', 'order', ORDERS),
  ];
  return h(
    'div',
    pageHeader('Data volumes', {
      lead: 'Volumes of clusters, published read-only to projects.',
      actions: creates ? [button('Create a data volume', create, { kind: 'primary' })] : [],
    }),
    h('div.filters', filters),
    h('div.tall', list),
  );

  function choice(label, name, words) {
    return field({
      label,
      name,
      type: 'select',
      value: state[name],
      options: Object.entries(words).map(([value, text]) => ({ value, label: text })),
      onchange: apply,
    });
  }

  function apply() {
    const [search, which, phase, order] = filters.map(f => f.value);
    Object.assign(state, { search: search.trim(), which, phase, order });
    setQuery({
      q: state.search,
      which: which === 'UsableInProject' ? null : which,
      phase,
      order: order === 'createdAt desc' ? null : order,
    });
    list.reload();
  }

  /** Pages of this API go on by offset, and their count is asked for apart. */
  async function load(next, abort) {
    const [sortBy, sortOrder] = state.order.split(' ');
    const wanted = {
      requestType: state.which,
      usableInProjectId: state.which === 'UsableInProject' ? project.id : null,
      search: state.search,
      filterBy: state.phase && `phase==${state.phase}`,
    };
    const [page, counted] = await Promise.all([
      api.get('/api/v1/datavolumes', { query: { ...wanted, sortBy, sortOrder, limit: 200, offset: next }, signal: abort }),
      next === null ? api.get('/api/v1/datavolumes/count', { query: wanted, signal: abort }) : null,
    ]);
    return { results: page.datavolumes, next: page.next === undefined ? null : String(page.next), count: counted?.count ?? null };
  }

  async function create() {
    const cluster = await clusterOf(project, signal);
    const made = await openDialog('Create a data volume', close => newVolumeForm(context, cluster, close));
    if (!made) return;
    toast(`${made.name} is created.`);
    navigate(href('volume', { project: project.id, volume: made.id }));
  }
}

/** Null where the caller may not see it. */
async function clusterOf(project, signal) {
  try {
    return await api.get(`/api/v0/clusters/${project.cluster}/`, { signal });
  } catch (error) {
    if (error.status !== 403 && error.status !== 404) throw error;
    return null;
  }
}

/** A repeated request creates one volume: equal fields have the same key. */
function newVolumeForm({ project, signal }, cluster, close) {
  let sent = null;
  return form(
    [
      cluster?.has_agent === false &&
        notice(
          'warn',
          h(
            'p',
            `The cluster ${cluster.name} has no agent, so nothing is made in it: the data volume is listed in the catalog only.`,
          ),
        ),
      field({
        label: 'Name',
        name: 'name',
        required: true,
        autocomplete: 'off',
        hint:
          `Lower case letters, digits and hyphens, such as ${EXAMPLES.volume}. It begins with a letter, and ` +
          `no other data volume of the cluster has it.`,
      }),
      field({
        label: 'Volume claim (PVC)',
        name: 'originPvcName',
        required: true,
        mono: true,
        autocomplete: 'off',
        hint: `The name of the persistent volume claim of ${project.name} to publish.`,
      }),
      field({
        label: 'Description',
        name: 'description',
        type: 'textarea',
        rows: 3,
        required: false,
        hint: 'It helps others to find the data.',
      }),
      field({
        label: 'Delete the original volume together with the data volume',
        name: 'shouldDeleteOriginalVolume',
        type: 'checkbox',
        value: false,
        hint:
          cluster?.has_agent === false
            ? 'Without an agent nobody deletes it.'
            : 'It stays as long as the data volume does. Then the cluster’s agent deletes both, with the files.',
      }),
    ].filter(Boolean),
    {
      submit: 'Create',
      cancel: () => close(),
      onsubmit: async values => {
        const body = {
          ...values,
          name: values.name.trim(),
          originPvcName: values.originPvcName.trim(),
          description: values.description.trim() || null,
          projectId: project.id,
        };
        if (sent?.words !== JSON.stringify(body)) sent = { words: JSON.stringify(body), key: newKey() };
        close(
          await withFields(
            () => api.post('/api/v1/datavolumes', body, { headers: { 'idempotency-key': sent.key }, repeat: true, signal }),
            { taken: 'Another data volume of the cluster has this name. Choose another one.' },
          ),
        );
      },
    },
  );
}

/** Not randomUUID, which there is on https only. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('');
}
