// Actions on many datums at once. Each first shows their number and a sample, and then asks.

import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { field, form } from '../forms.js';
import { bytes, count, plural } from '../format.js';
import { hasEnded } from '../job-progress.js';
import { may } from '../permissions.js';
import { href, navigate } from '../router.js';
import { button, emptyState, focusFirst, notice, openDialog, problem, spinner } from '../ui.js';
import { freeze, pathOf, stop, watch } from './freeze.js';
import { actionJob } from './job.js';

/** `fields` are asked for, and `begin` has the service do it: the answer is the job, and the path that its kind is asked at. */
const ACTIONS = {
  tag: {
    label: 'Tag…',
    title: 'Add tags',
    verb: 'Tag',
    permission: 'data_edit',
    fields: tagsField,
    begin: beginning('tag', values => ({ tags: tagsOf(values.tags) })),
  },
  untag: {
    label: 'Remove tags…',
    title: 'Remove tags',
    verb: 'Remove from',
    permission: 'data_edit',
    fields: tagsField,
    begin: beginning('untag', values => ({ tags: tagsOf(values.tags) })),
  },
  export: {
    label: 'Export…',
    title: 'Export',
    verb: 'Export',
    permission: 'data_read',
    fields: () =>
      field({
        label: 'Format',
        name: 'format',
        type: 'select',
        value: 'csv',
        options: [
          { value: 'csv', label: 'CSV' },
          { value: 'ndjson', label: 'NDJSON, one JSON object a line' },
          { value: 'parquet', label: 'Parquet, for data frames' },
        ],
        hint: 'Ids, URLs, sizes, checksums, tags and properties. The files themselves stay in the bucket.',
      }),
    begin: beginning('export', values => ({ format: values.format })),
  },
  purge: {
    label: 'Purge…',
    title: 'Purge',
    verb: 'Purge',
    permission: 'data_manage',
    danger: true,
    fields: () =>
      h(
        'p',
        'Nobody can download these datums any more, and programs that read them by an alias fail. Dataset versions still list them, but ' +
          'cannot be downloaded whole. This cannot be undone. The files in the bucket stay, and their URLs can be adopted again as new ' +
          'datums with new IDs.',
      ),
    begin: beginning('purge', () => undefined),
  },
};

/** Of a selection's datums so many are shown before something is done with them. */
const SAMPLE = 5;

/** Said where an action is not offered. */
const REASONS = {
  data_edit: `To tag, or to make datasets, you need a role that may edit data, such as ${EXAMPLES.roles.data_edit}.`,
  data_manage: `To purge many at once, you need a role that manages the project’s data, such as ${EXAMPLES.roles.data_manage}.`,
};

/**
 * Buttons for all that somebody may do with datums, and why not the rest. `what` is asked when one is pressed: a `filter` to be frozen or a
 * frozen `selection`, and `words` for it. `ondone` gets the job and the selection when the dialog is closed.
 */
export function actionButtons(context, what, { ondone = () => {} } = {}) {
  const { me, project } = context;
  const allowed = Object.entries(ACTIONS).filter(([, action]) => may(me, project, action.permission));
  const reasons = Object.keys(REASONS)
    .filter(permission => !may(me, project, permission))
    .map(permission => REASONS[permission]);
  return [
    h(
      'div.actions',
      may(me, project, 'data_edit') && button('Add to a dataset…', () => addToDataset(context, what())),
      allowed.map(([name, action]) =>
        button(
          action.label,
          async () => {
            const done = await act(context, name, what());
            if (done) ondone(done.job, done.selection);
          },
          { kind: action.danger ? 'danger' : null },
        ),
      ),
    ),
    reasons.length > 0 && h('p.hint', reasons.join(' ')),
  ];
}

/** A page of its own asks which dataset, and waits for a selection that is still made. */
async function addToDataset(context, { filter, selection }) {
  const now = selection ?? (await freeze(context, filter));
  navigate(href('datasetAdd', { project: context.project.id }, { selection: now.id }));
}

/** One action as a dialog: the preview, what it takes, how far it is. Undefined where nothing was begun. */
export async function act(context, name, { filter, selection, words, title, none }) {
  const action = ACTIONS[name];
  const leave = new AbortController();
  const inside = { ...context, signal: AbortSignal.any([context.signal, leave.signal]) };
  let begun;
  await openDialog(title ?? action.title, close => {
    const body = h('div.act', spinner('Counting…'));
    prepare(body, close).catch(error => {
      if (error?.name !== 'AbortError') replace(body, problem(error), closing(close));
    });
    return body;
  });
  leave.abort();
  return begun;

  async function prepare(body, close) {
    let now = selection ?? (await freeze(inside, filter));
    now = await watch(now, inside.signal, running =>
      replace(
        body,
        spinner(`Counting… ${plural(running.count, 'datum')} so far`),
        h(
          'div.actions',
          button('Stop', async () => {
            await stop(running);
            close();
          }),
        ),
      ),
    );
    if (now.status === 'cancelled') return;
    if (now.status === 'failed' || now.count === 0) {
      replace(
        body,
        now.status === 'failed'
          ? notice('bad', h('p', now.error ?? 'They could not be counted. Try again.'))
          : emptyState('Nothing to do', none ?? 'No datum of this project is like that now.'),
        closing(close),
      );
      return;
    }
    const ask = form([preview(now, words, inside.project), await action.fields(inside)], {
      submit: `${action.verb} ${plural(now.count, 'datum')}`,
      kind: action.danger ? 'danger' : 'primary',
      cancel: () => close(),
      onsubmit: async values => follow(body, close, now, await action.begin(inside, now, values)),
    });
    replace(body, ask);
    focusFirst(ask);
  }

  function follow(body, close, frozen, { job, path }) {
    begun = { job, selection: frozen };
    const link = h(
      'a',
      { href: href('selection', { project: inside.project.id, selection: frozen.id }, { job: job.id }) },
      'page that shows its progress',
    );
    const ways = h('p.hint');
    const tell = ended =>
      replace(ways, ended ? 'There is a ' : 'The job goes on if you close this window. There is a ', link, '.');
    tell(hasEnded(job));
    replace(
      body,
      actionJob(inside, path, job, () => tell(true)),
      ways,
      closing(close),
    );
    body.querySelector('.actions:last-child button')?.focus();
  }
}

/** A job of the selection. The request can be sent again: a key says that it is the same one. */
function beginning(name, bodyOf) {
  return async ({ signal }, selection, values) => {
    const headers = { 'idempotency-key': newKey() };
    const job = await api.post(`${pathOf(selection)}${name}/`, bodyOf(values), { signal, repeat: true, headers });
    return { job, path: `${pathOf(selection)}jobs/` };
  };
}

/** How many datums a selection holds, which, and some of them. */
export function preview(selection, words, project) {
  const sample = selection.sample.slice(0, SAMPLE).sort((a, b) => (a.uri < b.uri ? -1 : 1));
  const rest = selection.count - sample.length;
  return h(
    'div.preview',
    h('p.summary', { role: 'status' }, `${plural(selection.count, 'datum')}, ${bytes(selection.bytes)}`),
    words && h('p.hint', words),
    h(
      'ul.sample',
      { 'aria-label': 'Some of them' },
      sample.map(item => h('li', h('code', item.uri))),
    ),
    h(
      'p.hint',
      rest > 0 && `And ${count(rest)} more. `,
      h('a', { href: href('selection', { project: project.id, selection: selection.id }) }, 'Look at all of them'),
    ),
  );
}

function closing(close) {
  return h(
    'div.actions',
    button('Close', () => close()),
  );
}

function tagsField() {
  return field({ label: 'Tags', name: 'tags', required: true, autocomplete: 'off', hint: 'Several with commas between them.' });
}

function tagsOf(text) {
  return [
    ...new Set(
      text
        .split(',')
        .map(tag => tag.trim())
        .filter(tag => tag !== ''),
    ),
  ];
}

/** Not crypto.randomUUID: browsers have that only where the page came by HTTPS. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}
