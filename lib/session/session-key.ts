/** Under which key a session is stored. */

/** Whose session it is: two askers whose parts differ anywhere never share one. */
export interface SessionOwner {
  /** The URL of the endpoint as it is spoken to, in the form that `URL.href` has. */
  readonly endpoint: string;
  /** Who is asking, in words of the host. */
  readonly sessionKey?: string | undefined;
  /** What the server knows the asker by, such as the value of an `Authorization` header. Only its digest goes any further. */
  readonly credential?: string | undefined;
  /**
   * What the asker declares to the server that it can do, as a text; left out for nothing. A server asks what was declared when the
   * session began, so only who can answer that may take it up.
   */
  readonly capabilities?: string | undefined;
}

const KEY_VERSION = 'v1:';
// What is digested begins with words of its own, so that a digest made for another purpose is never a key.
const PURPOSE = 'barewire session key 1';
// No text is so long: a string of JavaScript ends far below.
const ABSENT = 0xffff_ffff;

/**
 * The key of a session: `v1:` and the SHA-256, as 64 hexadecimal digits, of the purpose and the three parts, each as UTF-8 after its length in
 * bytes as four bytes, most significant first; an absent part is the length 0xffffffff and nothing else. Capabilities are a fourth part,
 * which is not there at all when they are left out: the key of an asker without any is made of three. So no part can reach into the next, and
 * one that is empty is not one that is absent. The key shows neither endpoint nor credential, but who can guess a credential
 * can tell from the key that the guess is right.
 *
 * @throws TypeError for a part that is no string, or not well-formed UTF-16 (two such texts could have one form in UTF-8).
 */
export async function sessionKey(owner: SessionOwner): Promise<string> {
  const parts = [keyPart('endpoint', owner.endpoint), encodeOptionalPart('sessionKey', owner.sessionKey), encodeOptionalPart('credential', owner.credential)];
  if (owner.capabilities !== undefined) parts.push(keyPart('capabilities', owner.capabilities));
  const digest = await crypto.subtle.digest('SHA-256', joinParts([keyPart('purpose', PURPOSE), ...parts]));
  return KEY_VERSION + Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function encodeOptionalPart(name: string, text: string | undefined): Uint8Array {
  return text === undefined ? lengthPrefix(ABSENT) : keyPart(name, text);
}

function keyPart(name: string, text: unknown): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`${name} must be a string`);
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${name} must be well-formed text, without lone surrogates`);
  const bytes = new TextEncoder().encode(text);
  return joinParts([lengthPrefix(bytes.length), bytes]);
}

function lengthPrefix(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
