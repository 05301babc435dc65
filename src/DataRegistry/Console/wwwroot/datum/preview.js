// The first 64 KiB of a datum as text: whatever it is, nothing of it is run or shown as a page.

import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes } from '../format.js';
import { button, notice, pending, problem, table } from '../ui.js';

/** As the service cuts it. */
const CUT = 64 * 1024;

const MOST_ROWS = 100;
const MOST_CELLS = 40;

/** Names of files that hold text; of others one has to ask for the look. */
const TEXT = new RegExp(
  '\\.(txt|text|md|rst|log|csv|tsv|json|jsonl|ndjson|geojson|ya?ml|toml|ini|cfg|conf|xml|html?|svg|css|js|ts|py|ipynb|r|sql|' +
    'sh|c|h|cpp|cs|java|go|rs|tex|srt|vtt|pcd)$',
  'i',
);

/** Other names, by the kind of what is in them. */
const KINDS = [
  ['Images', /\.(png|jpe?g|gif|webp|avif|bmp|ico|tiff?|hei[cf]|dng|cr2|nef|arw|psd|exr|jp2|dcm)$/i],
  ['Videos', /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|flv)$/i],
  ['Sounds', /\.(mp3|wav|flac|ogg|opus|m4a|aac|aiff?)$/i],
  ['Archives and compressed files', /\.(zip|tar|t?gz|t?bz2|t?xz|zst|lz4|7z|rar|jar|whl)$/i],
  ['Tables and arrays in binary files', /\.(parquet|arrow|feather|orc|avro|tfrecords?|h5|hdf5|npy|npz|sqlite3?)$/i],
  ['Models', /\.(onnx|pth?|ckpt|safetensors|tflite|joblib|pkl|pickle|gguf)$/i],
  ['Documents of this kind', /\.(pdf|docx?|xlsx?|pptx?|od[tsp])$/i],
  ['Point clouds and recordings', /\.(las|laz|bag|mcap|db3)$/i],
];

/** The kinds of previews. `track` is offered where the object has changed; it may be null. */
export function previewOf({ datum, own, signal, fetching }, track) {
  if (datum.size === 0) return h('p.hint', 'The file is empty.');
  const load = () =>
    pending(read(own, signal), shown, 'Reading the beginning of the file…', error => refused(error, track, fetching));
  if (TEXT.test(datum.name)) return load();
  const kind = KINDS.find(([, names]) => names.test(datum.name))?.[0];
  if (kind) return h('p.hint', `${kind} are not previewed.`);
  const element = h(
    'div',
    h('p.hint', 'This does not look like a text file by its name.'),
    h(
      'div.actions',
      button('Show the beginning as text', () => {
        replace(element, load());
      }),
    ),
  );
  return element;

  function shown(found) {
    fetching.allow();
    const text = textOf(found);
    if (text === null) return h('p.hint', 'This is not a text file. Download it to look at it.');
    const cut = datum.size > CUT;
    return h(
      'div.form',
      asTable(text, datum.name, cut) ??
        h(
          'div.code.preview',
          h(
            'pre',
            { tabindex: '0', role: 'region', 'aria-label': 'Beginning of the file' },
            h('code', asJson(text, datum.name, cut) ?? text),
          ),
        ),
      cut && h('p.hint', `Shown: the first 64 KiB of ${bytes(datum.size)}.`),
    );
  }
}

async function read(own, signal) {
  const response = await api.request('GET', `${own}preview/`, { signal, headers: { accept: '*/*' } });
  return new Uint8Array(await response.arrayBuffer());
}

/** Null for bytes that are no UTF-8 (or UTF-16 with its mark), or no text. A character that the cut has parted is left out. */
function textOf(found) {
  const label =
    found[0] === 0xff && found[1] === 0xfe ? 'utf-16le' : found[0] === 0xfe && found[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(label, { fatal: true }).decode(found, { stream: found.length >= CUT });
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** The deepest brackets that are indented: each level adds two characters to every line in it. */
const MOST_LEVELS = 20;

/** Indents a whole JSON text. Null for another text, and for one that is nested so deeply that it would grow to megabytes. */
function asJson(text, name, cut) {
  if (cut || isDeep(text) || !/\.(json|geojson|ipynb)$/i.test(name)) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

function isDeep(text) {
  let level = 0;
  for (const sign of text.match(/[[\]{}]/g) ?? []) {
    level += sign === '[' || sign === '{' ? 1 : -1;
    if (level > MOST_LEVELS) return true;
  }
  return false;
}

/** CSV as a table; null where it is none, or has too many columns for one. */
function asTable(text, name, cut) {
  if (!/\.(csv|tsv)$/i.test(name)) return null;
  const rows = rowsOf(text, /\.tsv$/i.test(name) ? '\t' : delimiterOf(text));
  // The last one is parted by the cut.
  if (cut && rows.length > 1) rows.pop();
  const [head, ...body] = rows;
  if (!head || head.length < 2 || head.length > MOST_CELLS || body.length === 0) return null;
  return h(
    'div.form',
    h(
      'div.scroll.preview',
      { tabindex: '0', role: 'region', 'aria-label': 'Beginning of the file' },
      table(
        'Beginning of the file',
        head.map((label, index) => ({ label: label || '–', cell: row => row[index] ?? '' })),
        body.slice(0, MOST_ROWS),
      ),
    ),
    body.length > MOST_ROWS && h('p.hint', `Shown: the first ${MOST_ROWS} rows.`),
  );
}

function delimiterOf(text) {
  const line = text.slice(0, text.search(/\r?\n|$/));
  return [',', ';', '\t', '|'].reduce((best, mark) => (line.split(mark).length > line.split(best).length ? mark : best));
}

/** RFC 4180: quotes hold delimiters, line ends and doubled quotes. */
function rowsOf(text, delimiter) {
  const rows = [];
  let [row, cell, quoted] = [[], '', false];
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell !== '') rows.push(row);
    [row, cell] = [[], ''];
  };
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at++) {
    const mark = text[at];
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (text[at + 1] === '"') {
        cell += mark;
        at++;
      } else quoted = false;
    } else if (mark === '"' && cell === '') quoted = true;
    else if (mark === delimiter) {
      row.push(cell);
      cell = '';
    } else if (mark === '\n') endRow();
    else if (mark !== '\r') cell += mark;
  }
  endRow();
  return rows;
}

/** Why there is none: an archived object is no fault, a changed one can be tracked. */
function refused(error, track, fetching) {
  fetching.refuse(error.code);
  if (error.code === 'datum_archived')
    return notice(
      'warn',
      h('p', 'The file is archived, so there is no preview and no download before somebody restores it in the bucket.'),
    );
  if (error.code === 'datum_changed')
    return notice(
      'warn',
      h(
        'p',
        'The file in the bucket has changed since it was adopted, and the bucket has not kept what it was. ' +
          'What is there now is not this datum.',
      ),
      track,
    );
  if (error.code === 'datum_missing') return notice('bad', h('p', 'The file is not in the bucket any more.'));
  if (error.code === 'read_not_allowed')
    return notice('plain', h('p', 'The store does not allow downloads, so there is no preview.'));
  return problem(error);
}
