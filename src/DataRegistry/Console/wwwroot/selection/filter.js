// A selection's filter: in an address, and in words.

import { bytes, dateTime } from '../format.js';
import { stateWord } from '../states.js';

/** In an address a filter has the names that it has for the service. Hand-picked ids are not among them: they are many. */
const TEXTS = ['store', 'prefix', 'glob', 'name', 'name_contains', 'tag', 'drift', 'adopted_after', 'adopted_before'];
const NUMBERS = ['size_min', 'size_max'];

export const DRIFTS = ['changed', 'missing', 'none', 'unknown'].map(state => [state, stateWord(state)]);

/** The filter that an address has; null where it has none. */
export function filterOf(query) {
  const texts = TEXTS.filter(name => query.get(name)).map(name => [name, query.get(name)]);
  const numbers = NUMBERS.filter(name => /^\d{1,15}$/.test(query.get(name) ?? '')).map(name => [name, Number(query.get(name))]);
  const filter = Object.fromEntries([...texts, ...numbers]);
  return Object.keys(filter).length > 0 ? filter : null;
}

/** A filter as an address has it, with all names. Missing ones are removed from the address. */
export function queryOf(filter) {
  const prefix = filter.bucket ? `s3://${filter.bucket}/${filter.prefix ?? ''}` : filter.prefix;
  return Object.fromEntries([...TEXTS, ...NUMBERS].map(name => [name, (name === 'prefix' ? prefix : filter[name]) ?? null]));
}

/** The filter of a typed text: a part of a name, a pattern, or the beginning of a URL. */
export function filterOfText(text) {
  if (/^s3:\/\/[^/]+\//.test(text)) return { prefix: text };
  if (/[*?]/.test(text)) return { glob: text.includes('/') ? text : `**/${text}` };
  return { name_contains: text };
}

/** A filter as a phrase: 'in the store demo, below images/, with the tag x' */
export function wordsOf(filter, storeOf = () => null) {
  const quoted = text => `“${text}”`;
  const say = {
    ids: () => 'picked by hand',
    store: id => `in the store ${storeOf(id) ?? id}`,
    prefix: prefix => `below ${filter.bucket ? `s3://${filter.bucket}/` : ''}${prefix}`,
    bucket: bucket => (filter.prefix ? null : `in the bucket ${bucket}`),
    glob: glob => `whose key fits ${glob}`,
    name: name => `with the name ${quoted(name)}`,
    name_contains: part => `with ${quoted(part)} in the name`,
    tag: tag => `with the tag ${quoted(tag)}`,
    drift: state => `with the drift ${quoted(stateWord(state).toLowerCase())}`,
    size_min: size => `of ${bytes(size)} or more`,
    size_max: size => `of ${bytes(size)} or less`,
    adopted_after: time => `adopted since ${moment(time)}`,
    adopted_before: time => `adopted before ${moment(time)}`,
    job: id => `adopted by the job ${id}`,
    purged: purged => (purged ? 'purged' : null),
  };
  return Object.entries(say)
    .filter(([name]) => filter[name] !== undefined && filter[name] !== null && filter[name] !== '')
    .map(([name, words]) => words(filter[name]))
    .filter(Boolean)
    .join(', ');
}

/** A day where it begins one. */
function moment(time) {
  return dateTime(time).replace(/,? 00:00:00$/, '');
}

/** Bytes of '500', '10 kB', '1.5 GB'; null where it is no size. */
export function sizeOf(text) {
  const found = /^(\d{1,12}(?:\.\d{1,3})?)\s*([kmgtp]?)b?$/i.exec(text.trim());
  return found ? Math.round(Number(found[1]) * 1000 ** ' kmgtp'.indexOf(found[2].toLowerCase() || ' ')) : null;
}

/** The same the other way round, exact to the byte. */
export function sizeText(size) {
  const power = [5, 4, 3, 2, 1].find(p => size >= 1000 ** p && size % 1000 ** (p - 1) === 0) ?? 0;
  return power === 0 ? String(size) : `${size / 1000 ** power} ${'kMGTP'[power - 1]}B`;
}
