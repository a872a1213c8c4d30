/** Results that are used again, over HTTP and through session managers: whose they are, who shares them, and what a store can hold in their place. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Buffer } from 'node:buffer';
import { InMemorySessionManager, PROTOCOL_VERSIONS, RedisSessionManager } from '../../lib/index.ts';
import type { RedisSessionManagerOptions, SessionManager } from '../../lib/index.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { withConnectedPeer, withHTTP } from '../helpers/http-server-handle.ts';
import type { HTTPTestOptions } from '../helpers/http-server-handle.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';
import { skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { RawRedis } from '../helpers/raw-redis.ts';
import { until } from '../helpers/until.ts';

const MODERN: HTTPTestOptions = { protocolVersions: PROTOCOL_VERSIONS };

/** A modern server that answers each asker with the name they go by, and how often it was asked. */
function whoIsIt(hints: object): PeerScript {
  return {
    'server/discover': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { tools: {}, prompts: {} }, ttlMs: 0, cacheScope: 'private' })),
    'prompts/list': (exchange: PeerExchange) => {
      const name = `${exchange.request.headers['authorization'] ?? 'nobody'} ${exchange.peer.requests.filter(({ message }) => message.method === 'prompts/list').length} é`;
      return exchange.json(exchange.reply({ resultType: 'complete', prompts: [{ name }], ttlMs: 600_000, cacheScope: 'private', ...hints }));
    },
  };
}

describe('whose result it is', () => {
  for (const [name, publicAcrossCredentials, expected] of [
    ['each credential has its own', false, ['a 1 é', 'b 2 é', 'a 1 é', 'b 2 é']],
    ['what is public is everybody’s where the host says so', true, ['a 1 é', 'a 1 é', 'a 1 é', 'a 1 é']],
  ] as const) {
    test(`headers that change: ${name}`, async () => {
      let user = 'a';
      const headers = () => ({ Authorization: user });
      await withConnectedPeer(whoIsIt({ cacheScope: 'public' }), { ...MODERN, headers, cache: { publicAcrossCredentials } }, async ({ server }) => {
        const names: Array<string | undefined> = [];
        for (user of ['a', 'b', 'a', 'b']) names.push((await server.listPrompts())[0]?.name);
        assert.deepEqual(names, expected);
      });
    });
  }

  test('what is private is nobody else’s, whatever the host says of public ones', async () => {
    let user = 'a';
    const options = { ...MODERN, headers: () => ({ Authorization: user }), cache: { publicAcrossCredentials: true } };
    await withConnectedPeer(whoIsIt({}), options, async ({ server }) => {
      await server.listPrompts();
      user = 'b';
      assert.equal((await server.listPrompts())[0]?.name, 'b 2 é');
    });
  });

  test('a result that came while the headers changed is not kept', async () => {
    let user = 'a';
    const script = whoIsIt({});
    const answer = script['prompts/list'] as (exchange: PeerExchange) => unknown;
    const changing: PeerScript = { ...script, 'prompts/list': (exchange) => ((user = 'b'), answer(exchange)) };
    await withConnectedPeer(changing, { ...MODERN, headers: () => ({ Authorization: user }) }, async ({ server }) => {
      await server.listPrompts();
      user = 'a';
      assert.equal((await server.listPrompts())[0]?.name, 'a 2 é');
    });
  });
});

test('staleOnError: a server that answers 503 is passed over, one that answers 401 is not', async () => {
  let status = 200;
  const script = whoIsIt({ ttlMs: 1 });
  const answer = script['prompts/list'] as (exchange: PeerExchange) => unknown;
  const failing: PeerScript = { ...script, 'prompts/list': (exchange) => (status === 200 ? answer(exchange) : exchange.respond(status)) };
  await withConnectedPeer(failing, { ...MODERN, maxRetries: 0, cache: { staleOnError: true } }, async ({ server, seen }) => {
    const [first] = await server.listPrompts();
    status = 503;
    await until(() => true, 'a turn passed');
    assert.deepEqual((await server.listPrompts({ timeoutMs: 20_000 }))[0], first);
    status = 401;
    await assert.rejects(server.listPrompts({ cache: 'refresh' }));
    assert.ok(seen.faults.every(({ code }) => code === 'ERR_MCP_STALE_RESULT'));
  });
});

/** Asks for the prompts through a handle of its own. */
async function askOnce(peer: HTTPPeer, sessionManager: SessionManager, user: string, cache: object = {}): Promise<string | undefined> {
  return withHTTP(peer.url, { ...MODERN, sessionManager, headers: { Authorization: user }, cache: { shared: true, ...cache } }, async (server) => (await server.listPrompts())[0]?.name);
}

async function withSharedPeer(hints: object, body: (peer: HTTPPeer) => Promise<void>): Promise<void> {
  const peer = await HTTPPeer.listen(whoIsIt(hints));
  try {
    await body(peer);
  } finally {
    await peer.close();
  }
}

test('handles of one manager in memory share results, each credential its own', async () => {
  await withSharedPeer({ cacheScope: 'public' }, async (peer) => {
    const manager = new InMemorySessionManager();
    assert.deepEqual([await askOnce(peer, manager, 'a'), await askOnce(peer, manager, 'a'), await askOnce(peer, manager, 'b')], ['a 1 é', 'a 1 é', 'b 2 é']);
    const everybodys = { publicAcrossCredentials: true };
    assert.deepEqual([await askOnce(peer, manager, 'c', everybodys), await askOnce(peer, manager, 'd', everybodys)], ['c 3 é', 'c 3 é']);
    await manager.close();
    assert.equal(await askOnce(peer, manager, 'a'), 'a 4 é');
  });
});

describe('results in Redis', { skip: skipWithoutRedis }, () => {
  let redis: RedisServer;
  before(async () => {
    if (skipWithoutRedis === false) redis = await startRedis();
  });
  after(async () => {
    if (skipWithoutRedis === false) await redis.stop();
  });

  let prefixes = 0;
  async function withManagers(options: RedisSessionManagerOptions, body: (one: RedisSessionManager, two: RedisSessionManager, raw: RawRedis, prefix: string) => Promise<void>): Promise<void> {
    const keyPrefix = `cache-${++prefixes}:`;
    const [one, two] = [0, 1].map(() => new RedisSessionManager({ redisUrl: redis.url, keyPrefix, operationTimeoutMs: 20_000, ...options })) as [RedisSessionManager, RedisSessionManager];
    const raw = await RawRedis.connect(Number(new URL(redis.url).port));
    try {
      await body(one, two, raw, keyPrefix);
    } finally {
      await Promise.all([one.close(), two.close()]);
      raw.close();
    }
  }

  for (const [name, sealingKeys] of [
    ['in the open', undefined],
    ['sealed', [new Uint8Array(32).fill(7)]],
  ] as const) {
    test(`two managers share results, ${name}, each credential its own; a group can be dropped`, async () => {
      await withSharedPeer({}, async (peer) => {
        await withManagers({ sealingKeys }, async (one, two, raw, prefix) => {
          assert.equal(await askOnce(peer, one, 'a'), 'a 1 é');
          const results = async () => ((await raw.send(['KEYS', `${prefix}*results`])) as Uint8Array[]).map((key) => Buffer.from(key).toString());
          await until(async () => (await results()).length === 1, 'it is stored');
          assert.deepEqual([await askOnce(peer, two, 'a'), await askOnce(peer, two, 'b')], ['a 1 é', 'b 2 é']);
          const [key = ''] = await results();
          const left = Number(await raw.send(['PTTL', key]));
          assert.ok(left > 0 && left <= 600_000, `${left}`);
        });
      });
    });
  }

  test('get, store and drop, with their time', async () => {
    await withManagers({}, async (one, two) => {
      await one.storeCached('g', 'f', '{"a":"é☃"}', 600_000);
      const found = await two.getCached('g', 'f');
      assert.deepEqual(JSON.parse(found?.text ?? ''), { a: 'é☃' });
      assert.ok((found?.ttlMs ?? 0) > 0 && (found?.ttlMs ?? 0) <= 600_000);
      assert.equal(await two.getCached('g', 'other'), undefined);
      await two.dropCached('g');
      assert.equal(await one.getCached('g', 'f'), undefined);
      await one.storeCached('g', 'f', '{}', 1);
      await until(async () => (await one.getCached('g', 'f')) === undefined, 'it ended');
    });
  });

  test('what is none of ours is nothing, and counted', async () => {
    await withManagers({ maxRecordBytes: 200 }, async (one, two, raw, prefix) => {
      await one.storeCached('g', 'f', '{}', 600_000);
      const key = `${prefix}{g}:results`;
      const [field] = (await raw.send(['HKEYS', key])) as unknown as [Uint8Array];
      const hostile = ['x', '9999999999999:j:{', '9999999999999:s:e30=', '9999999999999:x:{}', `9999999999999:j:"${'a'.repeat(300)}"`, `99999999999999999999:j:{}`, ':j:{}', `9999999999999:j:${'['.repeat(150)}`];
      for (const [index, value] of hostile.entries()) {
        await raw.send(['HSET', key, field, value]);
        assert.equal(await two.getCached('g', 'f'), undefined, value);
        assert.equal(two.status.flawedResults, index + 1, value);
      }
      await raw.send(['DEL', key]);
      await raw.send(['SET', key, 'a text']);
      assert.equal(await two.getCached('g', 'f'), undefined);
      await one.storeCached('g', 'f', '{"a":1}', 600_000);
      assert.equal((await two.getCached('g', 'f'))?.text, '{"a":1}');
      await one.storeCached('g', 'large', JSON.stringify('a'.repeat(300)), 600_000);
      assert.equal(await two.getCached('g', 'large'), undefined);
    });
  });

  test('a stored value that is JSON and no result is not used: the server is asked', async () => {
    await withSharedPeer({}, async (peer) => {
      await withManagers({}, async (one, _two, raw, prefix) => {
        await askOnce(peer, one, 'a');
        let key: string | undefined;
        await until(async () => (key = ((await raw.send(['KEYS', `${prefix}*results`])) as Uint8Array[]).map((found) => Buffer.from(found).toString())[0]) !== undefined, 'it is stored');
        const [field] = (await raw.send(['HKEYS', key ?? ''])) as unknown as [Uint8Array];
        await raw.send(['HSET', key ?? '', field, '9999999999999:j:{"prompts":7}']);
        assert.equal(await askOnce(peer, one, 'a'), 'a 2 é');
      });
    });
  });
});
