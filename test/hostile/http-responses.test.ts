/**
 * Responses that are not what they should be, over a real socket: every one becomes a typed error at once, nothing of it reaches a
 * terminal, nothing is sent where it does not belong, and the connection goes on.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { MCPError } from '../../lib/index.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import type { PeerAnswer, PeerExchange } from '../helpers/http-server.ts';
import { RESENDS, makeHTTPServer, skipUnder, withConnectedPeer, withPeer } from '../helpers/http-server-handle.ts';
import type { PeerTestOptions } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

// What could drive a terminal, reorder text or hide it.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/u;
const NAUGHTY = '\u001b[2J\u001b]0;owned\u0007<h1>No\u202e\u{e0041}</h1>\r\n';

/** Calls the tool `call` once against a server that answers it so, and gives what it was rejected with; the connection lives on. */
async function callRejected(answer: PeerAnswer, name: string, code: string, options: PeerTestOptions = {}): Promise<MCPError> {
  return withConnectedPeer({ 'tools/call': answer }, { maxRetries: 0, ...options }, async ({ server, peer }) => {
    const error = await mcpRejection(server.callTool('call'), name, code);
    assert.equal(peer.sent('tools/call').length, 1, 'a tool is called once');
    assert.equal(server.connectionState, 'connected');
    await server.ping();
    return error;
  });
}

function assertHarmless(error: MCPError): void {
  for (const part of [error.message, error.stack ?? '', ...Object.values(error.details).map(String)]) {
    assert.doesNotMatch(part.replaceAll('\n', ''), DANGEROUS);
  }
}

describe('a status that is no answer to a request (Streamable HTTP, "Sending Messages to the Server"; RFC 9110 section 15)', () => {
  const statuses = [
    201, 203, 205, 206, 226, 299, 300, 304, 305, 306, 399, 400, 401, 402, 403, 405, 406, 408, 409, 410, 413, 415, 418, 422, 426, 429, 431,
    451, 499,
  ];
  for (const status of [...statuses, 500, 501, 502, 503, 504, 505, 507, 511, 599]) {
    test(`${status} is an error with the status and the start of the body, escaped`, async () => {
      const body = status === 205 || status === 304 ? '' : `${NAUGHTY}${'x'.repeat(500)}`;
      const error = await callRejected(
        (exchange) => exchange.respond(status, { 'Content-Type': 'text/html' }, body),
        'ConnectionError',
        'ERR_MCP_HTTP_STATUS',
      );
      assert.equal(error.details['status'], status);
      assert.match(error.message, new RegExp(`\\b${status}\\b`));
      const start = String(error.details['bodyStart'] ?? '');
      if (body !== '') assert.match(start, /<h1>No/);
      assert.ok(start.length < 400, `the start of the body has ${start.length} characters`);
      assertHarmless(error);
    });
  }

  test('421, which the platform itself sends once more on a new connection (Fetch standard, "HTTP-network-or-cache fetch"), is an error in the end', async () => {
    await withConnectedPeer(
      { 'tools/call': (exchange) => exchange.respond(421, {}, 'not here') },
      { maxRetries: 3 },
      async ({ server, peer }) => {
        const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['status'], 421);
        assert.ok(peer.sent('tools/call').length <= 2);
      },
    );
  });

  test('404 where there is no session is a status like the others: nothing is initialized again', async () => {
    await withConnectedPeer({ 'tools/call': (exchange) => exchange.respond(404) }, {}, async ({ server, peer }) => {
      const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(error.details['status'], 404);
      assert.equal(peer.sent('initialize').length, 1);
    });
  });

  test('a reason phrase of a hostile server shows nowhere', async () => {
    const answer: PeerAnswer = [Buffer.from(`HTTP/1.1 500 \u009b2J${'A'.repeat(300)}\r\nContent-Length: 0\r\n\r\n`, 'latin1')];
    assertHarmless(await callRejected(answer, 'ConnectionError', 'ERR_MCP_HTTP_STATUS'));
  });

  test('an error of JSON-RPC for this request counts, whatever the status is', async () => {
    await withConnectedPeer(
      {
        'tools/call': (exchange) =>
          exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32099, message: 'no' } }, {}, 400),
      },
      {},
      async ({ server }) => {
        const error = await mcpRejection(server.callTool('call'), 'RPCError', 'ERR_MCP_RPC');
        assert.equal(error.details['rpcCode'], -32099);
        assert.equal(error.delivery, 'answered');
      },
    );
  });

  test('an error of JSON-RPC without an id belongs to the exchange it came on: the call is rejected at once, the next one is not', async () => {
    const script = {
      'tools/call': (exchange: PeerExchange) =>
        exchange.turn === 0
          ? exchange.json({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'Invalid request' } })
          : exchange.done(),
    };
    await withConnectedPeer(script, { timeoutMs: 20_000 }, async ({ server }) => {
      const error = (await rejection(server.callTool('call'))) as MCPError;
      assert.match(error.message, /-32600|Invalid request/);
      assert.equal(textOf(await server.callTool('call')), 'done');
    });
  });

  test('a notification that is refused does not fail what waits, and is told as a fault', async () => {
    const script = {
      'notifications/cancelled': (exchange: PeerExchange) => exchange.respond(400, {}, 'no'),
      'tools/call': (exchange: PeerExchange) => (exchange.turn === 0 ? exchange.hang() : exchange.done()),
    };
    await withConnectedPeer(script, {}, async ({ server, peer, seen }) => {
      const abort = new AbortController();
      const aborted = rejection(server.callTool('call', {}, { signal: abort.signal }));
      await until(() => peer.sent('tools/call').length === 1, 'the call came');
      abort.abort(new Error('enough'));
      assert.equal(((await aborted) as Error).message, 'enough');
      assert.equal(textOf(await server.callTool('call')), 'done');
      await until(() => seen.faults.some((fault) => fault.code === 'ERR_MCP_HTTP_STATUS'), 'the refusal was told');
    });
  });
});

describe('a content type (Streamable HTTP: application/json or text/event-stream, and nothing else, RFC 9110 section 8.3)', () => {
  const wrong = [
    'text/html',
    'text/plain',
    'application/xml',
    'application/octet-stream',
    'application/json+evil',
    'text/event-stream-not',
    'json',
    '*/*',
  ];
  for (const type of [...wrong, 'application/json; charset=iso-8859-1', 'text/event-stream; charset=utf-16']) {
    test(`"${type}" is refused with the start of the body`, async () => {
      const error = await callRejected(
        (exchange) => exchange.respond(200, { 'Content-Type': type }, `${NAUGHTY}hello`),
        'ConnectionError',
        'ERR_MCP_HTTP_CONTENT_TYPE',
      );
      assert.equal(error.details['status'], 200);
      assert.match(String(error.details['bodyStart']), /hello/);
      assertHarmless(error);
    });
  }

  test('none at all is refused as well', async () => {
    await callRejected((exchange) => exchange.respond(200, {}, '{"a":1}'), 'ConnectionError', 'ERR_MCP_HTTP_CONTENT_TYPE');
  });

  for (const type of [
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; Charset="UTF-8"',
    'APPLICATION/JSON; profile=x',
  ]) {
    test(`"${type}" is JSON`, async () => {
      await withConnectedPeer(
        { 'tools/call': (exchange) => exchange.json(exchange.reply({ content: [] }), { 'Content-Type': type }) },
        {},
        async ({ server }) => {
          assert.deepEqual((await server.callTool('call')).content, []);
        },
      );
    });
  }

  for (const type of ['Text/Event-Stream', 'text/event-stream;charset=utf-8', 'text/event-stream ; x=y']) {
    test(`"${type}" is a stream of events`, async () => {
      await withConnectedPeer(
        { 'tools/call': (exchange) => exchange.stream([{ data: exchange.reply({ content: [] }) }], { 'Content-Type': type }) },
        {},
        async ({ server }) => {
          assert.deepEqual((await server.callTool('call')).content, []);
        },
      );
    });
  }
});

describe('a response without an answer in it ends the call at once', () => {
  const cases: readonly (readonly [string, PeerAnswer, string])[] = [
    ['200 and an empty JSON body', (exchange) => exchange.respond(200, { 'Content-Type': 'application/json' }), 'ERR_MCP_EMPTY_RESPONSE'],
    ['200 and nothing', (exchange) => exchange.respond(200), 'ERR_MCP_EMPTY_RESPONSE'],
    ['202, which is for notifications', (exchange) => exchange.respond(202), 'ERR_MCP_EMPTY_RESPONSE'],
    ['202 with a content type', (exchange) => exchange.respond(202, { 'Content-Type': 'application/json' }), 'ERR_MCP_EMPTY_RESPONSE'],
    ['204', (exchange) => exchange.respond(204), 'ERR_MCP_EMPTY_RESPONSE'],
    ['a stream of events that ends', (exchange) => exchange.stream([]), 'ERR_MCP_STREAM_LOST'],
  ];
  for (const [name, answer, code] of cases) {
    test(name, async () => {
      const error = await callRejected(answer, 'ConnectionError', code, { timeoutMs: 20_000 });
      assert.equal(error.delivery, 'unknown');
    });
  }

  const bodies: readonly (readonly [string, (exchange: PeerExchange) => string | Uint8Array, RegExp])[] = [
    ['JSON that ends too early', () => '{"jsonrpc":"2.0","id":', /ERR_MCP_INVALID_JSON/],
    ['text', () => 'It works!', /ERR_MCP_INVALID_JSON/],
    ['white space only', () => '  \r\n', /ERR_MCP_(EMPTY_RESPONSE|INVALID_JSON)/],
    [
      'invalid UTF-8',
      (exchange) =>
        Buffer.concat([
          Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(exchange.request.message.id)},"result":{"content":[],"a":"`),
          Buffer.from([0xc3, 0x28, 0xff]),
          Buffer.from('"}}'),
        ]),
      /ERR_MCP_INVALID_UTF8/,
    ],
    [
      'the reply to another request',
      () => '{"jsonrpc":"2.0","id":"somebody-else","result":{"content":[]}}',
      /ERR_MCP_(UNKNOWN_REPLY|EMPTY_RESPONSE|STREAM_LOST)/,
    ],
    ['a notification', () => '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}', /ERR_MCP_(EMPTY_RESPONSE|STREAM_LOST)/],
    ['null', () => 'null', /ERR_MCP_(INVALID_MESSAGE|EMPTY_RESPONSE)/],
    [
      'a batch, which this revision does not have',
      (exchange) => JSON.stringify([exchange.reply({ content: [] })]),
      /ERR_MCP_(UNEXPECTED_BATCH|INVALID_MESSAGE)/,
    ],
    [
      '100,000 arrays in each other',
      (exchange) =>
        `{"jsonrpc":"2.0","id":${JSON.stringify(exchange.request.message.id)},"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      /ERR_MCP_LIMIT/,
    ],
  ];
  for (const [name, body, code] of bodies) {
    test(`200 and a JSON body that is ${name}`, async () => {
      await withConnectedPeer(
        { 'tools/call': (exchange) => exchange.respond(200, { 'Content-Type': 'application/json' }, body(exchange)) },
        { timeoutMs: 20_000 },
        async ({ server, peer, seen }) => {
          const error = (await rejection(server.callTool('call'))) as MCPError;
          assert.notEqual(error.name, 'RequestTimeoutError');
          // What is wrong is told by the rejection, or by a fault where the call hears only that no answer came.
          assert.ok(
            [error, ...seen.faults].some((one) => code.test(one.code)),
            error.stack,
          );
          for (const one of [error, ...seen.faults]) assertHarmless(one);
          assert.equal(peer.sent('tools/call').length, 1);
          await server.ping();
        },
      );
    });
  }

  test('a batch is read where the revision has batches (2025-03-26, basic, "Batching": MUST receive)', async () => {
    const script = {
      'tools/call': (exchange: PeerExchange) =>
        exchange.json([{ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }, exchange.reply({ content: [] })]),
    };
    await withConnectedPeer(script, { peer: { protocolVersion: '2025-03-26' } }, async ({ server, seen }) => {
      assert.deepEqual((await server.callTool('call')).content, []);
      await until(() => seen.toolsChanged === 1, 'the change was heard');
    });
  });
});

describe('a body that does not arrive whole', () => {
  const START = '{"jsonrpc":"2.0","id":{id},"res';
  const head = (lines: string) => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${lines}\r\n\r\n`;
  const cases: readonly (readonly [string, PeerAnswer])[] = [
    ['shorter than its Content-Length says', [head('Content-Length: 1000'), START, { socket: 'close' }]],
    ['cut between chunks', [head('Transfer-Encoding: chunked'), `4\r\n{"js\r\n`, { socket: 'close' }]],
    ['cut in a chunk', [head('Transfer-Encoding: chunked'), `40\r\n{"js`, { socket: 'close' }]],
    ['cut before the first chunk', [head('Transfer-Encoding: chunked'), { socket: 'close' }]],
    ['reset in the middle', [head('Content-Length: 1000'), START, { waitMs: 30 }, { socket: 'reset' }]],
    ['gzip that is none', [head('Content-Encoding: gzip\r\nContent-Length: 20'), 'this is not any gzip']],
  ];
  for (const [name, answer] of cases) {
    test(`${name}: nobody knows whether the tool ran, so it is not called again`, async () => {
      const error = await callRejected(answer, 'ConnectionError', 'ERR_MCP_BODY_TRUNCATED', { timeoutMs: 20_000 });
      assert.equal(error.delivery, 'unknown');
    });
  }

  test('gzip that ends too early, which the decoder of the platform takes for whole, has no answer in it', async () => {
    const answer: PeerAnswer = (exchange) =>
      exchange.respond(
        200,
        { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
        gzipSync(JSON.stringify(exchange.reply({ content: [], filler: 'x'.repeat(1_000) }))).subarray(0, 60),
      );
    await withConnectedPeer({ 'tools/call': answer }, { timeoutMs: 20_000 }, async ({ server, peer }) => {
      const error = (await rejection(server.callTool('call'))) as MCPError;
      assert.match(error.code, /^ERR_MCP_(BODY_TRUNCATED|EMPTY_RESPONSE|INVALID_JSON)$/);
      assert.equal(peer.sent('tools/call').length, 1);
    });
  });

  const broken: readonly (readonly [string, PeerAnswer])[] = [
    ['the connection closes before the response', [{ socket: 'close' }]],
    ['the connection is reset before the response', [{ waitMs: 20 }, { socket: 'reset' }]],
    ['the head is cut', ['HTTP/1.1 200 OK\r\nContent-Ty', { socket: 'close' }]],
    ['what comes is no HTTP', ['220 mail.example.com ESMTP\r\n', { socket: 'close' }]],
    ['what comes is HTTP/0.9', ['<html>hello</html>', { socket: 'close' }]],
    ['the status is no number', ['HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n', { socket: 'close' }]],
  ];
  for (const [name, answer] of broken) {
    test(`${name}: nobody knows whether the tool ran`, { skip: RESENDS }, async () => {
      const error = await callRejected(answer, 'ConnectionError', 'ERR_MCP_NETWORK', { timeoutMs: 20_000 });
      assert.equal(error.delivery, 'unknown');
    });
  }

  for (const [encoding, encode] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const) {
    test(
      `${encoding} is decoded (RFC 9110 section 8.4)`,
      { skip: encoding === 'deflate' && skipUnder(['deno'], 'its fetch does not decode deflate') },
      async () => {
        const answer = (exchange: PeerExchange) =>
          exchange.respond(
            200,
            { 'Content-Type': 'application/json', 'Content-Encoding': encoding },
            encode(JSON.stringify(exchange.reply({ content: [{ type: 'text', text: 'y'.repeat(9_000) }] }))),
          );
        await withConnectedPeer({ 'tools/call': answer }, {}, async ({ server }) => {
          assert.equal(textOf(await server.callTool('call')), 'y'.repeat(9_000));
        });
      },
    );
  }

  test('a bomb of 40 MB in 40 KB of gzip counts as what it is when it is decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(40_000_000, ' '));
    const error = await callRejected(
      (exchange) => exchange.respond(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, bomb),
      'LimitError',
      'ERR_MCP_LIMIT',
    );
    assert.equal(error.details['limit'], 'maxMessageBytes');
  });
});

describe('a head that is not well formed (RFC 9112: refused, not guessed at)', () => {
  const json = 'Content-Type: application/json\r\n';
  const cases: readonly (readonly [string, PeerAnswer])[] = [
    [
      'a length and chunks',
      [`HTTP/1.1 200 OK\r\n${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, { socket: 'close' }],
    ],
    ['two lengths', [`HTTP/1.1 200 OK\r\n${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, { socket: 'close' }]],
    ['a carriage return in a value', [`HTTP/1.1 200 OK\r\n${json}X: a\rb\r\nContent-Length: 2\r\n\r\n{}`, { socket: 'close' }]],
    ['a NUL in a value', [`HTTP/1.1 200 OK\r\n${json}X: a\u0000b\r\nContent-Length: 2\r\n\r\n{}`, { socket: 'close' }]],
    ['a length that is none', [`HTTP/1.1 200 OK\r\n${json}Content-Length: 2x\r\n\r\n{}`, { socket: 'close' }]],
    [
      'a chunk size that is none',
      [`HTTP/1.1 200 OK\r\n${json}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`, { socket: 'close' }],
    ],
    [
      '100 KB of headers',
      [
        `HTTP/1.1 200 OK\r\n${json}`,
        { repeat: `X-Filler: ${'f'.repeat(990)}\r\n`, times: 100 },
        'Content-Length: 2\r\n\r\n{}',
        { socket: 'close' },
      ],
    ],
  ];
  for (const [name, answer] of cases) {
    test(name, { skip: skipUnder(['bun', 'deno'], 'its own parser of HTTP decides') }, async () => {
      await withConnectedPeer({ 'tools/call': answer }, { maxRetries: 0, timeoutMs: 20_000 }, async ({ server, peer }) => {
        const error = (await rejection(server.callTool('call'))) as MCPError;
        assert.match(error.code, /^ERR_MCP_(NETWORK|BODY_TRUNCATED)$/, error.stack);
        assert.equal(error.name, 'ConnectionError');
        assert.equal(error.delivery, 'unknown');
        assert.equal(peer.sent('tools/call').length, 1);
        await server.ping();
      });
    });
  }

  test('1xx responses without end are ended by the deadline, or by a bound of the fetch', async () => {
    const script: PeerAnswer = async (exchange) => {
      while (!exchange.isClosed) {
        await exchange.raw.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await withConnectedPeer({ 'tools/call': script }, {}, async ({ server }) => {
      const error = (await rejection(server.callTool('call', {}, { timeoutMs: 300 }))) as MCPError;
      assert.match(error.code, /^ERR_MCP_(REQUEST_TIMEOUT|LIMIT|NETWORK)$/);
    });
  });

  test('a few 1xx responses before the response are passed over (RFC 9110 section 15.2)', async () => {
    const script: PeerAnswer = async (exchange) => {
      for (let turn = 0; turn < 10; turn++) await exchange.raw.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      await exchange.done();
    };
    await withConnectedPeer({ 'tools/call': script }, {}, async ({ server }) => {
      assert.equal(textOf(await server.callTool('call')), 'done');
    });
  });
});

describe('the bound of one message (limits.maxMessageBytes)', () => {
  const LIMIT = 2_000;
  /** A reply of exactly so many bytes. */
  function replyOf(exchange: PeerExchange, bytes: number): string {
    const empty = JSON.stringify(exchange.reply({ content: [], filler: '' }));
    return JSON.stringify(exchange.reply({ content: [], filler: 'x'.repeat(bytes - empty.length) }));
  }
  const forms: readonly (readonly [string, (exchange: PeerExchange, text: string) => unknown])[] = [
    ['a body of a known length', (exchange, text) => exchange.respond(200, { 'Content-Type': 'application/json' }, text)],
    [
      'a body in chunks',
      async (exchange, text) => {
        await exchange.head(200, { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' });
        for (let start = 0; start < text.length; start += 300) await exchange.chunk(text.slice(start, start + 300));
        await exchange.endStream();
      },
    ],
    ['the data of an event', (exchange, text) => exchange.stream([{ data: text }])],
  ];
  for (const [name, send] of forms) {
    for (const bytes of [LIMIT - 1, LIMIT, LIMIT + 1]) {
      const fits = bytes <= LIMIT;
      test(`${name}: ${bytes} bytes ${fits ? 'fit' : 'do not fit'} into ${LIMIT}`, async () => {
        await withConnectedPeer(
          { 'tools/call': (exchange) => send(exchange, replyOf(exchange, bytes)) },
          { limits: { maxMessageBytes: LIMIT }, maxRetries: 0 },
          async ({ server }) => {
            if (fits) return assert.deepEqual((await server.callTool('call')).content, []);
            const error = await mcpRejection(server.callTool('call'), 'LimitError', 'ERR_MCP_LIMIT');
            assert.equal(error.details['limit'], 'maxMessageBytes');
            await server.ping();
          },
        );
      });
    }
  }

  test('a length that is too much is refused without the body, and the socket is let go', async () => {
    const script: PeerAnswer = async (exchange) => {
      await exchange.head(200, { 'Content-Type': 'application/json', 'Content-Length': '99999999999' });
      await exchange.hang();
    };
    const error = await callRejected(script, 'LimitError', 'ERR_MCP_LIMIT', { timeoutMs: 20_000 });
    assert.equal(error.details['limit'], 'maxMessageBytes');
  });

  test('the body of an error without end is not read to the end, and the socket is let go', async () => {
    const script: PeerAnswer = async (exchange) => {
      await exchange.head(500, { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' });
      while (!exchange.isClosed) await exchange.chunk('e'.repeat(10_000));
    };
    await callRejected(script, 'ConnectionError', 'ERR_MCP_HTTP_STATUS', { timeoutMs: 20_000 });
  });

  test('the body of an error that never comes does not hold the call for ever', async () => {
    const script: PeerAnswer = async (exchange) => {
      await exchange.head(500, { 'Content-Type': 'text/plain', 'Content-Length': '100' });
      await exchange.hang();
    };
    await withConnectedPeer({ 'tools/call': script }, {}, async ({ server }) => {
      const error = (await rejection(server.callTool('call', {}, { timeoutMs: 500 }))) as MCPError;
      assert.match(error.code, /^ERR_MCP_(HTTP_STATUS|REQUEST_TIMEOUT|BODY_TRUNCATED)$/);
    });
  });
});

describe('redirects (RFC 9110 section 15.4; what carries credentials goes to no other origin)', () => {
  const AUTHORIZED = { headers: { Authorization: 'Bearer secret-canary' } };

  for (const status of [307, 308]) {
    for (const absolute of [false, true]) {
      test(`${status} to ${absolute ? 'an absolute URL' : 'a path'} of the same origin is followed with method, headers and body`, async () => {
        const script = {
          '*': (exchange: PeerExchange) => {
            if (exchange.request.path !== '/mcp') return 'pass';
            return exchange.respond(status, { Location: absolute ? `${exchange.peer.origin}/moved?x=1` : '/moved?x=1' });
          },
        };
        await withConnectedPeer(script, { ...AUTHORIZED, peer: { sessions: ['s-1'] } }, async ({ server, peer }) => {
          assert.equal(textOf(await server.callTool('call', { a: 1 })), 'done');
          const [initialize, moved] = peer.sent('initialize');
          assert.deepEqual([initialize?.path, moved?.path], ['/mcp', '/moved?x=1']);
          assert.deepEqual([moved?.method, moved?.body], [initialize?.method, initialize?.body]);
          const call = peer.sent('tools/call').at(-1);
          assert.equal(call?.path, '/moved?x=1');
          assert.equal(call?.headers['authorization'], 'Bearer secret-canary');
          assert.equal(call?.headers['mcp-session-id'], 's-1');
          assert.match(call?.headers['content-type'] ?? '', /^application\/json/);
        });
      });
    }
  }

  const refused: readonly (readonly [string, number, (origin: string, other: string) => string | undefined])[] = [
    ['307 to another port', 307, (_origin, other) => `${other}/mcp`],
    ['308 to another port', 308, (_origin, other) => `${other}/mcp`],
    ['307 to another host name of the same machine', 307, (_origin, other) => `${other.replace('127.0.0.1', 'localhost')}/mcp`],
    ['307 to another host without a scheme', 307, (_origin, other) => `${other.replace('http:', '')}/mcp`],
    ['301 to the same origin', 301, (origin) => `${origin}/moved`],
    ['302 to the same origin', 302, () => '/moved'],
    ['303 to the same origin', 303, () => '/moved'],
    ['302 to another origin', 302, (_origin, other) => `${other}/mcp`],
    ['307 without a Location', 307, () => undefined],
    ['307 to a user and password', 307, (origin) => origin.replace('http://', 'http://user:password@')],
    ['307 to what is no URL', 307, () => 'http://[::1'],
    ['307 to a file', 307, () => 'file:///etc/passwd'],
    ['307 to javascript', 307, () => 'javascript:alert(1)'],
  ];
  for (const [name, status, locate] of refused) {
    test(`${name} is refused, and nothing is sent there`, async () => {
      const other = await HTTPPeer.listen();
      const script = {
        'tools/call': (exchange: PeerExchange) => {
          const location = locate(exchange.peer.origin, other.origin);
          return exchange.respond(status, location === undefined ? {} : { Location: location });
        },
      };
      try {
        await withConnectedPeer(script, { ...AUTHORIZED, peer: { sessions: ['canary-session'] } }, async ({ server, peer }) => {
          const before = peer.requests.length;
          const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_REDIRECT');
          assert.match(error.message, new RegExp(`\\b${status}\\b`));
          assert.doesNotMatch(`${error.stack}${JSON.stringify(error.details)}`, /password@|canary/);
          assert.equal(peer.requests.length, before + 1);
          assert.equal(other.raw.connections, 0);
        });
      } finally {
        await other.close();
      }
    });
  }

  test('the error for a redirect that is not followed names where it leads, without its query', async () => {
    await withConnectedPeer(
      { 'tools/call': (exchange) => exchange.respond(301, { Location: '/elsewhere?token=canary' }) },
      {},
      async ({ server }) => {
        const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_HTTP_REDIRECT');
        assert.match(error.message, /\/elsewhere/);
        assert.equal(error.details['status'], 301, 'programs read the status there, as for every other one');
        assert.doesNotMatch(error.message, /canary/);
      },
    );
  });

  test('a loop ends after three redirects (limits.maxRedirects)', async () => {
    await withConnectedPeer(
      { 'tools/call': (exchange) => exchange.respond(307, { Location: exchange.request.path }) },
      {},
      async ({ server, peer }) => {
        const error = (await rejection(server.callTool('call'))) as MCPError;
        assert.match(error.code, /^ERR_MCP_(HTTP_REDIRECT|LIMIT)$/);
        assert.equal(peer.sent('tools/call').length, 4);
      },
    );
  });

  test('the stream to listen to is not looked for elsewhere either', async () => {
    const other = await HTTPPeer.listen();
    try {
      await withConnectedPeer(
        { GET: (exchange) => exchange.respond(307, { Location: `${other.origin}/mcp` }) },
        { ...AUTHORIZED, listen: true, peer: { sessions: ['s'] } },
        async ({ server, peer }) => {
          await until(() => peer.sent('GET').length > 0, 'it asked for the stream');
          await server.ping();
          assert.equal(other.raw.connections, 0);
        },
      );
    } finally {
      await other.close();
    }
  });
});

describe('session ids (2025-11-25 transports, "Session Management" 1: visible ASCII only)', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['two of them', 'Mcp-Session-Id: first\r\nMcp-Session-Id: second'],
    ['a space in it', 'Mcp-Session-Id: a b'],
    ['a byte above ASCII', 'Mcp-Session-Id: caf\u00e9'],
    ['a control byte', 'Mcp-Session-Id: a\u0001b'],
    ['2,000 characters', `Mcp-Session-Id: ${'s'.repeat(2_000)}`],
    ['a tab in it', 'Mcp-Session-Id: a\tb'],
  ];
  for (const [name, line] of bad) {
    test(`${name}: refused, and never sent back`, async () => {
      const answer: PeerAnswer = (exchange) => {
        const body = JSON.stringify(exchange.reply(exchange.peer.initializeResult(exchange.request.message)));
        return exchange.raw.write(
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${line}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
            'latin1',
          ),
        );
      };
      await withPeer({ initialize: answer }, { maxRetries: 0 }, async ({ server, peer }) => {
        const error = (await rejection(server.connect())) as MCPError;
        // A parser of HTTP may have refused a control byte before anybody could look at it.
        if (error.code !== 'ERR_MCP_NETWORK' || !name.includes('control'))
          assert.deepEqual([error.name, error.code], ['PeerProtocolError', 'ERR_MCP_HTTP_HEADER'], error.stack);
        assert.equal(server.connectionState, 'failed');
        for (const request of peer.requests) assert.equal(request.headers['mcp-session-id'], undefined);
      });
    });
  }

  test('every visible character may stand in one, and comes back as it was', async () => {
    const id = Array.from({ length: 0x7e - 0x21 + 1 }, (_, index) => String.fromCharCode(0x21 + index)).join('');
    await withConnectedPeer({}, { peer: { sessions: [id] } }, async ({ server, peer }) => {
      assert.equal(server.sessionId, id);
      await server.ping();
      assert.equal(peer.sent('ping')[0]?.headers['mcp-session-id'], id);
    });
  });

  test('one that a later response names is not taken over: it is named at the beginning and nowhere else', async () => {
    const script = { ping: (exchange: PeerExchange) => exchange.json(exchange.reply({}), { 'Mcp-Session-Id': 'planted' }) };
    await withConnectedPeer(script, { peer: { sessions: ['given'] } }, async ({ server, peer, seen }) => {
      const reason = await server.ping().then(
        () => undefined,
        (error: unknown) => error as MCPError,
      );
      assert.ok(
        [reason, ...seen.faults].some((error) => error?.code === 'ERR_MCP_HTTP_HEADER'),
        'it is told',
      );
      await server.listTools();
      assert.equal(server.sessionId, 'given');
      for (const request of peer.requests) assert.notEqual(request.headers['mcp-session-id'], 'planted');
      assert.equal(peer.sent('tools/list')[0]?.headers['mcp-session-id'], 'given');
    });
  });
});

describe('headers of the host (RFC 9110 section 5.5; refused, never stripped)', () => {
  test('each of the 256 bytes in a value arrives as it is, alone on its line, or nothing is sent', async () => {
    let value = 'start';
    await withConnectedPeer({}, { headers: () => ({ 'X-Canary': value }) }, async ({ server, peer }) => {
      const accepted: number[] = [];
      for (let byte = 0; byte < 256; byte++) {
        value = `a${String.fromCharCode(byte)}b`;
        const before = peer.requests.length;
        const reason = await server.ping().then(
          () => undefined,
          (error: unknown) => error,
        );
        const [request, ...more] = peer.requests.slice(before);
        assert.deepEqual(more, []);
        if (reason !== undefined) {
          assert.equal(request, undefined, `byte ${byte} was refused and sent`);
          assert.ok(reason instanceof Error && !reason.message.includes(value), `byte ${byte}`);
          continue;
        }
        accepted.push(byte);
        assert.deepEqual(
          request?.lines.filter(([name]) => name === 'x-canary'),
          [['x-canary', value]],
          `byte ${byte}`,
        );
      }
      const visible = Array.from({ length: 95 }, (_, index) => index + 0x20);
      for (const byte of visible) assert.ok(accepted.includes(byte), `byte ${byte} has to be accepted`);
      for (const byte of [0, 10, 13, 27, 127]) assert.ok(!accepted.includes(byte), `byte ${byte} must not be accepted`);
    });
  });

  for (const [name, headers] of [
    ['a line break in a value', { 'X-A': 'a\r\nX-Evil: 1' }],
    ['a line break in a name', { 'X-A\r\nX-Evil': '1' }],
    ['a space in a name', { 'X A': '1' }],
    ['an empty name', { '': '1' }],
    ['a colon in a name', { 'X:A': '1' }],
    ['a smiley in a value', { 'X-A': '\u{1f600}' }],
    ['a number', { 'X-A': 1 as unknown as string }],
  ] as const) {
    test(`${name} is a TypeError at the door`, () => {
      assert.throws(() => makeHTTPServer('http://127.0.0.1:1/mcp', { headers }), TypeError);
    });
  }

  for (const name of [
    'Mcp-Session-Id',
    'mcp-protocol-version',
    'Content-Length',
    'TRANSFER-ENCODING',
    'Host',
    'Connection',
    'Last-Event-ID',
    'Content-Type',
    'Accept',
  ]) {
    test(`${name} belongs to the transport: a TypeError`, () => {
      assert.throws(() => makeHTTPServer('http://127.0.0.1:1/mcp', { headers: { [name]: 'x' } }), TypeError);
    });
  }
});

describe('what a server says reaches a log only in a form that harms nobody', () => {
  test('statuses, bodies, names and versions are escaped in every line', async () => {
    const lines: string[] = [];
    const write = (...parts: unknown[]) =>
      lines.push(...parts.map((part) => (typeof part === 'string' ? part : (JSON.stringify(part) ?? ''))));
    const logger = { debug: write, info: write, warn: write, error: write };
    const script = {
      initialize: (exchange: PeerExchange) =>
        exchange.json(
          exchange.reply({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: NAUGHTY, version: NAUGHTY } }),
          { 'Mcp-Session-Id': 'canary-session' },
        ),
      'tools/call': (exchange: PeerExchange) => exchange.respond(500, { 'Content-Type': NAUGHTY.replaceAll(/[^ -~]/g, '') }, NAUGHTY),
      ping: (exchange: PeerExchange) =>
        exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -1, message: NAUGHTY } }),
      GET: (exchange: PeerExchange) => exchange.respond(500, {}, NAUGHTY),
    };
    const options: PeerTestOptions = {
      logger,
      logLevel: 'DEBUG',
      listen: true,
      maxRetries: 0,
      headers: { Authorization: 'Bearer canary-token' },
      peer: { sessions: ['canary-session'] },
    };
    await withConnectedPeer(script, options, async ({ server, peer, seen }) => {
      const call = (await rejection(server.callTool('call'))) as MCPError;
      const ping = (await rejection(server.ping())) as MCPError;
      await until(() => peer.sent('GET').length > 0, 'it asked for the stream');
      for (const error of [call, ping, ...seen.faults]) {
        assertHarmless(error);
        assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /canary/);
      }
      assert.doesNotMatch(JSON.stringify(server), /canary-token/);
    });
    for (const line of lines) {
      assert.doesNotMatch(line, DANGEROUS);
      assert.doesNotMatch(line, /canary/);
    }
  });
});
