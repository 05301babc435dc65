import { render as renderUsers } from './admin-users.js';

export function render(context) {
  return renderUsers({ ...context, kind: 'service_account' });
}
