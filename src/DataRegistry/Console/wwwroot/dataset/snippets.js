// A version downloaded from elsewhere. Lists and contents are read piece by piece, so that neither has to fit into memory.

import { SERVICE } from '../api.js';
import { shell } from '../datum/snippets.js';
import { codeBlock, tabs } from '../ui.js';

/** Of one version, which never changes. */
export function versionSnippets(version) {
  return code(`VERSION=${version.id}`, `version = "${version.id}"`);
}

/** Of what a name stands for when it is run: an alias, or latest. */
export function aliasSnippets(uri, project) {
  return code(
    [
      `VERSION=$(curl -sSfG -H "$AUTH" -d project=${project.id} --data-urlencode ${shell(`uri=${uri}`)} \\`,
      '  "$API/dataset-versions/resolve/" | jq -r .id)',
    ].join('\n'),
    [
      'version = get(f"{api}/dataset-versions/resolve/",',
      `              params={"project": "${project.id}", "uri": ${JSON.stringify(uri)}}).json()["id"]`,
    ].join('\n'),
  );
}

function code(curlVersion, pythonVersion) {
  return tabs('Code', [
    { id: 'curl', label: 'curl', panel: () => codeBlock(curl(curlVersion), 'curl commands') },
    { id: 'python', label: 'Python', panel: () => codeBlock(python(pythonVersion), 'Python code') },
  ]);
}

function curl(version) {
  return [
    '# TOKEN is an API token of yours, from Settings. jq is needed.',
    `API=${SERVICE}api/v0`,
    'AUTH="Authorization: Token $TOKEN"',
    version,
    '# The list of files, one a line.',
    '(',
    'set -euo pipefail   # It ends at the first file that fails.',
    'curl -sSf -H "$AUTH" -H "Accept: application/x-ndjson" "$API/dataset-versions/$VERSION/files/" > files.ndjson',
    'while read -r file; do',
    '  target=./$(jq -r .path <<< "$file")',
    '  url=$(curl -sSf -H "$AUTH" "$API/data/$(jq -r .datum.id <<< "$file")/download/" | jq -r .url)',
    '  mkdir -p "$(dirname "$target")"',
    '  curl -sSf -o "$target" "$url"',
    'done < files.ndjson',
    ')',
  ].join('\n');
}

function python(version) {
  return [
    '# First, in the shell: export TOKEN=… (an API token of yours, from Settings)',
    'import os, pathlib, shutil, requests',
    '',
    `api = "${SERVICE}api/v0"`,
    '',
    'def get(url, **more):',
    '    answer = requests.get(url, **more, headers={"Authorization": f"Token {os.environ[\'TOKEN\']}"})',
    '    answer.raise_for_status()',
    '    return answer',
    '',
    version,
    'folder = pathlib.Path.cwd()',
    'page = f"{api}/dataset-versions/{version}/files/?limit=1000"',
    'while page:',
    '    files = get(page).json()',
    '    for file in files["results"]:',
    '        path = (folder / file["path"]).resolve()',
    '        if not path.is_relative_to(folder):',
    '            raise SystemExit(f"{file[\'path\']} leads out of {folder}")',
    '        url = get(f"{api}/data/{file[\'datum\'][\'id\']}/download/").json()["url"]',
    '        path.parent.mkdir(parents=True, exist_ok=True)',
    '        with requests.get(url, stream=True) as content, path.open("wb") as out:',
    '            content.raise_for_status()',
    '            shutil.copyfileobj(content.raw, out)',
    '    page = files["next"]',
  ].join('\n');
}
