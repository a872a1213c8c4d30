/** Header values on their way out: what cannot be one is refused here, and nothing is stripped or replaced. */

import { describe } from '../base/options.ts';
import { isObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { isToken, isToken68Character, isVisible, isWhiteSpace } from './field-syntax.ts';
import { isOwnedHeader } from './header-names.ts';

const EQUALS_SIGN = 0x3d;

/** What {@link checkHeaderValue} allows beside the rule. */
export interface HeaderValueOptions {
  /** Whether U+0080 to U+00FF may stand in the value, each for one byte. Source: RFC 9110 section 5.5, obs-text. */
  readonly obsText?: boolean;
}

/**
 * `value`, when it can be the value of a header field: visible ASCII, with spaces and tabs between but not at the ends.
 * Empty is one too. Source: RFC 9110 section 5.5.
 *
 * @throws TypeError that names the header and the place, and never shows the value.
 */
export function checkHeaderValue(name: string, value: string, options: HeaderValueOptions = {}): string {
  if (typeof value !== 'string') throw new TypeError(`Header ${quote(name)} must be a string; got ${describeKind(value)}`);
  const problem = problemOfValue(value, options.obsText === true);
  if (problem !== undefined) throw new TypeError(`Header ${quote(name)} has a value that no header can carry: ${problem}`);
  return value;
}

/** The kind of a value that may be a secret: numbers are not shown either. */
export function describeKind(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? `a ${typeof value}` : describe(value);
}

/** Whether `value` is a field value of ASCII alone. */
export function isPlainHeaderValue(value: string): boolean {
  return problemOfValue(value, false) === undefined;
}

function problemOfValue(value: string, obsText: boolean): string | undefined {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (isVisible(code) || isWhiteSpace(code)) continue;
    if (code < 0x80) return `a control character at index ${index} of ${value.length}`;
    if (!obsText || code > 0xff) return `a character outside of ASCII at index ${index} of ${value.length}`;
  }
  if (value === '') return undefined;
  if (isWhiteSpace(value.charCodeAt(0))) return 'white space at its beginning';
  return isWhiteSpace(value.charCodeAt(value.length - 1)) ? 'white space at its end' : undefined;
}

/**
 * `token`, when it can stand behind `Bearer`: at least one of `A-Z a-z 0-9 - . _ ~ + /`, then any number of `=`.
 * Source: RFC 6750 section 2.1, b64token.
 *
 * @throws TypeError that names the place, and never shows the token.
 */
export function checkToken(token: string): string {
  if (typeof token !== 'string') throw new TypeError(`A bearer token must be a string; got ${describeKind(token)}`);
  let end = token.length;
  while (end > 0 && token.charCodeAt(end - 1) === EQUALS_SIGN) end--;
  if (end === 0) throw new TypeError('A bearer token must have at least one character that is not "="');
  for (let index = 0; index < end; index++) {
    if (isToken68Character(token.charCodeAt(index))) continue;
    const place = `index ${index} of ${token.length}`;
    throw new TypeError(`A bearer token consists of A-Z, a-z, 0-9 and -._~+/ with "=" at its end only; ${place} holds something else`);
  }
  return token;
}

/**
 * The headers that a host adds to every request: own enumerable members of a plain object, names in the case they were
 * given in. The result has no prototype and shares nothing with `headers`.
 *
 * @throws TypeError for a name that is no token (RFC 9110 section 5.6.2), that stands there twice but for its case, or
 * that the transport sends itself ({@link isOwnedHeader}); for a value that {@link checkHeaderValue} refuses; for
 * anything but a plain object (a `Headers` or a `Map` has no members, so that nothing would be sent).
 */
export function checkUserHeaders(headers: unknown): Record<string, string> {
  if (!isPlainObject(headers)) {
    throw new TypeError(`headers must be a plain object of names and values (Object.fromEntries makes one); got ${describe(headers)}`);
  }
  const checked = Object.create(null) as Record<string, string>;
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    // Not shown: what is no name may be a whole header, its value included.
    if (!isToken(name)) throw new TypeError(`headers holds a name of ${name.length} characters that is none of a header`);
    const lower = name.toLowerCase();
    if (isOwnedHeader(lower)) throw new TypeError(`headers must not hold ${quote(name)}: the transport sends it itself`);
    if (seen.has(lower)) throw new TypeError(`headers holds ${quote(name)} twice; the case of a name makes no difference`);
    seen.add(lower);
    checked[name] = checkHeaderValue(name, value as string);
  }
  return checked;
}

/** Whether `value` is an object literal or the like, of whatever realm. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
