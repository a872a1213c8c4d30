/** What a client of a cluster can be told, read once. */

import { checkKeys, count, durationMs, functionOption } from '../base/options.ts';
import { urlOfNode } from './redis-cluster-address.ts';
import type { RedisAddressMapper, RedisNodeAddress } from './redis-cluster-address.ts';
import { parseRedisSeeds } from './redis-cluster-url.ts';
import type { RedisSeedURLs, RedisSeeds } from './redis-cluster-url.ts';
import { REDIS_DEFAULTS, resolveRedisOptions } from './redis-options.ts';
import type { RedisClientOptions, ResolvedRedisOptions } from './redis-options.ts';

/** Options of a {@link RedisCluster}: those of a {@link RedisClient}, which hold for the connection to each node, and its own. */
export interface RedisClusterOptions extends Omit<RedisClientOptions, 'url' | 'locate' | 'database'> {
  /**
   * Some nodes, of which one that answers is enough: `redis+cluster://user:password@a:6379,b:6379`, with `rediss+cluster:` for TLS, or a list of
   * `redis://` or `rediss://` urls. User, password and TLS are the same for all nodes.
   */
  readonly url: RedisSeedURLs;
  /** Where a node is reached that announces an address of its own network. */
  readonly mapAddress?: RedisAddressMapper;
  /** Redirections (`MOVED`, `ASK`) in a row that one command follows. 8. */
  readonly maxClusterRedirects?: number;
  /** Nodes that are known at the same time. 1,000. */
  readonly maxClusterNodes?: number;
  /** The shortest time from asking which node has which slots to asking again; milliseconds. 250. */
  readonly refreshIntervalMs?: number;
  /** How long a node may take to answer that; milliseconds. 1,000. */
  readonly refreshTimeoutMs?: number;
}

type RedisClusterNumber = 'maxClusterRedirects' | 'maxClusterNodes' | 'refreshIntervalMs' | 'refreshTimeoutMs';

/** What holds where an option of a cluster is left out: durations in milliseconds, and counts. */
export const REDIS_CLUSTER_DEFAULTS: Readonly<Record<RedisClusterNumber, number>> = Object.freeze({
  maxClusterRedirects: 8,
  maxClusterNodes: 1_000,
  refreshIntervalMs: 250,
  refreshTimeoutMs: 1_000,
});

/** The options, all present and frozen. */
export interface ResolvedRedisClusterOptions extends Readonly<Record<RedisClusterNumber, number>> {
  readonly seeds: readonly RedisNodeAddress[];
  readonly mapAddress: RedisAddressMapper | undefined;
  /** The options of the client of one node. */
  readonly clientOptions: (address: RedisNodeAddress) => RedisClientOptions;
  /** What the clients make of them, but for the address. */
  readonly client: ResolvedRedisOptions;
}

/** Names of the options that go to the clients of the nodes as they are. */
export const REDIS_NODE_OPTION_NAMES: readonly string[] = Object.freeze(['login', 'tls', 'clientName', 'bounds', 'logger', 'clock', ...Object.keys(REDIS_DEFAULTS)]);

const CLUSTER_OPTION_NAMES: readonly string[] = ['url', 'mapAddress', ...REDIS_NODE_OPTION_NAMES, ...Object.keys(REDIS_CLUSTER_DEFAULTS)];

/**
 * Checks the options.
 *
 * @throws TypeError, RangeError naming the option; never a value that may be a secret.
 */
export function resolveRedisClusterOptions(options: RedisClusterOptions): ResolvedRedisClusterOptions {
  checkKeys('RedisCluster', options as unknown, CLUSTER_OPTION_NAMES);
  const given = options as RedisClusterOptions;
  const seeds = parseRedisSeeds(given.url, 'cluster');
  const clientOptions = nodeOptionsOf(given, seeds);
  const whole = (name: RedisClusterNumber, least: number) => (given[name] === undefined ? REDIS_CLUSTER_DEFAULTS[name] : count(name, given[name], least));
  const duration = (name: RedisClusterNumber) => (given[name] === undefined ? REDIS_CLUSTER_DEFAULTS[name] : durationMs(name, given[name]));
  return Object.freeze({
    seeds: seeds.addresses,
    mapAddress: given.mapAddress === undefined ? undefined : functionOption('mapAddress', given.mapAddress),
    clientOptions,
    client: resolveRedisOptions(clientOptions(seeds.addresses[0] as RedisNodeAddress)),
    maxClusterRedirects: whole('maxClusterRedirects', 0),
    maxClusterNodes: whole('maxClusterNodes', 1),
    refreshIntervalMs: duration('refreshIntervalMs'),
    refreshTimeoutMs: duration('refreshTimeoutMs'),
  });
}

/** How the client of a node is made: what the urls say, below what the options say. @throws TypeError for a password in both. */
export function nodeOptionsOf(given: Omit<RedisClientOptions, 'url'>, seeds: RedisSeeds): (address: RedisNodeAddress) => RedisClientOptions {
  const { credentials, isTLS, clientName, timeouts } = seeds;
  if (given.login !== undefined && credentials !== undefined) throw new TypeError('login and a password in the url of Redis exclude each other');
  const own = Object.entries(given).filter(([name, value]) => REDIS_NODE_OPTION_NAMES.includes(name) && value !== undefined);
  const options: Omit<RedisClientOptions, 'url'> = {
    ...timeouts,
    ...(clientName === undefined ? {} : { clientName }),
    ...(credentials === undefined ? {} : { login: () => ({ username: credentials.username, password: credentials.revealPassword() }) }),
    ...(Object.fromEntries(own) as Omit<RedisClientOptions, 'url'>),
  };
  return (address) => ({ ...options, url: urlOfNode(address, isTLS) });
}
