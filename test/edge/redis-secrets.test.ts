/** Sealed secrets in a real Redis: what stands there, what a stranger can do with it, and what happens when keys are changed. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Secret } from '../../lib/base/secret.ts';
import { RedisSessionManager } from '../../lib/session/redis-session-manager.ts';
import type { RedisSessionManagerOptions } from '../../lib/session/redis-session-options.ts';
import { SessionTokenStore } from '../../lib/session/session-token-store.ts';
import { keysWithPrefix, skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { describeTokenStore, newSecret } from '../helpers/token-store-contract.ts';

const skip = skipWithoutRedis;
const LIMIT = { skip, timeout: 60_000 };
const PATIENT = { operationTimeoutMs: 20_000 };
const [KEY_ONE, KEY_TWO] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const HOUR_MS = 3_600_000;

let server: RedisServer;
before(async () => {
  if (skip === false) server = await startRedis();
});
after(async () => {
  if (skip === false) await server.stop();
});

let prefixes = 0;

describeTokenStore(
  'SessionTokenStore over a RedisSessionManager',
  async () => {
    const keyPrefix = `contract-${++prefixes}:`;
    const make = () => new RedisSessionManager({ redisUrl: server.url, keyPrefix, sealingKeys: [KEY_ONE], ...PATIENT });
    const managers = [make(), make()] as const;
    const [store, sibling] = [new SessionTokenStore(managers[0]), new SessionTokenStore(managers[1])];
    return { store, sibling, dispose: async () => void (await Promise.all(managers.map((manager) => manager.close()))) };
  },
  skip,
);

describe('secrets in Redis', () => {
  /** Managers over keys that no other test has. */
  async function withManagers(work: (make: (options?: RedisSessionManagerOptions) => RedisSessionManager, keyPrefix: string) => Promise<void>): Promise<void> {
    const keyPrefix = `secrets-${++prefixes}:`;
    const made: RedisSessionManager[] = [];
    const make = (options: RedisSessionManagerOptions = {}): RedisSessionManager => {
      const manager = new RedisSessionManager({ redisUrl: server.url, keyPrefix, sealingKeys: [KEY_ONE], ...PATIENT, ...options });
      made.push(manager);
      return manager;
    };
    try {
      await work(make, keyPrefix);
    } finally {
      await Promise.all(made.map((manager) => manager.close()));
    }
  }

  test('no value and no name of a key shows a secret; a value is gone after its time (T26)', LIMIT, async () => {
    await withManagers(async (make, keyPrefix) => {
      const manager = make();
      assert.equal(await manager.replaceSecret('v1:0f', undefined, newSecret('at-canary'), HOUR_MS), true);
      const keys = await keysWithPrefix(server, keyPrefix);
      assert.deepEqual([...keys.keys()], [`${keyPrefix}{v1:0f}:secret`]);
      const [left = 0] = keys.values();
      assert.ok(left > HOUR_MS - 60_000 && left <= HOUR_MS, `${left} ms`);
      const value = await server.cli('get', `${keyPrefix}{v1:0f}:secret`);
      assert.match(value, /^mcs1:v-\d+:[A-Za-z0-9+/]+=*\s*$/);
      assert.ok(!Buffer.from(value.split(':')[2] ?? '', 'base64').toString('latin1').includes('canary'));
    });
  });

  test('without sealing keys nothing is stored, and nothing is read', LIMIT, async () => {
    await withManagers(async (make, keyPrefix) => {
      const manager = make({ sealingKeys: undefined });
      assert.equal(manager.keepsSecrets, false);
      await assert.rejects(manager.replaceSecret('k', undefined, newSecret('at-canary'), HOUR_MS), { code: 'ERR_MCP_SESSION_STORE', message: /give sealingKeys/ });
      await assert.rejects(manager.getSecret('k'), { code: 'ERR_MCP_SESSION_STORE' });
      assert.equal((await keysWithPrefix(server, keyPrefix)).size, 0);
    });
  });

  test('a value that was moved to another key, or got another version, does not open (T24)', LIMIT, async () => {
    await withManagers(async (make, keyPrefix) => {
      const manager = make();
      const secret = newSecret('mine');
      await manager.replaceSecret('mine', undefined, secret, HOUR_MS);
      const value = (await server.cli('get', `${keyPrefix}{mine}:secret`)).trim();
      await server.cli('set', `${keyPrefix}{yours}:secret`, value);
      assert.deepEqual(await manager.getSecret('yours'), { version: secret.version, text: undefined });
      await server.cli('set', `${keyPrefix}{mine}:secret`, value.replace(secret.version, 'other'));
      assert.deepEqual(await manager.getSecret('mine'), { version: 'other', text: undefined });
      assert.equal(await manager.replaceSecret('mine', 'other', newSecret('new'), HOUR_MS), true);
      assert.equal((await manager.getSecret('mine'))?.text?.reveal(), 'new');
    });
  });

  test('what stands there and is none of ours is nothing, can be replaced, and is not taken away', LIMIT, async () => {
    await withManagers(async (make, keyPrefix) => {
      const manager = make();
      const name = `${keyPrefix}{k}:secret`;
      const plants = [['set', name, 'not ours'], ['set', name, 'mcs1::x'], ['set', name, `mcs1:${'a'.repeat(65)}:x`], ['rpush', name, 'a', 'list'], ['set', name, '']] as const;
      for (const plant of plants) {
        await server.cli('del', name);
        await server.cli(...plant);
        assert.equal(await manager.getSecret('k'), undefined, plant.join(' '));
        assert.equal(await manager.replaceSecret('k', 'v-0', undefined, HOUR_MS), true);
        assert.equal(await server.cli('exists', name).then((count) => count.trim()), '1');
        assert.equal(await manager.replaceSecret('k', undefined, newSecret('ours'), HOUR_MS), true);
        assert.equal((await manager.getSecret('k'))?.text?.reveal(), 'ours');
      }
      for (const body of ['', 'AAAA', '!', 'A'.repeat(2 * 1024 * 1024)]) {
        await server.cli('set', name, `mcs1:v:${body.slice(0, 100_000)}`);
        if (body.length > 100_000) await server.cli('append', name, body.slice(0, 100_000));
        assert.deepEqual(await manager.getSecret('k'), { version: 'v', text: undefined });
      }
    });
  });

  test('a new sealing key: what the old one sealed still opens, and what the new one sealed does for who has it', LIMIT, async () => {
    await withManagers(async (make) => {
      const [old, both, strange] = [make(), make({ sealingKeys: [KEY_TWO, KEY_ONE] }), make({ sealingKeys: [KEY_TWO] })];
      const first = newSecret('first');
      await old.replaceSecret('k', undefined, first, HOUR_MS);
      assert.equal((await both.getSecret('k'))?.text?.reveal(), 'first');
      assert.deepEqual(await strange.getSecret('k'), { version: first.version, text: undefined });
      assert.equal((await old.getSecret('k'))?.text?.reveal(), 'first', 'who cannot open it has not taken it away');
      await both.replaceSecret('k', first.version, newSecret('second'), HOUR_MS);
      assert.equal((await strange.getSecret('k'))?.text?.reveal(), 'second');
      assert.equal((await old.getSecret('k'))?.text, undefined);
    });
  });

  test('one that is too large is refused, and what stands there stays', LIMIT, async () => {
    await withManagers(async (make) => {
      const manager = make({ maxRecordBytes: 1_000 });
      const first = newSecret('first');
      await manager.replaceSecret('k', undefined, first, HOUR_MS);
      await assert.rejects(manager.replaceSecret('k', first.version, { version: 'v', text: new Secret('canary'.repeat(500)) }, HOUR_MS), (error: Error) => error instanceof RangeError && !error.message.includes('canary'));
      assert.equal((await manager.getSecret('k'))?.text?.reveal(), 'first');
    });
  });

  test('Redis that is away, and a manager that is closed, are told of', LIMIT, async () => {
    await withManagers(async (make) => {
      const manager = make();
      await manager.close();
      await assert.rejects(manager.getSecret('k'), { code: 'ERR_MCP_SESSION_STORE' });
      const lost = make({ redisUrl: 'redis://127.0.0.1:1', operationTimeoutMs: 500 });
      await assert.rejects(lost.getSecret('k'), { code: 'ERR_MCP_SESSION_STORE' });
      await assert.rejects(lost.replaceSecret('k', undefined, newSecret('a'), 1), { code: 'ERR_MCP_SESSION_STORE' });
    });
  });
});
