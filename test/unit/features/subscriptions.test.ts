/**
 * Subscriptions against scripted servers, on a fake clock. Source: MCP 2025-11-25, server, "Resources", "Subscriptions"; `schema.ts`,
 * SubscribeRequest, ResourceUpdatedNotification.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MCPError, ServerChange, Subscription } from '../../../lib/index.ts';
import { settle } from '../../helpers/fake-clock.ts';
import { memoryHandle, withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle, MemoryOptions } from '../../helpers/memory-handle.ts';
import { Refusal, ScriptedPeer } from '../../helpers/scripted-peer.ts';
import type { Script } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection } from '../../helpers/with-server.ts';

const ALL = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { listChanged: true, subscribe: true }, logging: {} };

/** A server that declares `capabilities` and acknowledges what it is asked. */
function peerWith(script: Script = {}, capabilities: object = ALL): ScriptedPeer {
  return new ScriptedPeer({
    initialize: ({ params }) => ({ protocolVersion: params?.['protocolVersion'], capabilities, serverInfo: { name: 'scripted', version: '1' } }),
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'logging/setLevel': () => ({}),
    ...script,
  });
}

/** Runs `body` with a handle whose connections are to one peer after the other. */
function withServerOn(peers: readonly [ScriptedPeer, ...ScriptedPeer[]], body: (handle: MemoryHandle) => Promise<void>, options: MemoryOptions = {}): Promise<void> {
  return withMemoryHandle(peers, { restart: 'on-crash', ...options }, body);
}

const updated = (peer: ScriptedPeer, uri: string): void => peer.notify('notifications/resources/updated', { uri });
const asked = (peer: ScriptedPeer, method: 'subscribe' | 'unsubscribe'): unknown[] => peer.sent(`resources/${method}`).map(({ params }) => params?.['uri']);

/** What waits to be read. */
async function queued(subscription: Subscription): Promise<ServerChange[]> {
  await settle();
  const changes: ServerChange[] = [];
  const reader = subscription[Symbol.asyncIterator]();
  const none = Symbol('none');
  for (;;) {
    const next = reader.next();
    const outcome = await Promise.race([next, settle().then(() => none)]);
    if (typeof outcome === 'symbol') {
      // The one that is asked for and not there goes to whoever reads next, as the last one that was told.
      return changes;
    }
    if (outcome.done === true) return changes;
    changes.push(outcome.value);
  }
}

describe('what is asked of the server', () => {
  test('each resource is subscribed to once however many hold it, and left with the last one', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server }) => {
      const [one, two] = await Promise.all([server.subscribe({ uris: ['a:1', 'a:2', 'a:1'] }), server.subscribe({ uris: ['a:2'] })]);
      assert.deepEqual(asked(peer, 'subscribe'), ['a:1', 'a:2']);
      assert.deepEqual(one.honoured, { tools: false, prompts: false, resources: false, uris: ['a:1', 'a:2'] });
      await one.close();
      assert.deepEqual(asked(peer, 'unsubscribe'), ['a:1']);
      await Promise.all([two.close(), two.close()]);
      assert.deepEqual(asked(peer, 'unsubscribe'), ['a:1', 'a:2']);
      assert.deepEqual(await two.ended, { how: 'local' });
      await (await server.subscribe({ uris: ['a:1'] })).close();
      assert.deepEqual(asked(peer, 'subscribe'), ['a:1', 'a:2', 'a:1']);
    });
  });

  test('a resource that is left and followed again at once is asked for in this order', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server }) => {
      const one = await server.subscribe({ uris: ['a:1'] });
      const [, two] = await Promise.all([one.close(), server.subscribe({ uris: ['a:1'] })]);
      const methods = peer.messages.map(({ method }) => method).filter((method) => method?.startsWith('resources/'));
      assert.deepEqual(methods, ['resources/subscribe', 'resources/unsubscribe', 'resources/subscribe']);
      await two.close();
    });
  });

  test('lists are asked for nothing; honoured says which of them the server announces', async () => {
    const peer = peerWith({}, { tools: { listChanged: true }, prompts: {} });
    await withServerOn([peer], async ({ server }) => {
      const subscription = await server.subscribe({ tools: true, prompts: true, resources: true });
      assert.deepEqual(subscription.honoured, { tools: true, prompts: false, resources: false, uris: [] });
      assert.equal(peer.sent('resources/subscribe').length, 0);
    });
  });

  test('a server that did not declare resources.subscribe is not asked', async () => {
    for (const capabilities of [{ resources: { listChanged: true } }, { resources: { subscribe: false } }, {}]) {
      const peer = peerWith({}, capabilities);
      await withServerOn([peer], async ({ server }) => {
        const error = await mcpRejection(server.subscribe({ uris: ['a:1'] }), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
        assert.equal(error.delivery, 'unsent');
        assert.deepEqual(error.details, { method: 'resources/subscribe' });
        assert.equal(peer.sent('resources/subscribe').length, 0);
      });
    }
  });

  for (const code of [-32002, -32602]) {
    test(`${code} means that there is no such resource; what was granted beside it is left again`, async () => {
      const peer = peerWith({ 'resources/subscribe': ({ params }) => (params?.['uri'] === 'a:2' ? new Refusal(code, 'no') : {}) });
      await withServerOn([peer], async ({ server }) => {
        await mcpRejection(server.subscribe({ uris: ['a:1', 'a:2'] }), 'InvalidValueError', 'ERR_MCP_RESOURCE_NOT_FOUND');
        await settle();
        assert.deepEqual(asked(peer, 'unsubscribe'), ['a:1']);
      });
    });
  }

  test('the signal of one does not end the wait of another for the same resource', async () => {
    let answer: (result: object) => void = () => {};
    const peer = peerWith({ 'resources/subscribe': () => new Promise<object>((resolve) => (answer = resolve)) });
    await withServerOn([peer], async ({ server }) => {
      const controller = new AbortController();
      const one = server.subscribe({ uris: ['a:1'] }, { signal: controller.signal });
      const two = server.subscribe({ uris: ['a:1'] });
      await settle();
      controller.abort(new Error('enough'));
      assert.equal(((await rejection(one)) as Error).message, 'enough');
      answer({});
      await (await two).close();
      assert.deepEqual([asked(peer, 'subscribe'), asked(peer, 'unsubscribe')], [['a:1'], ['a:1']]);
    });
  });

  test('close() waits limits.unsubscribeMs for a server that does not answer, and no longer', async () => {
    const peer = peerWith({ 'resources/unsubscribe': () => undefined });
    await withServerOn(
      [peer],
      async ({ server, clock, faults }) => {
        const subscription = await server.subscribe({ uris: ['a:1'] });
        let isClosed = false;
        const closed = subscription.close().then(() => (isClosed = true));
        await clock.advance(249);
        assert.equal(isClosed, false);
        assert.deepEqual(await subscription.ended, { how: 'local' });
        await clock.advance(1);
        await closed;
        assert.deepEqual(faults, []);
      },
      { limits: { unsubscribeMs: 250 } },
    );
  });

  test('wrong arguments are refused at the door, and nothing is sent', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server }) => {
      const before = peer.frames.length;
      const refused = async (filter: unknown, words: RegExp): Promise<void> => {
        const reason = (await rejection(server.subscribe(filter as never))) as Error;
        assert.ok(reason instanceof TypeError, reason.stack);
        assert.match(reason.message, words);
      };
      await refused({}, /must name something/);
      await refused({ tools: false, uris: [] }, /must name something/);
      await refused(undefined, /filter must be an object of options; got undefined/);
      await refused({ tool: true }, /did you mean "tools"/);
      await refused({ tools: 1 }, /filter\.tools must be true or false; got the number 1/);
      await refused({ uris: 'a:1' }, /filter\.uris must be an array of URIs; got a string/);
      await refused({ uris: ['a:1', 2] }, /filter\.uris\[1\] must be a string; got the number 2/);
      await mcpRejection(server.subscribe({ uris: ['no uri'] }), 'InvalidValueError', 'ERR_MCP_INVALID_URI');
      assert.match(((await rejection(server.subscribe({ tools: true }, { onProgress: () => {} } as never))) as Error).message, /no option "onProgress"/);
      assert.equal(peer.frames.length, before);
    });
  });

  test('before connect and after cleanup there is nobody to ask', async () => {
    const { server } = memoryHandle(peerWith());
    await mcpRejection(server.subscribe({ tools: true }), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
    await server.connect();
    await server.cleanup();
    await mcpRejection(server.subscribe({ uris: ['a:1'] }), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
  });
});

describe('what is told', () => {
  test('each subscription hears what it asked for, in order, and nothing else', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server }) => {
      const lists = await server.subscribe({ tools: true, resources: true });
      const files = await server.subscribe({ uris: ['file:///a', 'file:///dir/'], prompts: true });
      for (const list of ['tools', 'prompts', 'resources']) peer.notify(`notifications/${list}/list_changed`);
      for (const uri of ['file:///a', 'file:///ab', 'file:///a/part', 'file:///a#x', 'file:///dir/b', 'file:///c']) updated(peer, uri);
      assert.deepEqual(await queued(lists), [{ kind: 'toolsChanged' }, { kind: 'resourcesChanged' }]);
      assert.deepEqual(await queued(files), [
        { kind: 'promptsChanged' },
        ...['file:///a', 'file:///a/part', 'file:///a#x', 'file:///dir/b'].map((uri) => ({ kind: 'resourceUpdated', uri })),
      ]);
    });
  });

  test('a change that comes together with the acknowledgement is told', async () => {
    const peer = peerWith({
      'resources/subscribe': ({ id }, self) => {
        self.send({ jsonrpc: '2.0', id, result: {} });
        updated(self, 'a:1');
        return undefined;
      },
    });
    await withServerOn([peer], async ({ server }) => {
      assert.deepEqual(await queued(await server.subscribe({ uris: ['a:1'] })), [{ kind: 'resourceUpdated', uri: 'a:1' }]);
    });
  });

  test('a reader that waits is woken; leaving the loop closes the subscription', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server }) => {
      const subscription = await server.subscribe({ uris: ['a:1'] });
      setImmediate(() => updated(peer, 'a:1'));
      for await (const change of subscription) {
        assert.deepEqual(change, { kind: 'resourceUpdated', uri: 'a:1' });
        break;
      }
      assert.deepEqual(asked(peer, 'unsubscribe'), ['a:1']);
      assert.deepEqual(await subscription.ended, { how: 'local' });
      assert.deepEqual(await subscription[Symbol.asyncIterator]().next(), { done: true, value: undefined });
    });
  });

  test('100,000 updates that nobody reads cost one place each resource, and of too many resources one gap', async () => {
    const peer = peerWith();
    await withServerOn(
      [peer],
      async ({ server }) => {
        const same = await server.subscribe({ uris: ['a:1'] });
        for (let count = 0; count < 100_000; count++) updated(peer, 'a:1');
        assert.deepEqual(await queued(same), [{ kind: 'resourceUpdated', uri: 'a:1' }]);
        const other = await server.subscribe({ uris: ['b:/'], tools: true });
        for (let count = 0; count < 4; count++) updated(peer, `b:/${count}`);
        peer.notify('notifications/tools/list_changed');
        assert.deepEqual(await queued(other), [{ kind: 'gap' }, { kind: 'toolsChanged' }]);
      },
      { limits: { maxQueuedChanges: 3 } },
    );
  });
});

describe('the end of a connection', () => {
  test('on the next one every resource is asked for again, and then a gap is told', async () => {
    const order: string[] = [];
    const first = peerWith();
    const second = peerWith({
      'resources/subscribe': async () => {
        await settle();
        order.push('subscribed');
        return {};
      },
    });
    await withServerOn([first, second], async ({ server, clock, faults }) => {
      const one = await server.subscribe({ uris: ['a:1', 'a:2'] });
      const two = await server.subscribe({ uris: ['a:2'], tools: true });
      const left = await server.subscribe({ uris: ['a:3'] });
      await left.close();
      const heard = one[Symbol.asyncIterator]().next().then(({ value }) => order.push(value?.kind ?? 'end'));
      first.transport.end();
      await clock.advance(5_000);
      await heard;
      assert.deepEqual(asked(second, 'subscribe'), ['a:1', 'a:2']);
      assert.deepEqual(order, ['subscribed', 'subscribed', 'gap']);
      updated(second, 'a:2');
      assert.deepEqual(await queued(two), [{ kind: 'gap' }, { kind: 'resourceUpdated', uri: 'a:2' }]);
      await Promise.all([one.close(), two.close()]);
      assert.deepEqual(asked(second, 'unsubscribe'), ['a:1', 'a:2']);
      assert.deepEqual(asked(first, 'unsubscribe'), ['a:3']);
      assert.deepEqual(faults, []);
    });
  });

  test('what is refused then is a fault, and asked for again on the next connection', async () => {
    const first = peerWith();
    const second = peerWith({ 'resources/subscribe': ({ params }) => (params?.['uri'] === 'a:1' ? new Refusal(-32002, 'gone') : {}) });
    const third = peerWith();
    await withServerOn([first, second, third], async ({ server, clock, faults }) => {
      const subscription = await server.subscribe({ uris: ['a:1', 'a:2'] });
      first.transport.end();
      await clock.advance(5_000);
      assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_RESOURCE_NOT_FOUND']);
      assert.deepEqual(subscription.honoured.uris, ['a:2']);
      assert.deepEqual(await queued(subscription), [{ kind: 'gap' }]);
      await clock.advance(10_000);
      second.transport.end();
      await clock.advance(5_000);
      assert.deepEqual(asked(third, 'subscribe'), ['a:1', 'a:2']);
      assert.deepEqual(subscription.honoured.uris, ['a:1', 'a:2']);
      await subscription.close();
      assert.deepEqual(asked(third, 'unsubscribe'), ['a:1', 'a:2']);
    });
  });

  test('a server that came back without subscriptions is a fault; the subscription goes on with nothing', async () => {
    const first = peerWith();
    await withServerOn([first, peerWith({}, { resources: {} })], async ({ server, clock, faults }) => {
      const subscription = await server.subscribe({ uris: ['a:1'] });
      first.transport.end();
      await clock.advance(5_000);
      assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_UNSUPPORTED_METHOD']);
      assert.deepEqual(subscription.honoured, { tools: false, prompts: false, resources: false, uris: [] });
      assert.deepEqual(await queued(subscription), [{ kind: 'gap' }]);
    });
  });

  test('one that is closed while it is asked for again is left on the new connection', async () => {
    let answer: (result: object) => void = () => {};
    const first = peerWith();
    const second = peerWith({ 'resources/subscribe': () => new Promise<object>((resolve) => (answer = resolve)) });
    await withServerOn([first, second], async ({ server, clock }) => {
      const subscription = await server.subscribe({ uris: ['a:1'] });
      first.transport.end();
      await clock.advance(5_000);
      await subscription.close();
      assert.deepEqual(asked(second, 'unsubscribe'), []);
      answer({});
      await settle();
      assert.deepEqual(asked(second, 'unsubscribe'), ['a:1']);
    });
  });

  test('without a next one the subscription is lost, with the cause; what waited can still be read', async () => {
    const peer = peerWith();
    await withServerOn(
      [peer],
      async ({ server }) => {
        const subscription = await server.subscribe({ uris: ['a:1'] });
        updated(peer, 'a:1');
        await settle();
        peer.transport.end();
        const { how, cause } = await subscription.ended;
        assert.equal(how, 'lost');
        assert.equal((cause as MCPError).code, 'ERR_MCP_CONNECTION_CLOSED');
        const told: ServerChange[] = [];
        for await (const change of subscription) told.push(change);
        assert.deepEqual(told, [{ kind: 'resourceUpdated', uri: 'a:1' }]);
        await subscription.close();
        assert.equal((await subscription.ended).how, 'lost');
      },
      { restart: 'never' },
    );
  });

  test('a next one that cannot be made loses it too', async () => {
    const first = peerWith();
    const second = peerWith({ initialize: () => new Refusal(-32603, 'no') });
    await withServerOn([first, second], async ({ server, clock }) => {
      const subscription = await server.subscribe({ tools: true });
      first.transport.end();
      await clock.advance(5_000);
      const { how, cause } = await subscription.ended;
      assert.deepEqual([how, (cause as MCPError).name], ['lost', 'RPCError']);
    });
  });

  test('cleanup() ends all of them locally, without a word to the server', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server }) => {
      const subscription = await server.subscribe({ uris: ['a:1'] });
      const reader = subscription[Symbol.asyncIterator]().next();
      await server.cleanup();
      assert.deepEqual(await reader, { done: true, value: undefined });
      assert.deepEqual(await subscription.ended, { how: 'local' });
      await subscription.close();
      assert.deepEqual(asked(peer, 'unsubscribe'), []);
    });
  });
});

describe('log levels (MCP, server, utilities, "Logging")', () => {
  const levels = (peer: ScriptedPeer): unknown[] => peer.sent('logging/setLevel').map(({ params }) => params?.['level']);

  test('the option is asked for on every connection, before anything of the host; what setLogLevel sets takes its place', async () => {
    const first = peerWith();
    const second = peerWith();
    await withServerOn(
      [first, second],
      async ({ server, clock, faults }) => {
        await server.ping();
        assert.deepEqual(first.messages.map(({ method }) => method), ['initialize', 'notifications/initialized', 'logging/setLevel', 'ping']);
        await server.setLogLevel('error');
        assert.deepEqual(levels(first), ['warning', 'error']);
        first.transport.end();
        await clock.advance(5_000);
        assert.deepEqual(levels(second), ['error']);
        assert.deepEqual(faults, []);
      },
      { serverLogLevel: 'warning' },
    );
  });

  test('a server that does not log is not asked; one that refuses is a fault; a level that was refused is not remembered', async () => {
    const silent = peerWith({}, {});
    await withServerOn([silent], async () => assert.deepEqual(levels(silent), []), { serverLogLevel: 'debug' });
    const refuses = peerWith({ 'logging/setLevel': () => new Refusal(-32602, 'no') });
    await withServerOn(
      [refuses, peerWith()],
      async ({ server, clock, faults }) => {
        await clock.advance(0);
        assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_RPC']);
        await mcpRejection(server.setLogLevel('error'), 'RPCError', 'ERR_MCP_RPC');
        refuses.transport.end();
        await clock.advance(5_000);
      },
      { serverLogLevel: 'debug' },
    );
  });

  test('100,000 messages that nobody hears are not even read; with a listener each is told, in order', async () => {
    const peer = peerWith();
    await withServerOn([peer], async ({ server, faults }) => {
      // One that is not valid is a fault where it is read.
      const flood = async (messages: number): Promise<void> => {
        for (let count = 0; count < messages; count++) peer.notify('notifications/message', { level: count === 5 ? 'loud' : 'info', logger: 'a', data: count });
        await settle();
      };
      await flood(100_000);
      assert.equal(faults.length, 0);
      const heard: unknown[] = [];
      const stop = server.on('log', (message) => heard.push(message));
      await flood(8);
      stop();
      await flood(8);
      assert.deepEqual(heard, [0, 1, 2, 3, 4, 6, 7].map((data) => ({ level: 'info', logger: 'a', data })));
      assert.deepEqual(faults.map(({ code, details }) => [code, details['pointer']]), [['ERR_MCP_INVALID_PARAMS', '/level']]);
    });
  });
});
