// Words for a store's policies, and the fields to choose them.

import { field } from './forms.js';

export const ACCESS = {
  public: 'Everybody who can sign in',
  owner_organization: 'Everybody with a role in the cluster',
  teams: 'Teams: everybody with a role in the cluster',
  single_project: 'Its project only',
};

export const HASHES = {
  small: 'Small objects, when they are adopted',
  all: 'All objects, in the background',
  none: 'Only when they are downloaded',
};

export function accessField(value, { ofProject }) {
  const known = Object.entries(ACCESS).filter(([key]) => (key !== 'teams' || value === 'teams') && (key !== 'single_project' || ofProject || value === key));
  return field({ label: 'Who may see it and adopt from it', name: 'access_mode', type: 'select', value, options: known.map(([key, label]) => ({ value: key, label })) });
}

export function hashField(value) {
  return field({
    label: 'Checksums of what is adopted', name: 'hash_adopted', type: 'select', value, options: Object.entries(HASHES).map(([key, label]) => ({ value: key, label })),
    hint: 'Clients compare what they download with its SHA-256. To know it, the object has to be read once.',
  });
}
