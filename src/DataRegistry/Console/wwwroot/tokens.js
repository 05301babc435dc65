// Tokens: made, shown once, revoked. One's own, or those of somebody else for administrators.

import { api } from './api.js';
import { h, replace } from './dom.js';
import { dateTime, timeAgo } from './format.js';
import { field, form } from './forms.js';
import { endlessList } from './list.js';
import { lookupField } from './lookup-field.js';
import { needing } from './rights.js';
import { stateBadge } from './states.js';
import { button, codeBlock, confirm, emptyState, notice, toast } from './ui.js';

const DAY = 24 * 3600 * 1000;
const LIFETIMES = [
  [30, 'In 30 days'],
  [90, 'In 90 days'],
  [365, 'In a year'],
];
const LATEST = 'latest';

/**
 * The tokens of `user`; one's own without one. `creates`: whether new ones are offered. `project` is the one that a
 * new token can be limited
 * to; without it one of `projects` ({id, text}) can be chosen.
 */
export function tokenList({ me, signal, user = null, project = null, projects = [], creates = true }) {
  const query = { user: user?.id };
  const ask = request => (user ? needing('tokens_manage', request) : request);
  const names = new Map(projects.map(p => [p.id, p.text]));
  const list = endlessList({
    caption: 'Tokens',
    noun: ['token', 'tokens'],
    signal,
    load: (next, abort) =>
      ask(api.get(next ?? '/api/v0/tokens/', { query: next ? null : { ...query, limit: 200 }, signal: abort })),
    columns: [
      { label: 'Name', wide: true, cell: t => h('span.strong', { title: t.name }, t.name) },
      { label: 'Allows', size: 'large', cell: t => scopeOf(t) },
      { label: 'Created', size: 'medium', cell: t => timeAgo(t.ctime) },
      { label: 'Last used', size: 'medium', cell: t => (t.last_used ? timeAgo(t.last_used) : 'never') },
      {
        label: 'Expires',
        size: 'medium',
        cell: t =>
          t.expires === null ? 'never' : Date.parse(t.expires) < Date.now() ? stateBadge('expired') : timeAgo(t.expires),
      },
      {
        label: 'Change',
        size: 'changes',
        cell: t => button('Revoke', () => revoke(t), { kind: 'quiet', 'aria-label': `Revoke ${t.name}` }),
      },
    ],
    empty: () => emptyState('No token yet', 'Programs and command line clients sign in with one.'),
  });
  const shown = h('div', { role: 'status' });
  return h('div.stack', creates && h('div.card', newToken()), shown, h('div.tall', list));

  function newToken() {
    const label = field({
      label: 'Name',
      name: 'name',
      required: true,
      autocomplete: 'off',
      hint: 'Name the program that uses it, so that you recognize it later.',
    });
    const lifetimes = lifetimesOf(me);
    const limit = project
      ? field({ label: `Only for the project ${project.name}`, name: 'limited', type: 'checkbox', value: false })
      : lookupField({
          label: 'Only for the project',
          name: 'projects',
          required: false,
          entries: projects,
          hint: 'Empty: for everything that it may do.',
        });
    return form(
      [
        label,
        field({
          label: 'Expires',
          name: 'expires',
          type: 'select',
          value: (lifetimes.find(l => l.value === '90') ?? lifetimes[0]).value,
          options: lifetimes,
        }),
        limit,
      ],
      {
        submit: 'Generate a token',
        onsubmit: async ({ name, expires }) => {
          const only = project ? limit.value && project.id : limit.pick();
          const made = await ask(
            api.post(
              '/api/v0/tokens/',
              {
                name: name.trim(),
                expires: endOf(expires, me),
                projects: only ? [only] : null,
                ...(user && { user: user.id }),
              },
              { signal },
            ),
          );
          replace(
            shown,
            notice(
              'ok',
              h(
                'div',
                h(
                  'p',
                  h('strong', `This is the token ${made.name}. `),
                  made.expires ? `It expires on ${dateTime(made.expires)}. ` : '',
                  'Copy it now: it is never shown again.',
                ),
                codeBlock(made.token, 'the token'),
              ),
            ),
          );
          label.value = '';
          list.reload();
        },
      },
    );
  }

  function scopeOf(token) {
    if (token.projects === null) return user ? `everything that ${user.username} may do` : 'everything that you may do';
    const [first] = token.projects;
    if (token.projects.length > 1) return `${token.projects.length} projects only`;
    return first === project?.id ? 'this project only' : `${names.get(first) ?? 'one project'} only`;
  }

  async function revoke(token) {
    const own = user ? '' : ' If you signed in with this token, you are signed out, too.';
    if (
      !(await confirm(`Revoke ${token.name}?`, `Programs that use it are signed out at once, and for good.${own}`, 'Revoke', {
        danger: true,
      }))
    )
      return;
    await ask(api.delete(`/api/v0/tokens/${token.id}/`, { query, signal }));
    toast(`${token.name} is revoked.`);
    list.reload();
  }
}

/** Only ends that the service takes: a token of somebody who has signed in with a password, or with a token that ends, ends as well. */
function lifetimesOf(me) {
  const latest = me.latest_token_end === null ? Infinity : Date.parse(me.latest_token_end) - Date.now();
  // A day more or less is the end itself.
  const fitting = LIFETIMES.filter(([days]) => days * DAY - latest < DAY).map(([days, label]) => ({
    value: String(days),
    label,
  }));
  if (latest === Infinity) return [...fitting, { value: '', label: 'Never' }];
  const all = fitting.length === LIFETIMES.length;
  return all ? fitting : [...fitting, { value: LATEST, label: `With your own sign-in, ${dateTime(me.latest_token_end)}` }];
}

function endOf(lifetime, me) {
  if (lifetime === '') return null;
  const latest = me.latest_token_end === null ? Infinity : Date.parse(me.latest_token_end);
  return new Date(lifetime === LATEST ? latest : Math.min(Date.now() + Number(lifetime) * DAY, latest)).toISOString();
}
