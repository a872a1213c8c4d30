/**
 * Servers of ours on `@modelcontextprotocol/server` 2.x over `node:http`: one for both eras, one for the modern era only, and one
 * with sessions and resumable streams. What goes over the wire in each era, and what only one of them has; the rest is in
 * official-features.test.ts.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RPCError } from '../../lib/index.ts';
import { LEGACY, MODERN, PINNED, withHandle, withOfficial } from './official-roads.ts';
import type { HTTPGuest } from './official-roads.ts';
import { bothEras, modernOnly, perRequest, withSessions } from './official-servers.ts';
import type { Handler } from './official-servers.ts';
import { useAll } from './official-use.ts';
import { until } from './peers.ts';
import type { Recorder } from './recorder.ts';

describe('@modelcontextprotocol/server for both eras', () => {
  test('by default the modern side: everything works, without a handshake, a stream or an end', async () => {
    let recorder: Recorder | undefined;
    await withOfficial(bothEras(), async (guest) => {
      recorder = guest.recorder;
      await useAll(guest.server, MODERN);
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
        await useAll(guest.server, LEGACY);
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
    await withOfficial(modernOnly(), (guest) => useAll(guest.server, MODERN));
  });

  test('taken for a legacy one, it is found to be modern', async () => {
    const prior = { era: 'legacy', revision: LEGACY[1], serverInfo: { name: 'ours', version: '1' }, capabilities: {} } as const;
    await withOfficial(modernOnly(), (guest) => useAll(guest.server, MODERN), { prior });
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

describe('@modelcontextprotocol/server for the modern era only: the stream of changes', () => {
  /** Follows the note through an end of the stream that `end` brings about: it is opened again, and it is told that something may be lost. Gives all that was told. */
  async function followThrough(handler: Handler, breaks: boolean, end: (guest: HTTPGuest) => Promise<unknown>): Promise<string[]> {
    const kinds: string[] = [];
    await withOfficial(handler, async (guest) => {
      const { server, recorder } = guest;
      recorder.breaker = ({ message }) => (breaks && message?.['method'] === 'subscriptions/listen' ? (soFar) => soFar.includes('resources/updated') : undefined);
      const subscription = await server.subscribe({ uris: ['note://one'] });
      const reading = (async (): Promise<void> => {
        for await (const { kind } of subscription) kinds.push(kind);
      })();
      await end(guest);
      await until(() => kinds.at(-1) === 'gap', 'the gap is told');
      await server.callTool('write', { text: 'two', tell: true });
      await until(() => kinds.at(-1) === 'resourceUpdated', 'the change is told');
      assert.equal(recorder.calls('subscriptions/listen').length, 2);
      assert.deepEqual(subscription.honoured.uris, ['note://one']);
      await subscription.close();
      await reading;
      assert.deepEqual(await subscription.ended, { how: 'local' });
    });
    return kinds;
  }

  test('ended in order by a server that another one takes the place of: it is opened again', async () => {
    let current = perRequest({ legacy: 'reject' });
    const told = await followThrough(
      (request) => current.fetch(request),
      false,
      async () => {
        const { close } = current;
        current = perRequest({ legacy: 'reject' });
        await close();
      },
    );
    assert.deepEqual(told, ['gap', 'resourceUpdated']);
  });

  test('broken behind a change: it is opened again', async () => {
    const told = await followThrough(modernOnly(), true, async ({ server, recorder }) => {
      recorder.breaker = () => undefined;
      await server.callTool('write', { text: 'one and a half', tell: true });
    });
    assert.deepEqual(told, ['resourceUpdated', 'gap', 'resourceUpdated']);
  });
});

describe('@modelcontextprotocol/server with sessions', () => {
  test('everything works, in one session, which cleanup() ends', async () => {
    const sessions = new Map();
    await withOfficial(withSessions(50, sessions), async (guest) => {
      assert.deepEqual([...sessions.keys()], [guest.server.sessionId]);
      await useAll(guest.server, LEGACY);
      assert.equal(sessions.size, 1);
    });
    assert.equal(sessions.size, 0);
  });

  test('a change is announced on the standing stream', async () => {
    await withOfficial(withSessions(50), async ({ server, recorder }) => {
      let changes = 0;
      server.on('toolsChanged', () => (changes += 1));
      await until(() => recorder.of('GET').at(0)?.status === 200, 'the stream is open');
      await server.callTool('grow-tools');
      await until(() => changes === 1, 'the change is announced');
      assert.equal((await server.listTools()).at(-1)?.name, 'grown-1');
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
      assert.equal((await server.listTools()).length, 12);
      assert.notEqual(server.sessionId, first);
      assert.deepEqual([...sessions.keys()], [server.sessionId]);
      assert.equal(recorder.calls('initialize').length, 2);
    });
  });
});
