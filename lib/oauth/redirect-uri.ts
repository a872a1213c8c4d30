/** Where a user comes back to after signing in. Source: RFC 8252 section 7; MCP 2026-07-28, authorization security considerations, "Communication Security". */

import { describe } from '../base/options.ts';
import { indexOfInvisible } from '../http/field-syntax.ts';
import { isLoopbackHost } from './endpoint-policy.ts';

/** What kind of program a client is, as registration wants to know. Source: OpenID Connect Dynamic Client Registration 1.0 section 2. */
export type ApplicationType = 'native' | 'web';

/**
 * The option `name`, checked, as it stands: an `https:` URL, or an `http:` one of this machine; without user name, password and fragment.
 *
 * @throws TypeError
 */
export function checkRedirectURI(name: string, value: unknown): string {
  const expected = `${name} must be an https URL, or an http URL of localhost`;
  if (typeof value !== 'string') throw new TypeError(`${expected}; got ${describe(value)}`);
  const wrong = indexOfInvisible(value);
  if (wrong !== -1) throw new TypeError(`${expected}; there is a character at index ${wrong} that no URL has`);
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) throw new TypeError(`${expected}; got ${describe(value)} that is none`);
  const url = new URL(value);
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) throw new TypeError(`${expected}; got http to another machine`);
  if (url.username !== '' || url.password !== '' || url.href.includes('#')) throw new TypeError(`${expected}, without user name, password and fragment`);
  return value;
}

/**
 * `web` where every URI is of another machine than the user's; a program of the user's machine comes back to that one. Source: MCP 2026-07-28, client registration, "Application Type and Redirect URI Constraints".
 */
export function applicationTypeOf(redirectUris: readonly string[]): ApplicationType {
  return redirectUris.every((uri) => !isLoopbackHost(new URL(uri).hostname)) ? 'web' : 'native';
}
