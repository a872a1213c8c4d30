import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { RedisError } from '../../../lib/base/errors.ts';
import { createLog } from '../../../lib/base/log.ts';
import { RESPError } from '../../../lib/resp/resp-error.ts';
import { RedisBreaker } from '../../../lib/session/redis-breaker.ts';
import { RedisLocks } from '../../../lib/session/redis-locks.ts';
import { RedisMembers } from '../../../lib/session/redis-members.ts';
import { redisCodeOf, replyNumber, replyText } from '../../../lib/session/redis-reply.ts';
import { RedisKeyNames, escapeRedisName } from '../../../lib/session/redis-session-keys.ts';
import { RedisSessionManager } from '../../../lib/session/redis-session-manager.ts';
import { JOIN_MEMBERS, LEAVE_MEMBERS, RELEASE_LOCK, RENEW_LOCK, TAKE_LOCK } from '../../../lib/session/redis-session-scripts.ts';
import { SessionValues } from '../../../lib/session/redis-session-value.ts';
import { RedisStore, toSender } from '../../../lib/session/redis-store.ts';
import { SessionSeal } from '../../../lib/session/session-seal.ts';
import type { SessionRecord } from '../../../lib/session/session-record.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { sessionRecord } from '../../helpers/session-manager-contract.ts';
import { readProjectFile } from '../../helpers/tree.ts';

const LIMIT = { timeout: 30_000 };

/** Numbers from 0 to `below`, the same ones for the same seed (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

describe('names of keys in Redis', () => {
  test('are written as the vectors of spec-fixtures say', LIMIT, async () => {
    const { names } = JSON.parse(readProjectFile('spec-fixtures/session-records/names.json')) as { names: ReadonlyArray<{ text: string; escaped: string }> };
    assert.equal(names.length, 14);
    for (const { text, escaped } of names) assert.equal(await escapeRedisName(text), escaped);
  });

  test('20,000 hostile texts that differ have names that differ, all short and of harmless characters', LIMIT, async () => {
    const pick = seeded(20);
    const pieces = ['a', 'b', '%', '%0061', '{', '}', ':', '/', ':record', ':lock', '%sha256:', '\0', '\n', ' ', 'é', 'e\u0301', '☃', '\ud83d', '\ude00', '*', '0', 'v1:', 'x'.repeat(60)];
    const texts = new Set(Array.from({ length: 20_000 }, () => Array.from({ length: 1 + pick(6) }, () => pieces[pick(pieces.length)]).join('')));
    const names = await Promise.all([...texts].map(escapeRedisName));
    assert.ok(texts.size > 10_000, `${texts.size} texts`);
    assert.equal(new Set(names).size, texts.size);
    for (const name of names) assert.match(name, /^[A-Za-z0-9._:%-]{1,200}$/);
  });

  test('of different sessions, purposes and leases are never the same, and all of one session have one hash tag', LIMIT, async () => {
    const names = new RedisKeyNames('prefix:');
    const pick = seeded(21);
    const pieces = ['a', ':record', ':lock', '}', '{', 'lease', '/', 'stream', 'record', '%', '%002F', 'fence', '-', 'é'];
    const texts = new Set(Array.from({ length: 3_000 }, () => Array.from({ length: 1 + pick(4) }, () => pieces[pick(pieces.length)]).join('')));
    const owners = new Map<string, string>();
    const claim = (name: string, owner: string): void => {
      assert.equal(owners.get(name), undefined, `${owner} and ${owners.get(name)} share ${name}`);
      owners.set(name, owner);
    };
    for (const text of texts) {
      const { record, quarantine, members, lock } = await names.ofSession(text);
      for (const [purpose, name] of Object.entries({ record, quarantine, members, ...lock })) claim(name, `${purpose} of ${text}`);
      const tags = [record, quarantine, members, ...Object.values(lock)].map((name) => /^prefix:\{([^{}]+)\}:/.exec(name)?.[1]);
      assert.equal(new Set(tags).size, 1);
      assert.notEqual(tags[0], undefined);
      for (const [purpose, name] of Object.entries(await names.ofLease(text))) claim(name, `lease ${purpose} of ${text}`);
    }
  });

  test('a lease that is named after a session lives where the session lives', LIMIT, async () => {
    const names = new RedisKeyNames('p:');
    const { record } = await names.ofSession('tenant/user');
    const { lock } = await names.ofLease('tenant/user/stream');
    assert.equal(/\{.*\}/.exec(lock)?.[0], /\{.*\}/.exec(record)?.[0]);
    assert.equal(lock, 'p:{tenant%002Fuser}:lease/stream');
    assert.notEqual((await names.ofLease('tenant/')).lock, (await names.ofLease('tenant')).lock);
  });
});

describe('values in Redis', () => {
  const vectors = JSON.parse(readProjectFile('spec-fixtures/session-records/values.json')) as {
    readonly keys: Readonly<Record<string, string>>;
    readonly key: string;
    readonly record: SessionRecord;
    readonly values: ReadonlyArray<{ readonly is: string; readonly under?: string; readonly value: string }>;
  };
  const plain = new SessionValues(1_000_000, undefined);
  const sealing = (...names: string[]) => new SessionValues(1_000_000, new SessionSeal(names.map((name) => vectors.keys[name] ?? '')));

  test('are read as the vectors of spec-fixtures say, and written so', LIMIT, async () => {
    const [unsealed, older, newer] = vectors.values.map(({ value }) => value);
    assert.equal(await plain.encode(vectors.record, vectors.key), unsealed);
    assert.deepEqual(await plain.decode(unsealed ?? '', vectors.key), { record: vectors.record });
    for (const value of [older, newer]) assert.deepEqual(await sealing('newer', 'older').decode(value ?? '', vectors.key), { record: vectors.record });
    assert.deepEqual(await sealing('newer').decode(older ?? '', vectors.key), { flaw: 'sealed otherwise' });
    assert.deepEqual(await sealing('newer').decode(unsealed ?? '', vectors.key), { flaw: 'not sealed' });
    assert.deepEqual(await plain.decode(older ?? '', vectors.key), { flaw: 'sealed otherwise' });
    assert.deepEqual(await sealing('older').decode(older ?? '', `${vectors.key}x`), { flaw: 'sealed otherwise' }, 'moved to another key');
    assert.deepEqual(await sealing('older').decode((older ?? '').replace('mcp1:7:', 'mcp1:8:'), vectors.key), { flaw: 'sealed otherwise' }, 'another epoch in front');
  });

  test('are printable ASCII, whatever a server calls itself, and come back whole', LIMIT, async () => {
    const record = sessionRecord({ instructions: '\u0000\u007f\u0080é☃\u2028\ud83d\ude00', serverInfo: { name: '名前', version: '1' } });
    for (const values of [plain, sealing('older')]) {
      const value = await values.encode(record, 'k');
      assert.match(value, /^[ -~]+$/);
      assert.deepEqual(await values.decode(value, 'k'), { record });
    }
  });

  test('at the bound a record is stored and read, one byte beyond it neither', LIMIT, async () => {
    const size = (await plain.encode(sessionRecord(), 'k')).length;
    const value = await new SessionValues(size, undefined).encode(sessionRecord(), 'k');
    assert.deepEqual(await new SessionValues(size, undefined).decode(value, 'k'), { record: sessionRecord() });
    const smaller = new SessionValues(size - 1, undefined);
    await assert.rejects(smaller.encode(sessionRecord(), 'k'), { code: 'ERR_MCP_SESSION_RECORD', details: { bytes: size, maxRecordBytes: size - 1 } });
    assert.deepEqual(await smaller.decode(value, 'k'), { flaw: 'too large' });
  });

  test('that are none of ours, or were changed, are told by what is wrong with them', LIMIT, async () => {
    const value = await plain.encode(sessionRecord({ epoch: 5 }), 'k');
    const json = value.slice('mcp1:5:j:'.length);
    const cases: ReadonlyArray<readonly [string, string]> = [
      ['null', 'no session record'],
      ['{}', 'no session record'],
      [json, 'no session record'],
      [`mcp2:5:j:${json}`, 'no session record'],
      [` ${value}`, 'no session record'],
      [`mcp1:05:j:${json}`, 'no session record'],
      [`mcp1:-5:j:${json}`, 'no session record'],
      [`mcp1:5:x:${json}`, 'no session record'],
      [`mcp1:99999999999999999:j:${json}`, 'no session record'],
      [`mcp1:6:j:${json}`, 'damaged'],
      ['mcp1:5:j:', 'damaged'],
      ['mcp1:5:j:null', 'damaged'],
      [`mcp1:5:j:${json.slice(0, -1)}`, 'damaged'],
      [`mcp1:5:j:${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'damaged'],
      [`mcp1:5:j:${json.replace('"version":1', '"version":2')}`, 'damaged'],
      ['mcp1:5:s:AAAA', 'sealed otherwise'],
    ];
    for (const [text, flaw] of cases) assert.deepEqual(await plain.decode(text, 'k'), { flaw }, text.slice(0, 60));
  });
});

describe('the circuit breaker', () => {
  interface Heard {
    readonly level: string;
    readonly message: string;
    readonly facts: Readonly<Record<string, unknown>> | undefined;
  }

  const make = () => {
    const clock = new FakeClock();
    const heard: Heard[] = [];
    const hear = (level: string) => (message: string, facts?: Readonly<Record<string, unknown>>) => void heard.push({ level, message, facts });
    const log = createLog({ info: hear('info'), warn: hear('warn'), error: hear('error') }, 'DEBUG');
    return { clock, heard, breaker: new RedisBreaker(clock, log, 500) };
  };
  const lost = new RedisError('ERR_MCP_REDIS_CONNECTION', 'lost');
  const failing = async (): Promise<never> => {
    throw lost;
  };
  const forever = (): Promise<never> => new Promise(() => {});
  const storeError = { name: 'SessionStoreError', code: 'ERR_MCP_SESSION_STORE' };

  test('lets everything through while Redis answers, and says nothing', LIMIT, async () => {
    const { breaker, heard, clock } = make();
    assert.equal(await breaker.run(async () => 'answer'), 'answer');
    assert.deepEqual(breaker.availability, { state: 'up', since: clock.date(), failures: 0, lastFailure: undefined });
    assert.deepEqual(heard, []);
    assert.equal(clock.waiting, 0);
  });

  test('opens at the third failure in a row, then fails at once without asking, its cause what failed last, and is logged once', LIMIT, async () => {
    const { breaker, heard, clock } = make();
    for (const expected of ['up', 'up', 'down']) {
      await assert.rejects(breaker.run(failing), { ...storeError, cause: lost });
      assert.equal(breaker.availability.state, expected);
    }
    let asked = 0;
    for (let count = 0; count < 50; count++) await assert.rejects(breaker.run(async () => void asked++), { ...storeError, cause: lost });
    assert.equal(asked, 0);
    assert.deepEqual(breaker.availability, { state: 'down', since: clock.date(), failures: 3, lastFailure: 'ERR_MCP_REDIS_CONNECTION' });
    assert.deepEqual(heard.map(({ level, message }) => [level, message]), [['warn', 'Redis is away: sessions are not shared until it is back']]);
    assert.equal(heard[0]?.facts?.['cause'], lost);
  });

  test('an answer in between begins the count anew', LIMIT, async () => {
    const { breaker } = make();
    for (let round = 0; round < 5; round++) {
      await assert.rejects(breaker.run(failing));
      await assert.rejects(breaker.run(failing));
      await breaker.run(async () => {});
    }
    assert.equal(breaker.availability.state, 'up');
  });

  test('an error reply about one key is an answer, and one that says that Redis does not serve us is a failure', LIMIT, async () => {
    const { breaker } = make();
    const answers = (text: string) => async (): Promise<never> => {
      throw new Error(text);
    };
    for (let count = 0; count < 10; count++) await assert.rejects(breaker.run(answers('WRONGTYPE Operation against a key')), storeError);
    assert.equal(breaker.availability.state, 'up');
    for (const text of ['OOM command not allowed', 'READONLY You can’t write', 'NOAUTH Authentication required.']) await assert.rejects(breaker.run(answers(text)), storeError);
    assert.equal(breaker.availability.state, 'down');
    assert.equal(breaker.availability.lastFailure, 'NOAUTH');
  });

  test('bounds an operation, and opens at the first one that takes too long', LIMIT, async () => {
    const { breaker, clock } = make();
    const late = assert.rejects(breaker.run(forever), (error: unknown) => {
      assert.ok(error instanceof Error && error.cause instanceof RedisError, inspect(error));
      assert.equal(error.cause.code, 'ERR_MCP_REDIS_TIMEOUT');
      return true;
    });
    await clock.advance(499);
    assert.equal(breaker.availability.state, 'up');
    await clock.advance(1);
    await late;
    assert.equal(breaker.availability.state, 'down');
    assert.equal(clock.waiting, 0);
  });

  test('after a pause one operation looks whether Redis is back, alone; its failure begins a longer pause, up to 5 s', LIMIT, async () => {
    const { breaker, clock, heard } = make();
    for (let count = 0; count < 3; count++) await assert.rejects(breaker.run(failing));
    const pauses: number[] = [];
    for (let round = 0; round < 12; round++) {
      let asked = 0;
      const began = clock.now();
      while (asked === 0) {
        await clock.advance(50);
        await assert.rejects(breaker.run(async () => (asked++, failing())));
      }
      pauses.push(clock.now() - began);
    }
    assert.ok((pauses[0] ?? 0) >= 200 && (pauses[0] ?? 0) <= 350, `the first pause is about 250 ms: ${pauses}`);
    assert.ok(pauses.slice(-3).every((pause) => pause >= 4_000 && pause <= 6_050), `the longest is about 5 s: ${pauses}`);
    await clock.advance(10_000);
    const probe = breaker.run(forever);
    await assert.rejects(breaker.run(async () => 'others'), storeError);
    await assert.rejects(Promise.all([probe, clock.advance(500)]), storeError);
    await clock.advance(10_000);
    assert.equal(await breaker.run(async () => 'back'), 'back');
    assert.equal(await breaker.run(async () => 'and stays'), 'and stays');
    assert.deepEqual(heard.map(({ level }) => level), ['warn', 'info']);
    assert.equal(breaker.availability.failures, 0);
  });

  test('one that insists is let through while it is open, and if it is answered, all are', LIMIT, async () => {
    const { breaker } = make();
    for (let count = 0; count < 3; count++) await assert.rejects(breaker.run(failing));
    await assert.rejects(breaker.run(failing, true), { ...storeError, cause: lost });
    await assert.rejects(breaker.run(async () => 'others'), storeError);
    assert.equal(await breaker.run(async () => 'back', true), 'back');
    assert.equal(await breaker.run(async () => 'others'), 'others');
  });

  test('status and messages hold no text that Redis or the client wrote', LIMIT, async () => {
    const { breaker } = make();
    const canary = async (): Promise<never> => {
      throw Object.assign(new Error('canary of the client'), { code: 'canary code' });
    };
    for (let count = 0; count < 4; count++) {
      await assert.rejects(breaker.run(canary), (error: unknown) => error instanceof Error && !error.message.includes('canary'));
    }
    assert.doesNotMatch(JSON.stringify(breaker.availability), /canary/);
  });
});

/** A store whose scripts a test answers; it knows their digests, which a thread of the platform makes, so that only the clock of the test decides when something happens. */
async function scriptedStore(clock: FakeClock, answer: (script: { readonly source: string }, args: readonly string[]) => unknown) {
  const scripts = [TAKE_LOCK, RENEW_LOCK, RELEASE_LOCK, JOIN_MEMBERS, LEAVE_MEMBERS];
  const names = ['take', 'renew', 'release', 'join', 'leave'];
  const calls: Array<{ readonly what: string; readonly at: number; readonly args: readonly string[] }> = [];
  const send = async ([command, source = '', count = '0', ...rest]: readonly string[]): Promise<unknown> => {
    if (command === 'EVALSHA') throw new Error('NOSCRIPT No matching script. Please use EVAL.');
    const index = scripts.findIndex((script) => script.source === source);
    const args = rest.slice(Number(count));
    calls.push({ what: names[index] ?? source, at: clock.now(), args });
    return answer({ source: names[index] ?? source }, args);
  };
  let isReady = false;
  const store = new RedisStore((args) => (isReady ? send(args) : Promise.resolve()), new RedisBreaker(clock, createLog(undefined, 'DEBUG'), 500));
  await store.operate((road) => Promise.all(scripts.map((script) => road.run(script, [], []))));
  isReady = true;
  return { store, calls, made: (what: string) => calls.filter((call) => call.what === what) };
}

const LOCK_KEYS = { lock: 'p:{a}:lock', fence: 'p:{a}:fence', wanted: 'p:{a}:wanted' };

describe('a lock that is held', () => {
  test('is renewed at every third of its lease, under the token it was taken with, until it is released', LIMIT, async () => {
    const clock = new FakeClock();
    const { store, calls, made } = await scriptedStore(clock, ({ source }) => (source === 'take' ? 17 : 1));
    const locks = new RedisLocks(store, clock);
    const lock = await locks.take(LOCK_KEYS, 9_000);
    assert.equal(lock?.fence, 17);
    await clock.advance(30_000);
    assert.deepEqual(made('renew').map(({ at }) => at), [3_000, 6_000, 9_000, 12_000, 15_000, 18_000, 21_000, 24_000, 27_000, 30_000]);
    assert.equal(new Set(calls.map(({ args }) => args[0])).size, 1);
    assert.match(calls[0]?.args[0] ?? '', /^[0-9a-f]{32}$/);
    assert.equal(lock?.signal.aborted, false);
    assert.equal(locks.size, 1);
    await lock?.release();
    await lock?.release();
    assert.equal(made('release').length, 1);
    assert.deepEqual([locks.size, clock.waiting, lock?.signal.aborted], [0, 0, false]);
  });

  test('is lost at once when Redis says that it is another’s', LIMIT, async () => {
    const clock = new FakeClock();
    const { store, made } = await scriptedStore(clock, ({ source }) => (source === 'take' ? 1 : 0));
    const lock = await new RedisLocks(store, clock).take(LOCK_KEYS, 9_000);
    await clock.advance(2_999);
    assert.equal(lock?.signal.aborted, false);
    await clock.advance(1);
    assert.equal(lock?.signal.aborted, true);
    assert.equal((lock?.signal.reason as { code?: string }).code, 'ERR_MCP_SESSION_STORE');
    await lock?.release();
    assert.equal(made('release').length, 0, 'what is another’s is not given back');
    assert.equal(clock.waiting, 0);
  });

  test('while Redis is away it is held until its lease is over, counted from before it was last asked, and no longer', LIMIT, async () => {
    const clock = new FakeClock();
    const { store } = await scriptedStore(clock, ({ source }) => {
      if (source === 'take' || clock.now() < 4_000) return 1;
      throw new RedisError('ERR_MCP_REDIS_CONNECTION', 'lost');
    });
    const lock = await new RedisLocks(store, clock).take(LOCK_KEYS, 9_000);
    await clock.advance(3_000 + 8_999);
    assert.equal(lock?.signal.aborted, false);
    await clock.advance(1);
    assert.equal(lock?.signal.aborted, true);
    assert.equal(clock.waiting, 0);
  });

  test('a pause of Redis that is shorter than the lease costs nothing', LIMIT, async () => {
    const clock = new FakeClock();
    const isAway = () => clock.now() > 2_000 && clock.now() < 8_000;
    const { store, made } = await scriptedStore(clock, () => {
      if (isAway()) throw new RedisError('ERR_MCP_REDIS_CONNECTION', 'lost');
      return 1;
    });
    const lock = await new RedisLocks(store, clock).take(LOCK_KEYS, 9_000);
    await clock.advance(40_000);
    assert.equal(lock?.signal.aborted, false);
    assert.equal(made('renew').some(({ at }) => at >= 8_000 && at < 9_000), true, 'it was renewed when Redis was back');
    await lock?.release();
  });

  test('a renewal that is never answered does not keep the signal from firing', LIMIT, async () => {
    const clock = new FakeClock();
    const { store } = await scriptedStore(clock, ({ source }) => (source === 'take' ? 1 : new Promise(() => {})));
    const lock = await new RedisLocks(store, clock).take(LOCK_KEYS, 300);
    await clock.advance(300);
    assert.equal(lock?.signal.aborted, true);
  });

  test('when nobody knows whether it was given, it is given back', LIMIT, async () => {
    const clock = new FakeClock();
    const { store, made } = await scriptedStore(clock, ({ source }) => (source === 'take' ? new Promise(() => {}) : 1));
    const locks = new RedisLocks(store, clock);
    const refused = assert.rejects(locks.take(LOCK_KEYS, 9_000), { code: 'ERR_MCP_SESSION_STORE' });
    await clock.advance(500);
    await refused;
    await settle();
    assert.deepEqual(made('release').map(({ args }) => args[0]), made('take').map(({ args }) => args[0]));
    assert.equal(locks.size, 0);
  });
});

describe('members of sessions', () => {
  const keys = (name: string) => ({ record: `p:{${name}}:record`, quarantine: '', members: `p:{${name}}:members`, lock: LOCK_KEYS });

  test('are all renewed by one timer, soon enough for the shortest lease, until the last one has left', LIMIT, async () => {
    const clock = new FakeClock();
    const { store, made } = await scriptedStore(clock, () => 0);
    const members = new RedisMembers(store, clock, 60_000);
    for (let index = 0; index < 50; index++) await members.join(keys(`s${index}`), 'me', 15_000);
    assert.deepEqual([members.size, clock.waiting], [50, 1]);
    await clock.advance(5_000);
    assert.equal(made('join').length, 100);
    await members.join(keys('short'), 'me', 3_000);
    assert.equal(clock.waiting, 1);
    await clock.advance(1_000);
    assert.equal(made('join').length, 152);
    for (let index = 0; index < 50; index++) await members.leave(keys(`s${index}`), 'me');
    await members.leave(keys('short'), 'me');
    assert.deepEqual([members.size, clock.waiting], [0, 0]);
    await clock.advance(60_000);
    assert.equal(made('join').length, 152);
  });

  test('one that joins again and again does not put the renewal of the others off', LIMIT, async () => {
    const clock = new FakeClock();
    const { store, made } = await scriptedStore(clock, () => 0);
    const members = new RedisMembers(store, clock, 60_000);
    await members.join(keys('a'), 'patient', 9_000);
    for (let round = 0; round < 10; round++) {
      await clock.advance(1_000);
      await members.join(keys('a'), 'restless', 9_000);
    }
    const said = made('join').filter(({ args }) => args[0] === 'patient').length;
    assert.ok(said >= 4, `said ${said} times`);
    await members.leaveAll();
  });

  test('a renewal that fails is made up for by the next one', LIMIT, async () => {
    const clock = new FakeClock();
    const { store, made } = await scriptedStore(clock, () => {
      if (clock.now() > 2_000 && clock.now() < 4_000) throw new RedisError('ERR_MCP_REDIS_CONNECTION', 'lost');
      return 0;
    });
    const members = new RedisMembers(store, clock, 60_000);
    await members.join(keys('a'), 'me', 9_000);
    await clock.advance(9_000);
    assert.deepEqual(made('join').map(({ at }) => at), [0, 3_000, 6_000, 9_000]);
    await members.leaveAll();
    assert.deepEqual([made('leave').length, clock.waiting], [1, 0]);
  });

  test('one that could not join is no member', LIMIT, async () => {
    const clock = new FakeClock();
    const { store } = await scriptedStore(clock, () => {
      throw new RedisError('ERR_MCP_REDIS_CONNECTION', 'lost');
    });
    const members = new RedisMembers(store, clock, 60_000);
    await assert.rejects(members.join(keys('a'), 'me', 9_000), { code: 'ERR_MCP_SESSION_STORE' });
    assert.deepEqual([members.size, clock.waiting], [0, 0]);
  });
});

describe('replies of whatever client a host has', () => {
  test('a number may be one, a bigint, a text or bytes; anything else is no answer to a script', () => {
    for (const reply of [5, 5n, '5', new TextEncoder().encode('5')]) assert.equal(replyNumber(reply), 5);
    for (const reply of [null, undefined, '', 'five', 1.5, NaN, {}, [], new Map(), true, 2n ** 60n]) {
      assert.throws(() => replyNumber(reply), { name: 'RedisError', code: 'ERR_MCP_REDIS_PROTOCOL' }, inspect(reply));
    }
  });

  test('a text may be one or bytes; what is not there is an empty one', () => {
    for (const reply of ['a', new TextEncoder().encode('a')]) assert.equal(replyText(reply), 'a');
    for (const reply of [null, undefined, 5, {}, new Map([['a', 1]])]) assert.equal(replyText(reply), '');
  });

  test('the code of an error reply is found in ours and in the text of others, and not in errors of the road', () => {
    const ours = new RedisError('ERR_MCP_REDIS_REPLY', 'EVALSHA: Redis answered NOSCRIPT', { details: { redisCode: 'NOSCRIPT' } });
    assert.equal(redisCodeOf(ours), 'NOSCRIPT');
    assert.equal(redisCodeOf(new Error('NOSCRIPT No matching script.')), 'NOSCRIPT');
    assert.equal(redisCodeOf(new RedisError('ERR_MCP_REDIS_CONNECTION', 'WRONGTYPE it is not')), undefined);
    for (const error of [new Error('Connection is closed.'), new Error('connect ECONNREFUSED'), 'NOSCRIPT', undefined, null]) assert.equal(redisCodeOf(error), undefined);
  });

  test('an error that a client throws at once, or resolves with, is a rejection', LIMIT, async () => {
    const error = new Error('ERR of the client');
    const throws = toSender({
      send() {
        throw error;
      },
    });
    await assert.rejects(throws([], false), (reason) => reason === error);
    await assert.rejects(toSender({ send: async () => error })([], false), (reason) => reason === error);
    await assert.rejects(toSender({ send: async () => new RESPError('WRONGTYPE Operation') })([], false), { message: 'WRONGTYPE Operation' });
  });

  test('a client that answers nonsense fails operations as any failure does, and nothing else', LIMIT, async () => {
    for (const reply of [undefined, null, {}, [], 'nonsense', true, new Map(), -1.5]) {
      const manager = new RedisSessionManager({ client: { send: async () => reply } });
      const outcomes = await Promise.allSettled([
        manager.getSession('k'),
        manager.storeSession('k', sessionRecord()),
        manager.compareAndStore('k', sessionRecord(), 1),
        manager.withLock('k', async () => 'had'),
        manager.acquireLease('k/stream'),
        manager.leaveSession('k', 'me'),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal((outcome.reason as { code?: string }).code, 'ERR_MCP_SESSION_STORE', inspect(reply));
      }
      assert.equal(outcomes[3]?.status, 'rejected', 'no lock is had from a client that does not say so');
      await manager.close();
    }
  });
});

describe('RedisSessionManager: options', () => {
  const client = { send: async () => null };

  test('what is wrong is refused at the door: TypeError for another kind, RangeError for another size', () => {
    for (const options of [null, 5, { ttl: 5 }, { client: {} }, { client: 5 }, { client, redisUrl: 'redis://localhost' }, { client, tls: {} }, { keyPrefix: '' }, { keyPrefix: 5 }, { expirationSeconds: '60' }, { sealingKeys: 'x' }, { redisUrl: 5 }]) {
      assert.throws(() => new RedisSessionManager(options as never), TypeError, inspect(options));
    }
    for (const options of [{ expirationSeconds: 0 }, { expirationSeconds: 1.5 }, { expirationSeconds: 1e12 }, { operationTimeoutMs: 0 }, { lockLeaseMs: -1 }, { lockLeaseMs: Infinity }, { maxRecordBytes: 0 }, { sealingKeys: [] }, { keyPrefix: 'a{b}' }]) {
      assert.throws(() => new RedisSessionManager({ client, ...options } as never), RangeError, inspect(options));
    }
  });

  test('a wrong url is a TypeError at the constructor that shows neither url nor password', () => {
    for (const redisUrl of ['http://u:canary@host', 'canary', 'redis://user:canary@host:99999/0', 'redis://user:canary@host/zero', 'redis://user:can/ary@host/0', 'redis://:canary@ho st/0', 'redis://u:canary%zz@host', 'redis://u:p@host/0?canary=1', '']) {
      assert.throws(
        () => new RedisSessionManager({ redisUrl }),
        (error: unknown) => error instanceof TypeError && !/can\/?ary/.test(inspect(error)),
        redisUrl,
      );
    }
  });

  test('a manager that is made connects to nothing, and shows no password', LIMIT, async () => {
    const manager = new RedisSessionManager({ redisUrl: 'redis://user:canary@127.0.0.1:1/0', sealingKeys: [new Uint8Array(32)] });
    assert.doesNotMatch(inspect(manager, { depth: 9, showHidden: true }) + JSON.stringify(manager), /canary/);
    assert.deepEqual({ ...manager.status, since: 0 }, { state: 'up', since: 0, failures: 0, lastFailure: undefined, setAside: 0, flawedResults: 0, locks: 0, members: 0 });
    await manager.close();
  });

  test('a client of the host is never closed', LIMIT, async () => {
    let closed = 0;
    const theirs = { send: async () => null, close: () => void closed++, quit: () => void closed++, disconnect: () => void closed++ };
    const manager = new RedisSessionManager({ client: theirs });
    assert.equal(await manager.getSession('k'), undefined);
    await manager.close();
    assert.equal(closed, 0);
  });

  test('a logger that throws harms nobody', LIMIT, async () => {
    const throws = (): never => {
      throw new Error('of the logger');
    };
    const manager = new RedisSessionManager({ client: { send: async () => throws() }, logger: { warn: throws, info: throws } });
    for (let count = 0; count < 5; count++) await assert.rejects(manager.getSession('k'), { code: 'ERR_MCP_SESSION_STORE' });
    assert.equal(manager.status.state, 'down');
    await manager.close();
  });
});
