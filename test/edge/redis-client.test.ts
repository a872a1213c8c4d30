import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { LimitError, RedisError } from '../../lib/base/errors.ts';
import { RedisClient } from '../../lib/redis/redis-client.ts';
import type { RedisClientOptions } from '../../lib/redis/redis-options.ts';
import type { RESPReply } from '../../lib/resp/resp-reply.ts';
import { startRedis, startReplicaSet, skipWithoutRedis } from '../helpers/redis-server.ts';
import type { RedisServer, RedisServerOptions } from '../helpers/redis-server.ts';
import { PROJECT_ROOT } from '../helpers/tree.ts';
import { times } from '../helpers/repetitions.ts';
import { until } from '../helpers/until.ts';

const real = { skip: skipWithoutRedis, timeout: 120_000 };
// A busy machine is no failure of what is tested here.
const PATIENT = { commandTimeoutMs: 30_000 };

/** A server and a client of it, both gone afterwards. */
async function withRedis(
  server: RedisServerOptions,
  action: (client: RedisClient, server: RedisServer) => Promise<void>,
  options: (server: RedisServer) => RedisClientOptions = () => ({}),
): Promise<void> {
  const redis = await startRedis(server);
  const client = new RedisClient({ url: redis.url, ...PATIENT, ...options(redis) });
  try {
    await action(client, redis);
  } finally {
    await client.close({ timeoutMs: 0 });
    await redis.stop();
  }
}

/** Whether an error is a RedisError with this code and these details, of this command. */
function redisError(code: string, facts: object = {}) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof RedisError, inspect(error));
    const { details, delivery } = error;
    const seen = Object.fromEntries(Object.keys(facts).map((key) => [key, key === 'delivery' ? delivery : details[key]]));
    assert.deepEqual({ code: error.code, ...seen }, { code, ...facts });
    return true;
  };
}

/** The fields of the one line of `CLIENT LIST` that shows a client of this name. */
async function clientNamed(server: RedisServer, name: string): Promise<ReadonlyMap<string, string> | undefined> {
  const line = (await server.cli('client', 'list')).split('\n').find((candidate) => candidate.includes(` name=${name} `));
  if (line === undefined) return undefined;
  return new Map(line.split(' ').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]));
}

describe('a client of a real Redis server', () => {
  test('connects with its first command, speaks RESP3, and says its name and database', real, async () => {
    const options = () => ({ clientName: 'worker-7', database: 3 });
    await withRedis({}, async (client, server) => {
      assert.equal(client.state, 'idle');
      assert.equal(await client.send(['SET', 'key', 'välue']), 'OK');
      assert.equal(client.state, 'ready');
      assert.equal(await client.send(['GET', 'key']), 'välue');
      assert.equal(await server.cli('-n', '3', 'get', 'key'), 'välue');
      const seen = await clientNamed(server, 'worker-7');
      assert.deepEqual([seen?.get('db'), seen?.get('resp')], ['3', '3']);
    }, options);
  });

  test('gives every kind of reply as it is, and bulk strings as bytes where they are asked for', real, async () => {
    await withRedis({}, async (client) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const replies = await Promise.all([
        client.send(['SET', 'bytes', bytes]),
        client.send(['GET', 'bytes'], { replies: 'bytes' }),
        client.send(['GET', 'nothing']),
        client.send(['INCRBY', 'number', '9007199254740993']),
        client.send(['HSET', 'hash', 'a', 1, 'b', 2n]),
        client.send(['HGETALL', 'hash']),
        client.send(['STRLEN', 'bytes']),
        client.send(['EVAL', 'return {1, "two", false, {ok = "fine"}}', 0]),
        client.send(['GET', 'number']),
      ]);
      const map = new Map<RESPReply, RESPReply>([['a', '1'], ['b', '2']]);
      assert.deepEqual(replies, ['OK', bytes, null, 9_007_199_254_740_993n, 2, map, 256, [1, 'two', null, 'fine'], '9007199254740993']);
    });
  });

  test('answers each of 20,000 commands of one turn with its own reply, and of one after the other too', real, async () => {
    await withRedis({}, async (client) => {
      await client.connect();
      const indexes = Array.from({ length: 20_000 }, (_, index) => index);
      const replies = await Promise.all(indexes.map((index) => client.send(['ECHO', `value ${index}`])));
      assert.deepEqual(replies, indexes.map((index) => `value ${index}`));
      for (let index = 0; index < 200; index++) assert.equal(await client.send(['ECHO', index]), String(index));
    });
  });

  test('carries 64 MiB each way through sockets that are full, beside small commands', real, async () => {
    await withRedis({}, async (client) => {
      const large = 'x'.repeat(1024 * 1024);
      const writes = Array.from({ length: 64 }, (_, index) => client.send(['SET', `k${index}`, `${index}${large}`]));
      const small = Array.from({ length: 64 }, (_, index) => client.send(['ECHO', index]));
      assert.deepEqual(new Set(await Promise.all(writes)), new Set(['OK']));
      assert.deepEqual(await Promise.all(small), Array.from({ length: 64 }, (_, index) => String(index)));
      const reads = await Promise.all(Array.from({ length: 64 }, (_, index) => client.send(['STRLEN', `k${index}`])));
      assert.equal(reads[63], large.length + 2);
      const values = await Promise.all(Array.from({ length: 64 }, (_, index) => client.send(['GET', `k${index}`])));
      assert.ok(values.every((value, index) => value === `${index}${large}`));
    }, () => ({ maxQueuedBytes: 256 * 1024 * 1024 }));
  });

  test('takes the command as it was when it was sent, whatever its caller does to it afterwards', real, async () => {
    await withRedis({}, async (client) => {
      const bytes = Uint8Array.of(65);
      const args: (string | Uint8Array)[] = ['ECHO', bytes];
      const reply = client.send(args);
      bytes[0] = 66;
      args.push('more');
      assert.equal(await reply, 'A');
    });
  });

  test('connects over a Unix socket', real, async () => {
    await withRedis({ password: 'p/w' }, async (client) => assert.equal(await client.send(['PING']), 'PONG'), ({ unixPath }) => ({ url: `unix://:p%2Fw@${unixPath}` }));
  });

  test('asks where the server is before every connection, where it is told how', real, async () => {
    await withRedis({}, async (client, server) => {
      assert.equal(await client.send(['PING']), 'PONG');
      assert.equal(client.place, `127.0.0.1:${server.port}`);
    }, ({ port }) => ({ url: 'redis://nowhere.invalid', locate: async () => ({ host: '127.0.0.1', port }) }));
  });

  test('hands pushes to its listeners, between replies that stay their own (RESP3, pushes)', real, async () => {
    await withRedis({}, async (client, server) => {
      const heard: unknown[] = [];
      client.on('push', (items) => heard.push(items));
      client.on('push', () => {
        throw new Error('a listener that throws');
      });
      await client.send(['SET', 'a', '0']);
      await client.send(['CLIENT', 'TRACKING', 'ON']);
      for (let round = 0; round < 20; round++) {
        assert.equal(await client.send(['GET', 'a']), String(round));
        const [, echo] = await Promise.all([server.cli('set', 'a', String(round + 1)), client.send(['ECHO', 'still mine'])]);
        assert.equal(echo, 'still mine');
      }
      await until(() => heard.length === 20, 'every change was heard of');
      assert.deepEqual(heard[0], ['invalidate', ['a']]);
    });
  });

  test('refuses wrong arguments, and commands that would mix up replies, before anything is written', real, async () => {
    await withRedis({}, async (client) => {
      for (const args of [[], ['GET', {}], ['GET', NaN], ['SUBSCRIBE', 'c'], ['client', 'reply', 'off'], ['MULTI'], ['SELECT', '1']]) {
        await assert.rejects(client.send(args as string[]), TypeError);
      }
      for (const options of [{ timeoutMs: 0 }, { signal: 1 }, { replies: 'buffers' }, { timeout: 1 }]) {
        await assert.rejects(client.send(['PING'], options as object), (error) => error instanceof TypeError || error instanceof RangeError);
      }
      assert.equal(client.state, 'idle');
      assert.equal(await client.send(['PING']), 'PONG');
    });
  });
});

describe('users and passwords', () => {
  const acl = { user: 'worker', password: 'pass word/1', rules: ['~allowed:*', '+get', '+set', '+select', '+client'] };

  test('a password of the default user, and an ACL user with a password, are taken from the url', real, async () => {
    await withRedis({ password: 'hunter2' }, async (client) => assert.equal(await client.send(['PING']), 'PONG'));
    await withRedis({ password: 'other', acl }, async (client) => {
      assert.equal(await client.send(['SET', 'allowed:a', '1']), 'OK');
      await assert.rejects(client.send(['GET', 'forbidden']), redisError('ERR_MCP_REDIS_AUTH', { redisCode: 'NOPERM', command: 'GET', delivery: 'answered' }));
      await assert.rejects(client.send(['FLUSHALL']), redisError('ERR_MCP_REDIS_AUTH', { redisCode: 'NOPERM' }));
      assert.equal(await client.send(['GET', 'allowed:a']), '1');
    });
  });

  test('a wrong password and a missing one reject what waits at once, typed, and the next command tries again', real, async () => {
    const rows = [['WRONGPASS', ':canary@'], ['WRONGPASS', 'nobody:canary@'], ['NOAUTH', '']] as const;
    for (const [redisCode, userInfo] of rows) {
      await withRedis({ password: 'right' }, async (client, server) => {
        const outcomes = await Promise.allSettled([client.send(['GET', 'a']), client.send(['SET', 'a', 'canary'])]);
        for (const outcome of outcomes) {
          assert.ok(outcome.status === 'rejected');
          assert.ok(redisError('ERR_MCP_REDIS_AUTH', { redisCode, delivery: 'unsent' })(outcome.reason));
          assert.doesNotMatch(inspect(outcome.reason, { showHidden: true, depth: 9 }), /canary/);
        }
        await assert.rejects(client.connect(), redisError('ERR_MCP_REDIS_AUTH', { redisCode }));
        await server.cli('config', 'set', 'requirepass', '');
        await server.cli('acl', 'setuser', 'nobody', 'on', '>canary', '+@all', '~*');
        assert.equal(await client.send(['PING']), 'PONG');
      }, ({ port }) => ({ url: `redis://${userInfo}127.0.0.1:${port}` }));
    }
  });

  test('a login is asked for before every connection, so a password may change', real, async () => {
    let password = 'first';
    await withRedis({ password }, async (client, server) => {
      assert.equal(await client.send(['PING']), 'PONG');
      await server.cli('config', 'set', 'requirepass', 'second');
      password = 'second';
      await client.send(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no']).catch(() => {});
      await until(() => client.state !== 'ready', 'the connection is lost');
      assert.equal(await client.send(['PING']), 'PONG');
    }, ({ port }) => ({ url: `redis://127.0.0.1:${port}`, login: async () => ({ password }) }));
  });

  test('a login that fails rejects what waits', real, async () => {
    const login = async () => Promise.reject(new Error('the vault is closed'));
    await withRedis({}, async (client) => {
      await assert.rejects(client.send(['PING']), redisError('ERR_MCP_REDIS_AUTH', { delivery: 'unsent', command: 'PING' }));
    }, () => ({ login }));
  });

  test('a database that is not there fails the connect, typed', real, async () => {
    await withRedis({}, async (client) => {
      await assert.rejects(client.connect(), redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'ERR', command: 'SELECT' }));
    }, () => ({ database: 99 }));
  });
});

describe('TLS', () => {
  test('the certificate is verified against the authority that is given, and against the host', real, async () => {
    await withRedis({ tls: true, password: 'pw' }, async (client, server) => {
      assert.equal(await client.send(['PING']), 'PONG');
      const refused = redisError('ERR_MCP_REDIS_CONNECTION', { place: `127.0.0.1:${server.port}` });
      const wrong: RedisClientOptions[] = [{ url: server.url }, { url: server.url, tls: { ca: server.ca ?? '', servername: 'elsewhere.example' } }];
      for (const options of wrong) {
        const other = new RedisClient(options);
        await assert.rejects(other.connect(), refused);
        await other.close();
      }
      const careless = new RedisClient({ url: server.url, ...PATIENT, tls: { dangerouslyAllowInvalidCertificates: true } });
      assert.equal(await careless.send(['PING']), 'PONG');
      await careless.close();
    }, ({ ca = '' }) => ({ tls: { ca } }));
  });

  test('a client certificate is shown where the server wants one', real, async () => {
    await withRedis({ tls: 'mutual' }, async (client, server) => {
      const { ca, cert, key } = server.certificates ?? { ca: '', cert: '', key: '' };
      await assert.rejects(client.connect(), RedisError);
      const known = new RedisClient({ url: server.url, ...PATIENT, tls: { ca, cert, key: Buffer.from(key) } });
      assert.equal(await known.send(['PING']), 'PONG');
      await known.close();
    }, ({ ca = '' }) => ({ tls: { ca }, connectTimeoutMs: 2_000 }));
  });
});

describe('what the server answers when it will not', () => {
  test('an error reply rejects its command only, with the code of the reply and without its arguments', real, async () => {
    await withRedis({}, async (client) => {
      await client.send(['LPUSH', 'list', '1']);
      const sent = [client.send(['GET', 'list']), client.send(['ECHO', 'a']), client.send(['NONSENSE', 'canary', 'canary']), client.send(['ECHO', 'b'])];
      const [wrongType, first, unknown, second] = await Promise.allSettled(sent);
      assert.deepEqual([first, second].map((outcome) => outcome?.status === 'fulfilled' && outcome.value), ['a', 'b']);
      assert.ok(wrongType?.status === 'rejected' && redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'WRONGTYPE', command: 'GET', delivery: 'answered' })(wrongType.reason));
      assert.ok(unknown?.status === 'rejected' && redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'ERR', command: 'NONSENSE' })(unknown.reason));
      assert.doesNotMatch(inspect(unknown.reason, { showHidden: true, depth: 9 }), /canary/);
    });
  });

  test('OOM is typed', real, async () => {
    await withRedis({ args: ['--maxmemory', '2mb', '--maxmemory-policy', 'noeviction'] }, async (client) => {
      const fill = async () => {
        for (let index = 0; index < 100; index++) await client.send(['SET', `k${index}`, 'x'.repeat(100_000)]);
      };
      await assert.rejects(fill(), redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'OOM', command: 'SET', delivery: 'answered' }));
      assert.equal(await client.send(['PING']), 'PONG');
    });
  });

  test('a replica refuses a write with READONLY after the client connected anew, and serves reads', real, async () => {
    const set = await startReplicaSet();
    const client = new RedisClient({ url: set.replica.url, ...PATIENT });
    try {
      let connects = 0;
      client.on('state', (state) => (connects += state === 'ready' ? 1 : 0));
      const outcomes = await Promise.allSettled([client.send(['SET', 'a', '1']), client.send(['ECHO', 'x']), client.send(['GET', 'a'])]);
      assert.ok(outcomes[0]?.status === 'rejected' && redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'READONLY', command: 'SET', delivery: 'answered' })(outcomes[0].reason));
      assert.deepEqual(outcomes.slice(1).map((outcome) => outcome.status === 'fulfilled' && outcome.value), ['x', null]);
      assert.equal(connects, 3);
      // The same server becomes a master: the next write goes through.
      await set.replica.cli('replicaof', 'no', 'one');
      assert.equal(await client.send(['SET', 'a', '1']), 'OK');
    } finally {
      await client.close();
      await set.stop();
    }
  });
});

describe('a server that goes away and comes back', () => {
  test('killed and started again, it serves the same client, and writes that were under way are rejected as unknown', real, async () => {
    await withRedis({}, async (client, server) => {
      assert.equal(await client.send(['SET', 'a', '1']), 'OK');
      server.pause();
      const [write, read] = [client.send(['SET', 'a', '2']), client.send(['GET', 'a'])];
      const rejected = assert.rejects(write, redisError('ERR_MCP_REDIS_CONNECTION', { command: 'SET', delivery: 'unknown' }));
      await server.restart();
      await rejected;
      // A read is sent again, and the new server is empty.
      assert.equal(await read, null);
      assert.equal(await client.send(['SET', 'a', '3']), 'OK');
    });
  });

  test('while it is down, commands wait until their deadline, and say then that there is no connection', real, async () => {
    await withRedis({}, async (client, server) => {
      await client.send(['PING']);
      await server.kill();
      await until(() => client.state === 'idle', 'the loss is noticed');
      const begun = performance.now();
      await assert.rejects(client.send(['SET', 'a', '1'], { timeoutMs: 150 }), redisError('ERR_MCP_REDIS_CONNECTION', { command: 'SET', delivery: 'unsent', systemCode: 'ECONNREFUSED' }));
      assert.ok(performance.now() - begun < 5_000);
      await assert.rejects(client.connect(), redisError('ERR_MCP_REDIS_CONNECTION', { systemCode: 'ECONNREFUSED' }));
      const late = client.send(['SET', 'a', '2']);
      await server.restart();
      assert.equal(await late, 'OK');
    });
  });

  test('stopped for longer than the deadline, it is given up on in time, and its late replies meet nobody', real, async () => {
    await withRedis({}, async (client, server) => {
      await client.send(['SET', 'counter', '0']);
      server.pause();
      const outcomes = await Promise.allSettled([
        client.send(['INCR', 'counter'], { timeoutMs: 100 }),
        client.send(['ECHO', 'late'], { timeoutMs: 100 }),
        client.send(['GET', 'counter'], { timeoutMs: 120 }),
      ]);
      for (const outcome of outcomes) assert.ok(outcome.status === 'rejected' && redisError('ERR_MCP_REDIS_TIMEOUT', { delivery: 'unknown' })(outcome.reason));
      server.resume();
      assert.equal(await client.send(['ECHO', 'mine']), 'mine');
      assert.equal(await client.send(['GET', 'counter']), '1');
    });
  });
});

describe('bounds', () => {
  test('beyond maxQueuedCommands the oldest that waits is rejected, unsent', real, async () => {
    await withRedis({}, async (client) => {
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => client.send(['ECHO', index])));
      assert.deepEqual(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'rejected')), [...Array<string>(5).fill('rejected'), '5', '6', '7']);
      const [first] = outcomes;
      assert.ok(first?.status === 'rejected' && first.reason instanceof LimitError);
      assert.deepEqual([first.reason.details['limit'], first.reason.details['most'], first.reason.delivery], ['maxQueuedCommands', 3, 'unsent']);
    }, () => ({ maxQueuedCommands: 3 }));
  });

  test('beyond maxQueuedBytes too, and a command that is larger by itself is refused without harm to others', real, async () => {
    await withRedis({}, async (client) => {
      const text = 'x'.repeat(400);
      const outcomes = await Promise.allSettled([client.send(['ECHO', `a${text}`]), client.send(['ECHO', `b${text}`]), client.send(['ECHO', `c${text}`]), client.send(['ECHO', 'x'.repeat(2_000)])]);
      assert.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'fulfilled', 'fulfilled', 'rejected']);
      for (const outcome of [outcomes[0], outcomes[3]]) assert.ok(outcome?.status === 'rejected' && outcome.reason instanceof LimitError && outcome.reason.details['limit'] === 'maxQueuedBytes');
    }, () => ({ maxQueuedBytes: 1_000 }));
  });

  test('while it is connected, a burst beyond both bounds is written and not rejected', real, async () => {
    await withRedis({}, async (client) => {
      await client.connect();
      const replies = await Promise.all(Array.from({ length: 2_000 }, (_, index) => client.send(['ECHO', index])));
      assert.deepEqual(replies, Array.from({ length: 2_000 }, (_, index) => String(index)));
    }, () => ({ maxQueuedCommands: 100, maxPipelinedCommands: 3_000 }));
  });

  test('no more than maxPipelinedCommands are written at once, and the rest keeps its order', real, async () => {
    await withRedis({}, async (client) => {
      const replies = await Promise.all(Array.from({ length: 500 }, (_, index) => client.send(['APPEND', 'a', index % 10])));
      assert.deepEqual(replies, Array.from({ length: 500 }, (_, index) => index + 1));
      assert.equal(await client.send(['GET', 'a']), '0123456789'.repeat(50));
    }, () => ({ maxPipelinedCommands: 7 }));
  });

  const batches = times(100, 20);

  test(`of ${batches * 10_000} commands without a server the newest ten thousand are kept, and memory stays bounded`, { timeout: 120_000 }, async () => {
    const client = new RedisClient({ url: 'redis://127.0.0.1:1', commandTimeoutMs: 60_000, retryDelayMs: 10_000 });
    const before = process.memoryUsage().heapUsed;
    let rejected = 0;
    const isOverflow = (error: unknown) => error instanceof LimitError && error.details['limit'] === 'maxQueuedCommands';
    for (let batch = 0; batch < batches; batch++) {
      for (let index = 0; index < 10_000; index++) client.send(['SET', 'key', `${batch}/${index}`]).catch((error: unknown) => (rejected += isOverflow(error) ? 1 : 0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(rejected, (batches - 1) * 10_000);
    assert.ok(process.memoryUsage().heapUsed - before < 300 * 1024 * 1024);
    await client.close({ timeoutMs: 0 });
    assert.equal(rejected, (batches - 1) * 10_000);
  });

  test('a reply beyond a bound rejects its command with that bound, and drops the connection', real, async () => {
    await withRedis({}, async (client) => {
      await client.send(['SET', 'large', 'x'.repeat(5_000)]);
      const outcomes = await Promise.allSettled([client.send(['GET', 'large']), client.send(['ECHO', 'after']), client.send(['INCR', 'n'])]);
      const [large, after, write] = outcomes;
      assert.ok(large?.status === 'rejected' && large.reason instanceof LimitError && large.reason.details['limit'] === 'maxRedisBulkBytes');
      assert.deepEqual(after, { status: 'fulfilled', value: 'after' });
      assert.ok(write?.status === 'rejected' && write.reason.delivery === 'unknown');
    }, () => ({ bounds: { maxBulkBytes: 1_000 } }));
  });
});

describe('taking a command back', () => {
  test('an abort rejects with the reason of its signal, before and after it is written, and leaves no listener', real, async () => {
    await withRedis({}, async (client) => {
      await assert.rejects(client.send(['PING'], { signal: AbortSignal.abort(new Error('before')) }), /before/);
      const controller = new AbortController();
      const added: string[] = [];
      const { addEventListener, removeEventListener } = controller.signal;
      controller.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => (added.push('+'), addEventListener.apply(controller.signal, args));
      controller.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => (added.push('-'), removeEventListener.apply(controller.signal, args));
      assert.equal(await client.send(['ECHO', '1'], { signal: controller.signal }), '1');
      assert.deepEqual(added, ['+', '-']);
      const sent = client.send(['ECHO', '2'], { signal: controller.signal });
      controller.abort(new Error('taken back'));
      await assert.rejects(sent, /taken back/);
      assert.equal(await client.send(['ECHO', '3']), '3');
    });
  });

  test('a command that is aborted in the turn it was sent in is never written', real, async () => {
    await withRedis({}, async (client) => {
      const controller = new AbortController();
      const sent = client.send(['SET', 'never', '1'], { signal: controller.signal });
      controller.abort();
      await assert.rejects(sent, { name: 'AbortError' });
      assert.equal(await client.send(['GET', 'never']), null);
    });
  });
});

describe('close', () => {
  test('waits for what was sent, lets the connection go, and refuses what comes after', real, async () => {
    await withRedis({}, async (client, server) => {
      await client.connect();
      const sent = Promise.all(Array.from({ length: 1_000 }, (_, index) => client.send(['ECHO', index])));
      const closing = client.close();
      await assert.rejects(client.send(['PING']), redisError('ERR_MCP_REDIS_CONNECTION', { command: 'PING', delivery: 'unsent' }));
      await assert.rejects(client.connect(), redisError('ERR_MCP_REDIS_CONNECTION'));
      await closing;
      assert.equal((await sent).length, 1_000);
      assert.equal(client.state, 'closed');
      await until(async () => (await clientNamed(server, 'barewire')) === undefined, 'the connection is gone');
      await client.close();
    });
  });

  test('waits no longer than it is told, and rejects the rest: written as unknown, not written as unsent', real, async () => {
    await withRedis({}, async (client, server) => {
      await client.connect();
      server.pause();
      const [written, waiting] = [client.send(['SET', 'a', '1']), client.send(['SET', 'a', '2'])];
      const outcomes = Promise.allSettled([written, waiting]);
      await client.close({ timeoutMs: 20 });
      assert.deepEqual((await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.delivery), ['unknown', 'unsent']);
      server.resume();
    }, () => ({ maxPipelinedCommands: 1 }));
  });

  test('during a connect it wins', real, async () => {
    await withRedis({}, async (client, server) => {
      server.pause();
      const connecting = assert.rejects(client.connect(), redisError('ERR_MCP_REDIS_CONNECTION'));
      await client.close({ timeoutMs: 0 });
      await connecting;
      server.resume();
      assert.equal(client.state, 'closed');
    });
  });
});

/** Runs a program that imports the client; what it wrote, and how it ended. */
async function runHost(body: string): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const file = join(tmpdir(), `barewire-redis-host-${process.pid}-${Math.floor(performance.now() * 1_000)}.mts`);
  const client = pathToFileURL(join(PROJECT_ROOT, 'lib', 'redis', 'redis-client.ts')).href;
  writeFileSync(file, `import { RedisClient } from ${JSON.stringify(client)};\n${body}\n`);
  const { deno, bun } = process.versions as Record<string, string | undefined>;
  const args = deno !== undefined ? ['run', '-A', '--no-check', file] : bun !== undefined ? [file] : ['--import', import.meta.resolve('tsx'), file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const deadline = setTimeout(() => process.kill(child.pid ?? 0, 'SIGKILL'), 20_000);
  try {
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    return { output, exitCode };
  } finally {
    clearTimeout(deadline);
    rmSync(file, { force: true });
  }
}

describe('the process that hosts a client', () => {
  test('waits for replies, and ends by itself with an idle client that was not closed', real, async () => {
    const server = await startRedis();
    try {
      const { output, exitCode } = await runHost(`
        const client = new RedisClient({ url: '${server.url}', commandTimeoutMs: 10_000 });
        client.send(['SET', 'a', '1']).then((reply) => console.log('first', reply));
        client.send(['EVAL', "local t = redis.call('TIME')[1]; return 'ran'", 0]).then((reply) => console.log('second', reply));
      `);
      assert.deepEqual([output.trim().split('\n'), exitCode], [['first OK', 'second ran'], 0]);
    } finally {
      await server.stop();
    }
  });

  test('is not brought down by a server that dies, by refused connects, by pushes or by rejections that nobody hears', real, async () => {
    const server = await startRedis();
    try {
      const { output, exitCode } = await runHost(`
        const client = new RedisClient({ url: '${server.url}' });
        await client.send(['CLIENT', 'TRACKING', 'ON'], { timeoutMs: 15_000 });
        await client.send(['GET', 'a'], { timeoutMs: 15_000 });
        await client.send(['SET', 'a', '1'], { timeoutMs: 15_000 });
        client.send(['GET', 'a', 'too many']);
        process.kill(${server.processId}, 'SIGKILL');
        for (let index = 0; index < 100; index++) client.send(['INCR', 'n']);
        await client.send(['INCR', 'n']).catch(() => {});
        const nowhere = new RedisClient({ url: 'redis://127.0.0.1:1', commandTimeoutMs: 2_000 });
        nowhere.connect();
        nowhere.send(['PING']);
        nowhere.send([]);
        await nowhere.send(['PING']).catch((error) => console.log(error.code));
        nowhere.close();
        nowhere.send(['PING']);
        console.log('alive');
      `);
      assert.deepEqual([output.trim().split('\n'), exitCode], [['ERR_MCP_REDIS_CONNECTION', 'alive'], 0]);
    } finally {
      await server.stop();
    }
  });
});
