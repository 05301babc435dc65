import { api, ApiProblem } from './api.js';

const ID = /^(?:datum:\/\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/**
 * The id of what somebody names: a datum's id, a datum:// address, an alias, or the URL of an adopted object of the project.
 * @throws ApiProblem with `field` as the wrong field, where there is none
 */
export async function findDatumId(text, { project, signal, field = 'datum' }) {
  const named = text.trim();
  const id = ID.exec(named)?.[1];
  if (id) return id;
  const none = sentence => new ApiProblem(sentence, { fields: { [field]: sentence } });
  if (/^s3:\/\//.test(named)) {
    const { results } = await api.get('/api/v0/data/', {
      query: { project: project.id, uri: named, limit: 2, no_count: true },
      signal,
    });
    if (results.length === 0) throw none('Nothing at this URL is adopted into the project. Adopt it first.');
    return results[0].id;
  }
  try {
    return (
      await api.get('/api/v0/datum-aliases/resolve/', {
        query: { name: named.replace(/^datum:\/\//, ''), project: project.id },
        signal,
      })
    ).datum.id;
  } catch (error) {
    if (error.status === 404 || error.status === 400)
      throw none('No alias of the project has this name. Give a datum’s ID, the URL of an adopted file, or another alias.');
    throw error;
  }
}
