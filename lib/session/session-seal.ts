/** Texts that only who has a key of the host can make or read: AES-256-GCM. Source: NIST SP 800-38D. */

import { base64ToBytes, bytesToBase64, paddedBase64 } from '../base/base64.ts';
import { joinBytes } from '../base/digest-parts.ts';
import { describe } from '../base/options.ts';

/** A key: 32 bytes, or their base64 or base64url. */
export type SealingKey = Uint8Array | string;

type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type Bytes = Uint8Array<ArrayBuffer>;

const CIPHER = 'AES-GCM';
const KEY_BYTES = 32;
// Source: NIST SP 800-38D sections 8.2.2 and 5.2.1.2. With random nonces a key is good for 2^32 texts.
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Each is tried when a text is opened, so there are not many. */
const MAX_SEALING_KEYS = 16;

/**
 * Seals texts under the first key, and opens what was sealed under any of them: a new key is first added behind the old one everywhere, then
 * put before it. The keys are copied, imported once, when they are first needed, and cannot be exported again.
 *
 * @throws TypeError or RangeError, which never show a key, for what are no keys, for none, and for more than 16.
 */
export class SessionSeal {
  /** Wiped when they have been imported. */
  readonly #given: readonly Bytes[];
  #imported: Promise<readonly ImportedKey[]> | undefined;

  constructor(keys: readonly SealingKey[]) {
    if (!Array.isArray(keys)) throw new TypeError(`sealingKeys must be an array of keys; got ${describe(keys)}`);
    if (keys.length === 0 || keys.length > MAX_SEALING_KEYS) throw new RangeError(`sealingKeys must be 1 to ${MAX_SEALING_KEYS} keys; got ${keys.length}`);
    this.#given = keys.map((key: unknown, index) => readSealingKey(`sealingKeys/${index}`, key));
  }

  /** `text`, sealed, as base64; it opens only together with the same `boundTo`, which is not in it. */
  async seal(text: string, boundTo: string): Promise<string> {
    const [key] = await this.#keys();
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt(cipherFor(nonce, boundTo), key as ImportedKey, toUTF8(text));
    return bytesToBase64(joinBytes([nonce, new Uint8Array(sealed)]));
  }

  /** What was sealed; `undefined` for whatever was not sealed so, under one of the keys and bound to this. */
  async open(sealed: string, boundTo: string): Promise<string | undefined> {
    const bytes = base64ToBytes(sealed);
    if (bytes === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const cipher = cipherFor(bytes.subarray(0, NONCE_BYTES), boundTo);
    for (const key of await this.#keys()) {
      const opened = await crypto.subtle.decrypt(cipher, key, bytes.subarray(NONCE_BYTES)).catch(() => undefined);
      if (opened !== undefined) return new TextDecoder().decode(opened);
    }
    return undefined;
  }

  #keys(): Promise<readonly ImportedKey[]> {
    this.#imported ??= Promise.all(this.#given.map(importSealingKey));
    return this.#imported;
  }
}

async function importSealingKey(bytes: Bytes): Promise<ImportedKey> {
  const key = await crypto.subtle.importKey('raw', bytes, CIPHER, false, ['encrypt', 'decrypt']);
  bytes.fill(0);
  return key;
}

function cipherFor(nonce: Bytes, boundTo: string): { name: string; iv: Bytes; additionalData: Bytes; tagLength: number } {
  return { name: CIPHER, iv: nonce, additionalData: toUTF8(boundTo), tagLength: 8 * TAG_BYTES };
}

function readSealingKey(name: string, key: unknown): Bytes {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw new TypeError(`${name} must be ${KEY_BYTES} bytes or their base64; got ${describe(key)}`);
  const bytes = typeof key === 'string' ? base64ToBytes(paddedBase64(key)) : new Uint8Array(key);
  if (bytes?.length === KEY_BYTES) return bytes;
  throw new RangeError(`${name} must be ${KEY_BYTES} bytes or their base64; got ${typeof key === 'string' ? 'another text' : `${key.length} bytes`}`);
}

function toUTF8(text: string): Bytes {
  return new TextEncoder().encode(text) as Bytes;
}
