/** The suite `npm run bench -- redis`: clients of Redis side by side, against a real `redis-server` on a free port of the loopback. */

import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { canPin } from './measurement.ts';
import { buildOurs, installPeers } from './peers.ts';
import { buildRedisAlone } from './redis-build.ts';
import { printRedisRow, printRedisSizes, reportRedisRow } from './redis-report.ts';
import type { RedisSeries } from './redis-report.ts';
import { REDIS_PEERS, REDIS_ROWS, hasRow } from './redis-rows.ts';
import type { RedisPeer, RedisRow } from './redis-rows.ts';
import { sizeOfPackage, sizesOfBuild } from './redis-size.ts';
import { median } from './statistics.ts';

const PROCESS_TIMEOUT_MS = 60_000;
const LAST_PROCESSOR = availableParallelism() - 1;

const names = (all: readonly { readonly name: string }[]): string => all.map(({ name }) => name).join(', ');

/** What the run of this suite is told. */
export const REDIS_USAGE = `  redis
    rows     ${names(REDIS_ROWS)}
    clients  ${names(REDIS_PEERS)}
    takes --rounds, --only, --peers and --json; needs redis-server, redis-cli and openssl`;

interface RedisRequest {
  readonly rounds: number;
  readonly rows: readonly RedisRow[];
  readonly peers: readonly RedisPeer[];
  readonly json: boolean;
}

function pick<T extends { readonly name: string }>(all: readonly T[], wanted: string | undefined, what: string): readonly T[] {
  if (wanted === undefined) return all;
  return wanted.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new TypeError(`unknown ${what} "${name}"; known: ${names(all)}`);
    return found;
  });
}

function readRequest(args: readonly string[]): RedisRequest {
  const text = { type: 'string' } as const;
  const options = { rounds: { ...text, default: '5' }, only: text, peers: text, json: { type: 'boolean', default: false } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new TypeError(`--rounds: expected 1 to 100, got "${values.rounds}"`);
  return { rounds, rows: pick(REDIS_ROWS, values.only, 'row'), peers: pick(REDIS_PEERS, values.peers, 'client'), json: values.json };
}

interface RedisOutcome {
  readonly value: number;
  readonly cpuMicros?: number;
}

/** The processors of one side as `taskset` writes them: one for both where they share it, else the last for the server. */
function processorsOf(row: RedisRow, side: 'client' | 'server'): string {
  if (row.isPinned || LAST_PROCESSOR === 0) return '0';
  return side === 'server' ? String(LAST_PROCESSOR) : `0-${LAST_PROCESSOR - 1}`;
}

function commandOf(row: RedisRow, peer: RedisPeer): readonly [string, ...string[]] {
  const program = row.name === 'import' ? ['import-redis.mjs', peer.name] : ['measure-redis.mjs', peer.name, row.name];
  const [file = '', ...args] = program;
  const command = [process.execPath, join(import.meta.dirname, file), ...args] as const;
  return canPin ? ['taskset', '-c', processorsOf(row, 'client'), ...command] : [command[0], ...command.slice(1)];
}

/** Runs one process; rejects when an answer was wrong or it did not end well. */
function measureOnce(row: RedisRow, peer: RedisPeer, environment: NodeJS.ProcessEnv): Promise<RedisOutcome> {
  const [command, ...args] = commandOf(row, peer);
  return new Promise((resolve, reject) => {
    const before = performance.now();
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], timeout: PROCESS_TIMEOUT_MS });
    let output = '';
    let complaint = '';
    let endedAt = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-4_000)));
    child.on('error', reject);
    child.on('exit', () => (endedAt = performance.now()));
    child.on('close', (code, signal) => {
      if (code !== 0) reject(new Error(`${peer.name}, ${row.name}: ended with ${signal ?? code}\n${complaint}`));
      else resolve(row.name === 'import' ? { value: endedAt - before } : (JSON.parse(output) as RedisOutcome));
    });
  });
}

/** One round of one row: the clients take turns, and who is first rotates. */
async function measureRound(row: RedisRow, round: number, byPeer: ReadonlyMap<RedisPeer, RedisOutcome[]>, environment: NodeJS.ProcessEnv): Promise<void> {
  const peers = [...byPeer.keys()];
  const found = new Map(peers.map((peer) => [peer, [] as RedisOutcome[]]));
  for (let turn = 0; turn < row.processes * peers.length; turn += 1) {
    const peer = peers[(round + turn) % peers.length] as RedisPeer;
    found.get(peer)?.push(await measureOnce(row, peer, environment));
  }
  for (const [peer, outcomes] of found) {
    const cpuMicros = outcomes.flatMap((outcome) => outcome.cpuMicros ?? []);
    const value = median(outcomes.map((outcome) => outcome.value));
    byPeer.get(peer)?.push(cpuMicros.length === 0 ? { value } : { value, cpuMicros: median(cpuMicros) });
  }
}

function pinServer(server: RedisServer, row: RedisRow): void {
  if (canPin) execFileSync('taskset', ['-acp', processorsOf(row, 'server'), String(server.processId)], { stdio: 'ignore' });
}

/** The files that are measured, as URLs. */
interface BuiltEntries {
  readonly ours: string;
  readonly alone: string;
}

async function measureRedis({ rounds, rows, peers }: RedisRequest, server: RedisServer, { ours, alone }: BuiltEntries): Promise<Map<RedisRow, RedisSeries[]>> {
  // Some variables slow the start of every process of Node: only what one needs reaches a measurement.
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], BENCH_OURS: ours, BENCH_OURS_ALONE: alone, BENCH_URL: server.url };
  const measured = new Map(rows.map((row) => [row, new Map(peers.filter((peer) => hasRow(peer, row)).map((peer) => [peer, [] as RedisOutcome[]]))]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [row, byPeer] of measured) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${row.name}\n`);
      pinServer(server, row);
      await measureRound(row, round, byPeer, environment);
    }
  }
  const series = (byPeer: ReadonlyMap<RedisPeer, RedisOutcome[]>): RedisSeries[] =>
    [...byPeer].map(([peer, outcomes]) => ({
      peer,
      values: outcomes.map(({ value }) => value),
      cpuMicros: outcomes.flatMap(({ cpuMicros }) => cpuMicros ?? []),
    }));
  return new Map([...measured].map(([row, byPeer]) => [row, series(byPeer)]));
}

/**
 * Measures and prints; `args` is what follows the name of the suite. Where no Redis is installed it says so and measures nothing.
 * @throws TypeError for wrong arguments, Error when a client gave a wrong answer.
 */
export async function runRedis(args: readonly string[]): Promise<void> {
  const request = readRequest(args);
  if (skipWithoutRedis !== false) {
    process.stderr.write(`redis: nothing was measured: it ${skipWithoutRedis}\n`);
    return;
  }
  const say = (line: string) => process.stderr.write(`${line}\n`);
  installPeers(say);
  const built = buildOurs(say);
  const alone = buildRedisAlone();
  const server = await startRedis();
  try {
    const measured = await measureRedis(request, server, { ours: built.entry, alone: alone.entry });
    const reports = [...measured].map(([row, series]) => reportRedisRow(row, series));
    const { whole, client } = sizesOfBuild(built.folder);
    const peers = REDIS_PEERS.filter(({ name, isPeer }) => isPeer && name !== 'ioredis-auto');
    const sizes = [client, whole, ...peers.map(({ name, title }) => sizeOfPackage(name, title))];
    const machine = { node: process.version, server: await versionOfServer(server), processors: availableParallelism(), pinned: canPin };
    if (request.json) {
      process.stdout.write(`${JSON.stringify({ suite: 'redis', ...machine, rounds: request.rounds, rows: reports, sizes }, undefined, 2)}\n`);
      return;
    }
    const pinning = canPin ? '' : ', nothing is pinned';
    const heading = `redis: medians of ${request.rounds} rounds, Node ${machine.node}, redis-server ${machine.server}, ${machine.processors} processors${pinning}`;
    process.stdout.write(`${[heading, ...reports.map(printRedisRow), printRedisSizes(sizes)].join('\n\n')}\n`);
  } finally {
    await server.stop();
    for (const { folder } of [built, alone]) rmSync(folder, { recursive: true, force: true });
  }
}

async function versionOfServer(server: RedisServer): Promise<string> {
  return /redis_version:(\S+)/.exec(await server.cli('info', 'server'))?.[1] ?? 'unknown';
}
