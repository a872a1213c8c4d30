/** Extensions as objects of the host, on scripted peers. Source: 2026-07-28, basic, "Versioning and Compatibility", "Extension Negotiation"; "ResultType". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExtendedCall, Extension, ExtensionNotification } from '../../../lib/index.ts';
import { settle } from '../../helpers/fake-clock.ts';
import { memoryHandle, withMemoryHandle } from '../../helpers/memory-handle.ts';
import { MODERN_VERSIONS } from '../../helpers/revisions.ts';
import { Refusal, ScriptedPeer } from '../../helpers/scripted-peer.ts';
import type { Script, SentMessage } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection } from '../../helpers/with-server.ts';

const NAME = 'com.example/drafts';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const DONE = { resultType: 'complete', content: [{ type: 'text', text: 'done' }] };
const DRAFT = { resultType: 'draft', id: 'd1' };

function script(extensions: unknown, more: Script = {}): Script {
  return {
    'server/discover': () => ({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { tools: {}, resources: {}, extensions }, ttlMs: 0, cacheScope: 'private' }),
    initialize: ({ params }) => ({ protocolVersion: params?.['protocolVersion'], capabilities: { tools: {}, extensions }, serverInfo: { name: 'scripted', version: '1' } }),
    'tools/call': () => DRAFT,
    'drafts/finish': () => ({ resultType: 'complete', text: 'finished' }),
    ...more,
  };
}

/** Drafts are finished by a request of the extension; `complete` may do otherwise. */
function drafts(more: Partial<Extension> = {}, complete?: (result: Record<string, unknown>, call: ExtendedCall) => unknown): Extension {
  const finish = async ({ id }: Record<string, unknown>, call: ExtendedCall) => ({ content: [{ type: 'text', text: (await call.request('drafts/finish', { id }))['text'] }] });
  return {
    name: NAME,
    settings: { formats: ['text'] },
    methods: { 'drafts/finish': { nameParam: 'id' } },
    results: { draft: { methods: ['tools/call'], complete: (complete ?? finish) as never } },
    ...more,
  };
}

const MODERN = { protocolVersions: MODERN_VERSIONS, checkArguments: false } as const;
const extensionsOf = ({ params }: SentMessage): unknown => (params?.['_meta'] as Record<string, { extensions?: unknown }>)[CAPABILITIES]?.extensions;

describe('what is declared', () => {
  test('to modern servers with each request: always, or where the server declares it too', async () => {
    const peer = new ScriptedPeer(script({ 'com.example/quiet': { deep: { a: 1 } }, 'com.example/theirs': {} }, { 'tools/call': () => DONE }));
    const extensions = [drafts(), { name: 'com.example/quiet', declare: 'offered' }, { name: 'com.example/absent', declare: 'offered' }] as const;
    await withMemoryHandle(peer, { ...MODERN, extensions }, async ({ server }) => {
      assert.deepEqual(extensionsOf(peer.sent('server/discover')[0] as SentMessage), { [NAME]: { formats: ['text'] } });
      await server.callTool('a');
      assert.deepEqual(extensionsOf(peer.sent('tools/call')[0] as SentMessage), { [NAME]: { formats: ['text'] }, 'com.example/quiet': {} });
      assert.deepEqual(Array.from(server.extensions, ([name, { settings }]) => [name, settings]), [['com.example/quiet', { deep: { a: 1 } }]]);
      assert.ok(Object.isFrozen(server.extensions.get('com.example/quiet')?.settings));
    });
  });

  test('to legacy servers in the handshake, where it is not for modern ones alone', async () => {
    const peer = new ScriptedPeer(script({ [NAME]: { a: 1 }, 'com.example/quiet': {} }, { 'tools/call': () => DONE }));
    await withMemoryHandle(peer, { extensions: [drafts(), { name: 'com.example/quiet', declare: 'offered' }] }, async ({ server }) => {
      assert.deepEqual(peer.sent('initialize')[0]?.params?.['capabilities'], { extensions: { [NAME]: { formats: ['text'] } } });
      assert.deepEqual(Array.from(server.extensions.keys()), [NAME]);
    });
    await withMemoryHandle(new ScriptedPeer(script({})), {}, async ({ server, peer: plain }) => {
      assert.deepEqual(plain.sent('initialize')[0]?.params?.['capabilities'], {});
      assert.equal(server.extensions.size, 0);
    });
  });

  test('what the host does to its object later has no effect, and before a connection nothing is active', async () => {
    const settings = { formats: ['text'] };
    const peer = new ScriptedPeer(script({ [NAME]: {} }));
    const handle = memoryHandle(peer, { ...MODERN, extensions: [drafts({ settings })] });
    settings.formats.push('pdf');
    assert.equal(handle.server.extensions.size, 0);
    await handle.server.connect();
    assert.deepEqual(extensionsOf(peer.sent('server/discover')[0] as SentMessage), { [NAME]: { formats: ['text'] } });
    await handle.server.cleanup();
  });

  test('what a server declares counts where it is an object of its own', async () => {
    for (const declared of [undefined, null, 'all', [NAME], { [NAME]: true }, { [NAME]: null }, { other: {} }]) {
      await withMemoryHandle(script(declared), { ...MODERN, extensions: [drafts()] }, async ({ server }) => assert.equal(server.extensions.size, 0));
    }
  });
});

describe('results of an extension', () => {
  test('are completed by it: the caller gets what takes their place, checked like any other', async () => {
    await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions: [drafts()] }, async ({ server, peer }) => {
      const result = await server.callTool('a', { b: 1 });
      assert.deepEqual(result, { content: [{ type: 'text', text: 'finished' }] });
      const { _meta, ...params } = peer.sent('drafts/finish')[0]?.params ?? {};
      assert.deepEqual(params, { id: 'd1' });
    });
    const calls: ExtendedCall[] = [];
    const noting = drafts({}, (result, call) => (calls.push(call), { content: result['id'] }));
    await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions: [noting] }, async ({ server }) => {
      const error = await mcpRejection(server.callTool('a', { b: 1 }, { rounds: 'manual' }), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.deepEqual(error.details, { method: 'tools/call', pointer: '/content' });
      const [{ serverName, method, params, rounds } = {} as ExtendedCall] = calls;
      assert.deepEqual({ serverName, method, params, rounds }, { serverName: 'scripted', method: 'tools/call', params: { name: 'a', arguments: { b: 1 } }, rounds: 'manual' });
    });
  });

  test('come behind rounds as well', async () => {
    const asked = { resultType: 'input_required', requestState: 's' };
    const call = ({ params }: SentMessage): object => (params?.['requestState'] === undefined ? asked : DRAFT);
    await withMemoryHandle(script({ [NAME]: {} }, { 'tools/call': call }), { ...MODERN, extensions: [drafts()] }, async ({ server, clock }) => {
      const result = server.callTool('a');
      await clock.advance(300);
      assert.deepEqual(await result, { content: [{ type: 'text', text: 'finished' }] });
    });
  });

  test('are refused like any unknown one where the extension is not active, or has no such, or not for this method', async () => {
    const refused: ReadonlyArray<[unknown, readonly Extension[], object]> = [
      [{}, [drafts()], DRAFT],
      [{ [NAME]: {} }, [], DRAFT],
      [{ [NAME]: {} }, [drafts()], { resultType: 'sketch' }],
      [{ [NAME]: {} }, [drafts()], { resultType: 'toString' }],
      [{ [NAME]: {} }, [drafts()], { resultType: 5 }],
      [{ [NAME]: {} }, [drafts({ results: { draft: { methods: ['prompts/get'], complete: () => DONE } } })], DRAFT],
    ];
    for (const [declared, extensions, answer] of refused) {
      await withMemoryHandle(script(declared, { 'tools/call': () => answer }), { ...MODERN, extensions }, async ({ server, peer }) => {
        const error = await mcpRejection(server.callTool('a'), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.deepEqual([error.details['pointer'], peer.sent('drafts/finish').length], ['/resultType', 0]);
      });
    }
    await withMemoryHandle(script({ [NAME]: {} }, { 'tools/call': () => ({ ...DRAFT, content: [] }) }), { extensions: [drafts()] }, async ({ server }) => {
      assert.deepEqual(await server.callTool('a', {}, { timeoutMs: 1_000 }), { ...DRAFT, content: [] }, 'legacy results have no kinds');
    });
  });

  test('what completing throws the caller gets; a refusal of the server is told like that of the call', async () => {
    const own = new Error('no ink');
    for (const complete of [() => Promise.reject(own), () => { throw own; }]) {
      await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions: [drafts({}, complete)] }, async ({ server }) => assert.equal(await rejection(server.callTool('a')), own));
    }
    for (const answer of [undefined, 'text', [1]]) {
      await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions: [drafts({}, () => answer)] }, async ({ server }) => {
        assert.match(String(await rejection(server.callTool('a'))), /^TypeError: complete of the extension com\.example\/drafts must give an object/);
      });
    }
    await withMemoryHandle(script({ [NAME]: {} }, { 'drafts/finish': () => new Refusal(-32602, 'bad') }), { ...MODERN, extensions: [drafts()] }, async ({ server }) => {
      await mcpRejection(server.callTool('a'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
    });
  });

  test('completing has the time of the call, its signal, and no more', async () => {
    const signals: AbortSignal[] = [];
    const never = drafts({}, (_result, { signal }) => (signals.push(signal), new Promise(() => {})));
    await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions: [never] }, async ({ server, clock }) => {
      const late = mcpRejection(server.callTool('a', {}, { timeoutMs: 500 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      await clock.advance(500);
      assert.deepEqual((await late).details, { method: 'tools/call', resultType: 'draft', timeoutMs: 500 });
      const total = mcpRejection(server.callTool('a', {}, { timeoutMs: 500, resetTimeoutOnProgress: true, maxTotalTimeoutMs: 900 }), 'RequestTimeoutError', 'ERR_MCP_TOTAL_TIMEOUT');
      await clock.advance(900);
      await total;
      const controller = new AbortController();
      const call = server.callTool('a', {}, { signal: controller.signal });
      await settle();
      controller.abort(new Error('enough'));
      assert.match(String(await rejection(call)), /enough/);
      assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true, true]);
    });
  });
});

describe('notifications of an extension', () => {
  test('are checked, then heard; what is not valid is a fault, and what its listener throws harms nobody', async () => {
    const heard: unknown[] = [];
    const inked: ExtensionNotification<number> = {
      check: ({ level }) => {
        if (typeof level !== 'number') throw new TypeError('level must be a number');
        return level;
      },
      heard: (level) => {
        heard.push(level);
        throw new Error('oh');
      },
    };
    const extensions = [drafts({ notifications: { 'notifications/drafts/inked': inked } })];
    await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions }, async ({ peer, faults, logged }) => {
      peer.notify('notifications/drafts/inked', { level: 5 });
      peer.notify('notifications/drafts/inked', { level: 'high' });
      peer.notify('notifications/drafts/other', {});
      await settle();
      assert.deepEqual([heard, faults.map(({ name, code, message }) => [name, code, message])], [[5], [['PeerProtocolError', 'ERR_MCP_INVALID_PARAMS', 'The params of notifications/drafts/inked are not valid: level must be a number']]]);
      assert.ok(logged.some(([level, message]) => level === 'error' && message.startsWith('notifications/drafts/inked of the host failed')));
    });
    await withMemoryHandle(script({ [NAME]: {} }), { extensions }, async ({ peer }) => {
      peer.notify('notifications/drafts/inked', { level: 6 });
      await settle();
      assert.deepEqual(heard, [5, 6], 'of a legacy server too');
    });
  });

  test('of one that is not active are dropped, and told once', async () => {
    const extensions = [drafts({ notifications: { 'notifications/drafts/inked': { check: () => assert.fail('not read'), heard: () => assert.fail('not heard') } } })];
    await withMemoryHandle(script({}), { ...MODERN, extensions }, async ({ peer, faults }) => {
      for (const _ of [1, 2, 3]) peer.notify('notifications/drafts/inked', {});
      await settle();
      assert.deepEqual(faults.map(({ name, code, details }) => [name, code, details]), [['PeerProtocolError', 'ERR_MCP_UNEXPECTED_METHOD', { method: 'notifications/drafts/inked', extension: NAME }]]);
    });
  });
});

describe('requests of an extension', () => {
  test('are sent by its active form, with the options of any request', async () => {
    await withMemoryHandle(script({ [NAME]: {} }), { ...MODERN, extensions: [drafts()] }, async ({ server, peer, clock }) => {
      const active = server.extensions.get(NAME);
      assert.deepEqual(await active?.request('drafts/finish', { id: 'd1' }, { meta: { a: 1 } }), { resultType: 'complete', text: 'finished' });
      assert.equal((peer.sent('drafts/finish')[0]?.params?.['_meta'] as { a: unknown }).a, 1);
      assert.match(String(await rejection(active?.request('tools/list') as Promise<unknown>)), /^TypeError: method must be one of the extension com\.example\/drafts: drafts\/finish; got "tools\/list"/);
      assert.match(String(await rejection(active?.request('drafts/finish', {}, { nope: 1 } as never) as Promise<unknown>)), /^TypeError: options has no option "nope"/);
      await server.cleanup();
      await mcpRejection(active?.request('drafts/finish') as Promise<unknown>, 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      assert.equal(clock.waiting, 0);
    });
  });

  test('are not sent to the next server that does not have it', async () => {
    const peers = [new ScriptedPeer(script({ [NAME]: {} })), new ScriptedPeer(script({}))] as const;
    await withMemoryHandle(peers, { ...MODERN, extensions: [drafts()] }, async ({ server }) => {
      const active = server.extensions.get(NAME);
      await server.cleanup();
      await server.connect();
      assert.equal(server.extensions.size, 0);
      const error = await mcpRejection(active?.request('drafts/finish') as Promise<unknown>, 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
      assert.deepEqual([error.delivery, peers[1].sent('drafts/finish').length], ['unsent', 0]);
    });
  });
});

describe('the option extensions is read at the door', () => {
  const complete = () => DONE;
  const wrong: ReadonlyArray<[unknown, RegExp]> = [
    [{}, /^TypeError: extensions must be an array of extensions; got an object/],
    [[5], /^TypeError: extensions\[0\] must be an object/],
    [[{}], /^TypeError: extensions\[0\]\.name must be a string/],
    [[{ name: 'drafts' }], /^RangeError: extensions\[0\]\.name must be a prefix and a name, such as "com\.example\/reports"; got "drafts"/],
    [[{ name: '1com/drafts' }], /^RangeError/],
    [[{ name: 'com./drafts' }], /^RangeError/],
    [[{ name: 'com.example/' }], /^RangeError/],
    [[{ name: 'com.example/-a' }], /^RangeError/],
    [[{ name: `com.example/${'a'.repeat(250)}` }], /^RangeError/],
    [[{ name: 'io.modelcontextprotocol/tasks' }], /^TypeError: extensions\[0\] must be another extension than "io\.modelcontextprotocol\/tasks".* tasksExtension turns it off/],
    [[{ name: 'a/b', setings: {} }], /^TypeError: extensions\[0\] has no option "setings"; did you mean "settings"/],
    [[{ name: 'a/b', settings: [] }], /^TypeError: extensions\[0\]\.settings must be an object; got an array/],
    [[{ name: 'a/b', declare: 'never' }], /^RangeError: extensions\[0\]\.declare must be one of always, offered/],
    [[{ name: 'a/b', methods: [] }], /^TypeError: extensions\[0\]\.methods must be an object/],
    [[{ name: 'a/b', methods: { x: { name: 'id' } } }], /^TypeError: extensions\[0\]\.methods\["x"\] has no option "name"/],
    [[{ name: 'a/b', methods: { 'tools/call': {} } }], /^TypeError: extensions\[0\] must leave "tools\/call" to the protocol/],
    [[{ name: 'a/b', results: { draft: { methods: 'x', complete } } }], /^TypeError: extensions\[0\]\.results\["draft"\]\.methods must be an array/],
    [[{ name: 'a/b', results: { draft: { methods: [] } } }], /^TypeError: extensions\[0\]\.results\["draft"\]\.complete must be a function/],
    [[{ name: 'a/b', results: { complete: { methods: [], complete } } }], /^TypeError: extensions\[0\] must leave results of type "complete" to the protocol/],
    [[{ name: 'a/b', results: { task: { methods: [], complete } } }], /leave results of type "task"/],
    [[{ name: 'a/b', notifications: { x: { check: complete } } }], /^TypeError: extensions\[0\]\.notifications\["x"\]\.heard must be a function/],
    [[{ name: 'a/b', notifications: { 'notifications/message': { check: complete, heard: complete } } }], /leave "notifications\/message" to the protocol/],
    [[{ name: 'a/b' }, { name: 'a/b' }], /^TypeError: extensions\[1\] and extensions\[0\] have the name "a\/b" both/],
    [[{ name: 'a/b', methods: { x: {} } }, { name: 'a/c', methods: { x: {} } }], /have the method "x" both/],
    [[{ name: 'a/b', results: { r: { methods: [], complete } } }, { name: 'a/c', results: { r: { methods: [], complete } } }], /have results of type "r" both/],
  ];
  test('each mistake names its place', () => {
    for (const [extensions, expected] of wrong) assert.throws(() => memoryHandle({}, { extensions: extensions as never }), (error) => expected.test(String(error)) || assert.fail(`${String(error)} is not ${String(expected)}`));
    assert.throws(() => memoryHandle({}, { tasksExtension: 1 as never }), /tasksExtension must be true or false/);
  });
});
