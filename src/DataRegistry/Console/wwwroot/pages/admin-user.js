import { giveTo, rolesOf } from '../admin/roles.js';
import { loadUnits, unitEntries } from '../admin/frame.js';
import { api } from '../api.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { may, maySomewhere } from '../permissions.js';
import { missing, needing } from '../rights.js';
import { href, navigate } from '../router.js';
import { tokenList } from '../tokens.js';
import { badge, button, confirm, facts, idCode, notice, pageHeader, section, toast } from '../ui.js';

/** A user or a service account: names, password, roles, tokens, and its end. */
export async function render({ params, me, signal, setTitle, refresh }) {
  const at = `/api/v0/users/${encodeURIComponent(params.user)}/`;
  const user = await api.get(at, { signal });
  setTitle(user.username);
  const account = user.type === 'service_account';
  // The administrator of the settings is no row: nothing of it can be changed here.
  const fixed = user.ctime === null;
  const manages = !fixed && may(me, null, 'users_manage');
  const self = user.id === me.id;
  const gives = !fixed && maySomewhere(me, 'roles_manage');
  const [units, roles] = await Promise.all([
    loadUnits(signal),
    self || maySomewhere(me, 'roles_manage') ? api.get(`${at}roles/`, { signal }) : null,
  ]);
  return h(
    'div',
    pageHeader(user.username, {
      back: account ? { label: 'Service accounts', href: href('adminAccounts') } : { label: 'Users', href: href('adminUsers') },
      lead: user.display_name,
    }),
    fixed && notice('warn', h('p', 'This administrator has the token of the service’s settings. It is changed there, not here.')),
    h(
      'div.columns',
      h(
        'div.card',
        facts(
          [
            ['Kind', account ? 'service account' : 'user'],
            ['Status', user.disabled ? badge('Disabled', 'warn') : badge('May sign in', 'ok')],
            !account && ['E-mail', user.email],
            ['Created', user.ctime && timeAgo(user.ctime)],
            ['ID', idCode(user.id)],
          ].filter(Boolean),
        ),
      ),
      manages && h('div.stack', h('div.card', names()), !account && h('div.card', password())),
    ),
    section(
      'Roles',
      roles && rolesOf({ me, user, roles: roles.results, units, signal, refresh }),
      gives
        ? h(
            'p',
            button(
              'Give a role',
              async () => {
                if (await giveTo({ me, user, units, signal })) refresh();
              },
              { kind: 'primary' },
            ),
          )
        : !fixed && h('p.hint', missing('roles_manage')),
    ),
    !fixed && tokens(),
    manages &&
      !self &&
      section(
        'Disable or delete',
        h(
          'p.hint',
          user.disabled
            ? 'A disabled user cannot sign in. Its tokens are revoked and do not come back.'
            : 'Disabling revokes all tokens and refuses sign-in; roles stay. Deleting takes the roles, too, and sets the user name free.',
        ),
        h(
          'div.actions',
          user.disabled
            ? button('Enable', () => change({ disabled: false }, `${user.username} may sign in again.`))
            : button('Disable', disable, { kind: 'danger' }),
          button('Delete', remove, { kind: 'danger' }),
        ),
      ),
  );

  function names() {
    return section(
      'Names',
      form(
        [
          field({
            label: 'Display name',
            name: 'display_name',
            required: false,
            autocomplete: 'off',
            value: user.display_name ?? '',
          }),
          !account &&
            field({
              label: 'E-mail',
              name: 'email',
              type: 'email',
              required: false,
              autocomplete: 'off',
              value: user.email ?? '',
            }),
        ].filter(Boolean),
        { submit: 'Save', kind: '', onsubmit: values => change(values, 'It is saved.') },
      ),
    );
  }

  function password() {
    return section(
      'Password',
      form(
        [
          field({
            label: 'New password',
            name: 'password',
            type: 'password',
            required: true,
            autocomplete: 'new-password',
            hint: 'It ends the user’s sessions. Tokens that the user has generated stay.',
          }),
        ],
        {
          submit: 'Set the password',
          kind: '',
          onsubmit: values => change(values, `${user.username} signs in with the new password.`),
        },
      ),
    );
  }

  /** Users generate their tokens themselves; administrators do it for service accounts, and revoke all. */
  function tokens() {
    if (self) return null;
    if (!may(me, null, 'tokens_manage')) return account && section('Tokens', h('p.hint', missing('tokens_manage')));
    return section(
      'Tokens',
      !account && h('p.hint', 'Users generate their tokens themselves, in the settings. You can revoke them.'),
      tokenList({ me, signal, user, projects: unitEntries('project', units), creates: account && !user.disabled }),
    );
  }

  async function change(body, said) {
    await needing('users_manage', api.patch(at, body, { signal }));
    toast(said);
    refresh();
  }

  async function disable() {
    if (
      !(await confirm(
        `Disable ${user.username}?`,
        'All of its tokens are revoked at once, for good, and it cannot sign in. Its roles stay.',
        'Disable',
        { danger: true },
      ))
    )
      return;
    await change({ disabled: true }, `${user.username} is disabled.`);
  }

  async function remove() {
    if (
      !(await confirm(
        `Delete ${user.username}?`,
        'Its tokens and roles go with it. What it has made stays. This cannot be undone.',
        'Delete',
        { danger: true },
      ))
    )
      return;
    await needing('users_manage', api.delete(at, { signal }));
    toast(`${user.username} is deleted.`);
    navigate(href(account ? 'adminAccounts' : 'adminUsers'));
  }
}
