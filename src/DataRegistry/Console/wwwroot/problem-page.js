// The page in place of one that cannot be shown: what is wrong, in the words of the request, and where to go on.

import { h } from './dom.js';
import { messageOf } from './problems.js';
import { href } from './router.js';
import { emptyState, linkButton, pageHeader, problem } from './ui.js';

/** The list that a page's things are in; of other pages it is the project's data. */
const LISTS = {
  alias: ['aliases', 'aliases'],
  store: ['stores', 'stores'],
  storeEdit: ['stores', 'stores'],
  job: ['jobs', 'jobs'],
  volume: ['volumes', 'data volumes'],
  dataset: ['datasets', 'datasets'],
  datasetVersion: ['datasets', 'datasets'],
  datasetDiff: ['datasets', 'datasets'],
  datasetAlias: ['datasets', 'datasets'],
};

/** For an address that names no page. */
export function unknownPage(project) {
  return {
    title: 'Page not found',
    node: h(
      'div',
      pageHeader('Page not found'),
      emptyState('There is no page at this address', 'Check the address for a typing error, or go on from here.', ways(project)),
    ),
  };
}

/** `found` is the route that was to be shown, `project` the one that it is in, where that is there. */
export function problemPage(error, found, project, retry) {
  const noun = error.noun ?? (found?.params.project && !project ? 'Project' : (found?.route.title ?? 'Page'));
  if (error.status === 404) {
    const title = `${noun} not found`;
    return {
      title,
      node: h(
        'div',
        pageHeader(title),
        emptyState(
          `There is no such ${noun.toLowerCase()}`,
          'It may have been deleted, or you may not have access to it. Check the address, or go on from here.',
          ways(project, found?.name),
        ),
      ),
    };
  }
  if (error.status === 403) {
    return {
      title: 'No access',
      node: h(
        'div',
        pageHeader('No access'),
        emptyState('Your roles do not allow you to see this', messageOf(error), ways(project)),
      ),
    };
  }
  return { title: 'Problem', node: h('div', pageHeader('This page could not be shown'), problem(error, { retry })) };
}

function ways(project, name) {
  const [route, many] = LISTS[name] ?? ['data', 'data'];
  return h(
    'div.actions.center',
    project && linkButton(`Go to the ${many}`, href(route, { project: project.id }), { kind: 'primary' }),
    linkButton('All projects', href('projects')),
    name?.startsWith('admin') && linkButton('Administration', href('adminProjects')),
  );
}
