/** Text in URIs: its UTF-8 as `%XX`. Source: RFC 3986 section 2, RFC 6570 sections 1.5 and 3.1. */

const TRIPLET = /(%[\dA-Fa-f]{2})/;

function upperCode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * `text` with all but letters, digits and `-._~` encoded.
 *
 * @throws URIError where it has half a surrogate pair.
 */
export function encodeUnreserved(text: string): string {
  // What the platform leaves as it is, beyond what RFC 3986 calls unreserved.
  return encodeURIComponent(text).replace(/[!'()*]/g, upperCode);
}

/**
 * `text` with all encoded but what a URI may hold: unreserved characters, reserved ones, and `%XX` that is there already.
 *
 * @throws URIError where it has half a surrogate pair.
 */
export function encodeReserved(text: string): string {
  const parts = text.split(TRIPLET);
  // The platform encodes brackets; every percent sign of the text is %25 by then.
  return parts.map((part, index) => (index % 2 === 1 ? part : encodeURI(part).replace(/%5B/g, '[').replace(/%5D/g, ']'))).join('');
}
