import { api } from '../api.js';
import { newVersionForm } from '../dataset/new-version.js';
import { versionEntries } from '../dataset/words.js';
import { h, replace } from '../dom.js';
import { field } from '../forms.js';
import { bytes, plural } from '../format.js';
import { may } from '../permissions.js';
import { messageOf } from '../problems.js';
import { missingNotice } from '../rights.js';
import { href, navigate } from '../router.js';
import { emptyState, linkButton, notice, pageHeader, toast } from '../ui.js';

const MOST_DATASETS = 1000;

/** A selection becomes a version of a dataset. The address names the selection. */
export async function render({ project, me, query, signal }) {
  const header = pageHeader('Add to a dataset', { lead: 'The datums of a selection become a new version of a dataset.' });
  if (!may(me, project, 'data_edit')) return h('div', header, missingNotice('data_edit'));
  const id = query.get('selection');
  if (!id) return h('div', header, emptyState('No selection', 'Choose datums first: select rows of the data, or search for them.', linkButton('Go to the data', href('data', { project: project.id }))));
  const [selection, datasets] = await Promise.all([
    api.get(`/api/v0/selections/${encodeURIComponent(id)}/`, { signal }),
    api.all('/api/v0/datasets/', { project: project.id }, signal, { max: MOST_DATASETS }),
  ]);
  if (selection.status !== 'completed') return h('div', header, notice('warn', h('p', 'The selection is not frozen yet. Wait until it is completed.')));
  if (selection.count === 0) return h('div', header, emptyState('The selection is empty', 'A version has at least one file.'));
  if (datasets.length === 0) return h('div', header, emptyState('No dataset yet', 'Create one first.', linkButton('Go to the datasets', href('datasets', { project: project.id }), { kind: 'primary' })));
  const place = h('div');
  const choice = field({ label: 'Dataset', name: 'dataset', type: 'select', options: datasets.map(d => ({ value: d.id, label: d.name })), onchange: draw });
  draw();
  return h('div', header, h('div.card.stack', h('p', `${plural(selection.count, 'datum', 'datums')}, ${bytes(selection.bytes)}`), choice, place));

  async function draw() {
    const dataset = choice.value;
    try {
      const versions = await versionEntries(dataset, signal);
      if (choice.value !== dataset) return;
      replace(place, newVersionForm({ dataset, versions, selection, signal, done }));
    } catch (error) {
      if (error?.name !== 'AbortError') replace(place, notice('bad', h('p', messageOf(error))));
    }
  }

  function done(version) {
    toast(version.status === 'completed' ? `${version.uri} is created.` : `${version.uri} is being created.`);
    navigate(href('datasetVersion', { project: project.id, dataset: version.dataset, version: version.id }));
  }
}
