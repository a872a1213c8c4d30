import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InMemorySessionManager } from '../../../lib/session/in-memory-session-manager.ts';
import { RedisSessionManager } from '../../../lib/session/redis-session-manager.ts';
import { SessionTokenStore } from '../../../lib/session/session-token-store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { describeTokenStore, newSecret } from '../../helpers/token-store-contract.ts';

describeTokenStore('SessionTokenStore over an InMemorySessionManager', async () => {
  const manager = new InMemorySessionManager();
  return { store: new SessionTokenStore(manager), sibling: new SessionTokenStore(manager), dispose: () => manager.close() };
});

describe('SessionTokenStore', () => {
  test('a manager that would keep tokens readable for others is refused, and what to do is told', async () => {
    const manager = new RedisSessionManager({ redisUrl: 'redis://127.0.0.1:1' });
    assert.throws(() => new SessionTokenStore(manager), { name: 'AuthorizationError', code: 'ERR_MCP_AUTH_STORE', message: /give a RedisSessionManager sealingKeys/ });
    await manager.close();
  });

  test('tokens are forgotten 30 days after they were stored, or when it is said', async () => {
    for (const [options, lifeMs] of [[{}, 2_592_000_000], [{ expirationSeconds: 5 }, 5_000]] as const) {
      const clock = new FakeClock();
      const store = new SessionTokenStore(new InMemorySessionManager({ clock }), options);
      await store.replace('k', undefined, newSecret('a'));
      await clock.advance(lifeMs - 1);
      assert.equal((await store.read('k'))?.text?.reveal(), 'a');
      await clock.advance(1);
      assert.equal(await store.read('k'), undefined);
    }
  });

  test('of more secrets than maxSessions the one unused for the longest time leaves', async () => {
    const store = new SessionTokenStore(new InMemorySessionManager({ maxSessions: 2 }));
    for (const key of ['first', 'second']) await store.replace(key, undefined, newSecret(key));
    await store.read('first');
    await store.replace('third', undefined, newSecret('third'));
    assert.deepEqual([(await store.read('first'))?.text?.reveal(), await store.read('second'), (await store.read('third'))?.text?.reveal()], ['first', undefined, 'third']);
  });

  test('a closed manager is told of', async () => {
    const manager = new InMemorySessionManager();
    const store = new SessionTokenStore(manager);
    await store.replace('k', undefined, newSecret('a'));
    await manager.close();
    await assert.rejects(store.read('k'), { code: 'ERR_MCP_SESSION_STORE' });
    await assert.rejects(store.replace('k', undefined, newSecret('b')), { code: 'ERR_MCP_SESSION_STORE' });
  });

  test('wrong arguments are told at the door', () => {
    const manager = new InMemorySessionManager();
    for (const options of [{ expirationSeconds: 0 }, { expirationSeconds: 2e9 }, { lockLeaseMs: 0 }]) assert.throws(() => new SessionTokenStore(manager, options), RangeError);
    for (const options of [{ ttl: 5 }, null, { expirationSeconds: '1' }]) assert.throws(() => new SessionTokenStore(manager, options as never), TypeError);
    for (const wrong of [undefined, null, 'redis']) assert.throws(() => new SessionTokenStore(wrong as never), TypeError);
  });
});
