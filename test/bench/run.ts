/** Benchmarks side by side: `npm run bench -- stdio`, or another suite. README.md in this folder says how to read the output. */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { canPin, measure } from './measurement.ts';
import type { Outcome } from './measurement.ts';
import { buildOurs, installPeers } from './peers.ts';
import type { Peer } from './peers.ts';
import { profileRow } from './profile.ts';
import { printRow, printTargets, reportRow } from './report.ts';
import type { Series } from './report.ts';
import { REDIS_USAGE, runRedis } from './redis.ts';
import type { Row } from './rows.ts';
import { SCHEMA_USAGE, runSchema } from './schema.ts';
import { SSE_USAGE, runSSE } from './sse.ts';
import { median } from './statistics.ts';
import { SUITES } from './suites.ts';
import type { Suite } from './suites.ts';

const USAGE = `Usage: npm run bench -- <suite> [options]

${[...SUITES.map(listSuite), SSE_USAGE, SCHEMA_USAGE, REDIS_USAGE].join('\n\n')}

  --rounds N         how often everything is measured, 1 to 100 (default 5)
  --only row,row     only these rows
  --peers name,name  only these clients
  --profile          instead of measuring, where the client's processor time goes in each row
  --json             the outcome as JSON on stdout
  --help             this text
`;

interface Request {
  readonly suite: Suite;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly peers: readonly Peer[];
  readonly profile: boolean;
  readonly json: boolean;
}

class UsageError extends Error {}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function listSuite({ name, rows, peers }: Suite): string {
  const names = (all: readonly { readonly name: string }[]) => all.map((one) => one.name).join(', ');
  return `  ${name}\n    rows     ${names(rows)}\n    clients  ${names(peers)}`;
}

function pick<T extends { readonly name: string }>(all: readonly T[], names: string | undefined, what: string): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new UsageError(`unknown ${what} "${name}"; known: ${all.map((one) => one.name).join(', ')}`);
    return found;
  });
}

function readArguments(): Request | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      peers: { type: 'string' },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const suite = SUITES.find(({ name }) => name === positionals[0]);
  if (positionals.length !== 1 || suite === undefined) throw new UsageError(`say what to measure: ${[...SUITES.map(({ name }) => name), 'sse', 'schema', 'redis'].join(', ')}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new UsageError(`--rounds: expected 1 to 100, got "${values.rounds}"`);
  const rows = pick(suite.rows, values.only, 'row');
  return { suite, rounds, rows, peers: pick(suite.peers, values.peers, 'client'), profile: values.profile, json: values.json };
}

function rotate<T>(values: readonly T[], by: number): readonly T[] {
  const start = by % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

/** The outcomes of one client in one row, by round. */
class Collected {
  readonly rounds: Outcome[][] = [];
  failure: string | undefined;

  toSeries(peer: Peer): Series {
    const perRound = (read: (outcome: Outcome) => number | undefined): number[] =>
      this.rounds.flatMap((outcomes) => {
        const values = outcomes.map(read).filter((value) => value !== undefined);
        return values.length === 0 ? [] : [median(values)];
      });
    const failed = this.failure !== undefined;
    return {
      peer,
      values: failed ? [] : perRound((outcome) => outcome.value),
      cpuMicros: failed ? [] : perRound((outcome) => outcome.cpuMicros),
      failure: this.failure,
    };
  }
}

async function measureRound(row: Row, round: number, collected: Map<Peer, Collected>, environment: NodeJS.ProcessEnv): Promise<void> {
  for (const { rounds } of collected.values()) rounds.push([]);
  for (let turn = 0; turn < row.processes; turn += 1) {
    for (const peer of rotate([...collected.keys()], round + turn)) {
      const mine = collected.get(peer);
      if (mine === undefined || mine.failure !== undefined) continue;
      try {
        mine.rounds[round]?.push(await measure(row, peer.name, environment));
      } catch (error) {
        mine.failure = error instanceof Error ? error.message : String(error);
        say(mine.failure);
      }
    }
  }
}

async function measureAll(request: Request, environment: NodeJS.ProcessEnv): Promise<Map<Row, Series[]>> {
  const collected = new Map(request.rows.map((row) => [row, new Map(request.peers.map((peer) => [peer, new Collected()]))]));
  const began = performance.now();
  for (let round = 0; round < request.rounds; round += 1) {
    for (const [row, byPeer] of collected) {
      if (round >= row.maxRounds) continue;
      say(`[${((performance.now() - began) / 1000).toFixed(0).padStart(3)} s] round ${round + 1} of ${request.rounds}: ${row.name}`);
      await measureRound(row, round, byPeer, environment);
    }
  }
  return new Map([...collected].map(([row, byPeer]) => [row, [...byPeer].map(([peer, mine]) => mine.toSeries(peer))]));
}

async function measureAndPrint(request: Request, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const measured = await measureAll(request, environment);
  const reports = [...measured].map(([row, series]) => reportRow(row, series));
  const machine = { node: process.version, platform: `${process.platform} ${process.arch}`, processors: availableParallelism(), pinned: canPin };
  if (request.json) {
    process.stdout.write(`${JSON.stringify({ suite: request.suite.name, ...machine, rounds: request.rounds, rows: reports }, undefined, 2)}\n`);
  } else {
    const tables = [...measured.keys()].map((row, index) => printRow(row, reports[index] as (typeof reports)[number]));
    const pinning = canPin ? '' : '\nno taskset here: the sequential row is not pinned to one processor';
    const rounds = request.rounds === 1 ? '1 round' : `${request.rounds} rounds`;
    const heading = `${request.suite.name}: ${rounds}, Node ${machine.node}, ${machine.platform}, ${machine.processors} processors${pinning}`;
    process.stdout.write(`${[heading, ...tables, printTargets(reports)].filter((part) => part !== '').join('\n\n')}\n`);
  }
  return reports.every((report) => report.clients.every((line) => line.failure === undefined));
}

async function profileAndPrint(request: Request, environment: NodeJS.ProcessEnv): Promise<boolean> {
  for (const row of request.rows.filter((one) => one.timeUntil === 'reported')) {
    for (const peer of request.peers) process.stdout.write(`${await profileRow(row, peer.name, environment)}\n\n`);
  }
  return true;
}

// The clients pass different variables on to the server, and some, such as NODE_EXTRA_CA_CERTS, slow the start of every Node
// process: only what a process needs reaches a measurement.
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot', 'TEMP', 'USERPROFILE'];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)));
}

async function run(request: Request): Promise<boolean> {
  installPeers(say);
  const needsOurs = request.peers.some((peer) => peer.name.startsWith('ours'));
  const ours = needsOurs ? buildOurs(say) : undefined;
  const environment = { ...plainEnvironment(), BENCH_OURS: ours?.entry ?? '' };
  try {
    return await (request.profile ? profileAndPrint : measureAndPrint)(request, environment);
  } finally {
    if (ours !== undefined) rmSync(ours.folder, { recursive: true, force: true });
  }
}

/** Exit code 1 for wrong arguments, a wrong answer or a process that failed; never for a time. */
async function main(): Promise<void> {
  try {
    if (process.argv[2] === 'sse') return await runSSE(process.argv.slice(3));
    if (process.argv[2] === 'schema') return await runSchema(process.argv.slice(3));
    if (process.argv[2] === 'redis') return await runRedis(process.argv.slice(3));
    const request = readArguments();
    if (request === undefined) process.stdout.write(USAGE);
    else if (!(await run(request))) process.exitCode = 1;
  } catch (error) {
    const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    say(usage ? `${(error as Error).message}\n\n${USAGE}` : error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  }
}

await main();
