/** Signs what a client says of itself. Source: RFC 7515 section 5.1 and 7.1, RFC 7519 section 7.1. */

import { bytesToBase64URL } from '../base/base64.ts';
import type { JSONObject } from '../base/json.ts';
import { signingParameters } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * A JWS in its compact form over `payload`, whatever that is. The header is `{ alg }` with the members of `header`; a `kid` goes in where the key has one.
 */
export async function signJWS(signer: SigningKey, payload: string, header: JSONObject = {}): Promise<string> {
  const { algorithm, keyId, key } = signer;
  const head = JSON.stringify({ alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }), ...header });
  const signed = `${utf8ToBase64URL(head)}.${utf8ToBase64URL(payload)}`;
  // WebCrypto gives r and s one behind the other, as a JWS wants them. Source: RFC 7518 section 3.4.
  const signature = await crypto.subtle.sign(signingParameters(algorithm), key, new TextEncoder().encode(signed));
  return `${signed}.${bytesToBase64URL(new Uint8Array(signature))}`;
}

/** A signed JWT with these claims; `typ` is `JWT` where the header does not say. */
export function signJWT(signer: SigningKey, claims: JSONObject, header: JSONObject = {}): Promise<string> {
  return signJWS(signer, JSON.stringify(claims), { typ: 'JWT', ...header });
}

/** The SHA-256 of `text` in UTF-8, as base64url. */
export async function sha256Base64URL(text: string): Promise<string> {
  return bytesToBase64URL(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

/** An id that no other token has: 128 random bits, as base64url. Source: RFC 7519 section 4.1.7. */
export function randomTokenId(): string {
  return bytesToBase64URL(crypto.getRandomValues(new Uint8Array(16)));
}

function utf8ToBase64URL(text: string): string {
  return bytesToBase64URL(new TextEncoder().encode(text));
}
