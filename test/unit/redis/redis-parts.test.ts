import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { redisBackoffMs } from '../../../lib/redis/redis-backoff.ts';
import { RedisCommandQueue } from '../../../lib/redis/redis-command-queue.ts';
import { RedisCommand } from '../../../lib/redis/redis-command.ts';
import { kindOfCommand, nameOfCommand } from '../../../lib/redis/redis-commands.ts';
import { reactionTo, replyFailure } from '../../../lib/redis/redis-failure.ts';
import { resolveRedisOptions } from '../../../lib/redis/redis-options.ts';
import type { RedisClientOptions } from '../../../lib/redis/redis-options.ts';
import { nextRedisState } from '../../../lib/redis/redis-state.ts';
import type { RedisClientEvent, RedisClientState } from '../../../lib/redis/redis-state.ts';
import { RESPError } from '../../../lib/resp/resp-error.ts';

const command = (frame: string) => new RedisCommand('GET', frame, 'text', true, 100, false);

describe('the queue of commands', () => {
  test('gives them in the order in which they came, through growth, wrapping and taking all, and counts them and their bytes', () => {
    const queue = new RedisCommandQueue();
    const model: RedisCommand[] = [];
    let seed = 1;
    for (let step = 0; step < 20_000; step++) {
      seed = (seed * 48_271) % 2_147_483_647;
      if (seed % 5 < (step < 10_000 ? 3 : 2)) {
        const pushed = command('x'.repeat(seed % 7));
        queue.push(pushed);
        model.push(pushed);
      } else assert.equal(queue.shift(), model.shift());
      assert.equal(queue.length, model.length);
      assert.equal(queue.first, model[0]);
    }
    assert.equal(queue.size, model.reduce((size, { frame }) => size + frame.length, 0));
    const before = [command('a'), command('b')];
    queue.prepend(before);
    assert.deepEqual(queue.list(), [...before, ...model]);
    assert.deepEqual(queue.takeAll(), [...before, ...model]);
    assert.deepEqual([queue.length, queue.size, queue.shift(), queue.first], [0, 0, undefined, undefined]);
  });
});

describe('what is known of single commands', () => {
  test('those that only read may be sent again, in any case and as bytes; those that write may not', () => {
    for (const args of [['GET', 'k'], ['get', 'k'], ['gEt', 'k'], ['EVALSHA_RO', 'x'], ['CONFIG', 'get', 'x'], ['script', 'LOAD', 'x'], [Buffer.from('mget'), 'k']]) {
      assert.equal(kindOfCommand(args), 'read', String(args));
    }
    for (const args of [['SET', 'k', 'v'], ['DEL', 'k'], ['EXPIRE', 'k', 1], ['INCR', 'k'], ['EVALSHA', 'x', 0], ['CONFIG', 'SET', 'a', 'b'], ['SCRIPT', 'FLUSH'], ['GETDEL', 'k'], ['NONSENSE']]) {
      assert.equal(kindOfCommand(args), undefined, String(args));
    }
  });

  test('those without exactly one reply, and those that change the connection, are refused', () => {
    for (const args of [['SUBSCRIBE', 'c'], ['monitor'], ['Select', 1], ['MULTI'], ['CLIENT', 'REPLY', 'OFF'], ['client', 'reply', 'skip'], ['HELLO', 2], ['QUIT']]) {
      assert.equal(kindOfCommand(args), 'refused', String(args));
    }
  });

  test('a name is shown where it looks like one, and never anything else', () => {
    assert.equal(nameOfCommand('get'), 'GET');
    assert.equal(nameOfCommand(Buffer.from('json.get')), 'JSON.GET');
    for (const first of ['sec ret', 'a'.repeat(41), '', 'Bearer:x', 7, undefined]) assert.equal(nameOfCommand(first), 'a command');
  });
});

describe('an error reply as an error', () => {
  const failure = (text: string) => replyFailure('h:1', 'GET', new RESPError(text));

  test('has the code of the reply, and another class of code where it is about access', () => {
    for (const text of ['NOAUTH Authentication required.', 'WRONGPASS invalid username-password pair', 'NOPERM this user has no permissions']) {
      const error = failure(text);
      assert.deepEqual([error.name, error.code, error.details['redisCode'], error.delivery], ['RedisError', 'ERR_MCP_REDIS_AUTH', text.split(' ')[0], 'answered']);
    }
    const wrongType = failure('WRONGTYPE Operation against a key holding the wrong kind of value');
    assert.deepEqual([wrongType.code, wrongType.details['redisCode']], ['ERR_MCP_REDIS_REPLY', 'WRONGTYPE']);
    assert.equal(wrongType.message, 'GET: Redis at h:1 answered WRONGTYPE Operation against a key holding the wrong kind of value');
  });

  test('says where MOVED and ASK lead to (Redis cluster specification, redirection)', () => {
    const { details } = failure('MOVED 3999 127.0.0.1:6381');
    assert.deepEqual([details['redisCode'], details['slot'], details['address']], ['MOVED', 3999, '127.0.0.1:6381']);
    assert.deepEqual([failure('ASK 1 :7').details['slot'], failure('ASK 1 :7').details['address']], [1, ':7']);
    assert.equal(failure('MOVED nowhere').details['slot'], undefined);
  });

  test('repeats nothing that the server quotes of the command, and nothing that drives a terminal', () => {
    const texts = [
      "ERR unknown command 'FOO', with args beginning with: 'canary' 'canary2'",
      "ERR unknown command `FOO`, with args beginning with: `canary`, ",
      "ERR Unknown subcommand or wrong number of arguments for 'canary'. Try CLIENT HELP.",
      "NOGROUP No such key 'canary' or consumer group \"canary\"",
      "NOPERM User canary has no permissions to access the canary key",
      `ERR ${'x'.repeat(250)}canary`,
    ];
    for (const text of texts) assert.doesNotMatch(inspect(failure(text), { showHidden: true, depth: 9 }), /canary/, text);
    assert.ok(!failure('ERR a\u001b[2Jb').message.includes('\u001b'));
  });

  test('of a server that passes through a state says what to do about it', () => {
    const codes = ['LOADING', 'BUSY', 'READONLY', 'MASTERDOWN', 'OOM', 'MISCONF', 'MOVED', 'ERR'];
    assert.deepEqual(codes.map(reactionTo), ['wait', 'wait', 'reconnect', 'reconnect', undefined, undefined, undefined, undefined]);
  });
});

describe('the options of a Redis client', () => {
  test('have these defaults, and the result is frozen', () => {
    const { login, log, clock, bounds, ...rest } = resolveRedisOptions({});
    assert.ok(login !== undefined && log !== undefined && clock !== undefined && bounds.maxBulkBytes > 0);
    assert.deepEqual(rest, {
      ...{ address: { host: 'localhost', port: 6379 }, isTLS: false, tls: { dangerouslyAllowInvalidCertificates: false }, locate: undefined },
      ...{ database: 0, clientName: 'barewire', connectTimeoutMs: 5_000, commandTimeoutMs: 500, idleTimeoutMs: 30_000, pingTimeoutMs: 1_000 },
      ...{ retryDelayMs: 50, maxRetryDelayMs: 2_000, maxQueuedCommands: 10_000, maxQueuedBytes: 67_108_864, maxPipelinedCommands: 10_000 },
    });
    assert.ok(Object.isFrozen(resolveRedisOptions({})));
  });

  test('count before the query of the url, which counts before the defaults', () => {
    const resolved = resolveRedisOptions({ url: 'redis://h/1?name=a&commandTimeoutMs=7&connectTimeoutMs=8', commandTimeoutMs: 9, database: 2 });
    assert.deepEqual([resolved.clientName, resolved.commandTimeoutMs, resolved.connectTimeoutMs, resolved.database], ['a', 9, 8, 2]);
  });

  test('are refused at the door, by name, without a secret', () => {
    const wrong: ReadonlyArray<readonly [options: object, says: RegExp]> = [
      [{ urls: 'redis://h' }, /no option "urls"; did you mean "url"/],
      [{ url: 'redis://u:canary@h:x' }, /port/],
      [{ url: 'redis://h', tls: {} }, /tls is for rediss/],
      [{ url: 'rediss://h', tls: { cacert: 'canary' } }, /no option "cacert"/],
      [{ url: 'rediss://h', tls: { ca: '' } }, /tls\.ca/],
      [{ url: 'rediss://h', tls: { key: 7 } }, /tls\.key/],
      [{ url: 'redis://u:canary@h', login: async () => ({ password: 'x' }) }, /login/],
      [{ login: 'canary' }, /login must be a function/],
      [{ clientName: 'a b' }, /clientName/],
      [{ commandTimeoutMs: 0 }, /commandTimeoutMs/],
      [{ idleTimeoutMs: -1 }, /idleTimeoutMs/],
      [{ maxQueuedCommands: 0 }, /maxQueuedCommands/],
      [{ maxQueuedBytes: 1.5 }, /maxQueuedBytes/],
      [{ database: '1' }, /database/],
      [{ bounds: { maxBulkByte: 1 } }, /maxBulkByte/],
    ];
    for (const [options, says] of wrong) {
      assert.throws(
        () => resolveRedisOptions(options as RedisClientOptions),
        (error: unknown) => {
          assert.ok(error instanceof TypeError || error instanceof RangeError, inspect(options));
          assert.match(error.message, says);
          assert.doesNotMatch(inspect(error, { showHidden: true }), /canary/);
          return true;
        },
      );
    }
  });
});

describe('the states of a Redis client', () => {
  test('become each other by this table, and a pair that is not in it throws', () => {
    const table: Readonly<Record<RedisClientState, Partial<Record<RedisClientEvent, RedisClientState>>>> = {
      idle: { connect: 'connecting', pause: 'waiting', closed: 'closed' },
      waiting: { connect: 'connecting', rest: 'idle', closed: 'closed' },
      connecting: { ready: 'ready', lost: 'idle', closed: 'closed' },
      ready: { lost: 'idle', closed: 'closed' },
      closed: {},
    };
    const events: readonly RedisClientEvent[] = ['connect', 'pause', 'rest', 'ready', 'lost', 'closed'];
    for (const state of Object.keys(table) as RedisClientState[]) {
      for (const event of events) {
        const next = table[state][event];
        if (next === undefined) assert.throws(() => nextRedisState(state, event), new RegExp(`${state}.*${event}`));
        else assert.equal(nextRedisState(state, event), next);
      }
    }
  });
});

test('the pause before a further connect grows by 1.6 up to its bound, and differs from client to client by a fifth', () => {
  for (const [failures, planned] of [[1, 50], [2, 80], [3, 128], [50, 2_000]] as const) {
    const pauses = Array.from({ length: 200 }, () => redisBackoffMs(50, failures, 2_000));
    assert.ok(pauses.every((pause) => pause >= planned * 0.8 && pause <= planned * 1.2), String(failures));
    assert.ok(new Set(pauses).size > 100);
  }
});
