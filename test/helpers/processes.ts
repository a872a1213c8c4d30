/** What runs on this machine, read from /proc (Linux). A zombie does not count: it holds nothing but its number. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

/** One running process. */
export interface RunningProcess {
  readonly id: number;
  readonly parent: number;
  readonly group: number;
  /** Its argv, joined by spaces. */
  readonly command: string;
}

/** Whether this machine can be asked at all. */
export const canListProcesses: boolean = existsSync('/proc/self/stat');

/** The content of `/proc/<id>/<file>`, or an empty string when the process is gone. */
function read(id: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The process with this id, unless it is gone or a zombie. */
export function findProcess(id: number): RunningProcess | undefined {
  const stat = read(id, 'stat');
  // The name stands in parentheses and may hold anything, parentheses too: the fields begin after the last one.
  const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || state === 'Z' || state === 'X') return undefined;
  return { id, parent: Number(parent), group: Number(group), command: read(id, 'cmdline').split('\0').join(' ').trim() };
}

/** Every running process. */
export function listProcesses(): RunningProcess[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map((id) => findProcess(Number(id))).filter((found) => found !== undefined);
}

/** Every running process of a process group. */
export function processesInGroup(group: number): RunningProcess[] {
  return listProcesses().filter((found) => found.group === group);
}

/** Every running process below `root`: its children, their children and so on. */
export function descendants(root: number): RunningProcess[] {
  const all = listProcesses();
  const below = new Set([root]);
  // A child may be listed before its parent, so look until nothing is added.
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const found of all) if (below.has(found.parent)) below.add(found.id);
  }
  below.delete(root);
  return all.filter((found) => below.has(found.id));
}

/** Every running process whose environment holds `entry`, `NAME=value`: finds what left its group and its parent too. */
export function processesWithEnvironment(entry: string): RunningProcess[] {
  return listProcesses().filter((found) => read(found.id, 'environ').split('\0').includes(entry));
}

/** The environment a process was started with. */
export function environmentOf(id: number): Map<string, string> {
  const entries = read(id, 'environ').split('\0').filter((entry) => entry !== '');
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
}

/** Fails unless everything that `find` finds is gone within `deadlineMs`. */
export async function assertNoneAlive(find: () => readonly RunningProcess[], deadlineMs: number = 2_000): Promise<void> {
  await until(() => find().length === 0, 'nothing runs any more', deadlineMs).catch(() => {
    assert.deepEqual(find(), [], 'expected these processes to be gone');
  });
}
