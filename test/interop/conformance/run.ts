/**
 * Runs the official conformance suite against this client, scenario by scenario, prints what each checked, and ends with one
 * line `N passed, N failed`, counted in scenarios. Exits with 1 when one failed, or when nothing passed.
 *
 *   node --import tsx conformance/run.ts                 every scenario of the table below
 *   node --import tsx conformance/run.ts sse-retry       those whose name contains one of the words
 *
 * The suite runs on Node 22 or newer: this Node where it is one, otherwise the Node 24 of `test/runtimes`, which is
 * installed when it is missing. The client under test runs on this Node.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MARK_VARIABLE, killMarked, newMark } from '../process-census.ts';

/** A scenario, at the revision that its server and its checks speak. */
interface Scenario {
  readonly name: string;
  readonly revision: string;
  /** More than one where a check compares times of the clock, which a busy machine can spoil. */
  readonly attempts: number;
}

/** One check, as the suite writes it. */
interface Check {
  readonly id: string;
  readonly description: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** How a program ended, and all it printed. */
interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** How one attempt went; the output is the suite's, with the client's words where it failed. */
interface Attempt extends Ended {
  readonly checks: readonly Check[];
  /** Processes that were still alive afterwards. */
  readonly leftovers: readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'initialize', revision: '2025-11-25', attempts: 1 },
  { name: 'tools_call', revision: '2025-11-25', attempts: 1 },
  { name: 'sse-retry', revision: '2025-11-25', attempts: 3 },
  { name: 'json-schema-2020-12-preservation', revision: '2025-11-25', attempts: 1 },
  { name: 'elicitation-sep1034-client-defaults', revision: '2025-11-25', attempts: 1 },
  { name: 'tools_call', revision: '2026-07-28', attempts: 1 },
  { name: 'request-metadata', revision: '2026-07-28', attempts: 1 },
  { name: 'http-standard-headers', revision: '2026-07-28', attempts: 1 },
  { name: 'json-schema-ref-no-deref', revision: '2026-07-28', attempts: 1 },
  { name: 'json-schema-2020-12-preservation', revision: '2026-07-28', attempts: 1 },
];

const SCENARIO_LIMIT_MS = 30_000;
const INSTALL_LIMIT_MS = 300_000;
const OLDEST_MAJOR = 22;

const PLACE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = dirname(PLACE);
const RUNTIMES = join(PACKAGE, '..', 'runtimes');
const SUITE = join(PACKAGE, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

/** Runs a program to its end in the folder of the package, and gives its exit code and all it printed. */
function runToEnd(argv: readonly string[], env: NodeJS.ProcessEnv, limitMs: number): Promise<Ended> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: PACKAGE, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
    const words: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => words.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output: words.join('') }));
  });
}

/** A Node that the suite runs on. */
async function findSuiteNode(): Promise<string> {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR) return process.execPath;
  const installed = join(RUNTIMES, 'node_modules/node24-linux-x64/bin/node');
  if (!existsSync(installed)) {
    const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', RUNTIMES];
    const { exitCode, output } = await runToEnd(install, process.env, INSTALL_LIMIT_MS);
    if (exitCode !== 0) throw new Error(`npm ci in test/runtimes ended with ${exitCode}:\n${output}`);
  }
  return installed;
}

/** The suite cuts the command at blanks and hands it to a shell: quotes keep a path together. */
const CLIENT_COMMAND = [`'${process.execPath}'`, '--import', 'tsx', `'${join(PLACE, 'client.ts')}'`].join(' ');

async function attempt(node: string, { name, revision }: Scenario): Promise<Attempt> {
  const mark = newMark();
  const folder = mkdtempSync(join(tmpdir(), 'barewire-conformance-'));
  try {
    const args = ['--scenario', name, '--spec-version', revision, '--timeout', String(SCENARIO_LIMIT_MS), '--output-dir', folder];
    const env = { ...process.env, [MARK_VARIABLE]: mark };
    const ended = await runToEnd([node, SUITE, 'client', '--command', CLIENT_COMMAND, ...args], env, SCENARIO_LIMIT_MS * 2);
    return { ...ended, checks: readChecks(folder), leftovers: killMarked(mark) };
  } finally {
    killMarked(mark);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The checks of the only result in `folder`; none when the suite wrote none. */
function readChecks(folder: string): Check[] {
  const results = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('checks.json'));
  const [path] = results;
  return path === undefined || results.length > 1 ? [] : (JSON.parse(readFileSync(join(folder, path), 'utf8')) as Check[]);
}

/** Whether the suite is content, something was checked at all, and nobody stayed behind. */
function hasPassed({ checks, exitCode, leftovers }: Attempt): boolean {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return exitCode === 0 && count('SUCCESS') > 0 && count('FAILURE') + count('WARNING') === 0 && leftovers.length === 0;
}

function print({ name, revision }: Scenario, result: Attempt, passed: boolean): void {
  console.log(`${passed ? '✔' : '✖'} ${name} at ${revision}`);
  for (const { id, description, status, errorMessage } of result.checks) {
    if (status === 'INFO') continue;
    console.log(`    ${status.toLowerCase()} ${id}: ${description}${errorMessage === undefined ? '' : ` (${errorMessage})`}`);
  }
  for (const leftover of result.leftovers) console.log(`    still alive: ${leftover}`);
  if (!passed) console.log(result.output.replace(/^/gm, '    | '));
}

/** Runs one scenario, and says whether it passed. */
async function runScenario(node: string, scenario: Scenario): Promise<boolean> {
  for (let left = scenario.attempts; ; left -= 1) {
    const result = await attempt(node, scenario);
    const passed = hasPassed(result);
    print(scenario, result, passed);
    if (passed || left <= 1) return passed;
    console.log('    once more');
  }
}

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const chosen = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const node = await findSuiteNode();
  let passed = 0;
  for (const scenario of chosen) if (await runScenario(node, scenario)) passed += 1;
  console.log(`${passed} passed, ${chosen.length - passed} failed`);
  return passed === chosen.length && passed > 0 ? 0 : 1;
}

// A run that stops in the middle, for whatever reason, has failed.
process.exitCode = 1;
process.exitCode = await main();
