/** What comes over the stdout of a real child process, byte by byte: only its own request suffers from a bad message. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallToolResult, MCPError, RequestOptions, StdioMCPServer } from '../../lib/index.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import { assertNoneAlive, processesInGroup } from '../helpers/processes.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, textOf, withConnected, withServer } from '../helpers/with-server.ts';
import type { Seen, TestOptions } from '../helpers/with-server.ts';

const command = fixtureCommand('says-what-it-is-told');
/** The reply to the call that makes the child say it. */
const FINE = '{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"fine"}]}}\n';

type Saying = string | Uint8Array;
const base64 = (saying: Saying): string => Buffer.from(saying as string).toString('base64');

/** Makes the child write these bytes; the call is answered only when they answer it. */
function say(
  server: StdioMCPServer,
  saying: Saying,
  how: { repeat?: number; chunkBytes?: number; last?: string } = {},
  options: RequestOptions = {},
): Promise<CallToolResult> {
  return server.callTool('call', { base64: base64(saying), ...how }, options);
}

async function assertStillWorks(server: StdioMCPServer): Promise<void> {
  assert.equal(textOf(await say(server, FINE)), 'fine');
  assert.equal(server.connectionState, 'connected');
}

const codes = (seen: Seen): string[] => seen.faults.map((fault) => fault.code);

/** Bytes given as text and as numbers. */
const bytes = (...parts: ReadonlyArray<string | readonly number[]>): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part as number[]))));

describe('text on stdout that is no message (stdio transport: the server MUST NOT write it)', () => {
  test('lines before the first message are skipped, and each is reported', async () => {
    const serverEnv = { FIRST: base64('Listening on stdio\n> ready, 100 %\n') };
    await withConnected({ command, serverEnv }, async (server, seen) => {
      assert.deepEqual(codes(seen), ['ERR_MCP_INVALID_JSON', 'ERR_MCP_INVALID_JSON']);
      await assertStillWorks(server);
    });
  });

  test('lines between messages are skipped, and the request that waits is answered', async () => {
    await withConnected({ command }, async (server, seen) => {
      assert.equal(textOf(await say(server, `debug: about to answer\n${FINE}debug: answered\n`)), 'fine');
      await assertStillWorks(server);
      assert.deepEqual(codes(seen), ['ERR_MCP_INVALID_JSON', 'ERR_MCP_INVALID_JSON']);
    });
  });

  test('more such lines in a row than limits.maxStrayLines end the connection and everything that waits', async () => {
    await withConnected({ command, restart: 'never', limits: { maxStrayLines: 20 } }, async (server, seen) => {
      const waiting = say(server, 'chatter\n', { repeat: 100 });
      const error = await mcpRejection(waiting, 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxStrayLines');
      assert.equal(error.delivery, 'unknown');
      assert.equal(server.connectionState, 'failed');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });

  test('a message between them starts the count for limits.maxStrayLines again', async () => {
    await withConnected({ command, restart: 'never', limits: { maxStrayLines: 20 } }, async (server, seen) => {
      for (let round = 0; round < 4; round++) assert.equal(textOf(await say(server, `${'chatter\n'.repeat(15)}${FINE}`)), 'fine');
      assert.equal(seen.faults.length, 60);
    });
  });

  test('JSON that is no message is reported, and the connection goes on (JSON-RPC 2.0 section 4)', async () => {
    await withConnected({ command }, async (server, seen) => {
      for (const stray of ['42', 'null', 'true', '"text"', '[]', '{}', '{"jsonrpc":"1.0","method":"ping"}', '{"method":"ping"}']) {
        seen.faults.length = 0;
        assert.equal(textOf(await say(server, `${stray}\n${FINE}`)), 'fine', stray);
        assert.deepEqual(codes(seen), ['ERR_MCP_INVALID_MESSAGE'], stray);
      }
    });
  });
});

describe('bytes and lines (MCP, stdio transport: messages are UTF-8, delimited by newlines)', () => {
  test('a byte order mark before the first message is left out (RFC 8259 section 8.1)', async () => {
    await withConnected({ command, serverEnv: { FIRST: base64(bytes([0xef, 0xbb, 0xbf])) } }, async (server) => {
      await assertStillWorks(server);
    });
  });

  test('a message that is not UTF-8 is reported, nothing is guessed, and the stream lives', async () => {
    await withConnected({ command }, async (server, seen) => {
      const bad = bytes('{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"', [0xc3, 0x28, 0xff], '"}]}}\n');
      assert.equal(textOf(await say(server, bytes(Array.from(bad), FINE))), 'fine');
      assert.deepEqual(codes(seen), ['ERR_MCP_INVALID_UTF8']);
      await assertStillWorks(server);
    });
  });

  const tale = 'äöü, 日本語, 🙂, "quotes", \\u0000-free';
  const reply = `{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":${JSON.stringify(tale)}}]}}\n`;
  for (const chunkBytes of [1, 2, 3, 7, 4096]) {
    test(`a message that comes in pieces of ${chunkBytes} bytes is the same message`, async () => {
      await withConnected({ command }, async (server, seen) => {
        const result = await say(server, reply, { chunkBytes });
        assert.equal(textOf(result), tale);
        assert.deepEqual(seen.faults, []);
      });
    });
  }

  test('several messages in one piece are several messages', async () => {
    await withConnected({ command }, async (server) => {
      const logged: unknown[] = [];
      server.on('log', ({ data }) => logged.push(data));
      const log = (data: number) => `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":${data}}}\n`;
      await say(server, `${log(1)}${log(2)}${FINE}${log(3)}`);
      await assertStillWorks(server);
      assert.deepEqual(logged, [1, 2, 3]);
    });
  });

  test('CRLF line ends and blank lines are accepted in silence', async () => {
    await withConnected({ command, serverEnv: { FIRST: base64('\r\n\n') } }, async (server, seen) => {
      assert.equal(textOf(await say(server, `\n\r\n  \n\t\r\n${FINE.replace('\n', '\r\n')}\r\n`)), 'fine');
      await assertStillWorks(server);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('only a newline ends a message: a lone CR is white space, U+2028 and U+0085 are text (RFC 8259 sections 2 and 7)', async () => {
    await withConnected({ command }, async (server, seen) => {
      const text = 'one\u2028two\u2029three\u0085four';
      const line = `{"jsonrpc":"2.0",\r"id":{id},\r"result":{"content":[{"type":"text","text":"${text}"}]}}\n`;
      assert.equal(textOf(await say(server, line)), text);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('a line without an end is cut off at limits.maxMessageBytes: the connection ends and so does everything that waits', async () => {
    await withConnected({ command, restart: 'never', limits: { maxMessageBytes: 100_000 } }, async (server, seen) => {
      const waiting = say(server, 'x'.repeat(10_000), { repeat: 10_000 });
      const error = await mcpRejection(waiting, 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxMessageBytes');
      assert.equal(error.delivery, 'unknown');
      assert.equal(server.connectionState, 'failed');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });

  test('limits.maxMessageBytes is the longest line that passes, to the byte', async () => {
    const log = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"heard"}}';
    // White space before a message belongs to its line.
    const lineOf = (size: number) => ({ repeat: 4, last: base64(`${' '.repeat(size - 4_000 - log.length)}${log}\n${FINE}`) });
    await withConnected({ command, restart: 'never', limits: { maxMessageBytes: 4_500 } }, async (server) => {
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      assert.equal(textOf(await say(server, ' '.repeat(1_000), lineOf(4_500))), 'fine');
      assert.deepEqual(heard, ['heard']);
      const error = await mcpRejection(say(server, ' '.repeat(1_000), lineOf(4_501)), 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxMessageBytes');
    });
  });

  test('a message of ours beyond limits.maxMessageBytes is refused unsent, and the connection goes on', async () => {
    await withConnected({ command, limits: { maxMessageBytes: 100_000 } }, async (server) => {
      const error = await mcpRejection(server.callTool('call', { text: 'x'.repeat(100_000) }), 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxMessageBytes');
      assert.equal(error.delivery, 'unsent');
      await assertStillWorks(server);
    });
  });
});

describe('nesting, numbers and names (MCP, basic; RFC 8259)', () => {
  const nested = (levels: number) => `{"jsonrpc":"2.0","method":"x","params":{"deep":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}\n`;

  test('a message of a hundred thousand levels is refused before it is parsed, and the stream lives', async () => {
    await withConnected({ command }, async (server, seen) => {
      assert.equal(textOf(await say(server, `${nested(100_000)}${FINE}`)), 'fine');
      assert.deepEqual(seen.faults.map((fault) => fault.details['limit']), ['maxDepth']);
      await assertStillWorks(server);
    });
  });

  test('limits.maxDepth is the deepest that passes', async () => {
    await withConnected({ command, limits: { maxDepth: 12 } }, async (server, seen) => {
      await say(server, `${nested(12)}${FINE}`);
      assert.deepEqual(seen.faults.filter((fault) => fault.code === 'ERR_MCP_LIMIT'), []);
      await say(server, `${nested(13)}${FINE}`);
      assert.deepEqual(seen.faults.filter((fault) => fault.code === 'ERR_MCP_LIMIT').map((fault) => fault.details['limit']), ['maxDepth']);
    });
  });

  test('an integer beyond 2^53 in a result is the nearest number; as an id it matches nothing', async () => {
    await withConnected({ command }, async (server, seen) => {
      const big = '{"jsonrpc":"2.0","id":{id},"result":{"content":[],"structuredContent":{"n":9007199254740993}}}\n';
      const result = await say(server, `{"jsonrpc":"2.0","id":9007199254740993,"result":{}}\n${big}`);
      assert.deepEqual(result.structuredContent, { n: 9007199254740992 });
      assert.equal(seen.faults.length, 1);
      await assertStillWorks(server);
    });
  });

  test('of two members with one name the last counts', async () => {
    await withConnected({ command }, async (server, seen) => {
      const line = '{"jsonrpc":"2.0","id":"nobody","id":{id},"result":{},"result":{"content":[{"type":"text","text":"last"}]}}\n';
      assert.equal(textOf(await say(server, line)), 'last');
      assert.deepEqual(seen.faults, []);
    });
  });

  test('members named __proto__ and constructor are data of a result, and touch no prototype', async () => {
    await withConnected({ command }, async (server) => {
      const line = `{"jsonrpc":"2.0","id":{id},"__proto__":{"polluted":1},"result":{"__proto__":{"polluted":2},"content":[],
        "structuredContent":{"__proto__":{"polluted":3},"constructor":{"prototype":{"polluted":4}},"toString":5}}}`;
      const { structuredContent = {} } = await say(server, `${line.replaceAll('\n', '')}\n`);
      assert.deepEqual(Object.keys(structuredContent), ['__proto__', 'constructor', 'toString']);
      assert.equal(Object.getPrototypeOf(structuredContent), Object.prototype);
      assert.equal((({}) as Record<string, unknown>)['polluted'], undefined);
    });
  });

  test('members named __proto__ of our arguments reach the server as members', async () => {
    const record = recordFile();
    await withConnected({ command, serverEnv: record.serverEnv }, async (server) => {
      const args = JSON.parse(`{"base64":"${base64(FINE)}","__proto__":{"a":1},"deep":{"__proto__":2}}`) as Record<string, unknown>;
      assert.equal(textOf(await server.callTool('call', args)), 'fine');
      const [call] = record.read().filter((message) => message.method === 'tools/call');
      const sent = call?.params?.['arguments'] as Record<string, unknown>;
      assert.deepEqual(Object.keys(sent), ['base64', '__proto__', 'deep']);
      assert.deepEqual(Object.keys(sent['deep'] as object), ['__proto__']);
    });
  });
});

describe('a broken reply settles the request it names, at once (JSON-RPC 2.0 section 5)', () => {
  const broken: Record<string, string> = {
    'a result and an error': '"result":{"content":[]},"error":{"code":1,"message":"no"}',
    'neither a result nor an error': '"other":1',
    'an error without a code': '"error":{"message":"no"}',
    'an error without a message': '"error":{"code":1}',
    'an error that is text': '"error":"no"',
    'a code that is text': '"error":{"code":"1","message":"no"}',
    'a result that is a number': '"result":7',
    'a result that is null': '"result":null',
    'a result that is an array': '"result":[]',
  };
  test('PeerProtocolError without waiting for the deadline, and the connection goes on', async () => {
    await withConnected({ command }, async (server) => {
      for (const [what, members] of Object.entries(broken)) {
        const reply = say(server, `{"jsonrpc":"2.0","id":{id},${members}}\n`);
        const error = await mcpRejection(reply, 'PeerProtocolError', 'ERR_MCP_INVALID_MESSAGE');
        assert.equal(error.delivery, 'answered', what);
        await assertStillWorks(server);
      }
    });
  });

  test('a reply of another JSON-RPC version does so too', async () => {
    await withConnected({ command }, async (server) => {
      await mcpRejection(say(server, '{"jsonrpc":"1.0","id":{id},"result":{}}\n'), 'PeerProtocolError', 'ERR_MCP_INVALID_MESSAGE');
      await assertStillWorks(server);
    });
  });

  test('a result that is not that of the method is refused with the place that is wrong', async () => {
    await withConnected({ command }, async (server) => {
      const line = '{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"a"},{"type":"text"}]}}\n';
      const error = await mcpRejection(say(server, line), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.match(error.message, /\/content\/1\/text/);
      assert.equal(error.delivery, 'answered');
      await assertStillWorks(server);
    });
  });
});

describe('replies that belong to nobody (MCP, basic: a response MUST carry the id of its request)', () => {
  const strays: Record<string, readonly [line: string, code: string]> = {
    'our id in the other type, as 7 and "7" are two ids': ['{"jsonrpc":"2.0","id":{otherId},"result":{"content":[]}}', 'ERR_MCP_UNKNOWN_REPLY'],
    'an id nobody used': ['{"jsonrpc":"2.0","id":"nobody","result":{"content":[]}}', 'ERR_MCP_UNKNOWN_REPLY'],
    'an error for an id nobody used': ['{"jsonrpc":"2.0","id":"nobody","error":{"code":1,"message":"no"}}', 'ERR_MCP_UNKNOWN_REPLY'],
    'our id in an array': ['{"jsonrpc":"2.0","id":[{id}],"result":{"content":[]}}', 'ERR_MCP_INVALID_MESSAGE'],
    'a result with the id null': ['{"jsonrpc":"2.0","id":null,"result":{"content":[]}}', 'ERR_MCP_INVALID_MESSAGE'],
    'an error with the id null': ['{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}', 'ERR_MCP_ERROR_WITHOUT_ID'],
    'an error without an id': ['{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"}}', 'ERR_MCP_ERROR_WITHOUT_ID'],
    'the id of a prototype': ['{"jsonrpc":"2.0","id":"__proto__","result":{"content":[]}}', 'ERR_MCP_UNKNOWN_REPLY'],
  };
  test('each is reported, and the request that waits goes on waiting', async () => {
    await withConnected({ command }, async (server, seen) => {
      for (const [what, [line, code]] of Object.entries(strays)) {
        seen.faults.length = 0;
        assert.equal(textOf(await say(server, `${line}\n${FINE}`)), 'fine', what);
        assert.deepEqual(codes(seen), [code], what);
      }
      await assertStillWorks(server);
    });
  });

  test('two replies to one request: the first counts, the second is reported', async () => {
    await withConnected({ command }, async (server, seen) => {
      assert.equal(textOf(await say(server, `${FINE}${FINE.replace('fine', 'again')}`)), 'fine');
      await assertStillWorks(server);
      assert.deepEqual(codes(seen), ['ERR_MCP_DUPLICATE_REPLY']);
    });
  });
});

describe('batches (2025-03-26, basic: implementations MUST support receiving them; no other revision has them)', () => {
  const log = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"in a batch"}}';
  const batch = `[${log},${FINE.trim()}]\n`;

  test('in 2025-03-26 a batch is its messages', async () => {
    await withConnected({ command, protocolVersions: ['2025-03-26'] }, async (server, seen) => {
      const logged: unknown[] = [];
      server.on('log', ({ data }) => logged.push(data));
      assert.equal(textOf(await say(server, batch)), 'fine');
      assert.deepEqual(logged, ['in a batch']);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('in 2025-03-26 a bad member of a batch harms no other', async () => {
    await withConnected({ command, protocolVersions: ['2025-03-26'] }, async (server, seen) => {
      assert.equal(textOf(await say(server, `[42,${FINE.trim()},null]\n`)), 'fine');
      assert.deepEqual(codes(seen), ['ERR_MCP_INVALID_MESSAGE', 'ERR_MCP_INVALID_MESSAGE']);
    });
  });

  for (const revision of ['2024-11-05', '2025-06-18', '2025-11-25']) {
    test(`in ${revision} a batch is refused: nothing in it is heard, and the request it answers need not wait`, async () => {
      await withConnected({ command, protocolVersions: [revision] }, async (server, seen) => {
        const logged: unknown[] = [];
        server.on('log', ({ data }) => logged.push(data));
        const error = await mcpRejection(say(server, batch), 'PeerProtocolError', 'ERR_MCP_UNEXPECTED_BATCH');
        assert.equal((error.cause as MCPError).code, 'ERR_MCP_UNEXPECTED_BATCH');
        assert.deepEqual(codes(seen), ['ERR_MCP_UNEXPECTED_BATCH']);
        assert.deepEqual(logged, []);
        await assertStillWorks(server);
      });
    });
  }
});

describe('notifications that are none, or none of ours (MCP, basic)', () => {
  const bad = [
    '"method":"notifications/progress"',
    '"method":"notifications/progress","params":{"progress":1}',
    '"method":"notifications/progress","params":{"progressToken":{},"progress":1}',
    '"method":"notifications/progress","params":{"progressToken":"a","progress":"half"}',
    '"method":"notifications/message","params":{"level":"loud","data":1}',
    '"method":"notifications/message"',
    '"method":"notifications/resources/updated","params":{"uri":7}',
    '"method":"notifications/cancelled","params":{}',
    '"method":"notifications/cancelled","params":{"requestId":{id}}',
    '"method":"notifications/unheard-of","params":{"a":1}',
    '"method":"notifications/tools/list_changed","params":{"a":1}',
    '"method":"tools/list"',
    '"method":"__proto__"',
    '"method":"","params":{}',
    '"method":7',
    '"method":"notifications/message","params":[]',
  ];
  test('none of them harms the connection or what waits', async () => {
    await withConnected({ command }, async (server) => {
      const heard: unknown[] = [];
      server.on('log', (message) => heard.push(message));
      server.on('resourceUpdated', (message) => heard.push(message));
      server.on('progress', (message) => heard.push(message));
      for (const members of bad) assert.equal(textOf(await say(server, `{"jsonrpc":"2.0",${members}}\n${FINE}`)), 'fine', members);
      await assertStillWorks(server);
      assert.deepEqual(heard, []);
    });
  });
});

describe('floods', () => {
  test('a hundred thousand notifications nobody knows are bounded work, and the reply after them arrives', async () => {
    await withConnected({ command }, async (server, seen) => {
      const many = '{"jsonrpc":"2.0","method":"notifications/unheard-of","params":{}}\n'.repeat(1_000);
      assert.equal(textOf(await say(server, many, { repeat: 100, last: base64(FINE) })), 'fine');
      assert.ok(seen.faults.length <= 100_000);
      await assertStillWorks(server);
    });
  });

  test('a result of ten megabytes comes whole', async () => {
    await withConnected({ command: fixtureCommand('demo-server') }, async (server) => {
      const text = textOf(await server.callTool('big', { bytes: 10_000_000 }));
      assert.equal(text.length, 10_000_000);
      assert.equal(text.replaceAll('x', ''), '');
    });
  });
});

describe('the handshake takes the same care (MCP, lifecycle)', () => {
  const handshake = (text: string): TestOptions => ({
    command,
    serverEnv: { HANDSHAKE: base64(`${text}\n`) },
    maxConnectionRetries: 0,
    startupTimeoutMs: 5_000,
  });
  const result = (members: string) => `{"jsonrpc":"2.0","id":{id},"result":{${members}}}`;
  const good = '"capabilities":{},"serverInfo":{"name":"n","version":"1"}';

  const cases: Record<string, readonly [line: string, name: string, code: string]> = {
    'an unknown protocol version': [result(`"protocolVersion":"1999-12-31",${good}`), 'PeerProtocolError', 'ERR_MCP_UNSUPPORTED_VERSION'],
    'no protocol version': [result(good), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT'],
    'a protocol version that is a number': [result(`"protocolVersion":20250618,${good}`), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT'],
    'no result and no error': ['{"jsonrpc":"2.0","id":{id}}', 'PeerProtocolError', 'ERR_MCP_INVALID_MESSAGE'],
    'an error': ['{"jsonrpc":"2.0","id":{id},"error":{"code":-32603,"message":"not today"}}', 'RPCError', 'ERR_MCP_RPC'],
  };
  for (const [what, [line, name, code]] of Object.entries(cases)) {
    test(`${what}: connect() rejects at once with what the server did, and the child is gone`, async () => {
      await withServer(handshake(line), async (server, seen) => {
        const reason = await server.connect().then(() => undefined, (error: unknown) => error);
        const chain: Array<readonly [string, string]> = [];
        for (let error = reason as (Error & { code: string }) | undefined; error instanceof Error; error = error.cause as typeof error) {
          chain.push([error.name, error.code]);
        }
        assert.ok(chain.some((link) => link[0] === name && link[1] === code), JSON.stringify(chain));
        assert.equal(server.connectionState, 'failed');
        await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
      });
    });
  }

  test('a child that never ends the line of its first message is stopped at the limit', async () => {
    const options = { ...handshake(''), serverEnv: { FIRST: base64('x'.repeat(70_000)) }, limits: { maxMessageBytes: 65_536 } };
    await withServer(options, async (server) => {
      const reason = await server.connect().then(() => undefined, (error: unknown) => error as Error & { details: { limit?: string } });
      await until(() => server.connectionState === 'failed', 'the connection failed');
      assert.equal(reason?.details.limit ?? (reason?.cause as typeof reason)?.details.limit, 'maxMessageBytes');
    });
  });
});
