// Every page, its address and where it stands in the navigation. Pages are loaded when they are first gone to.

export const routes = {
  adminProjects: { path: '/admin/projects', title: 'Projects', section: 'admin', load: () => import('./pages/admin-projects.js') },
  adminUnits: { path: '/admin/units', title: 'Departments and clusters', section: 'admin', load: () => import('./pages/admin-units.js') },
  adminUsers: { path: '/admin/users', title: 'Users', section: 'admin', load: () => import('./pages/admin-users.js') },
  adminAccounts: { path: '/admin/accounts', title: 'Service accounts', section: 'admin', load: () => import('./pages/admin-accounts.js') },
  adminUser: { path: '/admin/users/:user', title: 'User', section: 'admin', load: () => import('./pages/admin-user.js') },
  adminAudit: { path: '/admin/audit', title: 'Audit trail', section: 'admin', load: () => import('./pages/admin-audit.js') },
  adminUnit: { path: '/admin/:kind/:unit', title: 'Unit', section: 'admin', load: () => import('./pages/admin-unit.js') },
  projects: { path: '/projects', title: 'Projects', load: () => import('./pages/projects.js') },
  overview: { path: '/p/:project/overview', title: 'Overview', section: 'overview', load: () => import('./pages/overview.js') },
  data: { path: '/p/:project/data', title: 'Data', section: 'data', load: () => import('./pages/browse.js') },
  adopt: { path: '/p/:project/data/adopt', title: 'Adopt', section: 'data', load: () => import('./pages/adopt.js') },
  aliases: { path: '/p/:project/data/aliases', title: 'Aliases', section: 'data', load: () => import('./pages/aliases.js') },
  alias: { path: '/p/:project/data/aliases/:alias', title: 'Alias', section: 'data', load: () => import('./pages/alias.js') },
  datum: { path: '/p/:project/datums/:id', title: 'Datum', section: 'data', load: () => import('./pages/datum.js') },
  datasets: { path: '/p/:project/datasets', title: 'Datasets', section: 'datasets', load: () => import('./pages/datasets.js') },
  datasetAdd: { path: '/p/:project/add-to-dataset', title: 'Add to a dataset', section: 'datasets', load: () => import('./pages/dataset-add.js') },
  dataset: { path: '/p/:project/datasets/:dataset', title: 'Dataset', section: 'datasets', load: () => import('./pages/dataset.js') },
  datasetAlias: { path: '/p/:project/datasets/:dataset/aliases/:alias', title: 'Alias', section: 'datasets', load: () => import('./pages/dataset-alias.js') },
  datasetVersion: { path: '/p/:project/datasets/:dataset/versions/:version', title: 'Version', section: 'datasets', load: () => import('./pages/dataset-version.js') },
  datasetDiff: { path: '/p/:project/datasets/:dataset/versions/:version/diff', title: 'Changes', section: 'datasets', load: () => import('./pages/dataset-diff.js') },
  stores: { path: '/p/:project/stores', title: 'Stores', section: 'stores', load: () => import('./pages/stores.js') },
  store: { path: '/p/:project/stores/:store', title: 'Store', section: 'stores', load: () => import('./pages/store.js') },
  jobs: { path: '/p/:project/jobs', title: 'Jobs', section: 'jobs', load: () => import('./pages/jobs.js') },
  job: { path: '/p/:project/jobs/:kind/:job', title: 'Job', section: 'jobs', load: () => import('./pages/job.js') },
  volumes: { path: '/p/:project/volumes', title: 'Data volumes', section: 'volumes', load: () => import('./pages/volumes.js') },
  volume: { path: '/p/:project/volumes/:volume', title: 'Data volume', section: 'volumes', load: () => import('./pages/volume.js') },
  settings: { path: '/p/:project/settings', title: 'Settings', section: 'settings', load: () => import('./pages/settings.js') },
};

/** What the navigation shows, as far as there is a route. */
export const navigation = [
  { section: 'overview', label: 'Overview', route: 'overview' },
  { section: 'data', label: 'Data', route: 'data' },
  { section: 'datasets', label: 'Datasets', route: 'datasets' },
  { section: 'stores', label: 'Stores', route: 'stores' },
  { section: 'jobs', label: 'Jobs', route: 'jobs' },
  { section: 'volumes', label: 'Data volumes', route: 'volumes' },
  { section: 'settings', label: 'Settings', route: 'settings' },
];
