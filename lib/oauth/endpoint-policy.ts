/**
 * Which URLs that a server named may be sent to: what they are of is chosen by a stranger, and what is sent there are secrets, from inside of the host's network. Source: MCP 2026-07-28,
 * security best practices, "Server-Side Request Forgery"; authorization security considerations, "Communication Security".
 */

import { AuthorizationError } from '../base/errors.ts';
import { describe } from '../base/options.ts';
import { escapeText } from '../base/text.ts';
import { indexOfInvisible } from '../http/field-syntax.ts';
import { addressScope } from './ip-address.ts';
import type { AddressScope } from './ip-address.ts';

/** What is let through beside `https:` to the Internet at large. */
export interface EndpointPolicy {
  /** This machine, over `http:` too: for servers in development. */
  readonly allowLoopback: boolean;
  /** Addresses and names that only a network of one's own knows, over `https:`: whoever names an endpoint can then reach into that network. */
  readonly dangerouslyAllowPrivateAddresses: boolean;
}

/** The policy that holds where nothing is said. */
export const STRICT_ENDPOINTS: EndpointPolicy = Object.freeze({ allowLoopback: false, dangerouslyAllowPrivateAddresses: false });

const MAX_ENDPOINT_CHARACTERS = 4_096;
const SHOWN_ORIGIN_CHARACTERS = 300;
const HTTP_URL = /^https?:\/\//i;

// Names that no public name server answers for. Source: RFC 6762 section 3, RFC 8375, RFC 6761, ICANN resolution 2024.07.29.06.
const PRIVATE_NAMES: readonly string[] = ['local', 'internal', 'home.arpa'];

/**
 * `value` as it stands, where it is a URL that something may be sent to: absolute, without user name, password and fragment, `https:` or what the policy lets through, and of a host that is no
 * address but a public one. What a name stands for is known only when it is looked up: see `guardLookup`.
 *
 * @param what the URL is, for the error: `the token endpoint`.
 * @throws AuthorizationError `ERR_MCP_AUTH_ENDPOINT`, `unsent`; it shows no more than scheme, host and port.
 */
export function checkEndpoint(value: unknown, what: string, policy: EndpointPolicy): string {
  if (typeof value !== 'string') throw refuseEndpoint(what, `it is ${describe(value)}`);
  if (value.length > MAX_ENDPOINT_CHARACTERS) throw refuseEndpoint(what, `it has ${value.length} characters, and ${MAX_ENDPOINT_CHARACTERS} are the most`);
  // The URL parser would drop or turn these in silence.
  const wrong = Math.max(indexOfInvisible(value), value.indexOf('\\'));
  if (wrong !== -1) throw refuseEndpoint(what, `it has a character at index ${wrong} that no URL has`);
  if (!HTTP_URL.test(value) || !URL.canParse(value)) throw refuseEndpoint(what, 'it is no absolute http or https URL');
  const url = new URL(value);
  const why = objectionToEndpoint(url, policy);
  if (why !== undefined) throw refuseEndpoint(what, why, url.origin);
  return value;
}

/** Why nothing may be sent to `address`, which a name was looked up to; `undefined` where it may. */
export function objectionToAddress(address: string, policy: EndpointPolicy): string | undefined {
  const scope = addressScope(address);
  return scope === undefined ? 'it is no IP address' : objectionToScope(scope, policy);
}

/** Whether a host name, as a parsed URL has it, is this machine by what it says. */
export function isLoopbackHost(hostname: string): boolean {
  return scopeOfHost(hostname) === 'loopback';
}

function objectionToEndpoint(url: URL, policy: EndpointPolicy): string | undefined {
  if (url.username !== '' || url.password !== '') return 'it has a user name or password';
  // Not by `hash`, which is empty for an empty fragment.
  if (url.href.includes('#')) return 'it has a fragment';
  const scope = scopeOfHost(url.hostname);
  if (url.protocol === 'http:' && !(scope === 'loopback' && policy.allowLoopback)) return 'it is not https';
  return objectionToScope(scope, policy);
}

function objectionToScope(scope: AddressScope, policy: EndpointPolicy): string | undefined {
  if (scope === 'public') return undefined;
  if (scope === 'loopback') return policy.allowLoopback ? undefined : 'it is this machine (allowLoopback lets it through)';
  if (scope === 'private' && policy.dangerouslyAllowPrivateAddresses) return undefined;
  return `its address is ${scope}, not public`;
}

function scopeOfHost(hostname: string): AddressScope {
  const scope = addressScope(hostname);
  if (scope !== undefined) return scope;
  const name = hostname.replace(/\.$/, '');
  const isUnder = (top: string): boolean => name === top || name.endsWith(`.${top}`);
  // RFC 6761 section 6.3.
  if (isUnder('localhost')) return 'loopback';
  return PRIVATE_NAMES.some(isUnder) ? 'private' : 'public';
}

function refuseEndpoint(what: string, reason: string, origin?: string): AuthorizationError {
  const where = origin === undefined ? '' : ` (${escapeText(origin, SHOWN_ORIGIN_CHARACTERS)})`;
  return new AuthorizationError('ERR_MCP_AUTH_ENDPOINT', `Expected ${what} to be an https URL that credentials may be sent to; ${reason}${where}`, {
    details: { what, reason },
    delivery: 'unsent',
  });
}
