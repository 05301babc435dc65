import { api, pause } from '../api.js';
import { versionSnippets } from '../dataset/snippets.js';
import { fileDatum, versionBadge } from '../dataset/words.js';
import { h, replace } from '../dom.js';
import { bytes, count, dateTime } from '../format.js';
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
  const { params, project, me, signal, setTitle, refresh } = context;
  const at = `/api/v0/dataset-versions/${encodeURIComponent(params.version)}/`;
  // The files are a list of their own.
  const look = () => api.get(at, { query: { exclude: 'files' }, signal });
  const version = await look();
  const edits = may(me, project, 'data_edit');
  setTitle(version.name);
  const dataset = await api.get(`/api/v0/datasets/${version.dataset}/`, { signal });
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
      'div.card',
      facts([
        ['Address', h('span.id', h('code.wrap', version.uri), copyButton(version.uri, 'Copy', 'the address'))],
        ['Status', versionBadge(version)],
        ['Files', version.status === 'completed' ? `${count(version.count)}, ${bytes(version.bytes)}` : null],
        [
          'Version before',
          version.previous_version &&
            h('a', { href: href('datasetVersion', { ...place, version: version.previous_version }) }, 'See it'),
        ],
        ['Created', dateTime(version.ctime)],
        ['ID', idCode(version.id)],
      ]),
    ),
    version.status === 'completed'
      ? h(
          'div.section',
          tabs('Dataset version', [
            { id: 'files', label: 'Files', panel: () => h('div.tall', files()) },
            { id: 'code', label: 'Read it elsewhere', panel: () => versionSnippets(version) },
          ]),
        )
      : beingCreated(),
  );

  function files() {
    return endlessList({
      caption: 'Files',
      noun: ['file', 'files'],
      signal,
      load: (next, abort) => api.get(next ?? `${at}files/`, { query: next ? null : { limit: 500 }, signal: abort }),
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
          cell: f => (f.datum.sha256 ? h('code', { title: f.datum.sha256 }, f.datum.sha256) : '–'),
        },
      ],
    });
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
