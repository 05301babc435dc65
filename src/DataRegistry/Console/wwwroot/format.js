import { h } from './dom.js';

const NUMBER = new Intl.NumberFormat('en');
const DATE_TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS = [
  ['year', 31557600],
  ['month', 2629800],
  ['week', 604800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];

/** 12,345 */
export function count(value) {
  return value === null || value === undefined ? '–' : NUMBER.format(value);
}

/** '1 datum', '12,345 datums' */
export function plural(value, one, many = one + 's') {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Decimal units, as S3 consoles show them: 999 B, 1.2 MB. */
export function bytes(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1000) return `${value} B`;
  const power = Math.min(Math.floor(Math.log10(value) / 3), 6);
  const scaled = value / 1000 ** power;
  return `${scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${'kMGTPE'[power - 1]}B`;
}

/** Seconds in words: 45 s, 3 min, 2 h 5 min, 3 days */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** 22 Nov 2026, 12:30:05 in the reader's own time zone. */
export function dateTime(iso) {
  return iso ? DATE_TIME.format(new Date(iso)) : '–';
}

/** How long ago, with the exact time to be read when pointed at. A dash where there is none. */
export function timeAgo(iso) {
  if (!iso) return '–';
  return h('time', { datetime: iso, title: dateTime(iso) }, relative(iso));
}

function relative(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return Math.abs(seconds) < 45 ? 'just now' : RELATIVE.format(Math.round(seconds / length), unit);
}
