// Addresses behind the '#', so that any static file server will do. The table of routes is given by the entry.

import { session } from './session.js';

let table = {};

/** The address that was left last for a page of another kind: what leads back to a list, also from its second datum. */
let left = null;

addEventListener('hashchange', ({ oldURL }) => {
  const old = new URL(oldURL).hash;
  const from = match(old);
  if (from && from.name !== match(location.hash)?.name) left = { ...from, address: old };
});

// The next user of the tab has not been there.
session.onChange(() => {
  left = null;
});

export function useRoutes(routes) {
  table = routes;
}

export function hasRoute(name) {
  return name in table;
}

/** The address of a route: href('data', {project}, {tag: 'x'}) → '#/p/…/data?tag=x' */
export function href(name, params = {}, query = {}) {
  const path = table[name].path.replace(/:([a-z]+)/g, (_, key) => encodeURIComponent(params[key]));
  const search = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ).toString();
  return `#${path}${search ? `?${search}` : ''}`;
}

export function navigate(address, { replace = false } = {}) {
  for (const said of document.querySelectorAll('.toast[data-fresh]')) said.dataset.taken = '';
  if (replace) location.replace(address);
  else location.hash = address;
}

/** The route of an address and its parts; null where no route has it. */
export function match(hash) {
  const [path, search = ''] = split(hash.replace(/^#/, '') || '/');
  for (const [name, route] of Object.entries(table)) {
    const params = matchPath(route.path, path);
    if (params) return { name, route, params, query: new URLSearchParams(search) };
  }
  return null;
}

/** The way back to the page of the project that led here, where that is known; otherwise to one of its lists. */
export function wayBack(name, project) {
  const known = left?.params.project === project.id;
  return known
    ? { label: left.route.title, href: left.address }
    : { label: table[name].title, href: href(name, { project: project.id }) };
}

/** Changes the query of the address in place: nothing is rendered, no step back is added. */
export function setQuery(values) {
  const [path, search = ''] = split(location.hash.slice(1));
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === '') query.delete(key);
    else query.set(key, value);
  }
  history.replaceState(history.state, '', `#${path}${query.size > 0 ? `?${query}` : ''}`);
}

function split(address) {
  const mark = address.indexOf('?');
  return mark < 0 ? [address] : [address.slice(0, mark), address.slice(mark + 1)];
}

function matchPath(pattern, path) {
  const wanted = pattern.split('/');
  const given = path.replace(/\/$/, '').split('/');
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [index, part] of wanted.entries()) {
    if (!part.startsWith(':')) {
      if (part !== given[index]) return null;
    } else {
      try {
        params[part.slice(1)] = decodeURIComponent(given[index]);
      } catch {
        return null;
      }
    }
  }
  return params;
}
