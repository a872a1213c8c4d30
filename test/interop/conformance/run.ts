/**
 * Runs the official conformance suite against this client, scenario by scenario, on each Node that it is tested on, two at a
 * time, prints what each checked, and ends with one line `N passed, N failed`. Exits with 1 when one failed, when nothing
 * passed, or when the suite has scenarios that scenarios.ts does not know.
 *
 *   node --import tsx conformance/run.ts                      all of scenarios.ts
 *   node --import tsx conformance/run.ts sse-retry            those whose name contains one of the words
 *   node --import tsx conformance/run.ts --only 'Node 24'     on one Node
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MARK_VARIABLE, killMarked, newMark } from '../process-census.ts';
import { CLIENTS, SUITE_ARGV, installNode24, runToEnd } from './programs.ts';
import type { Client, Ended } from './programs.ts';
import { SCENARIOS, disagreements } from './scenarios.ts';
import type { Listed, Scenario } from './scenarios.ts';

/** One scenario at one revision with one client. */
interface Run {
  readonly scenario: Scenario;
  readonly revision: string;
  readonly client: Client;
}

/** One check, as the suite writes it. */
interface Check {
  readonly id: string;
  readonly description: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** How one attempt went; the output is the suite's, with the client's words where it failed. */
interface Attempt extends Ended {
  readonly checks: readonly Check[];
  /** Processes that were still alive afterwards. */
  readonly leftovers: readonly string[];
}

const SCENARIO_LIMIT_MS = 30_000;
const LIST_LIMIT_MS = 30_000;
/** Each has a server and ports of its own; more would only wait for processors. */
const RUNS_AT_ONCE = 2;
const TIMED_ATTEMPTS = 3;

/** The scenarios that the suite has for clients; an extension has no revision. */
async function listScenarios(): Promise<Listed[]> {
  const { output } = await runToEnd([...SUITE_ARGV, 'list', '--client'], process.env, LIST_LIMIT_MS);
  const listed = [...output.matchAll(/^ +- (\S+) \[(\S+)\]$/gm)].map(([, name = '', revisions = '']) => ({ name, revisions: revisions.split(',') }));
  if (listed.length === 0) throw new Error(`The suite lists no scenarios:\n${output}`);
  return listed;
}

/** The suite cuts the command at blanks and hands it to a shell: quotes keep a path together. */
const commandOf = ({ argv }: Client): string => argv.map((word) => `'${word}'`).join(' ');

async function attempt({ scenario, revision, client }: Run): Promise<Attempt> {
  const mark = newMark();
  const folder = mkdtempSync(join(tmpdir(), 'barewire-conformance-'));
  try {
    const args = ['--scenario', scenario.name, '--spec-version', revision, '--timeout', String(SCENARIO_LIMIT_MS), '--output-dir', folder, ...(scenario.extension === true ? ['--force'] : [])];
    const env = { ...process.env, [MARK_VARIABLE]: mark };
    const ended = await runToEnd([...SUITE_ARGV, 'client', '--command', commandOf(client), ...args], env, SCENARIO_LIMIT_MS * 2);
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

/** Whether the suite is content, something was checked at all, the wire too where it can be, and nobody stayed behind. */
function hasPassed({ wire }: Scenario, { checks, exitCode, leftovers }: Attempt): boolean {
  const ids = (status: Check['status']): string[] => checks.filter((check) => check.status === status).map(({ id }) => id);
  const wanted = wire === true ? ids('SUCCESS').includes('wire-schema-valid') : ids('SUCCESS').length > 0;
  return exitCode === 0 && wanted && ids('FAILURE').length + ids('WARNING').length === 0 && leftovers.length === 0;
}

function print({ scenario, revision, client }: Run, result: Attempt, passed: boolean): void {
  console.log(`${passed ? '✔' : '✖'} ${scenario.name} at ${revision} on ${client.name}`);
  for (const { id, description, status, errorMessage } of result.checks) {
    if (status === 'INFO') continue;
    console.log(`    ${status.toLowerCase()} ${id}: ${description}${errorMessage === undefined ? '' : ` (${errorMessage})`}`);
  }
  for (const leftover of result.leftovers) console.log(`    still alive: ${leftover}`);
  if (!passed) console.log(result.output.replace(/^/gm, '    | '));
}

/** Makes one run, and says whether it passed. */
async function make(run: Run): Promise<boolean> {
  for (let left = run.scenario.timed === true ? TIMED_ATTEMPTS : 1; ; left -= 1) {
    const result = await attempt(run);
    const passed = hasPassed(run.scenario, result);
    print(run, result, passed);
    if (passed || left <= 1) return passed;
    console.log('    once more');
  }
}

/** Makes runs, `atOnce` at a time, and says how many passed. */
async function makeAll(runs: readonly Run[], atOnce: number): Promise<number> {
  const waiting = [...runs];
  let passed = 0;
  const work = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) if (await make(run)) passed += 1;
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return passed;
}

/** The runs that the arguments of this program choose. */
function choose(): Run[] {
  const { values, positionals: words } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
  const clients = CLIENTS.filter(({ name }) => values.only === undefined || name === values.only);
  if (clients.length === 0) throw new RangeError(`--only knows ${CLIENTS.map(({ name }) => name).join(', ')}; got ${String(values.only)}`);
  const scenarios = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  return clients.flatMap((client) => scenarios.flatMap((scenario) => scenario.revisions.map((revision) => ({ scenario, revision, client }))));
}

async function main(): Promise<number> {
  const runs = choose();
  await installNode24();
  const isTimed = ({ scenario }: Run): boolean => scenario.timed === true;
  let passed = await makeAll(runs.filter((run) => !isTimed(run)), RUNS_AT_ONCE);
  passed += await makeAll(runs.filter(isTimed), 1);
  const unknown = disagreements(await listScenarios());
  for (const sentence of unknown) console.log(`✖ ${sentence}`);
  const failed = runs.length - passed + unknown.length;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

// A run that stops in the middle, for whatever reason, has failed.
process.exitCode = 1;
process.exitCode = await main();
