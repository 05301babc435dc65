// The download of a datum, and why there is none.

import { api } from '../api.js';
import { h } from '../dom.js';
import { driftOf } from '../drift.js';
import { button, toast, uniqueId } from '../ui.js';

/** Refusals that stay until somebody does something, by the service's codes. */
const REASONS = {
  datum_changed: 'The file has changed in the bucket, which has not kept what was adopted.',
  datum_missing: 'The file is not in the bucket any more.',
  datum_archived: 'The file is archived. Somebody has to restore it in the bucket first.',
  read_not_allowed: 'The store does not allow downloads.',
  store_deleted: 'The store is deleted.',
};

const DRIFTED = { changed: 'datum_changed', missing: 'datum_missing' };

/**
 * The button, and the place of the reason why it is disabled. `store` and `trace` are promises. The last answer to a download or a
 * preview counts: `refuse(code)`, `allow()`. Before there is one, the store's rules and the last scan do.
 */
export function downloading(context, store, trace) {
  const id = uniqueId('reason');
  const reason = h('p.hint', { id, role: 'status', hidden: true });
  let isAnswered = false;
  const main = button(
    'Download',
    () =>
      download(context).catch(error => {
        refused(error.code);
        throw error;
      }),
    { kind: 'primary' },
  );
  Promise.all([store, trace]).then(
    known => isAnswered || set(expected(context.datum, ...known)),
    () => {},
  );
  return { button: main, reason, refuse: refused, allow: () => answered(null) };

  /** Other codes tell nothing of the file: the bucket did not answer, or the connection was lost. */
  function refused(code) {
    if (code in REASONS) answered(code);
  }

  function answered(code) {
    isAnswered = true;
    set(code);
  }

  function set(code) {
    const text = REASONS[code] ?? null;
    main.disabled = text !== null;
    reason.hidden = text === null;
    reason.textContent = text && `It cannot be downloaded. ${text}`;
    if (text) main.setAttribute('aria-describedby', id);
    else main.removeAttribute('aria-describedby');
  }
}

/** The reason that is known without asking the bucket. One that keeps versions still has what was adopted. */
function expected(datum, store, { object }) {
  if (store?.deleted) return 'store_deleted';
  if (store && !store.allow_read) return 'read_not_allowed';
  return object.version_id && object.version_id !== 'null' ? null : DRIFTED[driftOf(datum)];
}

/** In a tab of its own, since browsers show rather than keep what comes from another place. */
async function download({ own, datum, signal }) {
  const { url, drift } = await api.get(`${own}download/`, { signal });
  if (drift) toast('The file in the bucket has changed since. This download is what was adopted.');
  h('a', { href: url, download: datum.name, target: '_blank', rel: 'noopener noreferrer' }).click();
}
