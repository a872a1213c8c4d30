/** Private keys that a client signs with. Source: RFC 7517 section 4, RFC 7518 section 3.1, RFC 8037 sections 2 and 3.1, RFC 5958 (PKCS#8). */

import { base64ToBytes } from '../base/base64.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe, oneOf } from '../base/options.ts';
import { Secret } from '../base/secret.ts';
import { quote } from '../base/text.ts';

/** What is signed with, by its name in a JWS. */
export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA';

/** A key of the platform's WebCrypto. */
export type PlatformKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** A private key, such that it cannot be taken out again. */
export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  /** How a server finds the public key, where it has several. */
  readonly keyId: string | undefined;
  readonly key: PlatformKey;
}

/** What else is known of a key. */
export interface SigningKeyOptions {
  /** Where it is left out, what the key is made for. */
  readonly algorithm?: SigningAlgorithm | undefined;
  /** Where it is left out, the `kid` of a JWK. */
  readonly keyId?: string | undefined;
}

interface Scheme {
  /** What WebCrypto calls it when a key is imported. */
  readonly parameters: { readonly name: string; readonly namedCurve?: string; readonly hash?: string };
  /** The members that a JWK of it has, beside `kty` and `crv`. */
  readonly members: readonly string[];
  readonly kty: string;
  readonly crv?: string;
}

const KEY_SCHEMES: Readonly<Record<SigningAlgorithm, Scheme>> = Object.freeze({
  ES256: { parameters: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, kty: 'EC', crv: 'P-256', members: ['x', 'y', 'd'] },
  RS256: { parameters: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, kty: 'RSA', members: ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] },
  EdDSA: { parameters: { name: 'Ed25519' }, kty: 'OKP', crv: 'Ed25519', members: ['x', 'd'] },
});
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;

// Source: RFC 7518 section 3.3.
const LEAST_RSA_BITS = 2_048;
const PEM_LABEL = /-----BEGIN ([A-Z0-9 ]{1,40})-----/;
const PKCS8 = /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END PRIVATE KEY-----\s*$/;
const CONVERT = 'openssl pkcs8 -topk8 -nocrypt makes one of it';
/** What people have in hand in place of a PKCS#8 key, and what to do about it. */
const OTHER_PEMS: Readonly<Record<string, string>> = {
  'RSA PRIVATE KEY': `this is one of PKCS#1; ${CONVERT}`,
  'EC PRIVATE KEY': `this is one of SEC 1; ${CONVERT}`,
  'ENCRYPTED PRIVATE KEY': `this one is encrypted; ${CONVERT}`,
  'OPENSSH PRIVATE KEY': 'this is one of OpenSSH; ssh-keygen -p -m PKCS8 makes one of it',
  'PUBLIC KEY': 'this is the public key',
  CERTIFICATE: 'this is a certificate',
};

/** What WebCrypto is told for signing with `algorithm`. */
export function signingParameters(algorithm: SigningAlgorithm): Scheme['parameters'] {
  return KEY_SCHEMES[algorithm].parameters;
}

/**
 * Imports a private key: PKCS#8 as PEM, or a JWK as an object or its JSON. What was imported cannot be exported any more.
 *
 * @throws TypeError, which never shows the key, for what is no such key, for one of another kind than `algorithm`, for an RSA key below 2048 bits, and for Ed25519 where the
 * runtime's WebCrypto has none.
 */
export async function importSigningKey(given: string | Secret | JSONObject, options: SigningKeyOptions = {}): Promise<SigningKey> {
  const { keyId } = options;
  const algorithm = options.algorithm === undefined ? undefined : oneOf('algorithm', options.algorithm, ALGORITHMS);
  const material: unknown = given instanceof Secret ? given.reveal() : given;
  if (isObject(material)) return importJWK(material, algorithm, keyId);
  if (typeof material !== 'string') throw new TypeError(`A private key must be PEM text or a JWK; got ${describe(material)}`);
  if (material.trimStart().startsWith('{')) return importJWK(readJWK(material), algorithm, keyId);
  return importPEM(material, algorithm, keyId);
}

async function importPEM(pem: string, algorithm: SigningAlgorithm | undefined, keyId: string | undefined): Promise<SigningKey> {
  const body = PKCS8.exec(pem)?.[1];
  if (body === undefined) throw new TypeError(`A private key must be the text from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY----- (PKCS#8)${adviceOnPEM(pem)}`);
  const bytes = base64ToBytes(body.replace(/\s/g, ''));
  // The platform tells the kinds apart: a key of one is none of another.
  for (const candidate of algorithm === undefined ? ALGORITHMS : [algorithm]) {
    const key = bytes && (await crypto.subtle.importKey('pkcs8', bytes, KEY_SCHEMES[candidate].parameters, false, ['sign']).catch(() => undefined));
    if (key !== undefined) return toSigningKey(candidate, keyId, key);
  }
  throw new TypeError(`The private key is none for ${algorithm ?? ALGORITHMS.join(', ')}, or is damaged${adviceOnEd25519(algorithm)}`);
}

async function importJWK(jwk: JSONObject, algorithm: SigningAlgorithm | undefined, keyId: string | undefined): Promise<SigningKey> {
  const kind = `kty ${showMember(own(jwk, 'kty'))}, crv ${showMember(own(jwk, 'crv'))}, alg ${showMember(own(jwk, 'alg'))}`;
  const candidate = ALGORITHMS.find((name) => isOfScheme(jwk, name) && (algorithm ?? name) === name);
  if (candidate === undefined) throw new TypeError(`The JWK is no key for ${algorithm ?? ALGORITHMS.join(', ')}: ${kind}`);
  if (typeof own(jwk, 'd') !== 'string') throw new TypeError(`The JWK has no member d: it is a public key (${kind})`);
  const { kty, crv, members, parameters } = KEY_SCHEMES[candidate];
  const bare = Object.fromEntries(members.filter((name) => Object.hasOwn(jwk, name)).map((name) => [name, own(jwk, name)]));
  const key = await crypto.subtle.importKey('jwk', { kty, ...(crv === undefined ? {} : { crv }), ...bare }, parameters, false, ['sign']).catch(() => undefined);
  if (key === undefined) throw new TypeError(`The JWK is damaged: its members do not make a key (${kind})${adviceOnEd25519(candidate)}`);
  const kid = own(jwk, 'kid');
  return toSigningKey(candidate, keyId ?? (typeof kid === 'string' ? kid : undefined), key);
}

function isOfScheme(jwk: JSONObject, name: SigningAlgorithm): boolean {
  const { kty, crv } = KEY_SCHEMES[name];
  const alg = own(jwk, 'alg');
  return own(jwk, 'kty') === kty && own(jwk, 'crv') === crv && (alg === undefined || alg === name || (name === 'EdDSA' && alg === 'Ed25519'));
}

/** A JWK that is given as an object or as its JSON. @throws TypeError, which does not show it, for anything else. */
export function readJWK(given: string | Secret | JSONObject): JSONObject {
  const material: unknown = given instanceof Secret ? given.reveal() : given;
  if (isObject(material)) return material;
  if (typeof material !== 'string') throw new TypeError(`A JWK must be an object or its JSON; got ${describe(material)}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(material);
  } catch {
    // What the parser says may show the key.
  }
  if (isObject(parsed)) return parsed;
  throw new TypeError('A JWK must be an object, or the JSON of one');
}

function toSigningKey(algorithm: SigningAlgorithm, keyId: string | undefined, key: PlatformKey): SigningKey {
  const { modulusLength } = key.algorithm as { readonly modulusLength?: number };
  if (modulusLength !== undefined && modulusLength < LEAST_RSA_BITS) throw new TypeError(`An RSA key must have at least ${LEAST_RSA_BITS} bits; this one has ${modulusLength}`);
  return Object.freeze({ algorithm, keyId, key });
}

function adviceOnPEM(pem: string): string {
  const advice = OTHER_PEMS[PEM_LABEL.exec(pem)?.[1] ?? ''];
  if (advice !== undefined) return `; ${advice}`;
  return pem.includes('\\n') ? '; its line ends have become a backslash and an n' : '';
}

function adviceOnEd25519(algorithm: SigningAlgorithm | undefined): string {
  return algorithm === undefined || algorithm === 'EdDSA' ? '. Where the runtime knows no Ed25519, use ES256' : '';
}

function showMember(member: unknown): string {
  return typeof member === 'string' ? quote(member, 20) : describe(member);
}
