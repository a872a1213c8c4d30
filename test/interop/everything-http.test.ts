/**
 * `@modelcontextprotocol/server-everything` over Streamable HTTP and over the old HTTP+SSE: what only these have: the requests
 * and their headers, sessions, streams that break and are resumed, endpoints, a server that goes away and comes back. Its
 * features are asserted on every road by the other files.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ConnectionError, InMemorySessionManager, StreamableHTTPMCPServer, createNodeFetch } from '../../lib/index.ts';
import { startEverything, stopUnused, withHTTPPeer, withHTTPServer } from './http-peers.ts';
import type { EverythingProgram, HTTPKind, HTTPPeer } from './http-peers.ts';
import { until } from './peers.ts';
import type { Exchange } from './recorder.ts';
import { socketsTo } from './socket-census.ts';

const LONG = 'trigger-long-running-operation';
const TOOLS = 13;

const text = (value: string): { type: string; text: string } => ({ type: 'text', text: value });
const completed = (duration: number, steps: number): { content: unknown[] } => ({
  content: [text(`Long running operation completed. Duration: ${duration} seconds, Steps: ${steps}.`)],
});

/** One server process of a kind for all tests that leave it as it was. */
function shared(kind: HTTPKind): () => Promise<EverythingProgram> {
  let starting: Promise<EverythingProgram> | undefined;
  after(async () => {
    if (starting !== undefined) await stopUnused(await starting);
  });
  return () => (starting ??= startEverything(kind));
}

const streamable = shared('streamableHttp');
const sse = shared('sse');

/** Runs `body` with a server process of its own, which it may kill. */
async function withMortal(kind: HTTPKind, body: (program: EverythingProgram) => Promise<void>): Promise<void> {
  const program = await startEverything(kind);
  try {
    await body(program);
  } finally {
    await program.stop();
  }
}

const sessionOf = ({ headers }: Exchange): string | undefined => headers['mcp-session-id'];
const lastEventOf = ({ headers }: Exchange): string | undefined => headers['last-event-id'];
const callOf = ({ message }: Exchange, tool: string): boolean => (message?.['params'] as { name?: unknown } | undefined)?.name === tool;

/** A message sent past the library, and the server's verdict on it. */
async function verdictOn(program: EverythingProgram, method: 'DELETE' | 'POST', session: string): Promise<number> {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json', 'mcp-session-id': session };
  const body = method === 'POST' ? JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) : null;
  const response = await fetch(program.url, { method, headers, body });
  await response.arrayBuffer();
  return response.status;
}

async function assertEchoes({ server }: HTTPPeer): Promise<void> {
  assert.deepEqual((await server.callTool('echo', { message: 'still here' })).content, [text('Echo: still here')]);
}

/** Lets the server log one message. */
async function logOnce({ server }: HTTPPeer): Promise<void> {
  await server.callTool('toggle-simulated-logging');
  await server.callTool('toggle-simulated-logging');
}

describe('server-everything over Streamable HTTP: the wire', () => {
  test('session and revision stand in every request after the handshake, and DELETE is the last (transports, "Session Management")', async () => {
    const program = await streamable();
    let seen: HTTPPeer | undefined;
    let session = '';
    await withHTTPPeer(program, { clientInfo: { name: 'interop', version: '1.2.3' }, protocolVersions: ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] }, async (peer) => {
      seen = peer;
      session = peer.session();
      assert.equal(peer.server.sessionId, session);
      await peer.listening();
      await assertEchoes(peer);
    });
    const { exchanges } = seen?.recorder ?? { exchanges: [] };
    const [first, ...rest] = exchanges;
    assert.deepEqual(first?.message, {
      jsonrpc: '2.0',
      id: first?.message?.['id'],
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'interop', version: '1.2.3' } },
    });
    assert.deepEqual([first === undefined ? '' : sessionOf(first), first?.headers['mcp-protocol-version']], [undefined, undefined]);
    for (const exchange of rest) assert.deepEqual([sessionOf(exchange), exchange.headers['mcp-protocol-version']], [session, '2025-11-25']);
    for (const { method, url, headers } of exchanges) {
      assert.equal(url, program.url);
      if (method === 'GET') assert.equal(headers['accept'], 'text/event-stream');
      if (method !== 'POST') continue;
      assert.deepEqual([headers['accept'], headers['content-type']], ['application/json, text/event-stream', 'application/json']);
    }
    const methods = exchanges.map(({ method, message }) => String(message?.['method'] ?? method));
    assert.deepEqual(methods.slice(0, 2), ['initialize', 'notifications/initialized']);
    assert.deepEqual(methods.slice(2, -1).sort(), ['GET', 'tools/call', 'tools/list']);
    assert.equal(methods.at(-1), 'DELETE');
  });

  test('a revision without the header for revisions gets none (2025-03-26, transports)', async () => {
    await withHTTPPeer(await streamable(), { protocolVersions: ['2025-03-26'] }, async (peer) => {
      await assertEchoes(peer);
      assert.deepEqual(peer.recorder.exchanges.filter(({ headers }) => 'mcp-protocol-version' in headers), []);
    });
  });

  test('headers of the host go with every request, asked for each time', async () => {
    let asked = 0;
    await withHTTPPeer(await streamable(), { headers: () => ({ 'x-turn': String((asked += 1)) }) }, async (peer) => {
      await peer.listening();
      await assertEchoes(peer);
      const turns = peer.recorder.exchanges.map(({ headers }) => headers['x-turn']);
      assert.ok(turns.length >= 4 && !turns.includes(undefined));
      assert.equal(new Set(turns).size, turns.length, 'no answer was used for two requests');
    });
  });

  test('a call taken back is told to the server once, by its id; an id is used once', async () => {
    await withHTTPPeer(await streamable(), { healthCheckIntervalMs: 0 }, async ({ server, recorder }) => {
      const controller = new AbortController();
      const call = server.callTool(LONG, { duration: 0.4, steps: 4 }, { signal: controller.signal, onProgress: () => controller.abort() });
      await assert.rejects(call, { name: 'AbortError' });
      await server.callTool(LONG, { duration: 0.6, steps: 1 });
      const cancelled = recorder.calls('notifications/cancelled').map(({ message }) => message?.['params'] as { requestId: unknown });
      assert.deepEqual(cancelled.map(({ requestId }) => requestId), [recorder.calls('tools/call')[0]?.message?.['id']]);
      const ids = recorder.exchanges.map(({ message }) => message?.['id']).filter((id) => id !== undefined);
      assert.equal(new Set(ids).size, ids.length);
    });
  });

  test('an idle connection is pinged where that is wanted, and nothing changes (utilities, "Ping")', async () => {
    await withHTTPPeer(await streamable(), { healthCheckIntervalMs: 50 }, async (peer) => {
      const states: string[] = [];
      peer.server.on('stateChanged', ({ to }) => states.push(to));
      await until(() => peer.recorder.calls('ping').length >= 3, 'three pings were sent');
      await peer.server.ping();
      await assertEchoes(peer);
      assert.deepEqual(states, []);
    });
  });

  test('get-env: the server is the process it is taken for', async () => {
    const program = await streamable();
    await withHTTPPeer(program, {}, async ({ server }) => {
      const { content } = await server.callTool('get-env');
      const environment = JSON.parse((content[0] as { text: string }).text) as Record<string, string>;
      assert.equal(environment['BAREWIRE_INTEROP_MARK'], program.mark);
    });
  });
});

describe('server-everything over Streamable HTTP: endpoints', () => {
  test('the path of serverUrl, the default /mcp/, and whatever a function gives later', async () => {
    const program = await streamable();
    const addressed = [
      { serverUrl: program.url },
      { serverUrl: new URL(program.url) },
      { serverUrl: program.origin },
      { serverUrl: program.origin, mcpEndpoint: () => Promise.resolve('/mcp') },
    ];
    for (const options of addressed) await withHTTPPeer(program, options, assertEchoes);
  });

  test('an endpoint that is not there is an error that tells the status', async () => {
    const program = await streamable();
    await withHTTPServer(program, { mcpEndpoint: '/nowhere', maxRetries: 0 }, async ({ server }) => {
      await assert.rejects(server.connect(), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.code, 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['status'], 404);
        return true;
      });
      assert.equal(server.connectionState, 'failed');
    });
  });

  test('nobody listens: connect() says so, and that nothing was sent', async () => {
    const program = await startEverything('streamableHttp');
    await program.stop();
    await withHTTPServer(program, { maxRetries: 0 }, async ({ server }) => {
      await assert.rejects(server.connect(), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.deepEqual([error.code, error.details['systemCode'], error.delivery], ['ERR_MCP_NETWORK', 'ECONNREFUSED', 'unsent']);
        return true;
      });
    });
  });
});

describe('server-everything over Streamable HTTP: sessions', () => {
  test('two handles have two sessions, and each hears its own messages only', async () => {
    const program = await streamable();
    await withHTTPPeer(program, {}, async (one) => {
      const first = one.session();
      await withHTTPPeer(program, {}, async (other) => {
        assert.notEqual(other.session(), first);
        const heard: [unknown[], unknown[]] = [[], []];
        for (const [index, { server, listening }] of [one, other].entries()) {
          server.on('log', ({ data }) => heard[index]?.push(data));
          await listening();
        }
        await logOnce(one);
        await logOnce(other);
        await until(() => heard[0].length + heard[1].length === 2, 'both heard');
        assert.match(String(heard[0][0]), new RegExp(`SessionId ${first}$`));
        assert.match(String(heard[1][0]), new RegExp(`SessionId ${other.session()}$`));
      });
    });
  });

  test('after cleanup() the server knows the session no more, and createNodeFetch leaves no socket', async () => {
    await withMortal('streamableHttp', async (program) => {
      const fetch = createNodeFetch();
      let session = '';
      await withHTTPPeer(program, { fetch }, async (peer) => {
        session = peer.session();
        await peer.listening();
        await assertEchoes(peer);
        assert.ok(socketsTo(program.port) >= 1, 'the census sees the stream');
      });
      await fetch.close();
      assert.equal(socketsTo(program.port), 0);
      assert.equal(await verdictOn(program, 'POST', session), 400);
    });
  });

  test('after cleanup() the platform’s fetch keeps idle sockets for a while, and none that a stream or a call holds', async () => {
    await withMortal('streamableHttp', async (program) => {
      const server = new StreamableHTTPMCPServer({ serverName: 'peer', serverUrl: program.url });
      await server.connect();
      const rejected = assert.rejects(server.callTool(LONG, { duration: 30, steps: 1 }), ConnectionError);
      await until(() => program.output.includes('Establishing new SSE stream'), 'the stream is there');
      await until(() => server.pendingRequests.some(({ method }) => method === 'tools/call'), 'the call is there');
      await server.cleanup();
      await rejected;
      await until(() => socketsTo(program.port) === 0, 'no socket leads to the server');
    });
  });

  test('a session that the server has lost is begun anew, once for all calls that meet the loss, with its stream', async () => {
    const program = await streamable();
    await withHTTPPeer(program, {}, async (peer) => {
      const { server, recorder } = peer;
      await peer.listening();
      await server.listTools();
      const first = peer.session();
      assert.equal(await verdictOn(program, 'DELETE', first), 200);
      const lists = await Promise.all(Array.from({ length: 5 }, () => server.listTools()));
      assert.deepEqual(lists.map((tools) => tools.length), Array.from({ length: 5 }, () => TOOLS));
      assert.equal(recorder.calls('initialize').length, 2);
      await until(() => peer.session() !== first, 'the server tells of the new session');
      assert.equal(server.sessionId, peer.session());
      const isOpen = (exchange: Exchange): boolean => sessionOf(exchange) === peer.session() && exchange.status === 200;
      await until(() => recorder.of('GET').some(isOpen), 'the stream is open again');
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      await logOnce(peer);
      await until(() => heard.length === 1, 'the new stream brings messages');
      await assertEchoes(peer);
    });
  });

  test('a tool call that meets the loss is not sent again: it says so, and the next one is answered', async () => {
    const program = await streamable();
    await withHTTPPeer(program, {}, async (peer) => {
      const { server, recorder } = peer;
      await assertEchoes(peer);
      assert.equal(await verdictOn(program, 'DELETE', peer.session()), 200);
      await assert.rejects(server.callTool('echo', { message: 'lost' }), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.deepEqual([error.code, error.delivery], ['ERR_MCP_SESSION_LOST', 'answered']);
        return true;
      });
      await assertEchoes(peer);
      assert.equal(recorder.calls('initialize').length, 2);
      assert.equal(recorder.calls('tools/call').length, 3);
    });
  });

  test('a session that a manager keeps is taken up by the next handle without a handshake, once it was proven', async () => {
    const program = await streamable();
    const sessionManager = new InMemorySessionManager();
    await withHTTPPeer(program, { sessionManager, endSessionOnCleanup: true }, async (one) => {
      const other = new StreamableHTTPMCPServer({ serverName: 'other', serverUrl: program.url, sessionManager });
      try {
        await other.connect();
        assert.equal(other.sessionId, one.session());
        assert.deepEqual(other.serverInfo, one.server.serverInfo);
        assert.equal(other.protocolVersion, '2025-11-25');
        assert.equal((await other.listTools()).length, TOOLS);
        assert.equal(program.begun.at(-1), one.session(), 'no session was begun for the second handle');
      } finally {
        await other.cleanup();
      }
      await assertEchoes(one);
    });
    await sessionManager.close();
  });
});

describe('server-everything over Streamable HTTP: cleanup() while connect() is on its way', () => {
  for (const held of ['initialize', 'notifications/initialized']) {
    test(`${held} has not gone out yet: cleanup() wins, and no session is left`, async () => {
      await withHTTPServer(await streamable(), {}, async ({ server, recorder }) => {
        let release = (): void => undefined;
        const released = new Promise<void>((resolve) => (release = resolve));
        recorder.gate = ({ message }) => (message?.['method'] === held ? released : Promise.resolve());
        const connecting = assert.rejects(server.connect(), ConnectionError);
        await until(() => recorder.calls(held).length === 1, 'the handshake has come so far');
        const cleaning = server.cleanup();
        release();
        await Promise.all([connecting, cleaning]);
        assert.equal(server.connectionState, 'disconnected');
      });
    });
  }
});

describe('server-everything over Streamable HTTP: streams', () => {
  test('listen: false opens no stream, and calls work', async () => {
    await withHTTPPeer(await streamable(), { listen: false }, async (peer) => {
      await assertEchoes(peer);
      assert.deepEqual(peer.recorder.of('GET'), []);
    });
  });

  test('a call’s stream that breaks is resumed: the answer comes, and each report once (transports, "Resumability and Redelivery")', async () => {
    const program = await streamable();
    await withHTTPPeer(program, {}, async ({ server, recorder, listening }) => {
      await listening();
      const other = new StreamableHTTPMCPServer({ serverName: 'other', serverUrl: program.url });
      await other.connect();
      recorder.breaker = (exchange) => (callOf(exchange, LONG) ? (soFar) => soFar.includes('"progress":1') : undefined);
      // This server gives what it kept when it is asked, and nothing afterwards: the client may ask when all is there.
      recorder.gate = async (exchange) => {
        if (lastEventOf(exchange) !== undefined) await other.callTool(LONG, { duration: 0.6, steps: 1 });
      };
      const reports: number[] = [];
      const result = await server.callTool(LONG, { duration: 0.3, steps: 3 }, { onProgress: ({ progress }) => reports.push(progress) });
      await other.cleanup();
      assert.deepEqual(result, completed(0.3, 3));
      assert.deepEqual(reports, [1, 2, 3]);
      assert.equal(recorder.exchanges.filter((exchange) => callOf(exchange, LONG)).length, 1, 'the call was sent once');
    });
  });

  test('a call’s stream that breaks before its first message is resumed from the event that opened it (2025-11-25)', async () => {
    const program = await streamable();
    await withHTTPPeer(program, {}, async ({ server, recorder, listening }) => {
      await listening();
      const other = new StreamableHTTPMCPServer({ serverName: 'other', serverUrl: program.url });
      await other.connect();
      recorder.breaker = (exchange) => (callOf(exchange, LONG) ? (soFar) => soFar.includes('\n\n') : undefined);
      recorder.gate = async (exchange) => {
        if (lastEventOf(exchange) !== undefined) await other.callTool(LONG, { duration: 0.4, steps: 1 });
      };
      assert.deepEqual(await server.callTool(LONG, { duration: 0.2, steps: 1 }), completed(0.2, 1));
      await other.cleanup();
      assert.equal(recorder.exchanges.filter((exchange) => callOf(exchange, LONG)).length, 1);
    });
  });

  test('the standing stream that breaks is resumed where it ended: what was said in between arrives, once', async () => {
    const program = await streamable();
    // This server sends again whatever came after the event, of other streams too: replies that were heard already.
    await withHTTPServer(program, {}, async (peer) => {
      const { server, recorder } = peer;
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      const isFirst = (exchange: Exchange): boolean => exchange.method === 'GET' && lastEventOf(exchange) === undefined;
      recorder.breaker = (exchange) => (isFirst(exchange) ? (soFar) => soFar.includes('notifications/message') : undefined);
      recorder.gate = (exchange) => (lastEventOf(exchange) === undefined ? Promise.resolve() : released);
      await server.connect();
      await peer.listening();
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      await logOnce(peer);
      await until(() => heard.length === 1, 'the first message is heard');
      await until(() => recorder.of('GET').length === 2, 'the stream is asked for again');
      await logOnce(peer);
      await logOnce(peer);
      assert.equal(heard.length, 1);
      release();
      await until(() => heard.length >= 3, 'what was missed arrives');
      await assertEchoes(peer);
      assert.equal(heard.length, 3);
      assert.equal(server.connectionState, 'connected');
    });
  });
});

for (const kind of ['streamableHttp', 'sse'] as const) {
  describe(`server-everything as ${kind}: a server that goes away`, () => {
    test('killed in the middle of a call: the call says that nobody knows, and a new server at the same place takes over', async () => {
      await withMortal(kind, async (program) => {
        await withHTTPServer(program, {}, async (peer) => {
          const { server } = peer;
          await server.connect();
          let replacing: Promise<EverythingProgram> | undefined;
          const replace = (): Promise<EverythingProgram> => program.stop('SIGKILL').then(() => startEverything(kind, program.port));
          const call = server.callTool(LONG, { duration: 30, steps: 300 }, { onProgress: () => void (replacing ??= replace()) });
          await assert.rejects(call, (error: unknown) => {
            assert.ok(error instanceof ConnectionError, String(error));
            assert.equal(error.delivery, 'unknown');
            return true;
          });
          const next = (await replacing) ?? program;
          try {
            assert.notEqual(next, program);
            await server.connect();
            assert.equal((await server.listTools()).length, TOOLS);
            await assertEchoes(peer);
            await server.cleanup();
            await until(() => next.begun.length === 1 && next.ended.length === 1, 'the one new session ends with cleanup()');
          } finally {
            await next.stop();
          }
        });
      });
    });

    test('replaced between two calls: the second is answered by the new server, in a new session', async () => {
      await withMortal(kind, async (program) => {
        await withHTTPServer(program, {}, async ({ server }) => {
          await server.connect();
          assert.equal((await server.listTools()).length, TOOLS);
          await program.stop('SIGKILL');
          const next = await startEverything(kind, program.port);
          try {
            // An old HTTP+SSE server takes its session with it in sight of everybody: the handle has to be connected again.
            if (kind === 'sse') await server.connect();
            assert.equal((await server.listTools()).length, TOOLS);
            assert.equal(next.begun.length, 1);
            await server.cleanup();
            await until(() => next.ended.length === 1, 'the new session ends with cleanup()');
          } finally {
            await next.stop();
          }
        });
      });
    });
  });
}

describe('server-everything over HTTP+SSE: the wire', () => {
  test('refused POSTs, then one stream for all, then POSTs to the place it names (2025-11-25, "Backwards Compatibility")', async () => {
    const program = await sse();
    let seen: HTTPPeer | undefined;
    await withHTTPPeer(program, { protocolVersions: ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] }, async (peer) => {
      seen = peer;
      await assertEchoes(peer);
      assert.ok(socketsTo(program.port) >= 1, 'the census sees the stream');
    });
    const exchanges = seen?.recorder.exchanges ?? [];
    const found = exchanges.findIndex(({ method }) => method === 'GET');
    const [probe, ...others] = exchanges.slice(0, found);
    const [stream, ...posts] = exchanges.slice(found);
    assert.deepEqual([probe?.method, probe?.url, probe?.message?.['method'], probe?.status], ['POST', program.url, 'initialize', 404]);
    // The same place with a slash at its end may be tried before the old transport is.
    for (const { method, url, status } of others) assert.deepEqual([method, url, status], ['POST', `${program.url}/`, 404]);
    assert.deepEqual([stream?.method, stream?.url, stream?.status], ['GET', program.url, 200]);
    assert.equal(stream?.headers['accept'], 'text/event-stream');
    const messages = `${program.origin}/message?sessionId=${program.begun.at(-1)}`;
    assert.deepEqual(posts.map(({ method, url, status }) => [method, url, status]), posts.map(() => ['POST', messages, 202]));
    assert.deepEqual(posts.map(({ message }) => message?.['method']), ['initialize', 'notifications/initialized', 'tools/list', 'tools/call']);
  });

  test('legacySSE: false: the refusal is the answer', async () => {
    await withHTTPServer(await sse(), { legacySSE: false, maxRetries: 0 }, async ({ server, recorder }) => {
      await assert.rejects(server.connect(), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.deepEqual([error.code, error.details['status']], ['ERR_MCP_HTTP_STATUS', 404]);
        return true;
      });
      assert.deepEqual(recorder.of('GET'), []);
    });
  });

  test('createNodeFetch: cleanup() ends the stream, and close() leaves no socket', async () => {
    await withMortal('sse', async (program) => {
      const fetch = createNodeFetch();
      await withHTTPPeer(program, { fetch }, assertEchoes);
      await fetch.close();
      assert.equal(socketsTo(program.port), 0);
    });
  });
});
