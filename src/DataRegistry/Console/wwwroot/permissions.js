// What one may do, worked out from the roles that /users/me/ tells, so that pages offer no more. It is the service that decides.

const DATA = ['adopt', 'data', 'aliases'];
const VOLUMES = ['volumes'];
const SHARE = ['share'];
const ORGANIZE = ['stores', 'projects', 'roles', 'audit'];

const ROLES = {
  system_admin: [...DATA, ...VOLUMES, ...SHARE, ...ORGANIZE, 'organization', 'users'],
  department_admin: [...DATA, ...VOLUMES, ...SHARE, ...ORGANIZE],
  research_manager: [...DATA, ...VOLUMES, ...SHARE, 'audit'],
  editor: [...DATA, ...VOLUMES, ...SHARE],
  data_volume_admin: [...VOLUMES, ...SHARE],
  l1_researcher: [...DATA, ...VOLUMES],
  viewer: [],
};

/** Whether a role at the project, or above it, allows it: adopt, data, aliases, stores, volumes, share, projects, roles, audit. */
export function may(me, project, what) {
  if (me.projects !== null && me.projects !== undefined && project && !me.projects.includes(project.id)) return false;
  return me.roles.some(role => (ROLES[role.role] ?? []).includes(what) && covers(role, project));
}

function covers(role, project) {
  const { scope_type: type, scope_id: id } = role;
  return type === 'system' || (project !== null && project !== undefined && id === { cluster: project.cluster, department: project.department, project: project.id }[type]);
}
