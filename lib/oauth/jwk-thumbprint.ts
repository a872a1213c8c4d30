import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { sha256Base64URL } from './jwt.ts';

/** The members that make a key what it is, in the order of their names. Source: RFC 7638 section 3.2, RFC 8037 section 2. */
const REQUIRED_MEMBERS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['RSA', ['e', 'kty', 'n']],
  ['OKP', ['crv', 'kty', 'x']],
]);

/**
 * The SHA-256 thumbprint of a JWK, as base64url: the same for the private key and the public one, whatever else stands in it. Source: RFC 7638 section 3.
 *
 * @throws TypeError for a key of another kind, or one that lacks a member.
 */
export async function jwkThumbprint(jwk: JSONObject): Promise<string> {
  const names = REQUIRED_MEMBERS.get(own(jwk, 'kty'));
  if (names === undefined) throw new TypeError('A JWK must have the kty EC, RSA or OKP');
  const missing = names.find((name) => typeof own(jwk, name) !== 'string');
  if (missing !== undefined) throw new TypeError(`A JWK of its kty must have the member ${missing}, a string`);
  return sha256Base64URL(JSON.stringify(Object.fromEntries(names.map((name) => [name, own(jwk, name)]))));
}
