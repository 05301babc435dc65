import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { field, form } from '../forms.js';
import { endlessList } from '../list.js';
import { rolesAt } from '../permissions.js';
import { badge, button, codeBlock, confirm, copyButton, emptyState, facts, notice, pageHeader, section, toast } from '../ui.js';

const DAY = 24 * 3600 * 1000;
const LIFETIMES = [{ value: '30', label: '30 days' }, { value: '90', label: '90 days' }, { value: '365', label: 'A year' }, { value: '', label: 'For ever' }];

/** The project's id, and one's own tokens: made, shown once, revoked. */
export async function render({ project, me, signal }) {
  const { version } = await api.get('/api/health/live', { signal });
  return h('div',
    pageHeader('Settings'),
    h('div.card', facts([
      ['Project', project.name],
      ['Project id', h('span.id', h('code', project.id), copyButton(project.id, 'Copy', 'the project’s id'))],
      ['Signed in as', me.display_name ? `${me.display_name} (${me.username})` : me.username],
      ['Roles', rolesAt(me, project).map(r => `${r.role.replaceAll('_', ' ')} (${r.scope_type})`).join(', ')],
      ['Version', version],
    ])),
    section('Your tokens', me.projects === null ? tokens({ project, signal })
      : notice('warn', h('p', 'You are signed in with a token that is limited to some projects. Such a token can neither see nor make tokens: sign in with another one for that.'))));
}

function tokens({ project, signal }) {
  const list = endlessList({
    caption: 'Your tokens', noun: ['token', 'tokens'], signal,
    load: (next, abort) => api.get(next ?? '/api/v0/tokens/', { query: next ? null : { limit: 200 }, signal: abort }),
    columns: [
      { label: 'Name', wide: true, cell: t => h('span.strong', { title: t.name }, t.name) },
      { label: 'May be used for', size: 'large', cell: t => t.projects === null ? 'everything that you may' : t.projects.length === 1 && t.projects[0] === project.id ? 'this project' : `${t.projects.length} projects` },
      { label: 'Made', size: 'medium', cell: t => timeAgo(t.ctime) },
      { label: 'Last used', size: 'medium', cell: t => t.last_used ? timeAgo(t.last_used) : 'never' },
      { label: 'Ends', size: 'medium', cell: t => t.expires === null ? 'never' : Date.parse(t.expires) < Date.now() ? badge('has ended', 'warn') : timeAgo(t.expires) },
      { label: 'Change', size: 'changes', cell: t => button('Revoke', () => revoke(t), { kind: 'quiet', 'aria-label': `Revoke ${t.name}` }) },
    ],
    empty: () => emptyState('No token yet', 'Programs and command line clients sign in with one.'),
  });
  const shown = h('div', { role: 'status' });
  const label = field({ label: 'Name', name: 'name', required: true, autocomplete: 'off', hint: 'What uses it, so that you know it when you revoke it.' });
  const make = form([
    label,
    field({ label: 'Good for', name: 'days', type: 'select', value: '90', options: LIFETIMES }),
    field({ label: `Only for the project ${project.name}`, name: 'limited', type: 'checkbox', value: false }),
  ], {
    submit: 'Generate a token',
    onsubmit: async ({ name, days, limited }) => {
      const made = await api.post('/api/v0/tokens/', {
        name: name.trim(), expires: days === '' ? null : new Date(Date.now() + Number(days) * DAY).toISOString(), projects: limited ? [project.id] : null,
      }, { signal });
      replace(shown, notice('ok', h('div',
        h('p', h('strong', `This is the token ${made.name}. `), made.expires ? `It ends on ${dateTime(made.expires)}. ` : '', 'Copy it now: it is never shown again.'),
        codeBlock(made.token, 'the token'))));
      label.value = '';
      list.reload();
    },
  });
  return h('div.stack', h('div.card', make), shown, h('div.tall', list));

  async function revoke(token) {
    if (!await confirm(`Revoke ${token.name}?`, 'Whatever uses it is signed out at once, and for good. If it is the one that you are signed in with, so are you.', 'Revoke', { danger: true })) return;
    await api.delete(`/api/v0/tokens/${token.id}/`, { signal });
    toast(`${token.name} is revoked.`);
    list.reload();
  }
}
