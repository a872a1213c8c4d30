/** Addresses as nodes of a cluster, and sentinels, announce them: what a peer says, to be checked before it is connected to. */

import { describe } from '../base/options.ts';
import { parseRedisURL } from './redis-url.ts';

/** Where a node listens. */
export interface RedisNodeAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Says where a node is reached that announced itself under `address`: for networks that translate addresses, and for tunnels. An address
 * that needs no translation is returned as it is.
 */
export type RedisAddressMapper = (address: RedisNodeAddress) => RedisNodeAddress;

/** The url of a node, without credentials. */
export function urlOfNode({ host, port }: RedisNodeAddress, isTLS: boolean): string {
  const authority = host.includes(':') ? `[${encodeURIComponent(host)}]` : encodeURIComponent(host);
  return `${isTLS ? 'rediss' : 'redis'}://${authority}:${port}`;
}

/** `host` and `port` when one can connect there. */
export function checkNodeAddress(host: unknown, port: unknown): RedisNodeAddress | undefined {
  if (typeof host !== 'string' || host === '' || !Number.isSafeInteger(port)) return undefined;
  try {
    const { address } = parseRedisURL(urlOfNode({ host, port: port as number }, false));
    return 'path' in address ? undefined : address;
  } catch {
    return undefined;
  }
}

/**
 * What a node announced, as an address to connect to: where it leaves out the host, that of `speaker`, who said it; then as `map` has it.
 * `undefined` for what is no address, such as `?`, which stands for a name that is not known yet.
 *
 * @throws TypeError for what `map` returns and is no address, and whatever it throws.
 */
export function resolveAnnounced(
  host: unknown,
  port: unknown,
  speaker: RedisNodeAddress,
  map: RedisAddressMapper | undefined,
): RedisNodeAddress | undefined {
  const announced = checkNodeAddress(host === '' || host === null ? speaker.host : host, port);
  if (announced === undefined || map === undefined) return announced;
  const mapped: unknown = map(announced);
  const { host: mappedHost, port: mappedPort } = (mapped ?? {}) as Partial<RedisNodeAddress>;
  const checked = checkNodeAddress(mappedHost, mappedPort);
  if (checked === undefined) throw new TypeError(`mapAddress must return { host, port } of a node; got ${describe(mapped)}`);
  return checked;
}

/** The address in a redirection, `host:port`. Source: Redis cluster specification, "MOVED redirection"; an IPv6 address stands there without brackets. */
export function splitNodeAddress(text: string): readonly [host: string, port: number] {
  const colon = text.lastIndexOf(':');
  const digits = text.slice(colon + 1);
  return [text.slice(0, Math.max(0, colon)), /^\d{1,5}$/.test(digits) ? Number(digits) : NaN];
}
