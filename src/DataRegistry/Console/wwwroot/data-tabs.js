import { hasRoute, href } from './router.js';
import { linkTabs } from './ui.js';

/** The tabs of a project's data. */
export function dataTabs(project, current) {
  return linkTabs(
    'Data',
    [
      ['data', 'Browse'],
      ['search', 'Search'],
      ['adopt', 'Adopt'],
      ['aliases', 'Aliases'],
    ]
      .filter(([route]) => hasRoute(route))
      .map(([route, label]) => ({ label, href: href(route, { project: project.id }), current: route === current })),
  );
}
