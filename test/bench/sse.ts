/** The suite `npm run bench -- sse`: parsers of event streams side by side, without a network. */

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PROJECT_ROOT } from '../helpers/tree.ts';
import { installPeers } from './peers.ts';
import { median, spread } from './statistics.ts';

const PEER = 'eventsource-parser';
const PARSERS = [PEER, 'ours', 'decoded-ahead'] as const;
const COMPILER = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const PROCESS_TIMEOUT_MS = 60_000;

/** What the run of this suite is told. */
export const SSE_USAGE = `  sse
    ${PARSERS.join(', ')}; events of 200 bytes and of 100 KiB in chunks of many sizes
    takes --rounds and --json`;

interface Row {
  readonly event: string;
  readonly chunk: string;
  readonly lineEnd: string;
  readonly args: readonly string[];
}

const EVENTS = { '200 B': 200, '100 KiB': 100 * 1024 };
const CHUNKS = { whole: 0, '64 KiB': 64 * 1024, '1 KiB': 1024, '7 B': 7 };

const ROWS: readonly Row[] = Object.entries(EVENTS).flatMap(([event, eventBytes]) =>
  Object.entries(CHUNKS).flatMap(([chunk, chunkBytes]) =>
    ['LF', 'CRLF'].map((lineEnd) => ({ event, chunk, lineEnd, args: [String(eventBytes), String(chunkBytes), lineEnd] })),
  ),
);

/** Compiles the parser into a fresh temporary folder, as it is published but for the joining of files. The caller removes the folder. */
function compileParser(): string {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-bench-sse-'));
  const lib = join(PROJECT_ROOT, 'lib');
  const config = {
    extends: join(PROJECT_ROOT, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: false, declaration: false, isolatedDeclarations: false },
      ...{ rootDir: lib, outDir: folder, typeRoots: [join(PROJECT_ROOT, 'node_modules', '@types')] },
    },
    include: [],
    files: [join(lib, 'sse', 'sse-parser.ts'), join(lib, 'sse', 'sse-bounds.ts')],
  };
  const path = join(folder, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  execFileSync(process.execPath, [COMPILER, '-p', path], { stdio: ['ignore', 'inherit', 'inherit'] });
  return folder;
}

async function measure(parser: string, row: Row, environment: NodeJS.ProcessEnv): Promise<number> {
  const args = [join(import.meta.dirname, 'measure-sse.mjs'), parser, ...row.args];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment, timeout: PROCESS_TIMEOUT_MS });
  return (JSON.parse(stdout) as { value: number }).value;
}

/** Values by row, parser and round. The parsers take turns within a row, and who is first rotates. */
async function measureAll(rounds: number, environment: NodeJS.ProcessEnv): Promise<Map<Row, Map<string, number[]>>> {
  const measured = new Map(ROWS.map((row) => [row, new Map<string, number[]>(PARSERS.map((parser) => [parser, []]))]));
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
    for (const [row, byParser] of measured) {
      for (let turn = 0; turn < PARSERS.length; turn += 1) {
        const parser = PARSERS[(round + turn) % PARSERS.length] as string;
        byParser.get(parser)?.push(await measure(parser, row, environment));
      }
    }
  }
  return measured;
}

/** What is told of one row. */
interface RowReport {
  readonly megabytesPerSecond: Readonly<Record<string, number>>;
  readonly cells: readonly string[];
  readonly reached: boolean;
}

/** Medians in MB/s, and our values over the peer's of the same round. */
function report({ event, chunk, lineEnd }: Row, byParser: ReadonlyMap<string, readonly number[]>): RowReport & object {
  const [peer = [], ours = [], ahead = []] = PARSERS.map((parser) => byParser.get(parser) ?? []);
  const ratio = spread(ours.map((value, round) => value / (peer[round] ?? NaN))) ?? { median: NaN, low: NaN, high: NaN };
  const toAhead = median(ours.map((value, round) => value / (ahead[round] ?? NaN)));
  const medians = [peer, ours, ahead].map((values) => Math.round(median(values)));
  const range = `${ratio.low.toFixed(2)} – ${ratio.high.toFixed(2)}`;
  const cells = [event, chunk, lineEnd, ...medians.map(String), `${ratio.median.toFixed(2)}×`, range, `${toAhead.toFixed(2)}×`];
  const megabytesPerSecond = Object.fromEntries(PARSERS.map((parser, index) => [parser, medians[index] ?? NaN]));
  return { ...{ event, chunk, lineEnd, ratio, toAhead }, megabytesPerSecond, cells, reached: ratio.median >= 1 };
}

function printTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  return lines.map((cells) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n');
}

/**
 * Measures and prints; `args` is what follows the name of the suite.
 * @throws TypeError for wrong arguments, Error when a parser gave wrong events.
 */
export async function runSSE(args: readonly string[]): Promise<void> {
  const options = { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new TypeError(`--rounds: expected 1 to 100, got "${values.rounds}"`);
  installPeers((line) => process.stderr.write(`${line}\n`));
  const folder = compileParser();
  try {
    const measured = await measureAll(rounds, { PATH: process.env['PATH'], BENCH_SSE: pathToFileURL(folder).href });
    const reports = [...measured].map(([row, byParser]) => report(row, byParser));
    if (values.json) {
      const rows = reports.map(({ cells, ...row }) => row);
      process.stdout.write(`${JSON.stringify({ suite: 'sse', node: process.version, rounds, rows }, undefined, 2)}\n`);
      return;
    }
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules', PEER, 'package.json'), 'utf8')) as { version: string };
    const header = ['event', 'chunk', 'line end', 'peer', 'ours', 'peer, decoded ahead', 'ours to peer', 'range', 'ours to decoded ahead'];
    const reached = reports.filter((row) => row.reached).length;
    const heading = `sse: MB/s, medians of ${rounds} rounds, Node ${process.version}; the peer is ${PEER} ${version} behind a streaming TextDecoder`;
    const table = printTable([header, ...reports.map((row) => row.cells)]);
    process.stdout.write(`${heading}\n\n${table}\n\nat least as fast as the peer: ${reached} of ${reports.length} rows\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
