import { adoptionResult, previewResult } from '../adoption-results.js';
import { ApiProblem, api, once } from '../api.js';
import { dataTabs } from '../data-tabs.js';
import { h, replace } from '../dom.js';
import { field, form } from '../forms.js';
import { plural } from '../format.js';
import { jobProgress } from '../job-progress.js';
import { may } from '../permissions.js';
import { hasRoute, href } from '../router.js';
import { button, emptyState, linkButton, notice, pageHeader, section, spinner } from '../ui.js';

/** Up to so many are answered at once, and may be sent again without harm; more become a job (contract). */
const AT_ONCE = 100;

/** Adoption of files by their URLs, or by a prefix. */
export async function render({ project, me, query, signal, setQuery }) {
  const stores = (await api.all('/api/v0/stores/', {}, signal))
    .filter(s => !s.deleted && s.allow_adopt && (s.access_mode !== 'single_project' || s.project?.id === project.id));
  const page = h('div', pageHeader('Data'), dataTabs(project, 'adopt'));
  if (!may(me, project, 'data_adopt')) {
    page.append(emptyState('You may look here, but not adopt', 'Ask an administrator of this project for the role editor or l1_researcher.'));
    return page;
  }
  if (stores.length === 0) {
    page.append(emptyState('There is no store to adopt from', 'A store is a bucket and the credentials to read it with. Whoever manages this project can make one.',
      hasRoute('stores') && linkButton('Go to the stores', href('stores', { project: project.id }))));
    return page;
  }

  const wanted = query.get('url') ?? '';
  const store = field({
    label: 'Destination store', name: 'store', type: 'select', options: stores.map(s => ({ value: s.id, label: `${s.name} (${s.uri_prefix})` })),
    value: (stores.find(s => s.id === query.get('store')) ?? stores.find(s => wanted.startsWith(s.uri_prefix)) ?? stores[0]).id,
    onchange: () => prefixForm.changeStore(chosen()),
  });
  const chosen = () => stores.find(s => s.id === store.value);
  const results = h('div.results', { 'aria-live': 'polite' });
  const context = { project, chosen, signal, show, follow };
  const prefixForm = byPrefix(context);
  page.append(
    h('div.adopt-store', store),
    h('div.columns.uneven', byUrls(context, wanted), prefixForm.element),
    results);
  if (query.get('job')) await resume(query.get('job'));
  return page;

  /** On a phone the results may be below the window: then they are brought into it. */
  function show(node) {
    replace(results, node);
    if (node && results.getBoundingClientRect().top > innerHeight - 120) results.scrollIntoView({ behavior: 'smooth' });
  }

  /** The job's id stands in the address, so that a reload shows it again. */
  function follow(job) {
    setQuery({ job: job.id, url: null });
    show(section('Adoption job',
      h('div.card', jobProgress(job, { signal, onretry: follow })),
      h('p.hint', 'It goes on without this page. ', hasRoute('job') && h('a', { href: href('job', { project: project.id, kind: 'adoptions', job: job.id }) }, 'The job’s own page'))));
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

function byUrls(context, given) {
  const urls = field({
    label: 'URLs to adopt', name: 'urls', type: 'textarea', rows: 10, mono: true, required: true, value: given, wrap: 'off',
    hint: 'One URL per line; only URLs supported by the selected destination store are accepted.',
    placeholder: `${context.chosen().uri_prefix}path/file.txt`,
  });
  const file = field({
    label: 'Or a text file with one URL per line', name: 'file', type: 'file', required: false, accept: '.txt,.csv,.list,text/plain',
    onchange: () => { urls.required = file.input.files.length === 0; },
  });
  const changed = changedField();
  const element = form([h('h2', 'Files by URL'), urls, file, changed], {
    submit: 'Adopt selected files', 'aria-label': 'Adopt URLs',
    also: button('Preview', () => showing(context, preview), { 'aria-label': 'Preview the URLs' }),
    onsubmit: () => once(`adopt ${context.project.id}`, () => adopt(file.input.files[0] ?? linesOf(urls.value))),
  });
  return h('div.card', element);

  async function preview() {
    const list = file.input.files[0] ?? linesOf(urls.value);
    if (list.length === 0) { urls.error('URLs to adopt is needed.'); urls.input.focus(); return null; }
    urls.error(null);
    return previewResult(await send(context, list, true, changed.value));
  }

  async function adopt(list) {
    context.show(spinner(Array.isArray(list) ? `Adopting ${plural(list.length, 'URL')}…` : 'Sending the file…'));
    try {
      const answer = await send(context, list, false, changed.value);
      if (answer.kind === 'adoption') context.follow(answer);
      else context.show(adoptionResult(answer, Array.isArray(list) ? list : null, context.project));
      file.input.value = '';
      urls.required = true;
    } catch (error) {
      context.show(null);
      throw error;
    }
  }
}

/** A list goes as JSON where it is answered at once, otherwise as text, which the service reads in pieces. */
async function send({ chosen, project, signal }, list, dryRun, changed) {
  const path = `/api/v0/stores/${chosen().id}/adopt/`;
  const few = Array.isArray(list) && list.length <= AT_ONCE;
  const query = few ? {} : { project: project.id, dry_run: dryRun || null, adopt_changed: changed || null };
  const body = few ? { urls: list, project: project.id, ...(dryRun && { dry_run: true }), ...(changed && { adopt_changed: true }) } : Array.isArray(list) ? list.join('\n') : list;
  try {
    return await api.post(path, body, { query, signal, repeat: few || dryRun, contentType: few ? undefined : 'text/plain; charset=utf-8' });
  } catch (error) {
    // 400 where none was adopted: the body tells of each URL.
    if (error.status === 400 && Array.isArray(error.body?.errors) && 'created' in error.body) return error.body;
    if (error.name === 'ConnectionLost' && !few) throw new ApiProblem('The connection was lost while the list was sent. Look at the project’s jobs whether it became one; sending it again does no harm.');
    throw error;
  }
}

function byPrefix(context) {
  const prefix = field({
    label: 'Prefix', name: 'prefix', required: true, mono: true, autocomplete: 'off', spellcheck: 'false', value: context.chosen().uri_prefix,
    hint: 'Everything below it. Wildcards: * within a folder, ** over folders, ? one character.',
  });
  const exclude = field({ label: 'Leave out', name: 'exclude', type: 'textarea', rows: 3, mono: true, required: false, wrap: 'off', hint: 'One pattern per line, for the whole key: **/*.tmp' });
  const changed = changedField();
  const body = () => ({ prefix: prefix.value.trim(), project: context.project.id, exclude: linesOf(exclude.value), ...(changed.value && { adopt_changed: true }) });
  const path = () => `/api/v0/stores/${context.chosen().id}/adopt/`;
  const element = form([
    h('h2', 'A whole prefix'), prefix, exclude, changed,
  ], {
    submit: 'Adopt the prefix', 'aria-label': 'Adopt a prefix',
    also: button('Preview', () => showing(context, async () => previewResult(await api.post(path(), { ...body(), dry_run: true }, { signal: context.signal, repeat: true }))), { 'aria-label': 'Preview the prefix' }),
    onsubmit: () => once(`adopt ${context.project.id}`, async () => context.follow(await api.post(path(), body(), { signal: context.signal }))),
  });
  return {
    element: h('div.card', element),
    changeStore: store => { prefix.value = store.uri_prefix; },
  };
}

function changedField() {
  return field({
    label: 'Adopt changed objects anew', name: 'adopt_changed', type: 'checkbox', value: false,
    hint: 'Of what this project has adopted already: a new datum takes the place of the old one, which stays.',
  });
}

async function showing(context, fn) {
  context.show(spinner('Looking…'));
  try {
    context.show(await fn());
  } catch (error) {
    context.show(error.name === 'AbortError' ? null : notice('bad', h('p', error.message)));
  }
}

function linesOf(text) {
  return text.split(/\r?\n/).map(line => line.trim()).filter(line => line !== '');
}
