/** Middleware around requests, answers and notifications; trace context in `_meta`. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JSONObject, MCPError, Middleware, Progress, RequestCall, Root } from '../../../lib/index.ts';
import { InvalidValueError, RPCError } from '../../../lib/index.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { defaultRequestSettings } from '../../../lib/connection/request-settings.ts';
import { Middlewares } from '../../../lib/features/middlewares.ts';
import type { Requester } from '../../../lib/features/requester.ts';
import { systemClock } from '../../../lib/base/clock.ts';
import { settle } from '../../helpers/fake-clock.ts';
import { withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle, MemoryOptions } from '../../helpers/memory-handle.ts';
import { Refusal } from '../../helpers/scripted-peer.ts';
import type { Script } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection, textOf } from '../../helpers/with-server.ts';

const said = (text: string): JSONObject => ({ content: [{ type: 'text', text }] });
const never = <T>(): Promise<T> => new Promise<T>(() => {});

/** Answers a call with its arguments, as text. */
const echo: Script = {
  'tools/call': ({ params }) => said(JSON.stringify(params?.['arguments'] ?? null)),
  'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
};

/** A handle that lists no tools before a call. */
function withHandle(script: Script, options: MemoryOptions, body: (handle: MemoryHandle) => Promise<void>): Promise<void> {
  return withMemoryHandle(script, { checkArguments: false, ...options }, body);
}

describe('around a request', () => {
  test('the first that was added is the outermost, and one that is taken back is not asked any more', async () => {
    await withHandle(echo, {}, async ({ server }) => {
      const order: string[] = [];
      const noting = (name: string): Middleware => ({
        name,
        request: async (call, next) => {
          order.push(`${name} before ${call.method}`);
          const result = await next();
          order.push(`${name} after`);
          return result;
        },
      });
      const takeBack = server.use(noting('first'));
      server.use(noting('second'));
      await server.callTool('echo');
      assert.deepEqual(order, ['first before tools/call', 'second before tools/call', 'second after', 'first after']);
      takeBack();
      takeBack();
      order.length = 0;
      await server.ping();
      assert.deepEqual(order, ['second before ping', 'second after']);
    });
  });

  test('it sees method, params, meta and options, all of them frozen copies', async () => {
    await withHandle(echo, { serverName: 'here' }, async ({ server, peer }) => {
      const calls: RequestCall[] = [];
      server.use({ request: (call, next) => (calls.push(call), next()) });
      const args = { deep: { value: 1 } };
      const call = server.callTool('echo', args, { meta: { a: 1 }, timeoutMs: 5, retry: 'never' });
      args.deep.value = 2;
      assert.equal(textOf(await call), '{"deep":{"value":1}}');
      const [seen] = calls;
      assert.deepEqual([seen?.serverName, seen?.method, seen?.params, seen?.meta], ['here', 'tools/call', { name: 'echo', arguments: { deep: { value: 1 } } }, { a: 1 }]);
      assert.deepEqual(seen?.options, { timeoutMs: 5, maxTotalTimeoutMs: Infinity, resetTimeoutOnProgress: false, retry: 'never' });
      for (const part of [seen, seen?.params, seen?.params['arguments'], seen?.meta, seen?.options]) assert.ok(Object.isFrozen(part));
      await server.ping();
      assert.deepEqual([calls[1]?.params, calls[1]?.meta], [{}, {}]);
      assert.equal('params' in (peer.sent('ping').at(-1) ?? {}), false);
    });
  });

  test('what next is given is what goes out, and what the next middleware sees', async () => {
    await withHandle(echo, {}, async ({ server, peer }) => {
      const seen: unknown[] = [];
      const args = { a: 2 };
      server.use({
        request: async (call, next) => {
          const result = next({ params: { ...call.params, arguments: args }, meta: { tenant: 't' } });
          args.a = 3;
          return result;
        },
      });
      server.use({ request: (call, next) => (seen.push(call.params['arguments'], call.meta), next()) });
      assert.equal(textOf(await server.callTool('echo', { a: 1 }, { meta: { lost: true } })), '{"a":2}');
      assert.deepEqual(seen, [{ a: 2 }, { tenant: 't' }]);
      assert.deepEqual(peer.sent('tools/call')[0]?.params, { name: 'echo', arguments: { a: 2 }, _meta: { tenant: 't' } });
    });
  });

  test('a result of its own is the answer, with nothing sent, and is checked as the answer of the server is', async () => {
    await withHandle(echo, {}, async ({ server, peer }) => {
      const takeBack = server.use({ request: () => said('from here') });
      assert.equal(textOf(await server.callTool('echo')), 'from here');
      takeBack();
      server.use({ request: () => ({ content: 'none' }) });
      await mcpRejection(server.callTool('echo'), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.equal(peer.sent('tools/call').length, 0);
    });
  });

  test('a result may be another one than came', async () => {
    await withHandle(echo, {}, async ({ server }) => {
      server.use({
        request: async (_call, next) => {
          const result = await next();
          return { ...result, content: [...(result['content'] as unknown[]), { type: 'text', text: 'more' }] };
        },
      });
      assert.equal((await server.callTool('echo')).content.length, 2);
    });
  });

  test('an error of the server comes to it as it would come to the caller, and it may answer in its place', async () => {
    await withHandle({ 'tools/call': () => new Refusal(-32602, 'no such tool'), ping: () => new Refusal(-1, 'tired') }, {}, async ({ server }) => {
      const seen: unknown[] = [];
      const takeBack = server.use({
        request: (_call, next) =>
          next().catch((error: unknown) => {
            seen.push(error);
            throw error;
          }),
      });
      const refused = await mcpRejection(server.callTool('none'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      const tired = await rejection(server.ping());
      assert.ok(refused instanceof InvalidValueError && tired instanceof RPCError);
      assert.deepEqual(seen, [refused, tired]);
      takeBack();
      server.use({ request: (_call, next) => next().catch(() => said('sorry')) });
      assert.equal(textOf(await server.callTool('none')), 'sorry');
    });
  });

  test('what it throws, at once or later, is what the caller gets, and nothing is sent', async () => {
    await withHandle(echo, {}, async ({ server, peer }) => {
      for (const request of [
        () => {
          throw new SyntaxError('mine');
        },
        () => Promise.reject(new SyntaxError('mine')),
      ]) {
        const takeBack = server.use({ request });
        const error = await rejection(server.callTool('echo'));
        assert.ok(error instanceof SyntaxError && error.message === 'mine');
        takeBack();
      }
      assert.equal(peer.sent('tools/call').length, 0);
      assert.equal(textOf(await server.callTool('echo')), 'null');
    });
  });

  test('one that asks twice, too late, for what nobody knows, or gives no result breaks its contract: ERR_MCP_MIDDLEWARE or TypeError', async () => {
    await withHandle(echo, {}, async ({ server, peer }) => {
      let late: (() => Promise<unknown>) | undefined;
      const broken: readonly (readonly [Middleware['request'], string])[] = [
        [async (_call, next) => (await next(), next()), 'called next twice'],
        [() => undefined as never, 'must resolve to a result, an object; got undefined'],
        [async () => [] as never, 'must resolve to a result, an object; got an array'],
      ];
      for (const [request, what] of broken) {
        const takeBack = server.use({ name: 'bro\u0007ken', request: request as NonNullable<Middleware['request']> });
        const error = await mcpRejection(server.callTool('echo'), 'InvalidValueError', 'ERR_MCP_MIDDLEWARE');
        assert.equal(error.message, `The middleware "bro\\u{7}ken" ${what}`);
        takeBack();
      }
      assert.equal(peer.sent('tools/call').length, 1);
      const wrong = server.use({ request: (_call, next) => next({ method: 'tools/list' } as never) });
      assert.match(String(await rejection(server.callTool('echo'))), /TypeError: The argument of next has no option "method"/);
      wrong();
      server.use({ request: (_call, next) => ((late = next), said('at once')) });
      await server.callTool('echo');
      const error = await mcpRejection(late?.() ?? never(), 'InvalidValueError', 'ERR_MCP_MIDDLEWARE');
      assert.match(error.message, /^A middleware called next after it had settled$/);
    });
  });

  test('one that never settles is ended by timeoutMs, before the request is sent and after it is answered', async () => {
    await withHandle(echo, { requestTimeoutMs: 1_000 }, async ({ server, peer, clock }) => {
      const signals: AbortSignal[] = [];
      const takeBack = server.use({ request: ({ signal }) => (signals.push(signal), never()) });
      const unsent = rejection(server.callTool('echo'));
      await clock.advance(999);
      assert.equal(signals[0]?.aborted, false);
      await clock.advance(1);
      const error = (await unsent) as MCPError;
      assert.deepEqual([error.code, error.delivery, error.message], ['ERR_MCP_REQUEST_TIMEOUT', 'unsent', 'tools/call was held by middleware for 1000 ms (timeoutMs)']);
      assert.equal(signals[0]?.reason, error);
      takeBack();
      server.use({ request: async (_call, next) => (await next(), never()) });
      const answered = rejection(server.callTool('echo'));
      await clock.advance(1_000);
      assert.equal(((await answered) as MCPError).delivery, 'answered');
      assert.equal(peer.sent('tools/call').length, 1);
      assert.equal(clock.waiting, 0);
    });
  });

  test('while the server has the request, only the deadlines of the request count', async () => {
    let answer: (() => void) | undefined;
    const slow: Script = { 'tools/call': () => new Promise((resolve) => (answer = () => resolve(said('slow')))) };
    await withHandle(slow, { requestTimeoutMs: 1_000 }, async ({ server, peer, clock }) => {
      server.use({ request: (_call, next) => next() });
      const heard: Progress[] = [];
      const call = server.callTool('echo', {}, { resetTimeoutOnProgress: true, onProgress: (progress) => heard.push(progress) });
      for (let step = 1; step <= 3; step++) {
        await clock.advance(900);
        peer.notify('notifications/progress', { progressToken: peer.sent('tools/call')[0]?.id, progress: step });
        await settle();
      }
      answer?.();
      assert.equal(textOf(await call), 'slow');
      assert.deepEqual(heard.map(({ progress }) => progress), [1, 2, 3]);
      const late = rejection(server.callTool('echo'));
      await clock.advance(1_000);
      assert.match(((await late) as MCPError).message, /^tools\/call was not answered within 1000 ms/);
    });
  });

  test('the signal of the caller ends the call at once, whatever the middleware does, and the server is told', async () => {
    await withHandle({ 'tools/call': () => undefined }, {}, async ({ server, peer }) => {
      const seen: unknown[] = [];
      const takeBack = server.use({
        request: async ({ signal }, next) => {
          signal.addEventListener('abort', () => seen.push(signal.reason));
          await next().catch(() => {});
          return never();
        },
      });
      const controller = new AbortController();
      const call = rejection(server.callTool('echo', {}, { signal: controller.signal }));
      await settle();
      controller.abort('enough');
      assert.equal(await call, 'enough');
      await settle();
      assert.deepEqual([seen, peer.sent('notifications/cancelled').length, server.pendingRequests.length], [['enough'], 1, 0]);
      assert.equal(await rejection(server.callTool('echo', {}, { signal: controller.signal })), 'enough');
      takeBack();
      server.use({ request: (_call, next) => next() });
      const cancelled = rejection(server.callTool('echo'));
      await settle();
      assert.equal(server.cancelRequest(server.pendingRequests[0]?.id ?? '', 'no more'), true);
      assert.equal(((await cancelled) as Error).message, 'no more');
    });
  });

  test('a request that its middleware does not wait for is taken back', async () => {
    await withHandle({ 'tools/call': () => undefined }, {}, async ({ server, peer }) => {
      server.use({
        request: async (_call, next) => {
          void next();
          await settle();
          return said('faster');
        },
      });
      assert.equal(textOf(await server.callTool('echo')), 'faster');
      await settle();
      assert.deepEqual([peer.sent('notifications/cancelled').length, server.pendingRequests.length], [1, 0]);
    });
  });

  test('it may ask the server itself, and one that does so without end is stopped by limits.maxPendingRequests', async () => {
    await withHandle(echo, { limits: { maxPendingRequests: 50 } }, async ({ server, peer }) => {
      const takeBack = server.use({
        request: async (call, next) => {
          if (call.method === 'tools/call') assert.equal((await server.listTools()).length, 1);
          return next();
        },
      });
      assert.equal(textOf(await server.callTool('echo')), 'null');
      assert.equal(peer.sent('tools/list').length, 1);
      takeBack();
      server.use({ request: async (_call, next) => (await server.listTools(), next()) });
      const error = await mcpRejection(server.callTool('echo'), 'LimitError', 'ERR_MCP_LIMIT');
      assert.deepEqual([error.details['limit'], error.delivery, peer.sent('tools/list').length], ['maxPendingRequests', 'unsent', 1]);
    });
  });

  test('one that is added or taken back while a call runs changes nothing for that call', async () => {
    await withHandle(echo, {}, async ({ server }) => {
      const order: string[] = [];
      let takeBack = (): void => {};
      server.use({
        request: async (_call, next) => {
          order.push('first');
          takeBack();
          server.use({ request: (_inner, go) => (order.push('late'), go()) });
          return next();
        },
      });
      takeBack = server.use({ request: (_call, next) => (order.push('second'), next()) });
      await server.callTool('echo');
      assert.deepEqual(order, ['first', 'second']);
    });
  });

  test('the handshake and the pings of the health check are not seen; server.ping() is', async () => {
    await withHandle(echo, { healthCheckIntervalMs: 1_000 }, async ({ server, peer, clock }) => {
      const seen: string[] = [];
      server.use({ request: ({ method }, next) => (seen.push(method), next()) });
      await clock.advance(1_000);
      assert.equal(peer.sent('ping').length, 1);
      assert.deepEqual(seen, []);
      await server.ping();
      assert.deepEqual(seen, ['ping']);
    });
  });

  test('a middleware may be an object of a class; anything that is none is refused at the door', async () => {
    await withHandle(echo, {}, async ({ server }) => {
      class Counting implements Middleware {
        readonly name = 'counting';
        readonly other = 'its own';
        count = 0;
        request(_call: RequestCall, next: () => Promise<JSONObject>): Promise<JSONObject> {
          this.count++;
          return next();
        }
      }
      const counting = new Counting();
      server.use(counting);
      await server.callTool('echo');
      assert.equal(counting.count, 1);
      const wrong: readonly (readonly [unknown, RegExp])[] = [
        [undefined, /^middleware must be an object; got undefined$/],
        [() => {}, /^middleware must be an object; got a function$/],
        [{}, /^middleware must have a function request, answer or notification/],
        [{ request: 1 }, /^middleware\.request must be a function; got the number 1$/],
        [{ name: 7, request: () => {} }, /^middleware\.name must be a string/],
      ];
      for (const [middleware, message] of wrong) assert.throws(() => server.use(middleware as Middleware), { name: 'TypeError', message });
    });
  });
});

describe('without middleware', () => {
  test('a request is the promise that the requester below gave, asked with the same arguments', async () => {
    const asked: unknown[][] = [];
    const promise = Promise.resolve('below');
    const requester: Requester = { request: (...args: unknown[]) => (asked.push(args), promise as never) };
    const nobody = (): void => {};
    const middlewares = new Middlewares({ serverName: 's', clock: systemClock, limits: DEFAULT_LIMITS, requester, hear: nobody, callbackFault: nobody, fault: nobody });
    const given = ['ping', { a: 1 }, defaultRequestSettings(5), { read: () => 'read' }, true] as const;
    assert.equal(middlewares.request(...given), promise);
    asked[0]?.forEach((argument, index) => assert.equal(argument, given[index]));
    const takeBack = middlewares.add({ answer: (_call, next) => next(), notification: (_event, next) => next() });
    assert.equal(middlewares.request(...given), promise);
    const request = middlewares.add({ request: (_call, next) => next() });
    assert.notEqual(middlewares.request(...given), promise);
    request();
    takeBack();
    assert.equal(middlewares.request(...given), promise);
    const answered = Promise.resolve({});
    assert.equal(middlewares.answer({ id: 1, method: 'm', params: {}, signal: new AbortController().signal }, () => answered), answered);
  });
});

describe('around an answer', () => {
  const roots = [{ uri: 'file:///work', name: 'work' }];
  const TRACEPARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';

  /** Lets the server ask for the roots, and gives its answer. */
  async function askRoots(middleware: readonly Middleware[], params: object | undefined, answerWith: () => readonly Root[] | Promise<readonly Root[]> = () => roots) {
    let reply: unknown;
    const logged: unknown[] = [];
    await withHandle({}, { handlers: { roots: answerWith } }, async (scripted) => {
      const { server, peer } = scripted;
      for (const one of middleware) server.use(one);
      peer.send({ jsonrpc: '2.0', id: 'q', method: 'roots/list', params });
      await settle();
      const message = peer.messages.find(({ id, method }) => id === 'q' && method === undefined);
      reply = message?.error ?? message?.result;
      logged.push(...scripted.logged.filter(([level]) => level === 'error').map(([, text]) => text));
    });
    return { reply, logged };
  }

  test('it sees the request with its trace, and may change, replace or refuse the answer', async () => {
    const calls: unknown[] = [];
    const meta = { traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'user=1', other: 1 };
    const seeing: Middleware = {
      answer: async ({ serverName, id, method, params, traceContext }, next) => {
        calls.push({ serverName, id, method, params, traceContext });
        return { ...(await next()), seen: true };
      },
    };
    assert.deepEqual((await askRoots([seeing], { _meta: meta })).reply, { roots, seen: true });
    const traceContext = { traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'user=1' };
    assert.deepEqual(calls, [{ serverName: 'scripted', id: 'q', method: 'roots/list', params: { _meta: meta }, traceContext }]);
    let asked = 0;
    const instead: Middleware = { answer: () => ({ roots: [] }) };
    assert.deepEqual((await askRoots([instead], undefined, () => (asked++, roots))).reply, { roots: [] });
    assert.equal(asked, 0);
  });

  test('what it throws is told to the logger, and the server hears that it failed, not why', async () => {
    for (const answer of [
      () => {
        throw new Error('password');
      },
      () => Promise.reject(new Error('password')),
      () => 'no object' as never,
    ]) {
      const { reply, logged } = await askRoots([{ answer }], undefined);
      assert.equal((reply as { code: number }).code, -32603);
      assert.equal(JSON.stringify(reply).includes('password'), false);
      assert.equal(logged.length, 1);
    }
  });

  test('a method that nobody offers is refused without it, and a trace that is none is not handed on', async () => {
    const seen: unknown[] = [];
    await withHandle({}, { handlers: { roots } }, async ({ server, peer }) => {
      server.use({ answer: (call, next) => (seen.push(call.method, call.traceContext), next()) });
      peer.send({ jsonrpc: '2.0', id: 'a', method: 'sampling/createMessage', params: {} });
      peer.send({ jsonrpc: '2.0', id: 'b', method: 'roots/list', params: { _meta: { traceparent: 'x', tracestate: 'a=1', baggage: 7 } } });
      await settle();
      assert.equal(peer.messages.find(({ id }) => id === 'a')?.error?.code, -32601);
      assert.deepEqual(seen, ['roots/list', undefined]);
    });
  });
});

describe('around a notification', () => {
  const log = (data: unknown): readonly [string, object] => ['notifications/message', { level: 'info', data }];

  test('it may see, change and drop; progress and cancellation are not its business', async () => {
    await withHandle({ 'tools/call': () => undefined }, {}, async ({ server, peer, clock }) => {
      const seen: unknown[] = [];
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      server.on('toolsChanged', () => heard.push('toolsChanged'));
      server.use({ notification: ({ method, params }, next) => (seen.push([method, params['data']]), params['data'] === 'secret' ? undefined : next()) });
      server.use({ notification: ({ method, params }, next) => next(method === 'notifications/message' ? { params: { ...params, data: `${String(params['data'])}!` } } : undefined) });
      const progress: number[] = [];
      const call = rejection(server.callTool('x', {}, { onProgress: (report) => progress.push(report.progress) }));
      await settle();
      peer.notify('notifications/progress', { progressToken: peer.sent('tools/call')[0]?.id, progress: 1 });
      peer.notify('notifications/cancelled', { requestId: 'none' });
      peer.notify(...log('open'));
      peer.notify(...log('secret'));
      peer.notify('notifications/tools/list_changed');
      await clock.advance(DEFAULT_LIMITS.maxListDelayMs);
      assert.deepEqual(seen, [['notifications/message', 'open'], ['notifications/message', 'secret'], ['notifications/tools/list_changed', undefined]]);
      assert.deepEqual([heard, progress], [['open!', 'toolsChanged'], [1]]);
      await server.cleanup();
      await call;
    });
  });

  test('one that throws, rejects or hands on twice is told to the logger, and harms no other', async () => {
    await withHandle({}, {}, async ({ server, peer, logged }) => {
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      const bad: readonly NonNullable<Middleware['notification']>[] = [
        () => {
          throw new Error('before');
        },
        () => Promise.reject(new Error('later')),
        (_event, next) => (next(), next()),
        () => never(),
      ];
      for (const notification of bad) {
        const takeBack = server.use({ name: 'bad', notification });
        peer.notify(...log('x'));
        await settle();
        takeBack();
      }
      peer.notify(...log('y'));
      await settle();
      assert.deepEqual(heard, ['x', 'y']);
      const told = logged.filter(([level]) => level === 'error').map(([, message]) => message);
      assert.deepEqual(told, Array(3).fill('The middleware "bad" of the host failed for scripted'));
    });
  });

  test('params that are not valid are the fault of the server, not of who handed them on', async () => {
    await withHandle({}, {}, async ({ server, peer }) => {
      const faults: string[] = [];
      const caught: unknown[] = [];
      server.on('fault', ({ code }) => faults.push(code));
      server.on('log', () => assert.fail('it is no log message'));
      server.use({
        notification: (_event, next) => {
          try {
            next();
          } catch (error) {
            caught.push(error);
          }
        },
      });
      peer.notify('notifications/message', { level: 'none' });
      await settle();
      assert.deepEqual([faults, caught], [['ERR_MCP_INVALID_PARAMS'], []]);
    });
  });

  test('what is handed on unchanged is heard as it came, though the middleware saw a copy', async () => {
    await withHandle({}, {}, async ({ server, peer }) => {
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      server.use({ notification: ({ params }, next) => (heard.push(params['data']), next()) });
      // No double holds the number, and no JSON what it is read as.
      peer.send('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1e400}}');
      await settle();
      assert.deepEqual(heard, [null, Infinity]);
    });
  });

  test('one that hands on later is heard later', async () => {
    await withHandle({}, {}, async ({ server, peer }) => {
      let handOn = (): void => {};
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      server.use({ notification: (_event, next) => void (handOn = next) });
      peer.notify(...log('waits'));
      await settle();
      assert.deepEqual(heard, []);
      handOn();
      assert.deepEqual(heard, ['waits']);
    });
  });
});

describe('the option traceContext (MCP 2026-07-28, basic, "OpenTelemetry trace context")', () => {
  const TRACEPARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
  const OTHER = '00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00';

  /** The `_meta` of the calls that `meta` was given to. */
  async function sentMeta(traceContext: () => unknown, ...metas: readonly (JSONObject | undefined)[]) {
    const sent: unknown[] = [];
    const warned: string[] = [];
    await withHandle(echo, { traceContext: traceContext as never }, async ({ server, peer, logged }) => {
      for (const meta of metas) await server.callTool('echo', undefined, { meta });
      for (const { params } of peer.sent('tools/call')) sent.push(params?.['_meta']);
      await settle();
      for (const [level, message] of logged) if (level === 'warn' || level === 'error') warned.push(message);
    });
    return { sent, warned };
  }

  test('is asked for every request and goes out in _meta, below what the host gives', async () => {
    let asked = 0;
    const trace = { traceparent: TRACEPARENT, tracestate: 'vendor=1,t@v=2', baggage: 'user=alice;p=1,n=2' };
    const { sent, warned } = await sentMeta(() => (asked++, trace), undefined, { baggage: 'mine=1', other: 1 }, { traceparent: OTHER });
    assert.deepEqual(sent, [trace, { ...trace, baggage: 'mine=1', other: 1 }, { traceparent: OTHER, baggage: trace.baggage }]);
    assert.deepEqual([asked, warned], [3, []]);
    assert.deepEqual((await sentMeta(() => undefined, undefined, { a: 1 })).sent, [undefined, { a: 1 }]);
  });

  test('what is not valid is left out, and told once for each kind', async () => {
    const bad = { traceparent: TRACEPARENT.toUpperCase(), tracestate: 'a=1', baggage: 'a=\u0000' };
    const { sent, warned } = await sentMeta(() => bad, undefined, undefined);
    assert.deepEqual(sent, [undefined, undefined]);
    assert.deepEqual(warned, [
      'scripted: traceContext gave a traceparent that is none: a string of 55 characters; it is left out',
      'scripted: traceContext gave a baggage that is none: a string of 3 characters; it is left out',
    ]);
    for (const tracestate of ['', ',', 'a', 'A=1', 'a=', 'a=1,a=2', `a=${'x'.repeat(257)}`, Array.from({ length: 33 }, (_, index) => `k${index}=1`).join()]) {
      assert.deepEqual((await sentMeta(() => ({ traceparent: TRACEPARENT, tracestate }), undefined)).sent, [{ traceparent: TRACEPARENT }], tracestate);
    }
    const polluted = Object.create({ traceparent: TRACEPARENT }) as object;
    assert.deepEqual((await sentMeta(() => polluted, undefined)).sent, [undefined]);
  });

  test('a hook that throws, or is async, adds nothing, fails no request, and is told to the logger', async () => {
    const throwing = await sentMeta(() => {
      throw new Error('no');
    }, undefined);
    assert.deepEqual([throwing.sent, throwing.warned], [[undefined], ['traceContext of the host failed for scripted']]);
    const rejecting = await sentMeta(() => Promise.reject(new Error('no')), undefined);
    assert.deepEqual(rejecting.sent, [undefined]);
    assert.deepEqual(rejecting.warned, ['scripted: traceContext gave a trace context that is none: a Promise; it is left out', 'traceContext of the host failed for scripted']);
  });

  test('is asked behind the middleware, so that a span of its own can be the parent', async () => {
    let current: { traceparent: string } | undefined;
    await withHandle(echo, { traceContext: () => current }, async ({ server, peer }) => {
      server.use({
        request: (_call, next) => {
          current = { traceparent: TRACEPARENT };
          return next();
        },
      });
      await server.callTool('echo');
      assert.deepEqual(peer.sent('tools/call')[0]?.params?.['_meta'], { traceparent: TRACEPARENT });
    });
  });
});
