// An error as a sentence with its remedy.

import { inConsoleWords } from './words.js';

const ADVICE = {
  401: 'Sign in again to go on.',
  403: 'Ask an administrator of this project for a role that allows it.',
  404: 'It may have been deleted, or you may not have access to it.',
  405: 'Reload the page: it may be older than the service.',
  409: 'Reload to see how things stand now.',
  413: 'Split it into smaller parts. A longer list can be put into the bucket and adopted as “List in the bucket”.',
  429: 'Wait a moment and try again.',
};

/** Errors that the service says in the words of its API, by field and code, in those of this console. */
const PLAIN = {
  'ordering too_many': 'There are too many datums here to sort them this way. Narrow the list down first, or sort by newest.',
  'name unique': 'This name is taken. Choose another one.',
  'dry_run too_many': 'A preview looks at up to 10,000 URLs. Adopt the list without one, or preview a part of it.',
};

/** Errors of a request as a whole, in the shape of a field's. */
const WHOLE = 'non_field_errors';

export class ApiProblem extends Error {
  /**
   * @param fields {name: sentence} of the fields that are wrong, and codes {name: code}; @param body what was
   * answered, where that was JSON
   */
  constructor(message, { status = 0, code = null, fields = {}, codes = {}, requestId = null, body = null } = {}) {
    super(message);
    this.name = 'ApiProblem';
    Object.assign(this, { status, code, fields, codes, requestId, body });
  }
}

export class ConnectionLost extends ApiProblem {
  constructor(message = 'The service cannot be reached. Check your connection and try again.') {
    super(message);
    this.name = 'ConnectionLost';
  }
}

/** Reads an answer that is an error, whatever its shape: of /api/v0, of /api/v1, of a proxy in between. */
export async function readProblem(response) {
  const requestId = response.headers.get('x-request-id');
  const text = await response.text().catch(() => '');
  const body = parse(text);
  const wrong = body ? fieldsOf(body) : [];
  const fields = Object.fromEntries(
    wrong.map(([name, errors]) => [name, errors.map(e => PLAIN[`${name} ${e.code}`] ?? e.message).join(' ')]),
  );
  const codes = Object.fromEntries(wrong.map(([name, errors]) => [name, errors[0].code]));
  const said = body ? inConsoleWords(saidBy(body)) : null;
  const code = typeof body?.code === 'string' ? body.code : null;
  const about = { status: response.status, code, fields, codes, requestId, body };
  return new ApiProblem(sentence(response, said, about), about);
}

/** For a request of a page that is about another thing than the page: the page says that there is no such `noun`. */
export function naming(noun) {
  return error => {
    if (error.status === 404) error.noun = noun;
    throw error;
  };
}

/** Of anything that was thrown. */
export function messageOf(error) {
  if (error instanceof ApiProblem) return error.message;
  console.error(error);
  return 'Something in this page went wrong. Reload it; if that does not help, tell the service’s operator.';
}

function parse(text) {
  try {
    const body = JSON.parse(text);
    return body !== null && typeof body === 'object' ? body : null;
  } catch {
    return null;
  }
}

function saidBy(body) {
  if (typeof body.detail === 'string') return body.detail;
  if (Array.isArray(body[WHOLE])) return body[WHOLE].map(e => e.message).join(' ');
  if (typeof body.message === 'string') return body.details ? `${body.message} ${body.details}` : body.message;
  return null;
}

function fieldsOf(body) {
  return Object.entries(body).filter(
    ([name, value]) =>
      name !== WHOLE &&
      Array.isArray(value) &&
      value.length > 0 &&
      value.every(v => typeof v?.message === 'string' && !('url' in v)),
  );
}

function sentence(response, said, { status, code, fields, requestId }) {
  if (status >= 500) {
    const tail = requestId ? ` If this happens again, tell the service’s operator: request ${requestId}.` : '';
    // The service's own message, such as a bucket's, is more specific.
    if (said && !said.startsWith('A server error')) return `${finished(said)}${tail}`;
    return status === 503
      ? `The service is busy or its storage cannot be reached. Try again in a minute.${tail}`
      : `The service had a problem. Try again.${tail}`;
  }
  if (status === 429) {
    const wait = Number(response.headers.get('retry-after'));
    if (said) return finished(said);
    return `Too many requests. ${wait > 0 ? `Try again in ${wait} s.` : ADVICE[429]}`;
  }
  const named = Object.values(fields).map(finished).join(' ');
  if (named) return named;
  if (status === 404) return code === 'datum_purged' ? finished(said) : `This was not found. ${ADVICE[404]}`;
  // Only a missing role can be given: a store that refuses adoptions, for example, refuses them to every role.
  if (status === 403 && said && !said.startsWith('You do not have permission')) return finished(said);
  if (status === 403) return `${said ? finished(said) : 'You may not do this here.'} ${ADVICE[403]}`;
  return [said ? finished(said) : `The request was refused (${status}).`, (!said || status === 401) && ADVICE[status]]
    .filter(Boolean)
    .join(' ');
}

function finished(text) {
  return /[.!?'")]$/.test(text) ? text : `${text}.`;
}
