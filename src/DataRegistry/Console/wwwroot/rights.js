// Rights in words: for pages that somebody may not see, and for requests that the service refuses.

import { ApiProblem } from './problems.js';
import { may, rolesWith } from './permissions.js';
import { notice } from './ui.js';
import { h } from './dom.js';

const WORDS = {
  data_adopt: 'adopt files',
  data_edit: 'edit data and datasets',
  aliases_edit: 'edit aliases',
  projects_manage: 'create, rename and delete projects',
  organization_manage: 'create, rename and delete departments and clusters',
  users_read: 'look users up',
  users_manage: 'create, change and delete users and service accounts',
  roles_manage: 'give and remove roles',
  tokens_manage: 'manage the tokens of others',
  audit_read: 'read the audit trail',
};

/** The right that is missing, as sentences: what it allows, and which roles have it. */
export function missing(permission) {
  const roles = rolesWith(permission);
  const last = roles.pop();
  const list = roles.length > 0 ? `${roles.join(', ')} and ${last}` : last;
  return (
    `The right to ${WORDS[permission] ?? permission.replaceAll('_', ' ')} is missing (${permission}). The ` +
    `role${roles.length > 0 ? 's' : ''} ${list} ${roles.length > 0 ? 'have' : 'has'} it; an administrator gives roles.`
  );
}

/** In place of a page, or of a part of it. */
export function missingNotice(permission) {
  return notice('warn', h('p', missing(permission)));
}

/** The request's answer. A refusal for a missing right names the right. */
export async function needing(permission, request) {
  try {
    return await request;
  } catch (error) {
    if (error?.status !== 403) throw error;
    throw new ApiProblem(missing(permission), { status: 403, requestId: error.requestId, body: error.body });
  }
}

/** Why somebody may not read the reports of a store's rescans; null where he may, or where only the service knows. */
export function reportRefusal(store, { me }) {
  if (!store || store.project || may(me, null, 'data_read')) return null;
  if (me.projects !== null)
    return 'The store belongs to no project, so its reports name files of all projects. Your token is for some projects only.';
  return (
    'The store belongs to no project, so its reports name files of all projects. To read them, ask an administrator for the role viewer ' +
    'for the whole service.'
  );
}
