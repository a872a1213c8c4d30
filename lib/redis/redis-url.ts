/** The url of a Redis server. What is wrong with one is said without the url, which may hold a password anywhere. */

import { durationMs } from '../base/options.ts';
import { quote } from '../base/text.ts';
import { DEFAULT_REDIS_USER, RedisCredentials } from './redis-credentials.ts';

/** Where a server listens: a host and a port, or the path of a Unix socket. */
export type RedisAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** What a url says. */
export interface RedisTarget {
  readonly address: RedisAddress;
  /** `rediss:`. */
  readonly isTLS: boolean;
  readonly credentials: RedisCredentials | undefined;
  /** 0 where the url names none. */
  readonly database: number;
  /** `?name=`. */
  readonly clientName: string | undefined;
  /** Options of a client that the query may set, those it sets. */
  readonly timeouts: Readonly<Partial<Record<RedisURLTimeout, number>>>;
}

/** Options of a client, in milliseconds, that the query of a url may set. */
export type RedisURLTimeout = 'connectTimeoutMs' | 'commandTimeoutMs' | 'idleTimeoutMs';

const SCHEMES: readonly string[] = ['redis', 'rediss', 'unix'];
const TIMEOUTS: readonly RedisURLTimeout[] = ['connectTimeoutMs', 'commandTimeoutMs', 'idleTimeoutMs'];
const QUERY_OPTIONS: readonly string[] = ['db', 'name', ...TIMEOUTS];
const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 6379;
const MOST_PORT = 65_535;

/** Host and port, as an error shows them; an IPv6 address in brackets. */
export function placeOfRedis(address: RedisAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/**
 * Reads `redis://`, `rediss://` (TLS) and `unix://`: `redis://user:password@host:port/database?name=…`, `unix://user:password@/path?db=…`. User,
 * password, host, path and query are percent-decoded. Defaults: `localhost`, 6379, database 0. A password may stand without a user, and is that of
 * `default` then. The query may hold `db`, `name`, `connectTimeoutMs`, `commandTimeoutMs` and `idleTimeoutMs`, each once.
 *
 * @throws TypeError for anything else, naming the part that is wrong; never the password, never the url.
 */
export function parseRedisURL(url: string | URL): RedisTarget {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string') throw redisURLError('it must be a string or a URL');
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/is.exec(text);
  if (parts === null) throw redisURLError('it must begin with redis://, rediss:// or unix://');
  const [, scheme = '', authority = '', path = '', query, fragment] = parts;
  const kind = scheme.toLowerCase();
  if (!SCHEMES.includes(kind)) throw redisURLError('its scheme must be redis, rediss or unix');
  if (fragment !== undefined) throw redisURLError('it has a fragment; a "#" in a password is written %23');
  const at = authority.lastIndexOf('@');
  const options = readQuery(query ?? '');
  const place = authority.slice(at + 1);
  return Object.freeze({
    address: kind === 'unix' ? unixAddress(place, path) : networkAddress(place),
    isTLS: kind === 'rediss',
    credentials: at === -1 ? undefined : readUserInfo(authority.slice(0, at)),
    database: chooseDatabase(kind === 'unix' ? '' : path, options.get('db')),
    clientName: options.get('name'),
    timeouts: readTimeouts(options),
  });
}

function redisURLError(what: string): TypeError {
  return new TypeError(`The url of Redis is wrong: ${what}`);
}

function decodePart(what: string, encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Not chained: the platform's error may show what it was given.
    throw redisURLError(`${what} is not percent-encoded UTF-8; a "%" is written %25`);
  }
}

function readUserInfo(userInfo: string): RedisCredentials | undefined {
  const colon = userInfo.indexOf(':');
  if (userInfo === '' || userInfo === ':') return undefined;
  if (colon === -1) throw redisURLError('it has a user without a password');
  const username = decodePart('the user', userInfo.slice(0, colon));
  return new RedisCredentials(username === '' ? DEFAULT_REDIS_USER : username, decodePart('the password', userInfo.slice(colon + 1)));
}

// A host as it is looked up: no spaces, no controls, nothing that separates parts of a url. RFC 3986 section 3.2.2 has more than names servers have.
const HOST = /^[A-Za-z0-9._~-]+$/;
const IPV6 = /^[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?$/;

function networkAddress(place: string): RedisAddress {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(place) ?? [];
  if (bracketed === undefined && plain === '' && place !== '' && port === undefined) throw redisURLError('what follows the user is no host and port');
  const host = decodePart('the host', bracketed ?? plain) || DEFAULT_HOST;
  if (bracketed === undefined ? !HOST.test(host) : !IPV6.test(host)) throw redisURLError('its host is none; a "/", "?", "#" or "@" in a password is percent-encoded');
  return Object.freeze({ host, port: port === undefined || port === '' ? DEFAULT_PORT : readPort(port) });
}

function readPort(port: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : NaN;
  if (!(number >= 1 && number <= MOST_PORT)) throw redisURLError(`its port must be a number from 1 to ${MOST_PORT}`);
  return number;
}

function unixAddress(place: string, path: string): RedisAddress {
  const decoded = decodePart('the path', path);
  if (place !== '') throw redisURLError('a Unix socket has no host: write unix:///path/to/socket');
  if (decoded === '' || decoded === '/' || decoded.includes('\0')) throw redisURLError('it has no path of a Unix socket');
  return Object.freeze({ path: decoded });
}

function readQuery(query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const equals = pair.indexOf('=');
    const name = decodePart('an option', equals === -1 ? pair : pair.slice(0, equals));
    // Only a name that looks like one is shown: it may be the second half of a password.
    if (!QUERY_OPTIONS.includes(name)) throw redisURLError(`it has an option that is none of ${QUERY_OPTIONS.join(', ')}`);
    if (options.has(name)) throw redisURLError(`its option ${quote(name)} is there twice`);
    options.set(name, decodePart(`the option ${quote(name)}`, equals === -1 ? '' : pair.slice(equals + 1)));
  }
  const name = options.get('name');
  if (name !== undefined && !isClientName(name)) throw redisURLError('its option "name" must be printable ASCII without spaces');
  return options;
}

/** Whether `CLIENT SETNAME` takes it. Source: Redis, "CLIENT SETNAME": no spaces, and nothing beyond printable ASCII. */
export function isClientName(name: string): boolean {
  return /^[!-~]+$/.test(name);
}

function chooseDatabase(path: string, option: string | undefined): number {
  const inPath = path === '' || path === '/' ? undefined : readDatabase(path.slice(1));
  const inQuery = option === undefined ? undefined : readDatabase(option);
  if (inPath !== undefined && inQuery !== undefined && inPath !== inQuery) throw redisURLError('its path and its option "db" name two databases');
  return inPath ?? inQuery ?? 0;
}

function readDatabase(digits: string): number {
  if (!/^\d{1,9}$/.test(digits)) throw redisURLError('its database must be a number; a "/" in a password is written %2F');
  return Number(digits);
}

function readTimeouts(options: ReadonlyMap<string, string>): RedisTarget['timeouts'] {
  const timeouts: Partial<Record<RedisURLTimeout, number>> = {};
  for (const name of TIMEOUTS) {
    const digits = options.get(name);
    if (digits === undefined) continue;
    if (!/^\d{1,9}$/.test(digits)) throw redisURLError(`its option ${quote(name)} must be a whole number of milliseconds`);
    timeouts[name] = durationMs(name, Number(digits), name === 'idleTimeoutMs' ? 0 : 1);
  }
  return Object.freeze(timeouts);
}
