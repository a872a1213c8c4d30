/** base64 with padding. Source: RFC 4648 section 4. */

/** The bytes that `text` stands for; `undefined` where it is not base64 with its padding. White space is not skipped. */
export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  // What atob would skip or guess at is refused.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index);
  return bytes;
}
