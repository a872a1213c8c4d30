/** What a Redis session manager can be told, read once. */

import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import type { Log, Logger } from '../base/log.ts';
import { checkKeys, count, describe, durationMs, functionOption, text } from '../base/options.ts';
import { RedisClient } from '../redis/redis-client.ts';
import type { RedisCommands } from '../redis/redis-client.ts';
import { RedisCluster } from '../redis/redis-cluster.ts';
import type { RedisClientOptions, RedisTLSOptions } from '../redis/redis-options.ts';
import { RedisSentinel } from '../redis/redis-sentinel.ts';
import { DEFAULT_MAX_RECORD_BYTES } from './redis-session-value.ts';
import { toSender } from './redis-store.ts';
import type { SendToRedis } from './redis-store.ts';
import { SessionSeal } from './session-seal.ts';
import type { SealingKey } from './session-seal.ts';

/** What a {@link RedisSessionManager} can be made with. */
export interface RedisSessionManagerOptions {
  /**
   * `redis://`, `rediss://` or `unix://`, with user, password and database, or `redis+cluster://` and `redis+sentinel://` with several
   * hosts; `redis://localhost:6379/0` where it is left out.
   */
  readonly redisUrl?: string | undefined;
  /** What every key in Redis begins with, without curly brackets; `mcp_session:` where it is left out. */
  readonly keyPrefix?: string | undefined;
  /** Seconds after its last use (stored, read, or used by a member) that a session is forgotten; 3600 where it is left out. */
  readonly expirationSeconds?: number | undefined;
  /** A client that the host has, in place of `redisUrl`; it stays the host's to close. */
  readonly client?: RedisCommands | undefined;
  /** For a `rediss:` url; see `RedisClient`. */
  readonly tls?: RedisTLSOptions | undefined;
  /** Milliseconds that one operation may take; 500 where it is left out. */
  readonly operationTimeoutMs?: number | undefined;
  /** Milliseconds after which the lock of a process that is gone is free again; 10,000 where it is left out. A process that lives renews its locks. */
  readonly lockLeaseMs?: number | undefined;
  /** Keys under which what is stored is sealed: the first one seals, all of them open. What is not sealed is then not trusted. */
  readonly sealingKeys?: readonly SealingKey[] | undefined;
  /** Bytes that a stored value has at most; 1 MiB where it is left out. */
  readonly maxRecordBytes?: number | undefined;
  /** Hears once that Redis is away, once that it is back, and of every value that is set aside. */
  readonly logger?: Logger | undefined;
  /** The machine's clock where it is left out. */
  readonly clock?: Clock | undefined;
}

/** The options, all present and frozen. */
export interface ResolvedRedisSessionOptions {
  readonly keyPrefix: string;
  readonly expirationMs: number;
  readonly operationTimeoutMs: number;
  readonly lockLeaseMs: number;
  readonly maxRecordBytes: number;
  readonly seal: SessionSeal | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly send: SendToRedis;
  /** Ends the connection, where it is our own. */
  readonly disconnect: () => Promise<void>;
}

const MANAGER_OPTION_NAMES: ReadonlyArray<keyof RedisSessionManagerOptions> = [
  ...(['redisUrl', 'keyPrefix', 'expirationSeconds', 'client', 'tls', 'operationTimeoutMs', 'lockLeaseMs', 'sealingKeys'] as const),
  ...(['maxRecordBytes', 'logger', 'clock'] as const),
];

const DEFAULT_URL = 'redis://localhost:6379/0';
const DEFAULT_PREFIX = 'mcp_session:';
const DEFAULT_EXPIRATION_SECONDS = 3_600;
const DEFAULT_OPERATION_TIMEOUT_MS = 500;
const DEFAULT_LOCK_LEASE_MS = 10_000;
// Redis refuses an expiry beyond what its clock can count; thirty years are enough for a session.
const LONGEST_EXPIRATION_SECONDS = 1_000_000_000;

/**
 * Checks the options, and makes the client, which does not connect before it is used.
 *
 * @throws TypeError, RangeError naming the option; never a value that may be a secret.
 */
export function resolveRedisSessionOptions(options: RedisSessionManagerOptions = {}): ResolvedRedisSessionOptions {
  checkKeys('RedisSessionManager', options as unknown, MANAGER_OPTION_NAMES);
  const given = options as RedisSessionManagerOptions;
  const clock = given.clock ?? systemClock;
  const operationTimeoutMs = durationMs('operationTimeoutMs', given.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS);
  return Object.freeze({
    keyPrefix: readPrefix(given.keyPrefix ?? DEFAULT_PREFIX),
    expirationMs: 1_000 * readExpiration(given.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS),
    operationTimeoutMs,
    lockLeaseMs: durationMs('lockLeaseMs', given.lockLeaseMs ?? DEFAULT_LOCK_LEASE_MS),
    maxRecordBytes: count('maxRecordBytes', given.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES, 1),
    seal: given.sealingKeys === undefined ? undefined : new SessionSeal(given.sealingKeys),
    log: createLog(given.logger, 'DEBUG'),
    clock,
    ...chooseClient(given, operationTimeoutMs, clock),
  });
}

function readPrefix(prefix: unknown): string {
  if (!/[{}]/.test(text('keyPrefix', prefix))) return prefix as string;
  throw new RangeError('keyPrefix must not contain curly brackets: what stands in them would decide where keys live in a cluster');
}

function readExpiration(seconds: unknown): number {
  const read = count('expirationSeconds', seconds, 1);
  if (read > LONGEST_EXPIRATION_SECONDS) throw new RangeError(`expirationSeconds must be at most ${LONGEST_EXPIRATION_SECONDS}; got ${read}`);
  return read;
}

/** The client that the url calls for, which does not connect before it is used. */
function connectLater(url: string, options: Omit<RedisClientOptions, 'url'>): RedisClient | RedisCluster | RedisSentinel {
  if (/^rediss?\+cluster:/i.test(url)) return new RedisCluster({ url, ...options });
  if (/^rediss?\+sentinel:/i.test(url)) return new RedisSentinel({ url, ...options });
  return new RedisClient({ url, ...options });
}

function chooseClient(options: RedisSessionManagerOptions, commandTimeoutMs: number, clock: Clock): Pick<ResolvedRedisSessionOptions, 'send' | 'disconnect'> {
  const { client, redisUrl, tls } = options;
  if (client === undefined) {
    const ours = connectLater(redisUrl ?? DEFAULT_URL, { commandTimeoutMs, clock, ...(tls === undefined ? {} : { tls }) });
    return { send: (args, isIdempotent) => ours.send(args, { isIdempotent }), disconnect: () => ours.close({ timeoutMs: commandTimeoutMs }) };
  }
  if (redisUrl !== undefined) throw new TypeError('client and redisUrl exclude each other: a client is connected already');
  if (tls !== undefined) throw new TypeError('client and tls exclude each other: a client is connected already');
  if (typeof client !== 'object' || client === null) throw new TypeError(`client must be an object with a method send; got ${describe(client)}`);
  functionOption('client.send', client.send);
  return { send: toSender(client), disconnect: async () => {} };
}
