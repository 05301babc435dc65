import { h } from './dom.js';
import { bytes, timeAgo } from './format.js';
import { badge, notice } from './ui.js';

const NAMES = { changed: ['changed', 'warn'], missing: ['missing', 'bad'] };
const WORDS = {
  changed: 'The object in the bucket has changed since it was adopted: what is there now is not this datum. Adopt its URL with “Adopt changed objects anew” to track what it is now.',
  missing: 'The object is not in the bucket any more, so this datum cannot be downloaded. It is found again by the next scan if it comes back.',
};

/** Whether the bucket still holds what was adopted: none, changed, missing, or unknown before the first scan; null where the service does not say. */
export function driftOf(datum) {
  return datum.drift?.state ?? null;
}

/** The badge in lists, only for datums that need attention. */
export function driftBadge(datum) {
  const drift = driftOf(datum);
  return drift in NAMES ? badge(...NAMES[drift]) : null;
}

export function driftNotice(datum) {
  const state = driftOf(datum);
  if (!(state in NAMES)) return null;
  const { since, was, is } = datum.drift;
  return notice(NAMES[state][1], h('p', WORDS[state],
    was && is && ` It had ${bytes(was.size)} and ETag ${short(was.etag)}; now it has ${bytes(is.size)} and ETag ${short(is.etag)}.`,
    since && [' Noticed ', timeAgo(since), '.']));
}

function short(etag) {
  return etag.replaceAll('"', '').slice(0, 12);
}
