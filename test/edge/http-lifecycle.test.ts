/**
 * A handle over Streamable HTTP from its options to its end, on real sockets: where the endpoint is, whose fetch sends, many calls at
 * once, and what is left.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import type { MCPError } from '../../lib/index.ts';
import { hostCommand } from '../helpers/fixture.ts';
import { HTTPPeer, startDemo } from '../helpers/http-server.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { makeHTTPServer, withConnectedPeer, withPeer, withinTime } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

describe('many at once', () => {
  test('5,000 calls in flight: none fails, and there are no more connections than allowed', { timeout: 60_000 }, async () => {
    const script: PeerScript = {
      'tools/call': (exchange) => exchange.done(String((exchange.request.message.params?.['arguments'] as { n: number }).n)),
    };
    await withConnectedPeer(
      script,
      { connectionPoolLimits: { maxConnectionsPerHost: 50 }, timeoutMs: 60_000 },
      async ({ server, peer }) => {
        const calls = Array.from({ length: 5_000 }, (_, n) => server.callTool('call', { n }).then(textOf));
        assert.deepEqual(
          await Promise.all(calls),
          Array.from({ length: 5_000 }, (_, n) => String(n)),
        );
        assert.equal(peer.sent('tools/call').length, 5_000);
        // The platform's fetch opens one more when it is asked in the very moment in which one becomes free.
        assert.ok(peer.raw.mostSockets <= 150, `${peer.raw.mostSockets} connections at once`);
      },
    );
  });

  test('calls that wait in line are served in the order in which they came', async () => {
    await withConnectedPeer({}, { connectionPoolLimits: { maxConnections: 1 } }, async ({ server, peer }) => {
      await Promise.all(Array.from({ length: 30 }, (_, n) => server.callTool('call', { n })));
      const order = peer.sent('tools/call').map(({ message }) => (message.params?.['arguments'] as { n: number }).n);
      assert.deepEqual(
        order,
        Array.from({ length: 30 }, (_, n) => n),
      );
    });
  });

  test('two hundred errors with bodies that nobody reads hold no connections', async () => {
    const script: PeerScript = { 'tools/call': (exchange) => exchange.respond(500, { 'Content-Type': 'text/plain' }, 'e'.repeat(200_000)) };
    await withConnectedPeer(script, { connectionPoolLimits: { maxConnections: 8 }, maxRetries: 0 }, async ({ server, peer }) => {
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, () => rejection(server.callTool('call')).then((error) => (error as MCPError).code)),
      );
      assert.deepEqual(new Set(outcomes), new Set(['ERR_MCP_HTTP_STATUS']));
      await until(() => peer.raw.busy === 0, 'nothing is being written any more', 20_000);
      await until(() => peer.raw.openSockets <= 9, 'no connection is held', 20_000);
      await server.ping();
    });
  });

  test('concurrent connect() calls make one session', async () => {
    await withPeer({}, { peer: { sessions: ['s-1', 's-2'] } }, async ({ server, peer }) => {
      await Promise.all(Array.from({ length: 20 }, () => server.connect()));
      assert.deepEqual(peer.order, ['initialize', 'notifications/initialized']);
    });
  });
});

describe('where the endpoint is', () => {
  const found: readonly (readonly [
    string,
    (origin: string) => { serverUrl: string | URL; mcpEndpoint?: string | (() => string | Promise<string>) },
    string,
  ])[] = [
    ['an origin alone', (origin) => ({ serverUrl: origin }), '/mcp/'],
    ['an origin with a slash', (origin) => ({ serverUrl: `${origin}/` }), '/mcp/'],
    ['a path', (origin) => ({ serverUrl: `${origin}/a/b` }), '/a/b'],
    ['a path with a slash and a query', (origin) => ({ serverUrl: new URL(`${origin}/a/b/?key=1`) }), '/a/b/?key=1'],
    ['an endpoint', (origin) => ({ serverUrl: origin, mcpEndpoint: '/x' }), '/x'],
    ['a function', (origin) => ({ serverUrl: origin, mcpEndpoint: () => '/y' }), '/y'],
    ['a function that takes its time', (origin) => ({ serverUrl: origin, mcpEndpoint: async () => '/z/' }), '/z/'],
  ];
  for (const [name, options, path] of found) {
    test(`${name}: ${path}`, async () => {
      const peer = await HTTPPeer.listen();
      const server = makeHTTPServer(peer.url, options(peer.origin));
      try {
        await server.connect();
        await server.ping();
        assert.deepEqual(new Set(peer.requests.map((request) => request.path)), new Set([path]));
      } finally {
        await server.cleanup();
        await peer.close();
      }
    });
  }

  for (const [wrong, right] of [
    ['/mcp', '/mcp/'],
    ['/mcp/', '/mcp'],
  ] as const) {
    for (const [name, refuse] of [
      ['redirects with 307', (exchange: PeerExchange) => exchange.respond(307, { Location: right })],
      ['redirects with 308', (exchange: PeerExchange) => exchange.respond(308, { Location: right })],
      ['answers 404', (exchange: PeerExchange) => exchange.respond(404)],
      ['answers 405', (exchange: PeerExchange) => exchange.respond(405)],
    ] as const) {
      test(`a server that ${name} at ${wrong} and means ${right} is reached, and asked at ${right} from then on`, async () => {
        const script: PeerScript = { '*': (exchange) => (exchange.request.path === right ? 'pass' : refuse(exchange)) };
        await withConnectedPeer(script, { legacySSE: true, peer: { path: wrong, sessions: ['s'] } }, async ({ server, peer }) => {
          const before = peer.requests.length;
          await server.ping();
          await server.callTool('call');
          await server.cleanup();
          assert.deepEqual(
            peer.requests.slice(before).map((request) => request.path),
            [right, right, right],
            'the one that works is remembered',
          );
        });
      });
    }
  }

  for (const url of [
    '/mcp',
    'mcp.example.com',
    '',
    'ftp://127.0.0.1/mcp',
    'file:///mcp',
    'http://user:password@127.0.0.1/mcp',
    'http://127.0.0.1/mcp#x',
    'ws://127.0.0.1/',
    'http://',
    'javascript:alert(1)',
  ]) {
    test(`"${url}" is a TypeError at the constructor that shows no password`, () => {
      assert.throws(
        () => makeHTTPServer(url),
        (error: Error) => error instanceof TypeError && !error.message.includes('password@'),
      );
    });
  }

  test('unknown options and wrong values are refused by name', () => {
    const url = 'http://127.0.0.1:1/mcp';
    for (const [name, value] of [
      ['timeout', 1],
      ['timeoutMs', -1],
      ['timeoutMs', '5'],
      ['headers', 'x'],
      ['maxRetries', 1.5],
      ['fetch', 'fetch'],
      ['sessionManager', {}],
      ['listen', 'yes'],
      ['connectionPoolLimits', { maxSockets: 1 }],
      ['connectionPoolLimits', { maxConnections: 0 }],
    ] as const) {
      assert.throws(
        () => makeHTTPServer(url, { [name]: value }),
        (error: Error) =>
          (error instanceof TypeError || error instanceof RangeError) &&
          error.message.includes(typeof value === 'object' && 'maxSockets' in value ? 'maxSockets' : name),
        name,
      );
    }
  });
});

describe('a fetch of the host', () => {
  test('is used for everything, with redirects left to us, one signal a request and no more than the contract', async () => {
    const calls: { url: string; redirect: string; signal: AbortSignal | undefined }[] = [];
    const own: typeof globalThis.fetch = (url, init) => {
      calls.push({ url: String(url), redirect: String(init?.redirect), signal: init?.signal ?? undefined });
      return fetch(url, init);
    };
    await withConnectedPeer({}, { fetch: own as never, peer: { sessions: ['s'] } }, async ({ server, peer }) => {
      await server.callTool('call');
      await server.cleanup();
      assert.equal(calls.length, peer.requests.length);
      for (const call of calls) assert.equal(call.redirect, 'manual');
      const signals = calls.map(({ signal }) => signal).filter((signal) => signal !== undefined);
      assert.equal(new Set(signals).size, signals.length);
    });
  });

  test('a redirect from https to http is not followed: nothing is sent there', async () => {
    const urls: string[] = [];
    const own = (url: string) => {
      urls.push(url);
      return Promise.resolve(new Response(null, { status: 307, headers: { Location: 'http://mcp.example.com/mcp' } }));
    };
    const server = makeHTTPServer('https://mcp.example.com/mcp', {
      fetch: own as never,
      maxRetries: 0,
      headers: { Authorization: 'Bearer canary' },
    });
    const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_REDIRECT');
    assert.doesNotMatch(`${error.stack}${JSON.stringify(error.details)}`, /canary/);
    assert.deepEqual(urls, ['https://mcp.example.com/mcp']);
    await server.cleanup();
  });

  for (const [name, own] of [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects with no error', () => Promise.reject('broken')],
  ] as const) {
    test(`one that ${name} is a typed error`, async () => {
      const server = makeHTTPServer('http://127.0.0.1:9/mcp', { fetch: own as never, maxRetries: 0 });
      const error = (await rejection(server.connect())) as MCPError;
      assert.equal(error.name, 'ConnectionError', String(error));
      await server.cleanup();
    });
  }

  test('the one of the platform is read when it is called', async () => {
    const original = globalThis.fetch;
    const peer = await HTTPPeer.listen();
    const server = makeHTTPServer(peer.url, { fetch: undefined });
    let used = 0;
    try {
      globalThis.fetch = ((...args: Parameters<typeof original>) => {
        used++;
        return original(...args);
      }) as typeof original;
      await server.connect();
      assert.ok(used > 0);
    } finally {
      globalThis.fetch = original;
      await server.cleanup();
      await peer.close();
    }
  });
});

describe('the end', () => {
  test('cleanup() in the middle of everything: each call is rejected once, every exchange is closed, nothing more is sent', async () => {
    const script: PeerScript = {
      'tools/call': (exchange) => (exchange.turn % 2 === 0 ? exchange.hang() : exchange.sse().then(() => exchange.hang())),
      GET: (exchange) => exchange.sse().then(() => exchange.hang()),
    };
    await withConnectedPeer(
      script,
      { listen: true, connectionPoolLimits: { maxConnections: 10 }, peer: { sessions: ['s'] } },
      async ({ server, peer }) => {
        const calls = Array.from({ length: 40 }, () => rejection(server.callTool('call')));
        await until(() => peer.sent('tools/call').length === 10 && peer.sent('GET').length === 1, 'ten calls came');
        await server.cleanup();
        for (const reason of await Promise.all(calls)) assert.equal((reason as MCPError).code, 'ERR_MCP_CONNECTION_CLOSED');
        await until(() => peer.raw.busy === 0, 'every exchange is closed', 20_000);
        const sent = peer.requests.length;
        assert.equal(peer.sent('tools/call').length, 10);
        assert.equal(peer.sent('DELETE').length, 1);
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(peer.requests.length, sent);
        assert.deepEqual(server.pendingRequests, []);
      },
    );
  });

  test('cleanup() during connect() wins', async () => {
    await withPeer({ initialize: (exchange) => exchange.hang() }, {}, async ({ server, peer }) => {
      const connecting = rejection(server.connect());
      await until(() => peer.sent('initialize').length === 1, 'initialize came');
      await server.cleanup();
      assert.equal(((await connecting) as MCPError).name, 'ConnectionError');
      assert.equal(server.connectionState, 'disconnected');
      await until(() => peer.raw.busy === 0, 'the exchange is closed');
    });
  });

  test('cleanup() keeps its time with a fetch that hears no signal', async () => {
    const deaf: typeof globalThis.fetch = (url, init) => {
      const { signal: _unheard, ...rest } = init ?? {};
      return fetch(url, rest);
    };
    const script: PeerScript = {
      'tools/call': (exchange) => exchange.hang(),
      GET: (exchange) => exchange.sse().then(() => exchange.hang()),
      DELETE: (exchange) => exchange.hang(),
    };
    const peer = await HTTPPeer.listen(script, { sessions: ['s'] });
    const server = makeHTTPServer(peer.url, { fetch: deaf as never, listen: true, shutdownTimeoutMs: 400 });
    try {
      await server.connect();
      const call = rejection(server.callTool('call'));
      await until(() => peer.sent('tools/call').length === 1 && peer.sent('GET').length === 1, 'the call came');
      await withinTime(server.cleanup(), 'cleanup() ended', 3_000);
      assert.equal(((await call) as MCPError).code, 'ERR_MCP_CONNECTION_CLOSED');
      assert.equal(server.connectionState, 'disconnected');
    } finally {
      await peer.close();
    }
  });

  test('before connect() and after cleanup() calls are refused, unsent', async () => {
    await withPeer({}, {}, async ({ server, peer }) => {
      await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      await server.connect();
      await server.cleanup();
      const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      assert.equal(error.delivery, 'unsent');
      assert.equal(peer.sent('tools/call').length, 0);
    });
  });

  for (const [scenario, era] of [['tidy', 'modern'], ['tidy', 'legacy'], ['busy', 'modern'], ['busy', 'legacy'], ['forgetful', 'modern'], ['refused', 'modern']] as const) {
    test(`the process of a host ends by itself: ${scenario}, ${era}`, { timeout: 30_000 }, async () => {
      const demo = await startDemo(`--${era}`);
      try {
        const outcome = await runHost(scenario, demo.url);
        assert.deepEqual(
          { code: outcome.code, problems: outcome.problems, timers: outcome.resources.filter((name) => name === 'Timeout') },
          { code: 0, problems: [], timers: [] },
        );
      } finally {
        await demo.stop();
      }
    });
  }
});

interface HostOutcome {
  readonly code: number | null;
  readonly problems: readonly string[];
  readonly resources: readonly string[];
}

/** Runs test/fixtures/demo-http-host.mjs to its end. */
async function runHost(scenario: string, url: string): Promise<HostOutcome> {
  const [program = '', ...args] = hostCommand('demo-http-host', scenario, url);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const guard = setTimeout(() => child.kill('SIGKILL'), 15_000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(guard);
  const { problems, resources } = JSON.parse(output || '{"problems":["no output"],"resources":[]}') as HostOutcome;
  return { code, problems, resources };
}
