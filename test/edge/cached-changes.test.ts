/** What becomes of results that are kept when the server says that they changed, when it is away, and when the store that they are shared through fails. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deferred } from '../../lib/base/deferred.ts';
import { InMemorySessionManager, PROTOCOL_VERSIONS, RedisSessionManager } from '../../lib/index.ts';
import type { CachedText, SessionManager } from '../../lib/index.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { withConnectedPeer, withHTTP } from '../helpers/http-server-handle.ts';
import type { HTTPTestOptions } from '../helpers/http-server-handle.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';
import { skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const MODERN: HTTPTestOptions = { protocolVersions: PROTOCOL_VERSIONS, maxRetries: 0 };
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

/** A modern server whose lists say how often they were asked for, and whose streams of changes a test writes to. */
class ChangingServer {
  /** Every stream that was opened, in order. */
  readonly streams: PeerExchange[] = [];
  ttlMs = 600_000;
  /** In place of the answer to a list, where a test wants one. */
  instead: ((exchange: PeerExchange) => unknown) | undefined;
  readonly script: PeerScript = {
    'server/discover': (exchange) =>
      exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { resources: { listChanged: true }, prompts: { listChanged: true } }, ttlMs: 0, cacheScope: 'private' })),
    'resources/list': (exchange) => this.#answer(exchange, { resources: [{ name: `resource-${exchange.turn + 1}`, uri: 'demo://one' }] }),
    'prompts/list': (exchange) => this.#answer(exchange, { prompts: [{ name: `prompt-${exchange.turn + 1}` }] }),
    'subscriptions/listen': async (exchange) => {
      const { notifications } = exchange.request.message.params as { notifications: object };
      await exchange.sse();
      this.streams.push(exchange);
      await this.say(exchange, 'notifications/subscriptions/acknowledged', { notifications });
      await exchange.hang();
    },
  };

  /** Answers a list, as fresh as it is to be. */
  answer(exchange: PeerExchange, result: object): Promise<void> {
    return exchange.json(exchange.reply({ resultType: 'complete', ttlMs: this.ttlMs, cacheScope: 'private', ...result }));
  }

  /** Says something on a stream of changes. */
  say(stream: PeerExchange, method: string, params: object = {}): Promise<void> {
    return stream.event({ data: { jsonrpc: '2.0', method, params: { ...params, _meta: { [SUBSCRIPTION]: stream.request.message.id } } } });
  }

  #answer(exchange: PeerExchange, result: object): unknown {
    return this.instead === undefined ? this.answer(exchange, result) : this.instead(exchange);
  }
}

const first = (list: readonly { readonly name: string }[]): string | undefined => list[0]?.name;

describe('a list that the server says has changed', () => {
  test('is asked for again, however fresh it was; others are not', async () => {
    const changing = new ChangingServer();
    await withConnectedPeer(changing.script, MODERN, async ({ server, peer }) => {
      const subscription = await server.subscribe({ resources: true, prompts: true });
      for (let turn = 0; turn < 2; turn++) assert.deepEqual([first(await server.listResources()), first(await server.listPrompts())], ['resource-1', 'prompt-1']);
      const [stream] = changing.streams;
      assert.ok(stream !== undefined);
      await changing.say(stream, 'notifications/resources/list_changed');
      await subscription[Symbol.asyncIterator]().next();
      for (let turn = 0; turn < 2; turn++) assert.deepEqual([first(await server.listResources()), first(await server.listPrompts())], ['resource-2', 'prompt-1']);
      assert.deepEqual([peer.sent('resources/list').length, peer.sent('prompts/list').length], [2, 1]);
    });
  });

  test('an answer that was on its way goes to who asked, and is not kept in the place of a newer one', async () => {
    const changing = new ChangingServer();
    const released = deferred<void>();
    changing.instead = async (exchange) => {
      if (exchange.turn === 0) await released.promise;
      await changing.answer(exchange, { prompts: [{ name: exchange.turn === 0 ? 'old' : 'new' }] });
    };
    await withConnectedPeer(changing.script, MODERN, async ({ server, peer }) => {
      const subscription = await server.subscribe({ prompts: true });
      const early = server.listPrompts();
      await until(() => peer.sent('prompts/list').length === 1, 'the first request is with the server');
      const [stream] = changing.streams;
      assert.ok(stream !== undefined);
      await changing.say(stream, 'notifications/prompts/list_changed');
      await subscription[Symbol.asyncIterator]().next();
      assert.equal(first(await server.listPrompts()), 'new');
      released.resolve();
      assert.equal(first(await early), 'old');
      assert.equal(first(await server.listPrompts()), 'new');
      assert.equal(peer.sent('prompts/list').length, 2);
    });
  });
});

describe('a server that cannot be asked, with a result that is out of date', () => {
  /** Lists once, lets the result grow old, lists again while the server answers with `status`. */
  const ask = async (status: number, staleOnError: boolean, cache: 'use' | 'refresh' = 'use'): Promise<unknown> => {
    const changing = new ChangingServer();
    changing.ttlMs = 1;
    let outcome: unknown;
    await withConnectedPeer(changing.script, { ...MODERN, cache: { staleOnError } }, async ({ server, seen }) => {
      await server.listPrompts();
      const old = performance.now() + 5;
      await until(() => performance.now() > old, 'it is out of date');
      changing.instead = (exchange) => exchange.respond(status, {}, 'no');
      outcome = await server.listPrompts({ cache }).then(first, ({ code, details }) => [code, details.status]);
      const isStale = outcome === 'prompt-1';
      assert.deepEqual(seen.faults.map(({ code, details }) => [code, details['method']]), isStale ? [['ERR_MCP_STALE_RESULT', 'prompts/list']] : []);
    });
    return outcome;
  };

  for (const status of [500, 502, 503, 504]) {
    test(`status ${status}: what is known is used where the host wants that, and only there`, async () => {
      assert.equal(await ask(status, true), 'prompt-1');
      assert.deepEqual(await ask(status, false), ['ERR_MCP_HTTP_STATUS', status]);
      assert.deepEqual(await ask(status, true, 'refresh'), ['ERR_MCP_HTTP_STATUS', status]);
    });
  }

  for (const status of [400, 401, 403, 404, 429]) {
    test(`status ${status} is an answer: what is known is not used, whatever the host wants`, async () => {
      assert.deepEqual(await ask(status, true), ['ERR_MCP_HTTP_STATUS', status]);
    });
  }

  test('a server that is gone: as with 503', async () => {
    const changing = new ChangingServer();
    changing.ttlMs = 1;
    const peer = await HTTPPeer.listen(changing.script);
    try {
      await withHTTP(peer.url, { ...MODERN, cache: { staleOnError: true } }, async (server, { faults }) => {
        await server.listPrompts();
        const old = performance.now() + 5;
        await until(() => performance.now() > old, 'it is out of date');
        await peer.close();
        assert.equal(first(await server.listPrompts()), 'prompt-1');
        assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_STALE_RESULT']);
      });
    } finally {
      await peer.close();
    }
  });
});

/** Two handles on one server, each with its manager: what one of them hears, the other, and one that comes later. */
async function sharedInvalidation(one: SessionManager, two: SessionManager): Promise<void> {
  const changing = new ChangingServer();
  const peer = await HTTPPeer.listen(changing.script);
  const options = (sessionManager: SessionManager): HTTPTestOptions => ({ ...MODERN, sessionManager, cache: { shared: true } });
  const asked = (): number => peer.sent('prompts/list').length;
  const askAnew = (manager: SessionManager): Promise<string | undefined> => withHTTP(peer.url, options(manager), async (server) => first(await server.listPrompts()));
  try {
    await withHTTP(peer.url, options(one), (hears) =>
      withHTTP(peer.url, options(two), async (deaf) => {
        assert.equal(first(await hears.listPrompts()), 'prompt-1');
        await until(async () => (await askAnew(two)) === 'prompt-1' && asked() === 1, 'others find it');
        assert.deepEqual([first(await deaf.listPrompts()), asked()], ['prompt-1', 1]);
        const subscription = await hears.subscribe({ prompts: true });
        const [stream] = changing.streams;
        assert.ok(stream !== undefined);
        await changing.say(stream, 'notifications/prompts/list_changed');
        await subscription[Symbol.asyncIterator]().next();
        assert.notEqual(first(await hears.listPrompts()), 'prompt-1');
        await until(async () => (await askAnew(two)) !== 'prompt-1', 'who comes later finds the old one no more');
        // What it has in memory is its own, until it hears of the change or asks all the same.
        assert.equal(first(await deaf.listPrompts()), 'prompt-1');
        assert.equal(first(await deaf.listPrompts({ cache: 'refresh' })), `prompt-${asked()}`);
      }),
    );
  } finally {
    await peer.close();
  }
}

test('handles that share a store in memory: what one hears has changed, nobody finds there any more', async () => {
  const manager = new InMemorySessionManager();
  await sharedInvalidation(manager, manager);
  await manager.close();
});

describe('through Redis', { skip: skipWithoutRedis, timeout: 60_000 }, () => {
  let redis: RedisServer;
  before(async () => {
    if (skipWithoutRedis === false) redis = await startRedis();
  });
  after(async () => {
    if (skipWithoutRedis === false) await redis.stop();
  });

  async function withTwoManagers(keyPrefix: string, body: (one: SessionManager, two: SessionManager) => Promise<void>): Promise<void> {
    const [one, two] = [0, 1].map(() => new RedisSessionManager({ redisUrl: redis.url, keyPrefix, operationTimeoutMs: 20_000 })) as [RedisSessionManager, RedisSessionManager];
    try {
      await body(one, two);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  }

  test('what one handle hears has changed, nobody finds there any more', () => withTwoManagers('changes:', sharedInvalidation));

  test('the era of a server without sessions is found out once: a handle of another manager is told, and does not probe', async () => {
    const peer = await HTTPPeer.listen();
    try {
      await withTwoManagers('verdicts:', async (one, two) => {
        const eras = [];
        for (const sessionManager of [one, two]) eras.push(await withHTTP(peer.url, { ...MODERN, sessionManager }, async ({ era }) => era));
        assert.deepEqual(eras, ['legacy', 'legacy']);
        assert.deepEqual(peer.order, ['server/discover', 'initialize', 'notifications/initialized', 'initialize', 'notifications/initialized']);
      });
    } finally {
      await peer.close();
    }
  });
});

/** A store of results that never answers. */
class HangingManager extends InMemorySessionManager {
  asked = 0;

  override getCached(): Promise<CachedText | undefined> {
    return this.#hang();
  }

  override storeCached(): Promise<void> {
    return this.#hang();
  }

  override dropCached(): Promise<void> {
    return this.#hang();
  }

  #hang(): Promise<never> {
    this.asked++;
    return new Promise(() => {});
  }
}

test('a store that hangs: the server is asked, the answer is kept in memory, changes are heard, and letting go does not wait for it', async () => {
  const changing = new ChangingServer();
  const sessionManager = new HangingManager();
  await withConnectedPeer(changing.script, { ...MODERN, sessionManager, cache: { shared: true } }, async ({ server, peer }) => {
    assert.deepEqual([first(await server.listPrompts()), first(await server.listPrompts())], ['prompt-1', 'prompt-1']);
    assert.equal(peer.sent('prompts/list').length, 1);
    const subscription = await server.subscribe({ prompts: true });
    const [stream] = changing.streams;
    assert.ok(stream !== undefined);
    await changing.say(stream, 'notifications/prompts/list_changed');
    await subscription[Symbol.asyncIterator]().next();
    assert.equal(first(await server.listPrompts()), 'prompt-2');
    // How often depends on when it was first found to be slow.
    assert.ok(sessionManager.asked >= 1);
  });
});
