/** Sessions in a real Redis: the contract of every manager, and what only several processes, a server that stops and a network that fails can show. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import process from 'node:process';
import { inspect } from 'node:util';
import { deferred } from '../../lib/base/deferred.ts';
import type { Logger } from '../../lib/base/log.ts';
import { RedisSessionManager } from '../../lib/session/redis-session-manager.ts';
import type { RedisSessionManagerOptions } from '../../lib/session/redis-session-options.ts';
import { sessionKey } from '../../lib/session/session-key.ts';
import { FaultProxy } from '../helpers/fault-proxy.ts';
import { hostCommand } from '../helpers/fixture.ts';
import { RawRedis } from '../helpers/raw-redis.ts';
import { times } from '../helpers/repetitions.ts';
import { keysWithPrefix, skipWithoutRedis, startCluster, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { describeSessionManager, sessionRecord } from '../helpers/session-manager-contract.ts';
import { until } from '../helpers/until.ts';

const skip = skipWithoutRedis;
const LIMIT = { skip, timeout: 60_000 };
const STORE_ERROR = { name: 'SessionStoreError', code: 'ERR_MCP_SESSION_STORE' };
const OPERATION_MS = 500;
// Where nothing is said of how long an operation takes, a busy machine may take its time.
const PATIENT = { operationTimeoutMs: 20_000 };
// How much later than its bound something may end on a machine that is busy.
const SLACK_MS = 10_000;

let server: RedisServer;
before(async () => {
  if (skip === false) server = await startRedis();
});
after(async () => {
  if (skip === false) await server.stop();
});

let prefixes = 0;

/** Managers of one test, over keys that no other test has; closed when it is over. */
async function withManagers<T>(work: (make: (options?: RedisSessionManagerOptions) => RedisSessionManager, keyPrefix: string) => Promise<T>): Promise<T> {
  const keyPrefix = `test-${++prefixes}:`;
  const made: RedisSessionManager[] = [];
  const make = (options: RedisSessionManagerOptions = {}): RedisSessionManager => {
    const manager = new RedisSessionManager({ keyPrefix, ...PATIENT, ...(options.client === undefined ? { redisUrl: server.url } : {}), ...options });
    made.push(manager);
    return manager;
  };
  try {
    return await work(make, keyPrefix);
  } finally {
    await Promise.all(made.map((manager) => manager.close()));
  }
}

/** Every key with this prefix, and the milliseconds it has left. */
const keysWith = (prefix: string): Promise<Map<string, number>> => keysWithPrefix(server, prefix);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a manager with the usual deadline is connected, which may take longer than one operation on a machine that is busy. */
async function connected(manager: RedisSessionManager): Promise<void> {
  await until(() => manager.getSession('nobody').then(() => true, () => false), 'Redis answers in time', 20_000);
}

/** Takes the lock, and returns what gives it back and what the action was handed. */
async function holdLock(manager: RedisSessionManager, key: string) {
  const entered = deferred<{ readonly signal: AbortSignal; readonly fence: number | undefined }>();
  const leaving = deferred<void>();
  const done = manager.withLock(key, async (signal, fence) => {
    entered.resolve({ signal, fence });
    await leaving.promise;
  });
  const held = await Promise.race([entered.promise, done.then(() => assert.fail('the action did not run'))]);
  return { ...held, release: async () => (leaving.resolve(), done) };
}

for (const [name, options] of [
  ['RedisSessionManager', {}],
  ['RedisSessionManager with sealed values', { sealingKeys: [new Uint8Array(32).fill(7)] }],
] as const) {
  describeSessionManager(
    name,
    async () => {
      const keyPrefix = `test-${++prefixes}:`;
      const make = () => new RedisSessionManager({ redisUrl: server.url, keyPrefix, expirationSeconds: 1, ...PATIENT, ...options });
      const [manager, sibling] = [make(), make()];
      return {
        manager,
        sibling,
        elapse: sleep,
        plant: async (key, text) => void (await server.cli('set', `${keyPrefix}{${key}}:record`, text)),
        dispose: async () => void (await Promise.all([manager.close(), sibling.close()])),
      };
    },
    { skip: skip === false ? undefined : skip, fair: false, strict: true, canPlant: true, expirationSeconds: 1 },
  );
}

describe('RedisSessionManager: a client of the host', () => {
  test('that answers bytes and throws errors of its own serves as well, and stays open', LIMIT, async () => {
    await withManagers(async (make) => {
      const raw = await RawRedis.connect(server.port);
      const [manager, other] = [make({ client: raw }), make()];
      assert.equal(await manager.compareAndStore('k', sessionRecord(), undefined), true);
      assert.deepEqual(await manager.getSession('k'), sessionRecord());
      assert.deepEqual(await other.getSession('k'), sessionRecord());
      await manager.joinSession('k', 'me');
      await other.joinSession('k', 'you');
      assert.equal(await manager.leaveSession('k', 'me'), 1);
      const lease = await manager.acquireLease('k/stream');
      assert.equal((lease?.fence ?? 0) > 0, true);
      assert.equal(await other.acquireLease('k/stream'), undefined);
      assert.equal(await manager.withLock('k', async (signal) => signal.aborted), false);
      await manager.close();
      assert.equal(raw.isOpen, true);
      assert.notEqual(await other.acquireLease('k/stream'), undefined);
      raw.close();
    });
  });

  test('that never answers is waited for no longer than an operation may take, though it has no deadline of its own', LIMIT, async () => {
    const manager = new RedisSessionManager({ client: { send: () => new Promise(() => {}) }, operationTimeoutMs: 100 });
    const tookMs = await timed(() => assert.rejects(manager.getSession('k'), STORE_ERROR));
    assert.ok(tookMs < 100 + SLACK_MS, `${tookMs} ms`);
    assert.equal(manager.status.lastFailure, 'ERR_MCP_REDIS_TIMEOUT');
    await manager.close();
  });

  test('scripts are sent by their digests, whole only where Redis does not know them', LIMIT, async () => {
    await withManagers(async (make) => {
      const raw = await RawRedis.connect(server.port);
      const manager = make({ client: raw });
      await server.cli('script', 'flush', 'sync');
      for (let count = 0; count < 5; count++) await manager.withLock('k', async () => {});
      assert.deepEqual([raw.sent.get('EVALSHA'), raw.sent.get('EVAL')], [10, 2]);
      await server.cli('script', 'flush', 'sync');
      assert.equal(await manager.withLock('k', async () => 'had'), 'had');
      assert.deepEqual([raw.sent.get('EVALSHA'), raw.sent.get('EVAL')], [12, 4]);
      raw.close();
    });
  });
});

describe('RedisSessionManager: how long things live', () => {
  test('everything that is stored has an end: nothing is there without a time to live', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const [manager, other] = [make({ expirationSeconds: 100, lockLeaseMs: 2_000 }), make()];
      await manager.storeSession('k', sessionRecord());
      await server.cli('set', `${prefix}{foreign}:record`, 'no record');
      assert.equal(await manager.getSession('foreign'), undefined);
      await manager.joinSession('k', 'me', { leaseMs: 3_000 });
      await manager.acquireLease('k/stream', { leaseMs: 3_000 });
      const held = await holdLock(manager, 'k');
      const giveUp = new AbortController();
      const waiting = assert.rejects(other.withLock('k', async () => {}, { signal: giveUp.signal, waitMs: 20_000 }), /enough/);
      // That somebody waits is a key that lives for a moment only.
      const found = await until(async () => {
        const all = await keysWith(prefix);
        return all.has(`${prefix}{k}:wanted`) && all;
      }, 'somebody waits for the lock', 15_000);
      giveUp.abort(new Error('enough'));
      await waiting;
      const names = ['{k}:record', '{k}:members', '{k}:lock', '{k}:fence', '{k}:wanted', '{k}:lease/stream', '{k}:lease-fence/stream', '{foreign}:quarantine'];
      assert.deepEqual([...found.keys()].sort(), names.map((name) => prefix + name).sort());
      for (const [name, left] of found) assert.ok(left > 0 && left <= 600_000, `${name}: ${left}`);
      assert.equal((found.get(`${prefix}{k}:record`) ?? 0) > 90_000, true);
      await held.release();
    });
  });

  test('a session that a member uses does not expire, however long it is used', LIMIT, async () => {
    await withManagers(async (make) => {
      const manager = make({ expirationSeconds: 1 });
      await manager.storeSession('used', sessionRecord());
      await manager.storeSession('unused', sessionRecord());
      await manager.joinSession('used', 'me', { leaseMs: 600 });
      await sleep(2_000);
      assert.deepEqual([(await manager.getSession('used'))?.epoch, await manager.getSession('unused')], [1, undefined]);
    });
  });

  test('closing leaves the record, and of locks, leases and members nothing but fences that expire', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const manager = make();
      await manager.storeSession('k', sessionRecord());
      await manager.joinSession('k', 'me');
      const lease = await manager.acquireLease('k/stream');
      const held = await holdLock(manager, 'k');
      await manager.close();
      assert.deepEqual([lease?.signal.aborted, held.signal.aborted], [true, true], 'who works under them is told');
      assert.deepEqual([...(await keysWith(prefix)).keys()].sort(), ['fence', 'lease-fence/stream', 'record'].map((name) => `${prefix}{k}:${name}`));
      await held.release();
      await lease?.release();
      assert.deepEqual([manager.status.locks, manager.status.members], [0, 0]);
    });
  });
});

describe('RedisSessionManager: locks and leases', () => {
  test('a lock is kept for longer than its lease while its holder lives, and is another’s right after it', LIMIT, async () => {
    await withManagers(async (make) => {
      const [manager, other] = [make({ lockLeaseMs: 900 }), make()];
      const held = await holdLock(manager, 'k');
      await assert.rejects(other.withLock('k', async () => {}, { waitMs: 1_800 }), STORE_ERROR);
      assert.equal(held.signal.aborted, false);
      await held.release();
      assert.equal(await other.withLock('k', async () => 'had', { waitMs: 10_000 }), 'had');
    });
  });

  test('every holder has a higher fence than the one before, across managers, purposes apart', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const [manager, other] = [make(), make()];
      const fences: number[] = [];
      for (let turn = 0; turn < 20; turn++) await (turn % 2 === 0 ? manager : other).withLock('k', async (_signal, fence) => void fences.push(fence ?? 0));
      await server.cli('del', `${prefix}{k}:fence`);
      await manager.withLock('k', async (_signal, fence) => void fences.push(fence ?? 0));
      await server.cli('set', `${prefix}{k}:fence`, 'no number');
      await manager.withLock('k', async (_signal, fence) => void fences.push(fence ?? 0));
      assert.equal(fences.length, 22);
      for (const [index, fence] of fences.entries()) assert.ok(Number.isSafeInteger(fence) && fence > (fences[index - 1] ?? 0), fences.join(' '));
    });
  });

  test('a lock that somebody else has taken away is lost: its signal fires, and giving it back does not take it from the other', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const manager = make({ lockLeaseMs: 600 });
      const held = await holdLock(manager, 'k');
      await server.cli('set', `${prefix}{k}:lock`, 'another', 'px', '60000');
      await until(() => held.signal.aborted, 'the signal fires', 20_000);
      assert.equal((held.signal.reason as { code?: string }).code, 'ERR_MCP_SESSION_STORE');
      await held.release();
      assert.equal(await server.cli('get', `${prefix}{k}:lock`), 'another');
    });
  });

  test('giving back a lock that is another’s by now does not take it from the other', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const held = await holdLock(make(), 'k');
      await server.cli('set', `${prefix}{k}:lock`, 'another', 'px', '60000');
      await held.release();
      assert.equal(await server.cli('get', `${prefix}{k}:lock`), 'another');
    });
  });

  test('closing ends every wait at once, though another one still holds the lock', LIMIT, async () => {
    await withManagers(async (make) => {
      // A client that stays open when the manager is closed.
      const raw = await RawRedis.connect(server.port);
      const [manager, other] = [make({ client: raw }), make()];
      const held = await holdLock(other, 'k');
      const waits = Array.from({ length: 3 }, () => assert.rejects(manager.withLock('k', async () => assert.fail('it runs')), STORE_ERROR));
      await sleep(50);
      const tookMs = await timed(() => Promise.all([manager.close(), ...waits]));
      assert.ok(tookMs < OPERATION_MS + SLACK_MS, `${tookMs} ms`);
      await held.release();
      raw.close();
    });
  });

  test('a lock that never ends, put there by hand, ends after a lease', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const manager = make({ lockLeaseMs: 300 });
      await server.cli('set', `${prefix}{k}:lock`, 'for ever');
      await server.cli('rpush', `${prefix}{list}:lock`, 'for ever');
      assert.equal(await manager.withLock('k', async () => 'had', { waitMs: 15_000 }), 'had');
      assert.equal(await manager.withLock('list', async () => 'had', { waitMs: 15_000 }), 'had');
    });
  });

  test('who asks again and again does not keep another process waiting', LIMIT, async () => {
    await withManagers(async (make) => {
      const [greedy, patient] = [make(), make()];
      let isOver = false;
      let turns = 0;
      const asking = (async () => {
        while (!isOver) await greedy.withLock('k', async () => (turns++, sleep(60)));
      })();
      await until(() => turns > 1, 'the greedy one is at it');
      for (let turn = 0; turn < 6; turn++) {
        assert.equal(await patient.withLock('k', async () => 'had', { waitMs: 10_000 }), 'had');
        const before = turns;
        await until(() => turns > before, 'the greedy one has it again');
      }
      isOver = true;
      await asking;
    });
  });

  test('a lease is one worker’s at a time, renewed by itself, and the next one’s after release', LIMIT, async () => {
    await withManagers(async (make) => {
      const [manager, other] = [make(), make()];
      const lease = await manager.acquireLease('k/stream', { leaseMs: 900 });
      assert.ok(lease !== undefined, 'it is free');
      assert.equal(await manager.acquireLease('k/stream'), undefined, 'nor this manager’s a second time');
      assert.notEqual(await other.acquireLease('k/other purpose'), undefined);
      await sleep(1_500);
      assert.equal(await other.acquireLease('k/stream'), undefined);
      assert.deepEqual([lease.signal.aborted, manager.status.locks], [false, 1]);
      await lease.release();
      await lease.release();
      const next = await other.acquireLease('k/stream');
      assert.equal((next?.fence ?? 0) > lease.fence, true);
      await lease.release();
      assert.equal(await manager.acquireLease('k/stream'), undefined, 'what is released a second time is another’s by now');
    });
  });

  test('members are counted across managers; who has left or expired is not', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const [manager, other] = [make(), make()];
      await manager.joinSession('k', 'a', { leaseMs: 400 });
      await manager.joinSession('k', 'a', { leaseMs: 400 });
      await other.joinSession('k', 'b', { leaseMs: 60_000 });
      await other.joinSession('k', 'c{}\n☃', { leaseMs: 400 });
      await other.joinSession('another', 'd');
      await server.cli('zadd', `${prefix}{k}:members`, '1', 'long gone');
      await sleep(1_000);
      assert.equal(await manager.leaveSession('k', 'a'), 2);
      assert.equal(await other.leaveSession('k', 'c{}\n☃'), 1);
      assert.equal(await manager.leaveSession('k', 'a'), 1);
      assert.equal(await other.leaveSession('k', 'b'), 0);
      assert.equal(await other.leaveSession('nobody', 'x'), 0);
      assert.deepEqual([manager.status.members, other.status.members], [0, 1]);
    });
  });

  test('a member that Redis has forgotten is there again with the next renewal', LIMIT, async () => {
    await withManagers(async (make, prefix) => {
      const [manager, other] = [make(), make()];
      await manager.joinSession('k', 'a', { leaseMs: 600 });
      await server.cli('del', `${prefix}{k}:members`);
      await until(async () => (await server.cli('exists', `${prefix}{k}:members`)) === '1', 'it has joined again', 20_000);
      assert.equal(await other.leaveSession('k', 'b'), 1);
      await server.cli('set', `${prefix}{k}:members`, 'no set');
      assert.equal(await other.leaveSession('k', 'b'), 0, 'what is no set of members counts as none');
      await until(async () => (await server.cli('type', `${prefix}{k}:members`)) === 'zset', 'it has joined again', 20_000);
    });
  });
});

/** A process of test/fixtures/shares-sessions.ts. */
function startWorker(options: Readonly<Record<string, unknown>>) {
  const [program = '', ...args] = hostCommand('shares-sessions.ts', server.url, JSON.stringify(options));
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (...command: readonly unknown[]): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return JSON.parse(String((await lines.next()).value ?? '"gone"'));
  };
  const kill = async (): Promise<void> => {
    process.kill(child.pid ?? 0, 'SIGKILL');
    await exited;
  };
  return { tell, kill, end: async () => (child.stdin.end(), void (await exited)) };
}

describe('RedisSessionManager: many processes', () => {
  const MANY = { skip, timeout: 120_000 };
  const ROUNDS = times(200, 60);

  test(`of 8 that expect one epoch and store the next, exactly one wins in each of ${ROUNDS} rounds, and what it stored stands`, MANY, async () => {
    await withManagers(async (make, keyPrefix) => {
      const manager = make();
      const workers = Array.from({ length: 8 }, () => startWorker({ keyPrefix, ...PATIENT }));
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const expected = round === 0 ? null : round;
          const outcomes = await Promise.all(
            workers.map(({ tell }, index) => tell('compareAndStore', 'k', sessionRecord({ epoch: round + 1, sessionId: `of-${index}` }), expected)),
          );
          assert.equal(outcomes.filter((won) => won === true).length, 1, `round ${round}: ${JSON.stringify(outcomes)}`);
          if (round % 20 === 0) assert.equal((await manager.getSession('k'))?.sessionId, `of-${outcomes.indexOf(true)}`);
        }
        assert.equal((await manager.getSession('k'))?.epoch, ROUNDS);
      } finally {
        await Promise.all(workers.map(({ end }) => end()));
      }
    });
  });

  test('4 that count under the lock of a key lose nothing: 200 of 200', MANY, async () => {
    await withManagers(async (_make, keyPrefix) => {
      await server.cli('del', 'counted');
      const workers = Array.from({ length: 4 }, () => startWorker({ keyPrefix, ...PATIENT }));
      try {
        assert.deepEqual(await Promise.all(workers.map(({ tell }) => tell('count', 'k', 50))), [50, 50, 50, 50]);
        assert.equal(await server.cli('get', 'counted'), '200');
      } finally {
        await Promise.all(workers.map(({ end }) => end()));
      }
    });
  });

  test('one that is killed while it holds everything delays the others by its lease at most, and leaves nothing but the record', MANY, async () => {
    await withManagers(async (make, keyPrefix) => {
      const manager = make();
      const worker = startWorker({ keyPrefix, lockLeaseMs: 1_000, ...PATIENT });
      const fences = (await worker.tell('hold', 'k', sessionRecord())) as { lease?: number; lock?: number };
      assert.ok((fences.lease ?? 0) > 0 && (fences.lock ?? 0) > 0, JSON.stringify(fences));
      await assert.rejects(manager.withLock('k', async () => {}, { waitMs: 1_500 }), STORE_ERROR, 'a living holder keeps its lock');
      await manager.joinSession('k', 'me');
      await worker.kill();
      const waitedMs = await timed(() => manager.withLock('k', async (_signal, fence) => assert.equal((fence ?? 0) > (fences.lock ?? 0), true)));
      assert.ok(waitedMs < 1_000 + SLACK_MS, `${waitedMs} ms`);
      const lease = await until(() => manager.acquireLease('k/stream', { leaseMs: 500 }), 'its lease is free', 1_000 + SLACK_MS);
      assert.equal(lease.fence > (fences.lease ?? 0), true);
      await lease.release();
      assert.equal(await until(async () => (await manager.leaveSession('k', 'me')) === 0, 'it is a member no more', 1_000 + SLACK_MS), true);
      assert.deepEqual(await manager.getSession('k'), sessionRecord());
      await manager.close();
      const left = await keysWith(keyPrefix);
      for (const [name, ms] of left) assert.ok(ms > 0, `${name} expires`);
      await until(async () => [...(await keysWith(keyPrefix)).keys()].every((name) => /:(record|fence|lease-fence\/stream)$/.test(name)), 'the rest is gone', 20_000);
    });
  });

  test('after the leases of one that was killed only the record is left, with a time to live', MANY, async () => {
    const keyPrefix = `test-${++prefixes}:`;
    const worker = startWorker({ keyPrefix, lockLeaseMs: 500, expirationSeconds: 60, ...PATIENT });
    await worker.tell('hold', 'k', sessionRecord());
    assert.equal((await keysWith(keyPrefix)).size >= 6, true);
    await worker.kill();
    const left = await until(async () => {
      const found = await keysWith(keyPrefix);
      return found.size === 1 && found;
    }, 'one key is left', 10_000);
    assert.deepEqual([...left.keys()], [`${keyPrefix}{k}:record`]);
    assert.equal([...left.values()].every((ms) => ms > 0 && ms <= 60_000), true);
  });
});

/** A logger that keeps what it hears. */
function memoryLogger() {
  const heard: string[] = [];
  const hear = (level: string) => (message: string) => void heard.push(`${level}: ${message}`);
  const logger: Logger = { debug: hear('debug'), info: hear('info'), warn: hear('warn'), error: hear('error') };
  return { heard, logger };
}

const everyOperation = (manager: RedisSessionManager): ReadonlyArray<() => Promise<unknown>> => [
  () => manager.getSession('k'),
  () => manager.storeSession('k', sessionRecord()),
  () => manager.deleteSession('k'),
  () => manager.compareAndStore('k', sessionRecord(), undefined),
  () => manager.withLock('k', async () => 'had'),
  () => manager.acquireLease('k/stream'),
  () => manager.joinSession('k', 'me'),
  () => manager.leaveSession('k', 'me'),
];

describe('RedisSessionManager: when Redis is away', () => {
  test('at the start: every operation fails within its time, later ones at once; when it comes all is well, said once each', LIMIT, async () => {
    const redis = await startRedis();
    const { heard, logger } = memoryLogger();
    const manager = new RedisSessionManager({ redisUrl: redis.url, logger });
    try {
      await redis.kill();
      for (const operation of everyOperation(manager)) {
        const tookMs = await timed(() => assert.rejects(operation(), STORE_ERROR));
        assert.ok(tookMs < OPERATION_MS + SLACK_MS, `${tookMs} ms`);
      }
      assert.equal(manager.status.state, 'down');
      const tookMs = await timed(async () => {
        for (let count = 0; count < 100; count++) await assert.rejects(manager.getSession('k'), STORE_ERROR);
      });
      assert.ok(tookMs < 4 * OPERATION_MS + SLACK_MS, `100 in ${tookMs} ms`);
      await redis.restart();
      await until(() => manager.storeSession('k', sessionRecord()).then(() => true, () => false), 'it is used again', 20_000);
      assert.deepEqual(await manager.getSession('k'), sessionRecord());
      assert.equal(manager.status.state, 'up');
      assert.deepEqual(heard, ['warn: Redis is away: sessions are not shared until it is back', 'info: Redis is back: sessions are shared again']);
    } finally {
      await manager.close();
      await redis.stop();
    }
  });

  test('stopped in the middle (SIGSTOP): operations end within 500 ms, then at once; a lock is lost, its signal fires, and a newer record is not written over', LIMIT, async () => {
    const redis = await startRedis();
    const manager = new RedisSessionManager({ redisUrl: redis.url, lockLeaseMs: 1_500 });
    const other = new RedisSessionManager({ redisUrl: redis.url, ...PATIENT });
    try {
      await connected(manager);
      await manager.storeSession('k', sessionRecord({ epoch: 1 }));
      const held = await holdLock(manager, 'k');
      redis.pause();
      const tookMs = await timed(() => assert.rejects(manager.getSession('k'), STORE_ERROR));
      assert.ok(tookMs >= OPERATION_MS - 50 && tookMs < OPERATION_MS + SLACK_MS, `${tookMs} ms`);
      await until(() => held.signal.aborted, 'the lock is lost', 1_500 + SLACK_MS);
      redis.resume();
      await until(() => other.compareAndStore('k', sessionRecord({ epoch: 2 }), 1).catch(() => false), 'another one stores the next epoch', 20_000);
      const isStored = await until(() => manager.compareAndStore('k', sessionRecord({ epoch: 2, sessionId: 'older' }), 1).then((won) => [won], () => false), 'this one asks', 20_000);
      assert.deepEqual(isStored, [false]);
      assert.equal((await manager.getSession('k'))?.sessionId, sessionRecord().sessionId);
      await held.release();
    } finally {
      await Promise.all([manager.close(), other.close()]);
      await redis.stop();
    }
  });

  test('a lock whose giving took too long is given back, or expires', LIMIT, async () => {
    const redis = await startRedis();
    const manager = new RedisSessionManager({ redisUrl: redis.url, lockLeaseMs: 1_000 });
    const other = new RedisSessionManager({ redisUrl: redis.url, ...PATIENT });
    try {
      await connected(manager);
      redis.pause();
      await assert.rejects(manager.withLock('k', async () => assert.fail('it runs without the lock')), STORE_ERROR);
      redis.resume();
      assert.equal(await other.withLock('k', async () => 'had', { waitMs: 15_000 }), 'had');
    } finally {
      await Promise.all([manager.close(), other.close()]);
      await redis.stop();
    }
  });

  test('a network that delays everything by more than an operation may take is as good as none, and one that delays it by less is none the worse', LIMIT, async () => {
    const proxy = await FaultProxy.listen({ host: server.host, port: server.port }, { toClient: { delayMs: 800 } });
    const keyPrefix = `test-${++prefixes}:`;
    const slow = new RedisSessionManager({ redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix, operationTimeoutMs: 200 });
    const patient = new RedisSessionManager({ redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix, ...PATIENT });
    try {
      const tookMs = await timed(() => assert.rejects(slow.getSession('k'), STORE_ERROR));
      assert.ok(tookMs < 200 + SLACK_MS, `${tookMs} ms`);
      assert.equal(await patient.compareAndStore('k', sessionRecord(), undefined), true);
      assert.equal((await patient.getSession('k'))?.epoch, 1);
    } finally {
      await Promise.all([slow.close(), patient.close()]);
      await proxy.close();
    }
  });

  test('a connection that is half open, reset or cut is made anew, and nothing that was stored is lost', LIMIT, async () => {
    const proxy = await FaultProxy.listen({ host: server.host, port: server.port });
    const manager = new RedisSessionManager({ redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix: `test-${++prefixes}:` });
    try {
      await connected(manager);
      await manager.storeSession('k', sessionRecord());
      for (const fault of [() => proxy.stall(), () => proxy.cut('reset'), () => proxy.cut('end')]) {
        fault();
        await manager.getSession('k').catch(() => {});
        const record = await until(() => manager.getSession('k').catch(() => undefined), 'it answers again', 20_000);
        assert.deepEqual(record, sessionRecord());
        assert.equal(manager.status.state, 'up');
      }
    } finally {
      await manager.close();
      await proxy.close();
    }
  });

  test('a compareAndStore whose answer is lost is not sent again: one that lost is never told that it won, and one that won may not know', LIMIT, async () => {
    const proxy = await FaultProxy.listen({ host: server.host, port: server.port });
    const keyPrefix = `test-${++prefixes}:`;
    const manager = new RedisSessionManager({ redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix, ...PATIENT });
    const direct = new RedisSessionManager({ redisUrl: server.url, keyPrefix, ...PATIENT });
    try {
      assert.equal(await manager.compareAndStore('k', sessionRecord({ epoch: 1 }), undefined), true);
      for (let epoch = 1; epoch <= 10; epoch++) {
        const storing = manager.compareAndStore('k', sessionRecord({ epoch: epoch + 1 }), epoch);
        await sleep(epoch % 3);
        proxy.cut();
        const outcome = await storing.catch((error: { code?: string }) => error.code);
        const stored = (await direct.getSession('k'))?.epoch;
        if (outcome === true) assert.equal(stored, epoch + 1);
        else assert.equal(outcome, 'ERR_MCP_SESSION_STORE');
        if (stored === epoch) await direct.compareAndStore('k', sessionRecord({ epoch: epoch + 1 }), epoch);
        await until(() => manager.getSession('k').catch(() => undefined), 'it answers again', 20_000);
      }
      assert.equal((await direct.getSession('k'))?.epoch, 11);
    } finally {
      await Promise.all([manager.close(), direct.close()]);
      await proxy.close();
    }
  });

  test('closing while it is away takes no longer than an operation or two, and leaves no timer', LIMIT, async () => {
    const redis = await startRedis();
    const manager = new RedisSessionManager({ redisUrl: redis.url });
    await connected(manager);
    await manager.joinSession('k', 'me');
    const held = await holdLock(manager, 'k');
    const lease = await manager.acquireLease('k/stream');
    redis.pause();
    const tookMs = await timed(() => manager.close());
    assert.ok(tookMs < 3 * OPERATION_MS + SLACK_MS, `${tookMs} ms`);
    assert.deepEqual([held.signal.aborted, lease?.signal.aborted], [true, true]);
    await held.release();
    redis.resume();
    await redis.stop();
  });

  test('a server that is empty after a restart has forgotten locks: their signals fire, and sessions begin anew', LIMIT, async () => {
    const redis = await startRedis();
    const manager = new RedisSessionManager({ redisUrl: redis.url, lockLeaseMs: 3_000 });
    try {
      await connected(manager);
      await manager.storeSession('k', sessionRecord());
      const held = await holdLock(manager, 'k');
      await redis.restart();
      await until(() => held.signal.aborted, 'the signal fires', 3_000 + SLACK_MS);
      await held.release();
      assert.equal(await until(() => manager.getSession('k').then((found) => [found], () => undefined), 'it answers again', 20_000).then(([found]) => found), undefined);
      assert.equal(await manager.compareAndStore('k', sessionRecord(), undefined), true);
    } finally {
      await manager.close();
      await redis.stop();
    }
  });
});

describe('RedisSessionManager: kinds of servers', () => {
  test('one ACL user with the commands that docs/sessions.md lists, and these keys only, is enough', LIMIT, async () => {
    const commands = ['hello', 'auth', 'select', 'client|setname', 'ping', 'eval', 'evalsha', 'get', 'getrange', 'set', 'del', 'exists', 'strlen', 'rename'];
    const more = ['pttl', 'pexpire', 'pexpireat', 'time', 'zadd', 'zrem', 'zcard', 'zrange', 'zremrangebyscore'];
    const rules = ['resetkeys', '~mcp_session:*', 'resetchannels', '-@all', ...[...commands, ...more].map((name) => `+${name}`)];
    const redis = await startRedis({ password: 'of-default', acl: { user: 'barewire', password: 'p@ss/word', rules } });
    const manager = new RedisSessionManager({ redisUrl: redis.url, sealingKeys: [new Uint8Array(32).fill(1)], ...PATIENT });
    try {
      for (const operation of everyOperation(manager)) await operation();
      await redis.cli('set', 'mcp_session:{k}:record', 'foreign');
      assert.equal(await manager.getSession('k'), undefined);
      await redis.cli('rpush', 'mcp_session:{k}:record', 'foreign');
      assert.equal(await manager.compareAndStore('k', sessionRecord(), undefined), true);
      const held = await holdLock(manager, 'k');
      await assert.rejects(manager.withLock('k', async () => {}, { waitMs: 100 }), STORE_ERROR);
      await held.release();
      assert.deepEqual([manager.status.state, manager.status.failures, manager.status.setAside], ['up', 0, 2]);
      assert.equal(await redis.cli('acl', 'log'), '', 'nothing was refused');
    } finally {
      await manager.close();
      await redis.stop();
    }
  });

  test('a wrong password or a user that may not is a failure that shows neither', LIMIT, async () => {
    const redis = await startRedis({ password: 'right-canary', acl: { user: 'weak', password: 'weak-canary', rules: ['-@all', '+hello', '+auth', '+ping', '+client|setname'] } });
    try {
      for (const [redisUrl, failure] of [
        [`redis://:wrong-canary@127.0.0.1:${redis.port}`, /WRONGPASS|AUTH/],
        [`redis://127.0.0.1:${redis.port}`, /NOAUTH|AUTH/],
        [redis.url, /NOPERM/],
      ] as const) {
        const { heard, logger } = memoryLogger();
        const manager = new RedisSessionManager({ redisUrl, logger });
        for (let count = 0; count < 4; count++) {
          await assert.rejects(manager.getSession('k'), (error: unknown) => error instanceof Error && !/canary/.test(inspect(error, { depth: 9 })));
        }
        assert.match(manager.status.lastFailure ?? '', failure);
        assert.equal(manager.status.state, 'down');
        assert.doesNotMatch(heard.join('\n'), /canary/);
        await manager.close();
      }
    } finally {
      await redis.stop();
    }
  });

  test('over TLS the certificate is verified unless told otherwise', LIMIT, async () => {
    const redis = await startRedis({ tls: true, password: 'secret' });
    try {
      const { ca = '' } = redis;
      const trusting = new RedisSessionManager({ redisUrl: redis.url, tls: { ca }, ...PATIENT });
      assert.equal(await trusting.compareAndStore('k', sessionRecord(), undefined), true);
      await trusting.close();
      const strict = new RedisSessionManager({ redisUrl: redis.url });
      await assert.rejects(strict.getSession('k'), STORE_ERROR);
      await strict.close();
    } finally {
      await redis.stop();
    }
  });

  test('one that is full or read only says so by its code, and what is stored is still read', LIMIT, async () => {
    const redis = await startRedis();
    const manager = new RedisSessionManager({ redisUrl: redis.url, ...PATIENT });
    try {
      await manager.storeSession('k', sessionRecord());
      await redis.cli('config', 'set', 'maxmemory', '1');
      await assert.rejects(manager.storeSession('k', sessionRecord({ epoch: 2 })), STORE_ERROR);
      assert.equal(manager.status.lastFailure, 'OOM');
      assert.deepEqual(await manager.getSession('k'), sessionRecord());
      await redis.cli('config', 'set', 'maxmemory', '0');
      await manager.storeSession('k', sessionRecord({ epoch: 2 }));
    } finally {
      await manager.close();
      await redis.stop();
    }
  });

  test('every script names its keys and stays within one slot: a node of a cluster that has all slots runs them', LIMIT, async () => {
    const cluster = await startCluster(1);
    const manager = new RedisSessionManager({ redisUrl: cluster.urls[0] ?? '', ...PATIENT });
    try {
      const key = await sessionKey({ endpoint: 'https://host/mcp' });
      assert.equal(await manager.compareAndStore(key, sessionRecord(), undefined), true);
      assert.equal(await manager.withLock(key, () => manager.getSession(key).then((record) => record?.epoch)), 1);
      await manager.joinSession(key, 'me');
      assert.notEqual(await manager.acquireLease(`${key}/stream`), undefined);
      await cluster.nodes[0]?.cli('set', `mcp_session:{${key}}:record`, 'foreign');
      assert.equal(await manager.getSession(key), undefined);
      assert.equal(manager.status.setAside, 1);
      assert.equal(await manager.leaveSession(key, 'me'), 0);
    } finally {
      await manager.close();
      await cluster.stop();
    }
  });
});
