import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { listPaths, PROJECT_ROOT, readProjectFile } from '../helpers/tree.ts';
import type { ProjectFile } from '../helpers/tree.ts';

/** The members of a package.json that are judged here. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly sideEffects?: unknown;
  readonly engines?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly bin?: unknown;
  readonly exports?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const NO_DEPENDENCIES = ['dependencies', 'peerDependencies', 'peerDependenciesMeta', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies', 'overrides'];
const DEV_DEPENDENCIES = ['@types/node', 'tsx', 'typescript'];
const RUN_BY_INSTALLING = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare', 'prepublish', 'prepublishOnly', 'prepack', 'postpack', 'dependencies'];
const PINNED = /^(?:npm:@?[\w./-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const TOP_LEVEL = [
  'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'docs', 'lib', 'package-lock.json', 'package.json', 'spec-fixtures', 'test', 'tsconfig.json',
  '.ci', '.gitattributes', '.gitignore', '.npmrc',
];
const NOT_KEPT = ['.git', 'node_modules', 'dist', 'coverage'];

// Put together, so that this file does not hold what it looks for.
const SHARED = ['..', 'shared'].join('/');
const WORKPLACE = ['', 'work', ''].join('/');
const REGISTRIES = [['registry', 'npmjs', 'org'], ['registry', 'yarnpkg', 'com'], ['npm', 'pkg', 'github', 'com'], ['npm', 'jsr', 'io']].map((parts) => parts.join('.'));
// Where the default place of the outside suites is known.
const MAY_NAME_SHARED = /^(?:test\/corpora\/|test\/helpers\/corpora\.ts$|\.ci\/run$)/;

/** What a manifest has that makes an installation fetch or run something, as sentences. */
function burdens(manifest: Manifest): string[] {
  const scripts = Object.keys(manifest.scripts ?? {}).filter((name) => RUN_BY_INSTALLING.includes(name));
  return [...NO_DEPENDENCIES.filter((name) => name in manifest).map((name) => `has ${name}`), ...scripts.map((name) => `runs ${name}`)];
}

/** The versions that are not written exactly. */
function looseVersions(manifest: Manifest): string[] {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(all).filter(([, version]) => !PINNED.test(version)).map(([name, version]) => `${name}: ${version}`);
}

/** What a file says of the place where it was written, as `path: words`. */
function placeNames({ path, text }: ProjectFile): string[] {
  const words = [WORKPLACE, ...(MAY_NAME_SHARED.test(path) ? [] : [SHARED]), ...REGISTRIES];
  return words.filter((word) => text.includes(word)).map((word) => `${path}: ${word}`);
}

/** The entries of a lock file that say where a package was fetched. */
function resolvedEntries(lock: { readonly packages?: Readonly<Record<string, { readonly resolved?: string }>> }): string[] {
  return Object.entries(lock.packages ?? {}).filter(([, entry]) => entry.resolved !== undefined).map(([name]) => name);
}

function readManifest(path: string): Manifest {
  return JSON.parse(readProjectFile(path)) as Manifest;
}

describe('the package burdens nobody (README.md, docs/vendoring.md)', () => {
  const manifest = readManifest('package.json');
  const paths = listPaths();

  test('it has no dependency of any kind and runs nothing when it is installed', () => {
    assert.deepEqual(burdens(manifest), []);
  });

  test('it is developed with exactly three packages, in exact versions', () => {
    assert.deepEqual(Object.keys(manifest.devDependencies ?? {}).sort(), DEV_DEPENDENCIES);
    assert.deepEqual(looseVersions(manifest), []);
  });

  test('it is an ES module without side effects, for Node 20.19 and later, under the MIT licence', () => {
    assert.equal(manifest.type, 'module');
    assert.equal(manifest.sideEffects, false);
    assert.deepEqual(manifest.engines, { node: '^20.19.0 || >=22.12.0' });
    assert.equal(manifest.license, 'MIT');
    assert.match(readProjectFile('LICENSE'), /^MIT License/);
  });

  test('it ships what is built, its changes and its security policy, and gives out one entry', () => {
    assert.deepEqual(manifest.files, ['dist', 'CHANGELOG.md', 'SECURITY.md']);
    assert.deepEqual(manifest.bin, { barewire: './dist/cli/main.js' });
    assert.deepEqual(manifest.exports, { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' });
  });

  test('nothing stands at the top level but what is agreed', () => {
    const unknown = readdirSync(PROJECT_ROOT).filter((name) => !TOP_LEVEL.includes(name) && !NOT_KEPT.includes(name) && !name.endsWith('.tgz'));
    assert.deepEqual(unknown, []);
  });

  test('no lock file says where a package was fetched, and each fits its package.json', () => {
    const locks = paths.filter((path) => path.endsWith('package-lock.json'));
    assert.ok(locks.includes('package-lock.json'));
    for (const path of locks) {
      const lock = JSON.parse(readProjectFile(path)) as { version?: string; packages: Record<string, Manifest & { resolved?: string }> };
      const own = readManifest(path.replace('package-lock.json', 'package.json'));
      assert.deepEqual(resolvedEntries(lock), [], path);
      assert.equal(lock.packages['']?.version, own.version, path);
      assert.deepEqual(lock.packages['']?.devDependencies ?? {}, own.devDependencies ?? {}, path);
      assert.deepEqual(lock.packages['']?.dependencies ?? {}, own.dependencies ?? {}, path);
    }
  });

  test('the packages of the tests are private and name exact versions', () => {
    const others = paths.filter((path) => path.startsWith('test/') && path.endsWith('/package.json'));
    for (const path of others) {
      assert.equal(readManifest(path).private, true, path);
      assert.deepEqual(looseVersions(readManifest(path)), [], path);
      assert.ok(paths.includes(path.replace('package.json', 'package-lock.json')), `${path} has a lock file`);
    }
  });

  test('no file names the place where it was written, or a registry', () => {
    const texts = paths.map((path) => ({ path, text: readProjectFile(path) })).filter((file) => !file.text.includes('\0'));
    assert.ok(texts.length > 50, `${texts.length} files`);
    assert.deepEqual(texts.flatMap((file) => placeNames(file)), []);
  });
});

describe('the rules can fail', () => {
  test('a dependency of any kind and a script that installing runs are found', () => {
    assert.deepEqual(burdens({ dependencies: {}, scripts: { test: 'x', postinstall: 'y' } }), ['has dependencies', 'runs postinstall']);
    assert.deepEqual(burdens({ optionalDependencies: { a: '1.0.0' } }), ['has optionalDependencies']);
  });

  test('a range is no exact version, an alias with an exact one is', () => {
    const versions = { a: '^1.0.0', b: '1.0.0', c: 'latest', d: '1.x', e: 'npm:f@2.0.0', g: 'npm:@h/i@^2.0.0', j: '2.0.0-alpha.1' };
    assert.deepEqual(looseVersions({ devDependencies: versions }), ['a: ^1.0.0', 'c: latest', 'd: 1.x', 'g: npm:@h/i@^2.0.0']);
  });

  test('a path of the workplace and a registry are found; the outside suites may be named where they are looked for', () => {
    assert.equal(placeNames({ path: 'docs/a.md', text: `see ${WORKPLACE}main` }).length, 1);
    assert.equal(placeNames({ path: 'docs/a.md', text: `see ${SHARED}/x and ${REGISTRIES[0]}` }).length, 2);
    assert.deepEqual(placeNames({ path: 'test/corpora/a.test.ts', text: SHARED }), []);
    assert.deepEqual(placeNames({ path: 'docs/a.md', text: 'a framework/workload, workers share' }), []);
  });

  test('a lock file that says where is found', () => {
    assert.deepEqual(resolvedEntries({ packages: { '': {}, 'node_modules/a': { resolved: 'x' } } }), ['node_modules/a']);
  });
});
