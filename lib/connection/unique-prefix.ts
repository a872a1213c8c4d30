/** The characters of base64url (RFC 4648 section 5), by value. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 22 characters of `[A-Za-z0-9_-]` that nobody else has: 132 random bits, more than a UUID has. */
export function uniquePrefix(): string {
  let prefix = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(22))) prefix += ALPHABET[byte & 63];
  return prefix;
}
