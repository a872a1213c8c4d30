/** The floors of the house, as docs/architecture.md draws them, and who may import whom. */

import { posix } from 'node:path';
import { importsOf } from './source-text.ts';
import type { ProjectFile } from '../helpers/tree.ts';

/** The folders of lib/, by floor. The public list stands between the servers and the command line. */
export const FLOORS: Readonly<Record<string, number>> = Object.freeze({
  'lib/base': 0,
  'lib/jsonrpc': 1,
  'lib/sse': 1,
  'lib/resp': 1,
  'lib/http': 1,
  'lib/uri': 1,
  'lib/schema': 1,
  'lib/protocol': 2,
  'lib/transport': 3,
  'lib/oauth': 3,
  'lib/redis': 3,
  'lib/connection': 4,
  'lib/session': 4,
  'lib/features': 5,
  'lib/servers': 6,
  'lib/index.ts': 6.5,
  'lib/cli': 7,
});

// Up to here nothing does I/O.
const HIGHEST_PURE_FLOOR = 2;

/** The room of a file: its folder directly below lib/, or the file itself where it stands directly in lib/. */
function roomOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** The path that `specifier`, written in the file `from`, names. */
function targetOf(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

function judgeNode(path: string, specifier: string): string[] {
  const floor = FLOORS[roomOf(path)] ?? 0;
  return floor <= HIGHEST_PURE_FLOOR ? [`${path} imports ${specifier}, and floors 0 to ${HIGHEST_PURE_FLOOR} are pure`] : [];
}

function judgeRelative(path: string, specifier: string, paths: ReadonlySet<string>): string[] {
  const target = targetOf(path, specifier);
  if (!specifier.endsWith('.ts')) return [`${path} imports ${specifier}, which is not written with its ending .ts`];
  if (!paths.has(target)) return [`${path} imports ${target}, which is not in lib/`];
  const [own, other] = [roomOf(path), roomOf(target)];
  if (own === other) return [];
  const [floor, otherFloor] = [FLOORS[own] ?? NaN, FLOORS[other] ?? NaN];
  if (otherFloor < floor) return [];
  return [`${path} (floor ${floor}) imports ${target} (floor ${otherFloor}), which is not below it`];
}

/** Every import of `files` that breaks a rule, as a sentence. */
export function misplacedImports(files: readonly ProjectFile[]): string[] {
  const paths = new Set(files.map((file) => file.path));
  return files.flatMap(({ path, text }) => {
    if (FLOORS[roomOf(path)] === undefined) return [`${path} stands on no floor`];
    return importsOf(text).flatMap((specifier) => {
      if (specifier.startsWith('node:')) return judgeNode(path, specifier);
      if (specifier.startsWith('./') || specifier.startsWith('../')) return judgeRelative(path, specifier, paths);
      return [`${path} imports ${specifier}, which comes from outside`];
    });
  });
}

/** Every circle of imports, as the paths along it. */
export function importCircles(files: readonly ProjectFile[]): string[] {
  const imports = new Map(files.map(({ path, text }) => [path, importsOf(text).map((specifier) => targetOf(path, specifier))]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return circles;
}

/** What the command line imports beside itself and the public list: it is a host like any other. */
export function privateImportsOfCommandLine(files: readonly ProjectFile[]): string[] {
  const cli = files.filter((file) => roomOf(file.path) === 'lib/cli');
  return cli.flatMap(({ path, text }) =>
    importsOf(text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => targetOf(path, specifier))
      .filter((target) => roomOf(target) !== 'lib/cli' && target !== 'lib/index.ts')
      .map((target) => `${path} imports ${target}`),
  );
}
