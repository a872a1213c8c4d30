/** What an address of the Internet Protocol is for. Source: the special-purpose address registries of IANA (RFC 6890), RFC 4291, RFC 3879. */

import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** `public`: of the Internet at large. `loopback`: this machine. The others name where an address leads that is neither. */
export type AddressScope = 'public' | 'loopback' | 'private' | 'link-local' | 'multicast' | 'documentation' | 'reserved';

type Row = readonly [subnet: string, bits: number];

const IPV4_RANGES: Readonly<Record<Exclude<AddressScope, 'public'>, readonly Row[]>> = {
  loopback: [['127.0.0.0', 8]],
  // The last two: addresses shared by the customers of a carrier (RFC 6598), benchmarks (RFC 2544).
  private: [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['198.18.0.0', 15]],
  'link-local': [['169.254.0.0', 16]],
  multicast: [['224.0.0.0', 4]],
  documentation: [['192.0.2.0', 24], ['198.51.100.0', 24], ['203.0.113.0', 24]],
  // This network, protocol assignments, the relay of 6to4 (RFC 7526), the future and the broadcast address.
  reserved: [['0.0.0.0', 8], ['192.0.0.0', 24], ['192.88.99.0', 24], ['240.0.0.0', 4]],
};

const IPV6_RANGES: typeof IPV4_RANGES = {
  loopback: [['::1', 128]],
  private: [['fc00::', 7], ['fec0::', 10], ['64:ff9b:1::', 48]],
  'link-local': [['fe80::', 10]],
  multicast: [['ff00::', 8]],
  documentation: [['2001:db8::', 32], ['3fff::', 20]],
  // Protocol assignments, Teredo among them. What is no global unicast address is reserved without a row here.
  reserved: [['2001::', 23]],
};

const GLOBAL_UNICAST: readonly Row[] = [['2000::', 3]];

// An IPv4 address inside of an IPv6 address: which network it stands in, and behind how many of the eight groups.
const EMBEDDED: readonly (readonly [network: BlockList, groups: number])[] = [
  // Mapped (RFC 4291 section 2.5.5.2), NAT64 (RFC 6052 section 2.1), 6to4 (RFC 3056 section 2).
  [subnets([['::ffff:0:0', 96]], 'ipv6'), 6],
  [subnets([['64:ff9b::', 96]], 'ipv6'), 6],
  [subnets([['2002::', 16]], 'ipv6'), 1],
];

const SCOPES4 = scopesOf(IPV4_RANGES, 'ipv4');
const SCOPES6 = scopesOf(IPV6_RANGES, 'ipv6');
const UNICAST = subnets(GLOBAL_UNICAST, 'ipv6');

/**
 * What `address` is for; `undefined` where it is none. An IPv6 address may stand in brackets and have a zone. One that holds an IPv4 address, because it is mapped, of NAT64 or of
 * 6to4, is what that one is.
 */
export function addressScope(address: string): AddressScope | undefined {
  if (isIPv4(address)) return SCOPES4.find(([, list]) => list.check(address, 'ipv4'))?.[0] ?? 'public';
  const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (!isIPv6(bare)) return undefined;
  const groups = groupsOf(bare);
  // Written as the platform writes it: lists of some engines do not know an embedded dotted address.
  const plain = groups.map((group) => group.toString(16)).join(':');
  const embedded = EMBEDDED.find(([network]) => network.check(plain, 'ipv6'));
  if (embedded !== undefined) return addressScope(dotted(groups[embedded[1]] ?? 0, groups[embedded[1] + 1] ?? 0));
  const named = SCOPES6.find(([, list]) => list.check(plain, 'ipv6'))?.[0];
  return named ?? (UNICAST.check(plain, 'ipv6') ? 'public' : 'reserved');
}

function scopesOf(table: typeof IPV4_RANGES, family: 'ipv4' | 'ipv6'): readonly (readonly [Exclude<AddressScope, 'public'>, BlockList])[] {
  const scopes: readonly (keyof typeof IPV4_RANGES)[] = ['loopback', 'private', 'link-local', 'multicast', 'documentation', 'reserved'];
  return scopes.map((scope) => [scope, subnets(table[scope], family)]);
}

function subnets(rows: readonly Row[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [subnet, bits] of rows) list.addSubnet(subnet, bits, family);
  return list;
}

/** The eight groups of a valid IPv6 address; the URL parser writes a dotted end as two of them. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const read = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [read(head), read(tail ?? '')];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
