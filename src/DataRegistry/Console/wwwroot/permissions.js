// The permissions of a user's roles, so that pages do not offer actions that would be refused. The service decides.

const READ = ['projects_read', 'data_read', 'stores_read', 'data_volumes_read'];
const DATA = ['data_adopt', 'data_edit', 'aliases_edit'];
const MANAGE = ['data_manage'];
const VOLUMES = ['data_volumes_create', 'data_volumes_update', 'data_volumes_delete'];
const SHARE = ['data_volumes_share'];
const ORGANIZE = ['projects_manage', 'stores_manage', 'users_read', 'roles_manage', 'audit_read'];

/** As in the service's own table of roles; a test compares them. */
export const ROLES = {
  system_admin: [
    ...READ,
    ...DATA,
    ...MANAGE,
    ...VOLUMES,
    ...SHARE,
    ...ORGANIZE,
    'data_volumes_report',
    'stores_any_role',
    'organization_manage',
    'users_manage',
    'tokens_manage',
  ],
  department_admin: [...READ, ...DATA, ...MANAGE, ...VOLUMES, ...SHARE, ...ORGANIZE],
  research_manager: [...READ, ...DATA, ...MANAGE, ...VOLUMES, ...SHARE, 'audit_read'],
  editor: [...READ, ...DATA, ...VOLUMES, ...SHARE],
  data_volume_admin: [...READ, ...VOLUMES, ...SHARE],
  l1_researcher: [...READ, ...DATA, ...VOLUMES],
  viewer: READ,
  cluster_agent: ['data_volumes_report'],
};

/**
 * Whether it is allowed in a project, by a role there or above it; with `project` null in the whole system, for what belongs to no project.
 * A role that is not known here is taken to allow it.
 */
export function may(me, project, permission) {
  if (me.projects !== null && !me.projects.includes(project?.id)) return false;
  return rolesAt(me, project).some(given => ROLES[given.role]?.includes(permission) ?? true);
}

/** Of somebody's roles those that count at a project. */
export function rolesAt(me, project) {
  const at = { cluster: project?.cluster, department: project?.department, project: project?.id };
  return me.roles.filter(given => given.scope_type === 'system' || (given.scope_id && at[given.scope_type] === given.scope_id));
}

/** Whether it is allowed in some project, department or cluster, or in the whole system. A token for some projects counts nowhere else. */
export function maySomewhere(me, permission) {
  return me.projects === null && me.roles.some(given => ROLES[given.role]?.includes(permission) ?? true);
}

/** The names of the roles that allow it. */
export function rolesWith(permission) {
  return Object.keys(ROLES).filter(role => ROLES[role].includes(permission));
}
