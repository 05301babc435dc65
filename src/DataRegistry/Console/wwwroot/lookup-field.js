// A field to choose one of many by its name: the browser completes what is typed.

import { h } from './dom.js';
import { field } from './forms.js';
import { ApiProblem } from './problems.js';
import { uniqueId } from './ui.js';

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * `entries` are {id, text}, each text once. An id is taken, too: there may be more things than entries.
 * `.offer(entries)` replaces them.
 */
export function lookupField({ entries, ...props }) {
  const list = h('datalist', { id: uniqueId('list') });
  const element = field({ autocomplete: 'off', spellcheck: 'false', list: list.id, ...props });
  let known = new Map();
  element.append(list);
  element.offer = next => {
    known = new Map(next.map(entry => [entry.text, entry.id]));
    list.replaceChildren(...next.map(entry => h('option', { value: entry.text })));
  };
  element.offer(entries);

  /** The id of what is chosen; null where nothing is typed. @throws ApiProblem at the field, where there is no such thing */
  element.pick = () => {
    const text = element.value.trim();
    if (text === '') return null;
    const id = known.get(text) ?? (ID.test(text) ? text : null);
    if (id !== null) return id;
    const sentence = 'Nothing here has this name. Choose one of the list, or give an id.';
    throw new ApiProblem(sentence, { fields: { [props.name]: sentence } });
  };
  return element;
}
