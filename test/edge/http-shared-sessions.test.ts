/** Several handles that share one session through a session manager, over real sockets. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../lib/base/clock.ts';
import { InMemorySessionManager } from '../../lib/index.ts';
import type { SessionRecord, StreamableHTTPMCPServer } from '../../lib/index.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { makeHTTPServer } from '../helpers/http-server-handle.ts';
import type { HTTPTestOptions } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';

const LISTENS: PeerScript = { GET: (exchange: PeerExchange) => exchange.sse().then(() => exchange.hang()) };

/** Runs `body` with a peer and a maker of handles on it, and lets go of everything. */
async function withHandles(script: PeerScript, sessions: readonly string[], body: (peer: HTTPPeer, make: (options?: HTTPTestOptions) => StreamableHTTPMCPServer) => Promise<void>): Promise<void> {
  const peer = await HTTPPeer.listen(script, { sessions: [...sessions] });
  const handles: StreamableHTTPMCPServer[] = [];
  const make = (options: HTTPTestOptions = {}): StreamableHTTPMCPServer => {
    const handle = makeHTTPServer(peer.url, options);
    handles.push(handle);
    return handle;
  };
  try {
    await body(peer, make);
  } finally {
    const cleanups = handles.map((handle) => handle.cleanup());
    await peer.close();
    await Promise.all(cleanups);
  }
}

/** A manager that can be switched off: everything it is asked rejects. */
class Switched extends InMemorySessionManager {
  isAway = false;

  #require(): void {
    if (this.isAway) throw new Error('the store is away');
  }

  override async getSession(key: string): Promise<SessionRecord | undefined> {
    this.#require();
    return super.getSession(key);
  }

  override async withLock<T>(key: string, action: (signal: AbortSignal, fence?: number) => Promise<T>): Promise<T> {
    this.#require();
    return super.withLock(key, action);
  }

  override async acquireLease(name: string): ReturnType<InMemorySessionManager['acquireLease']> {
    this.#require();
    return super.acquireLease(name);
  }

  override async joinSession(key: string, member: string): Promise<void> {
    this.#require();
    return super.joinSession(key, member);
  }
}

// What is tried every five seconds is tried every 50 ms here.
const hurried = { ...systemClock, afterInBackground: (delayMs: number, action: () => void) => systemClock.afterInBackground(delayMs / 100, action) };

describe('one stream for all that share a session', () => {
  test('one handle listens; when it lets go, another takes over and says that it may have missed something', async () => {
    await withHandles(LISTENS, ['s'], async (peer, make) => {
      const sessionManager = new InMemorySessionManager();
      const options = { sessionManager, listen: true, limits: { streamLeaseMs: 90 } };
      const [first, second] = [make(options), make(options)];
      await first.connect();
      await until(() => peer.sent('GET').length === 1, 'the first one listens');
      await second.connect();
      await second.listTools();
      let gaps = 0;
      second.on('gap', () => gaps++);
      assert.equal(peer.sent('initialize').length, 1);
      assert.equal(peer.sent('GET').length, 1);
      await first.cleanup();
      await until(() => peer.sent('GET').length === 2, 'the second one listens');
      assert.equal(gaps, 1);
      assert.equal(second.sessionId, 's');
    });
  });

  test('where the server has no such stream, each asks once', async () => {
    await withHandles({ GET: (exchange: PeerExchange) => exchange.respond(405, {}, '') }, ['s'], async (peer, make) => {
      const options = { sessionManager: new InMemorySessionManager(), listen: true, limits: { streamLeaseMs: 30 } };
      const [first, second] = [make(options), make(options)];
      await first.connect();
      await second.connect();
      await until(() => peer.sent('GET').length === 2, 'both have asked');
      await second.listTools();
      assert.equal(peer.sent('GET').length, 2);
    });
  });
});

describe('the end of a session that several use', () => {
  test('with endSessionOnCleanup the last one ends it, whoever made it, and nobody finds it afterwards', async () => {
    await withHandles({}, ['s', 't'], async (peer, make) => {
      const options = { sessionManager: new InMemorySessionManager(), endSessionOnCleanup: true };
      const [first, second, third] = [make(options), make(options), make(options)];
      await first.connect();
      await second.connect();
      await first.cleanup();
      assert.equal(peer.sent('DELETE').length, 0);
      await second.listTools();
      await second.cleanup();
      assert.equal(peer.sent('DELETE').length, 1);
      await third.connect();
      assert.equal(third.sessionId, 't');
      assert.equal(peer.sent('initialize').length, 2);
    });
  });

  test('without it nobody does, and the next one takes it up', async () => {
    await withHandles({}, ['s', 't'], async (peer, make) => {
      const options = { sessionManager: new InMemorySessionManager() };
      const [first, second] = [make(options), make(options)];
      await first.connect();
      await first.cleanup();
      await second.connect();
      assert.equal(second.sessionId, 's');
      assert.deepEqual([peer.sent('DELETE').length, peer.sent('initialize').length], [0, 1]);
    });
  });
});

describe('a store that is away', () => {
  test('the handle goes on alone, and says so', async () => {
    await withHandles({}, ['s'], async (peer, make) => {
      const sessionManager = new Switched();
      sessionManager.isAway = true;
      const warnings: string[] = [];
      const handle = make({ sessionManager, logger: { warn: (message: string) => void warnings.push(message) } });
      await handle.connect();
      await handle.listTools();
      assert.equal(handle.sessionId, 's');
      assert.match(warnings.join('\n'), /going on alone/);
      await handle.cleanup();
      assert.equal(peer.sent('DELETE').length, 1);
    });
  });

  test('it stores its session when the store is back, where nobody else has', async () => {
    await withHandles({}, ['s', 't'], async (peer, make) => {
      const sessionManager = new Switched();
      sessionManager.isAway = true;
      const [first, second] = [make({ sessionManager, clock: hurried }), make({ sessionManager })];
      await first.connect();
      let stored = 0;
      const store = sessionManager.storeSession.bind(sessionManager);
      sessionManager.storeSession = async (key, record) => {
        await store(key, record);
        stored++;
      };
      sessionManager.isAway = false;
      await until(() => stored === 1, 'the session was stored');
      await second.connect();
      assert.equal(second.sessionId, 's');
      assert.equal(peer.sent('initialize').length, 1);
    });
  });

  test('what somebody else has stored meanwhile is not overwritten; the session that nobody finds is ended at cleanup', async () => {
    await withHandles({}, ['s', 't'], async (peer, make) => {
      const sessionManager = new Switched();
      sessionManager.isAway = true;
      const warnings: string[] = [];
      const first = make({ sessionManager, clock: hurried, logger: { warn: (message: string) => void warnings.push(message) } });
      await first.connect();
      const offer = sessionManager.compareAndStore.bind(sessionManager);
      let offers = 0;
      sessionManager.compareAndStore = async (key, record, epoch) => {
        offers++;
        // Just before it is back for this one, another worker was there.
        if (offers === 1) await InMemorySessionManager.prototype.storeSession.call(sessionManager, key, { ...record, sessionId: 'of-another', epoch: record.epoch + 5 });
        return offer(key, record, epoch);
      };
      sessionManager.isAway = false;
      await until(() => warnings.some((message) => message.includes('another session was stored')), 'it was said');
      assert.equal(first.sessionId, 's');
      await first.listTools();
      await first.cleanup();
      assert.equal(peer.sent('DELETE').length, 1);
      assert.equal(peer.sent('DELETE')[0]?.headers['mcp-session-id'], 's');
    });
  });
});
