/**
 * One session of one server, shared by worker processes over a real Redis: what the server sees of them when they begin together, lose the
 * session together, leave it, are killed, and when Redis is away.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import process from 'node:process';
import { RedisSessionManager, sessionKey } from '../../lib/index.ts';
import type { StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import type { CallOutcome, Contention, WorkerSettings } from '../fixtures/shared-session-worker.ts';
import { IdCountingServer, SharedSessionServer } from '../fixtures/shared-session-server.ts';
import { hostCommand } from '../helpers/fixture.ts';
import { RUNTIME } from '../helpers/http-server-handle.ts';
import { keysWithPrefix, skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { times } from '../helpers/repetitions.ts';
import { sessionRecord } from '../helpers/session-manager-contract.ts';
import { until } from '../helpers/until.ts';

const skip = skipWithoutRedis;
const LIMIT = { skip, timeout: 60_000 };
const WORKERS = 8;
// Of a Redis that goes away. Where it does not, a busy machine may take its time.
const OPERATION_MS = 500;
const PATIENT = { operationTimeoutMs: 20_000 };
const LEASE_MS = 1_000;
const CALLS = times(100_000, 16_000);
const EPOCHS = times(2_000, 500);
// How much later than its bound something may happen on a machine that is busy.
const SLACK_MS = 10_000;
const WHO = 'all the workers';

let common: RedisServer;

/** A process of test/fixtures/shared-session-worker.ts. */
class Worker {
  readonly name: string;
  readonly #child: ReturnType<typeof Worker.start>;
  readonly #exited: Promise<void>;
  readonly #waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (reason: unknown) => void }>();
  #told = 0;
  isAlive = true;

  constructor(name: string) {
    this.name = name;
    const child = Worker.start();
    this.#child = child;
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.isAlive = false;
        for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended`));
        resolve();
      });
    });
  }

  static start() {
    const [program = '', ...args] = hostCommand('shared-session-worker.ts');
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Tells it a command; what it comes to. */
  tell<T = unknown>(command: string, ...args: readonly unknown[]): Promise<T> {
    const id = ++this.#told;
    const told = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify([id, command, ...args])}\n`);
    return told as Promise<T>;
  }

  connect(): Promise<{ readonly sessionId: string; readonly tookMs: number }> {
    return this.tell('connect');
  }

  call(what: 'listTools' | 'callTool' = 'listTools', times: number = 1, atOnce: number = 1, pauseMs: number = 0): Promise<CallOutcome> {
    return this.tell('call', what, times, atOnce, pauseMs);
  }

  state(): Promise<{ readonly sessionId: string; readonly connectionState: string; readonly heard: readonly string[] }> {
    return this.tell('state');
  }

  async kill(): Promise<void> {
    process.kill(this.#child.pid ?? NaN, 'SIGKILL');
    await this.#exited;
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }

  #hear(line: string): void {
    const { id, value, failed } = JSON.parse(line) as { id: number; value?: unknown; failed?: string };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failed === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`${this.name}: ${failed}`));
  }
}

/** What a test gets. */
interface Crew {
  readonly workers: readonly Worker[];
  readonly server: SharedSessionServer;
  readonly redis: RedisServer;
  /** Of everything that the workers keep in Redis. */
  readonly keyPrefix: string;
  /** The session that is stored for the workers, by its id. */
  readonly stored: () => Promise<string | undefined>;
}

interface CrewOptions {
  /** A Redis of their own, which may be paused. */
  readonly hasOwnRedis?: boolean;
  readonly server?: Partial<StreamableHTTPMCPServerOptions>;
  readonly isFast?: boolean;
}

// A worker takes longer to start than most tests take, so those that are left are used again.
const idle: Worker[] = [];
let [crews, started] = [0, 0];

before(async () => {
  if (skip !== false) return;
  common = await startRedis();
  for (let count = 0; count < WORKERS; count++) idle.push(new Worker(`worker-${++started}`));
});
after(async () => {
  await Promise.all(idle.map((worker) => worker.end()));
  if (skip === false) await common.stop();
});

/** Runs `body` with workers that are not connected, and a server of their own; then nothing of them is left. */
async function withCrew(count: number, options: CrewOptions, body: (crew: Crew) => Promise<void>): Promise<void> {
  const keyPrefix = `crew-${++crews}:`;
  const redis = options.hasOwnRedis === true ? await startRedis() : common;
  const server = await SharedSessionServer.listen();
  const workers = Array.from({ length: count }, () => idle.pop() ?? new Worker(`worker-${++started}`));
  const reader = new RedisSessionManager({ redisUrl: redis.url, keyPrefix, ...PATIENT });
  const stored = async () => (await reader.getSession(await sessionKey({ endpoint: server.url, sessionKey: WHO })))?.sessionId;
  try {
    const manager = { redisUrl: redis.url, keyPrefix, lockLeaseMs: LEASE_MS, ...(options.hasOwnRedis === true ? { operationTimeoutMs: OPERATION_MS } : PATIENT) };
    await all(workers, (worker) => worker.tell('open', settingsOf(worker, server.url, { ...options, manager })));
    await body({ workers, server, redis, keyPrefix, stored });
  } finally {
    redis.resume();
    await reader.close();
    const alive = workers.filter((worker) => worker.isAlive);
    await Promise.all(alive.map((worker) => worker.tell('letGo')));
    idle.push(...alive);
    await server.close();
    if (redis !== common) await redis.stop();
  }
}

function settingsOf({ name }: Worker, serverUrl: string, { manager, server, isFast = false }: CrewOptions & Pick<WorkerSettings, 'manager'>): WorkerSettings {
  return {
    manager,
    server: {
      serverName: 'shared',
      serverUrl,
      sessionKey: WHO,
      headers: { 'X-Worker': name },
      checkArguments: false,
      legacySSE: false,
      retryDelayMs: 20,
      limits: { streamLeaseMs: LEASE_MS },
      ...server,
    },
    isFast,
  };
}

const all = <T>(workers: readonly Worker[], work: (worker: Worker) => Promise<T>): Promise<T[]> => Promise.all(workers.map(work));

const sessionsOf = async (workers: readonly Worker[]): Promise<string[]> => (await all(workers, (worker) => worker.state())).map(({ sessionId }) => sessionId);

const same = <T>(workers: readonly Worker[], value: T): T[] => workers.map(() => value);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const first = ([worker]: readonly Worker[]): Worker => {
  assert.ok(worker !== undefined);
  return worker;
};

async function assertCallsSucceed(workers: readonly Worker[], times: number = 3): Promise<void> {
  for (const { failed } of await all(workers, (worker) => worker.call('listTools', times))) assert.deepEqual(failed, []);
}

/** Waits until one of `workers` listens in `sessionId`; who it is. */
async function listenerOf(server: SharedSessionServer, sessionId: string, workers: readonly Worker[], deadlineMs: number): Promise<Worker> {
  return until(() => workers.find(({ name }) => name === server.listeners.get(sessionId)), `somebody listens in ${sessionId}`, deadlineMs);
}

/** Every key of a crew, and the milliseconds that it has left. */
const keysOf = ({ redis, keyPrefix }: Crew): Promise<Map<string, number>> => keysWithPrefix(redis, keyPrefix);

describe('a session that 8 workers share', () => {
  test('they connect at the same moment: one initialize, a proof by each of the others, one session, one that listens', LIMIT, async () => {
    await withCrew(WORKERS, {}, async ({ workers, server, stored }) => {
      const connected = await all(workers, (worker) => worker.connect());
      assert.deepEqual(connected.map(({ sessionId }) => sessionId), same(workers, 's-1'));
      assert.deepEqual([server.initializes.length, server.count('notifications/initialized')], [1, 1]);
      assert.ok(server.count('ping') <= WORKERS, `${server.count('ping')} proofs`);
      await listenerOf(server, 's-1', workers, SLACK_MS);
      await assertCallsSucceed(workers);
      // For longer than a lease lasts by itself.
      for (const { failed } of await all(workers, (worker) => worker.call('listTools', 30, 1, LEASE_MS / 20))) assert.deepEqual(failed, []);
      assert.deepEqual([server.count('GET'), server.refusedStreams, server.initializes.length], [1, 0, 1]);
      assert.equal(await stored(), 's-1');
    });
  });

  test('the server forgets it, all call at once: one further initialize, no call fails, all are in the new one (2025-11-25 transports, "Session Management" 4)', LIMIT, async () => {
    await withCrew(WORKERS, {}, async ({ workers, server, stored }) => {
      await all(workers, (worker) => worker.connect());
      for (let round = 1; round <= 3; round++) {
        await listenerOf(server, `s-${round}`, workers, LEASE_MS + SLACK_MS);
        server.forget(`s-${round}`);
        for (const { failed } of await all(workers, (worker) => worker.call('listTools', 4, 4))) assert.deepEqual(failed, []);
        assert.deepEqual(await sessionsOf(workers), same(workers, `s-${round + 1}`));
        assert.equal(server.initializes.length, round + 1);
        assert.equal(await stored(), `s-${round + 1}`);
      }
      await listenerOf(server, 's-4', workers, LEASE_MS + SLACK_MS);
      assert.deepEqual([server.refusedStreams, server.deleted], [0, []]);
    });
  });

  test(`${CALLS} requests of theirs have ${CALLS} ids (JSON-RPC 2.0, 4: what joins request and response)`, { skip, timeout: 120_000 }, async () => {
    const counting = await IdCountingServer.listen();
    try {
      // The platform’s fetch would take most of the time.
      await withCrew(WORKERS, { isFast: RUNTIME !== 'bun', server: { serverUrl: counting.url } }, async ({ workers }) => {
        const connected = await all(workers, (worker) => worker.connect());
        assert.deepEqual(connected.map(({ sessionId }) => sessionId), same(workers, 's-1'));
        const outcomes = await all(workers, (worker) => worker.call('callTool', CALLS / WORKERS, 32));
        assert.deepEqual(outcomes.flatMap(({ failed }) => failed), []);
        assert.equal(counting.calls, CALLS);
        assert.equal(counting.ids.size, counting.requests);
      });
    } finally {
      await counting.close();
    }
  });

  test(`each reads the epoch and stores the next, all at once, ${EPOCHS} times: every epoch has one winner, and none comes again`, LIMIT, async () => {
    await withCrew(WORKERS, {}, async ({ workers, redis, keyPrefix }) => {
      const outcomes = await all(workers, (worker) => worker.tell<Contention>('contend', 'k', sessionRecord(), EPOCHS));
      const won = outcomes.flatMap((outcome) => outcome.won).sort((one, other) => one - other);
      assert.deepEqual(won, Array.from({ length: EPOCHS }, (_, index) => index + 1));
      assert.deepEqual(outcomes.map(({ wentBack }) => wentBack), same(workers, 0));
      assert.ok(outcomes.reduce((sum, { lost }) => sum + lost, 0) > 0, 'they met');
      const reader = new RedisSessionManager({ redisUrl: redis.url, keyPrefix, ...PATIENT });
      assert.equal((await reader.getSession('k'))?.epoch, EPOCHS);
      await reader.close();
    });
  });
});

describe('a session that workers share, when some of them end', () => {
  test('one is killed in its initialize: the others wait for it as long as it lives, then for its lease at most, and make one session', LIMIT, async () => {
    await withCrew(5, {}, async ({ workers, server }) => {
      const [holder, ...others] = [first(workers), ...workers.slice(1)];
      server.hold('initialize');
      const lost = assert.rejects(holder.connect());
      await until(() => server.initializes.length === 1, 'it initializes');
      const connecting = all(others, (worker) => worker.connect());
      await pause(2 * LEASE_MS);
      assert.deepEqual(server.initializes, [holder.name]);
      await holder.kill();
      const killedAt = performance.now();
      await lost;
      const connected = await connecting;
      const waitedMs = performance.now() - killedAt;
      assert.ok(waitedMs < LEASE_MS + SLACK_MS, `${waitedMs} ms`);
      assert.deepEqual(connected.map(({ sessionId }) => sessionId), same(others, 's-1'));
      assert.equal(server.initializes.length, 2);
      await assertCallsSucceed(others);
    });
  });

  test('one cleans up, and the one that listens is killed: the others go on in it, and within its lease another one listens', LIMIT, async () => {
    await withCrew(5, {}, async ({ workers, server, stored }) => {
      await all(workers, (worker) => worker.connect());
      const listener = await listenerOf(server, 's-1', workers, SLACK_MS);
      const others = workers.filter((worker) => worker !== listener);
      const leaving = first(others);
      const staying = others.slice(1);
      const calling = all(staying, (worker) => worker.call('listTools', 40, 1, 50));
      await leaving.tell('cleanup');
      await listener.kill();
      const next = await listenerOf(server, 's-1', staying, LEASE_MS * (4 / 3) + SLACK_MS);
      for (const { failed } of await calling) assert.deepEqual(failed, []);
      assert.deepEqual(await sessionsOf(staying), same(staying, 's-1'));
      assert.deepEqual([server.initializes.length, server.deleted, server.refusedStreams], [1, [], 0]);
      await next.tell('cleanup');
      await listenerOf(server, 's-1', staying, LEASE_MS + SLACK_MS);
      await all(staying, (worker) => worker.tell('cleanup'));
      assert.deepEqual([server.deleted, await stored()], [[], 's-1'], 'the last one leaves it too, for who comes');
      assert.equal((await leaving.connect()).sessionId, 's-1');
      assert.equal(server.initializes.length, 1);
    });
  });

  test('with endSessionOnCleanup the last one to clean up ends it, and nobody before; a later one begins anew', LIMIT, async () => {
    await withCrew(6, { server: { endSessionOnCleanup: true } }, async ({ workers, server, stored }) => {
      await all(workers, (worker) => worker.connect());
      for (const worker of workers.slice(3)) await worker.tell('cleanup');
      assert.deepEqual(server.deleted, []);
      const remaining = workers.slice(0, 3);
      await assertCallsSucceed(remaining);
      await all(remaining, (worker) => worker.tell('cleanup'));
      assert.deepEqual([server.deleted, await stored()], [['s-1'], undefined], 'three at once: one of them is the last');
      assert.equal((await first(workers).connect()).sessionId, 's-2');
      assert.equal(server.initializes.length, 2);
    });
  });
});

describe('a session that workers share, while Redis is away', () => {
  test('calls go on as before; who connects meanwhile is alone, says so, and does not write over the record; afterwards it shares the session again', LIMIT, async () => {
    await withCrew(5, { hasOwnRedis: true }, async ({ workers, server, redis, stored }) => {
      const [late, leaving, together] = [first(workers), first(workers.slice(1)), workers.slice(2)];
      await all(together, (worker) => worker.connect());
      await listenerOf(server, 's-1', together, SLACK_MS);
      await leaving.connect();
      redis.pause();
      // For longer than a lease lasts by itself.
      const calling = all(together, (worker) => worker.call('listTools', 30, 1, LEASE_MS / 15));
      const { sessionId, tookMs } = await late.connect();
      assert.equal(sessionId, 's-2');
      assert.ok(tookMs < 4 * OPERATION_MS + SLACK_MS, `${tookMs} ms`);
      assert.match((await late.state()).heard.join('\n'), /warn: .*going on alone/);
      await assertCallsSucceed([late]);
      const left = performance.now();
      await leaving.tell('cleanup');
      assert.ok(performance.now() - left < 4 * OPERATION_MS + SLACK_MS);
      assert.deepEqual(server.deleted, []);
      for (const { failed, slowestMs } of await calling) {
        assert.deepEqual(failed, []);
        assert.ok(slowestMs < OPERATION_MS + SLACK_MS, `${slowestMs} ms`);
      }
      assert.ok(server.listeners.has('s-2'), 'it listens in its own');
      redis.resume();
      await until(async () => (await late.state()).heard.some((line) => /another session was stored/.test(line)), 'it looks what is stored', 10_000 + SLACK_MS);
      assert.equal(await stored(), 's-1');
      await assertCallsSucceed([...together, late]);
      await late.tell('cleanup');
      assert.deepEqual(server.deleted, ['s-2'], 'its own, which nobody else can find');
      assert.equal((await late.connect()).sessionId, 's-1');
      assert.equal(server.initializes.length, 2);
    });
  });
});

// These wait most of the time.
describe('a session that workers share, in the long run', { concurrency: 3 }, () => {
  test('all are killed, one of them while it proves the session under the lock: what they leave in Redis expires, and the record is left alone', LIMIT, async () => {
    await withCrew(3, {}, async (crew) => {
      const { workers, server, stored } = crew;
      const [prover, ...others] = [first(workers), ...workers.slice(1)];
      await all(others, (worker) => worker.connect());
      await listenerOf(server, 's-1', others, SLACK_MS);
      const proofs = server.count('ping');
      server.hold('ping');
      const lost = assert.rejects(prover.connect());
      await until(() => server.count('ping') > proofs, 'it proves the session');
      // Who is killed leaves what it has; a moment later some of that may have expired.
      const left = await keysOf(crew);
      await all(workers, (worker) => worker.kill());
      await lost;
      const purposes = new Set([...left.keys()].map((name) => name.replace(/^.*\}:/, '')));
      for (const purpose of ['record', 'members', 'lock', 'lease/stream']) assert.ok(purposes.has(purpose), `${purpose} of ${[...purposes]}`);
      for (const [name, ms] of left) assert.ok(ms > 0, `${name} expires`);
      await until(async () => (await keysOf(crew)).size === 1, 'one key is left', 15_000 + SLACK_MS);
      assert.equal(await stored(), 's-1');
    });
  });

  test('the listener goes on while Redis is away for longer than its lease; afterwards everybody may still become the listener', LIMIT, async () => {
    await withCrew(4, { hasOwnRedis: true }, async ({ workers, server, redis }) => {
      await all(workers, (worker) => worker.connect());
      const before = await listenerOf(server, 's-1', workers, SLACK_MS);
      redis.pause();
      await pause(2.5 * LEASE_MS);
      assert.deepEqual([server.listeners.get('s-1'), server.count('GET')], [before.name, 1]);
      redis.resume();
      // Now everybody sees a lease that nobody has.
      await pause(2 * LEASE_MS);
      for (let left = [...workers]; left.length > 0; ) {
        const listener = await listenerOf(server, 's-1', left, 2 * LEASE_MS + SLACK_MS);
        left = left.filter((worker) => worker !== listener);
        await listener.kill();
        await until(() => server.listeners.get('s-1') !== listener.name, 'it is gone');
      }
      assert.ok(server.count('GET') < 30, `${server.count('GET')} streams were asked for`);
      assert.equal(server.initializes.length, 1);
    });
  });

  test('a session that was made meanwhile is stored when Redis is back; others take it up, and one of them all listens', LIMIT, async () => {
    await withCrew(2, { hasOwnRedis: true }, async ({ workers, server, redis, stored }) => {
      const [early, late] = [first(workers), first(workers.slice(1))];
      redis.pause();
      assert.equal((await early.connect()).sessionId, 's-1');
      redis.resume();
      await until(async () => (await stored().catch(() => undefined)) === 's-1', 'it is stored', 10_000 + SLACK_MS);
      await listenerOf(server, 's-1', [early], SLACK_MS);
      assert.equal((await late.connect()).sessionId, 's-1');
      await assertCallsSucceed(workers);
      // Both have had their chances to listen.
      await pause(2 * LEASE_MS);
      assert.deepEqual([server.listeners.get('s-1'), server.refusedStreams], [early.name, 0]);
      await early.tell('cleanup');
      await listenerOf(server, 's-1', [late], LEASE_MS + SLACK_MS);
      await assertCallsSucceed([late]);
      assert.deepEqual([server.initializes.length, server.deleted], [1, []]);
    });
  });
});
