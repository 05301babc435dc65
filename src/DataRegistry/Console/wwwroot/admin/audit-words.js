// Events of the audit trail in words, and where they lead.

import { h } from '../dom.js';
import { href } from '../router.js';
import { tail } from '../ui.js';

const KINDS = [
  'adoption',
  'alias',
  'cluster',
  'data',
  'dataset',
  'dataset_version',
  'dataset_version_alias',
  'datavolume',
  'department',
  'metadata',
  'project',
  'rescan',
  'role',
  'selection',
  'store',
  'token',
  'user',
];

const NOUNS = {
  data: 'datum',
  dataset_version: 'dataset version',
  dataset_version_alias: 'alias of a dataset version',
  datavolume: 'data volume',
};

function nounOf(kind) {
  return NOUNS[kind] ?? kind;
}

/** The kinds of things to filter by, in the words of the list. */
export const KIND_WORDS = KINDS.map(nounOf);

/** 'datavolume.deletion_requested' → 'data volume: deletion requested' */
export function actionWords(event) {
  return `${nounOf(event.kind)}: ${event.action.slice(event.kind.length + 1).replaceAll('_', ' ')}`;
}

/** 'data volume: deletion requested' → 'datavolume.deletion_requested'; 'data volume' → 'datavolume'. The service's own spelling stays. */
export function actionOf(words) {
  const [noun, ...rest] = words
    .toLowerCase()
    .split(/[:.]/)
    .map(part => part.trim().replace(/\s+/g, ' '));
  const kind = KINDS.find(k => nounOf(k) === noun) ?? noun.replaceAll(' ', '_');
  const action = rest.join('.').replaceAll(' ', '_');
  return action ? `${kind}.${action}` : kind;
}

/** The details on one line: 'name: a → b · tokens revoked: 2' */
export function detailWords(details) {
  return Object.entries(details ?? {})
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${valueWords(value)}`)
    .join(' · ');
}

function valueWords(value) {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.map(valueWords).join(', ');
  if (typeof value !== 'object') return String(value);
  if ('before' in value || 'after' in value) return `${valueWords(value.before ?? null)} → ${valueWords(value.after ?? null)}`;
  return JSON.stringify(value);
}

const PLACES = {
  user: id => href('adminUser', { user: id }),
  role: id => href('adminUser', { user: id }),
  cluster: id => href('adminUnit', { kind: 'clusters', unit: id }),
  department: id => href('adminUnit', { kind: 'departments', unit: id }),
  project: id => href('adminUnit', { kind: 'projects', unit: id }),
  data: (id, project) => project && href('datum', { project, id }),
  metadata: (id, project) => project && href('datum', { project, id }),
  alias: (id, project) => project && href('alias', { project, alias: id }),
  store: (id, project) => project && href('store', { project, store: id }),
  adoption: (id, project) => project && href('job', { project, kind: 'adoptions', job: id }),
  rescan: (id, project) => project && href('job', { project, kind: 'rescans', job: id }),
  dataset: (id, project) => project && href('dataset', { project, dataset: id }),
  dataset_version: (id, project, { dataset }) => project && dataset && href('datasetVersion', { project, dataset, version: id }),
  dataset_version_alias: (id, project, { dataset }) =>
    project && dataset && href('datasetAlias', { project, dataset, alias: id }),
  selection: (id, project) => project && href('selection', { project, selection: id }),
  datavolume: (id, project) => project && href('volume', { project, volume: id }),
};

/** The thing that was changed; it may be gone by now. */
export function targetLink(event) {
  const details = event.details ?? {};
  const name = [details.username, details.name, details.uri].find(text => typeof text === 'string') ?? details.name?.after;
  const label = typeof name === 'string' ? name : tail(event.target, 'code');
  const address = PLACES[event.kind]?.(event.target, event.project, details);
  return address ? h('a', { href: address, title: event.target }, label) : h('span', { title: event.target }, label);
}
