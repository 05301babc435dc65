import { SERVICE } from '../api.js';
import { codeBlock, tabs } from '../ui.js';

/** The same download from elsewhere. */
export function snippets(datum, trace, store) {
  return tabs('Code', [
    { id: 'curl', label: 'curl', panel: () => codeBlock(curl(datum), 'curl commands') },
    { id: 'python', label: 'Python', panel: () => codeBlock(python(datum), 'Python code') },
    { id: 'aws', label: 'AWS CLI', panel: () => codeBlock(aws(datum, trace, store), 'AWS CLI command') },
  ]);
}

function address(datum) {
  return `${SERVICE}api/v0/data/${datum.id}/download/`;
}

function curl(datum) {
  return [
    '# TOKEN is an API token of yours',
    `URL=$(curl -sSf -H "Authorization: Token $TOKEN" ${address(datum)} | jq -r .url)`,
    `curl -sSf -o ${shell(datum.name)} "$URL"`,
  ].join('\n');
}

function python(datum) {
  return [
    'import os, requests',
    '',
    `answer = requests.get(${JSON.stringify(address(datum))},`,
    '                      headers={"Authorization": f"Token {os.environ[\'TOKEN\']}"})',
    'answer.raise_for_status()',
    'file = requests.get(answer.json()["url"])',
    'file.raise_for_status()',
    `with open(${JSON.stringify(datum.name)}, "wb") as out:`,
    '    out.write(file.content)',
  ].join('\n');
}

/** With the reader's own AWS credentials; of a bucket that keeps versions, the adopted one. */
function aws(datum, trace, store) {
  const endpoint = store?.configuration.endpoint_url ? ` --endpoint-url ${shell(store.configuration.endpoint_url)}` : '';
  const version = trace.object.version_id;
  if (!version || version === 'null') return `aws s3 cp${endpoint} ${shell(datum.uri)} ${shell(datum.name)}`;
  const [bucket, ...key] = datum.uri.slice('s3://'.length).split('/');
  return (
    `aws s3api get-object${endpoint} --bucket ${shell(bucket)} --key ${shell(key.join('/'))} --version-id ` +
    `${shell(version)} ${shell(datum.name)}`
  );
}

/** A word of a shell's command. */
export function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
