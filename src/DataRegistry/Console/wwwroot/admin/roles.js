// Roles at scopes: lists, giving and taking.

import { api } from '../api.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { endlessList } from '../list.js';
import { lookupField } from '../lookup-field.js';
import { ROLES } from '../permissions.js';
import { missing, needing } from '../rights.js';
import { href } from '../router.js';
import { badge, button, confirm, emptyState, openDialog, table, toast } from '../ui.js';
import { mayAt, scopeLink, unitEntries } from './frame.js';

const WORDS = {
  system_admin: 'does everything',
  department_admin: 'manages projects, stores, roles and data',
  research_manager: 'manages data and reads the audit trail',
  editor: 'adopts, edits and shares data',
  data_volume_admin: 'reads data, manages data volumes',
  l1_researcher: 'adopts and edits data, shares no data volumes',
  viewer: 'reads',
  cluster_agent: 'reports on data volumes, and nothing else',
};

const SCOPES = { project: 'A project', department: 'A department', cluster: 'A cluster', system: 'The whole service' };
const MOST_USERS = 1000;

/**
 * Roles that are offered at some scopes only. Elsewhere they allow nothing that another role does not: an agent works for a cluster, and
 * system_admin manages departments and clusters.
 */
const FIT = { system_admin: ['system', 'cluster', 'department'], cluster_agent: ['system', 'cluster'] };

/** Roles that somebody may give and take at a scope: none that allows more than they may themselves. */
function givable(me, type, unit) {
  if (!mayAt(me, type, unit, 'roles_manage')) return [];
  return Object.keys(ROLES).filter(role => ROLES[role].every(permission => mayAt(me, type, unit, permission)));
}

/** Those of them that are offered there. */
export function offered(me, type, unit) {
  return givable(me, type, unit).filter(role => FIT[role]?.includes(type) ?? true);
}

/** Goes on after 'These roles count': the administrator of the settings is no user, so no list of roles has it. */
export function operatorWords(me) {
  if (me.ctime !== null) return '';
  return ' So does the administrator’s token of the service’s settings, with which you signed in. It is no role, so it is not listed.';
}

/** Everybody whose role counts at a unit, also those who have it further up. */
export function holders({ me, type, unit, units, signal }) {
  const roles = givable(me, type, unit);
  const list = endlessList({
    caption: 'Roles',
    noun: ['role', 'roles'],
    signal,
    lookedAt: page => Math.max(page.results.length, 1),
    load: (next, abort) =>
      needing(
        'roles_manage',
        api.get(next ?? '/api/v0/roles/', {
          query: next ? null : { scope_type: type, scope_id: unit.id, limit: 200 },
          signal: abort,
        }),
      ),
    columns: [
      {
        label: 'Name',
        wide: true,
        cell: r => [
          userLink(r.user),
          r.user.type === 'service_account' && [' ', badge('Service account')],
          r.user.disabled && [' ', badge('Disabled', 'warn')],
        ],
      },
      { label: 'Role', size: 'medium', cell: r => h('span', { title: WORDS[r.role] }, r.role) },
      {
        label: 'Given for',
        size: 'large',
        cell: r => (r.scope_type === type && type !== 'system' ? `this ${type}` : scopeLink(r.scope_type, r.scope_id, units)),
      },
      { label: 'Given by', size: 'medium', cell: r => h('span', { title: r.given_by }, r.given_by) },
      { label: 'Given', size: 'medium', cell: r => timeAgo(r.ctime) },
      {
        label: 'Change',
        size: 'changes',
        cell: r =>
          r.scope_type === type &&
          roles.includes(r.role) &&
          button('Remove', () => take(r.user, r, { done: () => list.reload(), signal }), {
            kind: 'quiet',
            'aria-label': `Remove ${r.role} from ${r.user.username}`,
          }),
      },
    ],
    empty: () =>
      emptyState(
        'No role is given here',
        !mayAt(me, 'system', null, 'roles_manage') && 'Roles that are given further up show to those who may give roles there.',
      ),
  });
  list.give = async () => {
    const users = await needing('users_read', api.all('/api/v0/users/', {}, signal, { max: MOST_USERS }));
    const given = await openDialog(`Give a role in ${unit.name}`, close => {
      const who = lookupField({
        label: 'User or service account',
        name: 'user',
        required: true,
        entries: users.map(u => ({ id: u.id, text: u.username })),
      });
      return form([who, roleField(offered(me, type, unit), type)], {
        submit: 'Give the role',
        cancel: () => close(),
        onsubmit: async ({ role }) => close(await give(who.pick(), { role, scope_type: type, scope_id: unit.id }, signal)),
      });
    });
    if (!given) return;
    toast(`The role ${given.role} is given.`);
    list.reload();
  };
  return list;
}

/** The roles of one user, as far as one may give them; `refresh` shows them anew. */
export function rolesOf({ me, user, roles, units, signal, refresh }) {
  return table(
    `Roles of ${user.username}`,
    [
      { label: 'Role', cell: r => h('span.strong', r.role) },
      { label: 'Its holder', wide: true, cell: r => WORDS[r.role] ?? '' },
      { label: 'Given for', wide: true, cell: r => scopeLink(r.scope_type, r.scope_id, units) },
      {
        label: 'Change',
        cell: r =>
          takes(r) &&
          button('Remove', () => take(user, r, { done: refresh, signal }), {
            kind: 'quiet',
            'aria-label': `Remove ${r.role}, ${r.scope_type}`,
          }),
      },
    ],
    roles,
    { empty: h('p.hint', 'No role, or none that you may see. Without a role the user can sign in, but sees no project.') },
  );

  /** A role of a unit that is gone is removed by those who manage all roles. */
  function takes(role) {
    const unit = role.scope_type === 'system' ? null : units[role.scope_type]?.get(role.scope_id);
    return givable(me, unit ? role.scope_type : 'system', unit).includes(role.role);
  }
}

/** A dialog that gives a user a role somewhere. */
export async function giveTo({ me, user, units, signal }) {
  const types = Object.keys(SCOPES).filter(type =>
    type === 'system' ? offered(me, type, null).length > 0 : placesOf(me, type, units).length > 0,
  );
  if (types.length === 0) {
    toast(missing('roles_manage'), 'bad');
    return null;
  }
  const given = await openDialog(`Give ${user.username} a role`, close => {
    const places = type => unitEntries(type, units).filter(({ id }) => offered(me, type, units[type].get(id)).length > 0);
    const type = field({
      label: 'For',
      name: 'scope_type',
      type: 'select',
      value: types[0],
      options: types.map(t => ({ value: t, label: SCOPES[t] })),
      onchange: choose,
    });
    const unit = lookupField({ label: 'Which one', name: 'scope_id', required: true, entries: [], onchange: offer });
    const role = roleField([], types[0]);
    choose();
    return form([type, unit, role], {
      submit: 'Give the role',
      cancel: () => close(),
      onsubmit: async values =>
        close(
          await give(
            user.id,
            {
              role: values.role,
              scope_type: values.scope_type,
              ...(values.scope_type !== 'system' && { scope_id: unit.pick() }),
            },
            signal,
          ),
        ),
    });

    function choose() {
      unit.hidden = unit.input.disabled = type.value === 'system';
      unit.value = '';
      unit.offer(type.value === 'system' ? [] : places(type.value));
      offer();
    }

    /** The roles that the user may give at the chosen unit; before a choice, at any unit. */
    function offer() {
      const chosen = picked();
      const units_ = type.value === 'system' ? [null] : chosen ? [chosen] : placesOf(me, type.value, units);
      role.choose([...new Set(units_.flatMap(u => offered(me, type.value, u)))], type.value);
    }

    function picked() {
      try {
        return units[type.value]?.get(unit.pick());
      } catch {
        return undefined;
      }
    }
  });
  if (given) toast(`The role ${given.role} is given.`);
  return given;
}

function placesOf(me, type, units) {
  return [...units[type].values()].filter(unit => offered(me, type, unit).length > 0);
}

function roleField(roles, type) {
  const element = field({ label: 'Role', name: 'role', type: 'select', options: [] });
  element.choose = (next, at) => {
    const before = element.value;
    element.input.replaceChildren(...next.map(role => h('option', { value: role }, `${role}: ${wordsAt(role, at)}`)));
    element.value = next.includes(before) ? before : next.includes('viewer') ? 'viewer' : next[0];
  };
  element.choose(roles, type);
  return element;
}

function wordsAt(role, type) {
  return role === 'system_admin' && type !== 'system' ? `${WORDS[role]} in the ${type}` : (WORDS[role] ?? '');
}

function give(user, role, signal) {
  return needing('roles_manage', api.post(`/api/v0/users/${user}/roles/`, role, { repeat: true, signal }));
}

async function take(user, role, { done, signal }) {
  if (
    !(await confirm(
      `Remove ${role.role} from ${user.username}?`,
      'The user loses the rights of this role within 15 seconds. It can be given again.',
      'Remove the role',
      { danger: true },
    ))
  )
    return;
  await needing('roles_manage', api.delete(`/api/v0/users/${user.id}/roles/${role.id}/`, { signal }));
  toast(`The role ${role.role} is removed.`);
  done();
}

function userLink(user) {
  return h('a.strong', { href: href('adminUser', { user: user.id }), title: user.display_name ?? user.username }, user.username);
}
