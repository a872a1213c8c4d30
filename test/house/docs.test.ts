import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { listPaths, PROJECT_ROOT, readProjectFile } from '../helpers/tree.ts';
import type { ProjectFile } from '../helpers/tree.ts';
import { NOT_ON_NODE, runProgram, runTypeScript } from '../package/program.ts';
import { anchors, codeBlocks, links } from './markdown.ts';

const WITH_RUNNABLE_CODE = [
  'README.md',
  'docs/caching.md',
  'docs/completion.md',
  'docs/elicitation.md',
  'docs/eras.md',
  'docs/extensions.md',
  'docs/json-schema.md',
  'docs/logging.md',
  'docs/middleware.md',
  'docs/oauth.md',
  'docs/observability.md',
  'docs/prompts.md',
  'docs/quick-start.md',
  'docs/resources.md',
  'docs/roots.md',
  'docs/rounds.md',
  'docs/sampling.md',
  'docs/sessions.md',
  'docs/subscriptions.md',
  'docs/tasks.md',
  'docs/tools.md',
  'docs/transports.md',
];

const paths = listPaths();
const isDocument = (path: string): boolean => path.endsWith('.md') && (path.startsWith('docs/') || !path.includes('/'));
const documents = paths.filter(isDocument).map((path) => ({ path, text: readProjectFile(path) }));

/** The links of `files` that lead nowhere inside of the project, as `path: link`. */
function brokenLinks(files: readonly ProjectFile[], present: readonly string[]): string[] {
  const known = new Set(present.flatMap((path) => path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))));
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const isBroken = (from: string, link: string): boolean => {
    const [name = '', anchor] = link.split('#');
    const target = name === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(name))).replace(/\/$/, '');
    if (!known.has(target)) return true;
    const text = texts.get(target);
    return anchor !== undefined && text !== undefined && !anchors(text).has(anchor);
  };
  return files.flatMap(({ path, text }) =>
    links(text)
      .filter((link) => !/^[a-z][a-z\d+.-]*:/i.test(link) && isBroken(path, link))
      .map((link) => `${path}: ${link}`),
  );
}

/** A block of TypeScript that a reader can run as it stands: one that imports the package is a whole program. */
interface Example {
  readonly name: string;
  readonly code: string;
}

function runnableExamples({ path, text }: ProjectFile): Example[] {
  const blocks = codeBlocks(text).filter((block) => /^(?:ts|typescript)\b/.test(block.info) && /^import .* from 'barewire';$/m.test(block.code));
  return blocks.map((block) => ({ name: `${path}:${block.line}`, code: block.code }));
}

/** The code of an example, with the library of this checkout in place of the installed package. */
function withThisLibrary(code: string, library: string): string {
  return code.replace(/(from\s+|import\s+|import\()(['"])barewire\2/g, (_, before: string) => `${before}'${library}'`);
}

describe('links in the documents lead somewhere', () => {
  test('every relative link names a file of the project, and every anchor a heading', () => {
    assert.ok(documents.length > 5, `${documents.length} documents`);
    assert.deepEqual(brokenLinks(documents, paths), []);
  });
});

describe('the code in README.md and the guides runs as it is printed', () => {
  const examples = documents.filter((file) => WITH_RUNNABLE_CODE.includes(file.path)).flatMap((file) => runnableExamples(file));
  let folder = '';
  let server: ChildProcess | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'barewire-docs-'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    if (NOT_ON_NODE !== false) return;
    // Where an example wants a server over HTTP, it asks the environment for one.
    server = spawn(process.execPath, [join(PROJECT_ROOT, 'test/fixtures/demo-http-server.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(server.stdout as Readable, 'data')) as [Buffer];
    process.env['MCP_URL'] = (JSON.parse(line.toString().split('\n')[0] ?? '') as { url: string }).url;
  });
  after(() => {
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test('each has code that runs', () => {
    for (const path of WITH_RUNNABLE_CODE) assert.ok(examples.some((example) => example.name.startsWith(`${path}:`)), `${path} has a block of TypeScript that imports barewire`);
  });

  test('it type-checks', { skip: NOT_ON_NODE }, () => {
    const checked = join(folder, 'checked');
    mkdirSync(checked);
    examples.forEach((example, index) => writeFileSync(join(checked, `example-${index}.ts`), `export {};\n${withThisLibrary(example.code, join(PROJECT_ROOT, 'lib/index.ts'))}`));
    const compilerOptions = { rootDir: '/', typeRoots: [join(PROJECT_ROOT, 'node_modules/@types')], noUnusedLocals: false, isolatedDeclarations: false, rewriteRelativeImportExtensions: false, allowImportingTsExtensions: true };
    writeFileSync(join(checked, 'tsconfig.json'), JSON.stringify({ extends: join(PROJECT_ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }));
    writeFileSync(join(checked, 'package.json'), '{ "type": "module" }');
    const result = runProgram(process.execPath, [join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc'), '-p', checked], PROJECT_ROOT);
    assert.equal(result.exitCode, 0, `${examples.map((example, index) => `example-${index} is ${example.name}`).join('\n')}\n${result.stdout}${result.stderr}`);
  });

  test('it runs to its end, from the root of the project, and prints something', { skip: NOT_ON_NODE }, () => {
    const library = pathToFileURL(join(PROJECT_ROOT, 'lib/index.ts')).href;
    examples.forEach((example, index) => {
      const file = join(folder, `example-${index}.ts`);
      writeFileSync(file, withThisLibrary(example.code, library));
      const result = runTypeScript([file], PROJECT_ROOT);
      assert.equal(result.exitCode, 0, `${example.name}\n${result.stdout}${result.stderr}`);
      assert.notEqual(result.stdout.trim(), '', `${example.name} prints nothing`);
    });
  });
});

describe('the rules can fail', () => {
  test('a link to a missing file, to a missing anchor and out of the project are found; others are not', () => {
    const files = [
      { path: 'README.md', text: '# One\n[a](docs/a.md) [b](docs/b.md) [c](#one) [d](#two) [e](docs) [f](https://x.example/y.md) [g](docs/a.md#a-title)\n`[h](h.md)`' },
      { path: 'docs/a.md', text: '## A `title`\n[a](../README.md#one) [b](../../x.md) [c](a.md#other)\n\n[d]: missing.md\n```\n[e](e.md)\n```\n' },
    ];
    const present = ['README.md', 'docs/a.md'];
    assert.deepEqual(brokenLinks(files, present), ['README.md: docs/b.md', 'README.md: #two', 'docs/a.md: ../../x.md', 'docs/a.md: a.md#other', 'docs/a.md: missing.md']);
  });

  test('blocks that import the package are examples, with their line, and only the name of the package is replaced', () => {
    const text = "# A\n\n```ts\nimport { a } from 'barewire';\nf('barewire');\n```\n\n```ts\nno\n```\n\n```sh\nno\n```\n";
    const [example, ...others] = runnableExamples({ path: 'README.md', text });
    assert.deepEqual(others, []);
    assert.deepEqual(example, { name: 'README.md:3', code: "import { a } from 'barewire';\nf('barewire');\n" });
    assert.equal(withThisLibrary(example?.code ?? '', 'file:///x.ts'), "import { a } from 'file:///x.ts';\nf('barewire');\n");
  });

  test('anchors are made as the sites make them', () => {
    assert.deepEqual([...anchors('# A, B & `c`\n## Twice\n## Twice\n### ERR_MCP_A\n<a id="own"></a>')], ['a-b--c', 'twice', 'twice-1', 'err_mcp_a', 'own']);
  });
});
