/** What 2026-07-28 says in headers over Streamable HTTP, as bytes on a real socket: names, arguments, and what is done about a mismatch. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamableHTTPMCPServer, createNodeFetch } from '../../lib/index.ts';
import type { JSONObject, MCPError, RPCError } from '../../lib/index.ts';
import type { PeerAnswer, PeerExchange, PeerRequest, PeerScript } from '../helpers/http-server.ts';
import { withConnectedPeer } from '../helpers/http-server-handle.ts';
import type { PeerTest, PeerTestOptions } from '../helpers/http-server-handle.ts';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../helpers/revisions.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const discover: PeerAnswer = (exchange) => exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { tools: {}, prompts: {}, resources: {} } }));
const query = (properties: JSONObject): JSONObject => ({ name: 'query', inputSchema: { type: 'object', properties } });
const REGION = { type: 'string', 'x-mcp-header': 'Region' };
const TENANT = { type: 'integer', 'x-mcp-header': 'Tenant' };
const listing = (...tools: readonly JSONObject[]): PeerAnswer => (exchange) => exchange.json(exchange.reply({ resultType: 'complete', tools }));
const mismatch = (exchange: PeerExchange) =>
  exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32020, message: 'Header mismatch' } }, {}, 400);
/** Takes a call that says its region in a header. */
const strict: PeerAnswer = (exchange) => (exchange.request.headers['mcp-param-region'] === undefined ? mismatch(exchange) : exchange.done());

function withModern<T>(script: PeerScript, options: PeerTestOptions, body: (test: PeerTest) => Promise<T>): Promise<T> {
  return withConnectedPeer({ 'server/discover': discover, ...script }, { protocolVersions: MODERN_VERSIONS, ...options }, body);
}

/** The header lines of the protocol, as they came. */
function mirrored(request: PeerRequest | undefined): Record<string, string> {
  return Object.fromEntries((request?.lines ?? []).filter(([name]) => name.startsWith('mcp-')));
}

describe('what every request says in headers', () => {
  for (const road of ['the platform’s fetch', 'createNodeFetch'] as const) {
    test(`version, method and name, encoded where they have to be, over ${road}`, async () => {
      const fetch = road === 'createNodeFetch' ? createNodeFetch() : globalThis.fetch;
      const script: PeerScript = {
        'tools/list': listing({ name: 'süß\r\nEvil: 1', inputSchema: { type: 'object' } }, query({ region: REGION, at: { type: 'object', properties: { tenant: TENANT } } })),
        'prompts/get': (exchange) => exchange.json(exchange.reply({ messages: [] })),
        'resources/read': (exchange) => exchange.json(exchange.reply({ contents: [] })),
      };
      await withModern(script, { checkArguments: true, fetch }, async ({ server, peer }) => {
        const version = { 'mcp-protocol-version': '2026-07-28' };
        await server.callTool('süß\r\nEvil: 1');
        assert.deepEqual(mirrored(peer.sent('server/discover')[0]), { ...version, 'mcp-method': 'server/discover' });
        assert.deepEqual(mirrored(peer.sent('tools/list')[0]), { ...version, 'mcp-method': 'tools/list' });
        assert.deepEqual(mirrored(peer.sent('tools/call')[0]), { ...version, 'mcp-method': 'tools/call', 'mcp-name': '=?base64?c8O8w58NCkV2aWw6IDE=?=' });
        assert.equal(peer.requests.some((request) => 'evil' in request.headers), false);
        await server.getPrompt(' padded ');
        assert.deepEqual(mirrored(peer.sent('prompts/get')[0]), { ...version, 'mcp-method': 'prompts/get', 'mcp-name': '=?base64?IHBhZGRlZCA=?=' });
        await server.listResourceContents('file:///a/b.json');
        assert.deepEqual(mirrored(peer.sent('resources/read')[0]), { ...version, 'mcp-method': 'resources/read', 'mcp-name': 'file:///a/b.json' });
        await server.callTool('query', { region: 'a\r\nEvil: 2', at: { tenant: -7 } });
        assert.deepEqual(mirrored(peer.sent('tools/call')[1]), {
          ...version,
          'mcp-method': 'tools/call',
          'mcp-name': 'query',
          'mcp-param-region': '=?base64?YQ0KRXZpbDogMg==?=',
          'mcp-param-tenant': '-7',
        });
        await server.callTool('query', { region: null, at: {} });
        assert.deepEqual(mirrored(peer.sent('tools/call')[2]), { ...version, 'mcp-method': 'tools/call', 'mcp-name': 'query' });
      });
      if ('close' in fetch) await (fetch as { close(): Promise<void> }).close();
    });
  }

  test('every character of one byte arrives as it was sent', async () => {
    await withModern({ 'tools/list': listing(query({ region: REGION })) }, {}, async ({ server, peer }) => {
      await server.listTools();
      const { decodeHeaderValue } = await import('../../lib/http/value-encoding.ts');
      const values = Array.from({ length: 256 }, (_, code) => `${String.fromCharCode(code)}x${String.fromCharCode(code)}`);
      await Promise.all(values.map((region) => server.callTool('query', { region })));
      const arrived = peer.sent('tools/call').map(({ headers }) => decodeHeaderValue(headers['mcp-param-region'] ?? ''));
      assert.deepEqual(arrived.sort(), values.sort());
    });
  });

  test('what no header can carry is refused, and nothing is sent', async () => {
    await withModern({ 'tools/list': listing(query({ region: REGION })) }, {}, async ({ server, peer }) => {
      await server.listTools();
      const before = peer.requests.length;
      for (const call of [server.callTool('lone\ud800'), server.getPrompt('lone\ud800'), server.callTool('query', { region: '\udc00' }), server.callTool('query', { region: ['x'] })]) {
        const error = await mcpRejection(call, 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
        assert.equal(error.delivery, 'unsent');
      }
      assert.equal(peer.requests.length, before);
    });
  });

  test('what middleware makes of the arguments is what the headers say', async () => {
    await withModern({ 'tools/list': listing(query({ region: REGION })) }, {}, async ({ server, peer }) => {
      await server.listTools();
      server.use({ request: ({ method, params }, next) => (method === 'tools/call' ? next({ params: { ...params, arguments: { region: 'changed' } } }) : next()) });
      await server.callTool('query', { region: 'eu' });
      assert.equal(peer.sent('tools/call')[0]?.headers['mcp-param-region'], 'changed');
    });
  });

  test('headers of the host cannot speak in their place', () => {
    for (const name of ['mcp-method', 'Mcp-Name', 'MCP-PARAM-region', 'mcp-protocol-version']) {
      assert.throws(() => new StreamableHTTPMCPServer({ serverName: 'x', serverUrl: 'http://127.0.0.1:1', headers: { [name]: 'x' } }), TypeError);
    }
  });
});

describe('tools whose marks are not as the protocol says', () => {
  const bad = { ...query({ a: { type: 'number', 'x-mcp-header': 'A' } }), name: 'bad' };
  const good = query({ region: REGION });

  test('are left out of every form of the list and told of; the others stay', async () => {
    await withModern({ 'tools/list': listing(bad, good) }, { checkArguments: true }, async ({ server, seen }) => {
      assert.deepEqual((await server.listTools()).map(({ name }) => name), ['query']);
      assert.deepEqual((await server.listToolsPage()).tools.map(({ name }) => name), ['query']);
      await mcpRejection(server.callTool('bad', { a: 1 }), 'InvalidValueError', 'ERR_MCP_UNKNOWN_TOOL');
      assert.equal(textOf(await server.callTool('query', { region: 'eu' })), 'done');
      assert.deepEqual(seen.faults.map(({ code, details }) => [code, details['toolName'], details['pointer']]), [['ERR_MCP_INVALID_TOOL', 'bad', '/inputSchema/properties/a/type']]);
    });
  });

  test('are tools like others in an earlier revision, which knows no marks', async () => {
    await withConnectedPeer({ 'tools/list': listing(bad, good) }, { protocolVersions: LEGACY_VERSIONS }, async ({ server, peer, seen }) => {
      assert.deepEqual((await server.listTools()).map(({ name }) => name), ['bad', 'query']);
      await server.callTool('query', { region: 'eu' });
      assert.equal(peer.sent('tools/call')[0]?.headers['mcp-param-region'], undefined);
      assert.deepEqual(seen.faults, []);
    });
  });
});

describe('−32020: the headers are not those of the arguments', () => {
  test('the list is asked for, and the call is sent once more, as the list says now', async () => {
    await withModern({ 'tools/list': listing(query({ region: REGION })), 'tools/call': strict }, {}, async ({ server, peer, seen }) => {
      assert.equal(textOf(await server.callTool('query', { region: 'eu' })), 'done');
      assert.deepEqual(peer.order, ['server/discover', 'tools/call', 'tools/list', 'tools/call']);
      assert.equal(textOf(await server.callTool('query', { region: 'us' })), 'done');
      assert.equal(peer.order.length, 5);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('many calls that were refused for one change ask for one list', async () => {
    await withModern({ 'tools/list': listing(query({ region: REGION })), 'tools/call': strict }, {}, async ({ server, peer }) => {
      await Promise.all(Array.from({ length: 20 }, () => server.callTool('query', { region: 'eu' })));
      assert.equal(peer.sent('tools/list').length, 1);
    });
  });

  test('once: a second one is the error of the call', async () => {
    await withModern({ 'tools/list': listing(query({ region: REGION })), 'tools/call': mismatch }, {}, async ({ server, peer }) => {
      const error = (await rejection(server.callTool('query', { region: 'eu' }))) as RPCError;
      assert.deepEqual([error.code, error.rpcCode, error.delivery], ['ERR_MCP_RPC', -32020, 'answered']);
      assert.equal(peer.sent('tools/call').length, 2);
    });
  });

  test('not for a tool that is no longer there, not without a list, and not with retry never', async () => {
    const noList: PeerAnswer = (exchange) => exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32601, message: 'no' } }, {}, 404);
    for (const [list, options, lists] of [[listing(), {}, 1], [noList, {}, 1], [listing(query({ region: REGION })), { retry: 'never' }, 0]] as const) {
      await withModern({ 'tools/list': list, 'tools/call': strict }, {}, async ({ server, peer }) => {
        const error = (await rejection(server.callTool('query', { region: 'eu' }, options))) as RPCError;
        assert.equal(error.rpcCode, -32020);
        assert.deepEqual([peer.sent('tools/call').length, peer.sent('tools/list').length], [1, lists]);
      });
    }
  });

  test('the signal of the call ends the wait for the list', async () => {
    const abort = new AbortController();
    const hang: PeerAnswer = (exchange) => {
      abort.abort(new Error('enough'));
      return exchange.hang();
    };
    await withModern({ 'tools/list': hang, 'tools/call': strict }, { timeoutMs: 3_000 }, async ({ server }) => {
      assert.equal(((await rejection(server.callTool('query', { region: 'eu' }, { signal: abort.signal }))) as Error).message, 'enough');
    });
  });
});

describe('mirrorParameters', () => {
  const tools = listing(query({ region: REGION, at: { type: 'object', properties: { tenant: TENANT } } }));
  const args = { region: 'eu', at: { tenant: 7 } };

  test('a function is asked for each argument, and what it keeps back stays in the body', async () => {
    const asked: string[][] = [];
    const mirrorParameters = (...call: [string, string, string]) => {
      asked.push(call);
      return call[1] === 'region';
    };
    await withModern({ 'tools/list': tools }, { mirrorParameters }, async ({ server, peer }) => {
      await server.listTools();
      await server.callTool('query', args);
      const [call] = peer.sent('tools/call');
      assert.deepEqual([call?.headers['mcp-param-region'], call?.headers['mcp-param-tenant']], ['eu', undefined]);
      assert.deepEqual(call?.message.params?.['arguments'], args);
      assert.deepEqual(asked, [['query', 'region', 'Mcp-Param-Region'], ['query', 'at.tenant', 'Mcp-Param-Tenant']]);
    });
  });

  test('false keeps all back, says so, and a refusal for it is not sent again', async () => {
    const lines: string[] = [];
    const note = (message: string) => void lines.push(message);
    const logger = { debug: note, info: note, warn: note, error: note };
    await withModern({ 'tools/list': tools, 'tools/call': strict }, { mirrorParameters: false, logger }, async ({ server, peer }) => {
      await server.listTools();
      const error = (await rejection(server.callTool('query', args))) as MCPError;
      assert.match(error.message, /the option mirrorParameters keeps back "Mcp-Param-Region", "Mcp-Param-Tenant"$/);
      assert.deepEqual(error.details['keptBack'], ['Mcp-Param-Region', 'Mcp-Param-Tenant']);
      assert.equal(peer.sent('tools/call').length, 1);
      assert.equal(lines.filter((line) => line.includes('"at.tenant" of the tool "query" is not said in "Mcp-Param-Tenant"')).length >= 1, true);
    });
  });

  test('a function that throws, or says no boolean, keeps back', async () => {
    for (const policy of [() => { throw new Error('oops'); }, () => 'yes' as unknown as boolean]) {
      await withModern({ 'tools/list': tools }, { mirrorParameters: policy }, async ({ server, peer }) => {
        await server.listTools();
        await server.callTool('query', args);
        assert.equal(peer.sent('tools/call')[0]?.headers['mcp-param-region'], undefined);
      });
    }
  });

  test('anything else is refused', () => {
    assert.throws(() => new StreamableHTTPMCPServer({ serverName: 'x', serverUrl: 'http://127.0.0.1:1', mirrorParameters: 'yes' as unknown as boolean }), /mirrorParameters must be true, false or a function; got/);
  });
});
