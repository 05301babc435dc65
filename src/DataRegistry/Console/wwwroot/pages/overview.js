import { api } from '../api.js';
import { h } from '../dom.js';
import { count, plural, timeAgo } from '../format.js';
import { jobBadge } from '../job-progress.js';
import { LISTED, jobPage, jobTitle } from '../job-words.js';
import { may } from '../permissions.js';
import { projectCount } from '../project-count.js';
import { hasRoute, href } from '../router.js';
import { stateWord } from '../states.js';
import { badge, linkButton, pageHeader, pending, section, table } from '../ui.js';
import { DRIFT } from '../words.js';

/** So many of each are shown. */
const MOST = 5;

/** Up to so many drifted datums are counted; beyond that it says "more than". */
const MOST_DRIFT = 100;

/** The service merges the rescans of so many stores in one list. */
const MOST_STORES = 100;

/** A project's content and its recent activity. Each part asks for a few rows, however large the project is. */
export async function render(context) {
  const { project, me, signal } = context;
  const stores = (await api.all('/api/v0/stores/', {}, signal)).filter(s => !s.deleted);
  return h(
    'div',
    pageHeader('Overview', {
      lead: project.description,
      actions: may(me, project, 'data_adopt') ? [linkButton('Adopt files', href('adopt', { project: project.id }))] : [],
    }),
    h(
      'div.columns',
      projectCount(context),
      h(
        'div.card',
        section(
          'Drift',
          pending(drift(), nodes => h('div.job', nodes)),
        ),
      ),
    ),
    hasRoute('datasets') &&
      part(
        'Datasets',
        'datasets',
        pending(datasets(), node => node),
      ),
    part(
      'Recent jobs',
      'jobs',
      pending(jobs(), node => node),
    ),
  );

  function part(title, route, content) {
    return section(title, content, h('p', h('a', { href: href(route, { project: project.id }) }, `All ${route}`)));
  }

  /** Drifted datums have an index of their own, so these lists cost what they show. */
  async function drift() {
    const query = { project: project.id, limit: MOST_DRIFT, no_count: true, exclude: 'md5,sha1,sha256,project,tags,aliases' };
    const pages = await Promise.all(
      ['changed', 'missing'].map(state => api.get('/api/v0/data/', { query: { ...query, drift: state }, signal })),
    );
    const scanned = stores.filter(s => s.last_rescan);
    return [
      h(
        'dl.counts',
        ['changed', 'missing'].map((state, i) =>
          h(
            'div',
            h('dt', stateWord(state)),
            h(
              'dd',
              pages[i].results.length === 0
                ? '0'
                : h(
                    'a',
                    { href: href('data', { project: project.id }, { drift: state }) },
                    pages[i].next ? `more than ${count(pages[i].results.length)}` : count(pages[i].results.length),
                  ),
            ),
          ),
        ),
      ),
      h('p.hint', DRIFT),
      table(
        'Rescans of stores',
        [
          {
            label: 'Store',
            wide: true,
            cell: s => h('a', { href: href('store', { project: project.id, store: s.id }) }, s.name),
          },
          { label: 'Last rescan', cell: s => jobBadge(s.last_rescan) },
          { label: 'When', cell: s => timeAgo(s.last_rescan.finished ?? s.last_rescan.started) },
        ],
        scanned.slice(0, MOST),
        { empty: h('p.hint', stores.length === 0 ? 'There is no store yet.' : 'No store was rescanned yet.') },
      ),
      stores.length > scanned.length &&
        scanned.length > 0 &&
        h('p.hint', `${plural(stores.length - scanned.length, 'store')} never rescanned.`),
    ];
  }

  async function datasets() {
    const { results } = await api.get('/api/v0/datasets/', { query: { project: project.id, limit: MOST }, signal });
    return table(
      'Datasets',
      [
        {
          label: 'Name',
          wide: true,
          cell: d => h('a.strong', { href: href('dataset', { project: project.id, dataset: d.id }) }, d.name),
        },
        {
          label: 'Latest version',
          wide: true,
          cell: d =>
            d.latest_version
              ? h(
                  'a',
                  { href: href('datasetVersion', { project: project.id, dataset: d.id, version: d.latest_version.id }) },
                  d.latest_version.name,
                )
              : badge('None yet'),
        },
        { label: 'Created', cell: d => timeAgo(d.ctime) },
      ],
      results,
      { empty: h('p.hint', 'No dataset yet. A dataset is a named, versioned list of datums.') },
    );
  }

  async function jobs() {
    const wanted = { adoptions: project.id, rescans: stores.length > MOST_STORES ? project.id : null, actions: project.id };
    const names = new Map(stores.map(s => [s.id, s.name]));
    const pages = await Promise.all(
      Object.keys(wanted).map(async kind => {
        const { results } = await api.get(LISTED[kind].path, { query: { project: wanted[kind], limit: MOST }, signal });
        return results.map(job => ({ kind, job }));
      }),
    );
    const newest = pages
      .flat()
      .sort((a, b) => b.job.ctime.localeCompare(a.job.ctime))
      .slice(0, MOST);
    return table(
      'Recent jobs',
      [
        {
          label: 'Job',
          wide: true,
          cell: ({ kind, job }) =>
            h('a.strong', { href: jobPage(kind, job, project) }, jobTitle(kind, job, names)),
        },
        { label: 'Status', cell: ({ job }) => jobBadge(job) },
        { label: 'Started by', wide: true, cell: ({ job }) => job.created_by },
        { label: 'When', cell: ({ job }) => timeAgo(job.ctime) },
      ],
      newest,
      { empty: h('p.hint', 'No job yet. Long adoptions, rescans, and actions on many datums are jobs.') },
    );
  }
}
