/** base64 with padding, and base64url without. Source: RFC 4648 sections 4 and 5, RFC 7515 section 2. */

// So many arguments fit into a call on every engine.
const STRETCH = 8_192;

/** The bytes that `text` stands for; `undefined` where it is not base64 with its padding. White space is not skipped. */
export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  // What atob would skip or guess at is refused.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index);
  return bytes;
}

/** As {@link base64ToBytes}, for base64url without padding; `undefined` for whatever is not that. */
export function base64URLToBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  return base64ToBytes(paddedBase64(text));
}

/** base64url, and what lacks its padding, as base64 with padding. */
export function paddedBase64(text: string): string {
  const bare = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
}

/** `bytes` as base64 with padding. */
export function bytesToBase64(bytes: Uint8Array): string {
  let characters = '';
  for (let start = 0; start < bytes.length; start += STRETCH) characters += String.fromCharCode(...bytes.subarray(start, start + STRETCH));
  return btoa(characters);
}

/** `bytes` as base64url without padding. */
export function bytesToBase64URL(bytes: Uint8Array): string {
  return bytesToBase64(bytes).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
}
