/**
 * Links that a server hands to the host: which of them may be shown or followed at all. Nothing here is fetched or opened. Source:
 * Model Context Protocol: basic, "icons", security considerations; client/elicitation, "Safe URL Handling".
 */

import { InvalidValueError } from '../base/errors.ts';
import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';

/** What an icon is shown from. */
export interface SafeIcon {
  /** The `https:` URL as the platform writes it, or the `data:` URI as it came. */
  readonly href: string;
  readonly scheme: 'https' | 'data';
  /** The media type that a `data:` URI says, in lower case; untrusted. `image/svg+xml` can hold scripts. */
  readonly mimeType: string | undefined;
}

/** A page that a user may be sent to, with what a host has to show before. */
export interface SafePage {
  /** The whole URL as the platform writes it: host names in ASCII, nothing hidden. To be shown before consent, in full. */
  readonly href: string;
  /** Scheme, host and port: to be shown with emphasis. */
  readonly origin: string;
  readonly host: string;
  /** Whether a label of the host name is in Punycode (begins with `xn--`), so that it may look like another name: to be warned of. */
  readonly hasPunycode: boolean;
}

/** How {@link safeIconSource} checks. */
export interface SafeIconOptions {
  /** The URL of the server; where it is given, an icon comes from its origin or is a `data:` URI. */
  readonly sameOriginAs?: string | URL | undefined;
}

const MAX_LINK_CHARACTERS = 8_192;
const MAX_ICON_CHARACTERS = 1_048_576;
const HTTPS_PREFIX = /^https:\/\/[^/\\]/i;
const DATA_PREFIX = /^data:(image\/[\w.+-]{1,100})(?:;[\w.+-]{1,100}(?:=[\w.+-]{1,100})?){0,8},/i;
// The platform's parser drops or turns these before it looks at the rest.
const DROPPED = /[\u0000-\u0020\u007f-\u009f\\]/;
const LONGEST_SCHEME = 32;

function refuseLink(what: string, reason: string): InvalidValueError {
  return new InvalidValueError('ERR_MCP_INVALID_URI', `${what} ${reason}`, { details: { reason } });
}

/** The scheme of a link, for a message; nothing else of it is shown. */
function schemeOf(text: string): string {
  const colon = text.slice(0, LONGEST_SCHEME).indexOf(':');
  return colon === -1 ? 'a link without a scheme' : `a link that begins with ${quote(text.slice(0, colon + 1))}`;
}

function checkedLink(what: string, text: unknown, maxCharacters: number): string {
  if (typeof text !== 'string') throw refuseLink(what, `must be a string; got ${describe(text)}`);
  if (text.length > maxCharacters) throw refuseLink(what, `must have at most ${maxCharacters} characters; it has ${text.length}`);
  const dropped = DROPPED.exec(text);
  if (dropped !== null) throw refuseLink(what, `must not hold white space, control characters or backslashes; there is one at index ${dropped.index}`);
  return text;
}

function httpsURL(what: string, text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuseLink(what, 'must be a valid URL');
  }
  if (url.protocol !== 'https:' || url.hostname === '') throw refuseLink(what, 'must be a valid URL');
  // A name before the host makes the URL look like one of that name.
  if (url.username !== '' || url.password !== '') throw refuseLink(what, 'must not hold a user name or password');
  return url;
}

/**
 * The `src` of an icon, checked: an `https:` URL without user name and password, or `data:image/…`.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_URI` for everything else, and for another origin than that of `sameOriginAs`; it shows at most the scheme.
 * @throws TypeError for a `sameOriginAs` that is no URL.
 */
export function safeIconSource(src: unknown, options: SafeIconOptions = {}): SafeIcon {
  const what = 'the source of an icon';
  const origin = options.sameOriginAs === undefined ? undefined : new URL(options.sameOriginAs).origin;
  const text = checkedLink(what, src, MAX_ICON_CHARACTERS);
  const data = DATA_PREFIX.exec(text);
  if (data !== null) return { href: text, scheme: 'data', mimeType: data[1]?.toLowerCase() };
  if (!HTTPS_PREFIX.test(text)) throw refuseLink(what, `must begin with https:// or data:image/; got ${schemeOf(text)}`);
  const url = httpsURL(what, checkedLink(what, text, MAX_LINK_CHARACTERS));
  if (origin !== undefined && url.origin !== origin) throw refuseLink(what, `must be of the origin of the server, ${quote(origin)}; it is of ${quote(url.origin)}`);
  return { href: url.href, scheme: 'https', mimeType: undefined };
}

/**
 * The URL of a page that a server wants the user to visit, checked: `https:` without user name and password.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_URI` for everything else; it shows at most the scheme.
 */
export function safePageURL(url: unknown): SafePage {
  const what = 'the URL of a page';
  const text = checkedLink(what, url, MAX_LINK_CHARACTERS);
  if (!HTTPS_PREFIX.test(text)) throw refuseLink(what, `must begin with https://; got ${schemeOf(text)}`);
  const { href, origin, host, hostname } = httpsURL(what, text);
  return { href, origin, host, hasPunycode: hostname.split('.').some((label) => label.startsWith('xn--')) };
}
