// The form of a search: what a filter may have, in words.

import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { field, form } from '../forms.js';
import { ApiProblem } from '../problems.js';
import { DRIFT } from '../words.js';
import { DRIFTS, sizeOf, sizeText } from './filter.js';

const HOW = [
  ['name_contains', 'A part of the name'],
  ['name', 'The whole name'],
  ['glob', 'A pattern of the whole key'],
];

/** `filter` is what it shows at first. `onsubmit` gets the filter that was typed. */
export function filterForm(filter, stores, { onsubmit }) {
  const how = HOW.map(([name]) => name).find(name => filter[name]) ?? 'name_contains';
  const text = field({
    label: 'Name',
    name: 'text',
    type: 'search',
    value: filter[how] ?? '',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const explained = h('p.hint', { role: 'status' });
  const kind = field({
    label: 'This is',
    name: 'how',
    type: 'select',
    value: how,
    options: HOW.map(([value, label]) => ({ value, label })),
    onchange: hint,
  });
  hint();
  const given = name => filter[name] ?? '';
  const plain = (label, name, value, more) => field({ label, name, value, autocomplete: 'off', spellcheck: 'false', ...more });
  const rest = [
    plain('Tag', 'tag', given('tag')),
    field({
      label: 'Drift',
      name: 'drift',
      type: 'select',
      value: given('drift'),
      options: [['', 'Any'], ...DRIFTS].map(([value, label]) => ({ value, label })),
    }),
    plain('Smallest size', 'size_min', filter.size_min === undefined ? '' : sizeText(filter.size_min), {
      placeholder: EXAMPLES.sizes[0],
    }),
    plain('Largest size', 'size_max', filter.size_max === undefined ? '' : sizeText(filter.size_max), {
      placeholder: EXAMPLES.sizes[1],
    }),
    plain('Adopted on or after', 'adopted_after', dayOf(filter.adopted_after), { type: 'date' }),
    plain('Adopted on or before', 'adopted_before', dayOf(filter.adopted_before, -1), { type: 'date' }),
  ];
  return form(
    [
      h(
        'div.search-fields',
        text,
        kind,
        field({
          label: 'Store',
          name: 'store',
          type: 'select',
          value: given('store'),
          options: [{ value: '', label: 'All' }, ...stores.map(s => ({ value: s.id, label: s.name }))],
        }),
        plain('Below the folder', 'prefix', given('prefix'), { mono: true, placeholder: `${EXAMPLES.folder} or s3://…` }),
      ),
      explained,
      h(
        'details.folded',
        { open: rest.some(f => f.value !== '') },
        h('summary', 'Tag, drift, size and date'),
        h('div.search-fields.small', rest),
        h('p.hint', DRIFT),
      ),
    ],
    { submit: 'Search', 'aria-label': 'Find datums', role: 'search', onsubmit: send },
  );

  async function send(values) {
    try {
      await onsubmit(read(values));
    } catch (error) {
      // The service names what it was sent.
      if (error.fields?.[values.how]) {
        error.fields.text = error.fields[values.how];
        delete error.fields[values.how];
      }
      throw error;
    }
  }

  function hint() {
    explained.textContent = {
      name_contains: 'The name is the last part of the URL. Capital letters count.',
      name: 'The name is the last part of the URL.',
      glob: '* stands for anything within a folder, ** for anything over folders: images/**/*.jpg',
    }[kind.value];
  }
}

function read(values) {
  const filter = { [values.how]: values.text.trim() };
  for (const name of ['store', 'prefix', 'tag', 'drift']) filter[name] = values[name].trim();
  for (const name of ['size_min', 'size_max']) {
    if (values[name].trim() === '') continue;
    filter[name] = sizeOf(values[name]);
    if (filter[name] === null) throw wrong(name, 'This is no size. Type 500, 10 MB or 1.5 GB.');
  }
  if (values.adopted_after) filter.adopted_after = startOf(values.adopted_after, 0);
  if (values.adopted_before) filter.adopted_before = startOf(values.adopted_before, 1);
  const given = Object.entries(filter).filter(([, value]) => value !== '');
  if (given.length === 0) throw wrong('text', 'Say something of what you look for: a part of the name, a store, a tag, a date.');
  return Object.fromEntries(given);
}

function wrong(name, sentence) {
  return new ApiProblem(sentence, { fields: { [name]: sentence } });
}

/** A day begins where the reader is, and the last one counts whole. */
function startOf(day, later) {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

function dayOf(iso, later = 0) {
  if (!iso) return '';
  const time = new Date(iso);
  const day = new Date(time.getFullYear(), time.getMonth(), time.getDate() + later);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map(part => String(part).padStart(2, '0')).join('-');
}
