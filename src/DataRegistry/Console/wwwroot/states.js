// One vocabulary: the word for each state and outcome, wherever it shows, and how urgent it is.

import { badge } from './ui.js';

const STATES = {
  // Of jobs
  accepted: ['Queued', 'busy'],
  running: ['Running', 'busy'],
  waiting: ['Waiting', 'warn'],
  cancelling: ['Cancelling', 'busy'],
  completed: ['Completed', 'ok'],
  cancelled: ['Cancelled', 'plain'],
  failed: ['Failed', 'bad'],
  // Of what they looked at
  created: ['Adopted', 'ok'],
  existing: ['Already adopted', 'plain'],
  skipped: ['Skipped', 'plain'],
  unchanged: ['Unchanged', 'ok'],
  returned: ['Back again', 'ok'],
  new: ['New', 'busy'],
  // A datum's drift, by the API's own words, and whether it is purged
  none: ['None', 'ok'],
  changed: ['Changed', 'warn'],
  missing: ['Missing', 'bad'],
  unknown: ['Unknown', 'plain'],
  purged: ['Purged', 'warn'],
  // Of stores, aliases, tokens
  allowed: ['Allowed', 'ok'],
  refused: ['Not allowed', 'plain'],
  moved: ['Moved', 'plain'],
  deleted: ['Deleted', 'bad'],
  expired: ['Expired', 'warn'],
};

/** The word for a state; one that this version does not know stays as the service says it. */
export function stateWord(state) {
  return STATES[state]?.[0] ?? state;
}

export function stateBadge(state) {
  return badge(stateWord(state), STATES[state]?.[1] ?? 'plain');
}
