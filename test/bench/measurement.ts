import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { HTTPServerOptions, Row } from './rows.ts';

/** What one fresh process found; `value` is undefined where the client cannot do the row. */
export interface Outcome {
  readonly value: number | undefined;
  readonly cpuMicros: number | undefined;
}

const PROCESS_TIMEOUT_MS = 120_000;

/** Whether a process can be pinned to the first processor here. */
export const canPin: boolean = spawnSync('taskset', ['-c', '0', process.execPath, '--version']).status === 0;

const LAST_PROCESSOR = availableParallelism() - 1;

/** The processors of a row as `taskset` writes them; undefined where nothing is pinned. */
function processorsOf(row: Row, side: 'client' | 'server'): string | undefined {
  if (!canPin) return undefined;
  if (row.pinned) return '0';
  if (row.server === undefined || LAST_PROCESSOR === 0) return undefined;
  return side === 'server' ? String(LAST_PROCESSOR) : `0-${LAST_PROCESSOR - 1}`;
}

function pinned(processors: string | undefined, command: readonly string[]): readonly string[] {
  return processors === undefined ? command : ['taskset', '-c', processors, ...command];
}

function commandOf(row: Row, peerName: string, nodeOptions: readonly string[]): readonly string[] {
  const measuring = row.server === undefined ? 'measure.mjs' : 'measure-http.mjs';
  const program = row.timeUntil === 'exit' ? ['import-only.mjs', peerName] : [measuring, peerName, row.work ?? row.name];
  const [file = '', ...args] = program;
  const gc = row.name === 'memory' ? ['--expose-gc'] : [];
  return pinned(processorsOf(row, 'client'), [process.execPath, ...gc, ...nodeOptions, join(import.meta.dirname, file), ...args]);
}

/**
 * Runs one measurement in a process of its own, against a server of its own.
 * @throws Error when an answer was wrong or the process did not end well.
 */
export async function measure(row: Row, peerName: string, environment: NodeJS.ProcessEnv, nodeOptions: readonly string[] = []): Promise<Outcome> {
  if (row.server === undefined) return measureProcess(row, peerName, environment, nodeOptions);
  const server = await startServer(row, row.server, environment);
  try {
    return await measureProcess(row, peerName, { ...environment, BENCH_URL: server.url }, nodeOptions);
  } finally {
    await server.stop();
  }
}

interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

function startServer(row: Row, { answers, sessions }: HTTPServerOptions, environment: NodeJS.ProcessEnv): Promise<RunningServer> {
  const file = join(import.meta.dirname, 'server-http.mjs');
  const node = [process.execPath, file, answers, sessions ? 'sessions' : 'stateless'];
  const [command = '', ...args] = pinned(processorsOf(row, 'server'), node);
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    child.stdout.setEncoding('utf8').once('data', (url: string) => resolve({ url: url.trim(), stop: () => stopServer(child) }));
  });
}

function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.stdin?.end();
  });
}

function measureProcess(row: Row, peerName: string, environment: NodeJS.ProcessEnv, nodeOptions: readonly string[]): Promise<Outcome> {
  const [command = '', ...args] = commandOf(row, peerName, nodeOptions);
  return new Promise((resolve, reject) => {
    const before = performance.now();
    let heardAt = 0;
    let output = '';
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], timeout: PROCESS_TIMEOUT_MS });
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (heardAt === 0) heardAt = performance.now();
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4000);
    });
    let endedAt = 0;
    child.on('exit', () => {
      endedAt = performance.now();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code !== 0) return reject(new Error(`${peerName}, ${row.name}: ended with ${signal ?? code}\n${complaint}`));
      if (row.timeUntil === 'exit') return resolve({ value: endedAt - before, cpuMicros: undefined });
      if (row.timeUntil === 'listed') return resolve({ value: heardAt - before, cpuMicros: undefined });
      const reported = JSON.parse(output) as { value: number | null; cpuMicros?: number };
      return resolve({ value: reported.value ?? undefined, cpuMicros: reported.cpuMicros });
    });
  });
}
