// Forms: fields with a hint and an error, and what becomes of submitting them.

import { h } from './dom.js';
import { ApiProblem, messageOf } from './problems.js';
import { busy, button, uniqueId } from './ui.js';

/** A labelled input. `.value` is a string, of a checkbox a bool; `.error(sentence)` says what is wrong, null that nothing is. */
export function field({ label, name, type = 'text', hint, value, required, options, mono, onchange, ...props }) {
  const id = uniqueId('field');
  const described = hint ? `${id}-hint ${id}-error` : `${id}-error`;
  const shared = { id, name, 'aria-describedby': described, 'aria-required': required && 'true', class: mono ? 'mono' : null, onchange, ...props };
  const input = make(type, shared, options, value);
  const wrong = h('p.field-error', { id: `${id}-error` });
  const caption = h('label', { for: id }, label, !required && required !== undefined && h('span.optional', ' (optional)'));
  const help = hint && h('p.hint', { id: `${id}-hint` }, hint);
  const element = type === 'checkbox'
    ? h('div.field.check', h('div', input, caption), help, wrong)
    : h('div.field', caption, help, input, wrong);
  Object.defineProperty(element, 'value', {
    get: () => type === 'checkbox' ? input.checked : input.value,
    set: next => { input[type === 'checkbox' ? 'checked' : 'value'] = next; },
  });
  return Object.assign(element, {
    input, name, label, required,
    error(text) {
      wrong.textContent = text ?? '';
      if (text) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    },
  });
}

function make(type, props, options, value) {
  if (type === 'textarea') return h('textarea', { rows: 6, spellcheck: 'false', value, ...props });
  if (type === 'checkbox') return h('input', { type, checked: value === true, ...props });
  if (type !== 'select') return h('input', { type, value, ...props });
  return h('select', { ...props, value: value ?? options[0]?.value }, options.map(o => h('option', { value: o.value, disabled: o.disabled }, o.label)));
}

/**
 * A form of fields and other nodes. `onsubmit` gets {name: value}; while it runs a second submit does nothing. Its error is
 * shown: at the fields that the service names, otherwise above the button. `also` are more buttons beside it.
 */
export function form(children, { submit, kind = 'primary', onsubmit, cancel, also = [], ...props }) {
  const fields = children.flat(Infinity).flatMap(c => c instanceof Element ? [c, ...c.querySelectorAll('.field')] : []).filter(c => typeof c.error === 'function');
  const alert = h('div', { role: 'alert' });
  const send = h('button.button', { type: 'submit', class: kind }, submit);
  return h('form.form', { novalidate: true, onsubmit: event => { event.preventDefault(); busy(send, run); }, ...props },
    children, alert, h('div.actions', send, also, cancel && button('Cancel', cancel)));

  async function run() {
    alert.replaceChildren();
    for (const each of fields) each.error(null);
    const missing = fields.filter(f => f.required && !f.input.disabled && String(f.value).trim() === '');
    for (const each of missing) each.error(`${each.label} is needed.`);
    if (missing.length > 0) {
      missing[0].input.focus();
      return;
    }
    try {
      await onsubmit(Object.fromEntries(fields.map(f => [f.name, f.value])));
    } catch (error) {
      if (error?.name !== 'AbortError') show(error);
    }
  }

  function show(error) {
    const named = error instanceof ApiProblem ? Object.entries(error.fields) : [];
    const wrong = fields.filter(f => error.fields?.[f.name]);
    for (const each of wrong) each.error(error.fields[each.name]);
    if (wrong.length < named.length || named.length === 0) alert.replaceChildren(h('p.notice.bad', messageOf(error)));
    wrong[0]?.input.focus();
  }
}
