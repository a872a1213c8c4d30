/** Walks and reads the files of this project, and finds its tests. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, lib/ and test/. */
export const PROJECT_ROOT: string = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** One file: its path from {@link PROJECT_ROOT}, with forward slashes, and its content. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

// What git does not keep, and git itself.
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', '.git']);

/** The paths of every file below `folder`, sorted; without what is installed, built or packed. */
export function listPaths(folder: string = ''): string[] {
  const entries = readdirSync(join(PROJECT_ROOT, folder), { withFileTypes: true }).filter((entry) => !LEFT_OUT.has(entry.name));
  const below = entries.map((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? listPaths(path) : [path];
  });
  return below.flat().filter((path) => !path.endsWith('.tgz')).sort();
}

/** The text of one file. */
export function readProjectFile(path: string): string {
  return readFileSync(join(PROJECT_ROOT, ...path.split('/')), 'utf8');
}

/** Every file below `folder` whose name ends with `ending`. */
export function readFolder(folder: string, ending: string): ProjectFile[] {
  const paths = listPaths(folder).filter((path) => path.endsWith(ending));
  return paths.map((path) => ({ path, text: readProjectFile(path) }));
}

/** The folders of test/ that hold what `npm test` runs: no network, no other packages. */
export const TEST_FOLDERS: readonly string[] = ['house', 'unit', 'interaction', 'edge', 'hostile', 'corpora', 'package'];

/** The absolute paths of the `*.test.ts` in those folders of `root` whose path below it has one of `words`; all without words. */
export function findTests(root: string, words: readonly string[]): string[] {
  const present = new Set(readdirSync(root));
  return TEST_FOLDERS.filter((folder) => present.has(folder))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)))
    .filter((file) => file.endsWith('.test.ts') && !file.split(sep).includes('node_modules'))
    .filter((file) => words.length === 0 || words.some((word) => relative(root, file).toLowerCase().includes(word.toLowerCase())))
    .sort();
}
