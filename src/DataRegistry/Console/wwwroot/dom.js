// Elements without markup: text is only ever text, so nothing that the API answers can become part of the page.

const PROPERTIES = new Set(['value', 'checked', 'selected', 'indeterminate', 'disabled', 'hidden', 'open']);

/**
 * An element. The tag may carry classes ('div.card.wide'). Of the props functions are listeners (onclick), `dataset` is set
 * entry by entry, null and false are left out, all else are attributes. A `style` is refused: the policy forbids it.
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  return fill(document.createElement(name), classes, props, children);
}

/** The same for drawings. */
export function svg(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), classes, props, children);
}

/** Puts new children in place of the old ones. */
export function replace(node, ...children) {
  node.replaceChildren(...nodes(children));
  return node;
}

function fill(element, classes, props, children) {
  if (isChild(props)) {
    children = [props, ...children];
    props = null;
  }
  if (classes.length > 0) element.setAttribute('class', classes.join(' '));
  const later = [];
  for (const [key, value] of Object.entries(props ?? {})) {
    if (key === 'style') throw new TypeError('Styles belong into style.css.');
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.setAttribute('class', [...classes, value].join(' '));
    else if (key === 'dataset') Object.assign(element.dataset, value);
    else if (PROPERTIES.has(key) && key in element) later.push([key, value]);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...nodes(children));
  // A select takes its value only once it has its options.
  for (const [key, value] of later) element[key] = value;
  return element;
}

function isChild(props) {
  return props instanceof Node || Array.isArray(props) || typeof props === 'string' || typeof props === 'number';
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter(c => c !== null && c !== undefined && c !== false && c !== true)
    .map(c => (c instanceof Node ? c : String(c)));
}
