import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { PROJECT_ROOT, readProjectFile } from '../helpers/tree.ts';
import { build, withJavaScriptSpecifiers } from './build.ts';
import { NOT_ON_NODE, runProgram } from './program.ts';
import type { ProgramResult } from './program.ts';

const SHIPPED = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md'];
const COMPILER = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

const CONSUMER = `
import { StdioMCPServer, MCPError, ConnectionState, isMCPError } from 'barewire';

const server: StdioMCPServer = new StdioMCPServer({ serverName: 'demo', command: ['node', 'server.js'], requestTimeoutMs: 1_000 });
const state: ConnectionState = server.connectionState;
const stop: () => void = server.on('stateChanged', ({ from, to }) => [from, to]);

export async function use(signal: AbortSignal): Promise<string[]> {
  await server.connect({ signal });
  try {
    const tools = await server.listTools();
    const result = await server.callTool('add', { a: 1 }, { signal, onProgress: ({ progress }) => progress });
    return [state, ...tools.map((tool) => tool.name), ...result.content.map((block) => (block.type === 'text' ? block.text : ''))];
  } catch (error) {
    if (isMCPError(error)) return [error.code];
    throw error instanceof MCPError ? error : new Error('other', { cause: error });
  } finally {
    stop();
    await server.cleanup();
  }
}

// @ts-expect-error an option that is not there
new StdioMCPServer({ serverName: 'demo', command: 'node', noSuchOption: true });
`;

/** Words in a declaration file that only somebody with Node's own types understands. */
function wordsOfNode(declarations: string): string[] {
  const code = declarations.replace(/\/\*[\s\S]*?\*\//g, '');
  return code.match(/\bBuffer\b|\bNodeJS\b|['"]node:[\w/]+['"]|types=["']node["']/g) ?? [];
}

/** The declaration files that `entry` leads to, itself first, as paths below `folder`. */
function reachableDeclarations(folder: string, entry: string): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    if (found.includes(path)) return;
    found.push(path);
    const text = readFileSync(join(folder, path), 'utf8');
    for (const match of text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.{1,2}\/[^'"]+)\.js['"]/g)) visit(posix.join(posix.dirname(path), `${match[1]}.d.ts`));
  };
  visit(entry);
  return found;
}

/** Packs the package from a folder of its own, built anew; gives the path of the tarball and what npm says of it. */
function pack(folder: string): { tarball: string; facts: PackFacts } {
  mkdirSync(folder);
  for (const name of SHIPPED) {
    copyFileSync(join(PROJECT_ROOT, name), join(folder, name));
    chmodSync(join(folder, name), 0o644);
  }
  build(join(folder, 'dist'));
  const result = runProgram('npm', ['pack', '--json', '--loglevel=error'], folder);
  assert.equal(result.exitCode, 0, result.stderr);
  const printed = JSON.parse(result.stdout) as PackFacts[] | Record<string, PackFacts>;
  const [facts] = Object.values(printed);
  assert.ok(facts !== undefined, result.stdout);
  return { tarball: join(folder, facts.filename), facts };
}

interface PackFacts {
  readonly filename: string;
  readonly shasum: string;
  readonly files: ReadonlyArray<{ readonly path: string; readonly mode: number }>;
}

// On each test and not on the group: Bun does not count a group that is skipped.
const NODE_ONLY = { skip: NOT_ON_NODE };

describe('the package, packed and installed', () => {
  let folder = '';
  let project = '';
  let installed = '';
  let facts: PackFacts;
  const node = (...args: string[]): ProgramResult => runProgram(process.execPath, args, project);

  before(() => {
    if (NOT_ON_NODE !== false) return;
    folder = mkdtempSync(join(tmpdir(), 'barewire-pack-'));
    const packed = pack(join(folder, 'first'));
    facts = packed.facts;
    project = join(folder, 'project');
    installed = join(project, 'node_modules', 'barewire');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
    const result = runProgram('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', packed.tarball], project);
    assert.equal(result.exitCode, 0, result.stderr);
  });
  after(() => void (folder === '' || rmSync(folder, { recursive: true, force: true })));

  test('it holds the built library and its documents, and nothing else', NODE_ONLY, () => {
    const others = facts.files.map((file) => file.path).filter((path) => !SHIPPED.includes(path) && !/^dist\/[\w/-]+(?:\.js|\.d\.ts)$/.test(path));
    assert.deepEqual(others, []);
    for (const path of [...SHIPPED, 'dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js']) assert.ok(facts.files.some((file) => file.path === path), path);
  });

  test('it is the same, byte for byte, when it is built and packed again', NODE_ONLY, () => {
    assert.equal(pack(join(folder, 'second')).facts.shasum, facts.shasum);
  });

  test('every file has line ends of one kind, and only the command line is a program', NODE_ONLY, () => {
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:js|ts)$/.test(name));
    assert.ok(files.length > 20, `${files.length} files`);
    assert.deepEqual(files.filter((name) => readFileSync(join(installed, 'dist', name), 'utf8').includes('\r')), []);
    assert.deepEqual(facts.files.filter((file) => (file.mode & 0o111) !== 0).map((file) => file.path), ['dist/cli/main.js']);
    assert.match(readFileSync(join(installed, 'dist/cli/main.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  test('npm sees one package', NODE_ONLY, () => {
    const result = runProgram('npm', ['ls', '--omit=dev', '--all', '--parseable', '--loglevel=error'], project);
    assert.deepEqual(result.stdout.trim().split('\n'), [project, installed]);
  });

  test('import gives what lib/index.ts exports, and a handle can be made', NODE_ONLY, () => {
    const result = node('--input-type=module', '-e', "import * as all from 'barewire'; const server = new all.StdioMCPServer({ serverName: 's', command: ['x'] }); console.log(JSON.stringify([Object.keys(all), server.connectionState, server.name]));");
    assert.equal(result.exitCode, 0, result.stderr);
    const [names, state, name] = JSON.parse(result.stdout) as [string[], string, string];
    assert.ok(names.includes('StdioMCPServer') && names.includes('MCPError'), names.join());
    assert.deepEqual([state, name], ['disconnected', 's']);
  });

  test('require gives the same, without a warning (Node 20.19 and later load ES modules so)', NODE_ONLY, () => {
    const result = node('--input-type=commonjs', '-e', "const all = require('barewire'); console.log(typeof all.StdioMCPServer);");
    assert.deepEqual([result.exitCode, result.stdout, result.stderr], [0, 'function\n', '']);
  });

  test('it runs where making code from strings is forbidden', NODE_ONLY, () => {
    const result = node('--disallow-code-generation-from-strings', '--disable-proto=throw', '--frozen-intrinsics', '--no-warnings', '--input-type=module', '-e', "import { StdioMCPServer } from 'barewire'; console.log(new StdioMCPServer({ serverName: 's', command: ['x'] }).name);");
    assert.deepEqual([result.exitCode, result.stdout], [0, 's\n'], result.stderr);
  });

  test('the command line is installed as a program', NODE_ONLY, () => {
    const program = join(project, 'node_modules', '.bin', 'barewire');
    assert.notEqual(statSync(program).mode & 0o111, 0);
    const result = runProgram(program, ['--help'], project);
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stdout, /barewire/);
  });

  const SETTINGS = {
    'Node, without the types of Node': { module: 'nodenext', lib: ['es2023', 'dom'], types: [] },
    'Node, with the types of Node': { module: 'nodenext', lib: ['es2023'], types: ['node'], typeRoots: [join(PROJECT_ROOT, 'node_modules', '@types')] },
    'a bundler, for a browser': { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'], types: [] },
  };
  for (const [name, options] of Object.entries(SETTINGS)) {
    test(`a consumer type-checks with its declarations and skipLibCheck off: ${name}`, NODE_ONLY, () => {
      const compilerOptions = { target: 'es2023', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, ...options };
      writeFileSync(join(project, 'consumer.ts'), CONSUMER);
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      const result = node(COMPILER, '-p', project);
      assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    });
  }

  test('the declarations that the entry leads to know nothing of Node, and import files that end with .js', NODE_ONLY, () => {
    const dist = join(installed, 'dist');
    const reachable = reachableDeclarations(dist, 'index.d.ts');
    assert.ok(reachable.length > 5, reachable.join());
    for (const path of reachable) {
      const text = readFileSync(join(dist, path), 'utf8');
      assert.deepEqual(wordsOfNode(text), [], path);
      assert.doesNotMatch(text, /['"]\.{1,2}\/[^'"]*\.ts['"]/, path);
    }
  });

  test('the package says the version that package.json says', NODE_ONLY, () => {
    const version = (JSON.parse(readProjectFile('package.json')) as { version: string }).version;
    const result = node('--input-type=module', '-e', "import facts from 'barewire/package.json' with { type: 'json' }; console.log(facts.version);");
    assert.equal(result.stdout, `${version}\n`, result.stderr);
    assert.equal(dirname(installed), join(project, 'node_modules'));
  });
});

describe('the rules can fail', () => {
  test('words of Node in declarations are found, in comments not', () => {
    const text = "/** A Buffer. */\nimport type { A } from 'node:stream';\n/// <reference types=\"node\" />\nlet b: Buffer; let c: NodeJS.Timeout; let d: MyBuffer;";
    assert.deepEqual(wordsOfNode(text), ["'node:stream'", 'types="node"', 'Buffer', 'NodeJS']);
  });

  test('what a declaration imports is rewritten in every form, and nothing else', () => {
    const text = "import type { A } from './a.ts';\nexport { b } from \"../b/c.ts\";\nlet d: import('./d.ts').D;\nimport './e.ts';\nlet f: './f.ts';\nimport g from 'g.ts';";
    const right = "import type { A } from './a.js';\nexport { b } from \"../b/c.js\";\nlet d: import('./d.js').D;\nimport './e.js';\nlet f: './f.ts';\nimport g from 'g.ts';";
    assert.equal(withJavaScriptSpecifiers(text), right);
  });
});
