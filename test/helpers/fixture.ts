/** Runs the small programs of test/fixtures. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../fixtures/', import.meta.url));
const PLACES = ['', 'children/'];
const ENDINGS = ['', '.mjs', '.ts'];

/** The path of a fixture by its name, with or without its ending, in test/fixtures or its folder children. */
export function fixturePath(name: string): string {
  for (const place of PLACES) {
    for (const ending of ENDINGS) {
      const path = join(FOLDER, `${place}${name}${ending}`);
      if (/\.[a-z]+$/.test(path) && existsSync(path)) return path;
    }
  }
  throw new Error(`There is no fixture ${name} in ${FOLDER}`);
}

/** What the present runtime needs before the path of a program. */
export function runtimeArguments(): string[] {
  return process.versions['deno'] === undefined ? [] : ['run', '-A', '--no-check'];
}

/** The argv that runs a fixture in plain JavaScript under the present runtime. */
export function fixtureCommand(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, ...runtimeArguments(), fixturePath(name), ...args];
}

/** The argv that runs a fixture which itself imports the library, in TypeScript as it stands. */
export function hostCommand(name: string, ...args: readonly string[]): string[] {
  const isNode = process.versions['deno'] === undefined && process.versions['bun'] === undefined;
  const loader = isNode ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...runtimeArguments(), ...loader, fixturePath(name), ...args];
}

/** A message as a fixture recorded it; loose, because a test looks at it. */
export interface RecordedMessage {
  readonly started?: number;
  readonly grandchild?: number;
  readonly ignored?: string;
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A file in which a fixture records its starts and what it received: see children/minimal-server.mjs. */
export interface RecordFile {
  /** The environment that makes a fixture record. */
  readonly serverEnv: { readonly RECORD: string };
  /** Everything recorded so far. */
  read(): RecordedMessage[];
  /** How many messages of one method came so far. */
  count(method: string): number;
  /** How often the fixture was started so far. */
  starts(): number;
  /** Removes the file before this process ends. */
  remove(): void;
}

let recordFolder: string | undefined;
let recordFiles = 0;

/** Makes a {@link RecordFile}, which is gone when this process ends. */
export function recordFile(): RecordFile {
  if (recordFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-record-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    recordFolder = folder;
  }
  const path = join(recordFolder, `${++recordFiles}.jsonl`);
  const read = (): RecordedMessage[] => {
    if (!existsSync(path)) return [];
    // What follows the last line end is still being written.
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as RecordedMessage);
  };
  return {
    serverEnv: { RECORD: path },
    read,
    count: (method) => read().filter((message) => message.method === method).length,
    starts: () => read().filter((message) => message.started !== undefined).length,
    remove: () => rmSync(path, { force: true }),
  };
}
