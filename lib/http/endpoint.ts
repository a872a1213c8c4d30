/** Where the messages go: the URL of a server and the endpoint on it. */

import { describe } from '../base/options.ts';
import { isVisible } from './field-syntax.ts';

const DEFAULT_ENDPOINT = '/mcp/';
const ABSOLUTE_HTTP = /^https?:\/\//i;

/**
 * The option `serverUrl`, checked, as a URL of its own that a later change to the given one does not reach.
 *
 * @throws TypeError for anything but an absolute `http` or `https` URL without user name, password and fragment; it says
 * what to change, and shows no part of the URL.
 */
export function resolveServerURL(serverUrl: string | URL): URL {
  const given: unknown = serverUrl;
  if (typeof given !== 'string' && !(given instanceof URL)) throw new TypeError(`serverUrl must be a string or a URL; got ${describe(given)}`);
  const text = String(given);
  checkCharacters('serverUrl', text);
  if (!ABSOLUTE_HTTP.test(text)) throw new TypeError(`serverUrl must be an absolute URL that begins with https:// or http://; got ${describe(text)}`);
  const url = parseServerURL(text, undefined);
  if (url === undefined) throw new TypeError(`serverUrl must be a valid URL; got ${describe(text)} that is none`);
  checkParts('serverUrl', url);
  return url;
}

/**
 * The URL that messages are sent to. Without `mcpEndpoint`: the path of `base` exactly as written, or `/mcp/` where it has
 * none, and the query of `base` either way. With it: that reference, resolved against `base` as RFC 3986 section 5 says, so that an
 * absolute path takes the place of path and query.
 *
 * @throws TypeError for an `mcpEndpoint` that is empty, no URL reference, has a user name, password or fragment, or leads to another
 * origin than `base`; it shows no part of it.
 */
export function endpointURL(base: URL, mcpEndpoint: string | undefined): string {
  if (mcpEndpoint === undefined) return defaultEndpoint(base);
  if (typeof mcpEndpoint !== 'string' || mcpEndpoint === '') {
    throw new TypeError(`mcpEndpoint must be a path or a URL; got ${describe(mcpEndpoint)}`);
  }
  checkCharacters('mcpEndpoint', mcpEndpoint);
  const url = parseServerURL(mcpEndpoint, base);
  if (url === undefined) throw new TypeError(`mcpEndpoint must be a path or a valid URL; got ${describe(mcpEndpoint)} that is neither`);
  // Not by `origin` alone: a blob: URL has the origin of its maker.
  if (url.protocol !== base.protocol || url.host !== base.host) {
    throw new TypeError('mcpEndpoint must be of the same origin as serverUrl (scheme, host, port); change serverUrl to reach another server');
  }
  checkParts('mcpEndpoint', url);
  return url.href;
}

/**
 * The same endpoint with a slash at the end of its path, or without it where there is one; the query stays. The path `/` has
 * no other form and comes back as it is. `url` is one that {@link endpointURL} made.
 */
export function otherSlash(url: string): string {
  const { pathname } = new URL(url);
  if (pathname === '/') return url;
  const query = url.indexOf('?');
  const end = query === -1 ? url.length : query;
  const path = pathname.endsWith('/') ? url.slice(0, end - 1) : `${url.slice(0, end)}/`;
  return path + url.slice(end);
}

function defaultEndpoint(base: URL): string {
  if (base.pathname !== '/') return base.href;
  const url = new URL(base);
  url.pathname = DEFAULT_ENDPOINT;
  return url.href;
}

function parseServerURL(text: string, base: URL | undefined): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Refuses white space and controls, which the URL parser would drop in silence. */
function checkCharacters(option: string, text: string): void {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isVisible(code) || code >= 0x80) continue;
    throw new TypeError(`${option} must not hold white space or control characters; there is one at index ${index}`);
  }
}

function checkParts(option: string, url: URL): void {
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`${option} must not hold a user name or password; send credentials in the option headers, as Authorization`);
  }
  // Not by `hash`, which is empty for an empty fragment.
  if (url.href.includes('#')) throw new TypeError(`${option} must not have a fragment; leave out the "#" and what follows it`);
}
