import { KIND_WORDS, actionOf, actionWords, detailWords, targetLink } from '../admin/audit-words.js';
import { adminPage } from '../admin/frame.js';
import { api } from '../api.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { field } from '../forms.js';
import { dateTime } from '../format.js';
import { afterTyping } from '../keys.js';
import { endlessList } from '../list.js';
import { may, maySomewhere } from '../permissions.js';
import { needing } from '../rights.js';
import { href } from '../router.js';
import { button, emptyState, facts, idCode, openDialog, pending, uniqueId } from '../ui.js';

const DATE = /^\d{4}-\d\d-\d\d$/;

/** The audit trail, newest first: of a project, or of changes outside of projects. */
export async function render({ me, query, signal, setQuery }) {
  const projects = (await api.all('/api/v0/projects/', {}, signal)).filter(p => may(me, p, 'audit_read'));
  const trails = [
    ...(may(me, null, 'audit_read') ? [{ value: '', label: 'Changes outside of projects' }] : []),
    ...projects.map(p => ({ value: p.id, label: p.name })),
  ];
  const asked = Object.fromEntries(['project', 'actor', 'action', 'since', 'until'].map(key => [key, query.get(key) ?? '']));
  for (const day of ['since', 'until']) if (!DATE.test(asked[day])) asked[day] = '';
  // A project that is deleted has a trail still.
  if (asked.project && !projects.some(p => p.id === asked.project))
    trails.push({ value: asked.project, label: 'A project that is deleted' });
  if (!trails.some(t => t.value === asked.project)) asked.project = trails[0]?.value ?? '';

  return adminPage(me, 'adminAudit', {
    lead: 'Every change, and who made it. Entries are never changed or deleted.',
    permission: trails.length > 0 ? null : 'audit_read',
    content,
  });

  function content() {
    const kinds = h(
      'datalist',
      { id: uniqueId('list') },
      KIND_WORDS.map(value => h('option', { value })),
    );
    const list = endlessList({
      caption: 'Audit trail',
      noun: ['entry', 'entries'],
      signal,
      lookedAt: page => Math.max(page.results.length, 1),
      load: (next, abort) =>
        needing('audit_read', api.get(next ?? '/api/v0/audit/', { query: next ? null : wanted(), signal: abort })),
      columns: [
        { label: 'Action', wide: true, cell: e => h('span.strong', { title: e.action }, actionWords(e)) },
        { label: 'Changed', wide: true, cell: targetLink },
        { label: 'By', size: 'medium', cell: e => actor(e) },
        { label: 'When', size: 'large', cell: e => dateTime(e.time) },
        {
          label: 'Details',
          wide: true,
          extra: true,
          cell: e => h('span', { title: detailWords(e.details) }, detailWords(e.details)),
        },
        {
          label: 'More',
          size: 'small',
          cell: e =>
            button(
              'Show',
              () => {
                show(e);
              },
              { kind: 'quiet', 'aria-label': `Show ${actionWords(e)}, ${dateTime(e.time)}` },
            ),
        },
      ],
      empty: () =>
        asked.actor || asked.action || asked.since || asked.until
          ? emptyState('No such entry', 'Nothing matches. Search for less, or in another project.')
          : emptyState('Nothing was changed yet', 'Every change will stand here.'),
    });
    const apply = () => {
      later.cancel();
      for (const f of fields) asked[f.name] = f.value.trim();
      setQuery(asked);
      list.reload();
    };
    const later = afterTyping(apply, signal);
    const fields = [
      field({ label: 'Of', name: 'project', type: 'select', value: asked.project, options: trails, onchange: apply }),
      field({
        label: 'By',
        name: 'actor',
        type: 'search',
        value: asked.actor,
        autocomplete: 'off',
        placeholder: 'User name or ID',
        oninput: later,
      }),
      field({
        label: 'Action',
        name: 'action',
        type: 'search',
        value: asked.action,
        autocomplete: 'off',
        placeholder: actionWords({ kind: 'token', action: EXAMPLES.action }),
        list: kinds.id,
        oninput: later,
      }),
      field({ label: 'From', name: 'since', type: 'date', value: asked.since, onchange: apply }),
      field({ label: 'To', name: 'until', type: 'date', value: asked.until, onchange: apply }),
    ];
    return h('div', h('div.filters', { role: 'search', 'aria-label': 'Audit trail' }, fields), kinds, h('div.tall', list));
  }

  /** Both days count, in the reader's own time. */
  function wanted() {
    return {
      ...asked,
      action: actionOf(asked.action),
      since: beginOf(asked.since, 0),
      until: beginOf(asked.until, 1),
      limit: 100,
    };
  }

  function beginOf(day, after) {
    if (!day) return null;
    const midnight = new Date(`${day}T00:00`);
    midnight.setDate(midnight.getDate() + after);
    return midnight.toISOString();
  }

  function actor(event) {
    return event.actor_id && maySomewhere(me, 'users_read')
      ? h('a', { href: href('adminUser', { user: event.actor_id }), title: event.actor }, event.actor)
      : h('span', { title: event.actor }, event.actor);
  }

  /** The trail has the id alone. One request of an entry that somebody looks at finds the name, as long as there is such a user. */
  async function userLink(id) {
    const user = maySomewhere(me, 'users_read') ? await api.get(`/api/v0/users/${id}/`, { signal }).catch(() => null) : null;
    return user ? h('a', { href: href('adminUser', { user: id }), title: id }, user.username) : h('code', id);
  }

  function show(event) {
    return openDialog(actionWords(event), close =>
      h(
        'div',
        facts([
          ['Changed', targetLink(event)],
          ['Its ID', h('code', event.target)],
          ['By', actor(event)],
          ['When', dateTime(event.time)],
          ['With the token', event.token && idCode(event.token)],
          ['In the request', event.request_id && h('code', event.request_id)],
          ...Object.entries(event.details ?? {}).map(([name, value]) => [
            `${name.replaceAll('_', ' ')}`,
            name === 'user' && typeof value === 'string'
              ? pending(userLink(value), link => link, ' ')
              : detailWords({ [name]: value }).slice(name.length + 2) || null,
          ]),
        ]),
        h(
          'div.actions',
          button('Close', () => close()),
        ),
      ),
    );
  }
}
