// Words and requests of data volumes that their pages share.

import { ApiProblem } from './api.js';
import { badge } from './ui.js';

const PHASES = { Creating: 'busy', Ready: 'ok', NotReady: 'bad', Deleting: 'busy', Unknown: 'warn' };
const WORDS = { NotReady: 'Not ready' };

export const PHASE_NAMES = Object.keys(PHASES);

export function phaseWord(phase) {
  return WORDS[phase] ?? phase;
}

/** Of a cluster without an agent nothing is made there: a volume that is Ready is ready in the catalog only. */
export function isCatalogOnly({ conditions = [] }) {
  return conditions.some(condition => condition.type === 'CatalogOnly' && condition.status === 'True');
}

export function phaseBadge(status) {
  if (status.phase === 'Ready' && isCatalogOnly(status)) return badge('In the catalog only', 'plain');
  return badge(phaseWord(status.phase), PHASES[status.phase] ?? 'plain');
}

/** Whether it will become another one by itself. */
export function isPassing(phase) {
  return phase === 'Creating' || phase === 'Deleting';
}

/**
 * Errors of /api/v1 name a field at the beginning of their message: “name: …”. So that a form can show them there.
 * @throws what `fn` throws, with its `fields`
 */
export async function withFields(fn, { taken } = {}) {
  try {
    return await fn();
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    const [, name, sentence] = /^([a-zA-Z]+): (.+)$/s.exec(error.body?.message ?? '') ?? [];
    if (error.status === 400 && name) error.fields = { [name]: sentence };
    if (error.status === 409 && taken) error.fields = { name: taken };
    throw error;
  }
}
