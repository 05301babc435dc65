// Helpers of `verify`: a report, the registry's API, and the bucket through the given commands.
'use strict';
const { spawn } = require('node:child_process');
const { setTimeout: sleep } = require('node:timers/promises');

// The Functions host hides the message of a killed worker for ten minutes, and the app resumes stalled jobs after
// fifteen.
const jobMinutes = 40;

/** Throws if the two differ, as JSON. */
function equal(actual, expected, what) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what} should be ${should.slice(0, 500)}, not ${is?.slice(0, 500)}`);
}

/** Calls act for each item, eight at a time. */
async function each(items, act) {
  const queue = [...items];
  await Promise.all(Array.from({ length: 8 }, async () => { while (queue.length) await act(queue.shift()); }));
}

/** A line a check, and a summary. */
class Report {
  #ok = 0;
  #failed = 0;
  #skipped = 0;

  /** Returns whether the check passed. act may return a text to add. */
  async check(name, act) {
    try {
      const more = await act();
      this.#ok++;
      console.log(`ok: ${name}${typeof more === 'string' ? ` (${more})` : ''}`);
      return true;
    } catch (error) {
      this.#failed++;
      console.log(`FAILED: ${name}: ${error.message}${error.cause ? ` (${error.cause.message || error.cause.code})` : ''}`);
      return false;
    }
  }

  skip(name, why) {
    this.#skipped++;
    console.log(`skipped: ${name}: ${why}`);
  }

  /** Returns the exit code. */
  summary() {
    console.log(`${this.#ok} ok, ${this.#failed} failed, ${this.#skipped} skipped`);
    return this.#failed ? 1 : 0;
  }
}

/** The registry's API. Requests end when signal is aborted. */
class Api {
  constructor(url, token, signal) {
    Object.assign(this, { url, token, signal });
  }

  /** The answer's status and its body, parsed if it is JSON. Repeats only requests that were refused for now (429, 503). */
  async ask(method, where, { body, type, anonymous } = {}) {
    const headers = anonymous ? {} : { Authorization: `Token ${this.token}` };
    if (body !== undefined) headers['Content-Type'] = type ?? 'application/json';
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(where.startsWith('http') ? where : this.url + where, {
        method, headers, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(240_000)]),
      });
      const text = await response.text();
      if ((response.status === 429 || response.status === 503) && attempt < 6) {
        await this.wait(Math.min(Number(response.headers.get('retry-after')) || attempt, 60));
        continue;
      }
      try { return { status: response.status, body: JSON.parse(text) }; } catch { return { status: response.status, body: text }; }
    }
  }

  /** The body of an answer with this status. */
  async must(status, method, where, how) {
    const { status: is, body } = await this.ask(method, where, how);
    if (is !== status) throw new Error(`${method} ${where} was answered with ${is}: ${JSON.stringify(body).slice(0, 500)}`);
    return body;
  }

  /** The items of all pages of a list. */
  async all(where) {
    const results = [];
    for (let next = where; next;) {
      const page = await this.must(200, 'GET', next);
      results.push(...page.results);
      next = page.next;
    }
    return results;
  }

  wait(seconds) { return sleep(seconds * 1000, undefined, { signal: this.signal }); }

  isOver(job) { return ['completed', 'cancelled', 'failed'].includes(job.status); }

  /** The job (kind: adoptions or rescans) once it has ended. With patient, a failed request is repeated. */
  async ended(kind, id, patient = false) {
    for (const until = Date.now() + jobMinutes * 60_000; Date.now() < until; await this.wait(0.5)) {
      try {
        const job = await this.must(200, 'GET', `/api/v0/${kind}/${id}/`);
        if (this.isOver(job)) return job;
      } catch (error) {
        if (!patient || this.signal.aborted) throw error;
      }
    }
    throw new Error(`${kind}/${id} did not end within ${jobMinutes} minutes`);
  }

  async completed(kind, id, patient) {
    const job = await this.ended(kind, id, patient);
    if (job.status !== 'completed') throw new Error(`${kind}/${id} is ${job.status}: ${job.error}`);
    return job;
  }
}

/** Runs a line of bash, which reads input. Shows its output only if it fails. */
function command(line, input = '', key = undefined) {
  return new Promise((resolve, reject) => {
    const ofKey = key === undefined ? {} : { KEY: key, KEY_IN_URL: key.split('/').map(encodeURIComponent).join('/') };
    const env = { ...process.env, ...ofKey };
    const child = spawn('bash', ['-c', line], { env, stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', data => { said = (said + data).slice(-1000); });
    child.stdin.on('error', () => { /* it reads nothing */ });
    child.on('error', reject);
    child.on('close', code => code === 0 ? resolve()
      : reject(new Error(`'${line}' ended with ${code}${key === undefined ? '' : ` for the key '${key}'`}${said && `: ${said.trim()}`}`)));
    child.stdin.end(input);
  });
}

/** The objects in the bucket, by key. */
class Objects extends Map {
  constructor(putCommand, removeCommand, signal) {
    super();
    Object.assign(this, { putCommand, removeCommand, signal });
  }

  async put(key, content) {
    this.signal.throwIfAborted();
    // Note it first, because the object may exist although the command failed.
    this.set(key, content);
    await command(this.putCommand, content, key);
  }

  async remove(key) {
    await command(this.removeCommand, '', key);
    this.delete(key);
  }
}

module.exports = { equal, each, Report, Api, command, Objects };
