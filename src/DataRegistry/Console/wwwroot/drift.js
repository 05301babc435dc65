import { h } from './dom.js';
import { timeAgo } from './format.js';
import { badge, notice } from './ui.js';

const NAMES = { changed: ['changed', 'warn'], missing: ['missing', 'bad'] };
const WORDS = {
  changed: 'The object in the bucket has changed since it was adopted: what is there now is not this datum. Adopt its URL again to track what it is now.',
  missing: 'The object is not in the bucket any more, so this datum cannot be downloaded. It is found again by the next scan if it comes back.',
};

/** Whether the bucket still holds what was adopted: none, changed, missing, unknown; null where the service does not say. */
export function driftOf(datum) {
  return typeof datum.drift === 'string' ? datum.drift : datum.drift?.state ?? datum.drift?.status ?? null;
}

/** What shows in lists: only what needs somebody's attention. */
export function driftBadge(datum) {
  const drift = driftOf(datum);
  return drift in NAMES ? badge(...NAMES[drift]) : null;
}

export function driftNotice(datum) {
  const drift = driftOf(datum);
  if (!(drift in NAMES)) return null;
  const since = datum.drift_since ?? datum.drift?.since ?? null;
  return notice(NAMES[drift][1], h('p', WORDS[drift], since && [' Noticed ', timeAgo(since), '.']));
}
