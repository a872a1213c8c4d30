/** Streams of events that are cut, odd, endless or false, over a real socket. Source: HTML standard, "Server-sent events"; MCP transports. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MCPError } from '../../lib/index.ts';
import { encodeEvent, textResult } from '../helpers/http-server.ts';
import type { PeerAnswer, PeerExchange } from '../helpers/http-server.ts';
import { withConnectedPeer } from '../helpers/http-server-handle.ts';
import type { PeerTestOptions } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const LONG_WAIT: PeerTestOptions = { timeoutMs: 20_000 };

/** The text that `tools/call` came to when its answer is this stream. */
async function answered(stream: (exchange: PeerExchange) => string | Uint8Array, options: PeerTestOptions = {}): Promise<string> {
  const answer: PeerAnswer = async (exchange) => {
    await exchange.sse();
    await exchange.chunk(stream(exchange));
    await exchange.endStream();
  };
  return withConnectedPeer({ 'tools/call': answer }, { ...LONG_WAIT, ...options }, async ({ server }) =>
    textOf(await server.callTool('call')),
  );
}

const reply = (exchange: PeerExchange, text: string) => JSON.stringify(exchange.reply(textResult(text)));

describe('the answer on a stream (HTML standard, "Parsing an event stream"; 2025-11-25 transports, "Sending Messages")', () => {
  for (const [name, end] of [
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ] as const) {
    test(`lines end in ${name}, cut in two at every byte and into single bytes`, { timeout: 30_000 }, async () => {
      let cut = 0;
      let length = Infinity;
      const answer: PeerAnswer = async (exchange) => {
        const lines = [': comment', 'event: message', 'id: 7', `data: ${reply(exchange, 'snow ☃')}`, '', ''];
        const bytes = Buffer.from(lines.join(end));
        length = bytes.length;
        const parts = cut === 0 ? Array.from(bytes, (byte) => Buffer.of(byte)) : [bytes.subarray(0, cut), bytes.subarray(cut)];
        await exchange.sse();
        for (const part of parts) {
          if (part.length > 0) await exchange.chunk(part);
          // So that they are pieces on the wire as well.
          await new Promise((resolve) => setImmediate(resolve));
        }
        await exchange.endStream();
      };
      await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, seen }) => {
        for (; cut < length; cut++) assert.equal(textOf(await server.callTool('call')), 'snow ☃', `cut at ${cut}`);
        assert.deepEqual(seen.faults, []);
      });
    });
  }

  const forms: readonly (readonly [string, (exchange: PeerExchange) => string])[] = [
    ['comments before it', (exchange) => `${': still there\n\n'.repeat(1_000)}data: ${reply(exchange, 'x')}\n\n`],
    ['a byte order mark first', (exchange) => `\ufeffdata: ${reply(exchange, 'x')}\n\n`],
    ['no space behind the colon', (exchange) => `data:${reply(exchange, 'x')}\n\n`],
    ['its data on several lines', (exchange) => `data: ${reply(exchange, 'x').replace(',"result"', ',\ndata: "result"')}\n\n`],
    ['fields that nobody knows', (exchange) => `foo: bar\nbaz\ndata: ${reply(exchange, 'x')}\n\n`],
    [
      'events of other types before it, which need not be JSON',
      (exchange) => `event: ping\ndata: 2026\n\nevent: endpoint\ndata: http://evil.example/\n\ndata: ${reply(exchange, 'x')}\n\n`,
    ],
    [
      'an event with an id and no data before it (2025-11-25: primes the client)',
      (exchange) => `id: 1\ndata: \n\nid: 2\ndata:\n\ndata: ${reply(exchange, 'x')}\n\n`,
    ],
    ['an event with nothing but an id before it', (exchange) => `id: 1\n\ndata: ${reply(exchange, 'x')}\n\n`],
    ['an id with a NUL, which is ignored', (exchange) => `id: a\u0000b\ndata: ${reply(exchange, 'x')}\n\n`],
    ['times to retry that are none', (exchange) => `retry: -1\nretry: 3000x\nretry: 1e12\nretry:\ndata: ${reply(exchange, 'x')}\n\n`],
    ['a thousand empty lines', (exchange) => `${'\n'.repeat(1_000)}data: ${reply(exchange, 'x')}\n\n`],
  ];
  for (const [name, stream] of forms) {
    test(`is found with ${name}`, async () => {
      const answer: PeerAnswer = async (exchange) => {
        await exchange.sse();
        await exchange.chunk(stream(exchange));
        await exchange.endStream();
      };
      await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, seen }) => {
        assert.equal(textOf(await server.callTool('call')), 'x');
        assert.deepEqual(seen.faults, []);
      });
    });
  }

  test('what comes before it is heard, in order: progress, logs, changes', async () => {
    const heard: unknown[] = [];
    const answer: PeerAnswer = (exchange) => {
      const { progressToken } = exchange.request.message.params?.['_meta'] as { progressToken: string };
      const notification = (method: string, params?: object) => ({ data: { jsonrpc: '2.0', method, params } });
      return exchange.stream([
        notification('notifications/progress', { progressToken, progress: 1 }),
        notification('notifications/message', { level: 'info', data: 'a' }),
        notification('notifications/progress', { progressToken, progress: 2 }),
        notification('notifications/tools/list_changed'),
        { data: exchange.reply(textResult('x')) },
      ]);
    };
    await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, seen }) => {
      await server.callTool('call', {}, { onProgress: ({ progress }) => heard.push(progress) });
      assert.deepEqual(heard, [1, 2]);
      assert.equal(seen.logs[0]?.data, 'a');
      await until(() => seen.toolsChanged === 1, 'the change was heard');
    });
  });

  test('a proxy that holds a stream back until its end makes it late, not wrong', async () => {
    const heard: number[] = [];
    const answer: PeerAnswer = async (exchange) => {
      const { progressToken } = exchange.request.message.params?.['_meta'] as { progressToken: string };
      const events = [1, 2, 3].map((progress) =>
        encodeEvent({ data: { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } } }),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      await exchange.respond(
        200,
        { 'Content-Type': 'text/event-stream' },
        [...events, encodeEvent({ data: exchange.reply(textResult('x')) })].join(''),
      );
    };
    await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server }) => {
      assert.equal(textOf(await server.callTool('call', {}, { onProgress: ({ progress }) => heard.push(progress) })), 'x');
      assert.deepEqual(heard, [1, 2, 3]);
    });
  });

  test('what comes behind it changes nothing: a second answer is a fault, the first one counts', async () => {
    const text = await answered((exchange) => `data: ${reply(exchange, 'first')}\n\ndata: ${reply(exchange, 'second')}\n\n`);
    assert.equal(text, 'first');
  });

  test('a server that does not end its stream behind it does not hold the call, nor the socket for long (limits.afterAnswerMs)', async () => {
    const answer: PeerAnswer = async (exchange) => {
      await exchange.sse();
      await exchange.event({ data: exchange.reply(textResult('x')) });
      await exchange.hang();
    };
    await withConnectedPeer({ 'tools/call': answer }, { ...LONG_WAIT, limits: { afterAnswerMs: 50 } }, async ({ server, peer }) => {
      assert.equal(textOf(await server.callTool('call')), 'x');
      await until(() => peer.raw.busy === 0, 'the stream was let go', 20_000);
      await server.ping();
    });
  });

  test('a reply that comes on the stream of another request is delivered by its id', async () => {
    const waiting: PeerExchange[] = [];
    const answer: PeerAnswer = async (exchange) => {
      waiting.push(exchange);
      await exchange.sse();
      if (waiting.length < 2) return exchange.hang();
      const [first, second] = waiting;
      await second?.event({ data: first?.reply(textResult('for the first')) ?? {} });
      await second?.event({ data: second.reply(textResult('for the second')) });
      await second?.endStream();
      return undefined;
    };
    await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, peer }) => {
      const first = server.callTool('call');
      await until(() => waiting.length === 1, 'the first call came');
      assert.equal(textOf(await server.callTool('call')), 'for the second');
      assert.equal(textOf(await first), 'for the first');
      // Its own stream has nothing to say any more.
      await until(() => peer.raw.busy === 0, 'the stream of the first call was let go', 20_000);
    });
  });

  test('a request of the server is answered by a POST (2025-11-25 transports, "Sending Messages" 4)', async () => {
    const answer: PeerAnswer = async (exchange) => {
      await exchange.sse();
      await exchange.event({ data: { jsonrpc: '2.0', id: 'from-server', method: 'ping' } });
      await until(() => exchange.peer.sent('reply').length === 1, 'the reply was posted');
      await exchange.event({ data: exchange.reply(textResult('x')) });
      await exchange.endStream();
    };
    await withConnectedPeer({ 'tools/call': answer }, { ...LONG_WAIT, peer: { sessions: ['s'] } }, async ({ server, peer }) => {
      assert.equal(textOf(await server.callTool('call')), 'x');
      assert.deepEqual(
        peer.sent('reply').map(({ message, headers }) => [message.id, message.result, headers['mcp-session-id']]),
        [['from-server', {}, 's']],
      );
    });
  });

  test('a request that this client does not offer is refused with -32601', async () => {
    const answer: PeerAnswer = async (exchange) => {
      await exchange.sse();
      await exchange.event({ data: { jsonrpc: '2.0', id: 9, method: 'sampling/createMessage', params: {} } });
      await until(() => exchange.peer.sent('reply').length === 1, 'the refusal was posted');
      await exchange.event({ data: exchange.reply(textResult('x')) });
      await exchange.endStream();
    };
    await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, peer }) => {
      await server.callTool('call');
      assert.equal(peer.sent('reply')[0]?.message.error?.code, -32601);
    });
  });
});

describe('a stream that ends before the answer and cannot be resumed (no id came)', () => {
  const ends: readonly (readonly [string, PeerAnswer])[] = [
    ['in order, empty', (exchange) => exchange.stream([])],
    [
      'in order, behind a notification',
      (exchange) => exchange.stream([{ data: { jsonrpc: '2.0', method: 'notifications/tools/list_changed' } }]),
    ],
    [
      'in the middle of the answer: the part is no event',
      async (exchange) => {
        await exchange.sse();
        await exchange.chunk(`data: ${reply(exchange, 'x')}`);
        await exchange.endStream();
      },
    ],
    [
      'behind the line of the answer, before the empty line',
      async (exchange) => {
        await exchange.sse();
        await exchange.chunk(`data: ${reply(exchange, 'x')}\n`);
        await exchange.endStream();
      },
    ],
    [
      'by a cut connection',
      async (exchange) => {
        await exchange.sse();
        await exchange.comment();
        exchange.raw.close();
      },
    ],
    [
      'by a reset',
      async (exchange) => {
        await exchange.sse();
        await exchange.comment();
        await new Promise((resolve) => setTimeout(resolve, 20));
        exchange.raw.reset();
      },
    ],
  ];
  for (const [name, answer] of ends) {
    test(`${name}: the call is rejected at once, and not made again`, async () => {
      await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, peer }) => {
        const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_STREAM_LOST');
        assert.equal(error.delivery, 'unknown');
        assert.equal(peer.sent('tools/call').length, 1);
        assert.equal(peer.sent('GET').length, 0);
        assert.equal(server.connectionState, 'connected');
      });
    });
  }

  test('a list is asked for again, as often as maxRetries says', async () => {
    const script = {
      'tools/list': (exchange: PeerExchange) => (exchange.turn < 2 ? exchange.stream([]) : exchange.json(exchange.reply({ tools: [] }))),
    };
    await withConnectedPeer(script, LONG_WAIT, async ({ server, peer }) => {
      assert.deepEqual(await server.listTools(), []);
      assert.equal(peer.sent('tools/list').length, 3);
      const ids = peer.sent('tools/list').map(({ message }) => message.id);
      assert.equal(new Set(ids).size, ids.length, 'each with an id of its own');
    });
    await withConnectedPeer(
      { 'tools/list': (exchange) => exchange.stream([]) },
      { ...LONG_WAIT, maxRetries: 2 },
      async ({ server, peer }) => {
        await mcpRejection(server.listTools(), 'ConnectionError', 'ERR_MCP_STREAM_LOST');
        assert.equal(peer.sent('tools/list').length, 3);
      },
    );
  });
});

describe('events that are wrong', () => {
  const wrong: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['no JSON', 'data: hello\n\n', /ERR_MCP_INVALID_JSON/],
    ['no message', 'data: 42\n\n', /ERR_MCP_INVALID_MESSAGE/],
    ['a batch', 'data: []\n\n', /ERR_MCP_(UNEXPECTED_BATCH|INVALID_MESSAGE)/],
    ['a reply to nothing', 'data: {"jsonrpc":"2.0","id":"nobody","result":{}}\n\n', /ERR_MCP_UNKNOWN_REPLY/],
    ['not UTF-8', Buffer.from('data: {"jsonrpc":"2.0","method":"a\u00ff"}\n\n', 'latin1'), /ERR_MCP_INVALID_UTF8/],
  ];
  for (const [name, bytes, code] of wrong) {
    test(`${name}: told as a fault, the answer behind it still counts`, async () => {
      const answer: PeerAnswer = async (exchange) => {
        await exchange.sse();
        await exchange.chunk(bytes);
        await exchange.event({ data: exchange.reply(textResult('x')) });
        await exchange.endStream();
      };
      await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, seen }) => {
        assert.equal(textOf(await server.callTool('call')), 'x');
        assert.equal(seen.faults.length, 1);
        assert.match(seen.faults[0]?.code ?? '', code);
      });
    });
  }
});

describe('the bounds of a stream', () => {
  const bounds: readonly (readonly [string, (exchange: PeerExchange) => Promise<unknown>, RegExp])[] = [
    [
      'an event without end',
      async (exchange) => {
        await exchange.chunk('data: "');
        while (!exchange.isClosed) await exchange.chunk('x'.repeat(16_384));
      },
      /^maxMessageBytes$/,
    ],
    [
      'an event of lines without end',
      async (exchange) => {
        while (!exchange.isClosed) await exchange.chunk(`data: ${'x'.repeat(900)}\n`.repeat(20));
      },
      /^max(MessageBytes|EventFields)$/,
    ],
    [
      'an event of fields without end',
      async (exchange) => {
        while (!exchange.isClosed) await exchange.chunk('retry: 1\n'.repeat(2_000));
      },
      /^max(MessageBytes|EventFields)$/,
    ],
    [
      'a comment without end',
      async (exchange) => {
        await exchange.chunk(':');
        while (!exchange.isClosed) await exchange.chunk('x'.repeat(16_384));
      },
      /^maxMessageBytes$/,
    ],
  ];
  for (const [name, send, limit] of bounds) {
    test(`${name} ends the exchange at the limit, and its socket is let go`, { timeout: 20_000 }, async () => {
      const answer: PeerAnswer = async (exchange) => {
        await exchange.sse();
        await send(exchange);
      };
      await withConnectedPeer(
        { 'tools/call': answer },
        { ...LONG_WAIT, limits: { maxMessageBytes: 200_000, maxEventFields: 10_000 } },
        async ({ server, peer }) => {
          const error = await mcpRejection(server.callTool('call'), 'LimitError', 'ERR_MCP_LIMIT');
          assert.match(String(error.details['limit']), limit);
          await until(() => peer.raw.busy === 0, 'the exchange was let go', 20_000);
          await server.ping();
        },
      );
    });
  }

  test('comments for longer than a deadline do not make the call wait longer than that', async () => {
    const answer: PeerAnswer = async (exchange) => {
      await exchange.sse();
      while (!exchange.isClosed) {
        await exchange.comment();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await withConnectedPeer({ 'tools/call': answer }, {}, async ({ server }) => {
      await mcpRejection(server.callTool('call', {}, { timeoutMs: 200 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
    });
  });

  test('50,000 notifications that nobody knows on one stream are passed over', { timeout: 20_000 }, async () => {
    const many = encodeEvent({ data: { jsonrpc: '2.0', method: 'notifications/unheard-of' } }).repeat(5_000);
    const answer: PeerAnswer = async (exchange) => {
      await exchange.sse();
      for (let turn = 0; turn < 10; turn++) await exchange.chunk(many);
      await exchange.event({ data: exchange.reply(textResult('x')) });
      await exchange.endStream();
    };
    await withConnectedPeer({ 'tools/call': answer }, LONG_WAIT, async ({ server, seen }) => {
      assert.equal(textOf(await server.callTool('call')), 'x');
      assert.deepEqual(seen.faults, []);
    });
  });
});

describe('ids of events that no header can carry (RFC 9110 section 5.5; MCP: resumed with Last-Event-ID)', () => {
  for (const [name, id] of [
    ['a smiley', '\u{1f600}'],
    ['an escape', 'a\u001b[2Jb'],
    ['10,000 characters', 'i'.repeat(10_000)],
    ['a line separator', 'a\u2028b'],
  ] as const) {
    test(`${name}: the header is never broken, and the call ends in a typed error or in its answer`, async () => {
      const script = {
        'tools/call': (exchange: PeerExchange) =>
          exchange.stream([
            { id, data: '' },
            { id, data: { jsonrpc: '2.0', method: 'notifications/tools/list_changed' } },
          ]),
        GET: (exchange: PeerExchange) => exchange.respond(405),
      };
      await withConnectedPeer(script, { ...LONG_WAIT }, async ({ server, peer }) => {
        const error = (await rejection(server.callTool('call'))) as MCPError;
        assert.equal(error.code, 'ERR_MCP_STREAM_LOST');
        for (const request of peer.sent('GET')) {
          const sent = Buffer.from(request.headers['last-event-id'] ?? '', 'latin1').toString('utf8');
          assert.equal(sent, id);
          assert.doesNotMatch(sent, /[\u0000-\u001f\u007f]/);
        }
        await server.ping();
      });
    });
  }
});
