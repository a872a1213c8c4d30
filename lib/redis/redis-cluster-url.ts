/** Several servers in one url, or in several: the seeds of a cluster, or the sentinels of a master. */

import type { RedisNodeAddress } from './redis-cluster-address.ts';
import type { RedisCredentials } from './redis-credentials.ts';
import { parseRedisURL } from './redis-url.ts';
import type { RedisTarget } from './redis-url.ts';

/** One url that names them all, or one url for each of them. */
export type RedisSeedURLs = string | URL | readonly (string | URL)[];

/** What seeds are for. */
export type RedisSeedKind = 'cluster' | 'sentinel';

/** What the urls say together. */
export interface RedisSeeds {
  /** In their order, each once; at least one. */
  readonly addresses: readonly RedisNodeAddress[];
  readonly isTLS: boolean;
  /** Those of the servers that hold the data. */
  readonly credentials: RedisCredentials | undefined;
  readonly database: number;
  /** What the sentinels call the master; only in a url of sentinels. */
  readonly masterName: string | undefined;
  readonly clientName: string | undefined;
  readonly timeouts: RedisTarget['timeouts'];
}

const DEFAULT_SENTINEL_PORT = 26_379;

/**
 * Reads `redis+cluster://user:password@a:6379,b:6379` or `redis+sentinel://user:password@a:26379,b:26379/master/database`, with `rediss+…` for TLS,
 * or a list of `redis://` or `rediss://` urls. Everything but the places is as in {@link parseRedisURL}, and must be the same in all urls of a
 * list that say it. A cluster has database 0 only.
 *
 * @throws TypeError for anything else, naming the part that is wrong; never the password, never a url.
 */
export function parseRedisSeeds(urls: RedisSeedURLs, kind: RedisSeedKind): RedisSeeds {
  const single = typeof urls === 'string' || urls instanceof URL;
  if (!single && (!Array.isArray(urls) || urls.length === 0)) throw wrongSeeds('they must be a url or a list of urls');
  const { masterName, parts } = single
    ? splitSeeds(String(urls), kind)
    : { masterName: undefined, parts: (urls as readonly (string | URL)[]).map((url) => withPort(url, kind)) };
  const targets = parts.map((part) => parseRedisURL(part));
  const database = agreedValue(targets, 'databases', (target) => target.database) ?? 0;
  if (kind === 'cluster' && database !== 0) throw wrongSeeds('a cluster has no database but 0');
  return Object.freeze({
    addresses: Object.freeze(placesOf(targets)),
    isTLS: agreedValue(targets, 'kinds of connection, with TLS and without', (target) => target.isTLS) ?? false,
    credentials: agreedCredentials(targets),
    database,
    masterName,
    clientName: agreedValue(targets, 'client names', (target) => target.clientName),
    timeouts: Object.freeze(Object.assign({}, ...targets.map((target) => target.timeouts)) as RedisTarget['timeouts']),
  });
}

function wrongSeeds(what: string): TypeError {
  return new TypeError(`The urls of Redis are wrong: ${what}`);
}

/** The one url as one url for each place; of sentinels, the name of the master too. */
function splitSeeds(url: string, kind: RedisSeedKind): { readonly masterName: string | undefined; readonly parts: readonly string[] } {
  const [, scheme = '', rest = ''] = /^(rediss?(?:\+[a-z]+)?):\/\/(.*)$/is.exec(url) ?? [];
  const [base = '', purpose] = scheme.toLowerCase().split('+');
  if (base === '' || (purpose !== undefined && purpose !== kind)) {
    throw wrongSeeds(`they must begin with redis+${kind}:// or rediss+${kind}://, or be a list of redis:// or rediss:// urls`);
  }
  if (purpose === undefined) return { masterName: undefined, parts: [withPort(url, kind)] };
  const [, authority = '', path = '', tail = ''] = /^([^/?#]*)([^?#]*)(.*)$/s.exec(rest) ?? [];
  const at = authority.lastIndexOf('@') + 1;
  const places = authority.slice(at).split(',');
  if (places.length > 1 && places.includes('')) throw wrongSeeds('one of the places is empty');
  const { masterName, databasePath } = kind === 'cluster' ? { masterName: undefined, databasePath: path } : splitMasterPath(path);
  return { masterName, parts: places.map((place) => withPort(`${base}://${authority.slice(0, at)}${place}${databasePath}${tail}`, kind)) };
}

/** `/master` or `/master/database`. */
function splitMasterPath(path: string): { readonly masterName: string; readonly databasePath: string } {
  const [, name = '', database = ''] = /^\/([^/]+)(\/\d*)?$/.exec(path) ?? [];
  if (name === '') throw wrongSeeds('the path must name the master, as in redis+sentinel://a:26379,b:26379/master or /master/database');
  try {
    return { masterName: decodeURIComponent(name), databasePath: database };
  } catch {
    throw wrongSeeds('the name of the master is not percent-encoded UTF-8');
  }
}

/** Sentinels listen on a port of their own where none is named. */
function withPort(url: string | URL, kind: RedisSeedKind): string {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string') throw wrongSeeds('one of the list is neither a string nor a URL');
  if (kind === 'cluster') return text;
  return text.replace(/^([a-z]+:\/\/)([^/?#]*)/is, (whole, scheme: string, authority: string) => {
    const place = authority.slice(authority.lastIndexOf('@') + 1).replace(/^\[[^\]]*\]/, '');
    return place.includes(':') ? whole : `${scheme}${authority}:${DEFAULT_SENTINEL_PORT}`;
  });
}

function placesOf(targets: readonly RedisTarget[]): RedisNodeAddress[] {
  const places = new Map<string, RedisNodeAddress>();
  for (const { address } of targets) {
    if ('path' in address) throw wrongSeeds('a Unix socket is none of several servers');
    places.set(`${address.host} ${address.port}`, address);
  }
  return [...places.values()];
}

/** What all that say something say. */
function agreedValue<T>(targets: readonly RedisTarget[], what: string, read: (target: RedisTarget) => T | undefined): T | undefined {
  const said = new Set(targets.map(read).filter((value) => value !== undefined));
  if (said.size > 1) throw wrongSeeds(`they name several ${what}`);
  return [...said][0];
}

function agreedCredentials(targets: readonly RedisTarget[]): RedisCredentials | undefined {
  const given = targets.flatMap(({ credentials }) => (credentials === undefined ? [] : [credentials]));
  const [first] = given;
  const isSame = (other: RedisCredentials) => other.username === first?.username && other.revealPassword() === first.revealPassword();
  if (!given.every(isSame)) throw wrongSeeds('they name several users or passwords');
  return first;
}
