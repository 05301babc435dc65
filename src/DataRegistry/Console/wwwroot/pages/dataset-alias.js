import { aliasPage } from '../alias-page.js';
import { aliasSnippets } from '../dataset/snippets.js';
import { versionEntries, versionLink } from '../dataset/words.js';
import { h } from '../dom.js';
import { href } from '../router.js';
import { section } from '../ui.js';

/** One alias of a dataset's versions. */
export async function render({ params, project, signal, setTitle }) {
  // A version of the history may be deleted, and so may be the dataset: then its id is all that is known.
  const known = await versionEntries(params.dataset, signal).catch(error => {
    if (error.status !== 400 && error.status !== 404) throw error;
    return [];
  });
  const names = new Map(known.map(v => [v.id, v.text]));
  const place = { project: project.id, dataset: params.dataset };
  const version = id =>
    h('a', { href: href('datasetVersion', { ...place, version: id }), title: id }, names.get(id) ?? h('code', id));
  return aliasPage({
    at: `/api/v0/dataset-version-aliases/${encodeURIComponent(params.alias)}/`,
    back: { label: 'Dataset', href: href('dataset', place) },
    noun: 'dataset version',
    uriOf: alias => alias.uri,
    link: (id, alias) =>
      alias ? alias.dataset_version && versionLink(project, alias.dataset_version, params.dataset) : version(id),
    more: alias => section('Read it elsewhere', aliasSnippets(alias.uri, project)),
    signal,
    setTitle,
  });
}
