import { aliasList } from '../alias-list.js';
import { dataTabs } from '../data-tabs.js';
import { h } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { findDatumId } from '../find-datum.js';
import { field } from '../forms.js';
import { may } from '../permissions.js';
import { href } from '../router.js';
import { stateBadge } from '../states.js';
import { button, pageHeader } from '../ui.js';
import { DATUM } from '../words.js';

/** The aliases of a project's datums. */
export function render({ project, me, signal }) {
  const editable = may(me, project, 'aliases_edit');
  const list = aliasList({
    path: '/api/v0/datum-aliases/',
    query: { project: project.id },
    noun: 'datum',
    editable,
    signal,
    nameHint: `Such as ${EXAMPLES.alias}. Not allowed: ? # & + % : /`,
    about:
      `${DATUM} An alias is a name that you can move from one datum to the next, such as “${EXAMPLES.alias}”: ` +
      `programs go on reading datum://${EXAMPLES.alias}.`,
    pageOf: a => href('alias', { project: project.id, alias: a.id }),
    uriOf: a => `datum://${a.name}`,
    link: a =>
      a.datum && [
        a.datum.purged && [stateBadge('purged'), ' '],
        h('a', { href: href('datum', { project: project.id, id: a.datum.id }), title: a.datum.uri }, a.datum.name),
      ],
    nameOf: a => a.datum?.name,
    targetField: () =>
      field({
        label: 'Datum',
        name: 'datum',
        required: true,
        mono: true,
        autocomplete: 'off',
        hint: 'The ID or datum:// address of a datum, the s3:// URL of an adopted file, or another alias.',
      }),
    body: async (name, target) => ({
      name,
      datum: await findDatumId(target.value, { project, signal }),
      project: project.id,
    }),
  });
  return h(
    'div',
    pageHeader('Data', { actions: editable ? [button('Create an alias', () => list.create(), { kind: 'primary' })] : [] }),
    dataTabs(project, 'aliases'),
    list,
  );
}
