import { adminPage } from '../admin/frame.js';
import { searchableList } from '../admin/search.js';
import { api } from '../api.js';
import { h } from '../dom.js';
import { timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { may } from '../permissions.js';
import { needing } from '../rights.js';
import { href, navigate } from '../router.js';
import { badge, button, emptyState, openDialog, toast } from '../ui.js';

const WORDS = {
  user: {
    route: 'adminUsers',
    noun: ['user', 'users'],
    create: 'Create a user',
    lead: 'People who sign in. A user sees what a role allows.',
    none: ['No user yet', 'A user signs in with a password, or through the identity provider.'],
  },
  service_account: {
    route: 'adminAccounts',
    noun: ['service account', 'service accounts'],
    create: 'Create a service account',
    lead: 'Programs that sign in with a token. Give one a role, and a token.',
    none: ['No service account yet', 'A service account has roles and tokens, and no password.'],
  },
};

/** Users, or service accounts: which of them says the route. */
export async function render({ me, query, signal, setQuery, kind = 'user' }) {
  const words = WORDS[kind];
  const creates = may(me, null, 'users_manage');
  return adminPage(me, words.route, {
    lead: words.lead,
    permission: 'users_read',
    actions: creates ? [button(words.create, create, { kind: 'primary' })] : [],
    content: () =>
      searchableList({
        label: 'Search',
        textOf: u => [u.username, u.display_name, u.email, u.id],
        query,
        setQuery,
        caption: words.noun[1],
        noun: words.noun,
        signal,
        load: (next, abort) =>
          needing(
            'users_read',
            api.get(next ?? '/api/v0/users/', { query: next ? null : { type: kind, limit: 200 }, signal: abort }),
          ),
        columns: [
          {
            label: 'User name',
            wide: true,
            cell: u => [
              h('a.strong', { href: href('adminUser', { user: u.id }), title: u.username }, u.username),
              u.disabled && [' ', badge('Disabled', 'warn')],
            ],
          },
          { label: 'Display name', wide: true, has: u => u.display_name, cell: u => u.display_name ?? '' },
          ...(kind === 'user' ? [{ label: 'E-mail', wide: true, has: u => u.email, cell: u => u.email ?? '' }] : []),
          { label: 'Created', size: 'medium', cell: u => timeAgo(u.ctime) },
        ],
        empty: () => emptyState(...words.none, creates && button(words.create, create, { kind: 'primary' })),
      }),
  });

  async function create() {
    const made = await openDialog(words.create, close =>
      form(
        [
          field({
            label: 'User name',
            name: 'username',
            required: true,
            autocomplete: 'off',
            autocapitalize: 'none',
            spellcheck: 'false',
            hint: 'Letters, digits and . _ - @ +. It cannot be changed later.',
          }),
          field({ label: 'Display name', name: 'display_name', required: false, autocomplete: 'off' }),
          ...(kind === 'user'
            ? [
                field({ label: 'E-mail', name: 'email', type: 'email', required: false, autocomplete: 'off' }),
                field({
                  label: 'Password',
                  name: 'password',
                  type: 'password',
                  required: false,
                  autocomplete: 'new-password',
                  hint: 'Without one, the user signs in with a token of the identity provider.',
                }),
              ]
            : []),
        ],
        {
          submit: 'Create',
          cancel: () => close(),
          onsubmit: async values =>
            close(await needing('users_manage', api.post('/api/v0/users/', { ...filled(values), type: kind }, { signal }))),
        },
      ),
    );
    if (!made) return;
    toast(`${made.username} is created.`);
    navigate(href('adminUser', { user: made.id }));
  }
}

/** Without what is left empty. */
function filled(values) {
  return Object.fromEntries(
    Object.entries(values)
      .map(([name, value]) => [name, name === 'password' ? value : value.trim()])
      .filter(([, value]) => value !== ''),
  );
}
