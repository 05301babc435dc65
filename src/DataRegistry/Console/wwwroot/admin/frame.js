// The shared parts of the administration's pages: tabs, the units of the organization, and the actions at one.

import { api } from '../api.js';
import { h } from '../dom.js';
import { may, maySomewhere } from '../permissions.js';
import { href } from '../router.js';
import { missingNotice } from '../rights.js';
import { linkTabs, pageHeader } from '../ui.js';

/** More units than these are not named; their ids are shown. */
const MOST_UNITS = 1000;

const TABS = [
  ['adminProjects', 'Projects'],
  ['adminUnits', 'Departments and clusters'],
  ['adminUsers', 'Users', 'users_read'],
  ['adminAccounts', 'Service accounts', 'users_read'],
  ['adminAudit', 'Audit trail', 'audit_read'],
];

/** A page of the administration. If `permission` is allowed nowhere, it says so instead of `content`. */
export function adminPage(me, current, { lead, actions, permission, content }) {
  const allowed = !permission || offers(me, permission);
  const tabs = linkTabs(
    'Administration',
    TABS.filter(([route, , needed]) => route === current || !needed || offers(me, needed)).map(([route, label]) => ({
      label,
      href: href(route),
      current: route === current,
    })),
  );
  return h(
    'div',
    pageHeader('Administration', { lead, actions: allowed ? actions : [] }),
    tabs,
    allowed ? content() : missingNotice(permission),
  );
}

/** A project's audit trail is there also for a token that is limited to the project. */
function offers(me, permission) {
  return maySomewhere(me, permission) || (permission === 'audit_read' && me.projects?.length > 0);
}

/** Clusters, departments and projects that one sees, by their ids. */
export async function loadUnits(signal) {
  const [clusters, departments, projects] = await Promise.all(
    ['clusters', 'departments', 'projects'].map(kind => api.all(`/api/v0/${kind}/`, {}, signal, { max: MOST_UNITS })),
  );
  return { cluster: byId(clusters), department: byId(departments), project: byId(projects) };
}

function byId(units) {
  return new Map(units.map(unit => [unit.id, unit]));
}

/** A scope as permissions.js takes it: with the units that it lies in. Null is the whole system. */
function scopeAt(type, unit) {
  if (type === 'system') return null;
  if (type === 'cluster') return { cluster: unit.id };
  if (type === 'department') return { department: unit.id, cluster: unit.cluster };
  return unit;
}

export function mayAt(me, type, unit, permission) {
  return may(me, scopeAt(type, unit), permission);
}

/** 'department Research', with a link where there is a page. */
export function scopeLink(type, id, units) {
  if (type === 'system') return 'the whole service';
  const unit = units[type]?.get(id);
  return h('span', `${type} `, h('a', { href: href('adminUnit', { kind: `${type}s`, unit: id }), title: id }, unit?.name ?? id));
}

/** Units as a lookup field offers them, each text once: projects with their department. */
export function unitEntries(type, units) {
  const all = [...units[type].values()].map(unit => ({ id: unit.id, name: unit.name, text: textOf(type, unit, units) }));
  const times = new Map();
  for (const { text } of all) times.set(text, (times.get(text) ?? 0) + 1);
  return all
    .map(({ id, name, text }) => ({ id, name, text: times.get(text) > 1 ? `${text} (${id})` : text }))
    .sort((a, b) => a.text.localeCompare(b.text));
}

function textOf(type, unit, units) {
  const above =
    type === 'project' ? units.department.get(unit.department) : type === 'department' ? units.cluster.get(unit.cluster) : null;
  return above ? `${unit.name} – ${above.name}` : unit.name;
}
