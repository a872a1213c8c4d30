/**
 * Streams of changes of modern servers over real processes and sockets: held open, broken, ended in order.
 * Source: MCP 2026-07-28, basic, patterns, "Subscriptions" and "Cancellation".
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subscription } from '../../lib/index.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { withConnectedPeer } from '../helpers/http-server-handle.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';
import { until } from '../helpers/until.ts';
import { withConnected } from '../helpers/with-server.ts';

const ID = 'io.modelcontextprotocol/subscriptionId';
const CAPABILITIES = { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true } };
const MODERN = { protocolVersions: MODERN_VERSIONS };

async function next(subscription: Subscription): Promise<unknown> {
  const { value } = await subscription[Symbol.asyncIterator]().next();
  return value;
}

/** Says something on the stream of `exchange`. */
const say = (exchange: PeerExchange, method: string, params: object = {}): Promise<void> =>
  exchange.event({ data: { jsonrpc: '2.0', method: `notifications/${method}`, params: { ...params, _meta: { [ID]: exchange.request.message.id } } } });

/** Opens the stream and agrees to all that is asked for. */
async function agree(exchange: PeerExchange): Promise<void> {
  await exchange.sse();
  await say(exchange, 'subscriptions/acknowledged', { notifications: exchange.request.message.params?.['notifications'] });
}

/** A modern server; `listen` is what it does with each stream. */
const scriptWith = (listen: (exchange: PeerExchange) => unknown): PeerScript => ({
  'server/discover': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: CAPABILITIES })),
  'tools/list': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', tools: [] })),
  'subscriptions/listen': listen,
});

describe('over HTTP', () => {
  test('a stream that is held open tells, takes no turn of a call, and is closed with its subscription', async () => {
    const streams: PeerExchange[] = [];
    const script = scriptWith(async (exchange) => {
      streams.push(exchange);
      await agree(exchange);
      await say(exchange, 'resources/updated', { uri: 'a:1' });
      await exchange.comment('still there');
      await exchange.hang();
    });
    await withConnectedPeer(script, { ...MODERN, connectionPoolLimits: { maxConnections: 1 } }, async ({ server, seen }) => {
      const subscription = await server.subscribe({ uris: ['a:1'] });
      assert.deepEqual(await next(subscription), { kind: 'resourceUpdated', uri: 'a:1' });
      assert.deepEqual(await server.listTools(), []);
      assert.equal(streams[0]?.request.headers['mcp-method'], 'subscriptions/listen');
      await subscription.close();
      await until(() => streams[0]?.isClosed === true, 'the stream was closed');
      assert.deepEqual(seen.faults, []);
    });
  });

  test('a stream that breaks is opened again, and a gap is told', async () => {
    const streams: PeerExchange[] = [];
    const script = scriptWith(async (exchange) => {
      streams.push(exchange);
      await agree(exchange);
      await exchange.hang();
    });
    await withConnectedPeer(script, MODERN, async ({ server }) => {
      const subscription = await server.subscribe({ tools: true });
      // Not before it was read: a reset takes with it what came.
      streams[0]?.raw.reset();
      assert.deepEqual(await next(subscription), { kind: 'gap' });
      await subscription.close();
      assert.deepEqual(await subscription.ended, { how: 'local' });
    });
  });

  test('a server that ends its stream in order and has no other one has ended the subscription', async () => {
    const script = scriptWith(async (exchange) => {
      if (exchange.turn > 0) return exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32601, message: 'no more' } }, {}, 404);
      await agree(exchange);
      await say(exchange, 'tools/list_changed');
      await exchange.event({ data: exchange.reply({ resultType: 'complete', _meta: { [ID]: exchange.request.message.id } }) });
      return exchange.endStream();
    });
    await withConnectedPeer(script, MODERN, async ({ server }) => {
      const subscription = await server.subscribe({ tools: true });
      assert.deepEqual(await next(subscription), { kind: 'toolsChanged' });
      assert.deepEqual(await subscription.ended, { how: 'graceful' });
    });
  });

  test('when another stream takes its place, what the earlier one had under way is told, and then it is closed', async () => {
    const streams: PeerExchange[] = [];
    const script = scriptWith(async (exchange) => {
      streams.push(exchange);
      await agree(exchange);
      await exchange.hang();
    });
    await withConnectedPeer(script, { ...MODERN, limits: { streamOverlapMs: 200 } }, async ({ server, seen }) => {
      const one = await server.subscribe({ tools: true });
      await server.subscribe({ uris: ['a:1'] });
      await say(streams[0] as PeerExchange, 'tools/list_changed');
      assert.deepEqual(await next(one), { kind: 'toolsChanged' });
      await until(() => streams[0]?.isClosed === true, 'the earlier stream was closed');
      assert.equal(streams[1]?.isClosed, false);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('with listen: false no stream is opened for listeners, but for subscriptions it is', async () => {
    const script = scriptWith(async (exchange) => {
      await agree(exchange);
      await exchange.hang();
    });
    await withConnectedPeer(script, { ...MODERN, listen: false }, async ({ server, peer }) => {
      server.on('toolsChanged', () => {});
      await server.listTools();
      const count = (): number => peer.requests.filter(({ message }) => message.method === 'subscriptions/listen').length;
      assert.equal(count(), 0);
      await server.subscribe({ tools: true });
      assert.equal(count(), 1);
    });
  });
});

describe('over stdio', () => {
  test('a subscription outlives a crash, and is taken back with a notification', async () => {
    await withConnected({ command: fixtureCommand('children/tells-changes'), ...MODERN }, async (server, seen) => {
      const subscription = await server.subscribe({ tools: true });
      assert.deepEqual(await next(subscription), { kind: 'toolsChanged' });
      server.signalProcess('SIGKILL');
      // What the new server tells at once may come before the gap does.
      const told = [await next(subscription), await next(subscription)] as { kind: string }[];
      assert.deepEqual(told.map(({ kind }) => kind).sort(), ['gap', 'toolsChanged']);
      await subscription.close();
      await until(async () => (await server.listTools()).length === 1, 'the server heard of it');
      assert.deepEqual(seen.faults, []);
    });
  });
});
