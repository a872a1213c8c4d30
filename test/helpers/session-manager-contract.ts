/** What every session manager has to keep, as tests that run over any of them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred } from '../../lib/base/deferred.ts';
import { Secret } from '../../lib/base/secret.ts';
import type { NewSecret } from '../../lib/base/versioned-secrets.ts';
import type { SessionManager } from '../../lib/session/session-manager.ts';
import type { SessionRecord } from '../../lib/session/session-record.ts';

/** A manager made for one test, and its store with it. */
export interface ManagerUnderTest {
  readonly manager: SessionManager;
  /** A second manager over the same store and the same locks, as another process has it; the same one where they belong to an instance. */
  readonly sibling: SessionManager;
  /** Lets time pass for the manager: a fake clock is turned, a real one waited for. */
  elapse(ms: number): Promise<void>;
  /** Puts a text that is no session record under a key, past the manager; there where the options say so. */
  plant?(key: string, text: string): Promise<void>;
  /** Closes what the test has opened. */
  dispose(): Promise<void>;
}

/** What a manager promises beyond the contract, and whether it can be tested here. */
export interface ContractOptions {
  /** Why nothing can be tested here. */
  readonly skip?: string | undefined;
  /** Locks are given in the order in which they were asked for. */
  readonly fair: boolean;
  /** Refuses to store what is no record, and everything after it was closed. */
  readonly strict: boolean;
  /** What `make` makes has `plant`. */
  readonly canPlant?: boolean | undefined;
  /** After how many seconds `make` lets its sessions expire, when it does. */
  readonly expirationSeconds?: number | undefined;
}

/** A record of a server of 2025-06-18, with what a test wants to be different. */
export function sessionRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    version: 1,
    era: 'legacy',
    revision: '2025-06-18',
    sessionId: '1868a90c-4f1d-4a5e-9d0b-0f5f2e9c8a11',
    serverInfo: { name: 'shared-server', version: '3.1.4', title: 'Shared' },
    capabilities: { tools: { listChanged: true }, experimental: { 'x.example/feature': { level: 2 } } },
    instructions: 'Ask before you delete. — ☃',
    lastEventId: 'stream-7/19',
    epoch: 1,
    storedAt: 1_750_000_000_000,
    ...changes,
  };
}

const KEY = 'v1:0f';
const LIMIT = { timeout: 60_000 };

type Body = (subject: ManagerUnderTest) => Promise<void>;
type It = (sentence: string, body: Body) => void;

/** The contract as a suite of the given name; `make` is called once for each test. */
export function describeSessionManager(name: string, make: () => Promise<ManagerUnderTest>, options: ContractOptions): void {
  const skip = options.skip ?? false;
  const it: It = (sentence, body) =>
    void test(sentence, { ...LIMIT, skip }, async () => {
      const subject = await make();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  describe(`${name}: what is stored`, () => storing(it));
  describe(`${name}: what is stored is nobody else's`, () => isolation(it));
  describe(`${name}: locks`, () => locks(it));
  describe(`${name}: waiting for a lock`, () => waiting(it));
  if (options.fair) describe(`${name}: the order of locks`, () => fairness(it));
  describe(`${name}: compare and store`, () => comparing(it));
  if (options.canPlant === true) describe(`${name}: what others put into the store`, () => planting(it));
  const { expirationSeconds } = options;
  if (expirationSeconds !== undefined) describe(`${name}: expiry`, () => expiry(it, expirationSeconds * 1_000));
  describe(`${name}: secrets`, () => secrets(it));
  describe(`${name}: the end`, () => closing(it, options.strict));
  if (options.strict) describe(`${name}: what is no record`, () => strictness(it));
}

function storing(it: It): void {
  it('a key that nobody stored under has no session', async ({ manager }) => {
    assert.equal(await manager.getSession(KEY), undefined);
  });

  it('a record comes back as it was stored, through the sibling too', async ({ manager, sibling }) => {
    await manager.storeSession(KEY, sessionRecord());
    assert.deepEqual(await manager.getSession(KEY), sessionRecord());
    assert.deepEqual(await sibling.getSession(KEY), sessionRecord());
  });

  it('members that may be absent come back as undefined', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord({ sessionId: undefined, instructions: undefined, lastEventId: undefined }));
    const stored = await manager.getSession(KEY);
    assert.deepEqual([stored?.sessionId, stored?.instructions, stored?.lastEventId], [undefined, undefined, undefined]);
    assert.equal(stored?.serverInfo?.name, 'shared-server');
  });

  it('storing again replaces the whole record', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord());
    await manager.storeSession(KEY, sessionRecord({ epoch: 2, sessionId: undefined }));
    assert.equal((await manager.getSession(KEY))?.epoch, 2);
    assert.equal((await manager.getSession(KEY))?.sessionId, undefined);
  });

  it('a deleted session is gone, and deleting what is not there is fine', async ({ manager, sibling }) => {
    await manager.storeSession(KEY, sessionRecord());
    await sibling.deleteSession(KEY);
    assert.equal(await manager.getSession(KEY), undefined);
    await manager.deleteSession(KEY);
  });

  it('every key is a key of its own, whatever its characters', async ({ manager }) => {
    const keys = ['a', 'A', 'a ', 'a:b', 'a\0', '*', '{a}', 'constructor', '__proto__', 'é', 'e\u0301', '☃', 'k'.repeat(500)];
    for (const [index, key] of keys.entries()) await manager.storeSession(key, sessionRecord({ epoch: index }));
    for (const [index, key] of keys.entries()) assert.equal((await manager.getSession(key))?.epoch, index, JSON.stringify(key));
    await manager.deleteSession('*');
    assert.equal((await manager.getSession('a'))?.epoch, 0);
  });
}

function isolation(it: It): void {
  it('what the caller changes afterwards does not change what is stored', async ({ manager }) => {
    const mine = structuredClone(sessionRecord()) as { epoch: number; serverInfo: { name: string }; capabilities: { tools: { listChanged: boolean } } };
    await manager.storeSession(KEY, mine as unknown as SessionRecord);
    mine.epoch = 99;
    mine.serverInfo.name = 'changed';
    mine.capabilities.tools.listChanged = false;
    assert.deepEqual(await manager.getSession(KEY), sessionRecord());
  });

  it('what a reader does to a record it was given does not change what the next one is given', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord());
    const given = (await manager.getSession(KEY)) as unknown as Record<string, Record<string, unknown>>;
    for (const change of [
      () => Object.assign(given, { epoch: 99 }),
      () => Object.assign(given['serverInfo'] ?? {}, { name: 'changed' }),
      () => Object.assign(given['capabilities']?.['tools'] ?? {}, { listChanged: false }),
      () => delete given['capabilities'],
    ]) {
      // A record that is frozen throws here, and one that is a copy does not: both are fine.
      try {
        change();
      } catch (error) {
        assert.ok(error instanceof TypeError);
      }
    }
    assert.deepEqual(await manager.getSession(KEY), sessionRecord());
  });

  it('a change to an object handed to compareAndStore comes too late', async ({ manager }) => {
    const mine = { ...sessionRecord(), serverInfo: { name: 'shared-server', version: '3.1.4', title: 'Shared' } };
    const storing = manager.compareAndStore(KEY, mine, undefined);
    mine.serverInfo.name = 'changed';
    assert.equal(await storing, true);
    assert.deepEqual(await manager.getSession(KEY), sessionRecord());
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function locks(it: It): void {
  it('of 100 contenders one is inside at a time, and each has its turn', async ({ manager, sibling }) => {
    let inside = 0;
    let most = 0;
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? manager : sibling).withLock(KEY, async () => {
          most = Math.max(most, ++inside);
          await turn();
          inside--;
          return index;
        }),
      ),
    );
    assert.equal(most, 1);
    assert.deepEqual(results, Array.from({ length: 100 }, (_, index) => index));
  });

  it('another key is another lock', async ({ manager }) => {
    const held = deferred<void>();
    const first = manager.withLock('one', () => held.promise);
    assert.equal(await manager.withLock('two', async () => 'not held up'), 'not held up');
    held.resolve();
    await first;
  });

  it('what the action throws or rejects with comes out as it is, and the lock is free again', async ({ manager, sibling }) => {
    const failure = new Error('of the action');
    const throws = (): Promise<never> => {
      throw failure;
    };
    for (const action of [throws, async () => throws()]) {
      await assert.rejects(manager.withLock(KEY, action), (error) => error === failure);
      assert.equal(await sibling.withLock(KEY, async () => 'free'), 'free');
    }
  });

  it('the action is handed a signal, which fires with the signal of the call and does not interrupt the action', async ({ manager }) => {
    const controller = new AbortController();
    const seen = await manager.withLock(
      KEY,
      async (signal) => {
        const before = signal.aborted;
        controller.abort(new Error('enough'));
        await turn();
        return { before, after: signal.aborted };
      },
      { signal: controller.signal },
    );
    assert.deepEqual(seen, { before: false, after: true });
    assert.equal(await manager.withLock(KEY, async (signal) => signal.aborted), false);
  });

  it('wrong arguments are refused, and leave no lock behind', async ({ manager }) => {
    const action = async (): Promise<void> => {};
    await assert.rejects(manager.withLock('', action), TypeError);
    await assert.rejects(manager.withLock(KEY, 'no function' as never), TypeError);
    await assert.rejects(manager.withLock(KEY, action, { waitMs: -1 }), RangeError);
    await assert.rejects(manager.withLock(KEY, action, { waitMs: Infinity }), RangeError);
    await assert.rejects(manager.withLock(KEY, action, { signal: {} as never }), TypeError);
    await assert.rejects(manager.withLock(KEY, action, { waitMilliseconds: 5 } as never), TypeError);
    assert.equal(await manager.withLock(KEY, async () => 'free'), 'free');
  });
}

/** Takes the lock and returns what gives it back. */
async function hold(manager: SessionManager): Promise<() => Promise<void>> {
  const entered = deferred<void>();
  const held = deferred<void>();
  const done = manager.withLock(KEY, async () => {
    entered.resolve();
    await held.promise;
  });
  await entered.promise;
  return async () => {
    held.resolve();
    await done;
  };
}

function waiting(it: It): void {
  it('a wait of no more than waitMs ends as ERR_MCP_SESSION_STORE, and its action never runs', async ({ manager, sibling, elapse }) => {
    const release = await hold(manager);
    let ran = false;
    const late = assert.rejects(sibling.withLock(KEY, async () => void (ran = true), { waitMs: 100 }), { code: 'ERR_MCP_SESSION_STORE' });
    await elapse(150);
    await late;
    await release();
    assert.equal(await sibling.withLock(KEY, async () => 'free'), 'free');
    assert.equal(ran, false);
  });

  it('a free lock is had with a wait of 0', async ({ manager }) => {
    assert.equal(await manager.withLock(KEY, async () => 'had', { waitMs: 0 }), 'had');
  });

  it('waitMs bounds the wait, not the action', async ({ manager, elapse }) => {
    const held = deferred<void>();
    const running = manager.withLock(KEY, async (signal) => (await held.promise, signal.aborted), { waitMs: 50 });
    await elapse(100);
    held.resolve();
    assert.equal(await running, false);
  });

  it('an action that asks for its own key waits in vain, until waitMs have passed', async ({ manager, elapse }) => {
    const nested = manager.withLock(KEY, () => manager.withLock(KEY, async () => 'inside', { waitMs: 100 }));
    const refused = assert.rejects(nested, { code: 'ERR_MCP_SESSION_STORE' });
    await elapse(150);
    await refused;
    assert.equal(await manager.withLock(KEY, async () => 'free'), 'free');
  });

  it('a signal that fires ends the wait with its own reason; those behind move up', async ({ manager, sibling }) => {
    const release = await hold(manager);
    const controller = new AbortController();
    const reason = new Error('the host changed its mind');
    let ran = false;
    const leaving = sibling.withLock(KEY, async () => void (ran = true), { signal: controller.signal });
    const staying = sibling.withLock(KEY, async () => 'had');
    await turn();
    controller.abort(reason);
    await assert.rejects(leaving, (error) => error === reason);
    await release();
    assert.equal(await staying, 'had');
    assert.equal(ran, false);
  });

  it('with a signal that has fired already the action never runs', async ({ manager }) => {
    const reason = new Error('too late');
    let ran = false;
    await assert.rejects(manager.withLock(KEY, async () => void (ran = true), { signal: AbortSignal.abort(reason) }), (error) => error === reason);
    assert.equal(ran, false);
    assert.equal(await manager.withLock(KEY, async () => 'free'), 'free');
  });
}

function fairness(it: It): void {
  it('100 contenders have their turns in the order in which they came', async ({ manager }) => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        manager.withLock(KEY, async () => {
          order.push(index);
          await turn();
        }),
      ),
    );
    assert.deepEqual(order, Array.from({ length: 100 }, (_, index) => index));
  });

  it('who asks again at once goes to the end of the line', async ({ manager }) => {
    const order: string[] = [];
    const greedy = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) await manager.withLock(KEY, async () => void order.push('greedy'));
    };
    const patient = manager.withLock.bind(manager, KEY, async () => void order.push('patient'));
    await Promise.all([greedy(), patient(), patient()]);
    assert.deepEqual(order, ['greedy', 'patient', 'patient', 'greedy', 'greedy']);
  });
}

function comparing(it: It): void {
  it('where nothing is stored, undefined is the epoch to expect', async ({ manager }) => {
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ epoch: 5 }), 4), false);
    assert.equal(await manager.getSession(KEY), undefined);
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ epoch: 5 }), undefined), true);
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ epoch: 6 }), undefined), false);
    assert.equal((await manager.getSession(KEY))?.epoch, 5);
  });

  it('only who knows the stored epoch stores; 0 is an epoch', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord({ epoch: 0 }));
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ epoch: 2 }), 1), false);
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ epoch: 2 }), undefined), false);
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ epoch: 2 }), 0), true);
    assert.equal((await manager.getSession(KEY))?.epoch, 2);
  });

  it('of 100 that expect one epoch and store the next, exactly one wins, and what it stored stands', async ({ manager, sibling }) => {
    await manager.storeSession(KEY, sessionRecord({ epoch: 7 }));
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? manager : sibling).compareAndStore(KEY, sessionRecord({ epoch: 8, sessionId: `contender-${index}` }), 7),
      ),
    );
    assert.equal(outcomes.filter((won) => won).length, 1);
    assert.equal((await manager.getSession(KEY))?.sessionId, `contender-${outcomes.indexOf(true)}`);
  });

  it('of 100 that store where nothing is stored, exactly one wins', async ({ manager, sibling }) => {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? manager : sibling).compareAndStore(KEY, sessionRecord(), undefined)),
    );
    assert.equal(outcomes.filter((won) => won).length, 1);
  });

  it('the same epoch stores anew for the same session: an event id moves on', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord());
    assert.equal(await manager.compareAndStore(KEY, sessionRecord({ lastEventId: 'stream-7/20' }), 1), true);
    assert.equal((await manager.getSession(KEY))?.lastEventId, 'stream-7/20');
  });

  it('it may be called while the lock of the key is held', async ({ manager }) => {
    assert.equal(await manager.withLock(KEY, () => manager.compareAndStore(KEY, sessionRecord(), undefined), { waitMs: 5_000 }), true);
    assert.equal((await manager.getSession(KEY))?.epoch, 1);
  });

  it('an epoch that goes back, an expectation that is no epoch and a record that is none are refused, and nothing is stored', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord({ epoch: 3 }));
    await assert.rejects(manager.compareAndStore(KEY, sessionRecord({ epoch: 2 }), 3), RangeError);
    await assert.rejects(manager.compareAndStore(KEY, sessionRecord({ epoch: 4 }), -1), RangeError);
    await assert.rejects(manager.compareAndStore(KEY, sessionRecord({ epoch: 4 }), '3' as never), TypeError);
    await assert.rejects(manager.compareAndStore(KEY, { epoch: 4 } as never, 3), { code: 'ERR_MCP_SESSION_RECORD' });
    assert.deepEqual(await manager.getSession(KEY), sessionRecord({ epoch: 3 }));
  });
}

function planting(it: It): void {
  it('what stands in the store and is no record counts as nothing', async ({ manager, plant }) => {
    assert.ok(plant !== undefined, 'make() gives no plant');
    for (const [index, text] of ['not JSON', '{"version":2,"epoch":1}', '[]', 'null', '{"__proto__":{"epoch":1}}'].entries()) {
      await plant(`${KEY}${index}`, text);
      assert.equal(await manager.compareAndStore(`${KEY}${index}`, sessionRecord(), 1), false, text);
      assert.equal(await manager.compareAndStore(`${KEY}${index}`, sessionRecord(), undefined), true, text);
      assert.deepEqual(await manager.getSession(`${KEY}${index}`), sessionRecord());
    }
  });
}

function expiry(it: It, expirationMs: number): void {
  it('a session that nobody uses is forgotten', async ({ manager, elapse }) => {
    await manager.storeSession(KEY, sessionRecord());
    await elapse(expirationMs * 1.2);
    assert.equal(await manager.getSession(KEY), undefined);
    assert.equal(await manager.compareAndStore(KEY, sessionRecord(), undefined), true);
  });

  it('reading and storing begin its time anew', async ({ manager, elapse }) => {
    await manager.storeSession(KEY, sessionRecord());
    await elapse(expirationMs * 0.6);
    assert.equal((await manager.getSession(KEY))?.epoch, 1);
    await elapse(expirationMs * 0.6);
    await manager.storeSession(KEY, sessionRecord({ epoch: 2 }));
    await elapse(expirationMs * 0.6);
    assert.equal((await manager.getSession(KEY))?.epoch, 2);
  });
}

/** What a manager that keeps secrets has to keep beyond is in token-store-contract.ts. */
function secrets(it: It): void {
  const next = (text: string, version: string = text): NewSecret => ({ version, text: new Secret(text) });

  it('are kept for as long as was said, or not at all, and then that is told', async ({ manager, elapse }) => {
    if (!manager.keepsSecrets) {
      await assert.rejects(manager.getSecret(KEY), { code: 'ERR_MCP_SESSION_STORE' });
      await assert.rejects(manager.replaceSecret(KEY, undefined, next('a'), 1_000), { code: 'ERR_MCP_SESSION_STORE' });
      return;
    }
    assert.equal(await manager.replaceSecret(KEY, undefined, next('short'), 300), true);
    assert.equal(await manager.replaceSecret('other', undefined, next('long'), 600_000), true);
    assert.equal((await manager.getSecret(KEY))?.text?.reveal(), 'short');
    await elapse(600);
    assert.deepEqual([await manager.getSecret(KEY), (await manager.getSecret('other'))?.text?.reveal()], [undefined, 'long']);
    assert.equal(await manager.getSession(KEY), undefined);
  });

  it('wrong arguments are refused, and show no secret', async ({ manager }) => {
    const wrong: ReadonlyArray<readonly [key: unknown, expected: unknown, next: unknown, keepMs: unknown]> = [
      ['', undefined, next('a'), 1],
      [KEY, 'a b', next('a'), 1],
      [KEY, '', next('a'), 1],
      [KEY, undefined, next('a', ''), 1],
      [KEY, undefined, next('a', 'x'.repeat(65)), 1],
      [KEY, undefined, { version: 'a', text: 'canary' }, 1],
      [KEY, undefined, next('a'), 0],
    ];
    for (const args of wrong) {
      await assert.rejects(manager.replaceSecret(...(args as Parameters<SessionManager['replaceSecret']>)), (error: Error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        return !error.message.includes('canary');
      });
    }
  });
}

function closing(it: It, strict: boolean): void {
  it('closing twice is fine, at once too', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord());
    await Promise.all([manager.close(), manager.close()]);
    await manager.close();
  });

  if (!strict) return;
  it('after it was closed everything is refused as ERR_MCP_SESSION_STORE', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord());
    await manager.close();
    const refused = { name: 'SessionStoreError', code: 'ERR_MCP_SESSION_STORE' };
    await assert.rejects(manager.getSession(KEY), refused);
    await assert.rejects(manager.storeSession(KEY, sessionRecord()), refused);
    await assert.rejects(manager.deleteSession(KEY), refused);
    await assert.rejects(manager.withLock(KEY, async () => {}), refused);
    await assert.rejects(manager.compareAndStore(KEY, sessionRecord(), undefined), refused);
  });

  it('an action whose turn comes after it was closed never runs', async ({ manager }) => {
    const release = await hold(manager);
    let ran = false;
    const refused = assert.rejects(manager.withLock(KEY, async () => void (ran = true), { waitMs: 10_000 }), { code: 'ERR_MCP_SESSION_STORE' });
    await turn();
    await manager.close();
    await release();
    await refused;
    assert.equal(ran, false);
  });
}

function strictness(it: It): void {
  it('it is refused as ERR_MCP_SESSION_RECORD, and what was stored stays', async ({ manager }) => {
    await manager.storeSession(KEY, sessionRecord());
    for (const value of [undefined, null, 'text', {}, [], { ...sessionRecord(), version: 2 }, { ...sessionRecord(), sessionId: 'a b' }]) {
      await assert.rejects(manager.storeSession(KEY, value as never), { name: 'SessionStoreError', code: 'ERR_MCP_SESSION_RECORD' });
    }
    assert.deepEqual(await manager.getSession(KEY), sessionRecord());
  });

  it('members that a record does not have are not stored, tokens among them', async ({ manager }) => {
    await manager.storeSession(KEY, { ...sessionRecord(), authorization: 'Bearer canary', headers: { cookie: 'canary' } } as never);
    assert.deepEqual(await manager.getSession(KEY), sessionRecord());
  });
}
