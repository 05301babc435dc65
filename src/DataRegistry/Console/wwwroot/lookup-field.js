// A field to choose one of many by its name: the browser completes what is typed.

import { h } from './dom.js';
import { field } from './forms.js';
import { ApiProblem } from './problems.js';
import { uniqueId } from './ui.js';

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The error names at most so many entries that have the same name. */
const MOST_TOLD = 5;

/**
 * `entries` are {id, text, name}, each text once. A text is taken in any case and with any dash, and so is the name, a part of the text,
 * if only one entry has it. An id that is no entry's text is taken, too: there may be more things than entries. `.offer(entries)` replaces
 * them, `.meant()` is the entry that `.pick()` takes, null where it takes none of them.
 */
export function lookupField({ entries, ...props }) {
  const list = h('datalist', { id: uniqueId('list') });
  const element = field({ autocomplete: 'off', spellcheck: 'false', list: list.id, ...props });
  let known = [];
  element.append(list);
  element.offer = next => {
    known = next;
    list.replaceChildren(...next.map(entry => h('option', { value: entry.text })));
  };
  element.offer(entries);

  /** The id of what is chosen; null where nothing is typed. @throws ApiProblem at the field, where there is no such thing, or several */
  element.pick = () => {
    const text = element.value.trim();
    if (text === '') return null;
    const [first, ...others] = meant(text);
    if (first && others.length === 0) return first.id;
    if (!first && ID.test(text)) return text;
    const sentence = first
      ? `Several have this name: ${told([first, ...others])}. Choose one of the list.`
      : 'Nothing here has this name. Choose one of the list, or give an id.';
    throw new ApiProblem(sentence, { fields: { [props.name]: sentence } });
  };
  element.meant = () => {
    const [first, ...others] = meant(element.value.trim());
    return first && others.length === 0 ? first : null;
  };
  return element;

  /** Exactly what is typed comes first, so that names that differ in their case can all be chosen. */
  function meant(text) {
    const ways = [
      e => e.text === text,
      e => e.name === text,
      e => plain(e.text) === plain(text),
      e => plain(e.name) === plain(text),
      e => plain(e.id) === plain(text),
    ];
    return ways.map(way => known.filter(way)).find(found => found.length > 0) ?? [];
  }
}

function told(entries) {
  const rest = entries.length - MOST_TOLD;
  return entries
    .slice(0, MOST_TOLD)
    .map(entry => entry.text)
    .concat(rest > 0 ? [`${rest} more`] : [])
    .join(', ');
}

/** Without what a keyboard has not, or nobody sees: dashes of any length, the case, and doubled spaces. */
function plain(text) {
  return text
    ?.toLowerCase()
    .replace(/[-‐-―]/g, '-')
    .replace(/\s+/g, ' ');
}
