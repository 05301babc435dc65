// A new version of a dataset: of datums that are listed, or of a selection.

import { api } from '../api.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { plural } from '../format.js';
import { field, form } from '../forms.js';
import { lookupField } from '../lookup-field.js';
import { ApiProblem } from '../problems.js';
import { needing } from '../rights.js';

/** The separator between a datum and its path in the version. */
const PATH = ' => ';

/** As the service's own limit of a list. */
const MOST_FILES = 10_000;

/** `done(version)` gets what is made. Without `selection` its datums are listed. */
export function newVersionForm({ dataset, versions, selection = null, signal, done, cancel = null }) {
  const previous = lookupField({
    label: 'Version before',
    name: 'previous_version',
    required: false,
    entries: versions,
    value: versions[0]?.text ?? '',
    hint: 'For the record. The version’s page compares with it first.',
  });
  const name = field({
    label: 'Name',
    name: 'name',
    required: true,
    autocomplete: 'off',
    hint: `Such as ${EXAMPLES.versions[0]} or ${EXAMPLES.versions[1]}. “latest” always stands for the newest version.`,
  });
  const files =
    !selection &&
    field({
      label: 'Datums',
      name: 'files',
      type: 'textarea',
      mono: true,
      required: true,
      rows: 8,
      hint: h(
        'span',
        'One a line: an id, an alias, or the s3:// URL of an adopted file. Its path in the version is its key, ' +
          'or what follows “=>”, such as ',
        h('code', EXAMPLES.fileWithPath),
        '.',
      ),
    });
  return form(
    [name, files, selection && h('p', `It gets the ${plural(selection.count, 'datum')} of the selection.`), previous].filter(
      Boolean,
    ),
    {
      submit: 'Create the version',
      ...(cancel && { cancel }),
      onsubmit: async values => {
        const body = { name: values.name.trim(), dataset, previous_version: previous.pick() };
        const what = selection ? { selection: selection.id } : { files: filesOf(values.files) };
        done(await needing('data_edit', api.post('/api/v0/dataset-versions/', { ...body, ...what }, { signal })));
      },
    },
  );
}

export function filesOf(text) {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
  if (lines.length > MOST_FILES) {
    const sentence = `A list has at most ${plural(MOST_FILES, 'datum')}. Make a selection of more, and a version of that.`;
    throw new ApiProblem(sentence, { fields: { files: sentence } });
  }
  return lines.map(line => {
    const at = line.indexOf(PATH);
    return at < 0 ? { datum: line } : { datum: line.slice(0, at).trim(), path: line.slice(at + PATH.length).trim() };
  });
}
