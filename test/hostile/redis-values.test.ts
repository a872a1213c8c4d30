/** What others put into Redis, and what others find there: session records are poisoned, moved, swollen; and every byte that is stored is looked through for what must not be there. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Logger } from '../../lib/base/log.ts';
import { RedisSessionManager } from '../../lib/session/redis-session-manager.ts';
import type { RedisSessionManagerOptions } from '../../lib/session/redis-session-options.ts';
import { sessionKey } from '../../lib/session/session-key.ts';
import { RawRedis } from '../helpers/raw-redis.ts';
import { skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { sessionRecord } from '../helpers/session-manager-contract.ts';

const skip = skipWithoutRedis;
const LIMIT = { skip, timeout: 60_000 };
const KEY = new Uint8Array(32).fill(3);

let server: RedisServer;
let raw: RawRedis;
before(async () => {
  if (skip !== false) return;
  server = await startRedis();
  raw = await RawRedis.connect(server.port);
});
after(async () => {
  if (skip !== false) return;
  raw.close();
  await server.stop();
});

let prefixes = 0;

interface Subject {
  readonly manager: RedisSessionManager;
  readonly record: string;
  readonly quarantine: string;
  readonly warnings: string[];
}

/** A manager over an empty session `k`, closed afterwards. */
async function withManager(options: RedisSessionManagerOptions, work: (subject: Subject) => Promise<void>): Promise<void> {
  const keyPrefix = `hostile-${++prefixes}:`;
  const warnings: string[] = [];
  const logger: Logger = { warn: (message, facts) => void warnings.push(`${message} ${JSON.stringify(facts)}`) };
  const manager = new RedisSessionManager({ keyPrefix, logger, operationTimeoutMs: 20_000, ...(options.client === undefined ? { redisUrl: server.url } : {}), ...options });
  try {
    await work({ manager, record: `${keyPrefix}{k}:record`, quarantine: `${keyPrefix}{k}:quarantine`, warnings });
  } finally {
    await manager.close();
  }
}

const text = async (name: string): Promise<string> => String(await raw.send(['GET', name]));

/** A value as a manager without keys stores it. */
async function plainValue(changes: Parameters<typeof sessionRecord>[0] = {}): Promise<string> {
  let value = '';
  await withManager({}, async ({ manager, record }) => {
    await manager.storeSession('k', sessionRecord(changes));
    value = await text(record);
  });
  return value;
}

const bytes = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers);

/** Puts something that is no record of ours under a key. */
type Plant = (name: string) => Promise<unknown>;

describe('what stands in Redis and is no session record', () => {
  const set = (value: string | Uint8Array): Plant => (name) => raw.send(['SET', name, value]);
  const plants: ReadonlyArray<readonly [string, () => Plant | Promise<Plant>]> = [
    ['no JSON', () => set('hello')],
    ['JSON of something else', () => set('{"user":"root"}')],
    ['a record without our head', async () => set((await plainValue()).slice('mcp1:1:j:'.length))],
    ['a head and nothing else', () => set('mcp1:1:j:')],
    ['another version', async () => set((await plainValue()).replace('mcp1', 'mcp2'))],
    ['an epoch in front that is not the one inside', async () => set((await plainValue()).replace('mcp1:1:', 'mcp1:2:'))],
    ['an epoch with leading zeros', async () => set((await plainValue()).replace('mcp1:1:', 'mcp1:0000001:'))],
    ['an epoch beyond exact numbers', async () => set((await plainValue()).replace('mcp1:1:', 'mcp1:99999999999999999999:'))],
    ['a record that is cut', async () => set((await plainValue()).slice(0, -20))],
    ['a record followed by more', async () => set(`${await plainValue()}{}`)],
    ['a session id that could break a header', async () => set((await plainValue({ sessionId: 'abc' })).replace('"abc"', '"a\\r\\nx: y"'))],
    ['a prototype', async () => set((await plainValue()).replace('"version":1', '"__proto__":{"version":1}'))],
    ['brackets 100,000 deep', () => set(`mcp1:1:j:${'['.repeat(100_000)}`)],
    ['an array', () => set('mcp1:1:j:[]')],
    ['bytes that are no text', () => set(bytes(0, 255, 254, 128, 10, 13))],
    ['our head and bytes that are no text', () => set(Buffer.concat([Buffer.from('mcp1:1:j:{"version":"'), bytes(0xff, 0xc0, 0x80)]))],
    ['something sealed, for who has no key', async () => set(`mcp1:1:s:${'A'.repeat(200)}`)],
    ['a number', () => (name) => raw.send(['INCR', name])],
    ['two megabytes', () => set('x'.repeat(2_000_000))],
    ['two megabytes behind our head', () => set(`mcp1:1:j:${' '.repeat(2_000_000)}`)],
    ['a list', () => (name) => raw.send(['RPUSH', name, 'a', 'b'])],
    ['a hash', () => (name) => raw.send(['HSET', name, 'version', '1'])],
    ['a set', () => (name) => raw.send(['SADD', name, 'a'])],
    ['a sorted set', () => (name) => raw.send(['ZADD', name, '1', 'a'])],
    ['a stream', () => (name) => raw.send(['XADD', name, '*', 'a', 'b'])],
  ];

  for (const [what, make] of plants) {
    test(`${what}: is set aside, counted and logged once, and counts as nothing, for every client`, LIMIT, async () => {
      const plant = await make();
      for (const options of [{}, { client: raw }]) {
        await withManager(options, async ({ manager, record, quarantine, warnings }) => {
          await plant(record);
          assert.equal(await manager.getSession('k'), undefined);
          assert.equal(await raw.send(['EXISTS', record]), 0);
          assert.equal(await raw.send(['EXISTS', quarantine]), 1);
          const left = Number(await raw.send(['PTTL', quarantine]));
          assert.ok(left > 0 && left <= 600_000, `${left} ms`);
          assert.equal(await manager.getSession('k'), undefined);
          assert.equal(manager.status.setAside, 1);
          await plant(record);
          assert.equal(await manager.compareAndStore('k', sessionRecord({ epoch: 9 }), 8), false);
          assert.equal(await manager.compareAndStore('k', sessionRecord({ epoch: 9 }), undefined), true);
          assert.equal((await manager.getSession('k'))?.epoch, 9);
          assert.equal(manager.status.setAside, 2);
          assert.equal(warnings.length, 2);
          assert.match(warnings[0] ?? '', /^A stored session was set aside: (?:no session record|damaged|sealed otherwise|too large) /);
          await plant(`${record}2`);
          await manager.storeSession('k', sessionRecord({ epoch: 10 }));
          assert.equal((await manager.getSession('k'))?.epoch, 10);
          assert.equal(manager.status.state, 'up');
        });
      }
    });
  }

  test('20 megabytes, more than a client takes for one reply, are set aside without being read', LIMIT, async () => {
    await withManager({}, async ({ manager, record }) => {
      await raw.send(['SETRANGE', record, 20_000_000, 'x']);
      assert.equal(await manager.getSession('k'), undefined);
      assert.deepEqual([manager.status.setAside, manager.status.state, manager.status.failures], [1, 'up', 0]);
    });
  });

  test('a good record that another worker stores in the same moment is never set aside', LIMIT, async () => {
    await withManager({}, async ({ manager, record, quarantine }) => {
      const good = await plainValue({ epoch: 5 });
      // The value changes between the reading and the setting aside.
      const client = {
        send: async (args: ReadonlyArray<string | number | Uint8Array>) => {
          const reply = await raw.send(args);
          if (args[0] === 'GETRANGE') await raw.send(['SET', record, good]);
          return reply;
        },
      };
      await withManager({ client, keyPrefix: record.slice(0, record.indexOf('{')) }, async (other) => {
        await raw.send(['SET', record, 'mcp1:4:j:{damaged']);
        assert.equal(await other.manager.getSession('k'), undefined);
        assert.equal(other.manager.status.setAside, 0);
      });
      assert.equal(await raw.send(['EXISTS', quarantine]), 0);
      assert.equal((await manager.getSession('k'))?.epoch, 5);
    });
  });

  test('members and fences of another type are no error, and what is planted as a lock for ever is not for ever', LIMIT, async () => {
    await withManager({ lockLeaseMs: 200 }, async ({ manager, record }) => {
      const tagged = record.slice(0, -'record'.length);
      await raw.send(['SET', `${tagged}members`, 'x']);
      await raw.send(['RPUSH', `${tagged}fence`, 'x']);
      await raw.send(['SADD', `${tagged}wanted`, 'x']);
      await raw.send(['HSET', `${tagged}lock`, 'a', 'b']);
      await manager.joinSession('k', 'me');
      assert.equal(await manager.leaveSession('k', 'you'), 1);
      assert.equal(await manager.withLock('k', async (_signal, fence) => (fence ?? 0) > 0, { waitMs: 10_000 }), true);
      assert.equal(manager.status.state, 'up');
    });
  });

  test('seeded noise in a stored value, 300 times: a record is whole or it is none, and nothing else happens', LIMIT, async () => {
    let seed = 7;
    const pick = (below: number): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % below;
    for (const options of [{ client: raw }, { client: raw, sealingKeys: [KEY] }]) {
      await withManager(options, async ({ manager, record }) => {
        await manager.storeSession('k', sessionRecord());
        const value = Buffer.from(await text(record));
        for (let round = 0; round < 300; round++) {
          const noisy = Buffer.from(value);
          for (let count = 0; count <= pick(3); count++) noisy[pick(noisy.length)] = pick(256);
          await raw.send(['SET', record, noisy]);
          const found = await manager.getSession('k');
          if (found === undefined) assert.equal(await raw.send(['EXISTS', record]), 0);
          else if ('sealingKeys' in options) assert.deepEqual(found, sessionRecord());
          else assert.equal(found.version, 1);
        }
        assert.equal(manager.status.state, 'up');
      });
    }
  });
});

describe('values that are sealed', () => {
  test('do not open under another key of Redis: two sessions that are swapped are both set aside', LIMIT, async () => {
    await withManager({ sealingKeys: [KEY] }, async ({ manager, record }) => {
      const other = record.replace('{k}', '{other}');
      await manager.storeSession('k', sessionRecord({ sessionId: 'of-k' }));
      await manager.storeSession('other', sessionRecord({ sessionId: 'of-other' }));
      const [mine, theirs] = [await text(record), await text(other)];
      await raw.send(['SET', record, theirs]);
      await raw.send(['SET', other, mine]);
      assert.deepEqual([await manager.getSession('k'), await manager.getSession('other')], [undefined, undefined]);
      assert.equal(manager.status.setAside, 2);
      await raw.send(['SET', record, mine]);
      assert.equal((await manager.getSession('k'))?.sessionId, 'of-k', 'in its own place it opens');
    });
  });

  test('an epoch that was changed in front of them, and one that is not sealed, are set aside', LIMIT, async () => {
    const plain = await plainValue();
    await withManager({ sealingKeys: [KEY] }, async ({ manager, record }) => {
      await manager.storeSession('k', sessionRecord({ epoch: 1 }));
      await raw.send(['SET', record, (await text(record)).replace('mcp1:1:', 'mcp1:2:')]);
      assert.equal(await manager.getSession('k'), undefined);
      await raw.send(['SET', record, plain]);
      assert.equal(await manager.getSession('k'), undefined);
      assert.equal(manager.status.setAside, 2);
    });
  });

  test('a key is changed without losing a session: first it opens everywhere, then it seals, then the old one goes', LIMIT, async () => {
    const newer = new Uint8Array(32).fill(4);
    const keyPrefix = `hostile-${++prefixes}:`;
    const stages = [[KEY], [KEY, newer], [newer, KEY], [newer]];
    let epoch = 0;
    for (const [index, sealingKeys] of stages.entries()) {
      await withManager({ keyPrefix, sealingKeys }, async ({ manager }) => {
        assert.equal((await manager.getSession('k'))?.epoch, index === 0 ? undefined : epoch);
        assert.equal(await manager.compareAndStore('k', sessionRecord({ epoch: epoch + 1 }), index === 0 ? undefined : epoch), true);
        assert.equal(manager.status.setAside, 0);
      });
      epoch++;
    }
    await withManager({ keyPrefix, sealingKeys: [KEY] }, async ({ manager }) => {
      assert.equal(await manager.getSession('k'), undefined, 'the old key opens nothing any more');
    });
  });
});

describe('what is stored', () => {
  /** Names and contents of everything in Redis. */
  async function everything(): Promise<string> {
    const names = (await raw.send(['KEYS', '*'])) as readonly Buffer[];
    const dumps = await Promise.all(names.map((name) => raw.send(['DUMP', name])));
    return [...names, ...dumps].map((part) => (part as Buffer).toString('latin1')).join('\n');
  }

  for (const sealingKeys of [undefined, [KEY]]) {
    test(`${sealingKeys === undefined ? 'unsealed' : 'sealed'}: no endpoint, no credential, no token, no header${sealingKeys === undefined ? '' : ', no session id, nothing that the server said'}`, LIMIT, async () => {
      await raw.send(['CONFIG', 'SET', 'rdbcompression', 'no']);
      await raw.send(['FLUSHALL']);
      const key = await sessionKey({ endpoint: 'https://canary-host.example/canary-path', sessionKey: 'canary-user', credential: 'Bearer canary-token' });
      await withManager({ sealingKeys }, async ({ manager }) => {
        const record = { ...sessionRecord({ sessionId: 'canary-session', instructions: 'canary-instructions' }), authorization: 'Bearer canary-token', headers: { cookie: 'canary-cookie' } };
        await manager.storeSession(key, record as never);
        await manager.joinSession(key, 'worker-1');
        await manager.acquireLease(`${key}/stream`);
        await manager.withLock(key, async () => {
          await assert.rejects(manager.withLock(key, async () => {}, { waitMs: 20 }));
          assert.equal(await manager.compareAndStore(key, sessionRecord({ epoch: 2, sessionId: 'canary-session', instructions: 'canary-instructions' }), 1), true);
          const stored = await everything();
          assert.ok(stored.includes(`{${key}}:record`) && stored.includes(`{${key}}:lock`), 'what is looked through is there');
          const found = new Set(stored.match(/canary-[a-z]+/g) ?? []);
          assert.deepEqual([...found].sort(), sealingKeys === undefined ? ['canary-instructions', 'canary-session'] : []);
          if (sealingKeys !== undefined) assert.doesNotMatch(stored, /shared-server|2025-06-18|tools/);
        });
      });
    });
  }
});
