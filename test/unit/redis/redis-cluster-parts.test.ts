import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { RedisError } from '../../../lib/base/errors.ts';
import { checkNodeAddress, resolveAnnounced, splitNodeAddress, urlOfNode } from '../../../lib/redis/redis-cluster-address.ts';
import { keysOfCommand, slotOfCommand } from '../../../lib/redis/redis-cluster-keys.ts';
import { resolveRedisClusterOptions } from '../../../lib/redis/redis-cluster-options.ts';
import type { RedisClusterOptions } from '../../../lib/redis/redis-cluster-options.ts';
import { firstAnswer } from '../../../lib/redis/redis-cluster-race.ts';
import { readClusterSlots } from '../../../lib/redis/redis-cluster-topology.ts';
import { parseRedisSeeds } from '../../../lib/redis/redis-cluster-url.ts';
import type { RedisSeedKind, RedisSeedURLs } from '../../../lib/redis/redis-cluster-url.ts';
import { resolveRedisSentinelOptions } from '../../../lib/redis/redis-sentinel-options.ts';
import type { RedisSentinelOptions } from '../../../lib/redis/redis-sentinel-options.ts';
import { slotOfKey } from '../../../lib/redis/redis-slots.ts';
import type { RedisArgument } from '../../../lib/resp/resp-encoder.ts';
import type { RESPReply } from '../../../lib/resp/resp-reply.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

const commandOf = (text: string): string[] => text.split(' ');
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the keys of a command (Redis, command key specifications)', () => {
  test('stand where its name says', () => {
    const rows: ReadonlyArray<readonly [command: string, keys: string]> = [
      ['GET a', 'a'],
      ['get a', 'a'],
      ['Get a', 'a'],
      ['SET a b', 'a'],
      ['FUTURE.COMMAND a b c', 'a'],
      ['PING', ''],
      ['ping hello', ''],
      ['TIME', ''],
      ['SCAN 0', ''],
      ['PUBLISH channel text', ''],
      ['SPUBLISH channel text', 'channel'],
      ['SCRIPT LOAD code', ''],
      ['MGET a b c', 'a b c'],
      ['DEL a', 'a'],
      ['MSET a 1 b 2', 'a b'],
      ['BLPOP a b 0', 'a b'],
      ['RENAME a b', 'a b'],
      ['LMOVE a b LEFT RIGHT', 'a b'],
      ['BITOP AND d a b', 'd a b'],
      ['EVAL code 2 a b c', 'a b'],
      ['EVALSHA sha 0 c', ''],
      ['EVAL code 3 a b', ''],
      ['EVAL code -1 a b', ''],
      ['EVAL code x a b', ''],
      ['FCALL name 1 a', 'a'],
      ['ZUNION 2 a b WITHSCORES', 'a b'],
      ['ZINTERSTORE d 2 a b', 'd a b'],
      ['BLMPOP 0 1 a LEFT', 'a'],
      ['LMPOP 1 a LEFT', 'a'],
      ['XREAD COUNT 1 STREAMS a b 0 0', 'a b'],
      ['xread block 1 streams a $', 'a'],
      ['XREADGROUP GROUP streams me STREAMS a >', 'a'],
      ['SORT a BY w STORE d', 'a d'],
      ['SORT store LIMIT 0 1', 'store'],
      ['GEORADIUS a 1 2 3 m STORE d', 'a d'],
      ['GEORADIUSBYMEMBER a STORE 3 m STOREDIST d', 'a d'],
      ['OBJECT ENCODING a', 'a'],
      ['OBJECT HELP', ''],
      ['XINFO STREAM a', 'a'],
      ['XGROUP CREATE a g $', 'a'],
      ['MEMORY USAGE a', 'a'],
      ['MEMORY DOCTOR', ''],
      ['MIGRATE h 1 a 0 100', 'a'],
      ['MIGRATE h 1  0 100 COPY KEYS a b', 'a b'],
      ['GET', ''],
    ];
    for (const [command, keys] of rows) assert.deepEqual(keysOfCommand(commandOf(command)), keys === '' ? [] : commandOf(keys), command);
  });

  test('are found where words are bytes and numbers too', () => {
    const args: RedisArgument[] = [bytesOf('eval'), 'return 1', 1, bytesOf('{a}:1'), 'x'];
    assert.deepEqual(keysOfCommand(args), [bytesOf('{a}:1')]);
    assert.equal(slotOfCommand(args), slotOfKey('a'));
    assert.equal(slotOfCommand([bytesOf('EVAL'), 'return 1', bytesOf('1'), 'a']), slotOfKey('a'));
    assert.equal(slotOfCommand(['GET', 5]), slotOfKey('5'));
  });

  test('live in one slot, or the command is refused before it is sent, as a node would answer', () => {
    assert.equal(slotOfCommand(['MGET', '{x}:record', '{x}:lock']), slotOfKey('x'));
    assert.equal(slotOfCommand(['PING']), undefined);
    assert.throws(
      () => slotOfCommand(['MGET', 'foo', 'bar-secret']),
      (error) => {
        assert.ok(error instanceof RedisError);
        const slots = [slotOfKey('foo'), slotOfKey('bar-secret')];
        assert.deepEqual([error.code, error.delivery, error.details], ['ERR_MCP_REDIS_REPLY', 'unsent', { command: 'MGET', redisCode: 'CROSSSLOT', slots }]);
        assert.doesNotMatch(inspect(error), /bar-secret/);
        return true;
      },
    );
  });

  test('are not looked for in commands that change a shared connection', () => {
    for (const name of ['ASKING', 'readonly', 'ReadWrite']) assert.throws(() => slotOfCommand([name]), TypeError);
  });
});

describe('the urls of several servers', () => {
  const read = (urls: RedisSeedURLs, kind: RedisSeedKind) => {
    const { addresses, isTLS, credentials, database, masterName } = parseRedisSeeds(urls, kind);
    return [addresses.map(({ host, port }) => `${host} ${port}`).join(), isTLS, credentials?.username, credentials?.revealPassword(), database, masterName];
  };

  test('name places, with TLS and credentials for all, in one url or in a list', () => {
    const rows: ReadonlyArray<readonly [urls: RedisSeedURLs, kind: RedisSeedKind, ...expected: readonly unknown[]]> = [
      ['redis+cluster://a:1,b:2', 'cluster', 'a 1,b 2', false, undefined, undefined, 0, undefined],
      ['rediss+cluster://a,[::1]:2', 'cluster', 'a 6379,::1 2', true, undefined, undefined, 0, undefined],
      ['REDIS+CLUSTER://u:p%2C@w,@a:1/0?name=x', 'cluster', 'a 1', false, 'u', 'p,@w,', 0, undefined],
      ['redis://a:1', 'cluster', 'a 1', false, undefined, undefined, 0, undefined],
      [['redis://u:p@a:1', 'redis://b:2', 'redis://a:1', new URL('redis://c:3')], 'cluster', 'a 1,b 2,c 3', false, 'u', 'p', 0, undefined],
      ['redis+sentinel://a,b:2/main', 'sentinel', 'a 26379,b 2', false, undefined, undefined, 0, 'main'],
      ['rediss+sentinel://:p@[fe80::1],[::1]:9/my%20main/3', 'sentinel', 'fe80::1 26379,::1 9', true, 'default', 'p', 3, 'my main'],
      [['redis://a', 'redis://:p@b:5'], 'sentinel', 'a 26379,b 5', false, 'default', 'p', 0, undefined],
    ];
    for (const [urls, kind, ...expected] of rows) assert.deepEqual(read(urls, kind), expected, String(urls));
    assert.deepEqual(parseRedisSeeds('redis+cluster://a,b?name=n&commandTimeoutMs=9', 'cluster').timeouts, { commandTimeoutMs: 9 });
    assert.equal(parseRedisSeeds(['redis://a?name=n', 'redis://b'], 'cluster').clientName, 'n');
  });

  test('are refused with the part that is wrong, and never with the password', () => {
    const rows: ReadonlyArray<readonly [urls: unknown, kind: RedisSeedKind, why: RegExp]> = [
      ['', 'cluster', /begin with redis\+cluster/],
      [[], 'cluster', /a list of urls/],
      [undefined, 'cluster', /a list of urls/],
      [[7], 'sentinel', /neither a string nor a URL/],
      ['redis+sentinel://:secret@a/main', 'cluster', /begin with redis\+cluster/],
      ['redis+cluster://:secret@a', 'sentinel', /begin with redis\+sentinel/],
      ['redis+cluster://:secret@a,,b', 'cluster', /places is empty/],
      ['redis+cluster://:secret@a:0,b', 'cluster', /port/],
      ['redis+cluster://:secret@a/1', 'cluster', /no database but 0/],
      ['redis+cluster://:secret@a?password=secret', 'cluster', /an option that is none of/],
      [['redis://:secret@a', 'redis://:secret2@b'], 'cluster', /several users or passwords/],
      [['redis://u:secret@a', 'redis://v:secret@b'], 'cluster', /several users or passwords/],
      [['redis://:secret@a', 'rediss://b'], 'cluster', /with TLS and without/],
      [['redis://:secret@a/1', 'redis://b/2'], 'sentinel', /several databases/],
      [['unix://:secret@/socket'], 'cluster', /Unix socket/],
      ['redis+sentinel://:secret@a', 'sentinel', /must name the master/],
      ['redis+sentinel://:secret@a/main/x', 'sentinel', /must name the master/],
      ['redis+sentinel://:secret@a/%FF', 'sentinel', /percent-encoded/],
    ];
    for (const [urls, kind, why] of rows) {
      assert.throws(
        () => parseRedisSeeds(urls as RedisSeedURLs, kind),
        (error) => error instanceof TypeError && why.test(error.message) && !/secret/.test(inspect(error)),
        inspect(urls),
      );
    }
  });
});

describe('options of clients of several servers', () => {
  test('are checked at the constructor, and hold for every node', async () => {
    const login = async (options: RedisClusterOptions) => resolveRedisClusterOptions(options).clientOptions({ host: '::1', port: 7 });
    const ofNode = await login({ url: 'rediss+cluster://u:p@a?commandTimeoutMs=9&name=x', clientName: 'y', tls: { servername: 's' } });
    assert.deepEqual([ofNode.url, ofNode.commandTimeoutMs, ofNode.clientName, ofNode.tls, await ofNode.login?.()], [
      ...['rediss://[%3A%3A1]:7', 9, 'y', { servername: 's' }],
      { username: 'u', password: 'p' },
    ]);
    const { maxClusterRedirects, maxClusterNodes, refreshIntervalMs, refreshTimeoutMs } = resolveRedisClusterOptions({ url: 'redis://a' });
    assert.deepEqual([maxClusterRedirects, maxClusterNodes, refreshIntervalMs, refreshTimeoutMs], [8, 1_000, 250, 1_000]);
  });

  test('give the login of the master to no sentinel, and that of the sentinels to no master', async () => {
    const options = resolveRedisSentinelOptions({ url: 'redis+sentinel://u:p@a/main/2', sentinelLogin: () => ({ username: 's', password: 'q' }) });
    const address = { host: 'a', port: 1 };
    assert.deepEqual(await options.sentinelOptions(address).login?.(), { username: 's', password: 'q' });
    assert.deepEqual(await options.masterOptions(address).login?.(), { username: 'u', password: 'p' });
    assert.deepEqual([options.masterOptions(address).database, options.sentinelOptions(address).database], [2, undefined]);
    assert.equal(resolveRedisSentinelOptions({ url: 'redis+sentinel://u:p@a/main' }).sentinelOptions(address).login, undefined);
  });

  test('that are wrong are refused by name', () => {
    const url = 'redis://a';
    const cluster: ReadonlyArray<readonly [options: object, why: RegExp]> = [
      [{ url, maxClusterRedirect: 1 }, /no option "maxClusterRedirect"; did you mean "maxClusterRedirects"/],
      [{ url, database: 1 }, /no option "database"/],
      [{ url, mapAddress: 1 }, /mapAddress must be a function/],
      [{ url, maxClusterNodes: 0 }, /maxClusterNodes/],
      [{ url, maxClusterRedirects: -1 }, /maxClusterRedirects/],
      [{ url, refreshIntervalMs: 0 }, /refreshIntervalMs/],
      [{ url, refreshTimeoutMs: '1' }, /refreshTimeoutMs/],
      [{ url, commandTimeoutMs: 0 }, /commandTimeoutMs/],
      [{ url, tls: {} }, /tls is for rediss/],
      [{ url: 'redis://:secret@a', login: () => ({ password: 'secret' }) }, /exclude each other/],
    ];
    for (const [options, why] of cluster) assert.throws(() => resolveRedisClusterOptions(options as RedisClusterOptions), why);
    const sentinel: ReadonlyArray<readonly [options: object, why: RegExp]> = [
      [{ url }, /masterName must be/],
      [{ url: 'redis+sentinel://a/x', masterName: 'y' }, /two masters/],
      [{ url, masterName: 'x', sentinelLogin: 'secret' }, /sentinelLogin must be a function/],
      [{ url, masterName: 'x', recheckMs: -1 }, /recheckMs/],
      [{ url, masterName: 'x', sentinelTimeoutMs: 0 }, /sentinelTimeoutMs/],
      [{ url, masterName: 'x', refreshTimeoutMs: 1 }, /no option "refreshTimeoutMs"/],
    ];
    for (const [options, why] of sentinel) assert.throws(() => resolveRedisSentinelOptions(options as RedisSentinelOptions), why);
  });
});

describe('addresses that nodes announce', () => {
  test('are checked before they are connected to; a host that is left out is that of the speaker', () => {
    const speaker = { host: '10.0.0.1', port: 6379 };
    const rows: ReadonlyArray<readonly [host: unknown, port: unknown, expected: object | undefined]> = [
      ['h', 1, { host: 'h', port: 1 }],
      ['', 2, { host: '10.0.0.1', port: 2 }],
      [null, 3, { host: '10.0.0.1', port: 3 }],
      ['fe80::1', 4, { host: 'fe80::1', port: 4 }],
      ['?', 5, undefined],
      ['h', 0, undefined],
      ['h', 65_536, undefined],
      ['h', '1', undefined],
      ['h@evil', 1, undefined],
      ['h/x?name=y', 1, undefined],
      ['a b', 1, undefined],
      [7, 1, undefined],
      ['x'.repeat(10) + '\r\n', 1, undefined],
    ];
    for (const [host, port, expected] of rows) assert.deepEqual(resolveAnnounced(host, port, speaker, undefined), expected, inspect([host, port]));
    assert.deepEqual(splitNodeAddress('10.0.0.2:6380'), ['10.0.0.2', 6380]);
    assert.deepEqual(splitNodeAddress(':6380'), ['', 6380]);
    assert.deepEqual(splitNodeAddress('fe80::1:6380'), ['fe80::1', 6380]);
    assert.deepEqual(splitNodeAddress('h'), ['', NaN]);
    assert.deepEqual(checkNodeAddress('fe80::1%eth0', 1), { host: 'fe80::1%eth0', port: 1 });
    assert.equal(urlOfNode({ host: 'h', port: 1 }, true), 'rediss://h:1');
  });

  test('are where the host says that they are reached, and what it says is checked too', () => {
    const speaker = { host: 'outside', port: 7000 };
    const map = ({ host, port }: { host: string; port: number }) => ({ host: host === 'inside' ? 'outside' : host, port: port + 1 });
    assert.deepEqual(resolveAnnounced('inside', 1, speaker, map), { host: 'outside', port: 2 });
    assert.throws(() => resolveAnnounced('inside', 1, speaker, () => ({ host: 'a b', port: 1 })), /mapAddress must return/);
    assert.throws(() => resolveAnnounced('inside', 1, speaker, (() => undefined) as never), TypeError);
  });

  test('make a list of slots, and a reply of another shape is refused (Redis, CLUSTER SLOTS)', () => {
    const speaker = { host: 'seed', port: 1 };
    const reply: RESPReply = [
      [0, 5, ['a', 1, 'id', ['hostname', 'x']], ['b', 2, 'id']],
      [6, 16_383, ['', 3, 'id', new Map()], ['?', 4]],
      [7, 7, [null, 5]],
      [8, 8, ['?', 6]],
    ];
    const address = (host: string, port: number) => ({ host, port });
    assert.deepEqual(readClusterSlots(reply, speaker, undefined), [
      { first: 0, last: 5, master: address('a', 1), replicas: [address('b', 2)] },
      { first: 6, last: 16_383, master: address('seed', 3), replicas: [] },
      { first: 7, last: 7, master: address('seed', 5), replicas: [] },
      { first: 8, last: 8, master: undefined, replicas: [] },
    ]);
    const malformed: readonly RESPReply[] = ['x', null, [1], [[0, 1]], [[1, 0, ['a', 1]]], [[0, 16_384, ['a', 1]]], [[-1, 0, ['a', 1]]], [[0, 1.5, ['a', 1]]], [[0, 1, 'a']], [['0', 1, ['a', 1]]]];
    for (const wrong of malformed) {
      assert.throws(() => readClusterSlots(wrong, speaker, undefined), (error) => error instanceof RedisError && error.code === 'ERR_MCP_REDIS_PROTOCOL', inspect(wrong));
    }
    for (const empty of [[], [[0, 5, ['?', 1]]]] as readonly RESPReply[]) {
      assert.throws(() => readClusterSlots(empty, speaker, undefined), (error) => error instanceof RedisError && error.code === 'ERR_MCP_REDIS_CONNECTION');
    }
  });
});

describe('asking several for one answer', () => {
  const never = (signal: AbortSignal) => new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  const late = (candidate: string) => `${candidate} was late`;

  test('asks the next one when one failed, or has had its head start, and needs the others no more when one answers', async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const dropped: unknown[] = [];
    const ask = async (candidate: string, signal: AbortSignal) => {
      asked.push(candidate);
      if (candidate === 'fails') throw new Error('no');
      if (candidate === 'answers') return 'yes';
      return never(signal).catch((reason: unknown) => (dropped.push(reason), Promise.reject(reason)));
    };
    const outcome = firstAnswer(['fails', 'silent', 'answers', 'spare'], ask, { clock, headStartMs: 100, timeoutMs: 1_000, late });
    await settle();
    assert.deepEqual(asked, ['fails', 'silent']);
    await clock.advance(100);
    assert.deepEqual(await outcome, { answer: 'yes' });
    assert.deepEqual(asked, ['fails', 'silent', 'answers']);
    assert.equal(dropped.length, 1);
    assert.equal(clock.waiting, 0);
  });

  test('tells all failures when nobody answers in time, and ends when it is ended', async () => {
    const clock = new FakeClock();
    const options = { clock, headStartMs: 10, timeoutMs: 100, late };
    const outcome = firstAnswer(['a', 'b'], (_, signal) => never(signal), options);
    await clock.advance(200);
    assert.deepEqual(await outcome, { failures: ['a was late', 'b was late'] });
    assert.deepEqual(await firstAnswer([], async () => 'x', options), { failures: [] });
    const ending = new AbortController();
    const ended = firstAnswer(['a', 'b', 'c'], (_, signal) => never(signal), { ...options, signal: ending.signal });
    await clock.advance(15);
    ending.abort('enough');
    assert.deepEqual(await ended, { failures: ['enough', 'enough'] });
    assert.equal(clock.waiting, 0);
  });
});
