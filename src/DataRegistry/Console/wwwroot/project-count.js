// How much a project holds. No request tells it cheaply, so it is counted when somebody asks for it, and kept with its time.

import { api, pause } from './api.js';
import { h, replace } from './dom.js';
import { bytes, count, timeAgo } from './format.js';
import { messageOf } from './problems.js';
import { hasRoute, href } from './router.js';
import { button, progressBar, section } from './ui.js';

const KEPT = 'data-registry.count';
const FIRST_POLL = 500;
const LONGEST_POLL = 4000;

/** Objects and bytes of a project, as a selection of everything counts them. The browser keeps the last result; the service forgets the selection after a week. */
export function projectCount({ project, me, signal }) {
  const key = `${KEPT}.${me.id}.${project.id}`;
  const body = h('div.job');
  const wrong = h('div', { role: 'alert' });
  const kept = read(key);
  let running = null;
  if (kept && !kept.done) follow(kept.id).catch(fail);
  else show();
  return h('div.card', section('Objects', body, wrong));

  function show() {
    const last = read(key);
    replace(body,
      last?.done
        ? [numbers(last), h('p.hint', 'Counted ', timeAgo(last.time), ': what was adopted by then, and is not purged.', hasRoute('selection') && [' ', h('a', { href: href('selection', { project: project.id, selection: last.id }) }, 'See the datums')])]
        : h('p.hint', 'Not counted yet. Counting reads every datum of the project once: some seconds for each 100,000.'),
      h('div.actions', button(last?.done ? 'Count again' : 'Count now', start, { kind: last?.done ? '' : 'primary' })));
  }

  /** It goes on in the service: another tab, or a later visit, follows it. */
  async function start() {
    replace(wrong);
    try {
      const time = new Date().toISOString();
      const selection = await api.post('/api/v0/selections/', { project: project.id, filter: { adopted_before: time } }, { signal });
      keep({ id: selection.id, time });
      if (selection.status === 'completed') take(selection);
      else follow(selection.id).catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  async function follow(id) {
    running = id;
    const bar = progressBar('Counting');
    const cancel = button('Stop counting', async () => {
      await api.post(`/api/v0/selections/${id}/cancel/`, undefined, { repeat: true, signal });
    });
    replace(body, bar, h('div.actions', cancel));
    for (let delay = FIRST_POLL; running === id; delay = Math.min(delay * 1.3, LONGEST_POLL)) {
      const selection = await api.get(`/api/v0/selections/${id}/`, { signal });
      bar.set(selection.count, null, `${count(selection.count)} so far · ${bytes(selection.bytes)}`);
      if (selection.status === 'completed') return take(selection);
      if (['failed', 'cancelled'].includes(selection.status)) return giveUp(selection.error);
      await pause(delay, signal);
    }
  }

  function take(selection) {
    running = null;
    keep({ id: selection.id, time: selection.ctime, count: selection.count, bytes: selection.bytes, done: true });
    show();
  }

  function giveUp(sentence) {
    running = null;
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
  return h('dl.counts', h('div', h('dt', 'Objects'), h('dd', count(objects))), h('div', h('dt', 'Size'), h('dd', bytes(size))));
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
