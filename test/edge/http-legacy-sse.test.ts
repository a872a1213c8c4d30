/** The transport of 2024-11-05, HTTP with SSE, over real sockets: when it is fallen back to, what is believed, how it ends. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MCPError } from '../../lib/index.ts';
import { HTTPPeer, startDemo, textResult } from '../helpers/http-server.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { deafFetch, RESENDS, withHTTP, withPeer } from '../helpers/http-server-handle.ts';
import type { PeerTestOptions } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const LEGACY: PeerTestOptions = { legacySSE: true, maxRetries: 0 };

/** A scripted server of the old kind: messages are posted to /messages, and answered on the stream of GET. */
function oldServer(
  more: PeerScript = {},
  endpoint: (exchange: PeerExchange) => string = () => '/messages?id=1',
  refusal: number = 405,
): PeerScript {
  let stream: PeerExchange | undefined;
  const answer = (exchange: PeerExchange, result: object) => {
    void stream?.event({ event: 'message', data: exchange.reply(result) });
    return exchange.respond(202, {}, 'Accepted');
  };
  return {
    '*': (exchange) =>
      exchange.request.method === 'POST' && !exchange.request.path.startsWith('/messages')
        ? exchange.respond(refusal, {}, 'refused')
        : 'pass',
    GET: async (exchange) => {
      stream = exchange;
      await exchange.sse();
      await exchange.event({ event: 'endpoint', data: endpoint(exchange) });
      await exchange.hang();
    },
    initialize: (exchange) => answer(exchange, exchange.peer.initializeResult(exchange.request.message)),
    ping: (exchange) => answer(exchange, {}),
    'tools/call': (exchange) => answer(exchange, textResult('done')),
    ...more,
  };
}

describe('which transport it is (2025-11-25 transports, "Backwards Compatibility")', () => {
  for (const status of [400, 404, 405]) {
    test(`initialize refused with ${status}: the old transport is tried by GET, and used from then on`, async () => {
      await withPeer(
        oldServer({}, () => '/messages?id=1', status),
        { ...LEGACY, peer: { path: '/sse' } },
        async ({ server, peer }) => {
          await server.connect();
          assert.equal(textOf(await server.callTool('call')), 'done');
          // The same path with a slash at its end is tried in between: a server may mean that one.
          const wanted = peer.requests
            .filter(({ path }) => path !== '/sse/')
            .map(({ path, method, message }) => `${path} ${message.method ?? method}`);
          assert.deepEqual(wanted, [
            '/sse initialize',
            '/sse GET',
            '/messages?id=1 initialize',
            '/messages?id=1 notifications/initialized',
            '/messages?id=1 tools/call',
          ]);
          assert.match(peer.sent('GET')[0]?.headers['accept'] ?? '', /text\/event-stream/);
          for (const { headers } of peer.requests) assert.equal(headers['mcp-session-id'], undefined);
          await server.cleanup();
          assert.equal(peer.sent('DELETE').length, 0);
        },
      );
    });
  }

  for (const status of [401, 403, 406, 415, 429, 500, 502, 503]) {
    test(`initialize refused with ${status} says nothing about the transport: no GET`, async () => {
      await withPeer(oldServer({}, undefined, status), LEGACY, async ({ server, peer }) => {
        const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['status'], status);
        assert.equal(peer.sent('GET').length, 0);
      });
    });
  }

  test('with legacySSE: false it is never tried', async () => {
    await withPeer(oldServer(), { legacySSE: false, maxRetries: 0 }, async ({ server, peer }) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(error.details['status'], 405);
      assert.equal(peer.sent('GET').length, 0);
    });
  });

  test('where both fail, the first error is told, and the second is its cause', async () => {
    await withPeer(
      oldServer({ GET: (exchange) => exchange.respond(410, {}, 'gone') }, undefined, 404),
      LEGACY,
      async ({ server, peer }) => {
        const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['status'], 404);
        const cause = error.cause as MCPError;
        assert.deepEqual([cause.code, cause.details['status']], ['ERR_MCP_HTTP_STATUS', 410]);
        assert.equal(peer.sent('GET').length, 1);
      },
    );
  });

  test('where the old transport is there but names a place of another origin, both are told as well', async () => {
    await withPeer(
      oldServer({}, () => 'http://127.0.0.2:1/messages'),
      LEGACY,
      async ({ server }) => {
        const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['status'], 405);
        assert.equal((error.cause as MCPError).code, 'ERR_MCP_LEGACY_SSE_ENDPOINT');
      },
    );
  });

  test('an error of JSON-RPC for initialize itself is worth more than its status', async () => {
    const script: PeerScript = {
      initialize: (exchange) =>
        exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32602, message: 'Not you' } }, {}, 400),
      GET: (exchange) => exchange.respond(405),
    };
    await withPeer(script, LEGACY, async ({ server }) => {
      const error = (await rejection(server.connect())) as MCPError;
      assert.equal(error.details['rpcCode'], -32602, error.stack);
    });
  });
});

describe('the endpoint event (2024-11-05 transports, "HTTP with SSE"; never another origin)', () => {
  const good: readonly (readonly [string, (exchange: PeerExchange) => string, string])[] = [
    ['an absolute path', () => '/messages?a=1&b=2', '/messages?a=1&b=2'],
    ['a relative one', () => 'messages', '/messages'],
    ['an absolute URL of the same origin', (exchange) => `${exchange.peer.origin}/messages`, '/messages'],
    ['a fragment, which is not sent', () => '/messages#top', '/messages'],
  ];
  for (const [name, endpoint, path] of good) {
    test(`may be ${name}`, async () => {
      await withPeer(oldServer({}, endpoint), LEGACY, async ({ server, peer }) => {
        await server.connect();
        assert.equal(peer.sent('initialize').at(-1)?.path, path);
      });
    });
  }

  const bad: readonly (readonly [string, (exchange: PeerExchange, other: string) => string])[] = [
    ['another port', (_exchange, other) => `${other}/messages`],
    ['another host without a scheme', (_exchange, other) => `${other.replace('http:', '')}/messages`],
    ['another name of the same machine', (exchange) => `${exchange.peer.origin.replace('127.0.0.1', 'localhost')}/messages`],
    ['another scheme', (exchange) => `${exchange.peer.origin.replace('http:', 'https:')}/messages`],
    ['a user and a password', (exchange) => `${exchange.peer.origin.replace('//', '//user:password@')}/messages`],
    ['a script', () => 'javascript:alert(1)'],
    ['a file', () => 'file:///etc/passwd'],
    ['no URL', () => 'http://[::1'],
    ['backslashes that some take for slashes', (_exchange, other) => `\\\\${other.slice('http://'.length)}/messages`],
  ];
  for (const [name, endpoint] of bad) {
    test(`with ${name} is refused, and nothing is posted anywhere`, async () => {
      const other = await HTTPPeer.listen();
      try {
        await withPeer(
          oldServer({}, (exchange) => endpoint(exchange, other.origin)),
          { ...LEGACY, headers: { Authorization: 'Bearer canary' } },
          async ({ server, peer }) => {
            const error = (await rejection(server.connect())) as MCPError;
            assert.ok([error.code, (error.cause as MCPError | undefined)?.code].includes('ERR_MCP_LEGACY_SSE_ENDPOINT'), error.stack);
            assert.doesNotMatch(`${error.stack}${JSON.stringify(error.details)}`, /password@|canary/);
            assert.ok(peer.requests.every(({ path }) => !path.startsWith('/messages')));
            assert.equal(other.raw.connections, 0);
          },
        );
      } finally {
        await other.close();
      }
    });
  }

  test('the first one counts; a second one is a fault, and nothing goes there', async () => {
    const other = await HTTPPeer.listen();
    const script = oldServer({
      GET: async (exchange) => {
        await exchange.sse();
        await exchange.event({ event: 'endpoint', data: '/messages?first' });
        await exchange.event({ event: 'endpoint', data: `${other.origin}/messages` });
        await exchange.event({ event: 'endpoint', data: '/messages?second' });
        await until(() => exchange.peer.sent('initialize').length === 2, 'initialize was posted');
        await exchange.event({
          data: {
            jsonrpc: '2.0',
            id: exchange.peer.sent('initialize')[1]?.message.id,
            result: exchange.peer.initializeResult(exchange.peer.sent('initialize')[1]?.message ?? {}),
          },
        });
        await exchange.hang();
      },
      initialize: (exchange) => exchange.respond(202),
    });
    try {
      await withPeer(script, LEGACY, async ({ server, peer, seen }) => {
        await server.connect();
        assert.deepEqual(
          seen.faults.map(({ code }) => code),
          ['ERR_MCP_LEGACY_SSE_ENDPOINT', 'ERR_MCP_LEGACY_SSE_ENDPOINT'],
        );
        assert.ok(peer.requests.filter(({ path }) => path.startsWith('/messages')).every(({ path }) => path === '/messages?first'));
        assert.equal(other.raw.connections, 0);
      });
    } finally {
      await other.close();
    }
  });

  test('a POST that is redirected to another origin is not followed', async () => {
    const other = await HTTPPeer.listen();
    try {
      await withPeer(
        oldServer({ 'tools/call': (exchange) => exchange.respond(307, { Location: `${other.origin}/messages` }) }),
        LEGACY,
        async ({ server }) => {
          await server.connect();
          await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_REDIRECT');
          assert.equal(other.raw.connections, 0);
        },
      );
    } finally {
      await other.close();
    }
  });

  for (const [name, get] of [
    ['never comes', (exchange: PeerExchange) => exchange.sse().then(() => exchange.hang())],
    ['does not come before the end', (exchange: PeerExchange) => exchange.stream([{ event: 'message', data: '{}' }])],
    [
      'is empty',
      (exchange: PeerExchange) =>
        exchange
          .sse()
          .then(() => exchange.event({ event: 'endpoint', data: '' }))
          .then(() => exchange.endStream()),
    ],
  ] as const) {
    test(`that ${name} ends the attempt in its time`, async () => {
      await withPeer(oldServer({ GET: get }), { ...LEGACY, connectTimeoutMs: 500 }, async ({ server }) => {
        const since = performance.now();
        const error = (await rejection(server.connect())) as MCPError;
        assert.ok(error instanceof Error && performance.now() - since < 4_000);
        assert.equal(server.connectionState, 'failed');
      });
    });
  }
});

describe('calls over the old transport', () => {
  test('the demo server in its old form does everything', async () => {
    const demo = await startDemo('--legacy-only');
    try {
      await withHTTP(demo.url, { legacySSE: true, listen: true }, async (server, seen) => {
        const heard: number[] = [];
        const counted = await server.callTool(
          'countdown',
          { from: 3, intervalMs: 5 },
          { onProgress: ({ progress }) => heard.push(progress) },
        );
        assert.equal(textOf(counted), 'Counted down from 3.');
        assert.deepEqual(heard, [1, 2, 3]);
        await server.callTool('log', { level: 'error', text: 'oh', count: 3 });
        assert.equal(seen.logs.length, 3);
        assert.equal((await server.listResources()).length, 27);
        const sums = await Promise.all(Array.from({ length: 200 }, (_, index) => server.callTool('add', { a: index, b: 1 })));
        assert.deepEqual(
          sums.map(textOf),
          Array.from({ length: 200 }, (_, index) => String(index + 1)),
        );
        const abort = new AbortController();
        const aborted = rejection(server.callTool('never', {}, { signal: abort.signal }));
        abort.abort(new Error('enough'));
        assert.equal(((await aborted) as Error).message, 'enough');
        await server.ping();
        assert.deepEqual(seen.faults, []);
      });
    } finally {
      await demo.stop();
    }
  });

  test('an abort is told to the server (2024-11-05 utilities, "Cancellation")', async () => {
    await withPeer(oldServer({ 'tools/call': (exchange) => exchange.respond(202) }), LEGACY, async ({ server, peer }) => {
      await server.connect();
      const abort = new AbortController();
      const aborted = rejection(server.callTool('call', {}, { signal: abort.signal }));
      await until(() => peer.sent('tools/call').length === 1, 'the call came');
      abort.abort();
      await aborted;
      await until(() => peer.sent('notifications/cancelled').length === 1, 'the server was told');
      assert.equal(peer.sent('notifications/cancelled')[0]?.message.params?.['requestId'], peer.sent('tools/call')[0]?.message.id);
    });
  });

  for (const status of [400, 404, 413, 500]) {
    test(`a POST that is refused with ${status} rejects its call at once`, async () => {
      await withPeer(
        oldServer({ 'tools/call': (exchange) => exchange.respond(status, {}, 'no') }),
        { ...LEGACY, timeoutMs: 4_000 },
        async ({ server }) => {
          await server.connect();
          const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
          assert.equal(error.details['status'], status);
          await server.ping();
        },
      );
    });
  }

  test('a POST that is reset rejects its call: nobody knows whether the tool ran', { skip: RESENDS }, async () => {
    await withPeer(
      oldServer({ 'tools/call': (exchange) => exchange.raw.reset() }),
      { ...LEGACY, timeoutMs: 4_000 },
      async ({ server, peer }) => {
        await server.connect();
        const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_NETWORK');
        assert.equal(error.delivery, 'unknown');
        assert.equal(peer.sent('tools/call').length, 1);
      },
    );
  });

  for (const [name, end] of [
    ['ends', (exchange: PeerExchange | undefined) => exchange?.endStream()],
    ['is reset', (exchange: PeerExchange | undefined) => exchange?.raw.reset()],
  ] as const) {
    test(`a stream that ${name} fails what waits, and the server is connected to again when it is needed`, async () => {
      let stream: PeerExchange | undefined;
      const base = oldServer({
        'tools/call': (exchange) => (exchange.turn === 0 ? exchange.respond(202) : answerOn(() => stream, exchange)),
      });
      const script: PeerScript = {
        ...base,
        GET: async (exchange) => {
          stream = exchange;
          await exchange.sse();
          await exchange.event({ event: 'endpoint', data: '/messages' });
          if (exchange.turn > 0) await exchange.hang();
        },
        initialize: (exchange) => {
          void stream?.event({ event: 'message', data: exchange.reply(exchange.peer.initializeResult(exchange.request.message)) });
          return exchange.respond(202);
        },
      };
      await withPeer(script, { ...LEGACY, timeoutMs: 8_000 }, async ({ server, peer }) => {
        await server.connect();
        const lost = rejection(server.callTool('call'));
        await until(() => peer.sent('tools/call').length === 1, 'the call came');
        await end(stream);
        const error = (await lost) as MCPError;
        assert.deepEqual([error.code, error.delivery], ['ERR_MCP_STREAM_LOST', 'unknown']);
        await until(
          async () => {
            await server.connect().catch(() => {});
            return server.connectionState === 'connected';
          },
          'it is connected again',
          8_000,
        );
        assert.equal(textOf(await server.callTool('call')), 'done');
        assert.equal(peer.sent('tools/call').length, 2);
      });
    });
  }

  test('what is wrong on the stream is a fault and not its end', async () => {
    const script = oldServer({
      ping: async (exchange) => {
        await exchange.respond(202);
        const get = gets.at(-1);
        await get?.event({ event: 'message', data: 'no JSON' });
        await get?.event({ event: 'other', data: 'x' });
        await get?.event({ data: exchange.reply({}) });
      },
    });
    const gets: PeerExchange[] = [];
    const get = script['GET'];
    const watched: PeerScript = {
      ...script,
      GET: (exchange) => {
        gets.push(exchange);
        return typeof get === 'function' ? get(exchange) : undefined;
      },
    };
    await withPeer(watched, LEGACY, async ({ server, seen }) => {
      await server.connect();
      await server.ping();
      assert.deepEqual(
        seen.faults.map(({ code }) => code),
        ['ERR_MCP_INVALID_JSON'],
      );
    });
  });

  test('an event without end closes the connection at the limit (limits.maxMessageBytes)', async () => {
    const script = oldServer({
      GET: async (exchange) => {
        await exchange.sse();
        await exchange.event({ event: 'endpoint', data: '/messages' });
        await exchange.chunk('data: ');
        while (!exchange.isClosed) await exchange.chunk('x'.repeat(16_384));
      },
    });
    await withPeer(script, { ...LEGACY, limits: { maxMessageBytes: 200_000 }, connectTimeoutMs: 5_000 }, async ({ server, peer }) => {
      const error = (await rejection(server.connect())) as MCPError;
      assert.ok(
        [error, error.cause as MCPError | undefined].some(
          (one) => one?.code === 'ERR_MCP_LIMIT' || one?.details['limit'] === 'maxMessageBytes',
        ),
        error.stack,
      );
      await until(() => peer.raw.busy === 0, 'the stream was let go', 20_000);
    });
  });

  test('cleanup() lets go of the stream where the fetch hears no signal once it has answered', async () => {
    await withPeer(oldServer(), { ...LEGACY, fetch: deafFetch() }, async ({ server, peer }) => {
      await server.connect();
      await server.cleanup();
      await until(() => peer.raw.busy === 0, 'the stream was let go');
    });
  });

  test('cleanup() lets go of the stream, and fails what waits', async () => {
    await withPeer(oldServer({ 'tools/call': (exchange) => exchange.respond(202) }), LEGACY, async ({ server, peer }) => {
      await server.connect();
      const waiting = rejection(server.callTool('call'));
      await until(() => peer.sent('tools/call').length === 1, 'the call came');
      await server.cleanup();
      assert.equal(((await waiting) as MCPError).code, 'ERR_MCP_CONNECTION_CLOSED');
      await until(() => peer.raw.busy === 0, 'the stream was let go');
    });
  });
});

function answerOn(stream: () => PeerExchange | undefined, exchange: PeerExchange): Promise<void> {
  void stream()?.event({ event: 'message', data: exchange.reply(textResult('done')) });
  return exchange.respond(202);
}
