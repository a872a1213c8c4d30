/** URIs and IRIs, whole or relative. Source: RFC 3986 appendix A, RFC 3987 section 2.2. */

import { isIPv6 } from './network-formats.ts';

const PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/su;
const SCHEME_FORM = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const PORT_FORM = /^(?::\d*)?$/;
const FUTURE_ADDRESS = /^v[0-9A-Fa-f]+\.[\w\-.~!$&'()*+,;=:]+$/i;

const UNICODE =
  '\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}\\u{10000}-\\u{1fffd}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}\\u{40000}-\\u{4fffd}' +
  '\\u{50000}-\\u{5fffd}\\u{60000}-\\u{6fffd}\\u{70000}-\\u{7fffd}\\u{80000}-\\u{8fffd}\\u{90000}-\\u{9fffd}\\u{a0000}-\\u{afffd}' +
  '\\u{b0000}-\\u{bfffd}\\u{c0000}-\\u{cfffd}\\u{d0000}-\\u{dfffd}\\u{e1000}-\\u{efffd}';
const PRIVATE = '\\u{e000}-\\u{f8ff}\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}';

interface Grammar {
  readonly path: RegExp;
  readonly userAndHost: RegExp;
  readonly query: RegExp;
  readonly fragment: RegExp;
}

function grammarOf(letters: string, inQuery: string): Grammar {
  const made = (more: string): RegExp => new RegExp(`^(?:[\\w\\-.~!$&'()*+,;=${more}]|%[0-9A-Fa-f]{2})*$`, 'u');
  return { path: made(`:@\\/${letters}`), userAndHost: made(`:${letters}`), query: made(`:@\\/?${letters}${inQuery}`), fragment: made(`:@\\/?${letters}`) };
}

const URI_GRAMMAR: Grammar = grammarOf('', '');
const IRI_GRAMMAR: Grammar = grammarOf(UNICODE, PRIVATE);

function isAuthority(authority: string, grammar: Grammar): boolean {
  const at = authority.indexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  const place = authority.slice(at + 1);
  if (!grammar.userAndHost.test(user)) return false;
  if (place.startsWith('[')) {
    const end = place.indexOf(']');
    const address = place.slice(1, end);
    return end !== -1 && (isIPv6(address) || FUTURE_ADDRESS.test(address)) && PORT_FORM.test(place.slice(end + 1));
  }
  const colon = place.indexOf(':');
  const host = colon === -1 ? place : place.slice(0, colon);
  return grammar.userAndHost.test(host) && PORT_FORM.test(place.slice(host.length));
}

function fits(text: string, grammar: Grammar, needsScheme: boolean): boolean {
  const match = PARTS.exec(text);
  if (match === null) return false;
  const [, scheme, authority, path = '', query = '', fragment = ''] = match;
  if (scheme === undefined ? needsScheme || text.startsWith(':') : !SCHEME_FORM.test(scheme)) return false;
  if (authority === undefined ? path.startsWith('//') : !isAuthority(authority, grammar)) return false;
  return grammar.path.test(path) && grammar.query.test(query) && grammar.fragment.test(fragment);
}

/** A URI, with its scheme. */
export function isURI(text: string): boolean {
  return fits(text, URI_GRAMMAR, true);
}

/** A URI, or one that is relative to another. */
export function isURIReference(text: string): boolean {
  return fits(text, URI_GRAMMAR, false);
}

/** An IRI, with its scheme. */
export function isIRI(text: string): boolean {
  return fits(text, IRI_GRAMMAR, true);
}

/** An IRI, or one that is relative to another. */
export function isIRIReference(text: string): boolean {
  return fits(text, IRI_GRAMMAR, false);
}
