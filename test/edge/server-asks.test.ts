/**
 * What a server asks of the host, over every road on which it can: a child's stdout, the stream of an answer, the stream that is listened
 * to. Source: MCP 2024-11-05 to 2025-11-25, client, "Sampling" and "Roots"; basic, utilities, "Cancellation", "Progress" and "Ping".
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InMemorySessionManager, InvalidValueError } from '../../lib/index.ts';
import type { CommonServerOptions, Handlers, JSONObject, LimitOptions, MCPError, MCPServerProtocol, SamplingContext, SamplingRequest, SamplingResult } from '../../lib/index.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import { HTTPPeer, textResult } from '../helpers/http-server.ts';
import type { PeerExchange, PeerScript, PostedMessage } from '../helpers/http-server.ts';
import { makeHTTPServer, withConnectedPeer } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { makeServer, textOf, withConnected } from '../helpers/with-server.ts';

type Options = Pick<CommonServerOptions, 'handlers' | 'limits' | 'logger' | 'protocolVersions'>;

/** What the server heard: replies and notifications, in order as far as the road has one. */
interface Heard {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: JSONObject;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A connected handle, and a server that says what it is told. */
interface Asked {
  readonly server: MCPServerProtocol;
  readonly faults: MCPError[];
  /** Everything the server heard so far. */
  heard(): Heard[];
  /** Lets the server send these messages during a call of a tool; gives what it heard then, once that is `hear` messages. */
  say(messages: readonly object[], hear: number, times?: number): Promise<Heard[]>;
}

interface Road {
  readonly name: string;
  /** How many requests it can be flooded with in little time. */
  readonly flood: number;
  withAsked(options: Options, body: (asked: Asked) => Promise<void>): Promise<void>;
}

async function say(server: MCPServerProtocol, messages: readonly object[], hear: number, times: number = 1): Promise<Heard[]> {
  const wire = messages.map((message) => ({ jsonrpc: '2.0', ...message }));
  return JSON.parse(textOf(await server.callTool('call', { say: wire, hear, times }))) as Heard[];
}

const isHeard = ({ method, started }: PostedMessage & { readonly started?: number }): boolean =>
  started === undefined && (method === undefined || (method.startsWith('notifications/') && method !== 'notifications/initialized'));

const stdio: Road = {
  name: 'stdio',
  flood: 3_000,
  withAsked: async (options, body) => {
    const record = recordFile();
    await withConnected({ command: fixtureCommand('asks-and-listens'), serverEnv: record.serverEnv, ...options }, (server, { faults }) =>
      body({ server, faults, heard: () => record.read().filter(isHeard), say: (messages, hear, times) => say(server, messages, hear, times) }),
    );
    record.remove();
  },
};

const heardBy = (peer: HTTPPeer): PostedMessage[] => peer.requests.filter((request) => request.method === 'POST' && isHeard(request.message)).map(({ message }) => message);

/** A server that asks on the stream of the call that it was told to ask in, or on the one that is listened to. */
function asksOn(stream: 'POST' | 'GET'): PeerScript {
  let listening: PeerExchange | undefined;
  return {
    GET: async (exchange: PeerExchange) => {
      if (stream === 'POST') return exchange.respond(405);
      await exchange.sse();
      listening = exchange;
      return exchange.hang();
    },
    'tools/call': async (exchange: PeerExchange) => {
      const { say: messages, hear, times } = exchange.request.message.params?.['arguments'] as { say: { id?: unknown }[]; hear: number; times: number };
      const before = heardBy(exchange.peer).length;
      if (stream === 'POST') await exchange.sse();
      const on = stream === 'POST' ? exchange : await until(() => listening, 'the client listens');
      for (let turn = 0; turn < times; turn++) {
        for (const message of messages) await on.event({ data: typeof message.id === 'string' ? { ...message, id: message.id.replace('{n}', `${turn}`) } : message });
      }
      await until(() => exchange.isClosed || heardBy(exchange.peer).length >= before + hear, 'the client has answered', 15_000);
      const text = JSON.stringify(heardBy(exchange.peer).slice(before));
      if (exchange.isClosed) return undefined;
      if (stream === 'GET') return exchange.done(text);
      await exchange.event({ data: exchange.reply(textResult(text)) });
      return exchange.endStream();
    },
  };
}

const overHTTP = (stream: 'POST' | 'GET'): Road => ({
  name: `HTTP, on the stream of a ${stream}`,
  flood: 60,
  withAsked: (options, body) =>
    withConnectedPeer(asksOn(stream), { listen: stream === 'GET', ...options, peer: { sessions: ['s-1'] } }, ({ server, peer, seen: { faults } }) =>
      body({ server, faults, heard: () => heardBy(peer), say: (messages, hear, times) => say(server, messages, hear, times) }),
    ),
});

const ROADS = [stdio, overHTTP('POST'), overHTTP('GET')];

const HELLO = { messages: [{ role: 'user', content: { type: 'text', text: 'Hello' } }], maxTokens: 100 };
const ANSWER: SamplingResult = { role: 'assistant', content: { type: 'text', text: 'Hi' }, model: 'm-1', stopReason: 'endTurn' };
const ROOTS = [{ uri: 'file:///home/ada', name: 'Home' }, { uri: 'file:///tmp' }];

const sample = (id: string | number = 'a', params: object = HELLO): object => ({ id, method: 'sampling/createMessage', params });
const PING = { id: 'ping', method: 'ping' };
const PONG = { jsonrpc: '2.0', id: 'ping', result: {} };

/** A promise that is settled from outside, and what a signal did. */
const untilAborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

for (const { name, flood, withAsked } of ROADS) {
  describe(`what a server asks over ${name}`, () => {
    test('is answered by the handlers that are given, with their values; what nobody offers is refused with -32601', async () => {
      const requests: SamplingRequest[] = [];
      const handlers: Handlers = {
        sampling: async (request, { serverName }) => (requests.push(request), { ...ANSWER, model: serverName }),
        roots: () => ROOTS,
      };
      await withAsked({ handlers }, async ({ say, faults }) => {
        assert.deepEqual(await say([sample()], 1), [{ jsonrpc: '2.0', id: 'a', result: { ...ANSWER, model: 'test' } }]);
        assert.deepEqual(requests, [HELLO]);
        assert.deepEqual(await say([{ id: 0, method: 'roots/list' }], 1), [{ jsonrpc: '2.0', id: 0, result: { roots: ROOTS } }]);
        const [refused] = await say([{ id: 'b', method: 'extension/unheard-of' }], 1);
        assert.deepEqual([refused?.id, refused?.error?.code], ['b', -32601]);
        assert.deepEqual(faults, []);
      });
    });

    test('the user may say no; a request that is not valid is no question at all', async () => {
      const handlers: Handlers = { sampling: { approve: ({ messages }) => messages.length > 1, handle: () => assert.fail('the handler was called') } };
      await withAsked({ handlers }, async ({ say, faults }) => {
        assert.deepEqual((await say([sample()], 1))[0]?.error, { code: -1, message: 'The user rejected the request' });
        assert.equal((await say([sample('b', { messages: [] })], 1))[0]?.error?.code, -32602);
        assert.equal((await say([sample('b', { ...HELLO, tools: [] })], 1))[0]?.error?.code, -32602);
        assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_INVALID_PARAMS', 'ERR_MCP_INVALID_PARAMS']);
      });
    });

    test('a handler that fails, and an answer that cannot be sent, is an internal error that shows nothing; the logger hears what it was', async () => {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      let deep: JSONObject = {};
      for (let level = 0; level < 200; level++) deep = { deep };
      const answers: readonly [() => unknown, RegExp][] = [
        [() => { throw new Error('the password is canary'); }, /canary/],
        [() => Promise.reject(new Error('the password is canary')), /canary/],
        [() => ({ ...ANSWER, _meta: { canary: 1n } }), /BigInt/],
        [() => ({ ...ANSWER, _meta: { canary: circular } }), /circular|cyclic/i],
        [() => ({ ...ANSWER, _meta: { canary: deep } }), /at most 128 levels/],
        [() => ({ ...ANSWER, content: { type: 'text', text: 'canary'.repeat(1_000) } }), /at most 4000 bytes/],
        [() => undefined, /must be an object; got undefined/],
      ];
      let turn = 0;
      const logged: string[] = [];
      const logger = { error: (message: string, facts?: JSONObject) => logged.push(`${message}: ${(facts?.['cause'] as Error).message}`) };
      const handlers = { sampling: () => answers[turn]?.[0]() } as Handlers;
      await withAsked({ handlers, logger, limits: { maxMessageBytes: 4_000, maxSamplingsPerMinute: 1_000 } }, async ({ say, server }) => {
        for (; turn < answers.length; turn++) {
          const [heard] = await say([sample()], 1);
          assert.equal(heard?.error?.code, -32603);
          assert.ok(!JSON.stringify(heard).includes('canary'));
          assert.equal(logged.length, turn + 1);
          assert.match(logged[turn] ?? '', answers[turn]?.[1] ?? /$^/);
          assert.match(logged[turn] ?? '', /^The handler of "sampling\/createMessage" of the host failed for test/);
        }
        await server.ping();
      });
    });

    test('a request that the server takes back is not answered, whatever its handler does; its signal fires', async () => {
      const signals: AbortSignal[] = [];
      const handlers: Handlers = {
        roots: async (signal) => {
          signals.push(signal);
          await untilAborted(signal);
          return ROOTS;
        },
      };
      await withAsked({ handlers }, async ({ say, faults }) => {
        const cancelled = { method: 'notifications/cancelled', params: { requestId: 'a', reason: 'not needed' } };
        assert.deepEqual(await say([{ id: 'a', method: 'roots/list' }, cancelled, PING], 1), [PONG]);
        assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);
        // Nothing is left over: neither an answer, nor the id.
        assert.deepEqual(await say([PING], 1), [PONG]);
        assert.deepEqual(faults, []);
      });
    });

    test('a handler that hangs holds up nothing: pings and other requests are answered meanwhile; at its deadline the server hears so', async () => {
      const handlers: Handlers = { sampling: () => new Promise(() => {}), roots: ROOTS };
      await withAsked({ handlers, limits: { answerTimeoutMs: 50 } }, async ({ say }) => {
        const heard = await say([sample(), PING, { id: 'c', method: 'roots/list' }], 3);
        assert.deepEqual(heard.find(({ id }) => id === 'ping'), PONG);
        assert.deepEqual(heard.find(({ id }) => id === 'c')?.result, { roots: ROOTS });
        assert.deepEqual(heard.find(({ id }) => id === 'a')?.error, { code: -32603, message: 'No answer within 50 ms' });
      });
    });

    test('progress goes to a server that asked for it, and to no other', async () => {
      const handlers: Handlers = {
        sampling: (_request, { reportProgress }) => {
          reportProgress({ progress: 1, total: 3, message: 'thinking' });
          reportProgress({ progress: 2, total: 3 });
          reportProgress({ progress: 2, total: 3 });
          return ANSWER;
        },
      };
      await withAsked({ handlers }, async ({ say }) => {
        const heard = await say([sample('a', { ...HELLO, _meta: { progressToken: 0 } })], 2);
        assert.deepEqual(heard.find(({ method }) => method !== undefined), {
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 0, progress: 1, total: 3, message: 'thinking' },
        });
        assert.deepEqual(heard.find(({ id }) => id === 'a')?.result, ANSWER);
        assert.deepEqual(await say([sample(), PING], 2).then((more) => more.filter(({ method }) => method !== undefined)), []);
      });
    });

    test(`${flood} requests at once are refused but for maxIncomingRequests, and the host hears of it once`, async () => {
      const handlers: Handlers = { roots: async (signal) => (await untilAborted(signal), ROOTS) };
      const limits: LimitOptions = { maxIncomingRequests: 10 };
      await withAsked({ handlers, limits }, async ({ say, server, faults }) => {
        const heard = await say([{ id: 'r{n}', method: 'roots/list' }], flood - 10, flood);
        assert.equal(new Set(heard.map(({ id }) => id)).size, flood - 10);
        assert.ok(heard.every(({ error }) => error?.code === -32603 && error.message === 'Too many requests are being answered'));
        assert.deepEqual(faults.map(({ details }) => details['limit']), ['maxIncomingRequests']);
        await server.ping();
      });
    });

    test('the end of the connection fires the signal of every request; nothing is sent afterwards', async () => {
      let signal: AbortSignal | undefined;
      const handlers: Handlers = {
        sampling: async (_request: SamplingRequest, context: SamplingContext) => {
          signal = context.signal;
          await untilAborted(context.signal);
          context.reportProgress({ progress: 1 });
          return ANSWER;
        },
      };
      await withAsked({ handlers }, async ({ say, server, heard, faults }) => {
        const call = say([sample('a', { ...HELLO, _meta: { progressToken: 1 } })], 1).catch((cause: MCPError) => cause.code);
        await until(() => signal, 'the handler runs');
        await server.cleanup();
        assert.equal(await call, 'ERR_MCP_CONNECTION_CLOSED');
        assert.equal(signal?.aborted, true);
        assert.deepEqual(heard(), []);
        assert.deepEqual(faults, []);
      });
    });

    test('a handler may call the server that asked it', async () => {
      let handle: MCPServerProtocol | undefined;
      const handlers: Handlers = {
        roots: async () => {
          await handle?.ping();
          return (await handle?.listTools())?.map((tool) => ({ uri: `file:///${tool.name}` })) ?? [];
        },
      };
      await withAsked({ handlers }, async ({ say, server }) => {
        handle = server;
        assert.deepEqual((await say([{ id: 'a', method: 'roots/list' }], 1))[0]?.result, { roots: [{ uri: 'file:///call' }] });
      });
    });

    test('a change of the roots is told, where there are roots', async () => {
      await withAsked({ handlers: { roots: ROOTS } }, async ({ say, server }) => {
        const heard = say([], 1);
        server.notifyRootsChanged();
        assert.deepEqual(await heard, [{ jsonrpc: '2.0', method: 'notifications/roots/list_changed' }]);
      });
      await withAsked({ handlers: { sampling: () => ANSWER } }, async ({ say, server }) => {
        assert.throws(
          () => server.notifyRootsChanged(),
          (cause) => cause instanceof InvalidValueError && cause.code === 'ERR_MCP_UNSUPPORTED_METHOD' && cause.delivery === 'unsent' && /handlers\.roots/.test(cause.message),
        );
        assert.deepEqual(await say([PING], 1), [PONG]);
      });
    });
  });
}

describe('a server that is lost', () => {
  test('fires the signal of the requests that it asked', async () => {
    const signals: AbortSignal[] = [];
    const handlers: Handlers = { sampling: async (_request, { signal }) => (signals.push(signal), await untilAborted(signal), ANSWER) };
    await withConnected({ command: fixtureCommand('asks-and-listens'), handlers, restart: 'never' }, async (server, { faults }) => {
      const call = say(server, [sample()], 1).catch(() => 'lost');
      await until(() => signals.length === 1, 'the handler runs');
      server.signalProcess('SIGKILL');
      assert.equal(await call, 'lost');
      assert.equal(signals[0]?.aborted, true);
      assert.deepEqual(faults, []);
    });
  });
});

describe('what is declared in the handshake', () => {
  const handlers: Handlers = { sampling: { handle: () => ANSWER, tools: true, context: true }, roots: ROOTS };

  test('follows from the handlers and the revision that is proposed', async () => {
    const proposals: readonly [readonly string[], Handlers | undefined, object][] = [
      [['2025-11-25', '2025-06-18'], handlers, { roots: { listChanged: true }, sampling: { tools: {}, context: {} } }],
      [['2025-06-18'], handlers, { roots: { listChanged: true }, sampling: {} }],
      [['2024-11-05'], { sampling: () => ANSWER }, { sampling: {} }],
      [['2025-11-25'], undefined, {}],
    ];
    for (const [protocolVersions, given, expected] of proposals) {
      const record = recordFile();
      const server = makeServer({ command: fixtureCommand('asks-and-listens'), serverEnv: record.serverEnv, protocolVersions, handlers: given });
      try {
        await server.connect();
        assert.deepEqual(record.read().find(({ method }) => method === 'initialize')?.params?.['capabilities'], expected);
      } finally {
        await server.cleanup();
        record.remove();
      }
    }
  });

  test('is part of the key of a session: only who declares the same takes it up', async () => {
    const peer = await HTTPPeer.listen({}, { sessions: ['s-1', 's-2', 's-3'] });
    const sessionManager = new InMemorySessionManager();
    try {
      const sessions: (string | undefined)[] = [];
      for (const given of [undefined, handlers, { roots: () => [] }, handlers, { roots: ROOTS }, undefined]) {
        const server = makeHTTPServer(peer.url, { sessionManager, handlers: given });
        await server.connect();
        sessions.push(server.sessionId);
        await server.cleanup();
      }
      assert.deepEqual(sessions, ['s-1', 's-2', 's-3', 's-2', 's-3', 's-1']);
    } finally {
      await peer.close();
    }
  });
});
