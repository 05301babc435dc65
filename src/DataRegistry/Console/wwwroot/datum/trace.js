// A datum's origin and history, drawn: earlier datums of the URL and the store lead to the adoption, that to the datum,
// that to its aliases and to what its URL stands for now. Lists in a list, so that it reads as well as it looks.

import { h } from '../dom.js';
import { driftBadge } from '../drift.js';
import { bytes, dateTime, timeAgo } from '../format.js';
import { hasRoute, href } from '../router.js';
import { stateBadge } from '../states.js';

/** More than that in one step would hide the rest: the others are counted. */
const SHOWN = 6;

export function traceOf(trace, store, datum, project) {
  const steps = [
    step('From', [
      ...limited(trace.earlier.toReversed(), v => versionNode(v, 'Earlier datum', project)),
      storeNode(store, trace, project),
    ]),
    step('Adopted', [adoptionNode(trace.adopted, project)]),
    step('Datum', [datumNode(trace, datum)]),
    step(
      'Named',
      trace.aliases.length > 0
        ? limited(trace.aliases, aliasNode, !trace.aliases_complete)
        : [node('quiet', 'Alias', 'None yet')],
    ),
    (trace.later.length > 0 || driftBadge(trace)) &&
      step(
        'Later',
        [
          driftBadge(trace) &&
            node('quiet', 'Drift', driftBadge(trace), trace.drift.since && ['noticed ', timeAgo(trace.drift.since)]),
          ...limited(trace.later.toReversed(), v => versionNode(v, 'Later datum', project), !trace.versions_complete),
        ].filter(Boolean),
      ),
  ];
  return h(
    'div.form',
    h('ol.trace', { 'aria-label': 'From the store to the names' }, steps),
    h('details.history', h('summary', 'As a list of events'), events(trace)),
  );
}

/** Its end: an id begins with the time, which things that were made together have in common. */
function shortId(id) {
  return id ? h('code', { title: id }, `…${id.slice(-12)}`) : '';
}

function step(name, nodes) {
  return h(
    'li.trace-step',
    h('p.trace-name', name),
    h(
      'ul',
      nodes.map(n => h('li', n)),
    ),
  );
}

function node(kind, label, title, ...more) {
  return h(
    'div.node',
    { class: kind },
    h('p.node-label', label),
    h('p.node-title', title),
    more.map(m => m && h('p.node-more', m)),
  );
}

function limited(entries, draw, cut = false) {
  const shown = entries.slice(0, SHOWN).map(draw);
  const rest = entries.length - shown.length;
  if (rest > 0 || cut)
    shown.push(node('quiet', 'More', `${rest > 0 ? rest : 'Some'} more${cut && rest > 0 ? ', at least' : ''}`));
  return shown;
}

function storeNode(store, trace, project) {
  const name =
    store === null
      ? 'A store that is deleted'
      : hasRoute('store')
        ? h('a', { href: href('store', { project: project.id, store: store.id }) }, store.name)
        : store.name;
  return node('store', 'Store', name, h('span.mono', trace.uri));
}

function adoptionNode({ time, user, job, adoption }, project) {
  const what =
    job && hasRoute('job')
      ? h('a', { href: href('job', { project: project.id, kind: 'adoptions', job }) }, 'Job')
      : job
        ? 'Job'
        : 'Request';
  return node('adoption', 'Adoption', `by ${user}`, timeAgo(time), [what, ' ', shortId(job ?? adoption)]);
}

function datumNode({ object, purged, metadata }, datum) {
  return node(
    'datum',
    'Datum',
    datum.name,
    shortId(datum.id),
    `${bytes(object.size)}, ETag ${object.etag.replaceAll('"', '').slice(0, 12)}`,
    object.version_id && h('span.mono', `object version ${object.version_id.slice(0, 12)}`),
    metadata && ['Properties set ', timeAgo(metadata.time), metadata.user && ` by ${metadata.user}`],
    purged && ['Purged ', timeAgo(purged.time), purged.user && ` by ${purged.user}`],
  );
}

function aliasNode(alias) {
  return node(
    alias.until ? 'quiet' : 'alias',
    alias.until ? 'Former alias' : 'Alias',
    alias.name,
    ['since ', timeAgo(alias.from), ` by ${alias.from_user}`],
    alias.until && ['until ', timeAgo(alias.until), alias.until_user && ` by ${alias.until_user}`],
  );
}

function versionNode(version, label, project) {
  return node(
    version.purged ? 'quiet' : 'version',
    label,
    h('a', { href: href('datum', { project: project.id, id: version.id }) }, shortId(version.id)),
    ['adopted ', timeAgo(version.time), ` by ${version.user}`],
    version.purged && [stateBadge('purged')],
  );
}

/** The same in the order in which it happened. */
function events(trace) {
  const all = [
    { time: trace.object.last_modified, text: 'The file was written to the bucket' },
    { time: trace.adopted.time, text: `Adopted by ${trace.adopted.user}` },
    ...trace.aliases.map(a => ({ time: a.from, text: `${a.from_user} gave it the alias ${a.name}` })),
    ...trace.aliases
      .filter(a => a.until)
      .map(a => ({ time: a.until, text: `${a.until_user ?? 'Somebody'} took the alias ${a.name} from it` })),
    trace.metadata && { time: trace.metadata.time, text: `${trace.metadata.user ?? 'Somebody'} last changed its properties` },
    driftBadge(trace) &&
      trace.drift.since && { time: trace.drift.since, text: `A rescan noticed that the file is ${trace.drift.state}` },
    trace.purged && { time: trace.purged.time, text: `${trace.purged.user ?? 'Somebody'} purged it` },
    ...trace.earlier.map(v => ({ time: v.time, text: `Before it, the URL was adopted as ${v.id}` })),
    ...trace.later.map(v => ({ time: v.time, text: `After it, the URL was adopted as ${v.id}` })),
  ]
    .filter(Boolean)
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  return h(
    'ol.events',
    all.map(e => h('li', h('time', { datetime: e.time }, dateTime(e.time)), ' ', e.text)),
  );
}
