/**
 * Calls over Streamable HTTP on real sockets: the demo server in its forms, cancellation, deadlines, what is sent again, pages, headers.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MCPError } from '../../lib/index.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { HTTPPeer, startDemo } from '../helpers/http-server.ts';
import type { PeerAnswer, PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { RESENDS, SAYS_NO_CODE, makeHTTPServer, withConnectedPeer, withHTTP, withPeer } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

describe('the demo server in each of its forms', () => {
  const forms: readonly (readonly string[])[] = [
    [],
    ['--answers', 'json'],
    ['--no-get'],
    ['--no-sessions'],
    ['--no-sessions', '--no-get', '--answers', 'json'],
    ['--protocol', '2025-03-26'],
    ['--protocol', '2025-06-18', '--answers', 'json'],
    ['--path', '/mcp/', '--page-size', '3'],
    ['--poll', '1'],
  ];
  for (const flags of forms) {
    test(`${flags.join(' ') || 'as it is'}: lists, calls, progress, logs, changes, cancellation`, { timeout: 30_000 }, async () => {
      const demo = await startDemo(...flags);
      try {
        await withHTTP(demo.url, { listen: true }, async (server, seen) => {
          assert.equal(server.serverInfo?.name, 'barewire-demo');
          assert.ok((await server.listTools()).length >= 13);
          assert.equal((await server.listResources()).length, 27);
          assert.equal((await server.listResourceContents('demo://items/7'))[0]?.text, 'This is item 7.');
          assert.equal((await server.getPrompt('greet', { name: 'Ada' })).messages.length, 1);
          assert.equal(textOf(await server.callTool('add', { a: 2, b: 3 })), '5');
          assert.equal((await server.callTool('fail')).isError, true);
          assert.equal(textOf(await server.callTool('big', { bytes: 1_000_000 })).length, 1_000_000);
          if (!flags.includes('json')) {
            const heard: number[] = [];
            await server.callTool('countdown', { from: 3, intervalMs: 2 }, { onProgress: ({ progress }) => heard.push(progress) });
            assert.deepEqual(heard, [1, 2, 3]);
          }
          if (!flags.includes('--no-get') || !flags.includes('json')) {
            await server.callTool('log', { level: 'error', text: 'oh' });
            await until(() => seen.logs.length === 1, 'the log came');
          }
          if (!flags.includes('--no-get')) {
            await server.callTool('announce', { list: 'tools' });
            await until(() => seen.toolsChanged === 1, 'the change came');
          }
          const abort = new AbortController();
          const aborted = rejection(server.callTool('never', {}, { signal: abort.signal }));
          setTimeout(() => abort.abort(new Error('enough')), 20);
          assert.equal(((await aborted) as Error).message, 'enough');
          await assert.rejects(server.listResourceContents('demo://nowhere'), { code: 'ERR_MCP_RESOURCE_NOT_FOUND' });
          await server.ping();
          assert.deepEqual(seen.faults, []);
        });
      } finally {
        await demo.stop();
      }
    });
  }
});

describe('giving a call up (2025-11-25 utilities, "Cancellation": told by a notification; transports: a disconnection says nothing)', () => {
  const stages: readonly (readonly [string, PeerAnswer])[] = [
    ['before the head of the answer', (exchange) => exchange.hang()],
    [
      'in the middle of a JSON body',
      async (exchange) => {
        await exchange.head(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
        await exchange.raw.write('{"jsonrpc"');
        await exchange.hang();
      },
    ],
    [
      'in the middle of a stream',
      async (exchange) => {
        await exchange.sse();
        await exchange.comment();
        await exchange.hang();
      },
    ],
  ];
  for (const [name, answer] of stages) {
    for (const how of ['signal', 'deadline', 'cancelRequest'] as const) {
      test(`${name}, by ${how}: one rejection, one notification, the exchange is closed`, async () => {
        await withConnectedPeer({ 'tools/call': answer }, { peer: { sessions: ['s-1'] } }, async ({ server, peer }) => {
          const abort = new AbortController();
          const call = rejection(server.callTool('call', {}, { signal: abort.signal, ...(how === 'deadline' ? { timeoutMs: 150 } : {}) }));
          await until(() => peer.sent('tools/call').length === 1 && peer.raw.busy === 1, 'the call came');
          await new Promise((resolve) => setTimeout(resolve, 20));
          const id = peer.sent('tools/call')[0]?.message.id;
          if (how === 'signal') abort.abort(new Error('enough'));
          if (how === 'cancelRequest') assert.equal(server.cancelRequest(id ?? '', 'enough'), true);
          const reason = (await call) as MCPError;
          if (how === 'deadline') assert.deepEqual([reason.code, reason.delivery], ['ERR_MCP_REQUEST_TIMEOUT', 'unknown']);
          else assert.equal(reason.message, 'enough');
          await until(() => peer.sent('notifications/cancelled').length === 1, 'the server was told');
          await until(() => peer.raw.busy === 0, 'the exchange was closed');
          const [told, ...more] = peer.sent('notifications/cancelled');
          assert.deepEqual(more, []);
          assert.equal(told?.message.params?.['requestId'], id);
          assert.equal(told?.headers['mcp-session-id'], 's-1');
          assert.deepEqual(server.pendingRequests, []);
          await server.ping();
        });
      });
    }
  }

  test('before it is sent: nothing is sent', async () => {
    await withConnectedPeer({}, {}, async ({ server, peer }) => {
      const before = peer.requests.length;
      const reason = new Error('never mind');
      assert.equal(await rejection(server.callTool('call', {}, { signal: AbortSignal.abort(reason) })), reason);
      await server.ping();
      assert.deepEqual(peer.order.slice(before), ['ping']);
    });
  });

  test('after the answer: nothing happens any more', async () => {
    await withConnectedPeer({}, {}, async ({ server, peer }) => {
      const abort = new AbortController();
      await server.callTool('call', {}, { signal: abort.signal });
      abort.abort();
      await server.ping();
      assert.equal(peer.sent('notifications/cancelled').length, 0);
    });
  });

  test('while it waits in line for a connection: it leaves the line, and was never sent', async () => {
    await withConnectedPeer(
      { 'tools/call': (exchange) => exchange.hang() },
      { connectionPoolLimits: { maxConnections: 2 } },
      async ({ server, peer }) => {
        const [first, second] = [new AbortController(), new AbortController()];
        const hanging = [0, 1].map(() => rejection(server.callTool('call', {}, { signal: first.signal })));
        await until(() => peer.sent('tools/call').length === 2, 'both connections are taken');
        const waiting = rejection(server.callTool('call', {}, { signal: second.signal }));
        second.abort(new Error('enough'));
        assert.equal(((await waiting) as Error).message, 'enough');
        first.abort(new Error('over'));
        await Promise.all(hanging);
        await server.ping();
        assert.equal(peer.sent('tools/call').length, 2);
      },
    );
  });

  test('all connections are taken by calls that hang: their deadlines still fire, and the server is told of each', async () => {
    await withConnectedPeer(
      { 'tools/call': (exchange) => exchange.hang() },
      { connectionPoolLimits: { maxConnectionsPerHost: 2 } },
      async ({ server, peer }) => {
        const calls = [0, 1, 2, 3].map(() =>
          mcpRejection(server.callTool('call', {}, { timeoutMs: 150 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT'),
        );
        await Promise.all(calls);
        await until(() => peer.raw.busy === 0, 'everything was let go');
        await server.ping();
      },
    );
  });

  test('initialize is never taken back (2025-11-25 utilities, "Cancellation": MUST NOT)', async () => {
    await withPeer({ initialize: (exchange) => exchange.hang() }, { maxRetries: 0 }, async ({ server, peer }) => {
      const abort = new AbortController();
      const connecting = rejection(server.connect({ signal: abort.signal }));
      await until(() => peer.sent('initialize').length === 1, 'initialize came');
      abort.abort(new Error('enough'));
      assert.equal(((await connecting) as Error).message, 'enough');
      await until(() => peer.raw.busy === 0, 'the exchange was closed');
      assert.deepEqual(peer.order, ['initialize']);
    });
  });
});

describe('deadlines', () => {
  test('one byte every 20 ms does not make a call outlive its deadline', async () => {
    const answer: PeerAnswer = async (exchange) => {
      await exchange.head(200, { 'Content-Type': 'application/json', 'Content-Length': '100000' });
      while (!exchange.isClosed) {
        await exchange.raw.write(' ');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await withConnectedPeer({ 'tools/call': answer }, {}, async ({ server }) => {
      await mcpRejection(server.callTool('call', {}, { timeoutMs: 200 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
    });
  });

  test('progress keeps a call alive where it asked for that; the total deadline still ends it', async () => {
    const answer: PeerAnswer = async (exchange) => {
      const { progressToken } = exchange.request.message.params?.['_meta'] as { progressToken: string };
      await exchange.sse();
      for (let progress = 1; !exchange.isClosed; progress++) {
        await exchange.event({ data: { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } } });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await withConnectedPeer({ 'tools/call': answer }, {}, async ({ server }) => {
      let heard = 0;
      const options = { timeoutMs: 300, resetTimeoutOnProgress: true, maxTotalTimeoutMs: 900, onProgress: () => heard++ };
      await mcpRejection(server.callTool('call', {}, options), 'RequestTimeoutError', 'ERR_MCP_TOTAL_TIMEOUT');
      assert.ok(heard > 10);
    });
  });

  test('connectTimeoutMs bounds an attempt to connect to a server that says nothing', async () => {
    await withPeer({ initialize: (exchange) => exchange.hang() }, { connectTimeoutMs: 150, maxRetries: 0 }, async ({ server }) => {
      await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_CONNECT_TIMEOUT');
      assert.equal(server.connectionState, 'failed');
    });
  });

  test('a notification that is never answered holds nothing up', async () => {
    await withConnectedPeer(
      {
        'notifications/cancelled': (exchange) => exchange.hang(),
        'tools/call': (exchange) => (exchange.turn === 0 ? exchange.hang() : exchange.done()),
      },
      {},
      async ({ server }) => {
        await mcpRejection(server.callTool('call', {}, { timeoutMs: 50 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
        assert.equal(textOf(await server.callTool('call')), 'done');
      },
    );
  });
});

/** A test whose client lives by a fake clock; `pass` lets time go by and the sockets work. */
async function withPassingTime(
  script: PeerScript,
  body: (test: {
    server: ReturnType<typeof makeHTTPServer>;
    peer: HTTPPeer;
    clock: FakeClock;
    pass: (ms: number) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const pass = async (ms: number) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    await clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 30));
  };
  await withConnectedPeer(script, { clock, timeoutMs: 100_000_000 }, async ({ server, peer }) => {
    await body({ server, peer, clock, pass });
    const cleanup = server.cleanup();
    await pass(5_000);
    await cleanup;
  });
}

describe('what is sent again, and when (RFC 9110 section 10.2.3, Retry-After)', () => {
  const busyOnce = (headers: Readonly<Record<string, string>>, status: number = 503): PeerScript => ({
    'tools/list': (exchange) => (exchange.turn === 0 ? exchange.respond(status, headers) : exchange.json(exchange.reply({ tools: [] }))),
  });

  for (const status of [429, 503]) {
    test(`${status} with Retry-After in seconds: a list is asked for again when that has passed, not before`, async () => {
      await withPassingTime(busyOnce({ 'Retry-After': '7' }, status), async ({ server, peer, pass }) => {
        const list = server.listTools();
        await pass(6_900);
        assert.equal(peer.sent('tools/list').length, 1);
        await pass(200);
        assert.equal(peer.sent('tools/list').length, 2);
        assert.deepEqual(await list, []);
      });
    });
  }

  test('Retry-After as a date means the same', async () => {
    let when = '';
    const script: PeerScript = {
      'tools/list': (exchange) =>
        exchange.turn === 0 ? exchange.respond(503, { 'Retry-After': when }) : exchange.json(exchange.reply({ tools: [] })),
    };
    await withPassingTime(script, async ({ server, peer, clock, pass }) => {
      when = new Date(Math.ceil(clock.date() / 1_000) * 1_000 + 20_000).toUTCString();
      const list = server.listTools();
      await pass(15_000);
      assert.equal(peer.sent('tools/list').length, 1);
      await pass(6_500);
      assert.equal(peer.sent('tools/list').length, 2);
      assert.deepEqual(await list, []);
    });
  });

  test('Retry-After of 31 years is capped (limits.maxRetryAfterMs)', async () => {
    await withPassingTime(busyOnce({ 'Retry-After': '1000000000' }), async ({ server, peer, pass }) => {
      const list = server.listTools();
      await pass(60_100);
      assert.equal(peer.sent('tools/list').length, 2);
      assert.deepEqual(await list, []);
    });
  });

  test('Retry-After that says nothing is as good as none', async () => {
    await withPassingTime(busyOnce({ 'Retry-After': 'soon' }), async ({ server, peer, pass }) => {
      const list = server.listTools();
      await pass(100);
      assert.equal(peer.sent('tools/list').length, 2);
      assert.deepEqual(await list, []);
    });
  });

  test('an abort while it waits ends it', async () => {
    await withPassingTime(busyOnce({ 'Retry-After': '50' }), async ({ server, peer, pass }) => {
      const abort = new AbortController();
      const aborted = rejection(server.listTools({ signal: abort.signal }));
      await pass(1);
      abort.abort(new Error('enough'));
      assert.equal(((await aborted) as Error).message, 'enough');
      await pass(100_000);
      assert.equal(peer.sent('tools/list').length, 1);
    });
  });

  test('a tool is not called again, whatever the server asks for', async () => {
    await withPassingTime({ 'tools/call': (exchange) => exchange.respond(503, { 'Retry-After': '0' }) }, async ({ server, peer, pass }) => {
      const error = mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      await pass(1);
      assert.equal((await error).details['status'], 503);
      await pass(100_000);
      assert.equal(peer.sent('tools/call').length, 1);
    });
  });

  test('with retry: "idempotent" a tool that says that it only reads or may be repeated is; others are not', async () => {
    const tool = (name: string, annotations: object) => ({ name, inputSchema: { type: 'object' }, annotations });
    const tools = [
      tool('reads', { readOnlyHint: true }),
      tool('repeats', { idempotentHint: true }),
      tool('writes', { destructiveHint: true }),
    ];
    const failed = new Set<unknown>();
    const script: PeerScript = {
      'tools/list': (exchange) => exchange.json(exchange.reply({ tools })),
      'tools/call': (exchange) => {
        const name = exchange.request.message.params?.['name'];
        if (failed.has(name)) return exchange.done();
        failed.add(name);
        return exchange.respond(503);
      },
    };
    await withConnectedPeer(script, { checkArguments: true }, async ({ server, peer }) => {
      await server.listTools();
      assert.equal(textOf(await server.callTool('reads', {}, { retry: 'idempotent' })), 'done');
      assert.equal(textOf(await server.callTool('repeats', {}, { retry: 'idempotent' })), 'done');
      await mcpRejection(server.callTool('writes', {}, { retry: 'idempotent' }), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(peer.sent('tools/call').length, 5);
      failed.clear();
      await mcpRejection(server.callTool('reads'), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(peer.sent('tools/call').length, 6);
    });
  });

  test('with retry: "never" not even a list is', async () => {
    await withConnectedPeer(busyOnce({}), {}, async ({ server, peer }) => {
      await mcpRejection(server.listTools({ retry: 'never' }), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(peer.sent('tools/list').length, 1);
    });
  });

  test('maxRetries is how often, and then the last error is told', async () => {
    await withConnectedPeer(
      { 'tools/list': (exchange) => exchange.respond(503, {}, `try ${exchange.turn}`) },
      { maxRetries: 2 },
      async ({ server, peer }) => {
        const error = await mcpRejection(server.listTools(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['bodyStart'], 'try 2');
        assert.equal(peer.sent('tools/list').length, 3);
      },
    );
  });

  for (const status of [400, 401, 403, 404, 405, 422, 501]) {
    test(`${status} is an answer: nothing is sent again`, async () => {
      await withConnectedPeer({ 'tools/list': (exchange) => exchange.respond(status) }, {}, async ({ server, peer }) => {
        await mcpRejection(server.listTools(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
        assert.equal(peer.sent('tools/list').length, 1);
      });
    });
  }
});

describe('a connection that was kept open and is dead (stale keep-alive)', () => {
  /** Serves one request on every connection, and closes it when the next one has come. */
  function closing(seen: Set<number>, answer: (exchange: PeerExchange) => unknown): PeerAnswer {
    return (exchange) => {
      if (seen.has(exchange.request.connection)) return exchange.raw.socket.destroy();
      seen.add(exchange.request.connection);
      return answer(exchange);
    };
  }

  test('a list is asked for again on a new one', async () => {
    const script: PeerScript = { 'tools/list': closing(new Set(), (exchange) => exchange.json(exchange.reply({ tools: [] }))) };
    await withConnectedPeer(script, {}, async ({ server }) => {
      for (let turn = 0; turn < 10; turn++) assert.deepEqual(await server.listTools(), []);
    });
  });

  test(
    'a tool is called once for each call; the call that met the dead connection is told that nobody knows',
    { skip: RESENDS },
    async () => {
      const script: PeerScript = { 'tools/call': closing(new Set(), (exchange) => exchange.done()) };
      await withConnectedPeer(script, {}, async ({ server, peer }) => {
        const outcomes: string[] = [];
        for (let turn = 0; turn < 20; turn++)
          outcomes.push(await server.callTool('call').then(textOf, (error: MCPError) => `${error.code} ${error.delivery}`));
        assert.equal(peer.sent('tools/call').length, 20);
        assert.deepEqual(Array.from(new Set(outcomes)).sort(), ['ERR_MCP_NETWORK unknown', 'done']);
      });
    },
  );
});

describe('a server that is not there', () => {
  /** A port on which nobody listens. */
  async function freePort(): Promise<number> {
    const peer = await HTTPPeer.listen();
    const { port } = peer.raw;
    await peer.close();
    return port;
  }

  test('connect() is refused in words, unsent, as often as maxRetries says', { skip: SAYS_NO_CODE }, async () => {
    const server = makeHTTPServer(`http://127.0.0.1:${await freePort()}/mcp`, { maxRetries: 2 });
    const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_NETWORK');
    assert.equal(error.details['systemCode'], 'ECONNREFUSED');
    assert.equal(error.delivery, 'unsent');
    assert.equal(server.connectionState, 'failed');
    await server.cleanup();
  });

  test('one that speaks no TLS is not spoken to in the clear: the error says what the system said', { skip: SAYS_NO_CODE }, async () => {
    const demo = await startDemo();
    const server = makeHTTPServer(demo.url.replace('http:', 'https:'), { maxRetries: 0, headers: { Authorization: 'Bearer canary' } });
    try {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_NETWORK');
      assert.notEqual(error.details['systemCode'], undefined);
    } finally {
      await server.cleanup();
      await demo.stop();
    }
  });

  test('a name that does not exist', { skip: SAYS_NO_CODE }, async () => {
    const server = makeHTTPServer('http://no-such-host.invalid/mcp', { maxRetries: 0 });
    const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_NETWORK');
    assert.match(String(error.details['systemCode']), /ENOTFOUND|EAI_AGAIN/);
    assert.equal(error.delivery, 'unsent');
    await server.cleanup();
  });

  test('one that comes back is reached by the next call', async () => {
    const port = await freePort();
    const server = makeHTTPServer(`http://127.0.0.1:${port}/mcp`, { maxRetries: 0 });
    await rejection(server.connect());
    const demo = await startDemo('--port', String(port));
    try {
      await server.connect();
      assert.equal(textOf(await server.callTool('add', { a: 1, b: 1 })), '2');
    } finally {
      await server.cleanup();
      await demo.stop();
    }
  });

  test('a tool whose connection was refused was not called: it may be called again, and is', { skip: SAYS_NO_CODE }, async () => {
    const demo = await startDemo('--no-sessions', '--no-get', '--answers', 'json');
    const server = makeHTTPServer(demo.url, { maxRetries: 3, retryDelayMs: 300 });
    let again: Awaited<ReturnType<typeof startDemo>> | undefined;
    try {
      await server.connect();
      await demo.stop();
      const call = server.callTool('add', { a: 1, b: 2 });
      again = await startDemo('--port', String(demo.port), '--no-sessions', '--no-get', '--answers', 'json');
      assert.equal(textOf(await call), '3');
    } finally {
      await server.cleanup();
      await again?.stop();
    }
  });
});

describe('pages of a list (2025-11-25 utilities, "Pagination")', () => {
  const page = (exchange: PeerExchange, nextCursor?: string) =>
    exchange.json(
      exchange.reply({
        tools: [{ name: `tool-${exchange.turn}`, inputSchema: { type: 'object' } }],
        ...(nextCursor === undefined ? {} : { nextCursor }),
      }),
    );

  test('a server that gives the same cursor again is not followed in a circle', async () => {
    await withConnectedPeer({ 'tools/list': (exchange) => page(exchange, 'again') }, {}, async ({ server, peer }) => {
      const error = (await rejection(server.listTools())) as MCPError;
      assert.equal(error.code, 'ERR_MCP_CURSOR_LOOP');
      assert.equal(peer.sent('tools/list').length, 2);
    });
  });

  test('a server that always gives a new cursor is followed for limits.maxPages pages', async () => {
    await withConnectedPeer(
      { 'tools/list': (exchange) => page(exchange, `page-${exchange.turn}`) },
      { limits: { maxPages: 20 } },
      async ({ server, peer }) => {
        const error = await mcpRejection(server.listTools(), 'LimitError', 'ERR_MCP_LIMIT');
        assert.equal(error.details['limit'], 'maxPages');
        assert.equal(peer.sent('tools/list').length, 20);
      },
    );
  });

  test('an empty cursor is a cursor: only a missing one is the end', async () => {
    await withConnectedPeer(
      { 'tools/list': (exchange) => page(exchange, exchange.turn === 0 ? '' : undefined) },
      {},
      async ({ server, peer }) => {
        assert.deepEqual(
          (await server.listTools()).map(({ name }) => name),
          ['tool-0', 'tool-1'],
        );
        assert.equal(peer.sent('tools/list')[1]?.message.params?.['cursor'], '');
      },
    );
  });
});

describe('headers of the host', () => {
  test('go with every request; a function is asked before each, and may take its time', async () => {
    let asked = 0;
    const headers = async () => {
      const number = ++asked;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { Authorization: `Bearer ${number}`, 'X-Tenant': 'a b' };
    };
    const script: PeerScript = { GET: (exchange) => exchange.sse().then(() => exchange.hang()) };
    await withConnectedPeer(script, { headers, listen: true, peer: { sessions: ['s'] } }, async ({ server, peer }) => {
      await server.callTool('call');
      await server.ping();
      await until(() => peer.sent('GET').length === 1, 'it listens');
      await server.cleanup();
      // Once more for each connection, to tell who is asking.
      assert.ok(asked >= peer.requests.length);
      const tokens = peer.requests.map((request) => request.headers['authorization']);
      assert.equal(new Set(tokens).size, peer.requests.length);
      for (const request of peer.requests) assert.equal(request.headers['x-tenant'], 'a b');
      assert.equal(peer.sent('DELETE').length, 1);
    });
  });

  test('a function that throws or gives nonsense rejects the call, unsent; the next one is made', async () => {
    let answer: () => unknown = () => ({});
    await withConnectedPeer({}, { headers: () => answer() as Record<string, string>, maxRetries: 0 }, async ({ server, peer }) => {
      const before = peer.requests.length;
      answer = () => {
        throw new Error('no token');
      };
      assert.match(String(((await rejection(server.callTool('call'))) as Error).message), /no token/);
      answer = () => ({ 'X-A': 'a\r\nX-Evil: 1' });
      assert.ok((await rejection(server.callTool('call'))) instanceof TypeError);
      answer = () => 'nonsense';
      assert.ok((await rejection(server.callTool('call'))) instanceof TypeError);
      assert.equal(peer.requests.length, before);
      answer = () => ({});
      assert.equal(textOf(await server.callTool('call')), 'done');
    });
  });

  test('a function that never answers is ended by the deadline of the call', async () => {
    let hangs = false;
    await withConnectedPeer({}, { headers: () => (hangs ? new Promise<never>(() => {}) : {}) }, async ({ server }) => {
      hangs = true;
      await mcpRejection(server.callTool('call', {}, { timeoutMs: 100 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      hangs = false;
    });
  });

  test('a change of the object that was given changes nothing', async () => {
    const headers: Record<string, string> = { 'X-A': 'before' };
    await withConnectedPeer({}, { headers }, async ({ server, peer }) => {
      headers['X-A'] = 'after';
      headers['X-B'] = 'new';
      await server.ping();
      const sent = peer.sent('ping')[0]?.headers ?? {};
      assert.deepEqual([sent['x-a'], sent['x-b']], ['before', undefined]);
    });
  });
});
