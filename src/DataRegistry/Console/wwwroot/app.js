// The frame around the pages: navigation, sign-in, connection, and which page is shown.

import { ConnectionLost, api, watchConnection } from './api.js';
import { h, replace } from './dom.js';
import { hasRoute, href, match, navigate, setQuery, useRoutes } from './router.js';
import { maySomewhere } from './permissions.js';
import { navigation, routes } from './routes.js';
import { session } from './session.js';
import { applyTheme, currentTheme, nextTheme } from './theme.js';
import { problemPage, unknownPage } from './problem-page.js';
import { endToasts, spinner } from './ui.js';
import * as signIn from './pages/sign-in.js';

/** Before this long no spinner shows: most pages are there by then. */
const PATIENCE = 200;

const RELOADED = 'data-registry.reloaded';

const main = h('main', { id: 'main', tabindex: '-1' });
const top = h('header.top');
const offline = h('div.offline', { role: 'status' });
const announcer = h('div.visually-hidden', { 'aria-live': 'polite' });
let me = null;
let project = null;
let leaving = new AbortController();
let reason = null;

useRoutes(routes);
applyTheme();
document.body.append(
  h(
    'a.skip',
    {
      href: '#main',
      onclick: event => {
        event.preventDefault();
        main.focus();
      },
    },
    'Skip to the content',
  ),
  top,
  offline,
  main,
  h('div', { id: 'toasts', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages' }),
  announcer,
);
watchConnection(sentence => {
  offline.textContent = sentence ?? '';
});
session.onChange(why => {
  reason = why;
  me = project = null;
  show();
});
addEventListener('hashchange', () => show());
show();

/**
 * Shows what the address names. Requests of the previous page end. `again`: it is the same page, which keeps its scroll position, works
 * until the new one is there, and is not replaced while a dialog is open.
 */
async function show({ again = false } = {}) {
  if (again) await dialogsClosed();
  const old = leaving;
  const leave = (leaving = new AbortController());
  const { signal } = leave;
  if (again) signal.addEventListener('abort', () => old.abort());
  else old.abort();
  if (!again) endToasts();
  const waiting = again
    ? 0
    : setTimeout(() => {
        if (!signal.aborted) replace(main, spinner());
      }, PATIENCE);
  main.setAttribute('aria-busy', 'true');
  try {
    const address = location.hash;
    const found = match(address);
    const page = await pageFor(found, signal);
    if (again) await dialogsClosed();
    if (signal.aborted) return;
    // Meanwhile the user has chosen another filter in the old page, which put it in the address.
    if (again && location.hash !== address) return show({ again });
    const { node, title } = page;
    if (again) old.abort();
    drawTop(found?.route.section);
    place(node, title, again);
  } catch (error) {
    if (signal.aborted || error?.name === 'AbortError' || !session.token) return;
    if (again) await dialogsClosed();
    if (signal.aborted) return;
    old.abort();
    const found = match(location.hash);
    drawTop(found?.route.section);
    const { node, title } = problemPage(error, found, project, () => show());
    place(node, title);
  } finally {
    clearTimeout(waiting);
    if (!signal.aborted) main.removeAttribute('aria-busy');
  }
}

/** Text in a dialog would be lost with its page. A dialog whose page is left never closes. */
async function dialogsClosed() {
  for (let open; (open = main.querySelector('dialog[open]'));) {
    main.removeAttribute('aria-busy');
    await new Promise(done => open.addEventListener('close', done, { once: true }));
  }
}

async function pageFor(found, signal) {
  if (!session.token) return { node: signIn.render({ reason, asked: found?.route.title, signal }), title: 'Sign in' };
  me ??= await api.get('/api/v0/users/me/', { signal });
  if (!found && location.hash.length < 3) {
    project = await firstProject(signal);
    navigate(project ? href('data', { project: project.id }) : href('projects'), { replace: true });
    throw new DOMException('Elsewhere', 'AbortError');
  }
  if (!found) return unknownPage(project);
  const id = found.params.project;
  if (project?.id !== id) project = null;
  if (id) project ??= await findProject(id, signal);
  const { render } = await loadPage(found.route);
  let title = found.route.title;
  const node = await render({
    params: found.params,
    query: found.query,
    project,
    me,
    signal,
    setTitle: text => {
      title = text;
      document.title = titleOf(text);
    },
    setQuery,
    refresh: () => show({ again: true }),
  });
  return { node, title };
}

/** A page that cannot be loaded may be one of an older version of this service: then the newer one is loaded, once. */
async function loadPage(route) {
  try {
    return await route.load();
  } catch (error) {
    const there = await fetch('./', { method: 'HEAD', cache: 'no-store' }).then(
      answer => answer.ok,
      () => false,
    );
    if (!there) throw new ConnectionLost();
    if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < 60_000) throw error;
    sessionStorage.setItem(RELOADED, Date.now());
    location.reload();
    throw new DOMException('A newer version is being loaded', 'AbortError');
  }
}

/** The one that was looked at last, if this user sees it, else the only one there is; null where there is a choice. */
async function firstProject(signal) {
  if (session.lastProject) {
    const last = await findProject(session.lastProject, signal).catch(error => {
      if (error.status !== 404 && error.status !== 403) throw error;
      return null;
    });
    if (last) return last;
  }
  const { results } = await api.get('/api/v0/projects/', { query: { limit: 2 }, signal });
  return results.length === 1 ? results[0] : null;
}

async function findProject(id, signal) {
  try {
    const answer = await api.get(`/api/v0/projects/${encodeURIComponent(id)}/`, { signal });
    session.lastProject = answer.id;
    return answer;
  } catch (error) {
    // A project that is gone is not gone to again at the next start.
    if (error.status === 404 && session.lastProject === id) session.lastProject = '';
    throw error;
  }
}

function place(node, title, again = false) {
  replace(main, node);
  document.title = titleOf(title);
  if (!again) announcer.textContent = title;
  if (!again) scrollTo(0, 0);
  main.querySelector('[autofocus], h1')?.focus({ preventScroll: true });
}

/** The next user of this tab begins as in a new one, and not at a page that he may not see. */
function signOut() {
  history.replaceState(null, '', '#/');
  session.signOut();
}

function titleOf(text) {
  return [text, project?.name, 'Data Registry'].filter(Boolean).join(' · ');
}

function drawTop(section) {
  const theme = h('button.button.quiet', {
    type: 'button',
    onclick: () => {
      nextTheme();
      nameTheme();
    },
  });
  const nameTheme = () => {
    theme.textContent = { auto: '◐', light: '☀', dark: '☾' }[currentTheme()];
    theme.setAttribute('aria-label', `Colours: ${currentTheme()}`);
    theme.title = `Colours: ${currentTheme()}`;
  };
  nameTheme();
  replace(
    top,
    h(
      'a.brand',
      { href: '#/', 'aria-label': 'Data Registry' },
      h('span.logo', { 'aria-hidden': 'true' }),
      h('span.brand-name', 'Data Registry'),
    ),
    session.token &&
      h(
        'a.project',
        { href: href('projects'), title: project?.name },
        h('span.visually-hidden', 'Project: '),
        h('span', project?.name ?? 'Projects'),
        h('span', { 'aria-hidden': 'true' }, ' ▾'),
      ),
    project &&
      h(
        'nav.main-nav',
        { 'aria-label': 'Main' },
        navigation
          .filter(n => hasRoute(n.route))
          .map(n =>
            h('a', { href: href(n.route, { project: project.id }), 'aria-current': n.section === section && 'page' }, n.label),
          ),
      ),
    h(
      'div.top-end',
      me &&
        ['projects_manage', 'users_read', 'audit_read'].some(permission => maySomewhere(me, permission)) &&
        h(
          'a.button.quiet.admin-link',
          {
            href: href('adminProjects'),
            title: 'Administration',
            'aria-label': 'Administration',
            'aria-current': section === 'admin' && 'page',
          },
          h('span', { 'aria-hidden': 'true' }, '⚙'),
          h('span', 'Administration'),
        ),
      me && h('span.who', { title: me.username }, me.display_name || me.username),
      theme,
      session.token && h('button.button.quiet', { type: 'button', onclick: signOut }, 'Sign out'),
    ),
  );
}
