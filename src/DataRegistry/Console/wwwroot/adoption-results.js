// The outcome of URLs, or the expected one.

import { h } from './dom.js';
import { count, plural } from './format.js';
import { save } from './job-progress.js';
import { isOpenEnded } from './patterns.js';
import { href } from './router.js';
import { stateBadge } from './states.js';
import { badge, button, notice, section, table } from './ui.js';
import { inConsoleWords } from './words.js';

const FORESEEN = { created: ['Will be adopted', 'ok'], failed: ['Will fail', 'bad'], skipped: ['Will be skipped', 'plain'] };

/** The contract's table: URL, Result. In the order in which they were given, each once. */
export function adoptionResult(answer, given, project) {
  const rows = [
    ...Object.entries(answer.created).map(([url, id]) => ({ url, id, outcome: 'created' })),
    ...Object.entries(answer.existing ?? {}).map(([url, id]) => ({
      url,
      id,
      outcome: 'existing',
      changed: answer.changed?.includes(url),
    })),
    ...(answer.errors ?? []).map(({ url, message, code }) => ({ url, message, code, outcome: 'failed' })),
  ];
  if (given) {
    const order = new Map(given.map((url, index) => [url, index]));
    rows.sort((a, b) => (order.get(a.url) ?? Infinity) - (order.get(b.url) ?? Infinity));
  }
  const failed = rows.filter(row => row.outcome === 'failed');
  const counts = rows.reduce((all, row) => ({ ...all, [row.outcome]: (all[row.outcome] ?? 0) + 1 }), {});
  return section(
    'Result',
    summary(counts, { created: 'adopted', existing: 'already adopted', failed: 'failed' }),
    table(
      'What became of each URL',
      [
        { label: 'URL', wide: true, cell: row => h('span.mono', row.url) },
        { label: 'Result', cell: row => result(row, project) },
      ],
      rows,
    ),
    failed.length > 0 &&
      h(
        'div.actions',
        button('Download the failed URLs', () =>
          save(new Blob([failed.map(f => `${f.url}\n`).join('')], { type: 'text/plain' }), 'failed.txt'),
        ),
      ),
  );
}

function result({ outcome, id, message, changed }, project) {
  const link = text => h('a', { href: href('datum', { project: project.id, id }) }, text);
  if (outcome === 'created') return [stateBadge('created'), ' ', link('Show the datum')];
  if (outcome === 'failed') return [stateBadge('failed'), ' ', inConsoleWords(message)];
  return [
    stateBadge('existing'),
    changed && [' ', stateBadge('changed')],
    ' ',
    id
      ? link('Show the datum')
      : 'Another project has adopted it, which you may not see. Ask for the role viewer there, or adopt it from another ' +
        'store of the bucket.',
  ];
}

/** The expected outcome of an adoption, by counts and examples. `asked` are the folder and the patterns that were previewed, if any. */
export function previewResult({ counts, sample, complete, left_out }, { prefix = null, exclude = [] } = {}) {
  return section(
    'Preview',
    h('p.hint', 'Nothing is adopted yet.'),
    !complete && notice('warn', h('p', `The preview looked at the first ${plural(counts.total, 'file')} only. There are more.`)),
    summary(
      { ...counts, left_out: left_out?.count ?? 0 },
      {
        created: 'will be adopted',
        existing: 'already adopted',
        failed: 'will fail',
        skipped: 'will be skipped',
        left_out: 'left out by your patterns',
      },
    ),
    reachesFurther(prefix, { counts, sample, complete }) &&
      notice(
        'warn',
        h(
          'p',
          'There is no slash at the end of ',
          h('code', prefix),
          ', so this takes all files whose URLs begin like that, whatever follows. For the folder alone, give ',
          h('code', `${prefix}/`),
          '.',
        ),
      ),
    idlePatterns(exclude, left_out, complete),
    counts.total === 0 &&
      h(
        'p',
        left_out
          ? 'Your patterns leave everything out.'
          : 'There is nothing here to adopt. Check the spelling of the folder or pattern.',
      ),
    counts.total > 0 &&
      h(
        'div.scroll',
        { tabindex: '0', role: 'region', 'aria-label': 'Examples' },
        table(
          'Examples of what will become of the files',
          [
            { label: 'URL', wide: true, cell: row => h('span.mono', row.url) },
            {
              label: 'Result',
              cell: row => [
                row.outcome in FORESEEN ? badge(...FORESEEN[row.outcome]) : stateBadge(row.outcome),
                row.changed && [' ', stateBadge('changed')],
                row.outcome === 'created' || row.outcome === 'existing' ? null : [' ', inConsoleWords(row.message)],
              ],
            },
          ],
          sample,
        ),
      ),
    sample.length < counts.total && h('p.hint', `Shown: ${plural(sample.length, 'example')} of ${count(counts.total)}.`),
    left_out && leftOut(left_out),
  );
}

/** Whether a prefix without a slash takes, or may take, more than that folder and that file. */
export function reachesFurther(prefix, { counts, sample, complete }) {
  if (prefix === null || !isOpenEnded(prefix)) return false;
  const isKnown = complete && sample.length === counts.total;
  return !isKnown || sample.some(({ url }) => url !== prefix && !url.startsWith(`${prefix}/`));
}

/** The patterns that leave nothing out, as far as that is known: of several that take a file, the service names the first. */
function idlePatterns(exclude, left_out, complete) {
  const idle = exclude.filter(pattern => !left_out?.sample.some(item => item.message.startsWith(`Excluded by '${pattern}'`)));
  if (idle.length === 0) return null;
  const only = idle.length === exclude.length;
  const shown = left_out && left_out.sample.length < left_out.count ? left_out.sample.length : null;
  return notice(
    'warn',
    h(
      'p',
      idle.map((pattern, index) => [index > 0 && ', ', h('code', pattern)]),
      ` ${idle.length === 1 ? 'leaves' : 'leave'} nothing${only ? '' : ' more'} out`,
      shown && ` among the first ${count(shown)} files that are left out`,
      !complete && ' of what the preview looked at',
      '. A pattern matches the whole key: * stays within a folder, and **/ before it reaches into all folders.',
    ),
  );
}

/** The URLs that patterns leave out, and by which of them. */
function leftOut({ count: all, sample }) {
  return h(
    'details.folded',
    h('summary', `${plural(all, 'file')} left out by your patterns`),
    h(
      'div.scroll',
      { tabindex: '0', role: 'region', 'aria-label': 'Left out' },
      table(
        'Files that the patterns leave out',
        [
          { label: 'URL', wide: true, cell: row => h('span.mono', row.url) },
          // The message names the URL, which stands beside it.
          { label: 'Why', cell: row => row.message.replace(`: '${row.url}'`, '') },
        ],
        sample,
      ),
    ),
    sample.length < all && h('p.hint', `Shown: the first ${count(sample.length)}.`),
  );
}

function summary(counts, names) {
  const parts = Object.entries(names)
    .filter(([key]) => counts[key] > 0)
    .map(([key, words]) => `${count(counts[key])} ${words}`);
  return parts.length > 0 && h('p.summary', { role: 'status' }, `${parts.join(', ')}.`);
}
