// One's own name, address and password.

import { api } from './api.js';
import { h } from './dom.js';
import { field, form } from './forms.js';
import { session } from './session.js';
import { section, toast } from './ui.js';

const AT = '/api/v0/users/me/';

/** Nothing for those who have no account to change: service accounts, the administrator of the settings, a token for some projects. */
export function ownAccount({ me, signal }) {
  if (me.type !== 'user' || me.ctime === null || me.projects !== null) return null;
  return section('Your account', h('div.columns', h('div.card', names()), h('div.card', password())));

  function names() {
    return form(
      [
        field({
          label: 'Display name',
          name: 'display_name',
          required: false,
          autocomplete: 'name',
          value: me.display_name ?? '',
        }),
        field({ label: 'E-mail', name: 'email', type: 'email', required: false, autocomplete: 'email', value: me.email ?? '' }),
      ],
      {
        submit: 'Save',
        kind: '',
        onsubmit: async values => {
          Object.assign(me, await api.patch(AT, values, { signal }));
          toast('It is saved.');
        },
      },
    );
  }

  /** It ends all sessions, also this one where it began with a password. */
  function password() {
    return form(
      [
        field({
          label: 'Current password',
          name: 'current_password',
          type: 'password',
          required: true,
          autocomplete: 'current-password',
        }),
        field({
          label: 'New password',
          name: 'password',
          type: 'password',
          required: true,
          autocomplete: 'new-password',
          hint: 'All sessions end. Tokens that you have generated stay.',
        }),
      ],
      {
        submit: 'Change the password',
        kind: '',
        onsubmit: async values => {
          await api.patch(AT, values, { signal });
          session.signOut('Your password is changed. Sign in with the new one.');
        },
      },
    );
  }
}
