/** Runs programs for tests, each with a bound and without a terminal. */

import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** How a program ended, and what it printed. */
export interface ProgramResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 120_000;

/** Why a test that needs Node itself, npm or the compiler is skipped here; `false` on Node. */
export const NOT_ON_NODE: string | false =
  process.versions['bun'] !== undefined || process.versions['deno'] !== undefined ? 'needs Node itself, with npm and the compiler' : false;

/** Runs a program to its end in `folder`. A program that cannot be started, or takes two minutes, has the exit code `null`. */
export function runProgram(file: string, args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}): ProgramResult {
  const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', ...env };
  // This process is itself started by the test runner, and says so to every child; a program is not part of the run.
  delete environment['NODE_TEST_CONTEXT'];
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd: folder, env: environment, encoding: 'utf8', timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  return { exitCode: status, stdout: stdout ?? '', stderr: error === undefined ? stderr : `${error.message}\n${stderr ?? ''}` };
}

/** Runs TypeScript with the present Node, whichever it is. */
export function runTypeScript(args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}): ProgramResult {
  return runProgram(process.execPath, ['--import', import.meta.resolve('tsx'), ...args], folder, env);
}
