/**
 * Changes and log levels of modern servers, scripted, on a fake clock. Source: MCP 2026-07-28, basic, patterns, "Subscriptions" and
 * "Cancellation"; server, utilities, "Logging".
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServerChange, Subscription } from '../../../lib/index.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { StreamOverlap } from '../../../lib/features/stream-overlap.ts';
import { PendingRequest, PendingRequests } from '../../../lib/connection/pending-requests.ts';
import { defaultRequestSettings } from '../../../lib/connection/request-settings.ts';
import type { ListenStream } from '../../../lib/features/listen-stream.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { memoryHandle, withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle, MemoryOptions } from '../../helpers/memory-handle.ts';
import { MODERN_VERSIONS } from '../../helpers/revisions.ts';
import { Refusal, ScriptedPeer } from '../../helpers/scripted-peer.ts';
import type { Script, SentMessage } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection } from '../../helpers/with-server.ts';

const ALL = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { listChanged: true, subscribe: true }, logging: {} };
const ID = 'io.modelcontextprotocol/subscriptionId';
const LEVEL = 'io.modelcontextprotocol/logLevel';
const LISTEN = 'subscriptions/listen';

const metaOf = (message: SentMessage | undefined): Record<string, unknown> => (message?.params?.['_meta'] ?? {}) as Record<string, unknown>;
const filterOf = (message: SentMessage | undefined): unknown => message?.params?.['notifications'];

/** What the server says on the stream `id`. */
const say = (peer: ScriptedPeer, id: unknown, method: string, params: object = {}): void => peer.notify(`notifications/${method}`, { ...params, _meta: { [ID]: id } });
const acknowledge = (peer: ScriptedPeer, message: SentMessage | undefined, agreed: unknown = filterOf(message)): void =>
  say(peer, message?.id, 'subscriptions/acknowledged', { notifications: agreed });
const acknowledges: Script[string] = (message, peer) => void acknowledge(peer, message);

/** A modern server that acknowledges every stream, unless the script says otherwise. */
function modernPeer(script: Script = {}, capabilities: object = ALL): ScriptedPeer {
  return new ScriptedPeer({
    'server/discover': () => ({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities, ttlMs: 0, cacheScope: 'private' }),
    'tools/list': () => ({ resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' }),
    [LISTEN]: acknowledges,
    ...script,
  });
}

function withServerOn(peers: readonly [ScriptedPeer, ...ScriptedPeer[]], body: (handle: MemoryHandle) => Promise<void>, options: MemoryOptions = {}): Promise<void> {
  return withMemoryHandle(peers, { protocolVersions: MODERN_VERSIONS, restart: 'on-crash', ...options }, body);
}

/** What waits to be read; the subscription is over then. */
async function readAll(subscription: Subscription): Promise<ServerChange[]> {
  await settle();
  const changes: ServerChange[] = [];
  const reader = subscription[Symbol.asyncIterator]();
  for (;;) {
    const outcome = await Promise.race([reader.next(), settle().then(() => undefined)]);
    if (outcome === undefined || outcome.done === true) return changes;
    changes.push(outcome.value);
  }
}

const cancelled = (peer: ScriptedPeer): unknown[] => peer.sent('notifications/cancelled').map(({ params }) => params?.['requestId']);

describe('opening a stream', () => {
  test('one request asks for what is wanted, and what the server agreed to is honoured', async () => {
    const peer = modernPeer({ [LISTEN]: (message, to) => void acknowledge(to, message, { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['a:1', 'a:9'] }) });
    await withServerOn([peer], async ({ server }) => {
      const subscription = await server.subscribe({ tools: true, resources: true, uris: ['a:1', 'a:2'] });
      const [asked] = peer.sent(LISTEN);
      assert.deepEqual(filterOf(asked), { toolsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['a:1', 'a:2'] });
      assert.equal(typeof metaOf(asked)['io.modelcontextprotocol/protocolVersion'], 'string');
      assert.equal(metaOf(asked)['progressToken'], undefined);
      assert.deepEqual(subscription.honoured, { tools: true, prompts: false, resources: false, uris: ['a:1'] });
      say(peer, asked?.id, 'resources/updated', { uri: 'a:1' });
      say(peer, asked?.id, 'tools/list_changed');
      assert.deepEqual(await readAll(subscription), [{ kind: 'resourceUpdated', uri: 'a:1' }, { kind: 'toolsChanged' }]);
      assert.equal(peer.sent('resources/subscribe').length, 0);
    });
  });

  test('without an acknowledgement it times out, and the request is taken back', async () => {
    const peer = modernPeer({ [LISTEN]: () => undefined });
    await withServerOn([peer], async ({ server, clock }) => {
      const error = mcpRejection(server.subscribe({ tools: true }, { timeoutMs: 500 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      await settle();
      await clock.advance(500);
      await error;
      await settle();
      assert.deepEqual(cancelled(peer), [peer.sent(LISTEN)[0]?.id]);
      assert.equal(server.pendingRequests.length, 0);
    });
  });

  test('once it is acknowledged nothing limits how long it stays open', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server, clock, faults }) => {
      const subscription = await server.subscribe({ tools: true }, { timeoutMs: 500 });
      await clock.advance(24 * 3_600_000);
      assert.equal(server.pendingRequests.length, 1);
      say(peer, peer.sent(LISTEN)[0]?.id, 'tools/list_changed');
      assert.deepEqual(await readAll(subscription), [{ kind: 'toolsChanged' }]);
      assert.deepEqual(faults, []);
    });
  });

  test('the signal of the caller, a refusal, and an answer before the acknowledgement end the wait', async () => {
    const answers = [new Refusal(-32601, 'no'), { resultType: 'complete' }, undefined];
    const peer = modernPeer({ [LISTEN]: () => answers.shift() });
    await withServerOn([peer], async ({ server, clock }) => {
      await mcpRejection(server.subscribe({ tools: true }), 'RPCError', 'ERR_MCP_RPC');
      await mcpRejection(server.subscribe({ tools: true }), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      const controller = new AbortController();
      const third = server.subscribe({ tools: true }, { signal: controller.signal });
      await settle();
      controller.abort(new Error('enough'));
      assert.equal(((await rejection(third)) as Error).message, 'enough');
      await clock.advance(60_000);
      assert.equal(peer.sent(LISTEN).length, 3, 'nothing is asked for again by itself');
      assert.deepEqual(cancelled(peer), [peer.sent(LISTEN)[2]?.id]);
    });
  });

  test('what the server does not declare is not asked for', async () => {
    const peer = modernPeer({}, { tools: {}, resources: {} });
    await withServerOn([peer], async ({ server }) => {
      const subscription = await server.subscribe({ tools: true, prompts: true });
      assert.deepEqual(subscription.honoured, { tools: false, prompts: false, resources: false, uris: [] });
      const error = await mcpRejection(server.subscribe({ uris: ['a:1'] }), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
      assert.equal(error.delivery, 'unsent');
      assert.equal(peer.sent(LISTEN).length, 0);
    });
  });
});

describe('what comes', () => {
  test('without an id, with an unknown one, or before the acknowledgement it is dropped, and told of once', async () => {
    const peer = modernPeer({ [LISTEN]: () => undefined });
    await withServerOn([peer], async ({ server, faults }) => {
      const opening = server.subscribe({ tools: true, uris: ['a:1'] });
      await settle();
      const [asked] = peer.sent(LISTEN);
      for (let n = 0; n < 3; n++) {
        peer.notify('notifications/tools/list_changed');
        say(peer, 4711, 'tools/list_changed');
        say(peer, String(asked?.id), 'tools/list_changed');
        say(peer, asked?.id, 'resources/updated', { uri: 'a:1' });
        peer.notify('notifications/subscriptions/acknowledged', { notifications: {} });
      }
      acknowledge(peer, asked);
      const subscription = await opening;
      assert.deepEqual(await readAll(subscription), []);
      assert.deepEqual(faults.map(({ code }) => code), Array(3).fill('ERR_MCP_UNKNOWN_SUBSCRIPTION'));
      assert.deepEqual(new Set(faults.map(({ message }) => /says on no stream|nobody asked for|not acknowledged/.exec(message)?.[0])).size, 3);
    });
  });

  test('an acknowledgement that is none is a fault, and does not count', async () => {
    const peer = modernPeer({ [LISTEN]: (message, to) => void acknowledge(to, message, 'all') });
    await withServerOn([peer], async ({ server, clock, faults }) => {
      const error = mcpRejection(server.subscribe({ tools: true }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      await clock.advance(30_000);
      await error;
      assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_INVALID_PARAMS']);
    });
  });

  test('100,000 stray notifications are one fault, and 100,000 changes one change that waits', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server, faults }) => {
      const subscription = await server.subscribe({ tools: true });
      const id = peer.sent(LISTEN)[0]?.id;
      for (let n = 0; n < 100_000; n++) {
        peer.notify('notifications/tools/list_changed');
        say(peer, id, 'tools/list_changed');
      }
      await settle();
      assert.deepEqual(await readAll(subscription), [{ kind: 'toolsChanged' }]);
      assert.equal(faults.length, 1);
    });
  });
});

describe('one stream for all', () => {
  test('it follows what is wanted: the earlier one goes when the new one is acknowledged, and nothing is told twice', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server, faults }) => {
      const [one, two] = await Promise.all([server.subscribe({ tools: true }), server.subscribe({ uris: ['a:1'] })]);
      assert.deepEqual(peer.sent(LISTEN).map(filterOf), [{ toolsListChanged: true, resourceSubscriptions: ['a:1'] }]);
      assert.deepEqual(one.honoured, { tools: true, prompts: false, resources: false, uris: [] });
      await server.subscribe({ tools: true });
      assert.equal(peer.sent(LISTEN).length, 1, 'what is told already is not asked for');
      const three = await server.subscribe({ uris: ['a:2'] });
      const [first, second] = peer.sent(LISTEN);
      assert.deepEqual(filterOf(second), { toolsListChanged: true, resourceSubscriptions: ['a:1', 'a:2'] });
      assert.deepEqual(cancelled(peer), [first?.id]);
      say(peer, first?.id, 'tools/list_changed');
      say(peer, second?.id, 'resources/updated', { uri: 'a:1' });
      assert.deepEqual(await readAll(two), [{ kind: 'resourceUpdated', uri: 'a:1' }]);
      assert.deepEqual(await readAll(one), []);
      await Promise.all([three.close(), two.close()]);
      await settle();
      assert.deepEqual(filterOf(peer.sent(LISTEN)[2]), { toolsListChanged: true });
      assert.deepEqual(faults, []);
    });
  });

  test('with the last subscription it is closed; cleanup() says nothing to the server', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server }) => {
      const one = await server.subscribe({ tools: true });
      await one.close();
      await settle();
      assert.deepEqual(cancelled(peer), [peer.sent(LISTEN)[0]?.id]);
      assert.equal(server.pendingRequests.length, 0);
      await server.subscribe({ tools: true });
    });
    assert.equal(cancelled(peer).length, 1);
  });

  test('one that cannot be widened goes on as it was', async () => {
    let isFirst = true;
    const peer = modernPeer({ [LISTEN]: (message, to) => (isFirst ? ((isFirst = false), void acknowledge(to, message)) : new Refusal(-32000, 'enough')) });
    await withServerOn([peer], async ({ server, clock }) => {
      const one = await server.subscribe({ tools: true });
      await mcpRejection(server.subscribe({ prompts: true }), 'RPCError', 'ERR_MCP_RPC');
      await clock.advance(60_000);
      assert.equal(peer.sent(LISTEN).length, 2);
      say(peer, peer.sent(LISTEN)[0]?.id, 'tools/list_changed');
      assert.deepEqual(await readAll(one), [{ kind: 'toolsChanged' }]);
    });
  });

  test('while two streams tell, each change is told once, whichever brings it first (streamOverlapMs)', async () => {
    const clock = new FakeClock();
    const [before, now] = [{}, {}] as [ListenStream, ListenStream];
    let ends = 0;
    const overlap = new StreamOverlap(before, clock, { ...DEFAULT_LIMITS, streamOverlapMs: 50, maxQueuedChanges: 2 }, () => ends++);
    const told = (stream: ListenStream, uri: string): boolean => overlap.isNew(stream, 'notifications/resources/updated', { uri });
    assert.deepEqual([told(before, 'a:1'), told(now, 'a:1'), told(now, 'a:1'), told(before, 'a:1')], [true, false, true, false]);
    assert.deepEqual([told(now, 'a:2'), told(before, 'a:2'), told(before, 'a:2')], [true, false, true]);
    assert.deepEqual([told(now, 'a:3'), told(before, 'a:3')], [true, true], 'beyond maxQueuedChanges nothing is kept');
    await clock.advance(50);
    assert.equal(ends, 1);
  });
});

describe('the end of a stream', () => {
  const endings: ReadonlyArray<readonly [string, (peer: ScriptedPeer, id: unknown) => void]> = [
    ['the server takes it down', (peer, id) => peer.notify('notifications/cancelled', { requestId: id })],
    ['the server ends it in order', (peer, id) => peer.send({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: { [ID]: id } } })],
    ['the server fails', (peer, id) => peer.send({ jsonrpc: '2.0', id, error: { code: -32603, message: 'oh' } })],
  ];
  for (const [how, end] of endings) {
    test(`${how}: it is opened again after a pause, and then a gap is told`, async () => {
      const peer = modernPeer();
      await withServerOn([peer], async ({ server, clock, faults }) => {
        let gaps = 0;
        server.on('gap', () => gaps++);
        const subscription = await server.subscribe({ tools: true });
        end(peer, peer.sent(LISTEN)[0]?.id);
        await settle();
        assert.equal(peer.sent(LISTEN).length, 1);
        await clock.advance(1_200);
        assert.equal(peer.sent(LISTEN).length, 2);
        assert.equal(gaps, 1);
        assert.deepEqual(await readAll(subscription), [{ kind: 'gap' }]);
        assert.deepEqual(faults, []);
        assert.equal(peer.sent('notifications/cancelled').length, 0, 'what is over is not taken back');
      });
    });
  }

  test('no gap is told before the new stream is acknowledged, and what was agreed to then counts', async () => {
    const peer = modernPeer({ [LISTEN]: (message, to) => (to.sent(LISTEN).length === 1 ? void acknowledge(to, message) : undefined) });
    await withServerOn([peer], async ({ server, clock }) => {
      const subscription = await server.subscribe({ tools: true, prompts: true });
      peer.notify('notifications/cancelled', { requestId: peer.sent(LISTEN)[0]?.id });
      await clock.advance(1_200);
      assert.deepEqual(subscription.honoured.prompts, true);
      acknowledge(peer, peer.sent(LISTEN)[1], { toolsListChanged: true });
      assert.deepEqual(await readAll(subscription), [{ kind: 'gap' }]);
      assert.deepEqual(subscription.honoured, { tools: true, prompts: false, resources: false, uris: [] });
    });
  });

  for (const [how, end] of endings) {
    test(`${how}, again and again at once: it is given up after maxReconnects tries`, async () => {
      const peer = modernPeer({
        [LISTEN]: (message, to) => {
          acknowledge(to, message);
          queueMicrotask(() => end(to, message.id));
        },
      });
      await withServerOn([peer], async ({ server, clock, faults }) => {
        server.on('toolsChanged', () => {});
        const subscription = await server.subscribe({ tools: true });
        await clock.advance(3_600_000);
        assert.equal(peer.sent(LISTEN).length, 4);
        assert.equal((await subscription.ended).how, how === 'the server ends it in order' ? 'graceful' : 'lost');
        assert.equal(faults.length, how === 'the server ends it in order' ? 0 : 1);
      }, { limits: { maxReconnects: 3 } });
    });
  }

  test('a stream that lived, or brought something, is no failure', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server, clock }) => {
      const subscription = await server.subscribe({ tools: true });
      for (let n = 0; n < 6; n++) {
        const id = peer.sent(LISTEN).at(-1)?.id;
        if (n % 2 === 0) await clock.advance(10_000);
        else say(peer, id, 'tools/list_changed');
        peer.notify('notifications/cancelled', { requestId: id });
        await clock.advance(1_200);
      }
      assert.equal(peer.sent(LISTEN).length, 7);
      await subscription.close();
    }, { limits: { maxReconnects: 1 } });
  });

  test('a server that ended it in order and refuses another one has ended it', async () => {
    const peer = modernPeer({ [LISTEN]: (message, to) => (to.sent(LISTEN).length === 1 ? void acknowledge(to, message) : new Refusal(-32601, 'gone')) });
    await withServerOn([peer], async ({ server, clock }) => {
      const subscription = await server.subscribe({ tools: true });
      const id = peer.sent(LISTEN)[0]?.id;
      peer.send({ jsonrpc: '2.0', id, result: { resultType: 'complete' } });
      await clock.advance(1_200);
      assert.deepEqual(await subscription.ended, { how: 'graceful' });
      assert.equal(peer.sent(LISTEN).length, 2);
    });
  });

  test('notifications/cancelled for any other request is of no matter', async () => {
    const peer = modernPeer({ 'tools/list': () => undefined });
    await withServerOn([peer], async ({ server }) => {
      const list = server.listTools();
      await settle();
      peer.notify('notifications/cancelled', { requestId: peer.sent('tools/list')[0]?.id });
      peer.notify('notifications/cancelled', { requestId: 4711 });
      peer.send({ jsonrpc: '2.0', id: peer.sent('tools/list')[0]?.id, result: { resultType: 'complete', tools: [] } });
      assert.deepEqual(await list, []);
    });
  });

  test('a new connection is asked again, and a gap is told when it has agreed', async () => {
    const peers = [modernPeer(), modernPeer({ [LISTEN]: () => undefined })] as const;
    await withServerOn(peers, async ({ server, clock }) => {
      server.on('promptsChanged', () => {});
      const subscription = await server.subscribe({ tools: true });
      peers[0].transport.end();
      await clock.advance(5_000);
      const [asked] = peers[1].sent(LISTEN);
      assert.deepEqual(filterOf(asked), { toolsListChanged: true, promptsListChanged: true });
      await settle();
      acknowledge(peers[1], asked);
      assert.ok((await readAll(subscription)).every(({ kind }) => kind === 'gap'));
      say(peers[1], asked?.id, 'tools/list_changed');
      assert.deepEqual(subscription.honoured.tools, true);
    });
  });

  for (const [name, act] of [
    ['while it is asked for', async () => {}],
    ['while it waits before another try', async (peer: ScriptedPeer) => {
      acknowledge(peer, peer.sent(LISTEN)[0]);
      peer.notify('notifications/cancelled', { requestId: peer.sent(LISTEN)[0]?.id });
      await settle();
    }],
  ] as const) {
    test(`cleanup() ${name} leaves nothing behind`, async () => {
      const peer = modernPeer({ [LISTEN]: () => undefined });
      await withServerOn([peer], async ({ server }) => {
        server.subscribe({ tools: true }).catch(() => {});
        await settle();
        await act(peer);
        await server.cleanup();
      });
    });
  }
});

describe('listeners', () => {
  test('a stream is open as long as somebody listens for a list that the server announces', async () => {
    const peer = modernPeer({}, { tools: { listChanged: true }, prompts: {} });
    await withServerOn([peer], async ({ server, clock }) => {
      const offs = (['promptsChanged', 'log', 'gap'] as const).map((event) => server.on(event, () => {}));
      await settle();
      assert.equal(peer.sent(LISTEN).length, 0);
      const heard: unknown[] = [];
      offs.push(server.on('toolsChanged', (change) => heard.push(change)));
      offs.push(server.on('toolsChanged', () => {}));
      await settle();
      const [asked, ...more] = peer.sent(LISTEN);
      assert.deepEqual([filterOf(asked), more], [{ toolsListChanged: true }, []]);
      say(peer, asked?.id, 'tools/list_changed');
      await clock.advance(100);
      assert.equal(heard.length, 1);
      for (const off of offs) off();
      await settle();
      assert.deepEqual(cancelled(peer), [asked?.id]);
    });
  });

  test('after a stream was lost, the lists that somebody listens for are asked for again', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server, clock }) => {
      const heard: unknown[] = [];
      server.on('toolsChanged', (change) => heard.push(change));
      await server.listTools();
      await settle();
      peer.notify('notifications/cancelled', { requestId: peer.sent(LISTEN)[0]?.id });
      await clock.advance(2_000);
      assert.equal(heard.length, 1);
      assert.equal(peer.sent('tools/list').length, 2);
    });
  });

  test('a stream for listeners that could not be opened at first is tried again', async () => {
    const peer = modernPeer({ [LISTEN]: (message, to) => (to.sent(LISTEN).length === 1 ? undefined : void acknowledge(to, message)) });
    await withServerOn([peer], async ({ server, clock, faults }) => {
      let heard = 0;
      server.on('toolsChanged', () => heard++);
      await clock.advance(31_200);
      assert.equal(peer.sent(LISTEN).length, 2);
      say(peer, peer.sent(LISTEN)[1]?.id, 'tools/list_changed');
      await clock.advance(200);
      assert.equal(heard, 1);
      assert.deepEqual(faults, []);
    });
  });

  test('a server that declares changes of a list and refuses to tell them is a fault', async () => {
    const peer = modernPeer({ [LISTEN]: () => new Refusal(-32601, 'no') });
    await withServerOn([peer], async ({ server, clock, faults }) => {
      server.on('toolsChanged', () => {});
      await clock.advance(60_000);
      assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_RPC']);
    });
  });
});

test('a request without a deadline does not keep the health check away: only deadlines watch over a connection', () => {
  const clock = new FakeClock();
  const pending = new PendingRequests(clock, { expired: () => {} });
  const open = (id: number, timeoutMs: number): void => pending.open(new PendingRequest<unknown>(id, LISTEN, defaultRequestSettings(timeoutMs), undefined, { read: (result) => result }, 0));
  open(1, Infinity);
  assert.deepEqual([pending.size, pending.hasDeadline], [1, false]);
  open(2, 100);
  assert.equal(pending.hasDeadline, true);
  pending.take(2);
  assert.equal(pending.hasDeadline, false);
});

describe('the level of log messages', () => {
  test('every request says it, once the server is found to log; what a request says itself counts', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server }) => {
      await server.listTools();
      await server.setLogLevel('error');
      await server.listTools();
      await server.listTools({ meta: { [LEVEL]: 'debug' } });
      assert.deepEqual(peer.sent('tools/list').map((message) => metaOf(message)[LEVEL]), ['warning', 'error', 'debug']);
      assert.equal(metaOf(peer.sent('server/discover')[0])[LEVEL], undefined);
      assert.equal(peer.sent('logging/setLevel').length, 0);
    }, { serverLogLevel: 'warning' });
  });

  test('a server that does not log is told nothing', async () => {
    const peer = modernPeer({}, { tools: {} });
    await withServerOn([peer], async ({ server }) => {
      const error = await mcpRejection(server.setLogLevel('error'), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
      assert.equal(error.delivery, 'unsent');
      await server.listTools();
      assert.equal(metaOf(peer.sent('tools/list')[0])[LEVEL], undefined);
    }, { serverLogLevel: 'warning' });
    const { server } = memoryHandle(modernPeer(), { protocolVersions: MODERN_VERSIONS });
    await mcpRejection(server.setLogLevel('error'), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
  });

  test('ping() asks as the era asks', async () => {
    const peer = modernPeer();
    await withServerOn([peer], async ({ server }) => {
      await server.ping();
      assert.equal(peer.sent('server/discover').length, 2);
      assert.equal(peer.sent('ping').length, 0);
    });
  });
});
