import { aliasList } from '../alias-list.js';
import { EXAMPLES } from '../examples.js';
import { lookupField } from '../lookup-field.js';
import { may } from '../permissions.js';
import { href } from '../router.js';
import { versionEntries, versionLink } from './words.js';

/** The aliases of a dataset's versions. `.create(version)` opens the dialog for a new one. */
export function versionAliases({ dataset, project, me, signal }) {
  return aliasList({
    path: '/api/v0/dataset-version-aliases/',
    query: { dataset: dataset.id, project: project.id },
    noun: 'dataset version',
    editable: may(me, project, 'aliases_edit'),
    signal,
    nameHint: `Such as ${EXAMPLES.versionAlias}. It is not the name of a version.`,
    about:
      `An alias is a name that can move to another version, such as “${EXAMPLES.versionAlias}”. “latest” needs none: it ` +
      'always stands for the newest version.',
    pageOf: a => href('datasetAlias', { project: project.id, dataset: dataset.id, alias: a.id }),
    uriOf: a => a.uri,
    link: a => a.dataset_version && versionLink(project, a.dataset_version, dataset.id),
    nameOf: a => a.dataset_version?.name,
    targetField: async version =>
      lookupField({
        label: 'Version',
        name: 'dataset_version',
        required: true,
        entries: await versionEntries(dataset.id, signal),
        value: version?.name ?? '',
      }),
    body: (name, target) => ({ name, dataset_version: target.pick() }),
  });
}
