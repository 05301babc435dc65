// The shared parts of the pages of datasets: places, badges, and a datum as a version knows it.

import { api } from '../api.js';
import { h } from '../dom.js';
import { bytes } from '../format.js';
import { href } from '../router.js';
import { badge } from '../ui.js';

/** So many versions are offered by their names; an id is always taken. */
const MOST_VERSIONS = 1000;

const STATUSES = { creating: ['Being created', 'busy'], completed: ['Completed', 'ok'] };

export function versionBadge(version) {
  return badge(...(STATUSES[version.status] ?? [version.status, 'plain']));
}

export function versionLink(project, version, dataset = version.dataset) {
  return h(
    'a.strong',
    { href: href('datasetVersion', { project: project.id, dataset, version: version.id }), title: version.uri },
    version.name,
  );
}

/** Size and object of a file in a version. The datum may be purged: the version still has these facts. */
export function fileDatum(project, datum) {
  return datum
    ? [
        bytes(datum.size),
        ' · ',
        h('a', { href: href('datum', { project: project.id, id: datum.id }), title: datum.uri }, datum.name),
      ]
    : '–';
}

/** The versions of a dataset, the newest first, as a lookup field offers them; each with the count of its files. */
export async function versionEntries(dataset, signal) {
  const versions = await api.all('/api/v0/dataset-versions/', { dataset }, signal, { max: MOST_VERSIONS });
  return versions
    .filter(v => v.status === 'completed')
    .reverse()
    .map(v => ({ id: v.id, text: v.name, count: v.count }));
}
