// The parts of pages.

import { h, replace } from './dom.js';
import { messageOf } from './problems.js';

let ids = 0;

/** An id that no other element has. */
export function uniqueId(prefix = 'n') {
  return `${prefix}-${++ids}`;
}

/** The page's title (its only h1), what can be done on it, and the way back. */
export function pageHeader(title, { lead, actions = [], back } = {}) {
  return h(
    'header.page-header',
    back && h('a.back', { href: back.href }, `← ${back.label}`),
    h('div.page-title', h('h1', { tabindex: '-1' }, title), actions.length > 0 && h('div.actions', actions)),
    lead && h('p.lead', lead),
  );
}

/** Tabs that are pages of their own. */
export function linkTabs(label, tabs) {
  return h(
    'nav.tabs',
    { 'aria-label': label },
    tabs.map(tab => h('a', { href: tab.href, 'aria-current': tab.current && 'page' }, tab.label)),
  );
}

/** Tabs within a page; the arrow keys, Home and End move between them. A panel is made when it is first shown. `onchoose` gets the id. */
export function tabs(label, entries, selected = entries[0].id, onchoose = () => {}) {
  const prefix = uniqueId('tab');
  const buttons = entries.map(entry =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `${prefix}-${entry.id}`,
        'aria-controls': `${prefix}-panel-${entry.id}`,
        onclick: () => choose(entry.id),
      },
      entry.label,
    ),
  );
  const panels = entries.map(entry =>
    h('div.tab-panel', {
      role: 'tabpanel',
      id: `${prefix}-panel-${entry.id}`,
      'aria-labelledby': `${prefix}-${entry.id}`,
      tabindex: '0',
    }),
  );
  const list = h('div.tabs', { role: 'tablist', 'aria-label': label, onkeydown: move }, buttons);
  const element = h('div', list, panels);

  function select(id) {
    entries.forEach((entry, index) => {
      const on = entry.id === id;
      buttons[index].setAttribute('aria-selected', on);
      buttons[index].tabIndex = on ? 0 : -1;
      panels[index].hidden = !on;
      if (on && !panels[index].hasChildNodes()) panels[index].append(entry.panel());
    });
  }

  function choose(id) {
    select(id);
    onchoose(id);
  }

  function move(event) {
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const index = (to + buttons.length) % buttons.length;
    choose(entries[index].id);
    buttons[index].focus();
  }

  select(selected);
  return element;
}

export function section(title, ...children) {
  const id = uniqueId('section');
  return h('section.section', { 'aria-labelledby': id }, h('h2', { id }, title), children);
}

export function card(...children) {
  return h('div.card', children);
}

/** A table of some hundred rows at most; on a phone each row is a card. Longer ones: endlessList. */
export function table(caption, columns, rows, { empty = null } = {}) {
  if (rows.length === 0 && empty) return empty;
  return h(
    'div.table-box',
    h(
      'table.table',
      { role: 'table' },
      h('caption.visually-hidden', caption),
      tableHead(columns),
      h(
        'tbody',
        { role: 'rowgroup' },
        rows.map(row => tableRow(columns, row)),
      ),
    ),
  );
}

/** Roles are said explicitly, since rows that are laid out as cards lose those that they have by themselves. */
export function tableHead(columns) {
  return h(
    'thead',
    { role: 'rowgroup' },
    h(
      'tr',
      { role: 'row' },
      columns.map(column => h('th', { scope: 'col', role: 'columnheader', class: cellClass(column) }, column.label)),
    ),
  );
}

export function tableRow(columns, row, props = {}) {
  return h(
    'tr',
    { role: 'row', ...props },
    columns.map(column =>
      h('td', { role: 'cell', class: cellClass(column), dataset: { label: column.label } }, column.cell(row)),
    ),
  );
}

function cellClass(column) {
  return (
    [column.numeric && 'numeric', column.wide && 'wide', column.extra && 'extra', column.size].filter(Boolean).join(' ') || null
  );
}

/** Names and values; what is null shows as a dash. */
export function facts(entries) {
  return h(
    'dl.facts',
    entries.map(([name, value]) =>
      h('div', h('dt', name), h('dd', value === null || value === undefined || value === '' ? '–' : value)),
    ),
  );
}

export function emptyState(title, text, action) {
  return h('div.empty', h('p.empty-title', title), text && h('p', text), action);
}

/** An error as a sentence, with a way to try again. */
export function problem(error, { retry } = {}) {
  return h('div.notice.bad', { role: 'alert' }, h('p', messageOf(error)), retry && button('Try again', retry));
}

export function notice(kind, ...children) {
  return h('div.notice', { class: kind }, children);
}

/** While its work runs, clicks do nothing; what it throws is shown. */
export function button(label, onclick, { kind, ...props } = {}) {
  const element = h(
    'button.button',
    {
      type: 'button',
      ...props,
      class: [kind, props.class].filter(Boolean).join(' '),
      onclick: event => busy(element, () => onclick(event)).catch(report),
    },
    label,
  );
  return element;
}

/** Running actions, by their elements. */
const working = new Set();

/** Runs one thing at a time on behalf of an element, which shows that it is busy. A second call meanwhile does nothing. */
export async function busy(element, fn) {
  if (working.has(element)) return undefined;
  working.add(element);
  element.setAttribute('aria-busy', 'true');
  try {
    return await fn();
  } finally {
    working.delete(element);
    element.removeAttribute('aria-busy');
  }
}

/** While a dialog asks, what opened it waits for the user, and not the user for it: it shows no spinner. */
function resting() {
  const waiting = [...working];
  for (const element of waiting) element.removeAttribute('aria-busy');
  return () => {
    for (const element of waiting) if (working.has(element)) element.setAttribute('aria-busy', 'true');
  };
}

function report(error) {
  if (error?.name !== 'AbortError') toast(messageOf(error), 'bad');
}

export function linkButton(label, href, { kind, ...props } = {}) {
  return h('a.button', { href, ...props, class: kind }, label);
}

export function copyButton(text, label = 'Copy', what = null) {
  return button(
    label,
    async () => {
      await navigator.clipboard.writeText(typeof text === 'function' ? text() : text);
      toast('Copied.');
    },
    { kind: 'quiet', 'aria-label': what ? `${label} ${what}` : null },
  );
}

export function badge(text, kind = 'plain') {
  return h('span.badge', { class: kind }, text);
}

/** Text that loses its beginning where there is too little room: the end of a path or an id tells it from the others. */
export function tail(text, tag = 'span') {
  return h(`${tag}.tail`, { title: text }, h('bdi', text));
}

/** An id, short enough for a table; what is copied is the whole. */
export function idCode(id, { copy = true } = {}) {
  return h('span.id', tail(id, 'code'), copy && copyButton(id, 'Copy', 'the id'));
}

/** Text to be used elsewhere. It can be scrolled by keyboard. */
export function codeBlock(text, label) {
  return h(
    'div.code',
    h('pre', { tabindex: '0', role: 'region', 'aria-label': label }, h('code', text)),
    copyButton(text, 'Copy', label),
  );
}

/** A spinner, and in its place what `draw` makes of what is waited for; or what `fail` makes of the problem. */
export function pending(promise, draw, text, fail = problem) {
  const element = h('div', spinner(text));
  promise.then(
    value => replace(element, draw(value)),
    error => {
      if (error?.name !== 'AbortError') replace(element, fail(error));
    },
  );
  return element;
}

export function spinner(text = 'Loading…') {
  return h('p.spinner', { role: 'status' }, text);
}

/** `max` null: it is not known how much there is. */
export function progressBar(label, value = 0, max = null) {
  const bar = h('progress', { 'aria-label': label });
  const text = h('span.progress-text');
  const element = h('div.progress', bar, text);
  element.set = (now, of, words = '') => {
    if (of === null || of === undefined) bar.removeAttribute('value');
    else {
      bar.max = Math.max(of, 1);
      bar.value = of === 0 ? 1 : now;
    }
    text.textContent = words;
  };
  element.set(value, max);
  return element;
}

/**
 * Says something, to screen readers, too. It stays for some seconds, and then until the next key or click: a page that takes long to show,
 * or a user who looks elsewhere, misses nothing. Errors stay until they are dismissed. All end with their page.
 */
export function toast(text, kind = 'ok') {
  const box = document.getElementById('toasts');
  // A message before a page change, such as “Deleted” and the way to the list, belongs to the next page.
  const element = h(
    'div.toast',
    { class: kind, dataset: { fresh: '' } },
    h('span', text),
    h('button.button.quiet', { type: 'button', onclick: () => element.remove() }, kind === 'bad' ? 'Dismiss' : 'OK'),
  );
  box.append(element);
  while (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => {
    delete element.dataset.fresh;
  });
  if (kind !== 'bad') setTimeout(() => onNextAct(() => element.remove()), 5000);
}

function onNextAct(act) {
  for (const kind of ['keydown', 'click']) addEventListener(kind, act, { capture: true, once: true });
}

/** Ends the messages of the page that is left; those that `navigate` took along stay for the next. */
export function endToasts() {
  for (const element of [...document.getElementById('toasts').children]) {
    if (element.dataset.taken === undefined) element.remove();
    else delete element.dataset.taken;
  }
}

/**
 * A modal dialog; the promise is answered with what `close` is given, or undefined after Escape or ✕. Both ask first if text would be lost
 * that somebody has typed.
 */
export function openDialog(title, body) {
  return new Promise(resolve => {
    const id = uniqueId('dialog');
    let result;
    const close = value => {
      result = value;
      dialog.close();
    };
    const resume = resting();
    const content = h('div.dialog-body');
    const { question, leave, ...listeners } = leaving(content, close);
    const dialog = h(
      'dialog',
      {
        'aria-labelledby': id,
        onclose: () => {
          dialog.remove();
          resume();
          resolve(result);
        },
        ...listeners,
      },
      h(
        'div.dialog-head',
        h('h2', { id }, title),
        h('button.button.quiet', { type: 'button', 'aria-label': 'Close', onclick: leave }, '✕'),
      ),
      question,
      content,
    );
    replace(content, body(close));
    // In <main>'s place in the page, so that it is part of a landmark's reading order; it goes with the page that opened it.
    document.getElementById('main').append(dialog);
    dialog.showModal();
    focusFirst(content);
  });
}

/** Escape and ✕ of a dialog: `leave` closes it, or asks in its `question` where a text differs from what it was when its field came. */
function leaving(content, close) {
  const before = new Map();
  const question = h('div.dialog-question');
  const isTyped = () => [...before].some(([field, text]) => field.isConnected && field.value !== text);
  new MutationObserver(note).observe(content, { childList: true, subtree: true });
  let focused;

  /** A dialog may get its fields later than its frame. */
  function note() {
    for (const field of content.querySelectorAll('input:not([type="checkbox"], [type="radio"]), textarea'))
      if (!before.has(field)) before.set(field, field.value);
  }

  function leave() {
    if (!isTyped()) return close();
    focused = content.contains(document.activeElement) ? document.activeElement : focused;
    content.inert = true;
    replace(
      question,
      h(
        'div.notice.warn',
        { role: 'alert' },
        h('p', 'What you have typed is not saved. Close this all the same?'),
        h(
          'div.actions',
          button('Discard it', () => close(), { kind: 'danger' }),
          button('Go on', goOn, { autofocus: true }),
        ),
      ),
    );
    focusFirst(question);
  }

  function goOn() {
    replace(question);
    content.inert = false;
    focused?.focus();
  }

  /** A second Escape ends the question alone: a key never drops what was typed. */
  function escape(event) {
    if (!isTyped()) return;
    event.preventDefault();
    if (content.inert) goOn();
    else leave();
  }

  return {
    question,
    leave,
    onkeydown: event => {
      if (event.key === 'Escape' && !event.isComposing) escape(event);
    },
    // A phone has another way than a key. A file field has an event of this name, too.
    oncancel: event => {
      if (event.target.localName === 'dialog') escape(event);
    },
  };
}

/** Puts the focus into something new: on a marked element, else into the first field, else on the first action. */
export function focusFirst(element) {
  const all = [...element.querySelectorAll('[autofocus], input, select, textarea, .actions .button')];
  const seen = all.filter(each => !each.disabled && each.getClientRects().length > 0);
  (seen.find(each => each.autofocus) ?? seen.find(each => each.matches('input, select, textarea')) ?? seen[0])?.focus();
}

/** Asks before something is done. False after Escape. If it is dangerous, Cancel has the focus. */
export async function confirm(title, text, action, { danger = false } = {}) {
  return (
    (await openDialog(title, close =>
      h(
        'div',
        h('p', text),
        h(
          'div.actions',
          button(action, () => close(true), { kind: danger ? 'danger' : 'primary' }),
          button('Cancel', () => close(false), { autofocus: danger }),
        ),
      ),
    )) === true
  );
}
