import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred } from '../../../lib/base/deferred.ts';
import { InMemorySessionManager } from '../../../lib/session/in-memory-session-manager.ts';
import { KeyedMutex } from '../../../lib/session/keyed-mutex.ts';
import { DEFAULT_LOCK_WAIT_MS, SessionManager } from '../../../lib/session/session-manager.ts';
import type { SessionRecord } from '../../../lib/session/session-record.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { describeSessionManager, sessionRecord } from '../../helpers/session-manager-contract.ts';

/** What a host writes: the four abstract methods over a store of texts, and not a line more. */
class TextSessionManager extends SessionManager {
  readonly texts = new Map<string, string>();

  async getSession(key: string): Promise<SessionRecord | undefined> {
    const text = this.texts.get(key);
    // As a careless host would: what it reads is not looked at, and what is no JSON is handed on as it is.
    return text === undefined ? undefined : text.startsWith('not') ? (text as never) : JSON.parse(text);
  }

  async storeSession(key: string, record: SessionRecord): Promise<void> {
    this.texts.set(key, JSON.stringify(record));
  }

  async deleteSession(key: string): Promise<void> {
    this.texts.delete(key);
  }

  async close(): Promise<void> {}
}

describeSessionManager(
  'InMemorySessionManager',
  async () => {
    const clock = new FakeClock();
    const manager = new InMemorySessionManager({ expirationSeconds: 60, clock });
    return { manager, sibling: manager, elapse: (ms) => clock.advance(ms), dispose: () => manager.close() };
  },
  { fair: true, strict: true, expirationSeconds: 60 },
);

describeSessionManager(
  'a manager of a host’s own with nothing but the four abstract methods',
  async () => {
    const clock = new FakeClock();
    const manager = new TextSessionManager({ clock });
    return {
      manager,
      sibling: manager,
      elapse: (ms) => clock.advance(ms),
      plant: async (key, text) => void manager.texts.set(key, text),
      dispose: async () => assert.equal(clock.waiting, 0, 'no timer is left behind'),
    };
  },
  { fair: true, strict: false, canPlant: true },
);

describe('InMemorySessionManager: when a session leaves', () => {
  const manager = (options: { expirationSeconds?: number; maxSessions?: number }) => {
    const clock = new FakeClock();
    return { clock, sessions: new InMemorySessionManager({ ...options, clock }) };
  };

  test('it lives for expirationSeconds to the millisecond, 3600 by default', async () => {
    for (const [options, lifeMs] of [[{}, 3_600_000], [{ expirationSeconds: 1 }, 1_000]] as const) {
      const { clock, sessions } = manager(options);
      await sessions.storeSession('stays', sessionRecord());
      await clock.advance(lifeMs - 1);
      assert.equal((await sessions.getSession('stays'))?.epoch, 1);
      await clock.advance(lifeMs);
      assert.equal(await sessions.getSession('stays'), undefined);
    }
  });

  test('it sets no timer, so an idle manager keeps no process alive', async () => {
    const { clock, sessions } = manager({});
    await sessions.storeSession('any', sessionRecord());
    const waiting = await sessions.withLock('any', async () => clock.waiting);
    assert.deepEqual([waiting, clock.waiting], [0, 0], 'while an action runs, and afterwards');
  });

  test('when there are more than maxSessions, the one unused for the longest time leaves', async () => {
    const { sessions } = manager({ maxSessions: 3 });
    for (const key of ['first', 'second', 'third']) await sessions.storeSession(key, sessionRecord());
    await sessions.getSession('first');
    await sessions.storeSession('second', sessionRecord({ epoch: 2 }));
    await sessions.storeSession('fourth', sessionRecord());
    const left = [];
    for (const key of ['first', 'second', 'third', 'fourth']) if ((await sessions.getSession(key)) !== undefined) left.push(key);
    assert.deepEqual(left, ['first', 'second', 'fourth']);
  });

  test('1000 sessions are kept by default', async () => {
    const { sessions } = manager({});
    for (let index = 0; index <= 1_000; index++) await sessions.storeSession(`key-${index}`, sessionRecord());
    assert.equal(await sessions.getSession('key-0'), undefined);
    assert.equal((await sessions.getSession('key-1'))?.epoch, 1);
    assert.equal((await sessions.getSession('key-1000'))?.epoch, 1);
  });

  test('what it returns is frozen, all the way down', async () => {
    const { sessions } = manager({});
    await sessions.storeSession('any', sessionRecord());
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      assert.ok(Object.isFrozen(value));
      Object.values(value).forEach(walk);
    };
    const stored = await sessions.getSession('any');
    assert.equal(stored?.capabilities.tools?.listChanged, true);
    walk(stored);
  });

  test('options are checked at the door', () => {
    for (const options of [{ expirationSeconds: 0 }, { expirationSeconds: -5 }, { expirationSeconds: 1.5 }, { maxSessions: 0 }, { expirationSeconds: Infinity }]) {
      assert.throws(() => new InMemorySessionManager(options), RangeError, JSON.stringify(options));
    }
    for (const options of [{ expirationSeconds: '60' }, { maxSessions: null }, { ttl: 5 }, null, 60]) {
      assert.throws(() => new InMemorySessionManager(options as never), TypeError, JSON.stringify(options));
    }
  });

  test('two managers share nothing', async () => {
    const [one, other] = [new InMemorySessionManager(), new InMemorySessionManager()];
    await one.storeSession('any', sessionRecord());
    assert.equal(await other.getSession('any'), undefined);
    assert.equal(await one.withLock('any', () => other.withLock('any', async () => 'both held')), 'both held');
    await one.close();
    assert.equal(await other.getSession('any'), undefined);
  });
});

describe('SessionManager: its defaults', () => {
  test('a wait without waitMs ends after 30 seconds, not before', async () => {
    const clock = new FakeClock();
    const manager = new TextSessionManager({ clock });
    const held = deferred<void>();
    const holder = manager.withLock('key', () => held.promise);
    let ended = false;
    const late = manager.withLock('key', async () => {}).then(
      () => assert.fail('it had the lock'),
      (error: { code: string; details: unknown }) => {
        ended = true;
        assert.equal(error.code, 'ERR_MCP_SESSION_STORE');
        assert.deepEqual(error.details, { waitMs: 30_000 });
      },
    );
    assert.equal(DEFAULT_LOCK_WAIT_MS, 30_000);
    await clock.advance(29_999);
    assert.equal(ended, false);
    await clock.advance(1);
    await late;
    held.resolve();
    await holder;
  });

  test('a store that fails lets its own error through, and holds no lock afterwards', async () => {
    const failure = new Error('the disk is full');
    class FullSessionManager extends TextSessionManager {
      override async storeSession(): Promise<void> {
        throw failure;
      }
    }
    const manager = new FullSessionManager();
    await assert.rejects(manager.compareAndStore('key', sessionRecord(), undefined), (error) => error === failure);
    await assert.rejects(manager.compareAndStore('key', sessionRecord(), undefined), (error) => error === failure, 'and not for want of the lock');
  });

  test('compareAndStore works under the lock of a manager that brings its own', async () => {
    const asked: string[] = [];
    class SharedLockManager extends TextSessionManager {
      override async withLock<T>(key: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
        asked.push(key);
        return super.withLock(key, action);
      }
    }
    const manager = new SharedLockManager();
    assert.equal(await manager.compareAndStore('key', sessionRecord(), undefined), true);
    assert.deepEqual(asked, ['key:store']);
  });

  test('a manager that answers null for what it does not have is understood', async () => {
    class NullSessionManager extends TextSessionManager {
      override async getSession(key: string): Promise<SessionRecord | undefined> {
        return (await super.getSession(key)) ?? (null as never);
      }
    }
    assert.equal(await new NullSessionManager().compareAndStore('key', sessionRecord(), undefined), true);
  });
});

describe('KeyedMutex: a turn and an abort that come together', () => {
  test('at whatever moment the signal fires, the one behind has its turn', async () => {
    const outcomes = new Set<string>();
    for (let ticks = 0; ticks < 12; ticks++) {
      const mutex = new KeyedMutex();
      const idle = new AbortController().signal;
      const controller = new AbortController();
      const held = deferred<void>();
      const first = mutex.run('key', () => held.promise, idle);
      const second = mutex.run('key', async () => 'ran', controller.signal).catch((reason: Error) => reason.message);
      const third = mutex.run('key', async () => 'had its turn', idle);
      await settle();
      held.resolve();
      for (let tick = 0; tick < ticks; tick++) await null;
      controller.abort(new Error('aborted'));
      await first;
      outcomes.add(await second);
      assert.equal(await third, 'had its turn', `after ${ticks} ticks`);
      assert.equal(await mutex.run('key', async () => 'free', idle), 'free');
    }
    assert.deepEqual([...outcomes].sort(), ['aborted', 'ran'], 'both sides of the race were seen');
  });
});
