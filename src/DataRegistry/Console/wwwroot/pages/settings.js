import { ownAccount } from '../account.js';
import { api } from '../api.js';
import { h } from '../dom.js';
import { rolesAt } from '../permissions.js';
import { tokenList } from '../tokens.js';
import { copyButton, facts, notice, pageHeader, section } from '../ui.js';

/** The project's id, and one's own account and tokens: made, shown once, revoked. */
export async function render({ project, me, signal }) {
  const { version } = await api.get('/api/health/live', { signal });
  return h(
    'div',
    pageHeader('Settings'),
    h(
      'div.card',
      facts([
        ['Project', project.name],
        ['Project ID', h('span.id', h('code.wrap', project.id), copyButton(project.id, 'Copy', 'the project’s id'))],
        ['Signed in as', me.display_name ? `${me.display_name} (${me.username})` : me.username],
        [
          'Roles',
          rolesAt(me, project)
            .map(r => `${r.role.replaceAll('_', ' ')} (${r.scope_type})`)
            .join(', '),
        ],
        ['Version of the service', version],
      ]),
    ),
    ownAccount({ me, signal }),
    section(
      'Your tokens',
      me.projects === null
        ? tokenList({ me, project, signal })
        : notice(
            'warn',
            h(
              'p',
              'You are signed in with a token that is limited to some projects. Such a token can neither list ' +
                'nor create tokens. Sign in with another one for that.',
            ),
          ),
    ),
  );
}
