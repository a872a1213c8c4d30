import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Row } from './rows.ts';

/** What one fresh process found; `value` is undefined where the client cannot do the row. */
export interface Outcome {
  readonly value: number | undefined;
  readonly cpuMicros: number | undefined;
}

const PROCESS_TIMEOUT_MS = 120_000;

/** Whether a process can be pinned to the first processor here. */
export const canPin: boolean = spawnSync('taskset', ['-c', '0', process.execPath, '--version']).status === 0;

function commandOf(row: Row, peerName: string, nodeOptions: readonly string[]): readonly string[] {
  const program = row.timeUntil === 'exit' ? ['import-only.mjs', peerName] : ['measure.mjs', peerName, row.name];
  const [file = '', ...args] = program;
  const gc = row.name === 'memory' ? ['--expose-gc'] : [];
  const node = [process.execPath, ...gc, ...nodeOptions, join(import.meta.dirname, file), ...args];
  return row.pinned && canPin ? ['taskset', '-c', '0', ...node] : node;
}

/**
 * Runs one measurement in a process of its own.
 * @throws Error when an answer was wrong or the process did not end well.
 */
export function measure(row: Row, peerName: string, environment: NodeJS.ProcessEnv, nodeOptions: readonly string[] = []): Promise<Outcome> {
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
