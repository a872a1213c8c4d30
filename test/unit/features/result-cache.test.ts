/** Results that are used again while they are fresh. Source: 2026-07-28, server, utilities, "Caching". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidValueError, PROTOCOL_VERSIONS } from '../../../lib/index.ts';
import { settle } from '../../helpers/fake-clock.ts';
import { withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle, MemoryOptions } from '../../helpers/memory-handle.ts';
import { MODERN_VERSIONS } from '../../helpers/revisions.ts';
import { Refusal } from '../../helpers/scripted-peer.ts';
import type { Script, ScriptedAnswer, SentMessage } from '../../helpers/scripted-peer.ts';

const capabilities = { tools: {}, resources: {}, prompts: {} };
const MODERN: Script = { 'server/discover': () => ({ supportedVersions: MODERN_VERSIONS, capabilities, ttlMs: 0, cacheScope: 'private' }) };
const tool = (name: string) => ({ name, inputSchema: { type: 'object' } });

/** A modern server whose lists and resources tell how often they were asked for. */
function counting(hints: object | ((turn: number) => object) = { ttlMs: 1_000 }): Script {
  let turn = 0;
  const hintsNow = () => (typeof hints === 'function' ? hints(++turn) : (turn++, hints));
  const counted = (member: string, make: (turn: number, message: SentMessage) => object) => (message: SentMessage) => {
    const given = hintsNow();
    return { resultType: 'complete', [member]: [make(turn, message)], ...given };
  };
  return {
    ...MODERN,
    'tools/list': counted('tools', (count) => tool(`t${count}`)),
    'prompts/list': counted('prompts', (count) => ({ name: `p${count}` })),
    'resources/list': counted('resources', (count) => ({ uri: `a:${count}`, name: 'x' })),
    'resources/templates/list': counted('resourceTemplates', (count) => ({ uriTemplate: `a:${count}/{x}`, name: 'x' })),
    'resources/read': counted('contents', (count, { params }) => ({ uri: params?.['uri'], text: `${count}` })),
    'tools/call': () => ({ content: [] }),
  };
}

function withModern<T>(script: Script, options: MemoryOptions, body: (handle: MemoryHandle) => Promise<T>): Promise<T> {
  return withMemoryHandle({ ...MODERN, ...script }, { protocolVersions: PROTOCOL_VERSIONS, checkArguments: false, ...options }, body);
}

const count = ({ peer }: MemoryHandle, method: string): number => peer.sent(method).length;

describe('what is fresh is not asked for again', () => {
  test('each list and each resource, until the moment that the server said', async () => {
    await withModern(counting(), {}, async (handle) => {
      const { server, clock } = handle;
      const ask = async () => JSON.stringify([await server.listTools(), await server.listPrompts(), await server.listResources(), await server.listResourceTemplates(), await server.listResourceContents('a:1')]);
      const first = await ask();
      await clock.advance(999);
      assert.equal(await ask(), first);
      for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read']) assert.equal(count(handle, method), 1, method);
      await clock.advance(1);
      assert.notEqual(await ask(), first);
      for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read']) assert.equal(count(handle, method), 2, method);
    });
  });

  test('what one caller does to a result reaches no other', async () => {
    await withModern(counting(), {}, async ({ server }) => {
      const [mine] = (await server.listTools()) as unknown as [{ name: string }];
      mine.name = 'changed';
      const [second] = (await server.listTools()) as unknown as [{ name: string }];
      assert.equal(second.name, 't1');
      second.name = 'changed';
      assert.equal((await server.listTools())[0]?.name, 't1');
    });
  });

  test('a hint that is none, or that says 0, keeps nothing', async () => {
    for (const hints of [{}, { ttlMs: 0 }, { ttlMs: -1 }, { ttlMs: '5' }, { ttlMs: 1.5 }, { ttlMs: null }, { ttlMs: [1_000] }, { ttlMs: true }]) {
      await withModern(counting(hints), {}, async (handle) => {
        await handle.server.listTools();
        await handle.server.listTools();
        assert.equal(count(handle, 'tools/list'), 2, JSON.stringify(hints));
      });
    }
  });

  test('maxCacheMs: a hint without end is one of 24 hours, or of what the host says', async () => {
    for (const [limits, longest] of [[{}, 86_400_000], [{ maxCacheMs: 50 }, 50]] as const) {
      await withModern(counting({ ttlMs: 1e300, cacheScope: 'private' }), { limits }, async (handle) => {
        await handle.server.listPrompts();
        await handle.clock.advance(longest - 1);
        await handle.server.listPrompts();
        assert.equal(count(handle, 'prompts/list'), 1);
        await handle.clock.advance(1);
        await handle.server.listPrompts();
        assert.equal(count(handle, 'prompts/list'), 2);
      });
    }
  });

  test('a result that is not what the protocol says is not kept, with a middleware or without', async () => {
    for (const hasMiddleware of [false, true]) {
      let turn = 0;
      await withModern({ 'prompts/list': () => ({ prompts: ++turn === 1 ? [{ name: 7 }] : [{ name: 'p' }], ttlMs: 1_000 }) }, {}, async ({ server }) => {
        if (hasMiddleware) server.use({ name: 'through', request: (_call, next) => next() });
        await assert.rejects(server.listPrompts(), { code: 'ERR_MCP_INVALID_RESULT' });
        assert.deepEqual((await server.listPrompts()).map(({ name }) => name), ['p']);
      });
    }
  });

  test('middleware sees every request, and what it changes is a request of its own', async () => {
    await withModern(counting(), {}, async (handle) => {
      const seen: string[] = [];
      handle.server.use({
        name: 'other',
        request: (call, next) => {
          seen.push(call.method);
          return next({ params: { ...call.params, uri: 'a:other' } });
        },
      });
      await handle.server.listResourceContents('a:1');
      await handle.server.listResourceContents('a:2');
      assert.deepEqual([seen.length, count(handle, 'resources/read')], [2, 1]);
    });
  });
});

describe('each request has its own', () => {
  test('pages by their cursor, the empty one too, resources by their uri, and whatever the host says in meta', async () => {
    await withModern(counting(), {}, async (handle) => {
      const { server } = handle;
      for (let again = 0; again < 2; again++) {
        for (const cursor of [undefined, '', 'a']) await server.listToolsPage(cursor);
        for (const uri of ['a:1', 'a:2']) await server.listResourceContents(uri);
        for (const meta of [undefined, { 'x.example/tenant': 1 }, { 'x.example/tenant': 2 }]) await server.listPrompts({ meta });
      }
      assert.deepEqual([count(handle, 'tools/list'), count(handle, 'resources/read'), count(handle, 'prompts/list')], [3, 2, 3]);
    });
  });

  test('every page is fresh for as long as it says itself', async () => {
    const script: Script = {
      'tools/list': ({ params }) => (params?.['cursor'] === undefined ? { tools: [tool('a')], nextCursor: '2', ttlMs: 1_000 } : { tools: [tool('b')], ttlMs: 10 }),
    };
    await withModern(script, {}, async ({ server, peer, clock }) => {
      await server.listTools();
      await clock.advance(10);
      assert.equal((await server.listTools()).length, 2);
      assert.deepEqual(peer.sent('tools/list').map(({ params }) => params?.['cursor']), [undefined, '2', '2']);
    });
  });

  test('a cursor that is refused takes all pages with it, and a whole list begins anew', async () => {
    let generation = 1;
    const script: Script = {
      'tools/list': ({ params }) => {
        if (params?.['cursor'] === undefined) return { tools: [tool(`a${generation}`)], nextCursor: `of ${generation}`, ttlMs: 1_000 };
        return params['cursor'] === `of ${generation}` ? { tools: [tool(`b${generation}`)], ttlMs: 0 } : new Refusal(-32602, 'no such cursor');
      },
    };
    await withModern(script, {}, async (handle) => {
      await handle.server.listTools();
      generation = 2;
      assert.deepEqual((await handle.server.listTools()).map(({ name }) => name), ['a2', 'b2']);
      assert.equal(count(handle, 'tools/list'), 5);
      generation = 3;
      await assert.rejects(handle.server.listToolsPage('of 2'), { rpcCode: -32602 });
      await handle.server.listToolsPage();
      assert.equal(count(handle, 'tools/list'), 7);
    });
  });

  test('what a server asks back about is not kept, and neither is another kind of result', async () => {
    for (const resultType of ['input_required', 'something']) {
      await withModern({ 'resources/read': () => ({ resultType, contents: [], inputRequests: { roots: { method: 'roots/list' } }, ttlMs: 1_000 }) }, {}, async (handle) => {
        for (let turn = 0; turn < 2; turn++) await assert.rejects(handle.server.listResourceContents('a:1', { rounds: 'manual' }));
        assert.equal(count(handle, 'resources/read'), 2);
      });
    }
  });

  test('a request with answers to the server goes through, and what comes is not kept', async () => {
    await withModern(counting(), {}, async (handle) => {
      const unset = handle.server.use({ name: 'rounds', request: (call, next) => next({ params: { ...call.params, requestState: 's' } }) });
      await handle.server.listResourceContents('a:1');
      await handle.server.listResourceContents('a:1');
      unset();
      await handle.server.listResourceContents('a:1');
      assert.equal(count(handle, 'resources/read'), 3);
    });
  });
});

describe('the host chooses', () => {
  test('refresh asks and keeps, bypass asks and keeps nothing', async () => {
    await withModern(counting(), {}, async ({ server }) => {
      const names = async (cache?: 'use' | 'refresh' | 'bypass') => (await server.listTools({ cache }))[0]?.name;
      assert.deepEqual([await names('bypass'), await names(), await names('bypass'), await names(), await names('refresh'), await names('use')], ['t1', 't2', 't3', 't2', 't4', 't4']);
    });
  });

  test('cache: false, or enabled: false, keeps nothing', async () => {
    for (const cache of [false, { enabled: false }]) {
      await withModern(counting(), { cache }, async (handle) => {
        await handle.server.listTools();
        await handle.server.listTools();
        assert.equal(count(handle, 'tools/list'), 2);
      });
    }
  });

  test('other choices are refused at the door', async () => {
    const wrong: ReadonlyArray<readonly [unknown, RegExp]> = [
      ['yes', /cache must be true, false or an object/],
      [null, /cache must be/],
      [{ stale: true }, /cache has no option "stale"/],
      [{ shared: 1 }, /cache\.shared must be true or false/],
    ];
    for (const [cache, message] of wrong) await assert.rejects(async () => withModern({}, { cache: cache as boolean }, async () => {}), { name: 'TypeError', message });
    await assert.rejects(async () => withModern({}, { cache: { shared: true } }, async () => {}), /cache\.shared needs a sessionManager/);
    await withModern({}, {}, async ({ server }) => {
      await assert.rejects(server.listTools({ cache: 'never' as 'use' }), { name: 'RangeError', message: /options\.cache must be one of use, refresh, bypass/ });
    });
  });

  test('a legacy server may say what it likes: nothing is kept', async () => {
    await withMemoryHandle(counting(), { checkArguments: false }, async (handle) => {
      await handle.server.listTools();
      await handle.server.listTools();
      assert.deepEqual([handle.server.era, count(handle, 'tools/list')], ['legacy', 2]);
    });
  });
});

describe('what the server says has changed is not used', () => {
  test('a list, and that one only', async () => {
    await withModern(counting({ ttlMs: 100_000 }), {}, async (handle) => {
      const { server, peer } = handle;
      const ask = async () => {
        for (const list of [server.listTools(), server.listPrompts(), server.listResources(), server.listResourceTemplates()]) await list;
        return ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'].map((method) => count(handle, method));
      };
      assert.deepEqual(await ask(), [1, 1, 1, 1]);
      peer.notify('notifications/tools/list_changed');
      await settle();
      assert.deepEqual(await ask(), [2, 1, 1, 1]);
      peer.notify('notifications/prompts/list_changed');
      await settle();
      assert.deepEqual(await ask(), [2, 2, 1, 1]);
      peer.notify('notifications/resources/list_changed');
      await settle();
      assert.deepEqual(await ask(), [2, 2, 2, 2]);
    });
  });

  test('a resource, what it is part of, and its parts', async () => {
    await withModern(counting({ ttlMs: 100_000 }), {}, async ({ server, peer }) => {
      const uris = ['file:///a', 'file:///a/b', 'file:///a/b/c', 'file:///a/bc'];
      for (const uri of uris) await server.listResourceContents(uri);
      peer.notify('notifications/resources/updated', { uri: 'file:///a/b' });
      peer.notify('notifications/resources/updated', { uri: 7 });
      await settle();
      for (const uri of uris) await server.listResourceContents(uri);
      assert.deepEqual(peer.sent('resources/read').map(({ params }) => params?.['uri']).slice(4), uris.slice(0, 3));
    });
  });

  test('even where a middleware keeps the notification to itself', async () => {
    await withModern(counting(), {}, async (handle) => {
      handle.server.use({ name: 'silent', notification: () => {} });
      await handle.server.listTools();
      handle.peer.notify('notifications/tools/list_changed');
      await settle();
      await handle.server.listTools();
      assert.equal(count(handle, 'tools/list'), 2);
    });
  });

  test('an answer that was on its way is given to who asked, and not kept; nobody else waits for it', async () => {
    const answers: Array<(answer: ScriptedAnswer) => void> = [];
    await withModern({ 'tools/list': () => new Promise((resolve) => answers.push(resolve)) }, {}, async ({ server, peer }) => {
      const before = server.listTools();
      await settle();
      peer.notify('notifications/tools/list_changed');
      await settle();
      const after = server.listTools();
      await settle();
      assert.equal(answers.length, 2);
      answers[1]?.({ tools: [tool('new')], ttlMs: 1_000 });
      answers[0]?.({ tools: [tool('old')], ttlMs: 1_000 });
      assert.deepEqual([(await before)[0]?.name, (await after)[0]?.name, (await server.listTools())[0]?.name], ['old', 'new', 'new']);
    });
  });

  test('of two answers the one that was asked for later is kept, whichever comes first', async () => {
    const answers: Array<(answer: ScriptedAnswer) => void> = [];
    await withModern({ 'tools/list': () => new Promise((resolve) => answers.push(resolve)) }, {}, async ({ server }) => {
      const both = [server.listTools({ cache: 'refresh' }), server.listTools({ cache: 'refresh' })];
      await settle();
      answers[1]?.({ tools: [tool('new')], ttlMs: 1_000 });
      answers[0]?.({ tools: [tool('old')], ttlMs: 1_000 });
      await Promise.all(both);
      assert.equal((await server.listTools())[0]?.name, 'new');
    });
  });

  test('a tool that is not in a list that was known is looked for in the one of now, once', async () => {
    await withModern(counting({ ttlMs: 100_000 }), { checkArguments: true }, async (handle) => {
      await handle.server.listToolsPage();
      await handle.server.callTool('t2');
      assert.equal(count(handle, 'tools/list'), 2);
      await assert.rejects(handle.server.callTool('t9'), InvalidValueError);
      assert.equal(count(handle, 'tools/list'), 3);
    });
  });

  test('a new connection begins with nothing', async () => {
    await withModern(counting({ ttlMs: 100_000 }), {}, async (handle) => {
      await handle.server.listTools();
      await handle.server.cleanup();
      await assert.rejects(handle.server.listTools(), { code: 'ERR_MCP_NOT_CONNECTED' });
    });
  });
});

describe('equal requests at once are one', () => {
  test('each caller gets a result of their own', async () => {
    await withModern(counting(), {}, async (handle) => {
      const lists = await Promise.all(Array.from({ length: 20 }, () => handle.server.listTools()));
      assert.equal(count(handle, 'tools/list'), 1);
      assert.equal(new Set(lists.map(([first]) => first)).size, 20);
    });
  });

  test('the one that asked goes away, and the others ask for themselves', async () => {
    const answers: Array<(answer: ScriptedAnswer) => void> = [];
    await withModern({ 'tools/list': () => new Promise((resolve) => answers.push(resolve)) }, {}, async ({ server }) => {
      const controller = new AbortController();
      const first = server.listTools({ signal: controller.signal });
      const others = [server.listTools(), server.listTools()];
      await settle();
      assert.equal(answers.length, 1);
      controller.abort(new Error('enough'));
      await assert.rejects(first, /enough/);
      await settle();
      for (const answer of answers.slice(1)) answer({ tools: [tool('a')], ttlMs: 1_000 });
      for (const list of await Promise.all(others)) assert.equal(list[0]?.name, 'a');
    });
  });

  test('one that waits goes away by its own signal or deadline, and the request goes on', async () => {
    const answers: Array<(answer: ScriptedAnswer) => void> = [];
    await withModern({ 'tools/list': () => new Promise((resolve) => answers.push(resolve)) }, {}, async ({ server, clock }) => {
      const controller = new AbortController();
      const first = server.listTools({ timeoutMs: 1_000 });
      const waiting = server.listTools({ signal: controller.signal });
      const hasty = server.listTools({ timeoutMs: 10 });
      await settle();
      controller.abort(new Error('enough'));
      await assert.rejects(waiting, /enough/);
      await clock.advance(10);
      await assert.rejects(hasty, { code: 'ERR_MCP_REQUEST_TIMEOUT' });
      answers[0]?.({ tools: [tool('a')], ttlMs: 1_000 });
      assert.equal((await first)[0]?.name, 'a');
      assert.equal(answers.length, 1);
    });
  });

  test('what is not to be used again is nobody else’s, an error neither', async () => {
    for (const answer of [{ prompts: [], ttlMs: 0 }, new Refusal(-32603, 'broken')]) {
      await withModern({ 'prompts/list': () => answer }, {}, async (handle) => {
        await Promise.allSettled([handle.server.listPrompts(), handle.server.listPrompts(), handle.server.listPrompts()]);
        assert.equal(count(handle, 'prompts/list'), 3);
      });
    }
  });
});

describe('no more is kept than the bounds allow', () => {
  test('maxCachedResults: the one unused for the longest time leaves', async () => {
    await withModern(counting(), { limits: { maxCachedResults: 2 } }, async ({ server, peer }) => {
      for (const uri of ['a:1', 'a:2', 'a:1', 'a:3', 'a:1', 'a:2']) await server.listResourceContents(uri);
      assert.deepEqual(peer.sent('resources/read').map(({ params }) => params?.['uri']), ['a:1', 'a:2', 'a:3', 'a:2']);
    });
  });

  test('maxCachedBytes: of all together, and of one alone', async () => {
    const script: Script = { 'resources/read': ({ params }) => ({ contents: [{ uri: params?.['uri'], text: 'x'.repeat(params?.['uri'] === 'a:large' ? 5_000 : 1_500) }], ttlMs: 1_000 }) };
    await withModern(script, { limits: { maxCachedBytes: 8_000 } }, async ({ server, peer }) => {
      for (const uri of ['a:1', 'a:2', 'a:large', 'a:large', 'a:1', 'a:3', 'a:1', 'a:2']) await server.listResourceContents(uri);
      assert.deepEqual(peer.sent('resources/read').map(({ params }) => params?.['uri']), ['a:1', 'a:2', 'a:large', 'a:large', 'a:3', 'a:2']);
    });
  });
});

describe('staleOnError: what is out of date is better than nothing', () => {
  const once = (after: () => ScriptedAnswer): Script => {
    let turn = 0;
    return { 'tools/list': () => (++turn === 1 ? { tools: [tool('a')], ttlMs: 10 } : after()) };
  };

  test('a server that does not answer in time; each use is a fault that tells why', async () => {
    await withModern(once(() => undefined), { cache: { staleOnError: true } }, async ({ server, clock, faults }) => {
      await server.listTools();
      await clock.advance(30);
      const late = server.listTools({ timeoutMs: 5 });
      await clock.advance(6);
      assert.equal((await late)[0]?.name, 'a');
      const [{ code, details, cause } = assert.fail('no fault')] = faults;
      assert.deepEqual([code, details['method'], (cause as { code?: string }).code], ['ERR_MCP_STALE_RESULT', 'tools/list', 'ERR_MCP_REQUEST_TIMEOUT']);
      const refreshed = server.listTools({ timeoutMs: 5, cache: 'refresh' });
      await clock.advance(6);
      await assert.rejects(refreshed, { code: 'ERR_MCP_REQUEST_TIMEOUT' });
    });
  });

  test('not without the option, not for what the server answers, and not for what it said has changed', async () => {
    await withModern(once(() => undefined), {}, async ({ server, clock }) => {
      await server.listTools();
      await clock.advance(30);
      const late = server.listTools({ timeoutMs: 5 });
      await clock.advance(6);
      await assert.rejects(late, { code: 'ERR_MCP_REQUEST_TIMEOUT' });
    });
    await withModern(once(() => new Refusal(-32603, 'broken')), { cache: { staleOnError: true } }, async ({ server, clock }) => {
      await server.listTools();
      await clock.advance(30);
      await assert.rejects(server.listTools(), { rpcCode: -32603 });
    });
    await withModern(once(() => undefined), { cache: { staleOnError: true } }, async ({ server, clock, peer }) => {
      await server.listTools();
      peer.notify('notifications/tools/list_changed');
      await settle();
      const late = server.listTools({ timeoutMs: 5 });
      await clock.advance(6);
      await assert.rejects(late, { code: 'ERR_MCP_REQUEST_TIMEOUT' });
    });
  });
});
