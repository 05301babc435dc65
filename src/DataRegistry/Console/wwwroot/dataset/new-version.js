// A new version of a dataset: of datums that are listed, or of a selection.

import { api } from '../api.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { plural } from '../format.js';
import { field, form } from '../forms.js';
import { lookupField } from '../lookup-field.js';
import { ApiProblem } from '../problems.js';
import { needing } from '../rights.js';
import { button } from '../ui.js';

/** The separator between a datum and its path in the version. */
const PATH = ' => ';

/** As the service's own limit of a list. */
const MOST_FILES = 10_000;

/** The largest page of a version's files. */
const PAGE = 1000;

/** `done(version)` gets what is made. Without `selection` its datums are listed. */
export function newVersionForm({ dataset, versions, selection = null, signal, done, cancel = null }) {
  const previous =
    versions.length > 0 &&
    lookupField({
      label: 'Version before',
      name: 'previous_version',
      required: false,
      entries: versions,
      value: versions[0].text,
      oninput: () => {
        if (!start) return;
        start.hidden = !previous.meant();
        if (!start.hidden) start.textContent = startWords();
      },
      hint: 'This is only noted: no file is taken from it. The version’s page compares with it first.',
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
  const said = h('span.hint', { role: 'status' });
  const start = files && previous && button(startWords(), fill, { kind: 'quiet' });
  return form(
    [
      name,
      files,
      start && h('p', start, ' ', said),
      selection && h('p', `It gets the ${plural(selection.count, 'datum')} of the selection.`),
      previous,
    ].filter(Boolean),
    {
      submit: 'Create the version',
      ...(cancel && { cancel }),
      onsubmit: async values => {
        const body = { name: values.name.trim(), dataset, previous_version: previous ? previous.pick() : null };
        const what = selection ? { selection: selection.id } : { files: filesOf(values.files) };
        done(await needing('data_edit', api.post('/api/v0/dataset-versions/', { ...body, ...what }, { signal })));
      },
    },
  );

  function startWords() {
    return `Start from the files of ${previous.meant().text}`;
  }

  /** Adds the lines of the version before that are not there yet, but for files that a new version cannot have. */
  async function fill() {
    const from = previous.meant();
    files.error(from.count > MOST_FILES ? tooMany(`${from.text} has ${plural(from.count, 'file')}.`) : null);
    if (from.count > MOST_FILES) return;
    const kept = await api.all(`/api/v0/dataset-versions/${from.id}/files/`, { limit: PAGE }, signal, { max: MOST_FILES });
    const usable = kept.filter(f => !f.purged).map(f => f.datum.id + PATH + f.path);
    const before = linesOf(files.value);
    const there = new Set(before.map(lineOf));
    const added = usable.filter(line => !there.has(line));
    files.value = [...before, ...added].join('\n');
    said.textContent = `${[
      `${plural(added.length, 'line')} added`,
      usable.length > added.length && `${plural(usable.length - added.length, 'line')} there already`,
      kept.length > usable.length && `${plural(kept.length - usable.length, 'purged file')} left out`,
    ]
      .filter(Boolean)
      .join(', ')}.`;
  }
}

function tooMany(sentence = '') {
  return `${sentence} A list has at most ${plural(MOST_FILES, 'datum')}. Make a selection of more, and a version of that.`.trim();
}

function linesOf(text) {
  return text.split('\n').filter(line => line.trim() !== '');
}

/** A path may begin and end with spaces: it is taken as it stands. */
function fileOf(line) {
  const at = line.indexOf(PATH);
  return at < 0 ? { datum: line.trim() } : { datum: line.slice(0, at).trim(), path: line.slice(at + PATH.length) };
}

/** A line as this console writes it. */
function lineOf(line) {
  const { datum, path } = fileOf(line);
  return path === undefined ? datum : datum + PATH + path;
}

export function filesOf(text) {
  const lines = linesOf(text);
  if (lines.length > MOST_FILES) {
    const sentence = tooMany();
    throw new ApiProblem(sentence, { fields: { files: sentence } });
  }
  return lines.map(fileOf);
}
