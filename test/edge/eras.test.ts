/** Agreeing with servers of every kind on real sockets and in real processes: what is asked, in which order, and what comes of it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InMemorySessionManager, PROTOCOL_VERSIONS, RPCError, createNodeFetch } from '../../lib/index.ts';
import type { ServerVerdict, StreamableHTTPMCPServer } from '../../lib/index.ts';
import { HTTPPeer, startDemo } from '../helpers/http-server.ts';
import type { HeaderLines, PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { makeHTTPServer } from '../helpers/http-server-handle.ts';
import type { HTTPTestOptions } from '../helpers/http-server-handle.ts';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../helpers/revisions.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { mcpRejection, rejection, withServer } from '../helpers/with-server.ts';

const [MODERN = ''] = MODERN_VERSIONS;
const [LEGACY = ''] = LEGACY_VERSIONS;
const UNSUPPORTED_VERSION = -32022;

const refuse = (exchange: PeerExchange, code: number, message: string, data?: object, status = 400): Promise<void> =>
  exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code, message, data } }, {}, status);
const discovered = (exchange: PeerExchange, ...supportedVersions: string[]): Promise<void> =>
  exchange.json(exchange.reply({ resultType: 'complete', supportedVersions, capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'private' }));

/** A server of the modern era alone, as far as these tests ask it. */
const MODERN_ONLY: PeerScript = {
  'server/discover': (exchange: PeerExchange) => discovered(exchange, MODERN),
  initialize: (exchange: PeerExchange) => refuse(exchange, UNSUPPORTED_VERSION, 'Unsupported protocol version', { supported: [MODERN], requested: LEGACY }),
};
const DUAL: PeerScript = { 'server/discover': (exchange: PeerExchange) => discovered(exchange, MODERN, LEGACY) };

const FETCHES = [
  ['the platform’s fetch', {}],
  ['createNodeFetch', { fetch: createNodeFetch() }],
] as const;

interface Met {
  readonly server: StreamableHTTPMCPServer;
  readonly peer: HTTPPeer;
}

/** Meets a server with all revisions on offer, and lets go. */
async function meeting(script: PeerScript, options: HTTPTestOptions & { readonly path?: string }, body: (met: Met) => Promise<void>): Promise<void> {
  const { path = '/mcp', ...rest } = options;
  const peer = await HTTPPeer.listen(script, { path });
  const server = makeHTTPServer(peer.url, { protocolVersions: PROTOCOL_VERSIONS, maxRetries: 0, ...rest });
  try {
    await body({ server, peer });
  } finally {
    await server.cleanup();
    await peer.close();
  }
}

const [HANDSHAKE, PROBE] = [['initialize', 'notifications/initialized'], ['server/discover']];

for (const [fetchName, withFetch] of FETCHES) {
  describe(`over HTTP, with ${fetchName}`, () => {
    test('a modern server: one probe, and nothing else before the first request (2026-07-28, Streamable HTTP)', async () => {
      await meeting(MODERN_ONLY, { ...withFetch, listen: true }, async ({ server, peer }) => {
        await server.connect();
        assert.deepEqual([server.era, server.protocolVersion, server.sessionId, server.serverInfo], ['modern', MODERN, undefined, undefined]);
        await server.callTool('call');
        await server.cleanup();
        assert.deepEqual(peer.order, [...PROBE, 'tools/call']);
        const [probe, call] = peer.requests;
        assert.deepEqual([probe?.headers['mcp-protocol-version'], probe?.headers['mcp-method']], [MODERN, 'server/discover']);
        assert.deepEqual([call?.headers['mcp-protocol-version'], call?.headers['mcp-method'], call?.headers['mcp-name']], [MODERN, 'tools/call', 'call']);
      });
    });

    const REFUSALS: readonly (readonly [string, (exchange: PeerExchange) => unknown])[] = [
      ['400 without a body', (exchange) => exchange.respond(400)],
      ['400 with text', (exchange) => exchange.respond(400, { 'Content-Type': 'text/plain' }, 'Bad Request: no session')],
      ['400 with an error of JSON-RPC', (exchange) => refuse(exchange, -32000, 'Bad Request: Server not initialized')],
      ['400 with an error without an id', (exchange) => exchange.json({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'No session' } }, {}, 400)],
      ['404', (exchange) => exchange.respond(404)],
      ['405', (exchange) => exchange.respond(405, { Allow: 'GET' })],
      ['406', (exchange) => exchange.respond(406, { 'Content-Type': 'text/plain' }, 'Not Acceptable')],
      ['415', (exchange) => exchange.respond(415)],
      ['200 and "no such method"', (exchange) => refuse(exchange, -32601, 'Method not found', undefined, 200)],
      ['200 and "invalid params"', (exchange) => refuse(exchange, -32602, 'Invalid params', undefined, 200)],
      ['200 and an error nobody knows', (exchange) => refuse(exchange, -1, 'What?', undefined, 200)],
      ['200 and a page', (exchange) => exchange.respond(200, { 'Content-Type': 'text/html' }, '<p>Welcome</p>')],
      ['202', (exchange) => exchange.respond(202)],
      ['a result that is none', (exchange) => exchange.json(exchange.reply({ hello: 'world' }))],
    ];
    for (const [name, answer] of REFUSALS) {
      test(`a legacy server that answers the probe with ${name}: the handshake`, async () => {
        await meeting({ 'server/discover': answer }, withFetch, async ({ server, peer }) => {
          await server.connect();
          assert.deepEqual([server.era, server.protocolVersion], ['legacy', LEGACY]);
          assert.deepEqual(peer.order, [...PROBE, ...HANDSHAKE]);
        });
      });
    }

    const NO_EVIDENCE: readonly (readonly [number, HeaderLines])[] = [
      [401, { 'WWW-Authenticate': 'Bearer' }],
      [403, {}],
      [408, {}],
      [429, { 'Retry-After': '1' }],
      [500, {}],
      [502, {}],
      [503, {}],
    ];
    for (const [status, headers] of NO_EVIDENCE) {
      test(`status ${status} says nothing of the era: no handshake, and the status is told`, async () => {
        await meeting({ 'server/discover': (exchange: PeerExchange) => exchange.respond(status, headers, 'no') }, withFetch, async ({ server, peer }) => {
          const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
          assert.equal(error.details['status'], status);
          assert.ok(peer.order.every((key) => key === 'server/discover'), peer.order.join(' '));
        });
      });
    }

    test('silence is an error, and no reason for the handshake', async () => {
      await meeting({ 'server/discover': (exchange: PeerExchange) => exchange.hang() }, { ...withFetch, connectTimeoutMs: 150 }, async ({ server, peer }) => {
        await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_CONNECT_TIMEOUT');
        assert.deepEqual(peer.order, PROBE);
      });
    });

    test('a server that is not there yet is asked again, by the same probe', async () => {
      const script: PeerScript = { ...MODERN_ONLY, 'server/discover': (exchange: PeerExchange) => (exchange.turn === 0 ? exchange.respond(503) : discovered(exchange, MODERN)) };
      await meeting(script, { ...withFetch, maxRetries: 1 }, async ({ server, peer }) => {
        await server.connect();
        assert.equal(server.era, 'modern');
        assert.deepEqual(peer.order, [...PROBE, ...PROBE]);
      });
    });

    test('a server of both eras: the newest revision by default, the pinned one where one is, the handshake alone where the host prefers it', async () => {
      for (const [protocolVersions, revision, order] of [
        [undefined, MODERN, PROBE],
        [[MODERN], MODERN, PROBE],
        [['2025-06-18'], '2025-06-18', HANDSHAKE],
        [[LEGACY, MODERN], LEGACY, HANDSHAKE],
      ] as const) {
        await meeting(DUAL, { ...withFetch, protocolVersions }, async ({ server, peer }) => {
          await server.connect();
          assert.equal(server.protocolVersion, revision);
          assert.deepEqual(peer.order, order);
        });
      }
    });

    test('an answer to the probe that names legacy revisions only: the handshake', async () => {
      await meeting({ 'server/discover': (exchange: PeerExchange) => discovered(exchange, '2025-06-18', LEGACY) }, withFetch, async ({ server, peer }) => {
        await server.connect();
        assert.equal(server.era, 'legacy');
        assert.deepEqual(peer.order, [...PROBE, ...HANDSHAKE]);
      });
    });

    test('-32022 with no revision of ours, with an empty list, with nonsense: an error that says so, and never the handshake', async () => {
      for (const data of [{ supported: ['2031-01-01'], requested: MODERN }, { supported: [] }, { supported: 'all' }, {}]) {
        const script: PeerScript = { 'server/discover': (exchange: PeerExchange) => refuse(exchange, UNSUPPORTED_VERSION, 'Unsupported protocol version', data) };
        await meeting(script, withFetch, async ({ server, peer }) => {
          await mcpRejection(server.connect(), 'PeerProtocolError', 'ERR_MCP_UNSUPPORTED_VERSION');
          assert.ok(peer.order.every((key) => key === 'server/discover'), peer.order.join(' '));
          assert.ok(peer.order.length <= 2, 'asked once more at most');
        });
      }
    });

    test('a redirect of the probe is followed, and what comes after goes there at once', async () => {
      const script: PeerScript = { ...MODERN_ONLY, '*': (exchange: PeerExchange) => (exchange.request.path === '/new' ? 'pass' : exchange.respond(307, { Location: '/new' })) };
      await meeting(script, withFetch, async ({ server, peer }) => {
        await server.connect();
        await server.callTool('call');
        assert.deepEqual(peer.requests.map(({ path }) => path), ['/mcp', '/new', '/new']);
        assert.equal(server.era, 'modern');
      });
    });

    for (const [wrong, right] of [['/mcp', '/mcp/'], ['/mcp/', '/mcp']] as const) {
      test(`a modern server at ${right}, asked for at ${wrong}: it is found there, and used there`, async () => {
        const script: PeerScript = { ...MODERN_ONLY, '*': (exchange: PeerExchange) => (exchange.request.path === right ? 'pass' : exchange.respond(404)) };
        await meeting(script, { ...withFetch, path: wrong, legacySSE: true }, async ({ server, peer }) => {
          await server.connect();
          assert.equal(server.era, 'modern');
          const before = peer.requests.length;
          await server.callTool('call');
          assert.deepEqual(peer.requests.slice(before).map(({ path }) => path), [right]);
        });
      });
    }

    test('the old transport of 2024-11-05: the probe is refused, and it is found as before', async () => {
      const demo = await startDemo('--legacy-only');
      const server = makeHTTPServer(demo.sse, { protocolVersions: PROTOCOL_VERSIONS, legacySSE: true, maxRetries: 0, ...withFetch });
      try {
        await server.connect();
        assert.equal(server.era, 'legacy');
        await server.ping();
      } finally {
        await server.cleanup();
        await demo.stop();
      }
    });
  });
}

describe('what was found out before', () => {
  const verdict = (era: 'legacy' | 'modern'): ServerVerdict => ({ era, revision: era === 'legacy' ? LEGACY : MODERN, serverInfo: { name: 's', version: '1' }, capabilities: {} });

  test('a legacy prior that holds: no probe', async () => {
    await meeting({}, { prior: verdict('legacy') }, async ({ server, peer }) => {
      await server.connect();
      assert.deepEqual(peer.order, HANDSHAKE);
    });
  });

  for (const [name, answer] of [
    ['-32022', MODERN_ONLY['initialize']],
    ['-32601', (exchange: PeerExchange) => refuse(exchange, -32601, 'Method not found', undefined, 200)],
    ['400', (exchange: PeerExchange) => exchange.respond(400)],
    ['404', (exchange: PeerExchange) => exchange.respond(404)],
  ] as const) {
    test(`a legacy prior that is wrong, the handshake refused with ${name}: the probe, and its answer counts`, async () => {
      await meeting({ ...MODERN_ONLY, initialize: answer ?? [] }, { prior: verdict('legacy'), legacySSE: true }, async ({ server, peer }) => {
        await server.connect();
        assert.equal(server.era, 'modern');
        await server.callTool('call');
        assert.equal(peer.requests.at(-1)?.path, '/mcp');
      });
    });
  }

  test('a handshake that is refused for another reason, where nothing modern is: the refusal is told, not the probe’s', async () => {
    await meeting({ initialize: (exchange: PeerExchange) => refuse(exchange, -32603, 'the licence has expired', undefined, 200) }, { prior: verdict('legacy') }, async ({ server }) => {
      const error = await rejection(server.connect());
      assert.ok(error instanceof RPCError && error.rpcCode === -32603, String(error));
    });
  });

  test('a modern prior that is wrong: the refused probe, the handshake', async () => {
    await meeting({}, { prior: verdict('modern') }, async ({ server, peer }) => {
      await server.connect();
      assert.equal(server.era, 'legacy');
      assert.deepEqual(peer.order, [...PROBE, ...HANDSHAKE]);
    });
  });

  test('verdict is JSON, and good as prior after JSON; a hostile one is refused at the door', async () => {
    await meeting({}, {}, async ({ server, peer }) => {
      assert.equal(server.verdict, undefined);
      await server.connect();
      const text = JSON.stringify(server.verdict);
      assert.deepEqual(JSON.parse(text), {
        era: 'legacy',
        revision: LEGACY,
        serverInfo: { name: 'scripted', version: '1' },
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} },
      });
      const next = makeHTTPServer(peer.url, { protocolVersions: PROTOCOL_VERSIONS, prior: JSON.parse(text) as ServerVerdict });
      await next.connect();
      await next.cleanup();
      assert.equal(peer.sent('server/discover').length, 1);
      const cyclic: Record<string, unknown> = { era: 'modern', revision: MODERN };
      cyclic['capabilities'] = cyclic;
      for (const prior of [null, 7, 'legacy', [], {}, { era: 'ancient', revision: LEGACY, capabilities: {} }, { era: 'legacy', revision: LEGACY, capabilities: {} }, cyclic, { era: 'modern', revision: MODERN, capabilities: 1 }]) {
        assert.throws(() => makeHTTPServer(peer.url, { prior: prior as never }), TypeError);
      }
    });
  });
});

describe('handles that share what they found out', () => {
  test('eight connect at once to a legacy server: one probe, one initialize, one session', async () => {
    const peer = await HTTPPeer.listen({}, { sessions: ['s'] });
    const sessionManager = new InMemorySessionManager();
    const handles = Array.from({ length: 8 }, () => makeHTTPServer(peer.url, { protocolVersions: PROTOCOL_VERSIONS, sessionManager }));
    try {
      await Promise.all(handles.map((handle) => handle.connect()));
      assert.deepEqual([peer.sent('server/discover').length, peer.sent('initialize').length], [1, 1]);
      assert.deepEqual(new Set(handles.map(({ sessionId }) => sessionId)), new Set(['s']));
    } finally {
      await Promise.all(handles.map((handle) => handle.cleanup()));
      await peer.close();
    }
  });

  test('a server without sessions: the second handle knows the era; a modern one is asked for what it is each time, a legacy one is not probed again', async () => {
    for (const [script, order] of [[MODERN_ONLY, [...PROBE, ...PROBE]], [{}, [...PROBE, ...HANDSHAKE, ...HANDSHAKE]]] as const) {
      const sessionManager = new InMemorySessionManager();
      await meeting(script, { sessionManager }, async ({ server, peer }) => {
        await server.connect();
        const next = makeHTTPServer(peer.url, { protocolVersions: PROTOCOL_VERSIONS, sessionManager });
        await next.connect();
        assert.deepEqual(next.verdict, server.verdict);
        await next.cleanup();
        assert.deepEqual(peer.order, order);
      });
    }
  });

  test('a server that was legacy and is modern now: the stored session leads to a probe, and the next one knows', async () => {
    let isModern = false;
    const script: PeerScript = {
      '*': (exchange: PeerExchange) => {
        const { method } = exchange.request.message;
        if (!isModern) return 'pass';
        if (method === 'server/discover') return discovered(exchange, MODERN);
        return refuse(exchange, UNSUPPORTED_VERSION, 'Unsupported protocol version', { supported: [MODERN] });
      },
    };
    const sessionManager = new InMemorySessionManager();
    const peer = await HTTPPeer.listen(script, { sessions: ['s'] });
    const make = (): StreamableHTTPMCPServer => makeHTTPServer(peer.url, { protocolVersions: PROTOCOL_VERSIONS, sessionManager });
    const [first, second, third] = [make(), make(), make()];
    try {
      await first.connect();
      await first.cleanup();
      isModern = true;
      await second.connect();
      assert.equal(second.era, 'modern');
      const before = peer.requests.length;
      await third.connect();
      assert.equal(third.era, 'modern');
      assert.deepEqual(peer.order.slice(before), PROBE);
    } finally {
      await Promise.all([first, second, third].map((handle) => handle.cleanup()));
      await peer.close();
    }
  });
});

describe('over stdio', () => {
  const child = (...args: string[]): { command: string[]; protocolVersions: typeof PROTOCOL_VERSIONS } => ({
    command: fixtureCommand('era-server', ...args),
    protocolVersions: PROTOCOL_VERSIONS,
  });
  const CASES: readonly (readonly [string, string, 'legacy' | 'modern', number])[] = [
    ['a modern server', 'modern', 'modern', 1],
    ['a server of both eras', 'dual', 'modern', 1],
    ['a legacy server that refuses what it does not know', 'legacy', 'legacy', 1],
    ['a legacy server that is silent to what it does not know: in place, by one process', 'silent', 'legacy', 1],
    ['a legacy server that exits at what it does not know: one further process, which is not probed', 'exits', 'legacy', 2],
    ['a modern server that takes its time to come up: its late answer counts', 'slow', 'modern', 1],
  ];
  for (const [name, kind, era, processes] of CASES) {
    test(name, async () => {
      await withServer({ ...child(kind), startupTimeoutMs: 30_000 }, async (server, seen) => {
        await server.connect();
        assert.equal(server.era, era);
        assert.deepEqual((await server.listTools()).map((tool) => tool.name), ['era']);
        const heard = (await server.callTool('era')).content[0] as { text?: string };
        if (kind === 'exits') assert.equal(heard.text, 'initialize notifications/initialized tools/list tools/call');
        assert.equal(server.era, era);
        assert.equal(seen.processes.size, processes);
        assert.deepEqual(seen.faults, []);
      });
    });
  }

  test('a legacy server that exits on the probe is never probed again: a later start asks it for the handshake at once', async () => {
    await withServer({ ...child('exits'), startupTimeoutMs: 30_000 }, async (server, seen) => {
      await server.connect();
      await server.cleanup();
      await server.connect();
      assert.equal(server.era, 'legacy');
      assert.equal(seen.processes.size, 3);
    });
  });

  test('a server that always exits: one failure, with its exit code', async () => {
    await withServer({ ...child('broken'), processStartupDelayMs: 60_000 }, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(error.details['exitCode'], 3);
      assert.equal(server.connectionCause, error);
    });
  });

  test('a legacy prior: no probe', async () => {
    const prior: ServerVerdict = { era: 'legacy', revision: LEGACY, serverInfo: { name: 's', version: '1' }, capabilities: {} };
    await withServer({ ...child('exits'), prior }, async (server, seen) => {
      await server.connect();
      assert.equal(seen.processes.size, 1);
    });
  });
});

