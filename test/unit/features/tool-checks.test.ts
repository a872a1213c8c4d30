/** What is checked of tools, their arguments and their results, seen from a handle. Source: MCP 2025-11-25, server, "Tools". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PeerProtocolError } from '../../../lib/index.ts';
import type { CommonServerOptions, MCPError } from '../../../lib/index.ts';
import { memoryHandle, withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle } from '../../helpers/memory-handle.ts';
import { Refusal } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection } from '../../helpers/with-server.ts';

const object = { type: 'object' };
const weather = { type: 'object', properties: { degrees: { type: 'number' }, sky: { enum: ['clear', 'grey'] } }, required: ['degrees'] };
const plain = { name: 'plain', inputSchema: object };
const forecast = { name: 'forecast', inputSchema: object, outputSchema: weather };

type Options = Partial<CommonServerOptions>;

/** A handle on a server with these tools that answers every call with `result`, or with what it makes of the name. */
function withTools<T>(tools: readonly unknown[], result: unknown, options: Options, body: (handle: MemoryHandle) => Promise<T>): Promise<T> {
  const answer = typeof result === 'function' ? (result as (name: unknown) => object) : () => result as object;
  return withMemoryHandle({ 'tools/list': () => ({ tools }), 'tools/call': ({ params }) => answer(params?.['name']) }, options, body);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const structured = (structuredContent: unknown): object => ({ content: [], structuredContent });

describe('structured content is checked against the output schema', () => {
  test('what the schema says is passed on as it came', async () => {
    const result = { content: [{ type: 'text', text: '21' }], structuredContent: { degrees: 21, more: [1] }, extra: 1 };
    await withTools([forecast], result, {}, async ({ server }) => {
      for (let turn = 0; turn < 3; turn++) assert.deepEqual(await server.callTool('forecast'), result);
    });
  });

  test('what it does not say is the error of the server, with the places and without the values', async () => {
    await withTools([forecast], structured({ degrees: 'hot-secret', sky: 'hidden-secret' }), {}, async ({ server }) => {
      const error = await mcpRejection(server.callTool('forecast'), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
      assert.equal(error.delivery, 'answered');
      assert.equal(error.message, 'The result of the tool "forecast" is not what its outputSchema says: /degrees: expected number (and 1 more)');
      assert.deepEqual(error.details, {
        toolName: 'forecast',
        instanceLocation: '/degrees',
        errors: [
          { keywordLocation: '/properties/degrees/type', instanceLocation: '/degrees', error: 'expected number' },
          { keywordLocation: '/properties/sky/enum', instanceLocation: '/sky', error: 'expected one of "clear", "grey"' },
        ],
      });
      assert.doesNotMatch(JSON.stringify([error.message, error.details]), /secret/);
    });
  });

  test('none where the tool has a schema is an error, null too; a result with isError needs none', async () => {
    for (const result of [{ content: [] }, structured(null), { ...structured(null), isError: false }]) {
      await withTools([forecast], result, {}, async ({ server }) => {
        const error = await mcpRejection(server.callTool('forecast'), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
        assert.match(error.message, /has no structuredContent/);
      });
    }
    for (const result of [{ content: [], isError: true }, { ...structured({ degrees: 'no' }), isError: true }]) {
      await withTools([forecast], result, {}, async ({ server }) => assert.deepEqual(await server.callTool('forecast'), result));
    }
  });

  test('a tool without a schema may answer with whatever it likes, one whose schema is null too', async () => {
    for (const tool of [plain, { ...plain, outputSchema: null }]) {
      await withTools([tool], structured({ anything: [null] }), {}, async ({ server }) => assert.deepEqual(await server.callTool('plain'), structured({ anything: [null] })));
    }
  });

  test('a schema that cannot be compiled takes nothing, fails only the results of its tool, and is told of once', async () => {
    const unusable = [
      { $ref: 'https://schemas.example/elsewhere.json' },
      { $schema: 'https://schemas.example/dialect' },
      { type: 'object', properties: { a: { pattern: '(a+)+(?=b)' } } },
      { type: 'nothing' },
      { $ref: '#' },
    ];
    for (const outputSchema of unusable) {
      await withTools([{ ...plain, name: 'bad', outputSchema }, forecast, plain], structured({ degrees: 1 }), {}, async ({ server, faults }) => {
        assert.deepEqual((await server.listTools()).map(({ name }) => name), ['bad', 'forecast', 'plain']);
        assert.deepEqual(faults, []);
        for (let turn = 0; turn < 2; turn++) {
          const error = await mcpRejection(server.callTool('bad'), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
          assert.match(error.message, /its outputSchema cannot be used: invalid JSON Schema at /);
          assert.equal((error.cause as MCPError).code, 'ERR_MCP_INVALID_SCHEMA');
        }
        await server.callTool('forecast');
        await server.callTool('plain');
        assert.deepEqual(faults.map(({ code, details }) => [code, details['toolName']]), [['ERR_MCP_INVALID_TOOL', 'bad']]);
      });
    }
  });

  test('a check that takes more than the bounds allow ends with the bound', async () => {
    const outputSchema = { type: 'object', properties: { all: { items: { properties: { a: { type: 'string' } } } } } };
    const many = Array.from({ length: 200_000 }, () => ({ a: 'b' }));
    await withTools([{ ...forecast, outputSchema }], structured({ all: many }), {}, async ({ server }) => {
      const error = await mcpRejection(server.callTool('forecast'), 'LimitError', 'ERR_MCP_LIMIT');
      assert.deepEqual([error.details['limit'], error.details['toolName'], error.delivery], ['maxSchemaSteps', 'forecast', 'answered']);
    });
  });

  test('what is told of a result is bounded by maxSchemaErrors, and each place is cut', async () => {
    const outputSchema = { additionalProperties: { type: 'string' } };
    const wrong = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${'k'.repeat(100_000)}${index}`, index]));
    for (const [limits, count] of [[{}, 10], [{ maxSchemaErrors: 3 }, 3]] as const) {
      await withTools([{ ...forecast, outputSchema }], structured(wrong), { limits }, async ({ server }) => {
        const error = await mcpRejection(server.callTool('forecast'), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
        const errors = error.details['errors'] as ReadonlyArray<{ instanceLocation: string }>;
        assert.deepEqual([errors.length, error.details['truncated']], [count, true]);
        assert.ok(errors.every(({ instanceLocation }) => instanceLocation.length < 1_100));
        assert.ok(error.message.length < 2_000);
      });
    }
  });

  test('nothing is asked for to check a result: without a list, results are not checked; with listTools() they are', async () => {
    await withTools([forecast], structured({ degrees: 'no' }), { checkArguments: false }, async ({ server, peer }) => {
      assert.deepEqual(await server.callTool('forecast'), structured({ degrees: 'no' }));
      assert.equal(peer.sent('tools/list').length, 0);
      await server.listTools();
      await mcpRejection(server.callTool('forecast'), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
    });
  });

  test('checkResults: false turns it off', async () => {
    await withTools([forecast], structured({ degrees: 'no' }), { checkResults: false }, async ({ server }) => {
      assert.deepEqual(await server.callTool('forecast'), structured({ degrees: 'no' }));
    });
  });

  test('an error of the server is one of the call, as for a tool without a schema', async () => {
    await withTools([forecast], () => new Refusal(-32602, 'no'), {}, async ({ server }) => {
      const error = await mcpRejection(server.callTool('forecast'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.equal(error.delivery, 'answered');
    });
  });
});

describe('arguments are checked before they are sent', () => {
  const add = { name: 'add', inputSchema: { type: 'object', properties: { a: { type: 'number' }, at: { type: 'string' } }, required: ['a'], additionalProperties: false } };
  const ok = { content: [] };

  test('by default that the tool is there and required arguments are, and nothing else', async () => {
    await withTools([add], ok, {}, async ({ server, peer }) => {
      const unknown = await mcpRejection(server.callTool('adds', { a: 1 }), 'InvalidValueError', 'ERR_MCP_UNKNOWN_TOOL');
      assert.equal(unknown.details['nearest'], 'add');
      const absent = await mcpRejection(server.callTool('add', { b: 1 }), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.deepEqual([absent.details['missing'], absent.delivery], [['a'], 'unsent']);
      assert.equal(peer.sent('tools/call').length, 0);
      await server.callTool('add', { a: 'one', b: 2 });
    });
  });

  test('with "schema" all that the schema says, with the place and without the value', async () => {
    await withTools([add], ok, { checkArguments: 'schema' }, async ({ server, peer }) => {
      for (let turn = 0; turn < 2; turn++) {
        const error = await mcpRejection(server.callTool('add', { a: 'my-secret' }), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
        assert.equal(error.message, 'The tool "add" does not take these arguments: /a: expected number');
        assert.deepEqual([error.delivery, error.details['toolName'], error.details['instanceLocation']], ['unsent', 'add', '/a']);
        assert.doesNotMatch(JSON.stringify(error.details), /secret/);
      }
      const absent = await mcpRejection(server.callTool('add'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.deepEqual(absent.details['missing'], ['a']);
      await mcpRejection(server.callTool('add', { a: 1, b: 1 }), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.equal(peer.sent('tools/call').length, 0);
      await server.callTool('add', { a: 1 });
      assert.equal(peer.sent('tools/list').length, 1);
    });
  });

  test('with "schema" it is their JSON form that counts', async () => {
    await withTools([add], ok, { checkArguments: 'schema' }, async ({ server, peer }) => {
      for (let turn = 0; turn < 2; turn++) await server.callTool('add', { a: 1, at: new Date(0), left: undefined });
      assert.deepEqual(peer.sent('tools/call').map(({ params }) => params?.['arguments']), [{ a: 1, at: '1970-01-01T00:00:00.000Z' }, { a: 1, at: '1970-01-01T00:00:00.000Z' }]);
    });
  });

  test('with "schema" a tool whose schema cannot be used is not called, others are', async () => {
    await withTools([{ name: 'bad', inputSchema: { $ref: 'https://schemas.example/x' } }, add], ok, { checkArguments: 'schema' }, async ({ server, peer }) => {
      const error = await mcpRejection(server.callTool('bad'), 'PeerProtocolError', 'ERR_MCP_INVALID_TOOL');
      assert.equal(error.delivery, 'unsent');
      await server.callTool('add', { a: 1 });
      assert.equal(peer.sent('tools/call').length, 1);
    });
  });

  test('with "schema" a check that takes too much ends with its bound, unsent', async () => {
    const tool = { name: 'bad', inputSchema: { type: 'object', properties: { all: { items: { properties: { a: { type: 'string' } } } } } } };
    await withTools([tool], ok, { checkArguments: 'schema' }, async ({ server, peer }) => {
      const error = await mcpRejection(server.callTool('bad', { all: Array.from({ length: 200_000 }, () => ({ a: 'b' })) }), 'LimitError', 'ERR_MCP_LIMIT');
      assert.deepEqual([error.details['limit'], error.delivery], ['maxSchemaSteps', 'unsent']);
      assert.equal(peer.sent('tools/call').length, 0);
    });
  });

  test('with false nothing is refused, and no list asked for', async () => {
    await withTools([add], ok, { checkArguments: false }, async ({ server, peer }) => {
      await server.callTool('adds');
      assert.deepEqual([peer.sent('tools/list').length, peer.sent('tools/call').length], [0, 1]);
    });
  });

  test('options that are none are refused at the door', () => {
    for (const [options, message] of [
      [{ checkArguments: 'all' }, /checkArguments must be true, false or "schema"; got "all"/],
      [{ checkArguments: 1 }, /checkArguments must be true, false or "schema"; got the number 1/],
      [{ checkResults: 'yes' }, /checkResults must be true or false/],
      [{ refreshLists: 1 }, /refreshLists must be true or false/],
    ] as const) assert.throws(() => memoryHandle({}, options as unknown as Options), message);
  });
});

describe('one bad definition marks only itself', () => {
  const bad: ReadonlyArray<readonly [unknown, string | undefined, string]> = [
    [{ inputSchema: object }, undefined, '/name'],
    [{ name: 7, inputSchema: object }, undefined, '/name'],
    [{ name: 'no-schema' }, 'no-schema', '/inputSchema'],
    [{ name: 'wrong-schema', inputSchema: true }, 'wrong-schema', '/inputSchema'],
    [{ name: 'wrong-output', inputSchema: object, outputSchema: [] }, 'wrong-output', '/outputSchema'],
    [{ name: 'wrong-title', title: {}, inputSchema: object }, 'wrong-title', '/title'],
    ['text', undefined, ''],
    [null, undefined, ''],
  ];

  test('those that are not what the protocol says are left out and told of once, the others stay as they came', async () => {
    const kept = { ...plain, 'x-unknown': { $anchor: 'a', deep: [1, { b: null }] }, _meta: { 'example.com/a': 1 } };
    const tools = [...bad.map(([tool]) => tool), kept];
    await withTools(tools, { content: [] }, {}, async ({ server, faults }) => {
      for (let turn = 0; turn < 2; turn++) assert.deepEqual(await server.listTools(), [kept]);
      assert.deepEqual((await server.listToolsPage()).tools, [kept]);
      assert.deepEqual(await collect(server.iterateTools()), [kept]);
      assert.ok(faults.every((fault) => fault instanceof PeerProtocolError && fault.code === 'ERR_MCP_INVALID_TOOL'));
      assert.deepEqual(faults.map(({ details }) => details['toolName']), [undefined, undefined, 'no-schema', 'wrong-schema', 'wrong-output', 'wrong-title', undefined, undefined]);
      assert.deepEqual(faults.map(({ details }) => details['pointer']), bad.map(([, , pointer]) => pointer));
      await server.callTool('plain');
      await mcpRejection(server.callTool('no-schema'), 'InvalidValueError', 'ERR_MCP_UNKNOWN_TOOL');
    });
  });

  test('of two tools of one name the first is the one, on one page or on two', async () => {
    const second = { name: 'forecast', title: 'Another', inputSchema: object };
    const pages = [[forecast, second], [{ ...second, title: 'A third' }, plain]];
    const script = { 'tools/list': ({ params }: { params?: { readonly [name: string]: unknown } }) => (params?.['cursor'] === undefined ? { tools: pages[0], nextCursor: 'b' } : { tools: pages[1] }) };
    await withMemoryHandle(script, {}, async ({ server, faults }) => {
      assert.deepEqual(await server.listTools(), [forecast, plain]);
      assert.deepEqual(await collect(server.iterateTools()), [forecast, plain]);
      assert.deepEqual(faults.map(({ code, message }) => [code, message]), [
        ['ERR_MCP_INVALID_TOOL', 'The tool "forecast" is not defined as the protocol says: another tool before it in the list has the same name, so this one is left out'],
      ]);
    });
  });

  test('of no more than maxToolFaults is told on one connection', async () => {
    const tools = [...Array.from({ length: 500 }, (_, index) => ({ name: `bad-${index}` })), plain];
    for (const [limits, count] of [[{}, 100], [{ maxToolFaults: 2 }, 2]] as const) {
      await withTools(tools, { content: [] }, { limits }, async ({ server, faults }) => {
        assert.deepEqual(await server.listTools(), [plain]);
        assert.equal(faults.length, count);
      });
    }
  });

  test('a list that is none, or a cursor that is none, is an error of the whole', async () => {
    for (const result of [{}, { tools: {} }, { tools: [], nextCursor: 5 }]) {
      await withMemoryHandle({ 'tools/list': () => result }, {}, async ({ server }) => {
        await mcpRejection(server.listTools(), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      });
    }
  });

  test('members that nobody knows are passed on, those of objects with any name too', async () => {
    const text = '{"tools":[{"name":"a","inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"__proto__":{"x":1}},"if":{},"x-own":[1]},"toString":1}]}';
    const script = { 'tools/list': ({ id }: { id?: string | number }) => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}` };
    await withMemoryHandle(script, {}, async ({ server }) => assert.equal(JSON.stringify({ tools: await server.listTools() }), text));
  });
});

test('a call whose tool changes its schema is checked against the one that held when it was made', async () => {
  let tools = [forecast];
  let answer: (result: object) => void = () => {};
  const script = { 'tools/list': () => ({ tools }), 'tools/call': () => new Promise<object>((resolve) => (answer = resolve)) };
  await withMemoryHandle(script, {}, async ({ server, peer, clock }) => {
    await server.listTools();
    const early = server.callTool('forecast');
    await clock.advance(0);
    tools = [{ ...forecast, outputSchema: { ...weather, required: ['sky'] } }];
    peer.notify('notifications/tools/list_changed');
    answer(structured({ degrees: 1 }));
    await early;
    const late = rejection(server.callTool('forecast'));
    await clock.advance(0);
    answer(structured({ degrees: 1 }));
    assert.equal(((await late) as MCPError).code, 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
  });
});
