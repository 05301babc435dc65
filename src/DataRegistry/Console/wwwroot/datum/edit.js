// The editable parts of a datum: its aliases, tags and properties.

import { api } from '../api.js';
import { h, replace } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { field, form } from '../forms.js';
import { ApiProblem } from '../problems.js';
import { hasRoute, href } from '../router.js';
import { badge, button, codeBlock, confirm, openDialog, toast } from '../ui.js';

const TAGS = 'valohai.tags';
const ALIAS = 'valohai.alias';

/** The names that the datum has, and a form for another one. */
export function aliasesOf(context) {
  const { datum, mayName, project, signal, refresh } = context;
  const name = field({
    label: 'New alias',
    name: 'name',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    hint: `A name that programs can read, such as ${EXAMPLES.alias}. It points to one datum at a time.`,
  });
  return h(
    'div.form',
    datum.aliases.length === 0
      ? h('p.hint', 'None yet.')
      : h(
          'ul.chips',
          { 'aria-label': 'Aliases' },
          datum.aliases.map(alias => h('li', badge(alias, 'busy'))),
        ),
    mayName &&
      form([name], {
        submit: 'Add alias',
        kind: null,
        onsubmit: async values => {
          const wanted = values.name.trim();
          if (!(await mayMove(wanted, context))) return;
          await api.post(
            '/api/v0/datum-aliases/',
            { name: wanted, datum: datum.id, project: project.id },
            { signal, repeat: true },
          );
          toast(`${wanted} points to this datum now.`);
          refresh();
        },
      }),
    hasRoute('aliases') && h('p', h('a', { href: href('aliases', { project: project.id }) }, 'All aliases of the project')),
  );
}

/** Asks before an alias is taken from another datum. */
async function mayMove(name, { datum, project, signal }) {
  let now = null;
  try {
    now = (await api.get('/api/v0/datum-aliases/resolve/', { query: { name, project: project.id }, signal })).datum;
  } catch (error) {
    if (error.status !== 404 && error.status !== 400) throw error;
  }
  return (
    !now ||
    now.id === datum.id ||
    confirm(
      'Move the alias?',
      `${name} points to ${now.name} now (${now.uri}). From now on it will point to this datum.`,
      'Move it',
    )
  );
}

/** Each with a way to take it off; saved at once. */
export function tagsOf(context, metadata) {
  const { datum, mayEdit, project } = context;
  const element = h('div.form');
  draw(metadata[TAGS] ?? []);
  return element;

  function draw(tags) {
    const tag = field({
      label: 'New tag',
      name: 'tag',
      required: true,
      autocomplete: 'off',
      hint: `Such as ${EXAMPLES.tag}. The list of datums can be narrowed down by it.`,
    });
    replace(
      element,
      tags.length === 0
        ? h('p.hint', 'None yet.')
        : h(
            'ul.chips',
            { 'aria-label': 'Tags' },
            tags.map(text =>
              h(
                'li',
                h('a.badge', { href: href('data', { project: project.id }, { tag: text }) }, text),
                mayEdit &&
                  button('✕', () => change(now => now.filter(t => t !== text)), {
                    kind: 'quiet',
                    'aria-label': `Remove the tag ${text}`,
                  }),
              ),
            ),
          ),
      mayEdit &&
        form([tag], {
          submit: 'Add tag',
          kind: null,
          onsubmit: values => change(now => [...new Set([...now, values.tag.trim()])]),
        }),
    );
  }

  /** On top of how the properties are now, so that what others changed meanwhile stays. */
  async function change(of) {
    const now = await api.get(`${context.own}metadata/`, { signal: context.signal });
    const next = { ...now, [TAGS]: of(now[TAGS] ?? []) };
    // The property would point the alias here again, wherever somebody has moved it since.
    if (next[ALIAS] && !datum.aliases.includes(next[ALIAS])) delete next[ALIAS];
    if (next[TAGS].length === 0) delete next[TAGS];
    await save(context, next);
    draw(next[TAGS] ?? []);
    element.querySelector('input')?.focus();
  }
}

/** The properties but for tags, as JSON. */
export function metadataOf(context, metadata) {
  const element = h('div.form');
  draw(metadata);
  return element;

  function draw(now) {
    const text = withoutTags(now);
    replace(
      element,
      text === '{}'
        ? h('p.hint', `None yet. Properties are JSON, such as ${EXAMPLES.properties}.`)
        : codeBlock(text, 'Properties as JSON'),
      context.mayEdit &&
        h(
          'div.actions',
          button('Edit properties', () => edit(now, text)),
        ),
    );
  }

  async function edit(before, text) {
    const changed = await openDialog('Edit properties', close => {
      const input = field({
        label: 'Properties',
        name: 'properties',
        type: 'textarea',
        rows: 14,
        mono: true,
        required: true,
        value: text,
        hint: 'A JSON object, up to 64 KiB. It replaces the properties that are there. Tags stay.',
      });
      return form([input], {
        submit: 'Save',
        cancel: () => close(),
        onsubmit: async values => close(await write(before, parse(values.properties, input))),
      });
    });
    if (!changed) return;
    toast('Saved.');
    // An alias among them points to the datum now.
    if (changed[ALIAS] !== before[ALIAS]) context.refresh();
    else draw(changed);
  }

  async function write(before, rest) {
    const now = await api.get(`${context.own}metadata/`, { signal: context.signal });
    if (
      withoutTags(now) !== withoutTags(before) &&
      !(await confirm(
        'Somebody changed the properties meanwhile',
        'Saving puts yours in place of theirs. Cancel, and reload the page to see them.',
        'Save mine',
        { danger: true },
      ))
    ) {
      throw new ApiProblem('Not saved. Copy your text, and reload the page to see what others changed.');
    }
    const next = now[TAGS] ? { ...rest, [TAGS]: now[TAGS] } : rest;
    await save(context, next);
    return next;
  }
}

function withoutTags({ [TAGS]: _, ...rest }) {
  return JSON.stringify(rest, null, 2);
}

function parse(text, input) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`This is not JSON: ${error.message}.`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw wrong(`A JSON object is expected, such as ${EXAMPLES.properties}.`);
  if (TAGS in value) throw wrong('Tags are edited beside the properties.');
  return value;

  function wrong(sentence) {
    return new ApiProblem(sentence, { fields: { [input.name]: sentence } });
  }
}

async function save({ own, signal }, metadata) {
  await api.post(`${own}metadata/`, metadata, { signal, repeat: true });
}
