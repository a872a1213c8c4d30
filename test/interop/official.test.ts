/**
 * Servers of ours on `@modelcontextprotocol/server` 2.x: one for both eras and one for the modern era only, over `node:http` and over stdio,
 * and one with sessions and resumable streams, over `node:http`. All are used by the same function.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InvalidValueError, RPCError, StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { MCPError, MCPServerProtocol, StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import { bothEras, listen, modernOnly, withSessions } from './official-servers.ts';
import { until } from './peers.ts';
import { Recorder } from './recorder.ts';
import { socketsTo } from './socket-census.ts';

type Handler = Parameters<typeof listen>[0];
type Options = Partial<StreamableHTTPMCPServerOptions>;

interface Guest {
  readonly server: StreamableHTTPMCPServer;
  readonly recorder: Recorder;
}

/** Lets `handler` listen, runs `body` with a handle that is not connected, and asserts that nothing is left. */
async function withHandle(handler: Handler, options: Options, body: (guest: Guest) => Promise<void>): Promise<void> {
  const listening = await listen(handler);
  const recorder = new Recorder();
  const server = new StreamableHTTPMCPServer({ serverName: 'peer', serverUrl: listening.url, ...options, fetch: recorder.fetch });
  try {
    await body({ server, recorder });
  } finally {
    await server.cleanup();
    await listening.close();
  }
  assert.equal(server.connectionState, 'disconnected');
  await until(() => socketsTo(listening.port) === 0, 'no socket leads to the server');
}

/** The same, connected; what the server says is no fault. */
async function withOfficial(handler: Handler, body: (guest: Guest) => Promise<void>, options: Options = {}): Promise<void> {
  await withHandle(handler, options, async (guest) => {
    const faults: MCPError[] = [];
    guest.server.on('fault', (fault) => faults.push(fault));
    await guest.server.connect();
    await body(guest);
    assert.deepEqual(faults, []);
    assert.deepEqual(guest.server.pendingRequests, []);
  });
}

const isInvalid = (code: string) => (error: unknown): boolean => error instanceof InvalidValueError && error.code === code;

type Agreed = readonly ['legacy' | 'modern', string];
const LEGACY: Agreed = ['legacy', '2025-11-25'];
const MODERN: Agreed = ['modern', '2026-07-28'];
const PINNED: Options = { protocolVersions: [LEGACY[1]] };

/** A result without what a modern one says beside: that it is whole, and who sends it. */
function whole(result: object): object {
  const { resultType = 'complete', _meta: _from, ...rest } = result as { resultType?: unknown; _meta?: unknown };
  assert.equal(resultType, 'complete');
  return rest;
}

/** Uses everything that a server of ours offers. */
async function useAll({ server }: { readonly server: MCPServerProtocol }, agreed: Agreed): Promise<void> {
  assert.deepEqual([server.era, server.protocolVersion], agreed);
  assert.deepEqual(server.serverInfo, { name: 'ours', version: '1.2.3' });
  assert.equal(server.instructions, 'Add, count, read, greet.');
  assert.deepEqual((await server.listTools()).map(({ name }) => name), ['add', 'count', 'fail', 'grow']);
  const sum = await server.callTool('add', { a: 1.5, b: 2 });
  assert.deepEqual(whole(sum), { content: [{ type: 'text', text: '3.5' }], structuredContent: { sum: 3.5 } });
  assert.deepEqual(whole(await server.callTool('fail')), { content: [{ type: 'text', text: 'as it was told to' }], isError: true });
  await assert.rejects(server.callTool('add', { a: 1 }), isInvalid('ERR_MCP_INVALID_ARGUMENTS'));

  const reports: unknown[] = [];
  const result = await server.callTool('count', { total: 3, pauseMs: 0 }, { onProgress: (report) => reports.push({ ...report }) });
  assert.deepEqual(whole(result), { content: [{ type: 'text', text: 'counted to 3' }] });
  assert.deepEqual(reports, [1, 2, 3].map((progress) => ({ progress, total: 3 })));

  assert.deepEqual(await server.listResources(), [{ uri: 'note://one', name: 'note', mimeType: 'text/plain' }]);
  assert.deepEqual((await server.listResourceTemplates()).map(({ uriTemplate }) => uriTemplate), ['note://number/{n}']);
  assert.deepEqual(await server.listResourceContents('note://one'), [{ uri: 'note://one', text: 'one' }]);
  const blob = Buffer.from('note 7').toString('base64');
  assert.deepEqual(await server.listResourceContents('note://number/7'), [{ uri: 'note://number/7', blob }]);
  await assert.rejects(server.listResourceContents('note://two'), isInvalid('ERR_MCP_RESOURCE_NOT_FOUND'));
  const completion = await server.complete({ type: 'ref/resource', uri: 'note://number/{n}' }, { name: 'n', value: '1' });
  assert.deepEqual(completion.values, ['12', '13']);

  assert.deepEqual((await server.listPrompts()).map(({ name }) => name), ['greet']);
  const { messages } = await server.getPrompt('greet', { name: 'Eve' });
  assert.deepEqual(messages, [{ role: 'user', content: { type: 'text', text: 'Hello, Eve' } }]);
  await server.ping();
}

describe('@modelcontextprotocol/server for both eras', () => {
  test('by default the modern side: everything works, without a handshake, a stream or an end', async () => {
    let recorder: Recorder | undefined;
    await withOfficial(bothEras(), async (guest) => {
      recorder = guest.recorder;
      await useAll(guest, MODERN);
    });
    // The probe, and the ping.
    assert.deepEqual([recorder?.calls('server/discover').length, recorder?.calls('initialize').length], [2, 0]);
    assert.deepEqual([recorder?.of('GET'), recorder?.of('DELETE')], [[], []]);
  });

  test('the legacy side, pinned: everything works without a session, its stream is refused once, and there is nothing to end', async () => {
    let recorder: Recorder | undefined;
    await withOfficial(
      bothEras(),
      async (guest) => {
        recorder = guest.recorder;
        assert.equal(guest.server.sessionId, undefined);
        await useAll(guest, LEGACY);
        await until(() => guest.recorder.of('GET').at(0)?.status === 405, 'the stream is refused');
      },
      PINNED,
    );
    assert.equal(recorder?.of('GET').length, 1);
    assert.deepEqual(recorder?.of('DELETE'), []);
  });

  for (const [name, options] of [['modern', {}], ['legacy', PINNED]] as const) {
    test(`50 calls at once, ${name}: each gets its own answer`, async () => {
      await withOfficial(
        bothEras(),
        async ({ server }) => {
          assert.equal(server.era, name);
          const results = await Promise.all(Array.from({ length: 50 }, (_, index) => server.callTool('add', { a: index, b: 1 })));
          assert.deepEqual(results.map(({ structuredContent }) => structuredContent), results.map((_, index) => ({ sum: index + 1 })));
        },
        options,
      );
    });
  }
});

describe('@modelcontextprotocol/server for the modern era only', () => {
  test('everything works', async () => {
    await withOfficial(modernOnly(), (guest) => useAll(guest, MODERN));
  });

  test('taken for a legacy one, it is found to be modern', async () => {
    const prior = { era: 'legacy', revision: LEGACY[1], serverInfo: { name: 'ours', version: '1' }, capabilities: {} } as const;
    await withOfficial(modernOnly(), (guest) => useAll(guest, MODERN), { prior });
  });

  test('refuses the handshake of the legacy era: connect() rejects with its code and the revisions it names', async () => {
    await withHandle(modernOnly(), { maxRetries: 0, ...PINNED }, async ({ server, recorder }) => {
      await assert.rejects(server.connect(), (error: unknown) => {
        assert.ok(error instanceof RPCError, String(error));
        assert.equal(error.rpcCode, -32022);
        assert.deepEqual(error.data, { supported: ['2026-07-28'], requested: '2025-11-25' });
        return true;
      });
      assert.equal(server.connectionState, 'failed');
      assert.ok(recorder.exchanges.every(({ status }) => status === 400 || status === 405), 'nothing was accepted');
    });
  });
});

describe('@modelcontextprotocol/server over stdio', () => {
  const rows = [
    ['for both eras, by default', [], {}, MODERN],
    ['for both eras, pinned to the legacy one', [], PINNED, LEGACY],
    ['for the modern era only', ['legacy=reject'], {}, MODERN],
  ] satisfies readonly (readonly [string, readonly string[], Options, Agreed])[];
  for (const [name, args, options, agreed] of rows) {
    test(`${name}: everything works`, async () => {
      const command = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('official-stdio.ts', import.meta.url)), ...args];
      // Which era a server of both comes to must not depend on how fast it starts here.
      const server = new StdioMCPServer({ serverName: 'peer', command, startupTimeoutMs: 60_000, limits: { probeTimeoutMs: 30_000 }, protocolVersions: (options as Options).protocolVersions });
      const faults: MCPError[] = [];
      server.on('fault', (fault) => faults.push(fault));
      try {
        await server.connect();
        await useAll({ server }, agreed);
        assert.deepEqual(faults, []);
      } finally {
        await server.cleanup();
      }
    });
  }
});

describe('@modelcontextprotocol/server with sessions', () => {
  test('everything works, in one session, which cleanup() ends', async () => {
    const sessions = new Map();
    await withOfficial(withSessions(50, sessions), async (guest) => {
      assert.deepEqual([...sessions.keys()], [guest.server.sessionId]);
      await useAll(guest, LEGACY);
      assert.equal(sessions.size, 1);
    });
    assert.equal(sessions.size, 0);
  });

  test('a change is announced on the standing stream', async () => {
    await withOfficial(withSessions(50), async ({ server, recorder }) => {
      let changes = 0;
      server.on('toolsChanged', () => (changes += 1));
      await until(() => recorder.of('GET').at(0)?.status === 200, 'the stream is open');
      await server.callTool('grow');
      await until(() => changes === 1, 'the change is announced');
      assert.equal((await server.listTools()).length, 5);
    });
  });

  test('a server that closes the stream of a call again and again is polled: each report once, then the answer (2025-11-25, SEP-1699)', async () => {
    await withOfficial(withSessions(20), async ({ server, recorder }) => {
      const reports: number[] = [];
      const result = await server.callTool('count', { total: 4, pauseMs: 100 }, { onProgress: ({ progress }) => reports.push(progress) });
      assert.deepEqual(result, { content: [{ type: 'text', text: 'counted to 4' }] });
      assert.deepEqual(reports, [1, 2, 3, 4]);
      const resumed = recorder.of('GET').filter(({ headers }) => headers['last-event-id'] !== undefined);
      assert.ok(resumed.length >= 2, 'the client came back');
      assert.equal(recorder.calls('tools/call').length, 1);
    });
  });

  test('a stream that breaks after an event goes on after it: nothing twice, nothing lost', async () => {
    await withOfficial(withSessions(20), async ({ server, recorder }) => {
      recorder.breaker = ({ message }) => (message?.['method'] === 'tools/call' ? (soFar) => soFar.includes('"progress":2') : undefined);
      const reports: number[] = [];
      const result = await server.callTool('count', { total: 5, pauseMs: 0 }, { onProgress: ({ progress }) => reports.push(progress) });
      assert.deepEqual(result, { content: [{ type: 'text', text: 'counted to 5' }] });
      assert.deepEqual(reports, [1, 2, 3, 4, 5]);
      assert.equal(recorder.calls('tools/call').length, 1);
    });
  });

  test('a session lost with status 404 is begun anew, and the call is answered', async () => {
    const sessions = new Map();
    await withOfficial(withSessions(50, sessions), async ({ server, recorder }) => {
      const first = server.sessionId;
      await server.listTools();
      sessions.clear();
      assert.equal((await server.listTools()).length, 4);
      assert.notEqual(server.sessionId, first);
      assert.deepEqual([...sessions.keys()], [server.sessionId]);
      assert.equal(recorder.calls('initialize').length, 2);
    });
  });
});
