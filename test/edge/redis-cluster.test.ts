import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { RedisError } from '../../lib/base/errors.ts';
import { RedisCluster } from '../../lib/redis/redis-cluster.ts';
import type { RedisClusterOptions } from '../../lib/redis/redis-cluster-options.ts';
import { slotOfKey } from '../../lib/redis/redis-slots.ts';
import { RedisSessionManager } from '../../lib/session/redis-session-manager.ts';
import { makeCertificates, startCluster, startRedis, skipWithoutRedis } from '../helpers/redis-server.ts';
import type { RedisServer, RedisServerOptions, RunningCluster } from '../helpers/redis-server.ts';
import { sessionRecord } from '../helpers/session-manager-contract.ts';
import { until } from '../helpers/until.ts';

const real = { skip: skipWithoutRedis, timeout: 120_000 };
// A busy machine is no failure of what is tested here.
const PATIENT = { commandTimeoutMs: 30_000 };

/** A cluster and a client of it that knows its first node only, both gone afterwards. */
async function withCluster(
  server: RedisServerOptions & { readonly replicas?: boolean; readonly masters?: number },
  action: (client: RedisCluster, cluster: RunningCluster) => Promise<void>,
  options: (cluster: RunningCluster) => Partial<RedisClusterOptions> = () => ({}),
): Promise<void> {
  const { masters = 3, ...rest } = server;
  const cluster = await startCluster(masters, rest);
  const client = new RedisCluster({ url: cluster.urls.slice(0, 1), ...PATIENT, ...options(cluster) });
  try {
    await action(client, cluster);
  } finally {
    await client.close({ timeoutMs: 0 });
    await cluster.stop();
  }
}

/** How many error replies of this kind the nodes have given (Redis, INFO errorstats). */
async function refusals(nodes: readonly RedisServer[], redisCode: string): Promise<number> {
  const texts = await Promise.all(nodes.map((node) => node.cli('info', 'errorstats')));
  return texts.reduce((total, text) => total + Number(new RegExp(`errorstat_${redisCode}:count=(\\d+)`).exec(text)?.[1] ?? 0), 0);
}

/** How often the nodes have run this command (Redis, INFO commandstats). */
async function calls(nodes: readonly RedisServer[], command: string): Promise<readonly number[]> {
  return Promise.all(nodes.map(async (node) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await node.cli('info', 'commandstats'))?.[1] ?? 0)));
}

/** A key whose slot is in this third of the slots. */
function keyInThird(third: number, purpose: string = 'key'): string {
  for (let number = 0; ; number++) {
    const key = `${purpose}-${number}`;
    if (Math.floor(slotOfKey(key) / Math.ceil(16_384 / 3)) === third) return key;
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

describe('a client of a real cluster of three nodes', () => {
  test('finds all nodes by one seed, and every key at the node that the cluster says has its slot', real, async () => {
    await withCluster({ password: 'p%ss' }, async (client, { nodes }) => {
      await Promise.all(nodes.map((node) => node.cli('config', 'resetstat')));
      assert.deepEqual([client.state, client.topology], ['idle', undefined]);
      const keys = Array.from({ length: 3_000 }, (_, index) => `key ${index} ${'ü'.repeat(index % 3)}`);
      assert.deepEqual(new Set(await Promise.all(keys.map((key, index) => client.send(['SET', key, index])))), new Set(['OK']));
      assert.deepEqual(await Promise.all(keys.map((key) => client.send(['GET', key]))), keys.map((_, index) => String(index)));
      assert.equal(client.state, 'ready');
      assert.deepEqual(client.topology, { masters: nodes.map(({ host, port }) => ({ host, port })), missingSlots: 0 });
      const sizes = await Promise.all(nodes.map(async (node) => Number(await node.cli('dbsize'))));
      assert.equal(sizes.reduce((sum, size) => sum + size, 0), 3_000);
      for (const size of sizes) assert.ok(size > 800, `${sizes.join()} keys`);
      assert.equal(await refusals(nodes, 'MOVED'), 0);
      for (const key of keys.slice(0, 30)) assert.equal(Number(await nodes[0]?.cli('cluster', 'keyslot', key)), slotOfKey(key));
      // The seed was asked for the slots, once, and nobody else was.
      assert.deepEqual(await calls(nodes, 'cluster\\|slots'), [1, 0, 0]);
    });
  });

  test('keeps what has one hash tag on one node: commands and scripts with several keys work there, and are refused unsent elsewhere', real, async () => {
    await withCluster({}, async (client, { nodes }) => {
      const [record, lock] = ['mcp_session:{x}:record', 'mcp_session:{x}:lock'];
      const code = "redis.call('SET', KEYS[1], ARGV[1]); return {redis.call('GET', KEYS[2]), redis.call('GET', KEYS[1])}";
      assert.equal(await client.send(['SET', lock, 'token', 'NX', 'PX', 60_000]), 'OK');
      assert.deepEqual(await client.send(['EVAL', code, 2, record, lock, 'value']), ['token', 'value']);
      assert.deepEqual(await client.send(['MGET', record, lock]), ['value', 'token']);
      const owner = nodes[Math.floor(slotOfKey('x') / Math.ceil(16_384 / 3))] as RedisServer;
      assert.deepEqual((await owner.cli('keys', '*')).split('\n').sort(), [lock, record]);
      // What a caller does about a script that a node does not know is the caller's: each node has its own.
      await assert.rejects(client.send(['EVALSHA', '0'.repeat(40), 1, record]), redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'NOSCRIPT', delivery: 'answered' }));
      await assert.rejects(client.send(['MGET', keyInThird(0), keyInThird(1)]), redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'CROSSSLOT', delivery: 'unsent' }));
      assert.equal(await refusals(nodes, 'CROSSSLOT'), 0);
      assert.equal(await client.send(['PING']), 'PONG');
      assert.deepEqual(await client.send(['GET', record], { replies: 'bytes' }), new TextEncoder().encode('value'));
      await assert.rejects(client.send(['SUBSCRIBE', 'x']), TypeError);
      await assert.rejects(client.send(['GET', record], { timeoutMS: 1 } as object), /did you mean "timeoutMs"/);
    });
  });

  test('carries a session manager: records, locks, leases and memberships of one session live on one node, those of many on all', real, async () => {
    await withCluster({}, async (client, { nodes }) => {
      const [one, other] = [new RedisSessionManager({ client, operationTimeoutMs: 20_000 }), new RedisSessionManager({ client, operationTimeoutMs: 20_000 })];
      const sessions = Array.from({ length: 30 }, (_, index) => `session-${index}`);
      await Promise.all(sessions.map((key) => one.storeSession(key, sessionRecord({ sessionId: key }))));
      const found = await Promise.all(sessions.map((key) => other.getSession(key)));
      assert.deepEqual(found.map((record) => record?.sessionId), sessions);
      const fences = await Promise.all(sessions.map((key) => one.withLock(key, async (_, fence) => fence)));
      assert.ok(fences.every((fence) => typeof fence === 'number' && fence > 0));
      assert.equal(await other.compareAndStore('session-0', sessionRecord({ epoch: 7 }), (found[0]?.epoch ?? 0) + 1), false);
      const lease = await one.acquireLease('session-0/stream');
      assert.equal(await other.acquireLease('session-0/stream'), undefined);
      await lease?.release();
      await one.joinSession('session-0', 'a');
      await other.joinSession('session-0', 'b');
      assert.equal(await one.leaveSession('session-0', 'a'), 1);
      await Promise.all([one.close(), other.close()]);
      for (const node of nodes) assert.ok(Number(await node.cli('dbsize')) > 0);
      // The client is the host's, and open.
      assert.equal(await client.send(['PING']), 'PONG');
    });
  });

  test('follows a slot that migrates while commands run: MOVED and ASK are met, and every increment is done exactly once', real, async () => {
    await withCluster({}, async (client, { nodes }) => {
      const [source, target] = nodes as readonly [RedisServer, RedisServer, RedisServer];
      const tag = keyInThird(0, 'tag');
      const slot = String(slotOfKey(tag));
      const keys = Array.from({ length: 200 }, (_, index) => `{${tag}}:${index}`);
      await Promise.all(keys.map((key) => client.send(['SET', key, 0])));
      const acknowledged = new Map(keys.map((key) => [key, 0]));
      let isOver = false;
      const count = async (key: string) => {
        await client.send(['INCR', key]);
        acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1);
      };
      const traffic = (async () => {
        for (let round = 0; !isOver; round++) await Promise.all(keys.filter((_, index) => index % 7 === round % 7).map(count));
      })();
      const [sourceId, targetId] = [await source.cli('cluster', 'myid'), await target.cli('cluster', 'myid')];
      await target.cli('cluster', 'setslot', slot, 'importing', sourceId);
      await source.cli('cluster', 'setslot', slot, 'migrating', targetId);
      const migrate = (some: readonly string[]) => source.cli('migrate', target.host, String(target.port), '', '0', '5000', 'keys', ...some);
      await migrate(keys.slice(0, 100));
      await until(async () => (await refusals([source], 'ASK')) > 50, 'commands were sent on with ASK', 10_000);
      // While its keys are on both nodes, a command with both waits for them to come together.
      const both = client.send(['MGET', keys[0] as string, keys[199] as string]);
      await until(async () => (await refusals([source, target], 'TRYAGAIN')) > 0, 'a command was told to try again', 10_000);
      await migrate(keys.slice(100));
      assert.equal((await both as readonly unknown[]).length, 2);
      for (const node of [target, source]) await node.cli('cluster', 'setslot', slot, 'node', targetId);
      await until(async () => (await refusals([source], 'MOVED')) > 0, 'a command was sent on with MOVED', 10_000);
      const met = await refusals([source], 'MOVED');
      await until(() => (acknowledged.get(keys[0] as string) ?? 0) > 20, 'commands run on', 10_000);
      isOver = true;
      await traffic;
      assert.deepEqual(await Promise.all(keys.map((key) => client.send(['GET', key]))), keys.map((key) => String(acknowledged.get(key))));
      // The slot is known by its new node after one turn of commands.
      assert.ok((await refusals([source], 'MOVED')) - met <= keys.length, 'MOVED was met once by what was under way, not for ever');
      assert.equal(Number(await target.cli('cluster', 'countkeysinslot', slot)), keys.length);
    });
  });

  test('a node that is killed fails its commands typed and in time, and serves again after its restart; so do the others', real, async () => {
    const options = () => ({ commandTimeoutMs: 400 });
    // The others go on without it.
    await withCluster({ args: ['--cluster-require-full-coverage', 'no'] }, async (client, { nodes }) => {
      const dead = nodes[1] as RedisServer;
      const [elsewhere, there] = [keyInThird(0), keyInThird(1)];
      await until(() => client.send(['SET', there, '1']).catch(() => undefined), 'the cluster serves');
      await dead.kill();
      const started = performance.now();
      await assert.rejects(client.send(['SET', there, '2']), redisError('ERR_MCP_REDIS_CONNECTION', { command: 'SET' }));
      assert.ok(performance.now() - started < 5_000);
      assert.equal(await client.send(['SET', elsewhere, '2']), 'OK');
      // The others come to know that it is gone, and say that nobody has its slots: a typed failure all the same.
      await until(async () => /fail\b/.test((await nodes[0]?.cli('cluster', 'nodes')) ?? ''), 'the node counts as failed', 15_000);
      await assert.rejects(client.send(['GET', there]), (error) => error instanceof RedisError && /REDIS_(CONNECTION|REPLY)/.test(error.code));
      assert.equal(await client.send(['GET', elsewhere]), '2');
      await dead.restart();
      assert.equal(await until(() => client.send(['SET', there, '3']).catch(() => undefined), 'the node serves again', 15_000), 'OK');
      assert.equal(await client.send(['GET', there]), '3');
    }, options);
  });

  test('goes over to the replica that takes the place of a master that is killed, within a command', real, async () => {
    const options = () => ({ commandTimeoutMs: 20_000 });
    await withCluster({ replicas: true }, async (client, { nodes }) => {
      const [dead, replica] = [nodes[1] as RedisServer, nodes[4] as RedisServer];
      const key = keyInThird(1);
      assert.equal(await client.send(['SET', key, '1']), 'OK');
      await until(async () => (await replica.cli('dbsize')) === '1', 'the replica has the write');
      const heard: string[] = [];
      client.on('topology', ({ masters }) => heard.push(masters.map(({ port }) => port).join()));
      await dead.kill();
      // A read that was or was not written is sent again; a write that was not written goes to the new master too.
      const [read, write] = await Promise.all([client.send(['GET', key]), client.send(['SET', `{${key}}:2`, '2'], { isIdempotent: true })]);
      assert.deepEqual([read, write], ['1', 'OK']);
      assert.equal(await replica.cli('get', `{${key}}:2`), '2');
      assert.match(heard.at(-1) ?? '', new RegExp(`\\b${replica.port}\\b`));
      assert.doesNotMatch(heard.at(-1) ?? '', new RegExp(`\\b${dead.port}\\b`));
      // The former master comes back as a replica, which nobody is sent to.
      await dead.restart();
      assert.equal(await client.send(['SET', key, '3']), 'OK');
    }, options);
  });

  test('speaks TLS with every node, as the seed is spoken to', real, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-redis-tls-'));
    const { ca } = makeCertificates(folder);
    // One authority for all, as nodes speak TLS with each other too.
    const args = ['--tls-ca-cert-file', join(folder, 'ca.crt'), '--tls-cert-file', join(folder, 'server.crt'), '--tls-key-file', join(folder, 'server.key')];
    try {
      await withCluster({ tls: true, masters: 2, password: 'secret', args }, async (client, { nodes }) => {
        const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
        await Promise.all(keys.map((key) => client.send(['SET', key, key])));
        assert.deepEqual(await Promise.all(keys.map((key) => client.send(['GET', key]))), keys);
        for (const node of nodes) assert.ok(Number(await node.cli('dbsize')) > 0);
      }, () => ({ tls: { ca } }));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a server without a cluster, or one that does not let us in, is said so at once', real, async () => {
    const redis = await startRedis({ password: 'right' });
    const lone = new RedisCluster({ url: [redis.url], ...PATIENT });
    const stranger = new RedisCluster({ url: [`redis://:wrong@${redis.host}:${redis.port}`], ...PATIENT });
    try {
      const started = performance.now();
      await assert.rejects(lone.send(['GET', 'a']), redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'ERR', command: 'GET', delivery: 'unsent' }));
      await assert.rejects(stranger.connect(), redisError('ERR_MCP_REDIS_AUTH'));
      assert.ok(performance.now() - started < 4_000);
    } finally {
      await Promise.all([lone.close(), stranger.close(), redis.stop()]);
    }
    assert.equal(lone.state, 'closed');
    await assert.rejects(lone.send(['GET', 'a']), redisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unsent' }));
  });
});
