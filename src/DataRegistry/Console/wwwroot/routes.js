// Every page, its address and where it stands in the navigation. Pages are loaded when they are first gone to.

export const routes = {
  projects: { path: '/projects', title: 'Projects', load: () => import('./pages/projects.js') },
  data: { path: '/p/:project/data', title: 'Data', section: 'data', load: () => import('./pages/browse.js') },
  search: { path: '/p/:project/data/search', title: 'Search', section: 'data', load: () => import('./pages/search.js') },
  selection: { path: '/p/:project/selections/:selection', title: 'Selection', section: 'data', load: () => import('./pages/selection.js') },
  selectionById: { path: '/selections/:selection', title: 'Selection', load: () => import('./pages/selection.js') },
  adopt: { path: '/p/:project/data/adopt', title: 'Adopt', section: 'data', load: () => import('./pages/adopt.js') },
  aliases: { path: '/p/:project/data/aliases', title: 'Aliases', section: 'data', load: () => import('./pages/aliases.js') },
  alias: { path: '/p/:project/data/aliases/:alias', title: 'Alias', section: 'data', load: () => import('./pages/alias.js') },
  datum: { path: '/p/:project/datums/:id', title: 'Datum', section: 'data', load: () => import('./pages/datum.js') },
  stores: { path: '/p/:project/stores', title: 'Stores', section: 'stores', load: () => import('./pages/stores.js') },
  store: { path: '/p/:project/stores/:store', title: 'Store', section: 'stores', load: () => import('./pages/store.js') },
  storeEdit: { path: '/p/:project/stores/:store/edit', title: 'Store', section: 'stores', load: () => import('./pages/store-edit.js') },
  jobs: { path: '/p/:project/jobs', title: 'Jobs', section: 'jobs', load: () => import('./pages/jobs.js') },
  job: { path: '/p/:project/jobs/:kind/:job', title: 'Job', section: 'jobs', load: () => import('./pages/job.js') },
  volumes: { path: '/p/:project/volumes', title: 'Data volumes', section: 'volumes', load: () => import('./pages/volumes.js') },
  volume: { path: '/p/:project/volumes/:volume', title: 'Data volume', section: 'volumes', load: () => import('./pages/volume.js') },
  settings: { path: '/p/:project/settings', title: 'Settings', section: 'settings', load: () => import('./pages/settings.js') },
};

/** What the navigation shows, as far as there is a route. */
export const navigation = [
  { section: 'data', label: 'Data', route: 'data' },
  { section: 'stores', label: 'Stores', route: 'stores' },
  { section: 'jobs', label: 'Jobs', route: 'jobs' },
  { section: 'volumes', label: 'Data volumes', route: 'volumes' },
  { section: 'settings', label: 'Settings', route: 'settings' },
];
