// The signed-in user. The token is in this tab's memory and session storage only: it ends with the tab.

const TOKEN = 'data-registry.token';
const PROJECT = 'data-registry.project';
const WAY = 'data-registry.sign-in';

let token = sessionStorage.getItem(TOKEN);
const listeners = new Set();

export const session = {
  get token() {
    return token;
  },

  /** Told to the listeners; `reason` is a sentence for the sign-in page. */
  signIn(value) {
    token = value;
    sessionStorage.setItem(TOKEN, value);
    for (const listener of listeners) listener(null);
  },

  /** Does nothing where nobody is signed in, so that many requests may find out at a time. */
  signOut(reason = null) {
    if (token === null) return;
    token = null;
    sessionStorage.removeItem(TOKEN);
    for (const listener of listeners) listener(reason);
  },

  onChange(listener) {
    listeners.add(listener);
  },

  /** How somebody signed in here the last time: by 'token' or 'password'; null where nobody has. */
  get lastWay() {
    return localStorage.getItem(WAY);
  },
  set lastWay(way) {
    localStorage.setItem(WAY, way);
  },

  /** The project that was looked at last in this browser. It is no secret, but the next user may not see it. */
  get lastProject() {
    return localStorage.getItem(PROJECT);
  },
  set lastProject(id) {
    localStorage.setItem(PROJECT, id);
  },
};
