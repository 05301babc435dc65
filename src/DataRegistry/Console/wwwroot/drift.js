import { h } from './dom.js';
import { bytes, timeAgo } from './format.js';
import { stateBadge } from './states.js';
import { notice } from './ui.js';

const NOTABLE = { changed: 'warn', missing: 'bad' };
const WORDS = {
  changed:
    'The file in the bucket has changed since it was adopted. What is there now is not this datum. It can be adopted as a ' +
    'new datum.',
  missing: 'The file is not in the bucket any more. If it comes back, the next rescan finds it.',
};

/**
 * Whether the bucket still holds what was adopted: none, changed, missing, or unknown before the first scan; null
 * where the service does not say.
 */
export function driftOf(datum) {
  return datum.drift?.state ?? null;
}

/** The badge in lists, only for datums that need attention. */
export function driftBadge(datum) {
  const drift = driftOf(datum);
  return drift in NOTABLE ? stateBadge(drift) : null;
}

/** `action` is what can be done about a change; null for nothing. */
export function driftNotice(datum, action) {
  const state = driftOf(datum);
  if (!(state in NOTABLE)) return null;
  const { since, was, is } = datum.drift;
  return notice(
    NOTABLE[state],
    h(
      'p',
      WORDS[state],
      was &&
        is &&
        ` It had ${bytes(was.size)} and ETag ${short(was.etag)}; now it has ${bytes(is.size)} and ETag ${short(is.etag)}.`,
      since && [' Noticed ', timeAgo(since), '.'],
    ),
    state === 'changed' && action,
  );
}

function short(etag) {
  return etag.replaceAll('"', '').slice(0, 12);
}
