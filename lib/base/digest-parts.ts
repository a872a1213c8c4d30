/** One digest of several texts, such that none can reach into the next. */

/** One of the texts: what it is called in an error, and itself; an absent one is not an empty one. */
export type DigestPart = readonly [name: string, text: string | undefined];

// No text is so long: a string of JavaScript ends far below.
const ABSENT = 0xffff_ffff;

/**
 * The SHA-256, as 64 hexadecimal digits, of the purpose and the parts, each as UTF-8 after its length in bytes as four bytes, most significant first; an absent part is the
 * length 0xffffffff and nothing else. A digest made for another purpose is never the same.
 *
 * @throws TypeError for a part that is no string, or not well-formed UTF-16 (two such texts could have one form in UTF-8).
 */
export async function digestOfParts(purpose: string, parts: readonly DigestPart[]): Promise<string> {
  const bytes = [['purpose', purpose] as const, ...parts].map(([name, text]) => encodeDigestPart(name, text));
  const digest = await crypto.subtle.digest('SHA-256', joinBytes(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes of all parts, one behind the other. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

function encodeDigestPart(name: string, text: unknown): Uint8Array {
  if (text === undefined) return lengthPrefix(ABSENT);
  if (typeof text !== 'string') throw new TypeError(`${name} must be a string`);
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${name} must be well-formed text, without lone surrogates`);
  const bytes = new TextEncoder().encode(text);
  return joinBytes([lengthPrefix(bytes.length), bytes]);
}

function lengthPrefix(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}
