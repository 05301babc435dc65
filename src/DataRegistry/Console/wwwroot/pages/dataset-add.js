import { api } from '../api.js';
import { newDatasetForm } from '../dataset/new-dataset.js';
import { newVersionForm } from '../dataset/new-version.js';
import { versionEntries } from '../dataset/words.js';
import { h, replace } from '../dom.js';
import { field } from '../forms.js';
import { bytes, plural } from '../format.js';
import { may } from '../permissions.js';
import { naming } from '../problems.js';
import { missingNotice } from '../rights.js';
import { href, navigate } from '../router.js';
import { pathOf, watch } from '../selection/freeze.js';
import { emptyState, linkButton, notice, pageHeader, problem, section, spinner, toast } from '../ui.js';

const MOST_DATASETS = 1000;

/** A selection becomes a version of a dataset. The address names the selection. */
export async function render({ project, me, query, signal }) {
  const header = pageHeader('Add to a dataset', { lead: 'The datums of a selection become a new version of a dataset.' });
  if (!may(me, project, 'data_edit')) return h('div', header, missingNotice('data_edit'));
  const id = query.get('selection');
  if (!id)
    return h(
      'div',
      header,
      emptyState(
        'No selection',
        'Choose datums first: select rows of the data, or search for them.',
        linkButton('Go to the data', href('data', { project: project.id })),
      ),
    );
  const [first, datasets] = await Promise.all([
    api.get(pathOf(id), { signal }).catch(naming('Selection')),
    api.all('/api/v0/datasets/', { project: project.id }, signal, { max: MOST_DATASETS }),
  ]);
  const body = h('div');
  follow().catch(error => {
    if (error?.name !== 'AbortError') replace(body, problem(error));
  });
  return h('div', header, body);

  /** A selection that is still made is waited for. */
  async function follow() {
    const selection = await watch(first, signal, now => replace(body, spinner(`Counting… ${plural(now.count, 'datum')} so far`)));
    const root = await rootOf(selection, signal);
    replace(
      body,
      selection.status === 'completed'
        ? choose(selection, root)
        : notice('warn', h('p', selection.error ?? 'The selection was stopped. Search again.')),
    );
  }

  function choose(selection, root) {
    if (selection.count === 0) return emptyState('The selection is empty', 'A version has at least one file.');
    const place = h('div');
    const choice = field({
      label: 'Dataset',
      name: 'dataset',
      type: 'select',
      options: [...datasets.map(d => ({ value: d.id, label: d.name })), { value: '', label: 'A new dataset' }],
      onchange: () => draw(null),
    });
    draw(null);
    return h('div.card.stack', h('p.summary', `${plural(selection.count, 'datum')}, ${bytes(selection.bytes)}`), choice, place);

    /** `created` is the dataset that was created in the step before, if any. */
    async function draw(created) {
      const dataset = choice.value;
      if (dataset === '') {
        replace(place, newDatasetForm({ project, signal, root, done: take }));
        return;
      }
      try {
        const versions = await versionEntries(dataset, signal);
        if (choice.value !== dataset) return;
        const version = newVersionForm({ dataset, versions, selection, signal, done });
        replace(
          place,
          created
            ? section(
                `The first version of ${created.name}`,
                h('div.stack', h('p', { role: 'status' }, `${created.name} is created. Name its first version now.`), version),
              )
            : version,
        );
        if (created) version.querySelector('input').focus();
      } catch (error) {
        if (error?.name !== 'AbortError') replace(place, problem(error));
      }
    }

    function take(dataset) {
      choice.input.prepend(h('option', { value: dataset.id }, dataset.name));
      choice.value = dataset.id;
      draw(dataset);
    }
  }

  function done(version) {
    toast(version.status === 'completed' ? `${version.uri} is created.` : `${version.uri} is being created.`);
    navigate(href('datasetVersion', { project: project.id, dataset: version.dataset, version: version.id }));
  }
}

/** The folder that was picked, as paths of a version have it: without the folder of its store. Empty if none was. */
async function rootOf({ filter: { prefix }, sample }, signal) {
  const store = sample[0]?.store;
  const folder = prefix?.slice(0, prefix.lastIndexOf('/') + 1);
  if (!store || !folder) return '';
  const found = await api.get(`/api/v0/stores/${store}/`, { signal }).catch(error => {
    if (error.status !== 404) throw error;
    return null;
  });
  const whole = found?.paths.prefix ?? '';
  const above = whole.slice(0, whole.lastIndexOf('/') + 1);
  return folder.startsWith(above) ? folder.slice(above.length) : folder;
}
