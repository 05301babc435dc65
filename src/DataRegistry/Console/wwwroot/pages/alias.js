import { aliasPage } from '../alias-page.js';
import { h } from '../dom.js';
import { href } from '../router.js';
import { stateBadge } from '../states.js';

/** One alias of a datum. */
export function render({ params, project, signal, setTitle }) {
  const datum = (id, ...words) => h('a', { href: href('datum', { project: project.id, id }), title: id }, words);
  return aliasPage({
    at: `/api/v0/datum-aliases/${encodeURIComponent(params.alias)}/`,
    back: { label: 'Aliases', href: href('aliases', { project: project.id }) },
    noun: 'datum',
    uriOf: alias => `datum://${alias.name}`,
    link: (id, alias) => (alias ? alias.datum && target(alias.datum) : datum(id, h('code', id))),
    signal,
    setTitle,
  });

  function target({ id, name, purged }) {
    return [
      datum(id, name),
      purged && [
        ' ',
        stateBadge('purged'),
        h('span.hint', ' Programs that read it by this alias fail. Move the alias to another datum.'),
      ],
    ];
  }
}
