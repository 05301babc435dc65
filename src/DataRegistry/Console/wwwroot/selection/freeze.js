// A selection: a set of datums that a filter takes, frozen by the service.

import { api, pause } from '../api.js';
import { hasEnded } from '../job-progress.js';

const FIRST_POLL = 400;
const LONGEST_POLL = 3000;

export function pathOf(selection) {
  return `/api/v0/selections/${encodeURIComponent(selection.id ?? selection)}/`;
}

/** Has the service freeze what a filter takes. It may still be at it when it answers: `watch` goes on. */
export function freeze({ project, signal }, filter) {
  return api.post('/api/v0/selections/', { project: project.id, filter }, { signal, repeat: true });
}

/** The selection at its end. `show` is called for each state until then. */
export async function watch(selection, signal, show = () => {}) {
  for (let delay = FIRST_POLL; !hasEnded(selection); delay = Math.min(delay * 1.3, LONGEST_POLL)) {
    show(selection);
    await pause(delay, signal);
    selection = await api.get(pathOf(selection), { signal });
  }
  return selection;
}

/** Ends the freezing. One that has ended meanwhile stays as it is. */
export async function stop(selection) {
  try {
    return await api.post(`${pathOf(selection)}cancel/`, undefined, { repeat: true });
  } catch (error) {
    if (error.status !== 409) throw error;
    return await api.get(pathOf(selection));
  }
}
