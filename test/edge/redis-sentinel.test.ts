import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { RedisError } from '../../lib/base/errors.ts';
import { RedisSentinel } from '../../lib/redis/redis-sentinel.ts';
import type { RedisSentinelOptions } from '../../lib/redis/redis-sentinel-options.ts';
import { freePort, startRedis, startReplicaSet, skipWithoutRedis } from '../helpers/redis-server.ts';
import type { RedisServer, RedisServerOptions, RunningReplicaSet } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const real = { skip: skipWithoutRedis, timeout: 90_000 };
const PATIENT = { commandTimeoutMs: 30_000 };
const PROMOTION_MS = 20_000;

const placeOf = ({ host, port }: RedisServer): { host: string; port: number } => ({ host, port });

/** A master, its replica, a sentinel and a client that knows the sentinel only; all gone afterwards. */
async function withSentinel(
  server: RedisServerOptions,
  action: (client: RedisSentinel, set: RunningReplicaSet) => Promise<void>,
  options: Partial<RedisSentinelOptions> = {},
): Promise<void> {
  const set = await startReplicaSet(server);
  const userInfo = server.password === undefined ? '' : `:${encodeURIComponent(server.password)}@`;
  const client = new RedisSentinel({ url: `redis+sentinel://${userInfo}${set.sentinel.host}:${set.sentinel.port}/${set.name}`, ...PATIENT, ...options });
  try {
    await action(client, set);
  } finally {
    await client.close({ timeoutMs: 0 });
    await set.stop();
  }
}

function redisError(code: string, facts: object = {}) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof RedisError, inspect(error));
    const { details, delivery } = error;
    const seen = Object.fromEntries(Object.keys(facts).map((key) => [key, key === 'delivery' ? delivery : details[key]]));
    assert.deepEqual({ code: error.code, ...seen }, { code, ...facts });
    return true;
  };
}

describe('a client of the master that a real sentinel watches over', () => {
  test('finds it, and goes on at the promoted replica when it is killed; an acknowledged write that was lost reads as nothing', real, async () => {
    await withSentinel({ password: 'p%ss' }, async (client, { master, replica }) => {
      const masters: object[] = [];
      client.on('master', (address) => masters.push(address));
      assert.deepEqual([client.state, client.master], ['idle', undefined]);
      assert.equal(await client.send(['SET', 'kept', '1']), 'OK');
      assert.deepEqual([client.state, client.master], ['ready', placeOf(master)]);
      await until(async () => (await replica.cli('get', 'kept')) === '1', 'the replica has the write');
      // The replica is cut off, so that it never hears of the next write.
      await master.cli('acl', 'setuser', 'default', '-psync', '-replconf');
      await master.cli('client', 'kill', 'type', 'replica');
      assert.equal(await client.send(['SET', 'lost', '1']), 'OK');
      await master.kill();
      const failures: unknown[] = [];
      const write = () => client.send(['SET', 'next', '2']).catch((error: unknown) => void failures.push(error));
      assert.equal(await until(write, 'a write goes through', PROMOTION_MS), 'OK');
      for (const failure of failures) assert.ok(failure instanceof RedisError, inspect(failure));
      assert.deepEqual(masters, [placeOf(master), placeOf(replica)]);
      assert.deepEqual(client.master, placeOf(replica));
      assert.deepEqual(await Promise.all(['kept', 'lost', 'next'].map((key) => client.send(['GET', key]))), ['1', null, '2']);
      assert.equal(await replica.cli('get', 'next'), '2');
    }, { commandTimeoutMs: 1_000 });
  });

  test('a single command outlasts the fail-over where its deadline lets it', real, async () => {
    await withSentinel({}, async (client, { master, replica }) => {
      assert.equal(await client.send(['SET', 'a', '1']), 'OK');
      await until(async () => (await replica.cli('get', 'a')) === '1', 'the replica has the write');
      await master.kill();
      await until(() => client.state !== 'ready', 'the loss is noticed');
      assert.equal(await client.send(['SET', 'b', '2']), 'OK');
      assert.equal(await client.send(['GET', 'a']), '1');
      assert.equal(await replica.cli('get', 'b'), '2');
    }, { commandTimeoutMs: PROMOTION_MS });
  });

  test('follows a fail-over that is ordered while the old master lives on as a replica', real, async () => {
    await withSentinel({}, async (client, { master, replica, sentinel, name }) => {
      assert.equal(await client.send(['SET', 'a', '1']), 'OK');
      await sentinel.cli('sentinel', 'failover', name);
      const move = async () => {
        await client.send(['SET', 'a', '2']).catch(() => undefined);
        return client.master?.port === replica.port;
      };
      await until(move, 'the client is at the promoted one', PROMOTION_MS);
      assert.equal(await client.send(['SET', 'a', '3']), 'OK');
      assert.equal(await replica.cli('get', 'a'), '3');
      // A server that changes what it is kills its connections, this question's too.
      await until(async () => /role:slave/.test(await master.cli('info', 'replication').catch(() => '')), 'the old master is a replica', PROMOTION_MS);
    });
  });

  test('leaves a master that answers and is none any more, as the sentinels say when they are asked again', real, async () => {
    const other = await startRedis();
    try {
      await withSentinel({}, async (client, { master, sentinel, name }) => {
        assert.equal(await client.send(['SET', 'a', 'old']), 'OK');
        await sentinel.cli('sentinel', 'remove', name);
        await sentinel.cli('sentinel', 'monitor', name, other.host, String(other.port), '1');
        const answered = await until(async () => (await client.send(['SET', 'a', 'new'])) === 'OK' && client.master?.port === other.port, 'the client moved');
        assert.equal(answered, true);
        assert.equal(await client.send(['SET', 'b', 'new']), 'OK');
        assert.equal(await other.cli('get', 'b'), 'new');
        assert.equal(await master.cli('exists', 'b'), '0');
      }, { recheckMs: 20 });
    } finally {
      await other.stop();
    }
  });

  test('asks the next sentinel when one is gone, with a login of its own for them', real, async () => {
    const dead = await freePort();
    const set = await startReplicaSet({ password: 'of-the-master' });
    const { sentinel, name } = set;
    const url = [`redis://:of-the-master@127.0.0.1:${dead}`, `redis://${sentinel.host}:${sentinel.port}`];
    const options = { url, masterName: name, ...PATIENT };
    const right = new RedisSentinel({ ...options, sentinelLogin: async () => ({ username: 'watcher', password: 'of-the-sentinel' }) });
    const wrong = new RedisSentinel({ ...options, url: url.slice(1).map((one) => one.replace('redis://', 'redis://:of-the-master@')) });
    try {
      await sentinel.cli('acl', 'setuser', 'watcher', 'on', '>of-the-sentinel', '+@all');
      await sentinel.cli('acl', 'setuser', 'default', 'off', 'resetpass');
      assert.equal(await right.send(['SET', 'a', '1']), 'OK');
      // The login of the master is not tried on a sentinel.
      await assert.rejects(wrong.connect(), redisError('ERR_MCP_REDIS_AUTH', { masterName: name, sentinels: [{ place: `${sentinel.host}:${sentinel.port}`, code: 'ERR_MCP_REDIS_AUTH' }] }));
    } finally {
      await Promise.all([right.close(), wrong.close()]);
      await set.stop();
    }
  });

  test('says who was asked, and why no master was found: unknown, a replica, nobody there', real, async () => {
    const dead = await freePort();
    const set = await startReplicaSet();
    const { sentinel, replica } = set;
    const place = `${sentinel.host}:${sentinel.port}`;
    const clientOf = (name: string, ...ports: readonly number[]) =>
      new RedisSentinel({ url: ports.map((port) => `redis://127.0.0.1:${port}`), masterName: name, commandTimeoutMs: 300 });
    await sentinel.cli('sentinel', 'monitor', 'liar', replica.host, String(replica.port), '1');
    const [unknown, liar, nobody] = [clientOf('unknown', sentinel.port), clientOf('liar', dead, sentinel.port), clientOf('sessions', dead)];
    try {
      await assert.rejects(unknown.connect(), redisError('ERR_MCP_REDIS_REPLY', { sentinels: [{ place, code: 'ERR_MCP_REDIS_REPLY' }] }));
      await assert.rejects(unknown.send(['GET', 'a']), redisError('ERR_MCP_REDIS_REPLY', { command: 'GET', delivery: 'unsent', masterName: 'unknown' }));
      await assert.rejects(liar.connect(), (error) => redisError('ERR_MCP_REDIS_CONNECTION')(error) && /is no master/.test(String(error)));
      await assert.rejects(nobody.send(['SET', 'a', '1']), redisError('ERR_MCP_REDIS_CONNECTION', { command: 'SET', delivery: 'unsent' }));
    } finally {
      await Promise.all([unknown.close(), liar.close(), nobody.close()]);
      await set.stop();
    }
    await assert.rejects(unknown.send(['GET', 'a']), redisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unsent' }));
  });
});
