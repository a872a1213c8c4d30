/** The library and its command line as they are published, built once for all tests of one state of the sources: they start several times as fast as the sources do. */

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { build, compile } from '../package/build.ts';
import { runtimeArguments } from './fixture.ts';
import { PROJECT_ROOT } from './tree.ts';

const isNode = process.versions['deno'] === undefined && process.versions['bun'] === undefined;

/** What the sources are at the moment, by size and time. */
function stateOfSources(): string {
  const lib = join(PROJECT_ROOT, 'lib');
  const hash = createHash('sha256').update(PROJECT_ROOT);
  for (const name of readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).sort()) {
    const { size, mtimeMs } = statSync(join(lib, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Where `make` has made something of the sources; the compiler runs on Node, so other runtimes use what a run under Node left, and the sources where there is nothing. */
function madeOnce(kind: string, make: (folder: string) => void): string | undefined {
  const folder = join(tmpdir(), `barewire-${kind}-${stateOfSources()}`);
  if (existsSync(folder)) return folder;
  if (!isNode) return undefined;
  const own = `${folder}-${randomUUID()}`;
  make(own);
  writeFileSync(join(own, 'package.json'), '{ "type": "module" }');
  try {
    renameSync(own, folder);
  } catch {
    // Another file of tests was faster.
    rmSync(own, { recursive: true, force: true });
  }
  return folder;
}

/** The URLs of modules of the library by their paths in lib/, without endings: compiled where they can be, so that a process that imports them starts fast. */
export function libraryModules<Name extends string>(paths: Readonly<Record<Name, string>>): Record<Name, string> {
  const folder = madeOnce('compiled', compile);
  const urlOf = (path: string): string => pathToFileURL(folder === undefined ? join(PROJECT_ROOT, 'lib', `${path}.ts`) : join(folder, `${path}.js`)).href;
  return Object.fromEntries(Object.entries<string>(paths).map(([name, path]) => [name, urlOf(path)])) as Record<Name, string>;
}

/** The argv that runs the command line, before its words. */
export function programCommand(): readonly string[] {
  const folder = madeOnce('built', build);
  if (folder !== undefined) return [process.execPath, ...runtimeArguments(), join(folder, 'cli', 'main.js')];
  return [process.execPath, ...runtimeArguments(), ...(isNode ? ['--import', import.meta.resolve('tsx')] : []), join(PROJECT_ROOT, 'lib', 'cli', 'main.ts')];
}
