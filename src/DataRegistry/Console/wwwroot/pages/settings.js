import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { endlessList } from '../list.js';
import { rolesAt } from '../permissions.js';
import { stateBadge } from '../states.js';
import { button, codeBlock, confirm, copyButton, emptyState, facts, notice, pageHeader, section, toast } from '../ui.js';

const DAY = 24 * 3600 * 1000;
const LIFETIMES = [[30, 'In 30 days'], [90, 'In 90 days'], [365, 'In a year'], [null, 'Never']];

/** When what is created now and lives so many days ends; null for never. */
function endOf(days) {
  return days === null ? Infinity : Date.now() + days * DAY;
}

/** The project's id, and one's own tokens: made, shown once, revoked. */
export async function render({ project, me, signal }) {
  const { version } = await api.get('/api/health/live', { signal });
  return h('div',
    pageHeader('Settings'),
    h('div.card', facts([
      ['Project', project.name],
      ['Project ID', h('span.id', h('code.wrap', project.id), copyButton(project.id, 'Copy', 'the project’s id'))],
      ['Signed in as', me.display_name ? `${me.display_name} (${me.username})` : me.username],
      ['Roles', rolesAt(me, project).map(r => `${r.role.replaceAll('_', ' ')} (${r.scope_type})`).join(', ')],
      ['Version', version],
    ])),
    section('Your tokens', me.projects === null ? tokens({ project, me, signal })
      : notice('warn', h('p', 'You are signed in with a token that is limited to some projects. Such a token can neither list nor create tokens. Sign in with another one for that.'))));
}

function tokens({ project, me, signal }) {
  const list = endlessList({
    caption: 'Your tokens', noun: ['token', 'tokens'], signal,
    load: (next, abort) => api.get(next ?? '/api/v0/tokens/', { query: next ? null : { limit: 200 }, signal: abort }),
    columns: [
      { label: 'Name', wide: true, cell: t => h('span.strong', { title: t.name }, t.name) },
      { label: 'Allows', size: 'large', cell: t => t.projects === null ? 'everything that you may do' : t.projects.length === 1 && t.projects[0] === project.id ? 'this project only' : `${t.projects.length} projects only` },
      { label: 'Created', size: 'medium', cell: t => timeAgo(t.ctime) },
      { label: 'Last used', size: 'medium', cell: t => t.last_used ? timeAgo(t.last_used) : 'never' },
      { label: 'Expires', size: 'medium', cell: t => t.expires === null ? 'never' : Date.parse(t.expires) < Date.now() ? stateBadge('expired') : timeAgo(t.expires) },
      { label: 'Change', size: 'changes', cell: t => button('Revoke', () => revoke(t), { kind: 'quiet', 'aria-label': `Revoke ${t.name}` }) },
    ],
    empty: () => emptyState('No token yet', 'Programs and command line clients sign in with one.'),
  });
  const shown = h('div', { role: 'status' });
  const label = field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', hint: 'Name the program that uses it, so that you recognize it later.' });
  const latest = me.latest_token_end ? Date.parse(me.latest_token_end) : Infinity;
  const lifetimes = LIFETIMES.filter(([days]) => endOf(days) - latest < DAY || latest === Infinity);
  // Where the service allows less than any of these, its own latest end is all there is.
  const choices = lifetimes.length > 0 ? lifetimes.map(([days, label]) => ({ value: String(days ?? ''), label })) : [{ value: 'latest', label: dateTime(me.latest_token_end) }];
  const make = form([
    label,
    field({ label: 'Expires', name: 'expires', type: 'select', value: choices.some(c => c.value === '90') ? '90' : choices.at(-1).value, options: choices }),
    field({ label: `Only for the project ${project.name}`, name: 'limited', type: 'checkbox', value: false }),
  ], {
    submit: 'Generate a token',
    onsubmit: async ({ name, expires, limited }) => {
      const end = expires === 'latest' ? me.latest_token_end : expires === '' ? null : new Date(Math.min(endOf(Number(expires)), latest)).toISOString();
      const made = await api.post('/api/v0/tokens/', { name: name.trim(), expires: end, projects: limited ? [project.id] : null }, { signal });
      replace(shown, notice('ok', h('div',
        h('p', h('strong', `This is the token ${made.name}. `), made.expires ? `It expires on ${dateTime(made.expires)}. ` : '', 'Copy it now: it is never shown again.'),
        codeBlock(made.token, 'the token'))));
      label.value = '';
      list.reload();
    },
  });
  return h('div.stack', h('div.card', make), shown, h('div.tall', list));

  async function revoke(token) {
    if (!await confirm(`Revoke ${token.name}?`, 'Programs that use it are signed out at once, and for good. If you are signed in with it yourself, so are you.', 'Revoke', { danger: true })) return;
    await api.delete(`/api/v0/tokens/${token.id}/`, { signal });
    toast(`${token.name} is revoked.`);
    list.reload();
  }
}
