// Requests to the service: with the token, repeated while the connection is lost, errors as sentences.

import { ApiProblem, ConnectionLost, messageOf, readProblem } from './problems.js';
import { session } from './session.js';

export { ApiProblem, ConnectionLost, messageOf };

/** Tries of a request that the service refuses for now; a lost connection is waited for as long as the page is there. */
const BUSY_TRIES = 5;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const BUSY = new Set([429, 502, 503, 504]);

/** The service's address: the part of the page's own before /console/. */
const BASE = location.pathname.replace(/console(\/.*)?$/, '');

/** The same for those who use it from elsewhere. */
export const SERVICE = location.origin + BASE;

const waiting = new Set();
const running = new Map();
let onConnection = () => {};

/** Calls back with a sentence while requests wait to be sent again, with null when none does. */
export function watchConnection(listener) {
  onConnection = listener;
}

/** While `fn` for that key is running, the same promise is answered: a double click acts once. */
export function once(key, fn) {
  if (!running.has(key))
    running.set(
      key,
      Promise.resolve()
        .then(fn)
        .finally(() => running.delete(key)),
    );
  return running.get(key);
}

export const api = {
  get: (path, options) => json('GET', path, options),
  post: (path, body, options) => json('POST', path, { ...options, body }),
  put: (path, body, options) => json('PUT', path, { ...options, body }),
  patch: (path, body, options) => json('PATCH', path, { ...options, body }),
  delete: (path, options) => json('DELETE', path, options),
  request,

  /** Page after page, by `next`. */
  async *pages(path, query, signal) {
    let page = await this.get(path, { query, signal });
    yield page;
    while (page.next) {
      page = await this.get(page.next, { signal });
      yield page;
    }
  },

  /** The items of the first pages, up to `max`. */
  async all(path, query, signal, { max = 1000 } = {}) {
    const found = [];
    for await (const page of this.pages(path, { limit: max, ...query }, signal)) {
      found.push(...page.results);
      if (found.length >= max) break;
    }
    return found;
  },
};

async function json(method, path, options) {
  const response = await request(method, path, options);
  if (response.status === 204) return null;
  return (response.headers.get('content-type') ?? '').includes('json') ? await response.json() : null;
}

/**
 * One request, as the fetch it is made of. GET is repeated while the connection is lost or the service busy, another method only
 * with `repeat`: for what can be done twice without harm.
 * @throws ApiProblem, or an AbortError once `signal` is aborted
 */
async function request(method, path, options = {}) {
  const { signal, repeat = method === 'GET' } = options;
  const url = addressOf(path, options.query);
  const mine = {};
  try {
    for (let attempt = 0; ; attempt++) {
      const response = await send(method, url, options, repeat);
      if (response?.ok) return response;
      const busy = response !== null && BUSY.has(response.status) && repeat && attempt < BUSY_TRIES;
      if (response !== null && !busy) {
        const problem = await readProblem(response);
        if (response.status === 401 && !options.anonymous)
          session.signOut('Your session has ended. Sign in to go on where you were.');
        throw problem;
      }
      mine.busy = response !== null;
      waiting.add(mine);
      tellConnection();
      await pause(delayOf(attempt, response), signal);
    }
  } finally {
    if (waiting.delete(mine)) tellConnection();
  }
}

function tellConnection() {
  const lost = [...waiting].some(request => !request.busy);
  onConnection(waiting.size === 0 ? null : lost ? 'Connection lost. Trying again…' : 'The service is busy. Trying again…');
}

/** The answer; null where the connection is lost and the request may be repeated. */
async function send(method, url, options, repeat) {
  try {
    return await fetch(url, {
      method,
      signal: options.signal,
      headers: headersOf(options),
      body: bodyOf(options),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    if (repeat) return null;
    throw new ConnectionLost('The connection was lost, and it is not known whether this was done. Look before you try again.');
  }
}

/** Addresses in answers (`next`) count by what follows /api/, so that they work behind a proxy, too. */
function addressOf(path, query) {
  const url = new URL(path, location.origin);
  const address = new URL(BASE + url.pathname.slice(url.pathname.indexOf('/api/') + 1) + url.search, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (Array.isArray(value)) for (const each of value) address.searchParams.append(name, each);
    else if (value !== null && value !== undefined && value !== '') address.searchParams.set(name, value);
  }
  return address;
}

function headersOf({ headers, body, contentType, anonymous }) {
  // A page is shown with what is known; it does not wait for checksums.
  const all = new Headers({ accept: 'application/json', prefer: 'wait=0', ...headers });
  if (session.token && !anonymous) all.set('authorization', `Bearer ${session.token}`);
  if (contentType) all.set('content-type', contentType);
  else if (typeof body === 'string') all.set('content-type', 'text/plain; charset=utf-8');
  else if (isPlain(body)) all.set('content-type', 'application/json');
  return all;
}

function bodyOf({ body }) {
  return isPlain(body) ? JSON.stringify(body) : body;
}

function isPlain(body) {
  return (
    body !== undefined &&
    body !== null &&
    typeof body === 'object' &&
    !(body instanceof URLSearchParams || body instanceof FormData || body instanceof Blob)
  );
}

function delayOf(attempt, response) {
  const asked = Number(response?.headers.get('retry-after')) * 1000;
  const delay = Math.min(FIRST_DELAY * 2 ** attempt, LONGEST_DELAY);
  return asked > 0 ? Math.min(asked, 60_000) : delay * (0.75 + Math.random() / 2);
}

/** Waits; shorter if the browser says that it is online again. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      cleanUp();
      resolve();
    };
    const aborted = () => {
      cleanUp();
      reject(signal.reason ?? new DOMException('Aborted', 'AbortError'));
    };
    const timer = setTimeout(done, milliseconds);
    const cleanUp = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal?.removeEventListener('abort', aborted);
    };
    if (signal?.aborted) {
      aborted();
      return;
    }
    addEventListener('online', done);
    signal?.addEventListener('abort', aborted);
  });
}
