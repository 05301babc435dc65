import { adoptionResult, previewResult, reachesFurther } from '../adoption-results.js';
import { ApiProblem, api, once } from '../api.js';
import { dataTabs } from '../data-tabs.js';
import { h, replace } from '../dom.js';
import { EXAMPLES } from '../examples.js';
import { field, folded, form } from '../forms.js';
import { count, plural } from '../format.js';
import { hasEnded, jobProgress } from '../job-progress.js';
import { JOB_KINDS } from '../job-words.js';
import { hasWildcards } from '../patterns.js';
import { may } from '../permissions.js';
import { missing } from '../rights.js';
import { hasRoute, href } from '../router.js';
import { confirm, emptyState, linkButton, pageHeader, section, spinner, tabs } from '../ui.js';
import { DATUM } from '../words.js';

/** Up to so many are answered at once, and may be sent again without harm; more become a job (contract). */
const AT_ONCE = 100;

/** Adoption of files by their URLs, by a folder or pattern, or by a list in the bucket. */
export async function render({ project, me, query, signal, setQuery }) {
  const stores = (await api.all('/api/v0/stores/', {}, signal)).filter(
    s => !s.deleted && s.allow_adopt && (s.access_mode !== 'single_project' || s.project?.id === project.id),
  );
  const page = h('div', pageHeader('Data'), dataTabs(project, 'adopt'));
  if (!may(me, project, 'data_adopt')) {
    page.append(emptyState('You may look here, but not adopt', missing('data_adopt')));
    return page;
  }
  if (stores.length === 0) {
    page.append(
      emptyState(
        'There is no store to adopt from',
        'A store is a bucket and the credentials to read it with. Ask an administrator of this project to add one.',
        hasRoute('stores') && linkButton('Go to the stores', href('stores', { project: project.id })),
      ),
    );
    return page;
  }

  const wanted = query.get('url') ?? '';
  const store = field({
    label: 'Destination store',
    name: 'store',
    type: 'select',
    hint: 'The destination store: its bucket has the files, and they stay there.',
    options: stores.map(s => ({ value: s.id, label: `${s.name} (${s.uri_prefix})` })),
    value: (stores.find(s => s.id === query.get('store')) ?? stores.find(s => wanted.startsWith(s.uri_prefix)) ?? stores[0]).id,
    onchange: () => {
      for (const changeStore of onStore) changeStore(chosen());
    },
  });
  const chosen = () => stores.find(s => s.id === store.value);
  const onStore = [];
  const jobs = h('div.results');
  const results = h('div.results', { 'aria-live': 'polite' });
  const context = {
    project,
    chosen,
    signal,
    show,
    follow,
    onStore: fn => {
      onStore.push(fn);
      fn(chosen());
    },
  };
  const inputs = [
    { id: 'urls', label: 'Files by URL', panel: () => byUrls(context, wanted) },
    { id: 'prefix', label: 'Folder or pattern', panel: () => byPrefix(context) },
    { id: 'manifest', label: 'List in the bucket', panel: () => byManifest(context) },
  ];
  page.append(
    h('p.lead', DATUM, ' Adopting copies nothing and changes nothing in the bucket.'),
    h(
      'div.card.adopt',
      store,
      tabs('What to adopt', inputs, inputs.find(input => input.id === query.get('tab'))?.id, id =>
        setQuery({ tab: id === 'urls' ? null : id }),
      ),
    ),
    jobs,
    results,
  );
  if (query.get('job')) await resume(query.get('job'));
  return page;

  function show(node) {
    replace(results, node);
    if (node) bring(results);
  }

  /** A job's panel stays until another takes its place. Its id stands in the address, so that a reload shows it again. */
  function follow(job) {
    const own = h('a', { href: href('job', { project: project.id, kind: 'adoptions', job: job.id }) }, 'Open the job’s own page');
    const ways = h('p.hint', 'It goes on when you leave this page. ', own);
    if (hasEnded(job)) ended(job);
    setQuery({ job: job.id, url: null });
    show(null);
    const note = JOB_KINDS.adoptions.note(job);
    replace(
      jobs,
      section(
        'Adoption job',
        h(
          'div.card',
          h('p.hint', JOB_KINDS.adoptions.asked(job)),
          jobProgress(job, { signal, onretry: follow, onend: ended }),
          note && h('p.hint', note),
        ),
        ways,
      ),
    );
    bring(jobs);

    function ended({ counts }) {
      const data = href('data', { project: project.id }, { store: job.store });
      replace(ways, counts.created > 0 && [h('a', { href: data }, 'Show the newest datums of this store'), ' · '], own);
    }
  }

  async function resume(id) {
    try {
      follow(await api.get(`/api/v0/adoptions/${encodeURIComponent(id)}/`, { signal }));
    } catch (error) {
      if (error.status !== 404) throw error;
      setQuery({ job: null });
    }
  }
}

/** Scrolls into view. */
function bring(node) {
  if (node.getBoundingClientRect().top > innerHeight - 120) node.scrollIntoView({ behavior: 'smooth' });
}

function byUrls(context, given) {
  const urls = field({
    label: 'URLs to adopt',
    name: 'urls',
    type: 'textarea',
    rows: 8,
    mono: true,
    required: true,
    missing: 'Fill in “URLs to adopt”, or choose a file below.',
    value: given,
    wrap: 'off',
    hint: 'One URL per line; only URLs supported by the selected destination store are accepted.',
  });
  context.onStore(store => {
    urls.input.placeholder = `${store.uri_prefix}path/file.txt`;
  });
  const file = field({
    label: 'Or a text file with one URL per line',
    name: 'file',
    type: 'file',
    required: false,
    accept: '.txt,.csv,.list,text/plain',
    onchange: () => {
      urls.required = file.input.files.length === 0;
    },
  });
  const list = () => file.input.files[0] ?? linesOf(urls.value);
  return form([urls, file, options()], {
    submit: 'Adopt selected files',
    'aria-label': 'Adopt URLs',
    also: [
      {
        label: 'Preview',
        'aria-label': 'Preview the URLs',
        onsubmit: values => looking(context, async () => previewResult(await send(context, list(), values, true))),
      },
    ],
    onsubmit: values =>
      once(`adopt ${context.project.id}`, async () => {
        const sent = list();
        const answer = await looking(
          context,
          () => send(context, sent, values, false),
          Array.isArray(sent) ? `Adopting ${plural(sent.length, 'URL')}…` : 'Sending the file…',
        );
        if (answer.kind === 'adoption') context.follow(answer);
        else context.show(adoptionResult(answer, Array.isArray(sent) ? sent : null, context.project));
        file.input.value = '';
        urls.required = true;
      }),
  });
}

/** A list goes as JSON where it is answered at once, otherwise as text, which the service reads in pieces. */
async function send({ chosen, project, signal }, list, values, dryRun) {
  const path = `/api/v0/stores/${chosen().id}/adopt/`;
  const few = Array.isArray(list) && list.length <= AT_ONCE;
  const asked = { project: project.id, ...optionsOf(values), ...(dryRun && { dry_run: true }) };
  const body = few ? { urls: list, ...asked } : Array.isArray(list) ? list.join('\n') : list;
  try {
    return await api.post(path, body, {
      query: few ? {} : asked,
      signal,
      repeat: few || dryRun,
      contentType: few ? undefined : 'text/plain; charset=utf-8',
    });
  } catch (error) {
    // 400 where none was adopted: the body tells of each URL.
    if (error.status === 400 && Array.isArray(error.body?.errors) && 'created' in error.body) return error.body;
    if (error.name === 'ConnectionLost' && !few)
      throw new ApiProblem(
        'The connection was lost while the list was sent. Look whether it is among the project’s jobs. Sending it again does no harm.',
      );
    throw error;
  }
}

function byPrefix(context) {
  const prefix = field({
    label: 'Folder or pattern',
    name: 'prefix',
    required: true,
    mono: true,
    autocomplete: 'off',
    spellcheck: 'false',
    hint: h('span'),
  });
  context.onStore(store => {
    const [below, matching] = [EXAMPLES.prefix, EXAMPLES.wildcard].map(text => inStore(store, text));
    prefix.input.placeholder = below;
    replace(
      prefix.querySelector('.hint span'),
      'Everything below a folder: ',
      h('code', below),
      ', with a slash at its end. The whole store: ',
      h('code', store.uri_prefix),
      '. All files that match: ',
      h('code', matching),
      ', where * stays within a folder, ** goes through folders, and ? is one character.',
    );
  });
  const exclude = excludeField();
  const path = () => `/api/v0/stores/${context.chosen().id}/adopt/`;
  const body = values => ({
    prefix: inStore(context.chosen(), values.prefix.trim()),
    project: context.project.id,
    ...optionsOf(values),
  });
  const preview = values =>
    looking(context, () => api.post(path(), { ...body(values), dry_run: true }, { signal: context.signal, repeat: true }));
  return form([prefix, exclude, options()], {
    submit: 'Adopt all of it…',
    'aria-label': 'Adopt a folder or pattern',
    also: [
      {
        label: 'Preview',
        'aria-label': 'Preview the folder',
        onsubmit: async values => context.show(previewResult(await preview(values), body(values))),
      },
    ],
    onsubmit: values =>
      once(`adopt ${context.project.id}`, async () => {
        const seen = await preview(values);
        context.show(previewResult(seen, body(values)));
        // A complete preview without new objects needs no job.
        if (seen.complete && seen.counts.created === 0) return;
        const { title, text } = question(seen, body(values).prefix);
        if (await confirm(title, text, 'Adopt')) context.follow(await api.post(path(), body(values), { signal: context.signal }));
      }),
  });
}

/** The question before everything is adopted: how much that is. */
function question(seen, prefix) {
  const { complete, counts, left_out } = seen;
  const others = [
    counts.existing > 0 && `${plural(counts.existing, 'file')} ${counts.existing === 1 ? 'is' : 'are'} adopted already`,
    counts.failed > 0 && `${count(counts.failed)} will fail`,
    left_out && `${count(left_out.count)} ${left_out.count === 1 ? 'is' : 'are'} left out by your patterns`,
  ]
    .filter(Boolean)
    .join(', ');
  const rest = others && ` ${others.charAt(0).toUpperCase()}${others.slice(1)}.`;
  const where = hasWildcards(prefix)
    ? `They match ${prefix}.`
    : reachesFurther(prefix, seen)
      ? `Their URLs begin with ${prefix}, in whatever folder.`
      : `They are below ${prefix}.`;
  return complete
    ? { title: `Adopt ${plural(counts.created, 'file')}?`, text: `${where}${rest}` }
    : {
        title: `Adopt more than ${plural(counts.created, 'file')}?`,
        text:
          `The preview looked at the beginning only: there are more files than it shows. ${where}${rest} ` +
          `All of them will be adopted.`,
      };
}

function byManifest(context) {
  const manifest = field({
    label: 'List',
    name: 'manifest',
    required: true,
    mono: true,
    autocomplete: 'off',
    spellcheck: 'false',
    hint: 'A text file in this store, up to 2 GiB, with one URL or key per line. It cannot be previewed, because it is read by the job.',
  });
  context.onStore(store => {
    manifest.input.placeholder = inStore(store, EXAMPLES.manifest);
  });
  return form([manifest, excludeField(), options()], {
    submit: 'Adopt the files of the list',
    'aria-label': 'Adopt the files of a list',
    places: { adoptable_file_not_found: 'manifest' },
    onsubmit: values =>
      once(`adopt ${context.project.id}`, async () => {
        const store = context.chosen();
        context.follow(
          await api.post(
            `/api/v0/stores/${store.id}/adopt/`,
            { manifest: inStore(store, values.manifest.trim()), project: context.project.id, ...optionsOf(values) },
            { signal: context.signal },
          ),
        );
      }),
  });
}

/** A path within the store works like the whole URL. */
function inStore(store, text) {
  return text === '' || text.includes('://')
    ? text
    : `s3://${store.configuration.bucket}/${text.startsWith(store.paths.prefix ?? '') ? '' : store.paths.prefix}${text}`;
}

function excludeField() {
  return field({
    label: 'Exclude',
    name: 'exclude',
    type: 'textarea',
    rows: 2,
    mono: true,
    required: false,
    wrap: 'off',
    hint: h(
      'span',
      'Patterns of files to leave out, one per line, such as ',
      h('code', EXAMPLES.exclude),
      '. A pattern matches the whole key: the URL after the bucket. * stays within a folder, **/ reaches into all folders.',
    ),
  });
}

function options() {
  return folded(
    'Tags and changed files',
    field({
      label: 'Tags',
      name: 'tags',
      required: false,
      autocomplete: 'off',
      hint: `For every datum that is created, separated by commas, such as ${EXAMPLES.tag}, 2026.`,
    }),
    field({
      label: 'Adopt changed files as new datums',
      name: 'adopt_changed',
      type: 'checkbox',
      value: false,
      hint: 'If a file has changed since this project adopted it, a new datum takes its place. The old datum stays.',
    }),
  );
}

function optionsOf({ exclude, tags, adopt_changed }) {
  const named = tags
    .split(',')
    .map(tag => tag.trim())
    .filter(tag => tag !== '');
  const patterns = linesOf(exclude ?? '');
  return {
    ...(patterns.length > 0 && { exclude: patterns }),
    ...(named.length > 0 && { tags: named }),
    ...(adopt_changed && { adopt_changed: true }),
  };
}

/** Shows that something is looked at; what is answered is shown if it is an element, and answered. The form shows the error. */
async function looking(context, fn, text = 'Looking…') {
  context.show(spinner(text));
  try {
    const answer = await fn();
    context.show(answer instanceof Node ? answer : null);
    return answer;
  } catch (error) {
    context.show(null);
    throw error;
  }
}

function linesOf(text) {
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
}
