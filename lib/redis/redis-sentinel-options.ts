/** What a client of a master under sentinels can be told, read once. */

import { checkKeys, count, durationMs, functionOption, text } from '../base/options.ts';
import type { RedisAddressMapper, RedisNodeAddress } from './redis-cluster-address.ts';
import { REDIS_NODE_OPTION_NAMES, nodeOptionsOf } from './redis-cluster-options.ts';
import { parseRedisSeeds } from './redis-cluster-url.ts';
import type { RedisSeedURLs } from './redis-cluster-url.ts';
import { resolveRedisOptions } from './redis-options.ts';
import type { RedisClientOptions, RedisLogin, ResolvedRedisOptions } from './redis-options.ts';

/** Options of a {@link RedisSentinel}: those of a {@link RedisClient}, which hold for the master, and its own. */
export interface RedisSentinelOptions extends Omit<RedisClientOptions, 'url' | 'locate'> {
  /**
   * The sentinels, in the order in which they are asked: `redis+sentinel://user:password@a:26379,b:26379/master/database`, with `rediss+sentinel:` for TLS,
   * or a list of `redis://` or `rediss://` urls. User, password and database are those of the master; TLS is for it and for the sentinels.
   */
  readonly url: RedisSeedURLs;
  /** What the sentinels call the master, where no url says so. */
  readonly masterName?: string;
  /** Who to be for the sentinels, if they ask. */
  readonly sentinelLogin?: () => RedisLogin | Promise<RedisLogin>;
  /** Where a master is reached that is announced under an address of its own network. */
  readonly mapAddress?: RedisAddressMapper;
  /** How long a sentinel may take to name the master, and the master to say that it is one; milliseconds. 1,000. */
  readonly sentinelTimeoutMs?: number;
  /**
   * How often the sentinels are asked, while commands are sent, whether the master is still the same: one that is cut off from them would go on taking writes
   * that are lost later. Milliseconds, 0 for never: then only when the connection is lost or the master says that it is a replica. 10,000.
   */
  readonly recheckMs?: number;
}

type RedisSentinelNumber = 'sentinelTimeoutMs' | 'recheckMs';

/** What holds where an option about sentinels is left out; milliseconds. */
export const REDIS_SENTINEL_DEFAULTS: Readonly<Record<RedisSentinelNumber, number>> = Object.freeze({ sentinelTimeoutMs: 1_000, recheckMs: 10_000 });

/** The options, all present and frozen. */
export interface ResolvedRedisSentinelOptions extends Readonly<Record<RedisSentinelNumber, number>> {
  readonly sentinels: readonly RedisNodeAddress[];
  readonly masterName: string;
  readonly mapAddress: RedisAddressMapper | undefined;
  /** The options of a client of the server at an address that may be the master. */
  readonly masterOptions: (address: RedisNodeAddress) => RedisClientOptions;
  /** The options of a client of one sentinel. */
  readonly sentinelOptions: (address: RedisNodeAddress) => RedisClientOptions;
  /** What a client makes of the options of the master, but for the address. */
  readonly client: ResolvedRedisOptions;
}

const SENTINEL_OPTION_NAMES: readonly string[] = [
  ...['url', 'masterName', 'sentinelLogin', 'mapAddress', 'database', ...REDIS_NODE_OPTION_NAMES],
  ...Object.keys(REDIS_SENTINEL_DEFAULTS),
];

/**
 * Checks the options.
 *
 * @throws TypeError, RangeError naming the option; never a value that may be a secret.
 */
export function resolveRedisSentinelOptions(options: RedisSentinelOptions): ResolvedRedisSentinelOptions {
  checkKeys('RedisSentinel', options as unknown, SENTINEL_OPTION_NAMES);
  const given = options as RedisSentinelOptions;
  const seeds = parseRedisSeeds(given.url, 'sentinel');
  const first = seeds.addresses[0] as RedisNodeAddress;
  const database = given.database === undefined ? seeds.database : count('database', given.database);
  const ofNode = nodeOptionsOf(given, seeds);
  const ofSentinel = nodeOptionsOf(sentinelsOwn(given), { ...seeds, credentials: undefined });
  const { sentinelTimeoutMs, recheckMs } = REDIS_SENTINEL_DEFAULTS;
  const masterOptions = (address: RedisNodeAddress) => ({ ...ofNode(address), database });
  resolveRedisOptions(ofSentinel(first));
  return Object.freeze({
    sentinels: seeds.addresses,
    masterName: chooseMasterName(given.masterName, seeds.masterName),
    mapAddress: given.mapAddress === undefined ? undefined : functionOption('mapAddress', given.mapAddress),
    masterOptions,
    sentinelOptions: ofSentinel,
    client: resolveRedisOptions(masterOptions(first)),
    sentinelTimeoutMs: durationMs('sentinelTimeoutMs', given.sentinelTimeoutMs ?? sentinelTimeoutMs),
    recheckMs: durationMs('recheckMs', given.recheckMs ?? recheckMs, 0),
  });
}

/** What the sentinels are told of the options; never the login of the master. */
function sentinelsOwn({ sentinelLogin, tls, clientName, bounds, clock }: RedisSentinelOptions): Omit<RedisClientOptions, 'url'> {
  if (sentinelLogin !== undefined) functionOption('sentinelLogin', sentinelLogin);
  const given = { login: sentinelLogin, tls, clientName, bounds, clock };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Omit<RedisClientOptions, 'url'>;
}

function chooseMasterName(option: unknown, inURL: string | undefined): string {
  if (option === undefined && inURL !== undefined) return inURL;
  const name = text('masterName', option);
  if (inURL !== undefined && inURL !== name) throw new TypeError('masterName and the url of the sentinels name two masters');
  return name as string;
}
