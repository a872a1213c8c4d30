/** Proofs of possession: who has a token must also have the key that it was issued for. Source: RFC 9449. */

import type { Clock } from '../base/clock.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Secret } from '../base/secret.ts';
import { READ_HEADERS } from '../http/header-names.ts';
import { parseChallenges } from '../http/www-authenticate.ts';
import { jwkThumbprint } from './jwk-thumbprint.ts';
import { randomTokenId, sha256Base64URL, signJWT } from './jwt.ts';
import type { OAuthAnswer } from './oauth-http.ts';
import { importSigningKey, readJWK, signingParameters } from './signing-key.ts';
import type { PlatformKey, SigningKey } from './signing-key.ts';

/** A key for proofs, whose private half cannot be taken out: it ends with the process, and what was issued for it with it. */
export interface DPoPKey {
  readonly signer: SigningKey;
  /** The public half, as each proof shows it. */
  readonly publicJWK: JSONObject;
  /** What tokens are bound to. Source: RFC 9449 section 6.1. */
  readonly thumbprint: string;
}

/** The request that a proof is for. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  /** Goes with the request, where it goes to a resource. */
  readonly accessToken?: Secret | undefined;
}

/** What is heard of a response: of a token endpoint, or of a resource. */
export type ProvenResponse = Pick<OAuthAnswer, 'status' | 'headers'> & Partial<Pick<OAuthAnswer, 'json'>>;

const NONCE_DEMANDED = 'use_dpop_nonce';
// NQCHAR of RFC 6749, appendix A. Source: RFC 9449 section 8.1.
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,2048}$/;
// A client speaks with two servers, as a rule.
const MAX_NONCES = 64;
const MAX_PROVERS = 256;

/** Makes a key for ES256. */
export async function makeDPoPKey(): Promise<DPoPKey> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const { x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return toDPoPKey(privateKey, x, y);
}

/**
 * A key that outlives the process, and that several may share: a private JWK of P-256, as an object or its JSON.
 *
 * @throws TypeError, which never shows the key, as `importSigningKey`; also for a JWK whose halves are not of one key, and for PEM, which does not show its public half.
 */
export async function importDPoPKey(given: string | Secret | JSONObject): Promise<DPoPKey> {
  const jwk = readJWK(given);
  const { key } = await importSigningKey(jwk, { algorithm: 'ES256' });
  const [x, y] = [own(jwk, 'x'), own(jwk, 'y')];
  if (!(await areOfOneKey(key, { kty: 'EC', crv: 'P-256', x, y }))) throw new TypeError('The JWK is damaged: its public half is not of its private half');
  return toDPoPKey(key, x, y);
}

/** Makes proofs with one key, each for one try of one request, and keeps the nonces that servers want in them. */
export class DPoPProver {
  readonly #key: DPoPKey;
  readonly #clock: Pick<Clock, 'date'>;
  /** The latest nonce of each origin, as an authorization server and as a resource: the two need not be the same. Source: RFC 9449 sections 8.2 and 9. */
  readonly #nonces = new Map<string, string>();

  constructor(key: DPoPKey, clock: Pick<Clock, 'date'>) {
    this.#key = key;
    this.#clock = clock;
  }

  /** What tokens for this key are bound to. */
  get thumbprint(): string {
    return this.#key.thumbprint;
  }

  /** The value of the header `DPoP` for the next try of `request`; never good for another one. Source: RFC 9449 section 4.2. */
  async proof(request: ProvenRequest): Promise<string> {
    const { method, url, accessToken } = request;
    const nonce = this.#nonces.get(placeOf(request));
    const claims = {
      jti: randomTokenId(),
      htm: method,
      htu: withoutQuery(url),
      iat: Math.floor(this.#clock.date() / 1_000),
      ...(accessToken === undefined ? {} : { ath: await sha256Base64URL(accessToken.reveal()) }),
      ...(nonce === undefined ? {} : { nonce }),
    };
    return signJWT(this.#key.signer, claims, { typ: 'dpop+jwt', jwk: this.#key.publicJWK });
  }

  /**
   * Hears the response to a try of `request`, whatever its status: a new nonce may come with any. Says whether the server refused the try for want of the nonce
   * that it gave now, such that one further try may succeed; there is no use in more than one.
   */
  heard(request: ProvenRequest, response: ProvenResponse): boolean {
    const nonce = response.headers.get(READ_HEADERS.dpopNonce);
    if (nonce === null || !NONCE.test(nonce)) return false;
    this.#keep(placeOf(request), nonce);
    return demandsNonce(response);
  }

  #keep(place: string, nonce: string): void {
    this.#nonces.delete(place);
    this.#nonces.set(place, nonce);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size > MAX_NONCES && oldest !== undefined) this.#nonces.delete(oldest);
  }
}

/** The provers of one host, one for each issuer: two of these cannot tell by the key that they have the same client. All servers of the host share them, and whoever finishes a sign-in. */
export class DPoPProvers {
  readonly #provers = new Map<string, Promise<DPoPProver>>();

  /** The prover for tokens of `issuer`, made when it is first asked for. */
  of(issuer: string, clock: Pick<Clock, 'date'>): Promise<DPoPProver> {
    const known = this.#provers.get(issuer);
    if (known !== undefined) return known;
    const made = makeDPoPKey().then((key) => new DPoPProver(key, clock));
    const [oldest] = this.#provers.keys();
    if (this.#provers.size >= MAX_PROVERS && oldest !== undefined) this.#provers.delete(oldest);
    this.#provers.set(issuer, made);
    return made;
  }
}

/** A proof shows its key, so it needs no `kid`. */
async function toDPoPKey(key: PlatformKey, x: unknown, y: unknown): Promise<DPoPKey> {
  const publicJWK = Object.freeze({ kty: 'EC', crv: 'P-256', x, y });
  return Object.freeze({ signer: Object.freeze({ algorithm: 'ES256', keyId: undefined, key }), publicJWK, thumbprint: await jwkThumbprint(publicJWK) });
}

/** Not every runtime looks when it imports. */
async function areOfOneKey(key: PlatformKey, publicJWK: JSONObject): Promise<boolean> {
  const parameters = signingParameters('ES256');
  const publicKey = await crypto.subtle.importKey('jwk', publicJWK, parameters, false, ['verify']).catch(() => undefined);
  const probe = new TextEncoder().encode('one key');
  return publicKey !== undefined && crypto.subtle.verify(parameters, publicKey, await crypto.subtle.sign(parameters, key, probe), probe);
}

/** An authorization server says so in its JSON, a resource in its challenge. Source: RFC 9449 sections 8 and 9. */
function demandsNonce({ status, headers, json }: ProvenResponse): boolean {
  if (status !== 400 && status !== 401) return false;
  if (json !== undefined && own(json, 'error') === NONCE_DEMANDED) return true;
  return parseChallenges(headers.get(READ_HEADERS.wwwAuthenticate)).some(({ scheme, parameters }) => scheme === 'dpop' && parameters.get('error') === NONCE_DEMANDED);
}

function placeOf({ url, accessToken }: ProvenRequest): string {
  return `${accessToken === undefined ? 'authorization' : 'resource'} ${new URL(url).origin}`;
}

/** The claim `htu`. */
function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  return url.href;
}
