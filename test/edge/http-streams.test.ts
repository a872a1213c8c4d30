/**
 * Streams over real sockets: the one that is listened to, and those of answers that break and are resumed. Time that a server asks
 * for passes on a fake clock. Source: 2025-11-25 transports, "Listening for Messages from the Server", "Resumability and Redelivery".
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MCPError } from '../../lib/index.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FaultProxy } from '../helpers/fault-proxy.ts';
import { startDemo, textResult } from '../helpers/http-server.ts';
import type { DemoHTTPServer, PeerAnswer, PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { deafFetch, RUNTIME, withConnectedPeer, withHTTP } from '../helpers/http-server-handle.ts';
import type { PeerTest, PeerTestOptions } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const CHANGED = { data: { jsonrpc: '2.0', method: 'notifications/tools/list_changed' } };
const LONG = { timeoutMs: 3_600_000 };

/** A test whose client lives by a fake clock. */
function withFakeClock(
  script: PeerScript,
  options: PeerTestOptions,
  body: (test: PeerTest & { clock: FakeClock }) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  return withConnectedPeer(script, { ...LONG, clock, ...options }, async (test) => {
    await body({ ...test, clock });
    // What is still to be let go of may wait for time to pass.
    const cleanup = test.server.cleanup();
    await clock.advance(5_000);
    await cleanup;
  });
}

/** Lets time pass in steps until `condition` holds; gives how much passed. The sockets are real, so each step takes a moment. */
async function passUntil(clock: FakeClock, condition: () => boolean, stepMs: number, mostMs: number): Promise<number> {
  for (let passed = 0; passed <= mostMs; passed += stepMs) {
    await new Promise((resolve) => setTimeout(resolve, 3));
    if (condition()) return passed;
    await clock.advance(stepMs);
  }
  throw new Error(`It did not happen within ${mostMs} ms`);
}

/** Lets everything happen that needs no time to pass. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 40));
}

/** Cuts the connection when what was written has had time to be read: not every fetch hands on what came just before the end. */
async function cutLater(exchange: PeerExchange): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  exchange.raw.close();
}

describe('the stream to listen to', () => {
  test('is opened when the connection is there, with the headers of the session; what comes on it is heard', async () => {
    const script = {
      GET: async (exchange: PeerExchange) => {
        await exchange.sse();
        await exchange.event(CHANGED);
        await exchange.event({ data: { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: 'oh' } } });
        await exchange.hang();
      },
    };
    await withConnectedPeer(
      script,
      { listen: true, peer: { sessions: ['s-1'], protocolVersion: '2025-06-18' } },
      async ({ peer, seen }) => {
        await until(() => seen.logs.length === 1, 'the log came');
        await until(() => seen.toolsChanged === 1, 'the change was heard');
        const [get, ...more] = peer.sent('GET');
        assert.deepEqual(more, []);
        assert.match(get?.headers['accept'] ?? '', /text\/event-stream/);
        assert.equal(get?.headers['mcp-session-id'], 's-1');
        assert.equal(get?.headers['mcp-protocol-version'], '2025-06-18');
        assert.equal(get?.headers['last-event-id'], undefined);
        assert.ok(peer.order.indexOf('GET') > peer.order.indexOf('notifications/initialized'), 'not before the handshake is over');
      },
    );
  });

  test('is let go of by cleanup() where the fetch hears no signal once it has answered', async () => {
    const script = { GET: async (exchange: PeerExchange) => (await exchange.sse(), exchange.hang()) };
    await withConnectedPeer(script, { listen: true, fetch: deafFetch() }, async ({ server, peer }) => {
      await until(() => peer.sent('GET').length === 1 && peer.raw.busy === 1, 'the stream is open');
      await server.cleanup();
      await until(() => peer.raw.busy === 0, 'the stream was let go');
    });
  });

  test('is not opened with listen: false', async () => {
    await withConnectedPeer({}, { listen: false }, async ({ server, peer }) => {
      await server.ping();
      await rest();
      assert.equal(peer.sent('GET').length, 0);
    });
  });

  for (const status of [405, 404, 400, 501]) {
    test(`${status} means that there is none: it is never asked for again, and everything else works`, async () => {
      await withFakeClock({ GET: (exchange) => exchange.respond(status) }, { listen: true }, async ({ server, peer, clock }) => {
        await until(() => peer.sent('GET').length === 1, 'it asked');
        for (let hour = 0; hour < 24; hour++) await clock.advance(3_600_000);
        await rest();
        assert.equal(peer.sent('GET').length, 1);
        await server.ping();
        assert.equal(server.connectionState, 'connected');
      });
    });
  }

  test(
    'a server that always answers 200 and ends is asked with longer and longer pauses, nine times in all, and then left alone',
    { timeout: 20_000 },
    async () => {
      await withFakeClock({ GET: (exchange) => exchange.stream([]) }, { listen: true }, async ({ server, peer, seen, clock }) => {
        const pauses: number[] = [];
        await until(() => peer.sent('GET').length === 1, 'it asked');
        for (let count = 1; count < 9; count++) pauses.push(await passUntil(clock, () => peer.sent('GET').length > count, 200, 60_000));
        // 1 s × 1.6 after each failure, ± 20 %, 30 s at most; a step of the clock is 200 ms.
        pauses.forEach((pause, index) => {
          const planned = Math.min(30_000, 1_000 * 1.6 ** index);
          assert.ok(pause >= planned * 0.8 - 400 && pause <= planned * 1.2 + 400, `pause ${index} was ${pause} ms`);
        });
        for (let hour = 0; hour < 24; hour++) await clock.advance(3_600_000);
        await rest();
        assert.equal(peer.sent('GET').length, 9);
        assert.ok(
          seen.faults.some(({ code }) => code === 'ERR_MCP_STREAM_LOST'),
          'giving up is told',
        );
        await server.ping();
      });
    },
  );

  test('limits.maxReconnects is the number of tries', async () => {
    await withFakeClock(
      { GET: (exchange) => exchange.stream([]) },
      { listen: true, limits: { maxReconnects: 2 } },
      async ({ peer, clock }) => {
        await passUntil(clock, () => peer.sent('GET').length === 3, 1_000, 60_000);
        for (let hour = 0; hour < 10; hour++) await clock.advance(3_600_000);
        await rest();
        assert.equal(peer.sent('GET').length, 3);
      },
    );
  });

  test('a stream on which a message came is progress: the tries begin anew', { timeout: 20_000 }, async () => {
    await withFakeClock(
      { GET: (exchange) => exchange.stream([CHANGED]) },
      { listen: true, limits: { maxReconnects: 2 } },
      async ({ peer, clock }) => {
        await passUntil(clock, () => peer.sent('GET').length === 12, 500, 120_000);
      },
    );
  });

  test('events without a message are no progress', async () => {
    const quiet = [
      { event: 'ping', data: 'x' },
      { id: '1', data: '' },
    ];
    await withFakeClock(
      { GET: (exchange) => exchange.stream(quiet) },
      { listen: true, limits: { maxReconnects: 2 } },
      async ({ peer, clock }) => {
        await passUntil(clock, () => peer.sent('GET').length === 3, 1_000, 60_000);
        for (let hour = 0; hour < 10; hour++) await clock.advance(3_600_000);
        await rest();
        assert.equal(peer.sent('GET').length, 3);
      },
    );
  });

  test(
    '"retry" of the server is the least it waits, every time (2025-11-25: the client MUST respect it)',
    { timeout: 20_000 },
    async () => {
      await withFakeClock(
        { GET: (exchange) => exchange.stream([{ retry: 5_000, id: String(exchange.turn), data: '' }]) },
        { listen: true },
        async ({ peer, clock }) => {
          await until(() => peer.sent('GET').length === 1, 'it asked');
          for (let count = 1; count < 6; count++) {
            const pause = await passUntil(clock, () => peer.sent('GET').length > count, 100, 60_000);
            assert.ok(pause >= 4_900, `pause ${count} was about ${pause} ms`);
          }
        },
      );
    },
  );

  test('"retry" of a trillion milliseconds is capped (limits.maxRetryDelayMs)', async () => {
    await withFakeClock(
      { GET: (exchange) => exchange.stream([{ retry: '1000000000000' }, CHANGED]) },
      { listen: true },
      async ({ peer, clock }) => {
        await until(() => peer.sent('GET').length === 1, 'it asked');
        await passUntil(clock, () => peer.sent('GET').length === 2, 1_000, 40_000);
      },
    );
  });

  test('there is one at a time, whatever happens to it', { timeout: 20_000 }, async () => {
    let open = 0;
    let most = 0;
    const script = {
      GET: async (exchange: PeerExchange) => {
        most = Math.max(most, ++open);
        await exchange.sse();
        await exchange.event(CHANGED);
        if (exchange.turn % 3 === 0) await exchange.endStream();
        else if (exchange.turn % 3 === 1) exchange.raw.reset();
        else exchange.raw.close();
        open--;
      },
    };
    await withFakeClock(script, { listen: true }, async ({ server, peer, clock }) => {
      await passUntil(clock, () => peer.sent('GET').length >= 10, 1_000, 60_000);
      await Promise.all(Array.from({ length: 5 }, () => server.connect()));
      assert.equal(most, 1);
    });
  });

  test('it is resumed behind the last event, and each message is heard once', async () => {
    const script = {
      GET: async (exchange: PeerExchange) => {
        await exchange.sse();
        const last = Number(exchange.request.headers['last-event-id'] ?? 0);
        await exchange.event({
          id: String(last + 1),
          data: { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: last + 1 } },
        });
        if (last >= 4) return exchange.hang();
        if (last % 2 === 0) await exchange.endStream();
        else await cutLater(exchange);
        return undefined;
      },
    };
    await withFakeClock(script, { listen: true }, async ({ server, peer, seen, clock }) => {
      let gaps = 0;
      server.on('gap', () => gaps++);
      await passUntil(clock, () => seen.logs.length >= 5, 1_000, 60_000);
      assert.deepEqual(
        seen.logs.map(({ data }) => data),
        [1, 2, 3, 4, 5],
      );
      assert.deepEqual(
        peer.sent('GET').map(({ headers }) => headers['last-event-id']),
        [undefined, '1', '2', '3', '4'],
      );
      assert.equal(gaps, 0);
    });
  });

  test('where it cannot be resumed, the host hears that something may be missing', async () => {
    await withFakeClock(
      { GET: (exchange) => (exchange.turn === 0 ? exchange.stream([CHANGED]) : exchange.sse().then(() => exchange.hang())) },
      { listen: true },
      async ({ server, peer, clock }) => {
        let gaps = 0;
        server.on('gap', () => gaps++);
        await passUntil(clock, () => peer.sent('GET').length === 2, 500, 60_000);
        await until(() => gaps === 1, 'the gap was told');
      },
    );
  });

  test('5xx and a refused connection are no end of it', async () => {
    const script = {
      GET: async (exchange: PeerExchange) => {
        if (exchange.turn === 0) return exchange.respond(503);
        if (exchange.turn === 1) return exchange.raw.reset();
        await exchange.sse();
        await exchange.event(CHANGED);
        return exchange.hang();
      },
    };
    await withFakeClock(script, { listen: true }, async ({ seen, clock }) => {
      await passUntil(clock, () => seen.toolsChanged === 1, 500, 60_000);
    });
  });

  test('what is wrong on it is a fault and not its end', async () => {
    const script = {
      GET: async (exchange: PeerExchange) => {
        await exchange.sse();
        await exchange.event({ data: 'no JSON' });
        await exchange.event({ data: { jsonrpc: '2.0', id: 'nobody', result: {} } });
        await exchange.event(CHANGED);
        await exchange.hang();
      },
    };
    await withConnectedPeer(script, { listen: true }, async ({ peer, seen }) => {
      await until(() => seen.toolsChanged === 1, 'the change came');
      assert.deepEqual(
        seen.faults.map(({ code }) => code),
        ['ERR_MCP_INVALID_JSON', 'ERR_MCP_UNKNOWN_REPLY'],
      );
      assert.equal(peer.sent('GET').length, 1);
    });
  });

  test('an event that is too long ends this stream, not the connection', async () => {
    const script = {
      GET: async (exchange: PeerExchange) => {
        await exchange.sse();
        while (!exchange.isClosed) await exchange.chunk(`data: ${'x'.repeat(10_000)}`);
      },
    };
    await withConnectedPeer(script, { listen: true, limits: { maxMessageBytes: 100_000 } }, async ({ server, seen }) => {
      await until(() => seen.faults.length > 0, 'the fault was told');
      assert.equal(seen.faults[0]?.name, 'LimitError');
      assert.equal(server.connectionState, 'connected');
      await server.ping();
    });
  });

  test('it takes no place from calls where one connection is allowed', async () => {
    const script = { GET: (exchange: PeerExchange) => exchange.sse().then(() => exchange.hang()) };
    await withConnectedPeer(
      script,
      { listen: true, connectionPoolLimits: { maxConnectionsPerHost: 1 }, timeoutMs: 5_000 },
      async ({ server, peer }) => {
        await until(() => peer.sent('GET').length === 1, 'it is open');
        assert.equal(textOf(await server.callTool('call')), 'done');
      },
    );
  });
});

describe('an answer whose stream breaks behind an event with an id', () => {
  /** Begins the answer, and leaves its rest to GET. */
  const begins: PeerAnswer = (exchange) => exchange.stream([{ id: 'a-1', retry: 10, data: '' }]);

  /** The script of a call whose answer comes by GET. */
  function resumed(rest: (exchange: PeerExchange, id: unknown) => unknown, first: PeerAnswer = begins): PeerScript {
    return { 'tools/call': first, GET: (exchange) => rest(exchange, exchange.peer.sent('tools/call')[0]?.message.id) };
  }

  const answerTo = (id: unknown, text: string) => ({ id: 'a-9', data: { jsonrpc: '2.0', id, result: textResult(text) } });

  test('is fetched by GET with Last-Event-ID, on the same session; the call is made once', async () => {
    await withConnectedPeer(
      resumed((exchange, id) => exchange.stream([answerTo(id, 'late')])),
      { peer: { sessions: ['s-1'] } },
      async ({ server, peer, seen }) => {
        assert.equal(textOf(await server.callTool('call')), 'late');
        const [get, ...more] = peer.sent('GET');
        assert.deepEqual(more, []);
        assert.deepEqual([get?.headers['last-event-id'], get?.headers['mcp-session-id']], ['a-1', 's-1']);
        assert.match(get?.headers['accept'] ?? '', /text\/event-stream/);
        assert.equal(get?.body, '');
        assert.equal(peer.sent('tools/call').length, 1);
        assert.deepEqual(seen.faults, []);
      },
    );
  });

  test('goes on over many connections: every message is heard once, in order', async () => {
    const heard: number[] = [];
    const step = async (exchange: PeerExchange) => {
      const [call] = exchange.peer.sent('tools/call');
      const { progressToken } = call?.message.params?.['_meta'] as { progressToken: string };
      const last = Number(exchange.request.headers['last-event-id'] ?? 0);
      await exchange.sse();
      await exchange.event({
        retry: 1,
        id: String(last + 1),
        data: { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: last + 1 } },
      });
      if (last + 1 === 20) await exchange.event(answerTo(call?.message.id, 'at last'));
      if (last % 3 === 0) await cutLater(exchange);
      else await exchange.endStream();
    };
    await withConnectedPeer({ 'tools/call': step, GET: step }, {}, async ({ server, peer }) => {
      assert.equal(textOf(await server.callTool('call', {}, { onProgress: ({ progress }) => heard.push(progress) })), 'at last');
      assert.deepEqual(
        heard,
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      assert.equal(peer.sent('GET').length, 19);
    });
  });

  test('an event that is sent again although it was asked for what is behind it is heard once', async () => {
    const progress = (exchange: PeerExchange) => {
      const { progressToken } = exchange.peer.sent('tools/call')[0]?.message.params?.['_meta'] as { progressToken: string };
      return { id: 'p-1', retry: 1, data: { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } } };
    };
    const heard: number[] = [];
    const script = resumed(
      (exchange, id) => exchange.stream([progress(exchange), answerTo(id, 'x')]),
      (exchange) => exchange.stream([progress(exchange)]),
    );
    await withConnectedPeer(script, {}, async ({ server }) => {
      await server.callTool('call', {}, { onProgress: (report) => heard.push(report.progress) });
      assert.deepEqual(heard, [1]);
    });
  });

  test('"retry" is the least it waits (2025-11-25: MUST)', async () => {
    const script = resumed(
      (exchange, id) => exchange.stream([answerTo(id, 'x')]),
      (exchange) => exchange.stream([{ id: 'a-1', retry: 4_000, data: '' }]),
    );
    await withFakeClock(script, {}, async ({ server, peer, clock }) => {
      const call = server.callTool('call');
      await until(() => peer.sent('tools/call').length === 1, 'the call came');
      const waited = await passUntil(clock, () => peer.sent('GET').length === 1, 50, 20_000);
      assert.ok(waited >= 3_950, `it waited about ${waited} ms`);
      assert.equal(textOf(await call), 'x');
    });
  });

  test(
    'a server that closes at will for longer than a few tries is asked until the deadline of the call',
    { timeout: 20_000 },
    async () => {
      // It says when to come again, so this is no failure: "the client SHOULD then poll the SSE stream".
      const script = resumed((exchange, id) =>
        exchange.stream(exchange.turn < 30 ? [{ id: `a-${exchange.turn}`, retry: 100, data: '' }] : [answerTo(id, 'x')]),
      );
      await withFakeClock(script, {}, async ({ server, clock }) => {
        let text = '';
        const call = server.callTool('call').then((result) => (text = textOf(result)));
        await Promise.race([call, passUntil(clock, () => text !== '', 500, 600_000)]);
        await call;
        assert.equal(text, 'x');
      });
    },
  );

  for (const status of [400, 404, 405, 200]) {
    test(`is lost at once where resuming is refused with ${status}${status === 200 ? ' and a page' : ''}`, async () => {
      await withConnectedPeer(
        resumed((exchange) => exchange.respond(status, { 'Content-Type': 'text/html' }, '<p>no</p>')),
        LONG,
        async ({ server, peer }) => {
          const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_STREAM_LOST');
          assert.equal(error.delivery, 'unknown');
          assert.equal(peer.sent('GET').length, 1);
          assert.equal(peer.sent('tools/call').length, 1);
          await server.ping();
        },
      );
    });
  }

  test('5xx and a reset while resuming are tried again', async () => {
    const script = resumed((exchange, id) => {
      if (exchange.turn === 0) return exchange.respond(502);
      if (exchange.turn === 1) return exchange.raw.reset();
      return exchange.stream([answerTo(id, 'x')]);
    });
    await withFakeClock(script, {}, async ({ server, clock }) => {
      let text = '';
      const call = server.callTool('call').then((result) => (text = textOf(result)));
      await Promise.race([call, passUntil(clock, () => text !== '', 200, 60_000)]);
      assert.equal(await call, 'x');
    });
  });

  test('tries that come to nothing end (limits.maxReconnects)', { timeout: 20_000 }, async () => {
    await withFakeClock(
      resumed((exchange) => exchange.respond(502)),
      { limits: { maxReconnects: 3 } },
      async ({ server, peer, clock }) => {
        const lost = rejection(server.callTool('call'));
        let error: MCPError | undefined;
        void lost.then((reason) => (error = reason as MCPError));
        await passUntil(clock, () => error !== undefined, 500, 120_000);
        assert.equal(error?.code, 'ERR_MCP_STREAM_LOST');
        assert.ok(peer.sent('GET').length >= 3 && peer.sent('GET').length <= 4, `${peer.sent('GET').length} tries`);
      },
    );
  });

  test('an abort while it waits to resume ends it: the server is told, and not asked again', async () => {
    await withFakeClock(
      resumed(
        () => undefined,
        (exchange) => exchange.stream([{ id: 'a-1', retry: 20_000, data: '' }]),
      ),
      {},
      async ({ server, peer, clock }) => {
        const abort = new AbortController();
        const aborted = rejection(server.callTool('call', {}, { signal: abort.signal }));
        await until(() => peer.sent('tools/call').length === 1, 'the call came');
        await rest();
        abort.abort(new Error('enough'));
        assert.equal(((await aborted) as Error).message, 'enough');
        await until(() => peer.sent('notifications/cancelled').length === 1, 'the server was told');
        assert.equal(peer.sent('notifications/cancelled')[0]?.message.params?.['requestId'], peer.sent('tools/call')[0]?.message.id);
        await clock.advance(60_000);
        await rest();
        assert.equal(peer.sent('GET').length, 0);
      },
    );
  });

  test('an abort while the resumed stream is open closes it', async () => {
    await withConnectedPeer(
      resumed((exchange) => exchange.sse().then(() => exchange.hang())),
      {},
      async ({ server, peer }) => {
        const abort = new AbortController();
        const aborted = rejection(server.callTool('call', {}, { signal: abort.signal }));
        await until(() => peer.sent('GET').length === 1, 'it resumed');
        abort.abort();
        await aborted;
        await until(() => peer.raw.busy === 0, 'the stream was let go');
      },
    );
  });

  test('the deadline of the call counts while it waits', async () => {
    await withFakeClock(
      resumed(
        () => undefined,
        (exchange) => exchange.stream([{ id: 'a-1', retry: 20_000, data: '' }]),
      ),
      {},
      async ({ server, peer, clock }) => {
        const expired = mcpRejection(server.callTool('call', {}, { timeoutMs: 5_000 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
        await until(() => peer.sent('tools/call').length === 1, 'the call came');
        await rest();
        await clock.advance(5_100);
        assert.equal((await expired).delivery, 'unknown');
      },
    );
  });
});

describe('the demo server behind a network that cuts', () => {
  let demo: DemoHTTPServer;
  before(async () => {
    demo = await startDemo();
  });
  after(() => demo.stop());

  test(
    'wherever the connection is cut, the answer comes whole and every report of progress once, or the call is lost in words',
    { timeout: 60_000 },
    async () => {
      const proxy = await FaultProxy.listen({ host: '127.0.0.1', port: demo.port });
      try {
        await withHTTP(`http://127.0.0.1:${proxy.port}/mcp`, { limits: { maxRetryDelayMs: 5 } }, async (server) => {
          let whole = 0;
          for (let bytes = 0; bytes < 1_100; bytes += 43) {
            proxy.cut('end');
            await until(() => proxy.open === 0, 'no connection is left');
            const next = proxy.connections;
            const how = bytes % 2 === 0 ? 'cutAfterBytes' : 'resetAfterBytes';
            proxy.script = (connection) => (connection === next ? { toClient: { [how]: bytes, sliceBytes: 37 } } : {});
            const heard: number[] = [];
            const outcome = await server
              .callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress: ({ progress }) => heard.push(progress) })
              .then(textOf, (error: MCPError) => error.code);
            if (outcome === 'Counted down from 3.') {
              whole++;
              assert.deepEqual(heard, [1, 2, 3], `cut after ${bytes} bytes`);
            } else {
              assert.match(outcome, /^ERR_MCP_(NETWORK|STREAM_LOST|BODY_TRUNCATED)$/);
              // The fetch of Bun forgets what came when the connection is cut behind it, an id with it.
              if (RUNTIME !== 'bun')
                assert.ok(bytes < 320, `lost although it was cut after ${bytes} bytes, behind the first event with an id`);
            }
          }
          assert.ok(whole >= (RUNTIME === 'bun' ? 1 : 15), `${whole} calls came through`);
        });
      } finally {
        await proxy.close();
      }
    },
  );

  test('slices, delays and silence of a moment change nothing', async () => {
    const proxy = await FaultProxy.listen(
      { host: '127.0.0.1', port: demo.port },
      { toClient: { sliceBytes: 7 }, toServer: { sliceBytes: 11, delayMs: 1 } },
    );
    try {
      await withHTTP(`http://127.0.0.1:${proxy.port}/mcp`, {}, async (server) => {
        assert.equal(textOf(await server.callTool('echo', { text: 'snow ☃ 𝄞' })), 'snow ☃ 𝄞');
      });
    } finally {
      await proxy.close();
    }
  });

  test('a connection that falls silent for ever is ended by the deadline of the call', async () => {
    const proxy = await FaultProxy.listen({ host: '127.0.0.1', port: demo.port });
    try {
      await withHTTP(`http://127.0.0.1:${proxy.port}/mcp`, {}, async (server) => {
        const call = mcpRejection(
          server.callTool('slow', { ms: 50 }, { timeoutMs: 400 }),
          'RequestTimeoutError',
          'ERR_MCP_REQUEST_TIMEOUT',
        );
        await new Promise((resolve) => setTimeout(resolve, 10));
        proxy.stall();
        assert.equal((await call).delivery, 'unknown');
        proxy.cut();
        await server.ping();
      });
    } finally {
      await proxy.close();
    }
  });
});

describe('a demo server that polls: it closes the connection whenever it wrote to it', () => {
  test('the answer comes over as many connections as it takes; progress is heard once', { timeout: 30_000 }, async () => {
    const demo = await startDemo('--poll', '5');
    try {
      await withHTTP(demo.url, { listen: true }, async (server, seen) => {
        const heard: number[] = [];
        const result = await server.callTool(
          'countdown',
          { from: 5, intervalMs: 5 },
          { onProgress: ({ progress }) => heard.push(progress) },
        );
        assert.equal(textOf(result), 'Counted down from 5.');
        assert.deepEqual(heard, [1, 2, 3, 4, 5]);
        for (let turn = 1; turn <= 4; turn++) {
          await server.callTool('announce', { list: 'tools' });
          await until(() => seen.toolsChanged === turn, `change ${turn} was heard`);
        }
        assert.deepEqual(seen.faults, []);
      });
    } finally {
      await demo.stop();
    }
  });
});
