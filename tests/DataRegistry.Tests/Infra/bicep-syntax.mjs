// Prints the syntax trees of Bicep files as one JSON object: path → { errors, tree }. A node is [type, text or children].
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const require = createRequire(`${process.cwd()}/`);
const { Parser, Language } = require('web-tree-sitter');
await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(require.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm')));

const errors = node => node.isError || node.isMissing
  ? [`line ${node.startPosition.row + 1}: ${JSON.stringify(node.text.slice(0, 80))}`]
  : node.hasError ? node.children.flatMap(errors) : [];
const plain = node => [node.type, node.namedChildCount ? node.namedChildren.map(plain) : node.text];

const files = {};
for (const path of process.argv.slice(2)) {
  const root = parser.parse(readFileSync(path, 'utf8')).rootNode;
  files[path] = { errors: errors(root), tree: plain(root) };
}
process.stdout.write(JSON.stringify(files));
