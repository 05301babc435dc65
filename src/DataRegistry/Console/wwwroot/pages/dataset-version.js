import { api, pause } from '../api.js';
import { versionSnippets } from '../dataset/snippets.js';
import { fileDatum, versionBadge } from '../dataset/words.js';
import { h, replace } from '../dom.js';
import { field } from '../forms.js';
import { bytes, count, dateTime, plural } from '../format.js';
import { afterTyping } from '../keys.js';
import { endlessList } from '../list.js';
import { may } from '../permissions.js';
import { messageOf } from '../problems.js';
import { needing } from '../rights.js';
import { href, navigate } from '../router.js';
import {
  badge,
  button,
  confirm,
  copyButton,
  emptyState,
  facts,
  idCode,
  linkButton,
  notice,
  pageHeader,
  progressBar,
  section,
  tabs,
  tail,
  toast,
} from '../ui.js';

const FIRST_LOOK = 700;
const LONGEST_LOOK = 5000;

/** One version: its files by path, and how they are read elsewhere. One that is being created is followed until its files are there. */
export async function render(context) {
  const { params, project, query, me, signal, setTitle, setQuery, refresh } = context;
  const at = `/api/v0/dataset-versions/${encodeURIComponent(params.version)}/`;
  // The files are a list of their own.
  const look = () => api.get(at, { query: { exclude: 'files' }, signal });
  const version = await look();
  const edits = may(me, project, 'data_edit');
  setTitle(version.name);
  const [dataset, before] = await Promise.all([api.get(`/api/v0/datasets/${version.dataset}/`, { signal }), versionBefore()]);
  const purged = h('div', { role: 'status', hidden: true });
  let mostPurged = 0;
  const place = { project: project.id, dataset: version.dataset, version: version.id };
  return h(
    'div',
    pageHeader(version.name, {
      back: { label: dataset.name, href: href('dataset', { project: project.id, dataset: version.dataset }) },
      actions: [
        version.status === 'completed' &&
          linkButton('Compare with another version', href('datasetDiff', place, { from: version.previous_version })),
        edits && button('Delete the version', remove, { kind: 'danger' }),
      ].filter(Boolean),
    }),
    h(
      'div.stack',
      h(
        'div.card',
        facts([
          ['Address', h('span.id', h('code.wrap', version.uri), copyButton(version.uri, 'Copy', 'the address'))],
          ['Status', versionBadge(version)],
          ['Files', version.status === 'completed' ? `${count(version.count)}, ${bytes(version.bytes)}` : null],
          [
            'Version before',
            before
              ? h('a', { href: href('datasetVersion', { ...place, version: before.id }) }, before.name)
              : version.previous_version && 'A version that is deleted',
          ],
          ['Created', dateTime(version.ctime)],
          ['ID', idCode(version.id)],
        ]),
      ),
      purged,
    ),
    version.status === 'completed'
      ? h(
          'div.section',
          tabs('Dataset version', [
            { id: 'files', label: 'Files', panel: files },
            { id: 'code', label: 'Read it elsewhere', panel: () => versionSnippets(version) },
          ]),
        )
      : beingCreated(),
  );

  async function versionBefore() {
    if (!version.previous_version) return null;
    try {
      return await api.get(`/api/v0/dataset-versions/${version.previous_version}/`, { query: { exclude: 'files' }, signal });
    } catch (error) {
      if (error.status !== 404) throw error;
      return null;
    }
  }

  function files() {
    let prefix = query.get('prefix') ?? '';
    const beginning = field({
      label: 'Paths that begin with',
      name: 'prefix',
      type: 'search',
      mono: true,
      value: prefix,
      autocomplete: 'off',
      spellcheck: 'false',
      oninput: afterTyping(narrow, signal),
    });
    const unhashed = h(
      'p.hint',
      { hidden: true },
      'Some checksums are not known yet: the service computes one when somebody opens or downloads the datum.',
    );
    const list = endlessList({
      caption: 'Files',
      noun: ['file', 'files'],
      signal,
      load: (next, abort) => api.get(next ?? `${at}files/`, { query: next ? null : { limit: 500, prefix }, signal: abort }),
      onLoaded: page => {
        unhashed.hidden = list.rows.every(f => f.datum.sha256 || f.purged);
        tellPurged(list.rows.filter(f => f.purged).length, prefix === '' && page.next === null);
      },
      empty: () => emptyState('No such file', 'No path of the version begins like this. Capital letters count.'),
      columns: [
        { label: 'Path', wide: true, size: 'most', cell: f => tail(f.path, 'span.strong') },
        {
          label: 'Size and datum',
          wide: true,
          cell: f => [f.purged && [badge('Purged', 'warn'), ' '], fileDatum(project, f.datum)],
        },
        {
          label: 'SHA-256',
          wide: true,
          extra: true,
          has: f => f.datum.sha256,
          cell: f => (f.datum.sha256 ? h('code', { title: f.datum.sha256 }, f.datum.sha256) : '–'),
        },
      ],
    });
    return h('div', h('div.filters.one', beginning), unhashed, h('div.tall', list));

    function narrow() {
      if (prefix === beginning.value) return;
      prefix = beginning.value;
      setQuery({ prefix });
      list.reload();
    }
  }

  /** The version itself does not know its purged files, so those that were loaded count. */
  function tellPurged(known, isAll) {
    if (known === 0 || (known <= mostPurged && !isAll)) return;
    mostPurged = known;
    purged.hidden = false;
    replace(
      purged,
      notice(
        'warn',
        h(
          'p',
          `${isAll ? '' : 'At least '}${plural(known, 'file')} ${known === 1 ? 'is' : 'are'} purged, so the version cannot be downloaded ` +
            'whole: the code of “Read it elsewhere” ends at the first of them. A new version can be made without them.',
        ),
      ),
    );
  }

  /** Its job says how far it is. If the job is gone, so is the version. */
  function beingCreated() {
    const bar = progressBar('How far the version is');
    const wrong = h('div', { role: 'alert' });
    const job = version.job && `${at}jobs/${version.job}/`;
    follow().catch(error => {
      if (error?.name !== 'AbortError') replace(wrong, notice('bad', h('p', messageOf(error))));
    });
    return section(
      'It is being created',
      h('div.card.job', bar, wrong, edits && job && h('div.actions', button('Cancel', cancel))),
    );

    async function follow() {
      for (let delay = FIRST_LOOK; ; delay = Math.min(delay * 1.3, LONGEST_LOOK)) {
        if (job) {
          const now = await api.get(job, { signal });
          bar.set(
            now.counts.total - now.counts.pending,
            now.counts.total,
            `${count(now.counts.total - now.counts.pending)} of ${count(now.counts.total)}`,
          );
          if (now.status === 'failed' || now.status === 'cancelled') {
            replace(wrong, notice('bad', h('p', now.error ?? 'It was cancelled. The name is free again.')));
            return;
          }
        }
        if ((await look()).status === 'completed') return refresh();
        await pause(delay, signal);
      }
    }

    async function cancel() {
      await needing('data_edit', api.post(`${job}cancel/`, undefined, { repeat: true, signal }));
      toast(`${version.uri} is not created.`);
      navigate(href('dataset', { project: project.id, dataset: version.dataset }));
    }
  }

  async function remove() {
    if (
      !(await confirm(
        `Delete ${version.uri}?`,
        'Aliases that point to it are deleted with it, and programs that read it fail from then on. The datums stay.',
        'Delete',
        { danger: true },
      ))
    )
      return;
    await needing('data_edit', api.delete(at, { signal }));
    toast(`${version.uri} is deleted.`);
    navigate(href('dataset', { project: project.id, dataset: version.dataset }));
  }
}
