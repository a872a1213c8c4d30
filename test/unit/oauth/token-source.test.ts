import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred } from '../../../lib/base/deferred.ts';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import { createLog } from '../../../lib/base/log.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { encodeTokenSet, tokenKey } from '../../../lib/oauth/stored-tokens.ts';
import { TokenSet } from '../../../lib/oauth/token-set.ts';
import type { TokenOwner } from '../../../lib/oauth/token-set.ts';
import { TokenSource } from '../../../lib/oauth/token-source.ts';
import type { TokenSourceOptions } from '../../../lib/oauth/token-source.ts';
import { InMemoryTokenStore } from '../../../lib/oauth/token-store.ts';
import type { TokenStore } from '../../../lib/oauth/token-store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const OWNER: TokenOwner = { issuer: 'https://as.example', resource: 'https://mcp.example/mcp', clientId: 'me', user: undefined, keyThumbprint: undefined };
const LIFE_MS = 3_600_000;
const { signal } = new AbortController();
const LIMIT = { timeout: 20_000 };

const refusedBy = (error: string) => new AuthorizationError('ERR_MCP_AUTH_REFUSED', error, { details: { error } });
const unreachable = () => new AuthorizationError('ERR_MCP_AUTH_NETWORK', 'away');

/** A server that issues `at-1`, `at-2` and so on, each with a refresh token that is good once. */
class Issuer {
  readonly clock: FakeClock;
  /** The numbers of the refresh tokens that came. */
  readonly came: number[] = [];
  issued = 0;
  /** Thrown in place of an answer. */
  fails: (() => unknown) | undefined;
  /** Awaited before an answer. */
  gate: Promise<void> | undefined;
  lifetimeMs: number | undefined = LIFE_MS;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  issue(): TokenSet {
    const number = ++this.issued;
    const tokens = { accessToken: new Secret(`at-${number}`), refreshToken: new Secret(`rt-${number}`), tokenType: 'Bearer', scope: 'a', lifetimeMs: this.lifetimeMs } as const;
    return TokenSet.issued(tokens, OWNER, this.clock);
  }

  readonly renewal = {
    canRenew: (tokens: TokenSet | undefined) => tokens?.refreshToken !== undefined,
    renew: async (tokens: TokenSet | undefined) => {
      this.came.push(Number(tokens?.refreshToken?.reveal().slice('rt-'.length)));
      await this.gate;
      if (this.fails !== undefined) throw this.fails();
      if (this.came.at(-1) !== this.issued) throw refusedBy('invalid_grant');
      return this.issue();
    },
  };
}

/** A store whose operations fail while it is away. */
class FailingStore implements TokenStore {
  readonly inner = new InMemoryTokenStore();
  isAway = false;
  asked = 0;

  readonly read: TokenStore['read'] = (key) => this.#ask(() => this.inner.read(key));
  readonly replace: TokenStore['replace'] = (key, expected, next) => this.#ask(() => this.inner.replace(key, expected, next));
  readonly tryLock: TokenStore['tryLock'] = (key) => this.#ask(() => this.inner.tryLock(key));

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    this.asked++;
    if (this.isAway) throw new Error('store canary');
    return work();
  }
}

function setUp(options: Partial<TokenSourceOptions> = {}) {
  const clock = new FakeClock();
  const issuer = new Issuer(clock);
  const store = new FailingStore();
  const heard: string[] = [];
  const log = createLog({ info: (message) => void heard.push(message), warn: (message) => void heard.push(message) }, 'DEBUG');
  const source = () => new TokenSource({ owner: OWNER, store, renewal: issuer.renewal, clock, log, ...options });
  return { clock, issuer, store, heard, source: source(), another: source };
}

const numberOf = (tokens: TokenSet | undefined): string | undefined => tokens?.accessToken.reveal();

/** Lets time pass until `promise` has settled. */
async function elapsing<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = promise.finally(() => (isSettled = true));
  settled.catch(() => {});
  while (!isSettled) await clock.advance(50);
  return settled;
}

describe('current', () => {
  test('nobody signed in: nothing; then what was adopted, in memory as long as it is fresh', LIMIT, async () => {
    const { source, issuer, store } = setUp();
    assert.equal(await source.current(signal), undefined);
    await source.adopt(issuer.issue());
    const asked = store.asked;
    for (let times = 0; times < 3; times++) assert.equal(numberOf(await source.current(signal)), 'at-1');
    assert.deepEqual([store.asked, issuer.came], [asked, []]);
  });

  test('tokens of another process come out of the store', LIMIT, async () => {
    const { source, another, issuer } = setUp();
    await source.adopt(issuer.issue());
    assert.equal(numberOf(await another().current(signal)), 'at-1');
  });

  test('they are renewed when less than the skew is left, 60 seconds, and not before', LIMIT, async () => {
    const { source, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS - 60_001);
    assert.equal(numberOf(await source.current(signal)), 'at-1');
    await clock.advance(1);
    assert.equal(numberOf(await source.current(signal)), 'at-2');
    assert.deepEqual(issuer.came, [1]);
  });

  test('short-lived ones are renewed in the last quarter of their life', LIMIT, async () => {
    const { source, clock, issuer } = setUp();
    issuer.lifetimeMs = 20_000;
    await source.adopt(issuer.issue());
    await clock.advance(14_999);
    assert.equal(numberOf(await source.current(signal)), 'at-1');
    await clock.advance(1);
    assert.equal(numberOf(await source.current(signal)), 'at-2');
  });

  test('those that live for no time at all are handed out once, as they come', LIMIT, async () => {
    const { source, issuer } = setUp();
    issuer.lifetimeMs = 0;
    await source.adopt(issuer.issue());
    for (let number = 2; number < 5; number++) assert.equal(numberOf(await source.current(signal)), `at-${number}`);
  });

  test('200 concurrent calls: one renewal, one outcome (F8)', LIMIT, async () => {
    const { source, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const all = await Promise.all(Array.from({ length: 200 }, () => source.current(signal)));
    assert.deepEqual([issuer.came, new Set(all.map(numberOf))], [[1], new Set(['at-2'])]);
  });

  test('200 concurrent calls of 20 sources over one store: one renewal', LIMIT, async () => {
    const { source, another, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const sources = Array.from({ length: 20 }, another);
    const all = await elapsing(clock, Promise.all(sources.flatMap((one) => Array.from({ length: 10 }, () => one.current(signal)))));
    assert.deepEqual([issuer.came, new Set(all.map(numberOf))], [[1], new Set(['at-2'])]);
  });

  test('a failure is shared too: one try for all, the next call tries anew', LIMIT, async () => {
    const { source, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    issuer.fails = unreachable;
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => source.current(signal)));
    assert.deepEqual([outcomes.filter(({ status }) => status === 'rejected').length, issuer.came], [50, [1]]);
    issuer.fails = undefined;
    assert.equal(numberOf(await source.current(signal)), 'at-2');
  });

  test('while somebody else renews them, the old ones are used as long as they live', LIMIT, async () => {
    const { source, another, clock, issuer } = setUp();
    const other = another();
    await source.adopt(issuer.issue());
    await other.current(signal);
    await clock.advance(LIFE_MS - 30_000);
    const gate = deferred<void>();
    issuer.gate = gate.promise;
    const renewing = source.current(signal);
    await clock.advance(1);
    assert.equal(numberOf(await other.current(signal)), 'at-1');
    gate.resolve();
    assert.equal(numberOf(await renewing), 'at-2');
    assert.equal(numberOf(await other.current(signal)), 'at-2');
    assert.deepEqual(issuer.came, [1]);
  });

  test('a wait for somebody else who is never done ends', LIMIT, async () => {
    const { source, clock, issuer, store } = setUp({ waitMs: 5_000 });
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    assert.ok((await store.inner.tryLock(await tokenKey(OWNER))) !== undefined);
    await assert.rejects(elapsing(clock, source.current(signal)), { code: 'ERR_MCP_AUTH_STORE', details: { waitMs: 5_000 } });
    assert.deepEqual([issuer.came, clock.waiting], [[], 0]);
  });

  test('who gives up is let go, and the renewal goes on: its answer is kept', LIMIT, async () => {
    const { source, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const gate = deferred<void>();
    issuer.gate = gate.promise;
    const controller = new AbortController();
    const gone = source.current(controller.signal);
    await clock.advance(1);
    controller.abort(new Error('no more'));
    await assert.rejects(gone, { message: 'no more' });
    gate.resolve();
    assert.equal(numberOf(await source.current(signal)), 'at-2');
    assert.deepEqual(issuer.came, [1]);
    await assert.rejects(source.current(AbortSignal.abort(new Error('before'))), { message: 'before' });
  });

  test('a server that is away: the old ones while they live, without asking it each time; an error when they are over; nobody is signed out', LIMIT, async () => {
    const { source, another, clock, issuer, heard } = setUp();
    await source.adopt(issuer.issue());
    issuer.fails = unreachable;
    await clock.advance(LIFE_MS - 30_000);
    for (let times = 0; times < 20; times++) assert.equal(numberOf(await source.current(signal)), 'at-1');
    assert.deepEqual([issuer.came, heard.length], [[1], 1]);
    await clock.advance(30_000);
    await assert.rejects(source.current(signal), { code: 'ERR_MCP_AUTH_NETWORK' });
    issuer.fails = undefined;
    assert.equal(numberOf(await another().current(signal)), 'at-2');
  });

  test('a refresh token that is not good any more: signed out, by compare, for everybody', LIMIT, async () => {
    const { source, another, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    issuer.fails = () => refusedBy('invalid_grant');
    assert.equal(await source.current(signal), undefined);
    assert.equal(await another().current(signal), undefined);
    assert.deepEqual(issuer.came, [1]);
  });

  test('a refresh token that somebody replaced meanwhile, past the lock: theirs is used, and not cleared (F9)', LIMIT, async () => {
    const { source, another, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const gate = deferred<void>();
    issuer.gate = gate.promise;
    issuer.fails = () => refusedBy('invalid_grant');
    const late = source.current(signal);
    await clock.advance(1);
    const winner = another();
    await winner.adopt(issuer.issue());
    gate.resolve();
    assert.equal(numberOf(await late), 'at-2');
    assert.equal(numberOf(await another().current(signal)), 'at-2');
  });

  test('a sign-in while tokens are renewed wins over them', LIMIT, async () => {
    const { source, another, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const gate = deferred<void>();
    issuer.gate = gate.promise;
    const renewing = source.current(signal);
    await clock.advance(1);
    const signedIn = TokenSet.issued({ accessToken: new Secret('at-human'), refreshToken: undefined, tokenType: 'Bearer', scope: 'a', lifetimeMs: LIFE_MS }, OWNER, clock);
    await another().adopt(signedIn);
    gate.resolve();
    assert.equal(numberOf(await renewing), 'at-human');
    assert.equal(numberOf(await another().current(signal)), 'at-human');
  });

  test('tokens without a refresh token are used to their end, and then there are none', LIMIT, async () => {
    const { source, clock } = setUp();
    await source.adopt(TokenSet.issued({ accessToken: new Secret('at-1'), refreshToken: undefined, tokenType: 'Bearer', scope: undefined, lifetimeMs: LIFE_MS }, OWNER, clock));
    await clock.advance(LIFE_MS - 1);
    assert.equal(numberOf(await source.current(signal)), 'at-1');
    await clock.advance(1);
    assert.equal(await source.current(signal), undefined);
  });

  test('a renewal that takes no tokens makes the first ones, once for all; what it is refused is told', LIMIT, async () => {
    const clock = new FakeClock();
    const issuer = new Issuer(clock);
    let asked = 0;
    const renewal = { canRenew: () => true, renew: async () => (asked++, issuer.issue()) };
    const store = new InMemoryTokenStore();
    const make = (fails?: unknown) => new TokenSource({ owner: OWNER, store, clock, log: createLog(undefined, 'DEBUG'), renewal: fails === undefined ? renewal : { ...renewal, renew: () => Promise.reject(fails) } });
    await assert.rejects(make(refusedBy('invalid_grant')).current(signal), { details: { error: 'invalid_grant' } });
    const all = await elapsing(clock, Promise.all([make(), make(), make()].map((source) => source.current(signal))));
    assert.deepEqual([all.map(numberOf), asked], [['at-1', 'at-1', 'at-1'], 1]);
  });

  test('a grant that takes no tokens and is refused ends none: they are used while they live, then it is told', LIMIT, async () => {
    const { source, clock, issuer } = setUp({ renewal: { canRenew: () => true, renew: () => Promise.reject(refusedBy('invalid_grant')) } });
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS - 30_000);
    assert.equal(numberOf(await source.current(signal)), 'at-1');
    await clock.advance(30_000);
    await assert.rejects(source.current(signal), { code: 'ERR_MCP_AUTH_REFUSED' });
  });

  test('what stands in the store and is no tokens of the owner counts as nothing, and is replaced', LIMIT, async () => {
    const { source, another, issuer, store, clock } = setUp();
    const key = await tokenKey(OWNER);
    const theirs = TokenSet.issued({ accessToken: new Secret('x'), refreshToken: undefined, tokenType: 'Bearer', scope: undefined, lifetimeMs: undefined }, { ...OWNER, clientId: 'you' }, clock);
    await store.inner.replace(key, undefined, { version: 'theirs', text: encodeTokenSet(theirs) });
    assert.equal(await source.current(signal), undefined);
    await source.adopt(issuer.issue());
    assert.equal(numberOf(await another().current(signal)), 'at-1');
  });
});

describe('rejected', () => {
  test('one renewal, for all who were refused with the same token; what is not refused is handed on', LIMIT, async () => {
    const { source, issuer } = setUp();
    const refused = issuer.issue();
    await source.adopt(refused);
    const all = await Promise.all(Array.from({ length: 100 }, () => source.rejected(refused, signal)));
    assert.deepEqual([issuer.came, new Set(all.map(numberOf))], [[1], new Set(['at-2'])]);
    assert.equal(numberOf(await source.rejected(refused, signal)), 'at-2', 'late with the old one');
    assert.deepEqual(issuer.came, [1]);
  });

  test('a token that somebody replaced meanwhile is not renewed: theirs is taken', LIMIT, async () => {
    const { source, another, issuer } = setUp();
    const refused = issuer.issue();
    await source.adopt(refused);
    await another().adopt(issuer.issue());
    assert.equal(numberOf(await source.rejected(refused, signal)), 'at-2');
    assert.deepEqual(issuer.came, []);
  });

  test('the answer to a refusal, refused within a minute, is not renewed again, in no process (F7)', LIMIT, async () => {
    const { source, another, clock, issuer } = setUp();
    const refused = issuer.issue();
    await source.adopt(refused);
    const second = await source.rejected(refused, signal);
    assert.ok(second !== undefined);
    await clock.advance(59_999);
    assert.equal(await source.rejected(second, signal), undefined);
    assert.equal(await another().rejected(second, signal), undefined);
    assert.deepEqual(issuer.came, [1]);
    await clock.advance(1);
    assert.equal(numberOf(await another().rejected(second, signal)), 'at-3');
  });

  test('a renewal by age is no answer to a refusal: refused, it is renewed once', LIMIT, async () => {
    const { source, clock, issuer } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const renewed = await source.current(signal);
    assert.ok(renewed !== undefined);
    assert.equal(numberOf(await source.rejected(renewed, signal)), 'at-3');
  });

  test('a server that is away, and a store that is away: told, and nothing is lost', LIMIT, async () => {
    const { source, clock, issuer, store } = setUp();
    const refused = issuer.issue();
    await source.adopt(refused);
    issuer.fails = unreachable;
    await assert.rejects(source.rejected(refused, signal), { code: 'ERR_MCP_AUTH_NETWORK' });
    issuer.fails = undefined;
    store.isAway = true;
    await assert.rejects(source.rejected(refused, signal), { code: 'ERR_MCP_AUTH_STORE' });
    store.isAway = false;
    assert.equal(numberOf(await source.rejected(refused, signal)), 'at-2');
    assert.equal(clock.waiting, 0);
  });

  test('without a refresh token, and with nobody signed in, there is nothing to be tried', LIMIT, async () => {
    const { source, clock } = setUp();
    const refused = TokenSet.issued({ accessToken: new Secret('at-1'), refreshToken: undefined, tokenType: 'Bearer', scope: undefined, lifetimeMs: LIFE_MS }, OWNER, clock);
    assert.equal(await source.rejected(refused, signal), undefined);
    await source.adopt(refused);
    assert.equal(await source.rejected(refused, signal), undefined);
  });
});

describe('a store that is away (G1)', () => {
  test('what is in memory is used while it lives; then nothing is renewed, and it is told', LIMIT, async () => {
    const { source, clock, issuer, store } = setUp();
    await source.adopt(issuer.issue());
    store.isAway = true;
    await clock.advance(LIFE_MS - 30_000);
    assert.equal(numberOf(await source.current(signal)), 'at-1');
    await clock.advance(30_000);
    await assert.rejects(source.current(signal), (error: Error) => {
      assert.deepEqual([error.name, (error as AuthorizationError).code, (error.cause as Error).message], ['AuthorizationError', 'ERR_MCP_AUTH_STORE', 'store canary']);
      return !error.message.includes('canary');
    });
    assert.deepEqual(issuer.came, []);
    store.isAway = false;
    assert.equal(numberOf(await source.current(signal)), 'at-2');
  });

  test('nothing in memory: told', LIMIT, async () => {
    const { source, store } = setUp();
    store.isAway = true;
    await assert.rejects(source.current(signal), { code: 'ERR_MCP_AUTH_STORE' });
  });

  test('it goes away while tokens are renewed: they are used here, and stored as soon as it is back', LIMIT, async () => {
    const { source, another, clock, issuer, store, heard } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const gate = deferred<void>();
    issuer.gate = gate.promise;
    const renewing = source.current(signal);
    await clock.advance(1);
    store.isAway = true;
    gate.resolve();
    assert.equal(numberOf(await elapsing(clock, renewing)), 'at-2');
    assert.equal(heard.length, 1);
    for (let times = 0; times < 3; times++) {
      assert.equal(numberOf(await source.current(signal)), 'at-2');
      await clock.advance(5_000);
    }
    store.isAway = false;
    await clock.advance(5_000);
    assert.equal(numberOf(await another().current(signal)), 'at-2');
    assert.deepEqual([issuer.came, clock.waiting], [[1], 0]);
  });

  test('it goes away while somebody signs in: the same', LIMIT, async () => {
    const { source, another, clock, issuer, store } = setUp();
    store.isAway = true;
    await elapsing(clock, source.adopt(issuer.issue()));
    assert.equal(numberOf(await source.current(signal)), 'at-1');
    store.isAway = false;
    await clock.advance(5_000);
    assert.equal(numberOf(await another().current(signal)), 'at-1');
    assert.equal(clock.waiting, 0);
  });

  test('closed, the source tries no more to store them, and uses them still', LIMIT, async () => {
    const { source, clock, issuer, store } = setUp();
    store.isAway = true;
    await elapsing(clock, source.adopt(issuer.issue()));
    source.close();
    source.close();
    const asked = store.asked;
    await clock.advance(60_000);
    assert.deepEqual([store.asked, clock.waiting, numberOf(await source.current(signal))], [asked, 0, 'at-1']);
  });

  test('an unsaved one that is gone by the time the store is back is renewed from what is here', LIMIT, async () => {
    const { source, clock, issuer, store } = setUp();
    await source.adopt(issuer.issue());
    await clock.advance(LIFE_MS);
    const gate = deferred<void>();
    issuer.gate = gate.promise;
    const renewing = source.current(signal);
    await clock.advance(1);
    store.isAway = true;
    gate.resolve();
    await elapsing(clock, renewing);
    await clock.advance(LIFE_MS);
    store.isAway = false;
    assert.equal(numberOf(await source.current(signal)), 'at-3');
    assert.deepEqual(issuer.came, [1, 2]);
  });
});

describe('forget', () => {
  test('forgets these tokens for everybody, and nothing that took their place', LIMIT, async () => {
    const { source, another, issuer } = setUp();
    const first = issuer.issue();
    await source.adopt(first);
    await source.forget(first);
    assert.deepEqual([await source.current(signal), await another().current(signal)], [undefined, undefined]);
    await source.adopt(issuer.issue());
    await source.forget(first);
    assert.equal(numberOf(await another().current(signal)), 'at-2');
  });
});
