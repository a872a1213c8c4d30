/**
 * Sessions over real sockets: which headers travel when, what happens when the server forgets a session, and how one is ended.
 * Source: 2025-11-25 transports, "Session Management", "Protocol Version Header".
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MCPError, StreamableHTTPMCPServer } from '../../lib/index.ts';
import { InMemorySessionManager } from '../../lib/index.ts';
import { HTTPPeer, startDemo } from '../helpers/http-server.ts';
import type { PeerAnswer, PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { makeHTTPServer, withConnectedPeer, withHTTP, withPeer } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

describe('the headers of a session', () => {
  // Source: the header MCP-Protocol-Version stands in the transports pages of 2025-06-18 and 2025-11-25, and in no earlier one.
  for (const [revision, header] of [
    ['2024-11-05', undefined],
    ['2025-03-26', undefined],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
  ] as const) {
    test(`${revision}: the session id on everything after initialize, MCP-Protocol-Version ${header === undefined ? 'on nothing' : 'with it'}`, async () => {
      const script = { GET: (exchange: PeerExchange) => exchange.sse().then(() => exchange.hang()) };
      await withConnectedPeer(
        script,
        { listen: true, peer: { sessions: ['s-1'], protocolVersion: revision } },
        async ({ server, peer }) => {
          assert.equal(server.sessionId, 's-1');
          assert.equal(server.protocolVersion, revision);
          await server.callTool('call');
          await server.listTools();
          await until(() => peer.sent('GET').length === 1, 'it listens');
          await server.cleanup();
          const [initialize, ...later] = peer.requests;
          assert.equal(initialize?.message.method, 'initialize');
          assert.deepEqual([initialize?.headers['mcp-session-id'], initialize?.headers['mcp-protocol-version']], [undefined, undefined]);
          assert.deepEqual(later.map(({ method, message }) => message.method ?? method).sort(), [
            'DELETE',
            'GET',
            'notifications/initialized',
            'tools/call',
            'tools/list',
          ]);
          for (const request of later) {
            assert.deepEqual([request.headers['mcp-session-id'], request.headers['mcp-protocol-version']], ['s-1', header], request.head);
          }
        },
      );
    });
  }

  test('every POST says that it takes both kinds of answer, and is JSON (2025-11-25 transports, "Sending Messages" 2)', async () => {
    await withConnectedPeer({}, {}, async ({ server, peer }) => {
      await server.callTool('call');
      for (const request of peer.requests) {
        assert.match(request.headers['accept'] ?? '', /application\/json/);
        assert.match(request.headers['accept'] ?? '', /text\/event-stream/);
        assert.match(request.headers['content-type'] ?? '', /^application\/json/);
      }
    });
  });

  test('a server without sessions gets no session id, and no DELETE', async () => {
    await withConnectedPeer({}, {}, async ({ server, peer }) => {
      await server.ping();
      assert.equal(server.sessionId, undefined);
      await server.cleanup();
      for (const request of peer.requests) assert.equal(request.headers['mcp-session-id'], undefined);
      assert.equal(peer.sent('DELETE').length, 0);
    });
  });

  test('an unknown protocol version in the answer to initialize ends the attempt (lifecycle, "Version Negotiation")', async () => {
    await withPeer({}, { peer: { protocolVersion: '2019-01-01', sessions: ['s-1'] }, maxRetries: 0 }, async ({ server, peer }) => {
      const error = await mcpRejection(server.connect(), 'PeerProtocolError', 'ERR_MCP_UNSUPPORTED_VERSION');
      assert.equal(error.details['chosen'], '2019-01-01');
      assert.equal(server.connectionState, 'failed');
      assert.equal(peer.sent('initialize').length, 1);
      assert.equal(peer.sent('notifications/initialized').length, 0);
    });
  });
});

/** How servers say that they do not know a session. The first is what the specification asks for. */
const FORMS: readonly (readonly [string, (exchange: PeerExchange) => Promise<void>])[] = [
  ['404 and nothing', (exchange) => exchange.respond(404)],
  ['404 and text', (exchange) => exchange.respond(404, { 'Content-Type': 'text/plain' }, 'Session not found')],
  [
    '404 and -32600',
    (exchange) => exchange.json({ jsonrpc: '2.0', id: '', error: { code: -32600, message: 'Session not found' } }, {}, 404),
  ],
  [
    '404 and -32001',
    (exchange) => exchange.json({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }, {}, 404),
  ],
  [
    '400 and -32000',
    (exchange) =>
      exchange.json({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } }, {}, 400),
  ],
  [
    '404 and -32001 with the id of the request',
    (exchange) =>
      exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32001, message: 'Session not found' } }, {}, 404),
  ],
];

/** A script in which the session `lost` is unknown, whatever is asked in it. */
function forgetting(lost: () => readonly string[], form: (exchange: PeerExchange) => Promise<void>, script: PeerScript = {}): PeerScript {
  return {
    ...script,
    '*': (exchange) =>
      lost().includes(exchange.request.headers['mcp-session-id'] ?? '') && exchange.request.method !== 'DELETE' ? form(exchange) : 'pass',
  };
}

describe('a session that the server forgot (2025-11-25 transports, "Session Management" 4: the client MUST start a new one)', () => {
  for (const [name, form] of FORMS) {
    test(`${name}: thirty calls at once make one new session, and those that may be sent again are`, async () => {
      let lost: string[] = [];
      await withConnectedPeer(
        forgetting(() => lost, form),
        { peer: { sessions: ['s-1', 's-2', 's-3'] } },
        async ({ server, peer }) => {
          lost = ['s-1'];
          const lists = Array.from({ length: 15 }, () => server.listTools());
          const pings = Array.from({ length: 15 }, () => server.ping());
          assert.equal((await Promise.all(lists)).length, 15);
          await Promise.all(pings);
          const initializes = peer.sent('initialize');
          assert.equal(initializes.length, 2);
          assert.equal(initializes[1]?.headers['mcp-session-id'], undefined, 'without a session id attached');
          assert.equal(peer.sent('notifications/initialized').at(-1)?.headers['mcp-session-id'], 's-2');
          assert.equal(server.sessionId, 's-2');
          assert.equal(server.connectionState, 'connected');
          const before = peer.requests.length;
          await server.ping();
          assert.equal(peer.requests.length, before + 1);
          assert.equal(peer.requests.at(-1)?.headers['mcp-session-id'], 's-2');
        },
      );
    });
  }

  test('a tool is not called again: its call is rejected, and the next one is made in the new session', async () => {
    let lost: string[] = [];
    await withConnectedPeer(
      forgetting(
        () => lost,
        (exchange) => exchange.respond(404),
      ),
      { peer: { sessions: ['s-1', 's-2'] } },
      async ({ server, peer }) => {
        lost = ['s-1'];
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, () => mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_SESSION_LOST')),
        );
        assert.equal(outcomes.length, 10);
        await until(() => server.connectionState === 'connected' && server.sessionId === 's-2', 'there is a new session');
        assert.equal(textOf(await server.callTool('call')), 'done');
        assert.equal(peer.sent('initialize').length, 2);
        const ids = peer.sent('tools/call').map(({ message }) => message.id);
        assert.ok(ids.length <= 11, `${ids.length} calls came`);
        assert.equal(new Set(ids).size, ids.length);
      },
    );
  });

  test('a tool that says it may be repeated is, where the host asked for that (retry: "idempotent")', async () => {
    let lost: string[] = [];
    const tools = [
      { name: 'call', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
      { name: 'other', inputSchema: { type: 'object' } },
    ];
    const script = forgetting(
      () => lost,
      (exchange) => exchange.respond(404),
      { 'tools/list': (exchange) => exchange.json(exchange.reply({ tools })) },
    );
    await withConnectedPeer(script, { checkArguments: true, peer: { sessions: ['s-1', 's-2'] } }, async ({ server, peer }) => {
      await server.listTools();
      lost = ['s-1'];
      const [first, second] = await Promise.all([
        server.callTool('call', {}, { retry: 'idempotent' }),
        rejection(server.callTool('other', {}, { retry: 'idempotent' })),
      ]);
      assert.equal(textOf(first), 'done');
      assert.equal((second as MCPError).code, 'ERR_MCP_SESSION_LOST');
      assert.equal(peer.sent('initialize').length, 2);
    });
  });

  test('the stream to listen to is opened again in the new session, and the host hears that something may be missing', async () => {
    let lost: string[] = [];
    const script = forgetting(
      () => lost,
      (exchange) => exchange.respond(404),
      { GET: (exchange) => exchange.sse().then(() => exchange.hang()) },
    );
    await withConnectedPeer(script, { listen: true, peer: { sessions: ['s-1', 's-2'] } }, async ({ server, peer }) => {
      let gaps = 0;
      server.on('gap', () => gaps++);
      await until(() => peer.sent('GET').length === 1, 'it listens');
      lost = ['s-1'];
      await server.ping();
      await until(() => peer.sent('GET').some(({ headers }) => headers['mcp-session-id'] === 's-2'), 'it listens in the new session');
      await until(() => peer.raw.busy === 1, 'the stream of the old session is let go');
      assert.ok(gaps >= 1);
    });
  });

  test('a session that is lost while it is new ends the call in words, with a bounded number of new ones', async () => {
    await withConnectedPeer(
      { '*': (exchange) => (['ping', 'tools/list'].includes(exchange.request.message.method ?? '') ? exchange.respond(404) : 'pass') },
      { peer: { sessions: ['s-1', 's-2', 's-3', 's-4', 's-5', 's-6', 's-7'] }, maxRetries: 3 },
      async ({ server, peer }) => {
        const error = await mcpRejection(server.listTools(), 'ConnectionError', 'ERR_MCP_SESSION_LOST');
        assert.notEqual(error.delivery, undefined);
        const before = peer.sent('initialize').length;
        assert.ok(before <= 5, `${before} sessions for one call`);
        assert.ok(peer.sent('tools/list').length <= 4);
        // And it comes to rest.
        await new Promise((resolve) => setTimeout(resolve, 150));
        assert.ok(peer.sent('initialize').length <= 6, `${peer.sent('initialize').length} sessions in the end`);
      },
    );
  });

  test('a server that cannot make a new one at first (a redeploy) is asked again, and what waits is answered', async () => {
    let lost: string[] = [];
    let refusals = 0;
    const script = forgetting(
      () => lost,
      (exchange) => exchange.respond(404),
      {
        initialize: async (exchange) => {
          if (lost.length > 0 && refusals < 2) {
            refusals++;
            return exchange.respond(503);
          }
          return exchange.json(exchange.reply(exchange.peer.initializeResult(exchange.request.message)), {
            'Mcp-Session-Id': exchange.peer.nextSession() ?? '',
          });
        },
      },
    );
    await withConnectedPeer(script, { peer: { sessions: ['s-1', 's-2'] }, retryDelayMs: 10 }, async ({ server, peer }) => {
      lost = ['s-1'];
      const lists = await Promise.all([server.listTools(), server.listTools()]);
      assert.equal(lists.length, 2);
      assert.equal(refusals, 2);
      assert.equal(peer.sent('initialize').length, 4);
      assert.equal(server.sessionId, 's-2');
    });
  });

  test('a server that is away for longer than its tries is not written off: a later connect() or call finds it', async () => {
    let lost: string[] = [];
    let isAway = false;
    const script = forgetting(
      () => lost,
      (exchange) => exchange.respond(404),
      {
        initialize: (exchange) =>
          isAway
            ? exchange.respond(503)
            : exchange.json(exchange.reply(exchange.peer.initializeResult(exchange.request.message)), {
                'Mcp-Session-Id': exchange.peer.nextSession() ?? '',
              }),
      },
    );
    await withConnectedPeer(script, { peer: { sessions: ['s-1', 's-2'] }, retryDelayMs: 1, maxRetries: 2 }, async ({ server }) => {
      lost = ['s-1'];
      isAway = true;
      await rejection(server.ping({ timeoutMs: 2_000 }));
      isAway = false;
      await until(
        async () => {
          await server.connect().catch(() => {});
          return server.ping({ timeoutMs: 2_000 }).then(
            () => true,
            () => false,
          );
        },
        'it was found again',
        8_000,
      );
      assert.equal(server.sessionId, 's-2');
    });
  });

  test('cleanup() while a new session is made wins', async () => {
    let lost: string[] = [];
    const script = forgetting(
      () => lost,
      (exchange) => exchange.respond(404),
      { initialize: (exchange) => (lost.length > 0 ? exchange.hang() : ordinaryInitialize(exchange)) },
    );
    await withConnectedPeer(script, { peer: { sessions: ['s-1'] } }, async ({ server, peer }) => {
      lost = ['s-1'];
      const waiting = rejection(server.ping());
      await until(() => peer.sent('initialize').length === 2, 'a new session is asked for');
      await server.cleanup();
      assert.equal(((await waiting) as MCPError).name, 'ConnectionError');
      assert.equal(server.connectionState, 'disconnected');
    });
  });

  test(
    'the stream to listen to that was there and is refused with 404 says it too: there is a new session before anybody asks',
    { timeout: 20_000 },
    async () => {
      let lost: string[] = [];
      let first: PeerExchange | undefined;
      const script = forgetting(
        () => lost,
        (exchange) => exchange.respond(404),
        {
          GET: async (exchange) => {
            first ??= exchange;
            await exchange.sse();
            await exchange.event({ retry: 10, data: { jsonrpc: '2.0', method: 'notifications/tools/list_changed' } });
            if (exchange !== first) await exchange.hang();
          },
        },
      );
      await withConnectedPeer(script, { listen: true, peer: { sessions: ['s-1', 's-2'] } }, async ({ server, peer, seen }) => {
        await until(() => seen.toolsChanged === 1, 'it listens');
        lost = ['s-1'];
        await first?.endStream();
        await until(() => peer.sent('initialize').length === 2, 'a new session was made', 20_000);
        await until(() => server.sessionId === 's-2' && seen.toolsChanged === 2, 'it listens in the new session', 8_000);
      });
    },
  );

  test('400 with another code, or without any, is no loss', async () => {
    const script = {
      ping: (exchange: PeerExchange) => exchange.json({ jsonrpc: '2.0', id: null, error: { code: -32602, message: 'no' } }, {}, 400),
      'tools/list': (exchange: PeerExchange) => exchange.respond(400, {}, 'no'),
    };
    await withConnectedPeer(script, { peer: { sessions: ['s-1'] } }, async ({ server, peer }) => {
      await rejection(server.ping());
      await mcpRejection(server.listTools(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(peer.sent('initialize').length, 1);
    });
  });

  test('the demo server forgets a session that somebody else ends, and is joined again', async () => {
    const demo = await startDemo();
    try {
      await withHTTP(demo.url, {}, async (server) => {
        const { sessionId } = server;
        assert.notEqual(sessionId, undefined);
        const response = await fetch(demo.url, { method: 'DELETE', headers: { 'Mcp-Session-Id': sessionId ?? '' } });
        assert.equal(response.status, 204);
        assert.ok((await server.listTools()).length > 10);
        assert.notEqual(server.sessionId, sessionId);
      });
    } finally {
      await demo.stop();
    }
  });
});

function ordinaryInitialize(exchange: PeerExchange): Promise<void> {
  return exchange.json(exchange.reply(exchange.peer.initializeResult(exchange.request.message)), {
    'Mcp-Session-Id': exchange.peer.nextSession() ?? '',
  });
}

describe('a session that is named while its first answer is still on its way', () => {
  test('a stream of initialize that breaks is resumed in the session that its response named (2025-11-25 transports, "Session Management" 2: MUST)', async () => {
    const script: PeerScript = {
      initialize: (exchange) => exchange.stream([{ id: 'i-1', retry: 5, data: '' }], { 'Mcp-Session-Id': 's-1' }),
      GET: (exchange) => {
        const [initialize] = exchange.peer.sent('initialize');
        return exchange.stream([
          {
            id: 'i-2',
            data: { jsonrpc: '2.0', id: initialize?.message.id, result: exchange.peer.initializeResult(initialize?.message ?? {}) },
          },
        ]);
      },
    };
    await withPeer(script, { maxRetries: 0 }, async ({ server, peer }) => {
      await server.connect();
      const [get] = peer.sent('GET');
      assert.deepEqual([get?.headers['last-event-id'], get?.headers['mcp-session-id']], ['i-1', 's-1']);
      assert.equal(server.sessionId, 's-1');
    });
  });
});

describe('the end of a session (2025-11-25 transports, "Session Management" 5)', () => {
  for (const status of [200, 202, 204, 404, 405, 500, 301]) {
    test(`cleanup() sends DELETE with the session id once, and is content with ${status}`, async () => {
      const deleted: PeerAnswer = (exchange) => exchange.respond(status, status === 301 ? { Location: '/elsewhere' } : {});
      await withConnectedPeer({ DELETE: deleted }, { peer: { sessions: ['s-1'] } }, async ({ server, peer }) => {
        await Promise.all([server.cleanup(), server.cleanup()]);
        await server.cleanup();
        assert.deepEqual(
          peer.sent('DELETE').map(({ path, headers }) => [path, headers['mcp-session-id']]),
          [['/mcp', 's-1']],
        );
        assert.equal(server.connectionState, 'disconnected');
      });
    });
  }

  for (const [name, answer] of [
    ['is never answered', (exchange: PeerExchange) => exchange.hang()],
    [
      'is answered by a head only',
      async (exchange: PeerExchange) => {
        await exchange.head(200, { 'Content-Length': '10' });
        await exchange.hang();
      },
    ],
    ['is reset', (exchange: PeerExchange) => exchange.raw.reset()],
  ] as const) {
    test(`a DELETE that ${name} holds cleanup() for a second at most (limits.sessionEndMs)`, async () => {
      await withConnectedPeer({ DELETE: answer }, { shutdownTimeoutMs: 30_000, peer: { sessions: ['s-1'] } }, async ({ server, peer }) => {
        const since = performance.now();
        await server.cleanup();
        const took = performance.now() - since;
        assert.ok(took < 2_000, `it took ${took} ms`);
        // A fetch may send it again by itself when its connection died: it does no harm twice (RFC 9110 section 9.2.2).
        assert.ok(peer.sent('DELETE').length >= 1 && peer.sent('DELETE').length <= 2);
      });
    });
  }

  test('after cleanup() a new connect() makes a new session', async () => {
    await withConnectedPeer({}, { peer: { sessions: ['s-1', 's-2'] } }, async ({ server, peer }) => {
      await server.cleanup();
      await server.connect();
      assert.equal(server.sessionId, 's-2');
      await server.ping();
      assert.equal(peer.sent('ping')[0]?.headers['mcp-session-id'], 's-2');
    });
  });
});

describe('one store for several handles (a restored session is proven before it is trusted)', () => {
  interface Pair {
    readonly peer: HTTPPeer;
    readonly make: (options?: Parameters<typeof makeHTTPServer>[1]) => StreamableHTTPMCPServer;
  }
  async function withStore(script: PeerScript, body: (pair: Pair) => Promise<void>): Promise<void> {
    const peer = await HTTPPeer.listen(script, { sessions: ['s-1', 's-2', 's-3'] });
    const sessionManager = new InMemorySessionManager();
    const made: StreamableHTTPMCPServer[] = [];
    try {
      await body({
        peer,
        make: (options = {}) => {
          const server = makeHTTPServer(peer.url, { sessionManager, ...options });
          made.push(server);
          return server;
        },
      });
    } finally {
      await Promise.all(made.map((server) => server.cleanup()));
      await peer.close();
    }
  }

  test('the second one goes on in the session of the first: it asks whether it is there, and does not initialize', async () => {
    await withStore({}, async ({ peer, make }) => {
      const [first, second] = [make(), make()];
      await first.connect();
      await second.connect();
      assert.equal(second.sessionId, 's-1');
      assert.equal(second.serverInfo?.name, 'scripted');
      assert.equal(peer.sent('initialize').length, 1);
      assert.equal(peer.sent('ping')[0]?.headers['mcp-session-id'], 's-1');
      await second.callTool('call');
    });
  });

  test('ten that connect at once make one session', async () => {
    await withStore(
      {
        initialize: async (exchange) => {
          await new Promise((resolve) => setTimeout(resolve, 30));
          await ordinaryInitialize(exchange);
        },
      },
      async ({ peer, make }) => {
        const servers = Array.from({ length: 10 }, () => make());
        await Promise.all(servers.map((server) => server.connect()));
        assert.deepEqual(new Set(servers.map(({ sessionId }) => sessionId)), new Set(['s-1']));
        assert.equal(peer.sent('initialize').length, 1);
      },
    );
  });

  test('who asks under other credentials gets a session of its own', async () => {
    await withStore({}, async ({ peer, make }) => {
      const [ada, bob] = [make({ headers: { Authorization: 'Bearer ada' } }), make({ headers: { Authorization: 'Bearer bob' } })];
      await Promise.all([ada.connect(), bob.connect()]);
      assert.notEqual(ada.sessionId, bob.sessionId);
      assert.equal(peer.sent('initialize').length, 2);
      for (const { headers } of peer.requests)
        if (headers['mcp-session-id'] === ada.sessionId) assert.equal(headers['authorization'], 'Bearer ada');
    });
  });

  test('nor do two whose credentials come from functions share one (who asks is part of the key)', async () => {
    await withStore({}, async ({ peer, make }) => {
      const [ada, bob] = [
        make({ headers: () => ({ Authorization: 'Bearer ada' }) }),
        make({ headers: async () => ({ Authorization: 'Bearer bob' }) }),
      ];
      await ada.connect();
      await bob.connect();
      assert.notEqual(ada.sessionId, bob.sessionId);
      const [first = '', second = ''] = [ada.sessionId, bob.sessionId];
      for (const { headers } of peer.requests) {
        if (headers['mcp-session-id'] === first) assert.equal(headers['authorization'], 'Bearer ada');
        if (headers['mcp-session-id'] === second) assert.equal(headers['authorization'], 'Bearer bob');
      }
    });
  });

  test('one that the server forgot meanwhile is not trusted: a new one is made', async () => {
    let lost: string[] = [];
    await withStore(
      forgetting(
        () => lost,
        (exchange) => exchange.respond(404),
      ),
      async ({ peer, make }) => {
        await make().connect();
        lost = ['s-1'];
        const second = make();
        await second.connect();
        assert.equal(second.sessionId, 's-2');
        assert.equal(peer.sent('initialize').length, 2);
      },
    );
  });

  test('a session that two handles lose is made anew once', async () => {
    let lost: string[] = [];
    await withStore(
      forgetting(
        () => lost,
        (exchange) => exchange.respond(404),
      ),
      async ({ peer, make }) => {
        const [first, second] = [make(), make()];
        await first.connect();
        await second.connect();
        lost = ['s-1'];
        await Promise.all([first.listTools(), second.listTools(), first.listTools(), second.listTools()]);
        assert.deepEqual([first.sessionId, second.sessionId], ['s-2', 's-2']);
        assert.equal(peer.sent('initialize').length, 2);
      },
    );
  });

  test('a store that fails never fails a call', async () => {
    const peer = await HTTPPeer.listen({}, { sessions: ['s-1'] });
    const fails = () => Promise.reject(new Error('the store is on fire'));
    const broken = new InMemorySessionManager();
    Object.assign(broken, { getSession: fails, storeSession: fails, deleteSession: fails, withLock: fails, compareAndStore: fails });
    const server = makeHTTPServer(peer.url, { sessionManager: broken });
    try {
      await server.connect();
      assert.equal(textOf(await server.callTool('call')), 'done');
    } finally {
      await server.cleanup();
      await peer.close();
    }
  });
});
