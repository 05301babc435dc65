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
    '# TOKEN is an API token of yours, from Settings. jq is needed.',
    `URL=$(curl -sSf -H "Authorization: Token $TOKEN" ${address(datum)} | jq -r .url)`,
    `curl -sSf -o ${shell(datum.name)} "$URL"`,
  ].join('\n');
}

function python(datum) {
  return [
    '# First, in the shell: export TOKEN=… (an API token of yours, from Settings)',
    'import os, requests, shutil',
    '',
    `answer = requests.get(${JSON.stringify(address(datum))},`,
    '                      headers={"Authorization": f"Token {os.environ[\'TOKEN\']}"})',
    'answer.raise_for_status()',
    `with requests.get(answer.json()["url"], stream=True) as content, open(${JSON.stringify(datum.name)}, "wb") as out:`,
    '    content.raise_for_status()',
    '    shutil.copyfileobj(content.raw, out)',
  ].join('\n');
}

/** With the reader's own AWS credentials; of a bucket that keeps versions, the adopted one. */
function aws(datum, trace, store) {
  const { endpoint_url, region, anonymous, requester_pays } = store?.configuration ?? {};
  const version = trace.object.version_id;
  const [bucket, ...key] = datum.uri.slice('s3://'.length).split('/');
  const adopted = version && version !== 'null';
  return [
    `# ${anonymous ? 'Needs no credentials.' : 'Uses your own AWS credentials.'}`,
    !adopted && '# The bucket kept no version of it: this is the object as it is now.',
    [
      adopted
        ? `aws s3api get-object --bucket ${shell(bucket)} --key ${shell(key.join('/'))} --version-id ${shell(version)}`
        : `aws s3 cp ${shell(datum.uri)} ${shell(datum.name)}`,
      endpoint_url && `--endpoint-url ${shell(endpoint_url)}`,
      region && `--region ${shell(region)}`,
      anonymous && '--no-sign-request',
      requester_pays && '--request-payer requester',
      adopted && shell(datum.name),
    ]
      .filter(Boolean)
      .join(' '),
  ]
    .filter(Boolean)
    .join('\n');
}

/** A word of a shell's command. */
export function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
