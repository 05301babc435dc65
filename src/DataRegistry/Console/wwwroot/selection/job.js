// A job that acts on a selection: how far it is, and what came of it.

import { h, replace } from '../dom.js';
import { bytes, count } from '../format.js';
import { jobProgress } from '../job-progress.js';
import { may } from '../permissions.js';
import { stateWord } from '../states.js';
import { linkButton, table } from '../ui.js';

const DONE = { purge: 'Purged', tag: 'Tagged', untag: 'Untagged', export: 'Exported' };

/** As the service allows them. */
const PERMISSIONS = { purge: 'data_manage', tag: 'data_edit', untag: 'data_edit', export: 'data_read' };

export function titleOf(job) {
  const tags = job.tags?.map(tag => `“${tag}”`).join(', ');
  return { purge: 'Purge', tag: `Tag with ${tags}`, untag: `Remove ${tags}`, export: `Export as ${job.format}` }[job.kind];
}

/** Followed to its end at `path`, where jobs of its kind are. An export's files are offered then, and `onend` gets the job. */
export function actionJob({ me, project, signal }, path, job, onend = () => {}) {
  const files = h('div.files');
  show(job);
  return h(
    'div',
    jobProgress(job, {
      signal,
      path,
      again: () => null,
      changeable: may(me, project, PERMISSIONS[job.kind]),
      names: [
        ['done', DONE[job.kind]],
        ['skipped', stateWord('skipped')],
        ['pending', 'Remaining'],
      ],
      columns: ['uri', 'code', 'message'],
      onend: ended => {
        show(ended);
        onend(ended);
      },
    }),
    files,
  );

  function show({ files: made }) {
    if (!made) return;
    replace(
      files,
      table(
        'Files',
        [
          {
            label: 'File',
            wide: true,
            cell: file => h('span', { title: file.name }, `${made.indexOf(file) + 1} of ${made.length}`),
          },
          { label: 'Datums', numeric: true, cell: file => count(file.rows) },
          { label: 'Size', numeric: true, cell: file => bytes(file.bytes) },
          {
            label: 'Get it',
            cell: file =>
              file.url
                ? linkButton('Download', file.url, {
                    download: file.name,
                    rel: 'noreferrer',
                    'aria-label': `Download file ${made.indexOf(file) + 1}`,
                  })
                : 'expired',
          },
        ],
        made,
        { empty: h('p.hint', 'There is nothing to write, so there is no file.') },
      ),
    );
  }
}
