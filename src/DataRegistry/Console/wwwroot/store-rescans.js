// A store's rescans: what the last one found, starting one now, and when they are done by themselves.

import { api } from './api.js';
import { h } from './dom.js';
import { EXAMPLES } from './examples.js';
import { count, duration, timeAgo } from './format.js';
import { field, form } from './forms.js';
import { jobBadge } from './job-progress.js';
import { JOB_KINDS } from './job-words.js';
import { reportRefusal } from './rights.js';
import { href, navigate } from './router.js';
import { button, confirm, section, toast } from './ui.js';
import { inConsoleWords } from './words.js';

const SCHEDULES = EXAMPLES.schedules;

/** The result of the last scan. Nothing if the service has no rescans. */
export function lastRescan(store, { project, me, manages, signal }) {
  if (!store.rescan) return null;
  const last = store.last_rescan;
  const refusal = reportRefusal(store, { me });
  return h(
    'div.card',
    section(
      'Last rescan',
      last
        ? h(
            'div.job',
            h(
              'p',
              jobBadge(last),
              ' ',
              timeAgo(last.finished ?? last.started),
              last.seconds !== null && ` · took ${duration(last.seconds)}`,
              !refusal && [' · ', h('a', { href: address(last.id) }, 'See the report')],
            ),
            last.error && h('div.notice.bad', h('p', inConsoleWords(last.error))),
            h(
              'dl.counts',
              JOB_KINDS.rescans.names.map(([key, label]) => h('div', h('dt', label), h('dd', count(last.counts[key])))),
            ),
            refusal && h('p.hint', refusal),
          )
        : h(
            'p.hint',
            'No rescan yet. A rescan compares the bucket with what was adopted from it, and finds what has changed, is missing or is new.',
          ),
      manages &&
        h(
          'div.actions',
          button('Rescan now', () => start({})),
          // The service says so in the error of a scan that found nothing at all.
          last?.error?.includes('force=true') && button('Rescan the empty bucket', startForced, { kind: 'danger' }),
        ),
    ),
  );

  async function start(query) {
    const job = await api.post(`/api/v0/stores/${store.id}/rescan/`, undefined, { query, signal });
    toast(`The rescan of ${store.name} has started.`);
    navigate(address(job.id));
  }

  async function startForced() {
    if (
      await confirm(
        'Was the bucket emptied on purpose?',
        `If so, the rescan marks all datums of ${store.name} as missing.`,
        'Rescan it all the same',
        { danger: true },
      )
    )
      await start({ force: true });
  }

  function address(job) {
    return href('job', { project: project.id, kind: 'rescans', job });
  }
}

/** When it is scanned by itself, in words. */
export function scheduleOf({ schedule, adopt_changed, adopt_new }) {
  const when =
    schedule === null
      ? 'The service’s default schedule'
      : schedule === 'off'
        ? 'Only when somebody starts one'
        : /^\d+[hd]$/.test(schedule)
          ? `Every ${schedule}`
          : h('span', 'On the schedule ', h('code', schedule));
  const then = [adopt_changed && 'adopts changed files as new datums', adopt_new && 'adopts new files']
    .filter(Boolean)
    .join(', ');
  return then ? h('span', when, `; ${then}`) : when;
}

/** When it is scanned by itself, and what becomes of what is found. */
export function rescanPolicy(store, change) {
  if (!store.rescan) return null;
  const { schedule, adopt_changed, adopt_new, include, exclude } = store.rescan;
  const patterns = (label, name, value, hint) =>
    field({ label, name, type: 'textarea', rows: 2, mono: true, required: false, value: (value ?? []).join('\n'), hint });
  return h(
    'div.card',
    section(
      'Rescans',
      form(
        [
          field({
            label: 'Schedule',
            name: 'schedule',
            required: false,
            value: schedule ?? '',
            autocomplete: 'off',
            hint:
              `${SCHEDULES[0]} for none, an interval such as ${SCHEDULES[1]} or ${SCHEDULES[2]}, or a cron ` +
              `expression in UTC with five fields, or six that begin with seconds, such as ${SCHEDULES[3]}. ` +
              'Leave it empty for the service’s default.',
          }),
          field({ label: 'Adopt changed files as new datums', name: 'adopt_changed', type: 'checkbox', value: adopt_changed }),
          field({
            label: 'Adopt new files',
            name: 'adopt_new',
            type: 'checkbox',
            value: adopt_new,
            disabled: store.project === null,
            hint: store.project ? 'Into the project of the store.' : 'Only for a store that belongs to a project.',
          }),
          patterns(
            'Include only',
            'include',
            include,
            `Patterns of files, one per line, such as ${EXAMPLES.include}. Leave it empty for all.`,
          ),
          patterns('Exclude', 'exclude', exclude, `Patterns of files, one per line, such as ${EXAMPLES.exclude}.`),
        ],
        {
          submit: 'Save the rescans',
          kind: '',
          onsubmit: values =>
            change(
              {
                rescan: {
                  ...values,
                  adopt_new: values.adopt_new ?? false,
                  schedule: values.schedule.trim(),
                  include: lines(values.include),
                  exclude: lines(values.exclude),
                },
              },
              'The rescans are saved.',
            ),
        },
      ),
    ),
  );
}

function lines(text) {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
}
