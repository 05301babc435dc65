// How much a project holds. No request tells it cheaply, so it is counted when somebody asks for it, and kept with its time.

import { api } from './api.js';
import { h, replace } from './dom.js';
import { bytes, count, plural, timeAgo } from './format.js';
import { messageOf } from './problems.js';
import { hasRoute, href } from './router.js';
import { freeze, pathOf, stop, watch } from './selection/freeze.js';
import { button, progressBar, section } from './ui.js';

const KEPT = 'data-registry.count';

/**
 * Files and bytes of a project, as a selection of everything counts them. The browser keeps the last result; the
 * service forgets the selection after a week.
 */
export function projectCount({ project, me, signal }) {
  const key = `${KEPT}.${me.id}.${project.id}`;
  const body = h('div.job');
  const wrong = h('div', { role: 'alert' });
  const kept = read(key);
  if (kept && !kept.done) api.get(pathOf(kept), { signal }).then(follow).catch(fail);
  else show();
  return h('div.card', section('Files', body, wrong));

  function show() {
    const last = read(key);
    replace(
      body,
      last?.done
        ? [
            numbers(last),
            h(
              'p.hint',
              'Counted ',
              timeAgo(last.time),
              '. It counts datums that were adopted by then and are not purged.',
              hasRoute('selection') && [
                ' ',
                h('a', { href: href('selection', { project: project.id, selection: last.id }) }, 'See the datums'),
              ],
            ),
          ]
        : h('p.hint', 'Not counted yet. Counting reads every datum of the project once: some seconds for each 100,000.'),
      h('div.actions', button(last?.done ? 'Count again' : 'Count now', start, { kind: last?.done ? '' : 'primary' })),
    );
  }

  /** It goes on in the service: another tab, or a later visit, follows it. */
  async function start() {
    replace(wrong);
    const time = new Date().toISOString();
    try {
      const selection = await freeze({ project, signal }, { adopted_before: time });
      keep({ id: selection.id, time });
      await follow(selection);
    } catch (error) {
      fail(error);
    }
  }

  async function follow(selection) {
    const bar = progressBar('Counting');
    replace(
      body,
      bar,
      h(
        'div.actions',
        button('Stop counting', () => stop(selection)),
      ),
    );
    const ended = await watch(selection, signal, now =>
      bar.set(now.count, null, `${plural(now.count, 'object')}, ${bytes(now.bytes)} so far`),
    );
    if (ended.status === 'completed') take(ended);
    else giveUp(ended.error);
  }

  function take(selection) {
    keep({ id: selection.id, time: selection.ctime, count: selection.count, bytes: selection.bytes, done: true });
    show();
  }

  function giveUp(sentence) {
    localStorage.removeItem(key);
    show();
    replace(wrong, h('p.notice', sentence ?? 'Counting was stopped.'));
  }

  function fail(error) {
    if (error?.name === 'AbortError') return;
    giveUp(messageOf(error));
  }

  function keep(value) {
    localStorage.setItem(key, JSON.stringify(value));
  }
}

function numbers({ count: objects, bytes: size }) {
  return h('dl.counts', h('div', h('dt', 'Files'), h('dd', count(objects))), h('div', h('dt', 'Size'), h('dd', bytes(size))));
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
