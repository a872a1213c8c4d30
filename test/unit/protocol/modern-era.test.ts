import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { ModernEra } from '../../../lib/protocol/modern-era.ts';
import { METHODS, mayTravel } from '../../../lib/protocol/methods.ts';
import { PROTOCOL_VERSIONS } from '../../../lib/protocol/versions.ts';

const REVISION = '2026-07-28';
const clientInfo = { name: 'tester', version: '1' };
const era = new ModernEra(REVISION, { capabilities: { sampling: {} }, clientInfo });
const base = era.headers();

describe('what every request says (2026-07-28, basic, "_meta")', () => {
  test('version, client and capabilities, beside what the host says; the host cannot change them', () => {
    const meta = { 'com.example/a': 1, 'io.modelcontextprotocol/protocolVersion': 'x' };
    assert.deepEqual(era.stamp({ name: 'a' }, { meta, progressToken: 5 }), {
      name: 'a',
      _meta: {
        'com.example/a': 1,
        'io.modelcontextprotocol/protocolVersion': REVISION,
        'io.modelcontextprotocol/clientInfo': clientInfo,
        'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
        progressToken: 5,
      },
    });
  });

  test('a host that keeps its name to itself', () => {
    const silent = new ModernEra(REVISION, { capabilities: {}, clientInfo: undefined });
    assert.deepEqual(silent.stamp(undefined, { meta: undefined, progressToken: undefined }), {
      _meta: { 'io.modelcontextprotocol/protocolVersion': REVISION, 'io.modelcontextprotocol/clientCapabilities': {} },
    });
  });
});

describe('what every request mirrors (2026-07-28, Streamable HTTP, "Standard Request Headers")', () => {
  for (const [method, params, headers] of [
    ['tools/list', undefined, {}],
    ['tools/call', { name: 'add' }, { 'Mcp-Name': 'add' }],
    ['prompts/get', { name: 'süß' }, { 'Mcp-Name': '=?base64?c8O8w58=?=' }],
    ['resources/read', { uri: 'file:///a b' }, { 'Mcp-Name': 'file:///a b' }],
    ['completion/complete', { name: 'not mirrored' }, {}],
  ] as const) {
    test(method, () => {
      assert.deepEqual(era.requestHeaders(base, method, params, undefined), { 'MCP-Protocol-Version': REVISION, 'Mcp-Method': method, ...headers });
    });
  }

  test('the same request has the same headers, made once; what its params mirror comes on top', () => {
    const made = era.requestHeaders(base, 'tools/call', { name: 'add' }, undefined);
    assert.equal(era.requestHeaders(base, 'tools/call', { name: 'add' }, undefined), made);
    assert.deepEqual(era.requestHeaders(base, 'tools/call', { name: 'add' }, { 'Mcp-Param-Region': 'eu' }), { ...made, 'Mcp-Param-Region': 'eu' });
  });

  test('a name that has no form in UTF-8 is refused', () => {
    assert.throws(() => era.requestHeaders(base, 'tools/call', { name: '\ud800' }, undefined), { name: 'InvalidValueError', code: 'ERR_MCP_INVALID_ARGUMENTS', delivery: 'unsent' });
  });
});

describe('which methods travel', () => {
  // Source: the unions of `schema.ts`, 2026-07-28.
  const MODERN_METHODS = [
    'completion/complete',
    'notifications/cancelled',
    'notifications/message',
    'notifications/progress',
    'notifications/prompts/list_changed',
    'notifications/resources/list_changed',
    'notifications/resources/updated',
    'notifications/subscriptions/acknowledged',
    'notifications/tools/list_changed',
    'prompts/get',
    'prompts/list',
    'resources/list',
    'resources/read',
    'resources/templates/list',
    'server/discover',
    'subscriptions/listen',
    'tools/call',
    'tools/list',
  ];

  test('of the table, those of the schema and no other', () => {
    const travelling = [...METHODS.keys()].filter((method) => mayTravel(method, 'client', REVISION) || mayTravel(method, 'server', REVISION));
    assert.deepEqual(travelling.sort(), MODERN_METHODS);
  });

  test('no request comes from a server', () => {
    const asked = [...METHODS].filter(([method, row]) => row.kind === 'request' && mayTravel(method, 'server', REVISION));
    assert.deepEqual(asked, []);
  });

  test('a legacy revision has none of the modern ones', () => {
    for (const revision of PROTOCOL_VERSIONS.filter((version) => version !== REVISION)) {
      for (const method of ['server/discover', 'subscriptions/listen']) assert.equal(mayTravel(method, 'client', revision), false);
    }
  });
});

describe('taking a request back (2026-07-28, basic, patterns, "Cancellation")', () => {
  test('a notification where all share a channel, nothing where closing the stream says it', () => {
    assert.deepEqual(era.withdraw(7, 'tools/call', 'why', 'shared'), { method: 'notifications/cancelled', params: { requestId: 7, reason: 'why' } });
    assert.equal(era.withdraw(7, 'tools/call', 'why', 'exchange'), undefined);
  });
});
