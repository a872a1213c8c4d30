/** Tools of real servers, over stdio and over HTTP: what is checked, what is left out, what is told of changes. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toolDigest } from '../../lib/index.ts';
import type { ListChanged, MCPServerProtocol } from '../../lib/index.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import { withConnectedPeer, withHTTP } from '../helpers/http-server-handle.ts';
import { startDemo } from '../helpers/http-server.ts';
import type { PeerScript } from '../helpers/http-server.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, textOf, withConnected } from '../helpers/with-server.ts';

const liar = fixtureCommand('lies-about-tools');
const INVALID = ['PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT'] as const;

describe('a child whose definitions and results lie', () => {
  test('its good tools are listed and work, its bad ones are told of, its wrong results are errors', async () => {
    await withConnected({ command: liar, checkArguments: true }, async (server, { faults }) => {
      const tools = await server.listTools();
      assert.deepEqual(tools.map(({ name }) => name), ['right', 'wrong', 'silent', 'failed', 'unusable', 'storm']);
      assert.deepEqual(faults.map(({ code, details }) => [code, details['toolName'], details['pointer']]), [
        ['ERR_MCP_INVALID_TOOL', undefined, '/name'],
        ['ERR_MCP_INVALID_TOOL', 'shapeless', '/inputSchema'],
        ['ERR_MCP_INVALID_TOOL', 'right', '/name'],
      ]);
      assert.deepEqual((await server.callTool('right')).structuredContent, { n: 1 });
      for (const name of ['wrong', 'silent', 'unusable']) await mcpRejection(server.callTool(name), ...INVALID);
      assert.equal((await server.callTool('failed')).isError, true);
      assert.equal(faults.at(-1)?.details['toolName'], 'unusable');
      const calls = await Promise.all(Array.from({ length: 64 }, () => server.callTool('right')));
      assert.ok(calls.every(({ structuredContent }) => structuredContent?.['n'] === 1));
    });
  });

  test('of ten thousand notifications the host hears a few times, and of each change once', async () => {
    const record = recordFile();
    const limits = { listQuietMs: 500, maxListDelayMs: 60_000 };
    await withConnected({ command: liar, serverEnv: record.serverEnv, checkArguments: true, limits }, async (server) => {
      const told: ListChanged[] = [];
      server.on('toolsChanged', (changes) => told.push(changes));
      const [before] = await server.listTools();
      await server.callTool('storm');
      await until(() => told.length > 0, 'the event came', 20_000);
      assert.equal(textOf(await server.callTool('last')), 'last');
      const [after] = await server.listTools();
      // One of each on a machine that has nothing else to do.
      assert.ok(told.length < 20, `${told.length} events`);
      assert.ok(record.count('tools/list') < 40);
      assert.deepEqual([told.flatMap(({ added }) => added), told.flatMap(({ changed }) => changed)], [['last'], ['right']]);
      assert.ok(before !== undefined && after !== undefined);
      assert.notEqual(await toolDigest(before), await toolDigest(after));
    });
  });

  test('cleanup() in a storm ends it, and nothing is told afterwards', async () => {
    await withConnected({ command: liar, checkArguments: true }, async (server, { faults }) => {
      let told = 0;
      server.on('toolsChanged', () => told++);
      await server.callTool('storm');
      await server.cleanup();
      const soFar = told;
      assert.deepEqual([faults.filter(({ code }) => code !== 'ERR_MCP_INVALID_TOOL'), soFar <= 1], [[], true]);
    });
  });
});

describe('the demo server, over stdio and over HTTP', () => {
  async function meets(server: MCPServerProtocol): Promise<void> {
    const told: ListChanged[] = [];
    server.on('toolsChanged', (changes) => told.push(changes));
    assert.equal((await server.callTool('structured', { city: 'Oslo' })).structuredContent?.['city'], 'Oslo');
    await server.callTool('add-tool', { name: 'late' });
    await until(() => told.length === 1, 'the event came');
    assert.deepEqual(told, [{ added: ['late'], removed: [], changed: [] }]);
    assert.equal(textOf(await server.callTool('late')), 'I am late.');
    const refused = await mcpRejection(server.callTool('add', { a: 'one', b: 2 }), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
    assert.equal(refused.details['instanceLocation'], '/a');
  }

  test('stdio', () => withConnected({ command: fixtureCommand('demo-server'), checkArguments: 'schema' }, meets));

  test('HTTP', async () => {
    const demo = await startDemo();
    try {
      await withHTTP(demo.url, { checkArguments: 'schema', listen: true }, meets);
    } finally {
      await demo.stop();
    }
  });
});

describe('over HTTP', () => {
  const inputSchema = { type: 'object' };
  const outputSchema = { type: 'object', required: ['n'] };
  const call = (structuredContent: object): PeerScript => ({
    'tools/list': (exchange) => exchange.json(exchange.reply({ tools: [{ name: 'a', inputSchema, outputSchema }, { name: 7 }] })),
    'tools/call': (exchange) => exchange.json(exchange.reply({ content: [], structuredContent })),
  });

  test('a result that the schema does not take is an error and is not asked for again', async () => {
    await withConnectedPeer(call({}), { checkArguments: true }, async ({ server, peer, seen }) => {
      const error = await mcpRejection(server.callTool('a', {}, { retry: 'idempotent' }), ...INVALID);
      assert.equal(error.delivery, 'answered');
      assert.deepEqual([peer.sent('tools/call').length, peer.sent('tools/list').length], [1, 1]);
      assert.deepEqual(seen.faults.map(({ code }) => code), ['ERR_MCP_INVALID_TOOL']);
    });
  });

  test('one that it takes is passed on', async () => {
    await withConnectedPeer(call({ n: null }), { checkArguments: true }, async ({ server }) => {
      assert.deepEqual(await server.callTool('a'), { content: [], structuredContent: { n: null } });
    });
  });
});
