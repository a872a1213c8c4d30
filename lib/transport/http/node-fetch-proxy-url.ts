/** A proxy as its url says it, and the parts of a url as sockets take them. */

/** A proxy. Its credentials are in `authorization` only, the value of a header that is for the proxy alone. */
export interface Proxy {
  readonly protocol: 'http:' | 'https:';
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly authorization: string | undefined;
}

/** The host of a url as sockets take it: an address of IPv6 without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

/** A name without the dot that ends a complete one: certificates and lists do not write it. */
export function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** The port of a url, said or not. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/**
 * Reads the url of a proxy; without a scheme it is an `http:` one, as curl has it.
 *
 * @param name where the text comes from, for the error.
 * @throws TypeError that says what is wrong, and never what the text is: it may hold a password.
 */
export function parseProxy(name: string, text: string): Proxy {
  const refuse = (why: string) => new TypeError(`${name} must be the url of an http: or https: proxy; ${why}`);
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) throw refuse('it is no url');
  const url = new URL(full);
  const { protocol } = url;
  if (protocol !== 'http:' && protocol !== 'https:') throw refuse(`proxies of the scheme ${protocol} are not supported`);
  const { username, password } = url;
  try {
    const authorization = username === '' && password === '' ? undefined : basic(decodeURIComponent(username), decodeURIComponent(password));
    return { protocol, host: hostOf(url), port: portOf(url), authorization };
  } catch {
    throw refuse('its credentials are not percent-encoded UTF-8');
  }
}

// RFC 7617 section 2, with UTF-8.
function basic(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`;
}
