/** What a Redis client can be told, read once. */

import { LONGEST_TIMER_MS, systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import type { Log, Logger } from '../base/log.ts';
import { checkKeys, count, describe, durationMs, flag, functionOption, text } from '../base/options.ts';
import { DEFAULT_RESP_BOUNDS } from '../resp/resp-bounds.ts';
import type { RESPBounds } from '../resp/resp-bounds.ts';
import { DEFAULT_REDIS_USER, RedisCredentials } from './redis-credentials.ts';
import { isClientName, parseRedisURL } from './redis-url.ts';
import type { RedisAddress } from './redis-url.ts';

/** Text of a PEM file, or its bytes. */
export type RedisPEM = string | Uint8Array;

/** For `rediss:` urls. Without any of it the server's certificate is verified against the platform's authorities and the host of the url. */
export interface RedisTLSOptions {
  /** Certificates of the authorities to trust, instead of the platform's own. */
  readonly ca?: RedisPEM | readonly RedisPEM[];
  /** The client's certificate. */
  readonly cert?: RedisPEM;
  /** The key of `cert`. */
  readonly key?: RedisPEM;
  /** The passphrase of `key`. */
  readonly passphrase?: string;
  /** The name that the server's certificate must be for, instead of the host of the url. */
  readonly servername?: string;
  /** Takes any certificate: whoever sits on the road reads and changes everything, the password first. */
  readonly dangerouslyAllowInvalidCertificates?: boolean;
}

/** Who to be, asked for before every connection, so that a password may change. */
export interface RedisLogin {
  /** The ACL user; `default` where it is left out. */
  readonly username?: string;
  readonly password: string;
}

/** Options of a {@link RedisClient}. An option given here counts before the same one in the query of the url. */
export interface RedisClientOptions {
  /** `redis://user:password@host:port/database`, `rediss://…` over TLS, or `unix:///path`. Default: `redis://localhost:6379/0`. */
  readonly url?: string | URL;
  /** Instead of user and password in the url. */
  readonly login?: () => RedisLogin | Promise<RedisLogin>;
  /** Says before every connection where the server is now, instead of the address in the url; what it rejects with is a failed connect. */
  readonly locate?: (signal: AbortSignal) => Promise<RedisAddress>;
  /** The database; instead of the one in the url. */
  readonly database?: number;
  readonly tls?: RedisTLSOptions;
  /** What `CLIENT LIST` shows. `barewire`. */
  readonly clientName?: string;
  /** How long one connect may take, from the look-up of the name to the end of the handshake; milliseconds. 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long a command may take from `send` to its reply, waiting for a connection included; milliseconds. 500. */
  readonly commandTimeoutMs?: number;
  /** After so much silence of the server it is sent a PING, so that a connection that died without a word is noticed; milliseconds, 0 for never. 30,000. */
  readonly idleTimeoutMs?: number;
  /** How long the server may be silent on a PING of ours before the connection counts as lost; milliseconds. 1,000. */
  readonly pingTimeoutMs?: number;
  /** The pause after the first failed connect; it grows from one to the next. Milliseconds, 50. */
  readonly retryDelayMs?: number;
  /** The longest pause between two connects; milliseconds. 2,000. */
  readonly maxRetryDelayMs?: number;
  /** Commands that wait to be written: while there is no connection, or the server reads too slowly. Beyond, the oldest is rejected. 10,000. */
  readonly maxQueuedCommands?: number;
  /** Bytes of these commands. 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** Commands that are written and not answered; further ones wait. 10,000. */
  readonly maxPipelinedCommands?: number;
  /** Bounds on what the server may send. */
  readonly bounds?: Partial<RESPBounds>;
  /** Hears of connections made and lost. */
  readonly logger?: Logger;
  /** The clock of the machine, unless a test turns the hands. */
  readonly clock?: Clock;
}

const DEFAULT_REDIS_URL = 'redis://localhost:6379/0';
const DEFAULT_CLIENT_NAME = 'barewire';

/** What holds where an option is left out: durations in milliseconds, and counts. */
export const REDIS_DEFAULTS: Readonly<Record<RedisDuration | RedisCount, number>> = Object.freeze({
  connectTimeoutMs: 5_000,
  commandTimeoutMs: 500,
  idleTimeoutMs: 30_000,
  pingTimeoutMs: 1_000,
  retryDelayMs: 50,
  maxRetryDelayMs: 2_000,
  maxQueuedCommands: 10_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  maxPipelinedCommands: 10_000,
});

type RedisDuration = 'connectTimeoutMs' | 'commandTimeoutMs' | 'idleTimeoutMs' | 'pingTimeoutMs' | 'retryDelayMs' | 'maxRetryDelayMs';
type RedisCount = 'maxQueuedCommands' | 'maxQueuedBytes' | 'maxPipelinedCommands';

/** TLS options, checked. */
export interface ResolvedRedisTLS extends Omit<RedisTLSOptions, 'ca' | 'dangerouslyAllowInvalidCertificates'> {
  readonly ca?: readonly RedisPEM[];
  readonly dangerouslyAllowInvalidCertificates: boolean;
}

/** The options, all present and frozen. */
export interface ResolvedRedisOptions extends Readonly<Record<RedisDuration | RedisCount, number>> {
  readonly address: RedisAddress;
  readonly isTLS: boolean;
  readonly tls: ResolvedRedisTLS;
  readonly login: () => Promise<RedisCredentials | undefined>;
  readonly locate: ((signal: AbortSignal) => Promise<RedisAddress>) | undefined;
  readonly database: number;
  readonly clientName: string;
  readonly bounds: RESPBounds;
  readonly log: Log;
  readonly clock: Clock;
}

const OWNER = 'RedisClient';
const TLS_OPTION_NAMES: readonly string[] = ['ca', 'cert', 'key', 'passphrase', 'servername', 'dangerouslyAllowInvalidCertificates'];
const REDIS_OPTION_NAMES: readonly string[] = [
  ...['url', 'login', 'locate', 'database', 'tls', 'clientName', 'bounds', 'logger', 'clock'],
  ...Object.keys(REDIS_DEFAULTS),
];

/**
 * Checks the options.
 *
 * @throws TypeError, RangeError naming the option; never a value that may be a secret.
 */
export function resolveRedisOptions(options: RedisClientOptions = {}): ResolvedRedisOptions {
  checkKeys(OWNER, options, REDIS_OPTION_NAMES);
  const given = options as RedisClientOptions;
  const target = parseRedisURL(given.url ?? DEFAULT_REDIS_URL);
  const duration = (name: RedisDuration, least: number = 1) => {
    const value = given[name] ?? (target.timeouts as Partial<Record<RedisDuration, number>>)[name];
    return Math.min(value === undefined ? REDIS_DEFAULTS[name] : durationMs(name, value, least), LONGEST_TIMER_MS);
  };
  const whole = (name: RedisCount) => (given[name] === undefined ? REDIS_DEFAULTS[name] : count(name, given[name], 1));
  if (given.tls !== undefined && !target.isTLS) throw new TypeError('tls is for rediss:// urls only: the url of Redis names a connection without TLS');
  if (given.login !== undefined && target.credentials !== undefined) throw new TypeError('login and a password in the url of Redis exclude each other');
  return Object.freeze({
    address: target.address,
    isTLS: target.isTLS,
    tls: resolveRedisTLS(given.tls ?? {}),
    login: resolveLogin(given.login, target.credentials),
    locate: given.locate === undefined ? undefined : functionOption('locate', given.locate),
    database: given.database === undefined ? target.database : count('database', given.database),
    clientName: resolveClientName(given.clientName ?? target.clientName ?? DEFAULT_CLIENT_NAME),
    connectTimeoutMs: duration('connectTimeoutMs'),
    commandTimeoutMs: duration('commandTimeoutMs'),
    idleTimeoutMs: duration('idleTimeoutMs', 0),
    pingTimeoutMs: duration('pingTimeoutMs'),
    retryDelayMs: duration('retryDelayMs'),
    maxRetryDelayMs: duration('maxRetryDelayMs'),
    maxQueuedCommands: whole('maxQueuedCommands'),
    maxQueuedBytes: whole('maxQueuedBytes'),
    maxPipelinedCommands: whole('maxPipelinedCommands'),
    bounds: resolveRedisBounds(given.bounds),
    log: createLog(given.logger, 'DEBUG'),
    clock: given.clock ?? systemClock,
  });
}

function resolveRedisTLS(options: RedisTLSOptions): ResolvedRedisTLS {
  checkKeys('tls', options as unknown, TLS_OPTION_NAMES);
  const { ca, cert, key, passphrase, servername, dangerouslyAllowInvalidCertificates = false } = options;
  return Object.freeze({
    ...(ca === undefined ? {} : { ca: (isListOfPEM(ca) ? ca : [ca]).map((authority) => checkRedisPEM('tls.ca', authority)) }),
    ...(cert === undefined ? {} : { cert: checkRedisPEM('tls.cert', cert) }),
    ...(key === undefined ? {} : { key: checkRedisPEM('tls.key', key) }),
    ...(passphrase === undefined ? {} : { passphrase: text('tls.passphrase', passphrase) }),
    ...(servername === undefined ? {} : { servername: text('tls.servername', servername) }),
    dangerouslyAllowInvalidCertificates: flag('tls.dangerouslyAllowInvalidCertificates', dangerouslyAllowInvalidCertificates),
  });
}

function isListOfPEM(ca: RedisPEM | readonly RedisPEM[]): ca is readonly RedisPEM[] {
  return Array.isArray(ca);
}

function checkRedisPEM(name: string, value: unknown): RedisPEM {
  if ((typeof value === 'string' && value !== '') || value instanceof Uint8Array) return value;
  throw new TypeError(`${name} must be the text or the bytes of a PEM file; got ${describe(value)}`);
}

function resolveClientName(name: unknown): string {
  if (isClientName(text('clientName', name))) return name as string;
  throw new TypeError('clientName must be printable ASCII without spaces');
}

function resolveLogin(login: RedisClientOptions['login'], credentials: RedisCredentials | undefined): ResolvedRedisOptions['login'] {
  if (login === undefined) return async () => credentials;
  functionOption('login', login);
  return async () => {
    const { username = DEFAULT_REDIS_USER, password } = await login();
    if (typeof username !== 'string' || typeof password !== 'string') throw new TypeError('login must return { username?, password }, both strings');
    return new RedisCredentials(username, password);
  };
}

function resolveRedisBounds(bounds: Partial<RESPBounds> | undefined): RESPBounds {
  if (bounds === undefined) return DEFAULT_RESP_BOUNDS;
  const names = Object.keys(DEFAULT_RESP_BOUNDS) as Array<keyof RESPBounds>;
  checkKeys('bounds', bounds as unknown, names);
  const resolved: Record<keyof RESPBounds, number> = { ...DEFAULT_RESP_BOUNDS };
  for (const name of names) if (bounds[name] !== undefined) resolved[name] = count(`bounds.${name}`, bounds[name], 1);
  return Object.freeze(resolved);
}
