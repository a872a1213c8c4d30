/**
 * Runs the suite under every runtime that the library is for: this Node, Node 22, 24 and 26, Bun and Deno. The tests of house/ judge
 * the text of the project, which is the same everywhere: without words they run under this Node only.
 *
 *   npm ci --prefix test/runtimes
 *   node --import tsx test/runtimes/run.ts                     all of them
 *   node --import tsx test/runtimes/run.ts --only bun,deno     some of them: own, node22, node24, node26, bun, deno
 *   node --import tsx test/runtimes/run.ts unit stdio          files whose path contains one of the words
 *
 * One line a runtime, at the end all that failed, in short, then `N passed, N failed`. Exit code 1 when a test failed, or a
 * runtime is missing or ran nothing.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { findTests, PROJECT_ROOT, TEST_FOLDERS } from '../helpers/tree.ts';
import { bunFailures, denoFailures, describeFailures, failureOfRun, nodeFailures } from './failures.ts';
import type { Failure } from './failures.ts';

const PLACE = join(import.meta.dirname, 'node_modules');
const SUITE_LIMIT_MS = 20 * 60_000;
const FILE_LIMIT_MS = 5 * 60_000;
const TEST_LIMIT_MS = 60_000;
// For every runtime but this Node: see test/helpers/repetitions.ts.
const FEW = { REPETITIONS: 'few' };
// A file waits for half of its time, for processes that it started and for timers.
const FILES_AT_ONCE = Math.ceil(1.5 * availableParallelism());
// The words that find all but house/.
const BEHAVIOUR = TEST_FOLDERS.filter((folder) => folder !== 'house').map((folder) => `${folder}/`);

/** What was counted, and what a reader needs to see of it. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, as it was printed; empty when nothing did. */
  readonly report: string;
  /** The same, one by one; at least one where something failed. */
  readonly failures: readonly Failure[];
}

interface Runtime {
  readonly name: string;
  readonly binary: string;
  readonly run: (binary: string, words: readonly string[]) => Promise<Count>;
  /** What it runs where nothing is asked for; empty: everything. */
  readonly words: readonly string[];
}

/** How a program ended, and everything it printed. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end from the root of the project and gives everything it printed. */
function runToEnd(binary: string, args: readonly string[], limitMs: number, variables: NodeJS.ProcessEnv = FEW): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(PLACE, '.deno') };
    const child = spawn(binary, args, { cwd: PROJECT_ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
    const chunks: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, output: chunks.join('') + (signal === null ? '' : `\nended by ${signal}, after at most ${limitMs} ms`) }));
  });
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

/** A count that does not hide an exit code: a run that ended badly has failed, whatever it printed. */
function honest({ exitCode, output }: Ended, passed: number, atLeast: number, skipped: number, read: (output: string) => Failure[]): Count {
  const failed = Math.max(atLeast, exitCode === 0 && passed + skipped > 0 ? 0 : 1);
  if (failed === 0) return { passed, failed, skipped, report: '', failures: [] };
  const failures = read(output);
  return { passed, failed, skipped, report: output, failures: failures.length > 0 ? failures : [failureOfRun(output)] };
}

/** Reads the last line of test/run.ts. */
export function countNode(ended: Ended): Count {
  const line = ended.output.split('\n').findLast((text) => /^\d+ passed, \d+ failed/.test(text)) ?? '';
  const count = honest(ended, numberIn(line, /^(\d+) passed/), numberIn(line, /(\d+) failed/), numberIn(line, /(\d+) skipped/), nodeFailures);
  const begin = ended.output.indexOf('\nFailed:');
  return { ...count, report: count.report.slice(Math.max(begin, 0)) };
}

/** Reads the summary of `bun test`. */
export function countBun(ended: Ended): Count {
  const { output } = ended;
  const failed = numberIn(output, /^ *(\d+) fail$/m) + numberIn(output, /^ *(\d+) errors?$/m);
  return honest(ended, numberIn(output, /^ *(\d+) pass$/m), failed, numberIn(output, /^ *(\d+) skip$/m), bunFailures);
}

/** Reads the lines of `deno test`: groups are not counted, they stand behind their tests and further left. */
export function countDeno(ended: Ended): Count {
  const counts = { ok: 0, FAILED: 0, ignored: 0 };
  let before = 0;
  for (const match of ended.output.matchAll(/^( *)\S.* \.\.\. (ok|FAILED|ignored)(?: \(.*\))?$/gm)) {
    const depth = (match[1] ?? '').length;
    if (before <= depth) counts[match[2] as keyof typeof counts]++;
    before = depth;
  }
  return honest(ended, counts.ok, counts.FAILED, counts.ignored, denoFailures);
}

/** Runs one process a file, a few at once, and adds up what `count` reads. */
async function runFiles(words: readonly string[], run: (file: string) => Promise<Ended>, count: (ended: Ended) => Count): Promise<Count> {
  const waiting = findTests(join(PROJECT_ROOT, 'test'), words);
  const counts: Count[] = [];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const counted = count(await run(file));
      const name = relative(PROJECT_ROOT, file);
      const failures = counted.failures.map((failure) => ({ ...failure, file: relative('test', name) }));
      counts.push({ ...counted, report: counted.report === '' ? '' : `\n── ${name}\n${counted.report}`, failures });
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  return total(counts);
}

function total(counts: readonly Count[]): Count {
  const sum = (read: (count: Count) => number): number => counts.reduce((all, count) => all + read(count), 0);
  return {
    passed: sum((count) => count.passed),
    failed: sum((count) => count.failed),
    skipped: sum((count) => count.skipped),
    report: counts.map((count) => count.report).join(''),
    failures: counts.flatMap((count) => count.failures),
  };
}

const withNode = (flags: readonly string[] = [], variables: NodeJS.ProcessEnv = FEW): Runtime['run'] => async (binary, words) =>
  countNode(await runToEnd(binary, [...flags, 'test/run.ts', '--concurrency', String(FILES_AT_ONCE), ...words], SUITE_LIMIT_MS, variables));
const withBun: Runtime['run'] = (binary, words) =>
  runFiles(words, (file) => runToEnd(binary, ['test', '--timeout', String(TEST_LIMIT_MS), file], FILE_LIMIT_MS), countBun);
const withDeno: Runtime['run'] = (binary, words) =>
  runFiles(words, (file) => runToEnd(binary, ['test', '-A', '--no-check', '--no-lock', file], FILE_LIMIT_MS), countDeno);

const nodeBinary = (major: number): string => join(PLACE, `node${major}-linux-x64`, 'bin', 'node');

/** Every runtime. All but the first are programs for Linux on x64. */
const RUNTIMES: readonly Runtime[] = [
  { name: 'own', binary: process.execPath, run: withNode(['--import', 'tsx'], {}), words: [] },
  { name: 'node22', binary: nodeBinary(22), run: withNode(), words: BEHAVIOUR },
  { name: 'node24', binary: nodeBinary(24), run: withNode(), words: BEHAVIOUR },
  { name: 'node26', binary: nodeBinary(26), run: withNode(), words: BEHAVIOUR },
  { name: 'bun', binary: join(PLACE, '@oven', 'bun-linux-x64', 'bin', 'bun'), run: withBun, words: BEHAVIOUR },
  { name: 'deno', binary: join(PLACE, '@deno', 'linux-x64-glibc', 'deno'), run: withDeno, words: BEHAVIOUR },
];

async function runOne({ name, binary, run }: Runtime, words: readonly string[]): Promise<Count> {
  if (!existsSync(binary)) {
    const text = `is not installed at ${binary}; run npm ci in test/runtimes`;
    console.log(`${name}: ${text}`);
    return { passed: 0, failed: 1, skipped: 0, report: '', failures: [{ file: '', title: name, text }] };
  }
  const begin = performance.now();
  const { output } = await runToEnd(binary, ['--version'], 10_000);
  const count = await run(binary, words);
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  const seconds = Math.round((performance.now() - begin) / 1000);
  console.log(`${name} (${output.trim().split('\n')[0]}): ${count.passed} passed, ${count.failed} failed${skipped}, ${seconds} s`);
  if (count.report !== '') console.log(count.report);
  return count;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !RUNTIMES.some((runtime) => runtime.name === name)) ?? [];
  if (unknown.length > 0) throw new RangeError(`--only knows ${RUNTIMES.map((runtime) => runtime.name).join(', ')}; got ${unknown.join(', ')}`);
  const counts: Count[] = [];
  const failures: Array<Failure & { readonly runtime: string }> = [];
  for (const runtime of RUNTIMES) {
    if (only !== undefined && !only.includes(runtime.name)) continue;
    const count = await runOne(runtime, positionals.length > 0 ? positionals : runtime.words);
    counts.push(count);
    failures.push(...count.failures.map((failure) => ({ ...failure, runtime: runtime.name })));
  }
  const { passed, failed, skipped } = total(counts);
  if (failures.length > 0) console.log(`\n${describeFailures(failures)}\n`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // A run that stops in the middle, for whatever reason, has failed.
  process.exitCode = 1;
  process.exitCode = await main();
}
