/** What clients of Redis weigh on disk. */

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

const modules = join(import.meta.dirname, 'node_modules');

/** One thing that is installed. */
export interface InstalledSize {
  readonly title: string;
  readonly bytes: number;
  readonly files: number;
  /** Packages it consists of. */
  readonly packages: number;
}

/** The files of a folder, without what it has installed itself. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.slice(folder.length).includes(`${sep}node_modules${sep}`));
}

function sizeOf(title: string, paths: readonly string[], packages: number): InstalledSize {
  return { title, bytes: paths.reduce((sum, path) => sum + statSync(path).size, 0), files: paths.length, packages };
}

/** The folder that `from` finds the package in; undefined where it is not installed, as an optional one may be. */
function folderOf(name: string, from: string): string | undefined {
  const nested = join(from, 'node_modules', name);
  return [nested, join(modules, name)].find((path) => existsSync(join(path, 'package.json')));
}

/** The size of a package with all that it depends on, each once, as npm installed it. */
export function sizeOfPackage(name: string, title: string): InstalledSize {
  const folders = new Set<string>();
  const visit = (folder: string | undefined): void => {
    if (folder === undefined || folders.has(folder)) return;
    folders.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(dependencies)) visit(folderOf(dependency, folder));
  };
  visit(folderOf(name, modules));
  return sizeOf(title, [...folders].flatMap(filesIn), folders.size);
}

/** The size of what was built into `folder`: all of it, and the share of the Redis client in it. */
export function sizesOfBuild(folder: string): { readonly whole: InstalledSize; readonly client: InstalledSize } {
  const paths = filesIn(folder);
  const ofClient = paths.filter((path) => /^[\\/](?:redis|resp)[\\/]/.test(path.slice(folder.length)));
  const declarations = sizeOf('', ofClient, 0);
  const sections = sectionsOf(readFileSync(join(folder, 'index.js'), 'utf8')).filter(({ name }) => /^(?:redis|resp)\//.test(name));
  const code = sections.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return {
    whole: sizeOf('barewire, all of it', paths, 1),
    client: { title: 'of which redis/ and resp/', bytes: declarations.bytes + code, files: declarations.files, packages: 0 },
  };
}

/** The modules that were joined in one file, each behind a line with its name. */
function sectionsOf(text: string): { name: string; text: string }[] {
  const starts = [...text.matchAll(/^\/\/ ([\w./-]+)\.ts$/gm)];
  return starts.map((start, index) => ({ name: start[1] ?? '', text: text.slice(start.index, starts[index + 1]?.index) }));
}
