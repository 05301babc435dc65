// Forms: fields with a hint and an error, and what becomes of submitting them.

import { h } from './dom.js';
import { ApiProblem, messageOf } from './problems.js';
import { busy, button, uniqueId } from './ui.js';

/**
 * A labelled input. `.value` is a string, of a checkbox a bool; `.error(sentence)` says what is wrong, null that nothing is. `missing` is
 * said of a required one that is empty.
 */
export function field({ label, name, type = 'text', hint, value, required, missing, options, mono, onchange, ...props }) {
  const id = uniqueId('field');
  const described = hint ? `${id}-hint ${id}-error` : `${id}-error`;
  const shared = {
    id,
    name,
    'aria-describedby': described,
    'aria-required': required && 'true',
    class: mono ? 'mono' : null,
    onchange,
    ...props,
  };
  const input = make(type, shared, options, value);
  const wrong = h('p.field-error', { id: `${id}-error` });
  const caption = h('label', { for: id }, label, !required && required !== undefined && h('span.optional', ' (optional)'));
  const help = hint && h('p.hint', { id: `${id}-hint` }, hint);
  const element =
    type === 'checkbox'
      ? h('div.field.check', h('div', input, caption), help, wrong)
      : h('div.field', caption, help, input, wrong);
  Object.defineProperty(element, 'value', {
    get: () => (type === 'checkbox' ? input.checked : input.value),
    set: next => {
      input[type === 'checkbox' ? 'checked' : 'value'] = next;
    },
  });
  return Object.assign(element, {
    input,
    name,
    label,
    required,
    missing,
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
  return h(
    'select',
    { ...props, value: value ?? options[0]?.value },
    options.map(o => h('option', { value: o.value, disabled: o.disabled }, o.label)),
  );
}

/**
 * A form of fields and other nodes. `onsubmit` gets {name: value}; while it runs a second submit does nothing. Its error is
 * shown: at the fields that the service names, otherwise above the button. `also` are more buttons that do something
 * with the same fields, [{label, onsubmit}]; `places` names fields by
 * the codes of errors that the service does not put at one.
 */
export function form(children, { submit, kind = 'primary', onsubmit, cancel, also = [], places = {}, ...props }) {
  const fields = children
    .flat(Infinity)
    .flatMap(c => (c instanceof Element ? [c, ...c.querySelectorAll('.field')] : []))
    .filter(c => typeof c.error === 'function');
  const alert = h('div', { role: 'alert' });
  const send = h('button.button', { type: 'submit', class: kind }, submit);
  const others = also.map(({ label, onsubmit: act, ...rest }) => button(label, () => run(act), rest));
  return h(
    'form.form',
    {
      novalidate: true,
      onsubmit: event => {
        event.preventDefault();
        busy(send, () => run(onsubmit));
      },
      ...props,
    },
    children,
    alert,
    h('div.actions', send, others, cancel && button('Cancel', cancel, { autofocus: kind === 'danger' })),
  );

  async function run(act) {
    alert.replaceChildren();
    for (const each of fields) each.error(null);
    const missing = fields.filter(f => f.required && isAsked(f) && String(f.value).trim() === '');
    for (const each of missing) each.error(each.missing ?? `Fill in “${each.label}”.`);
    if (missing.length > 0) {
      goTo(missing[0]);
      return;
    }
    try {
      await act(Object.fromEntries(fields.filter(isAsked).map(f => [f.name, f.value])));
    } catch (error) {
      if (error?.name !== 'AbortError') show(error);
    }
  }

  function show(error) {
    const named = error instanceof ApiProblem ? placed(error) : {};
    const asked = fields.filter(isAsked);
    const wrong = asked.filter(f => named[f.name]);
    for (const each of wrong) each.error(inWords(named[each.name]));
    const others = Object.keys(named).filter(name => !wrong.some(f => f.name === name));
    if (others.length > 0 || wrong.length === 0) {
      alert.replaceChildren(
        h('p.notice.bad', inWords(others.length > 0 ? others.map(name => named[name]).join(' ') : messageOf(error))),
      );
      if (wrong.length === 0) alert.scrollIntoView({ block: 'nearest' });
    }
    if (wrong.length > 0) goTo(wrong[0]);
  }

  /**
   * The service's errors by the fields of this form: a field that is none of it may name one that is, or `places`
   * knows by the error's code.
   */
  function placed(error) {
    if (places[error.code]) return { [places[error.code]]: error.message };
    return Object.fromEntries(
      Object.entries(error.fields).map(([name, text]) => {
        if (fields.some(f => f.name === name)) return [name, text];
        const quoted = [...text.matchAll(/'([a-z_]+)'/g)].map(m => m[1]);
        const place = places[error.codes[name]] ?? quoted.find(q => fields.some(f => f.name === q && isAsked(f))) ?? name;
        return [place, text.replace(new RegExp(`^'${place}': |: '${place}'(?=\\.$)`), '')];
      }),
    );
  }

  /** With the labels of fields in place of their names. */
  function inWords(text) {
    return text.replace(/'([a-z_]+)'/g, (quoted, name) => {
      const named = fields.find(f => f.name === name);
      return named ? `“${named.label}”` : quoted;
    });
  }
}

/** A field that is hidden, or disabled, is not asked for. */
function isAsked({ input }) {
  return !input.disabled && input.closest('[hidden]') === null;
}

/** Into view, also out of what is folded. */
function goTo({ input }) {
  for (let fold = input.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  input.focus();
}

/** Fields that are rarely used: there, but folded. Open where one of them has been filled in, or checked. */
export function folded(label, ...fields) {
  const isSet = fields
    .flat(Infinity)
    .flatMap(f => [f, ...f.querySelectorAll('.field')])
    .some(f => f.input && f.input.localName !== 'select' && (f.input.type === 'checkbox' ? f.input.checked : f.value !== ''));
  return h('details.folded', { open: isSet }, h('summary', label), h('div.form', fields));
}
