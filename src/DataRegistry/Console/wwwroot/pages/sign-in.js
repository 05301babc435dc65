import { api } from '../api.js';
import { h } from '../dom.js';
import { field, form } from '../forms.js';
import { ApiProblem } from '../problems.js';
import { session } from '../session.js';
import { notice, tabs } from '../ui.js';

/**
 * By a token, which every service has, or a name and password. It begins with the way that was taken here the last
 * time. `reason` says why one has to sign in again, `asked` is the title of the page that was opened, and comes next.
 */
export function render({ reason, asked, signal }) {
  return h(
    'div.sign-in',
    h('h1', { tabindex: '-1' }, 'Sign in'),
    h('p.lead', 'Find, name and share the files that you already have in S3 buckets.'),
    reason && notice('warn', h('p', reason)),
    asked && !reason && notice('', h('p', 'Sign in to see the page that you opened: ', h('strong', asked), '.')),
    h(
      'div.card',
      tabs(
        'How to sign in',
        [
          { id: 'token', label: 'API token', panel: () => byToken(signal) },
          { id: 'password', label: 'Name and password', panel: () => byPassword(signal) },
        ],
        session.lastWay === 'password' ? 'password' : 'token',
      ),
    ),
    h('p.hint', 'You stay signed in until this tab is closed. The token stays in its tab, so each new tab asks for it.'),
  );
}

function byPassword(signal) {
  return form(
    [
      field({
        label: 'Name',
        name: 'username',
        required: true,
        autocomplete: 'username',
        autocapitalize: 'none',
        spellcheck: 'false',
      }),
      field({ label: 'Password', name: 'password', type: 'password', required: true, autocomplete: 'current-password' }),
    ],
    {
      submit: 'Sign in',
      onsubmit: async ({ username, password }) => {
        const { token } = await refused(
          api.post('/api/v0/get-token/', new URLSearchParams({ username: username.trim(), password }), {
            signal,
            anonymous: true,
          }),
          'The name or the password is not right. Try again, or sign in with a token.',
        );
        session.lastWay = 'password';
        session.signIn(token);
      },
    },
  );
}

function byToken(signal) {
  return form(
    [
      field({
        label: 'Token',
        name: 'token',
        type: 'password',
        required: true,
        autocomplete: 'off',
        mono: true,
        hint: 'It begins with dr_. Only the administrator’s token may be any other text. Ask the service’s operator for one.',
      }),
    ],
    {
      submit: 'Sign in',
      onsubmit: async values => {
        const token = values.token.trim().replace(/^(Token|Bearer)\s+/i, '');
        if (!/^[\x21-\x7e]+$/.test(token))
          throw new ApiProblem('This is not a token: it contains characters that no token has. Copy it again.');
        await refused(
          api.get('/api/v0/users/me/', { signal, anonymous: true, headers: { authorization: `Bearer ${token}` } }),
          'This token is unknown, revoked or expired. Copy it again, or ask for a new one.',
        );
        session.lastWay = 'token';
        session.signIn(token);
      },
    },
  );
}

async function refused(answer, sentence) {
  try {
    return await answer;
  } catch (error) {
    if (error.status === 401 || (error.status === 400 && Object.keys(error.fields).length === 0))
      throw new ApiProblem(sentence, { status: error.status });
    throw error;
  }
}
