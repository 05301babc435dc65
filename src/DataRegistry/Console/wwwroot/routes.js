// Every page, its address and where it stands in the navigation. Pages are loaded when they are first gone to.

export const routes = {
  projects: { path: '/projects', title: 'Projects', load: () => import('./pages/projects.js') },
  data: { path: '/p/:project/data', title: 'Data', section: 'data', load: () => import('./pages/browse.js') },
  adopt: { path: '/p/:project/data/adopt', title: 'Adopt', section: 'data', load: () => import('./pages/adopt.js') },
  datum: { path: '/p/:project/datums/:id', title: 'Datum', section: 'data', load: () => import('./pages/datum.js') },
};

/** What the navigation shows, as far as there is a route. */
export const navigation = [
  { section: 'data', label: 'Data', route: 'data' },
  { section: 'stores', label: 'Stores', route: 'stores' },
  { section: 'jobs', label: 'Jobs', route: 'jobs' },
  { section: 'volumes', label: 'Data volumes', route: 'volumes' },
  { section: 'settings', label: 'Settings', route: 'settings' },
];
