// Words for what a store is and allows.

import { h } from './dom.js';
import { field } from './forms.js';

export const ACCESS = {
  single_project: 'Only its project',
  public: 'Everybody who can sign in',
  owner_organization: 'Everybody with a role in its cluster',
  teams: 'Teams: everybody with a role in its cluster',
};

export const HASHES = {
  small: 'Small files that are adopted by URL; others when somebody opens the datum',
  all: 'All files, in the background',
  none: 'Only when somebody opens or downloads the datum',
};

/** The callers who see a store and adopt from it. Only a project's store can be its own. */
export function accessField(value, { ofProject }) {
  const known = Object.entries(ACCESS).filter(([key]) => key !== 'teams' || value === 'teams');
  const access = field({
    label: 'Who may see it and adopt from it',
    name: 'access_mode',
    type: 'select',
    value,
    options: known.map(([key, label]) => ({ value: key, label })),
  });
  access.ofProject = own => {
    const single = [...access.input.options].find(o => o.value === 'single_project');
    single.disabled = !own;
    if (!own && access.value === 'single_project') access.value = 'public';
  };
  access.ofProject(ofProject);
  return access;
}

export function hashField(value) {
  return field({
    label: 'Checksums of adopted files',
    name: 'hash_adopted',
    type: 'select',
    value,
    options: Object.entries(HASHES).map(([key, label]) => ({ value: key, label })),
    hint:
      'Programs compare what they download with its SHA-256. To compute it, the service reads the file once. Files are small if those ' +
      'of a request have at most 64 MiB together (by default). The files of folders and lists are read only for “All files”.',
  });
}

/** How the service signs in at the bucket. */
export function readWith({ access_key_id, role_arn, anonymous, endpoint_url }) {
  if (role_arn)
    return h(
      'span',
      'The role ',
      h('code', role_arn),
      access_key_id ? [', assumed with the access key ', h('code', access_key_id)] : ', assumed with the service’s own identity',
    );
  if (access_key_id) return h('span', 'The access key ', h('code', access_key_id));
  return anonymous || endpoint_url ? 'No credentials: the bucket is public' : 'The service’s own credentials';
}
