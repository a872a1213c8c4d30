/** The vectors of the RFCs about tokens, keys and proofs: thumbprints, signatures, hashes of tokens, HTTP Basic. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPublicKey, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { base64URLToBytes, bytesToBase64URL } from '../../lib/base/base64.ts';
import { systemClock } from '../../lib/base/clock.ts';
import type { JSONObject } from '../../lib/base/json.ts';
import { Secret } from '../../lib/base/secret.ts';
import { authenticateClient } from '../../lib/oauth/client-authentication.ts';
import { DPoPProver, makeDPoPKey } from '../../lib/oauth/dpop.ts';
import { jwkThumbprint } from '../../lib/oauth/jwk-thumbprint.ts';
import { sha256Base64URL } from '../../lib/oauth/jwt.ts';
import { findCorpus } from '../helpers/corpora.ts';

interface Vectors {
  readonly rfc7638_3_1: { readonly jwk: JSONObject; readonly thumbprint: string };
  readonly rfc8037_a_3: { readonly jwk: JSONObject; readonly thumbprint: string };
  readonly rfc9449_6_1_jkt: { readonly jwk: JSONObject; readonly jkt: string };
  readonly rfc9449_7_ath: { readonly access_token: string; readonly ath: string };
  readonly rfc9449_4_1_dpop_proof: { readonly proof: string; readonly header: JSONObject & { readonly jwk: JSONObject }; readonly payload: JSONObject & { readonly htm: string; readonly htu: string } };
  readonly rfc7515_a_3_es256: { readonly jws: string; readonly jwk: JSONObject };
  readonly rfc7515_a_1_hs256: { readonly jws: string; readonly k: string };
  readonly rfc6749_basic_encoding: { readonly client_id: string; readonly client_secret: string; readonly header: string };
}

const corpus = findCorpus('oauth');
const skip = corpus.missing ?? false;
const vectors = corpus.folder === undefined ? undefined : (JSON.parse(readFileSync(join(corpus.folder, 'rfc-vectors.json'), 'utf8')) as Vectors);

/** One vector as a test. */
function holds(name: string, body: (given: Vectors) => Promise<void>): void {
  test(name, { skip }, async () => {
    assert.ok(vectors !== undefined);
    await body(vectors);
  });
}

const textOf = (part: string | undefined): string => new TextDecoder().decode(base64URLToBytes(part ?? ''));

/** Whether `jws` is signed by the P-256 key, with r and s one behind the other as we write them. */
function isSignedES256(jws: string, jwk: JSONObject): boolean {
  const at = jws.lastIndexOf('.');
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  return verify('sha256', Buffer.from(jws.slice(0, at)), { key, dsaEncoding: 'ieee-p1363' }, base64URLToBytes(jws.slice(at + 1)) ?? new Uint8Array());
}

describe('vectors of the RFCs: keys', () => {
  holds('RFC 7638, 3.1: an RSA key', async ({ rfc7638_3_1: { jwk, thumbprint } }) => assert.equal(await jwkThumbprint(jwk), thumbprint));
  holds('RFC 8037, A.3: an Ed25519 key', async ({ rfc8037_a_3: { jwk, thumbprint } }) => assert.equal(await jwkThumbprint(jwk), thumbprint));
  holds('RFC 9449, 6.1: the key of proofs', async ({ rfc9449_6_1_jkt: { jwk, jkt } }) => assert.equal(await jwkThumbprint(jwk), jkt));
});

describe('vectors of the RFCs: signatures and proofs', () => {
  holds('RFC 7515, A.1 and A.3: every part comes back as it was, byte by byte', async ({ rfc7515_a_1_hs256, rfc7515_a_3_es256 }) => {
    for (const part of [...rfc7515_a_1_hs256.jws.split('.'), ...rfc7515_a_3_es256.jws.split('.'), rfc7515_a_1_hs256.k]) assert.equal(bytesToBase64URL(base64URLToBytes(part) ?? new Uint8Array()), part);
    assert.ok(isSignedES256(rfc7515_a_3_es256.jws, rfc7515_a_3_es256.jwk));
  });

  holds('RFC 9449, 4.1: the proof of the RFC, and one of ours for the same request, have the same members of the same kinds', async ({ rfc9449_4_1_dpop_proof: vector }) => {
    const prover = new DPoPProver(await makeDPoPKey(), systemClock);
    const proof = await prover.proof({ method: vector.payload.htm, url: vector.payload.htu });
    const [ours, theirs] = [proof, vector.proof].map((jws) => jws.split('.').slice(0, 2).map((part) => JSON.parse(textOf(part)) as JSONObject));
    assert.deepEqual(theirs, [vector.header, vector.payload]);
    const kinds = (object: JSONObject | undefined) => Object.entries(object ?? {}).map(([name, value]) => `${name}: ${typeof value}`).sort();
    assert.deepEqual(ours?.map(kinds), theirs?.map(kinds));
    const [header, payload] = ours ?? [];
    assert.deepEqual([header?.['typ'], header?.['alg'], payload?.['htm'], payload?.['htu']], [vector.header['typ'], vector.header['alg'], vector.payload.htm, vector.payload.htu]);
    assert.deepEqual(Object.keys(header?.['jwk'] as JSONObject).sort(), Object.keys(vector.header.jwk).sort());
    assert.ok(isSignedES256(vector.proof, vector.header.jwk) && isSignedES256(proof, header?.['jwk'] as JSONObject));
  });

  holds('RFC 9449, 7: the hash of a token', async ({ rfc9449_7_ath: { access_token: token, ath } }) => {
    assert.equal(await sha256Base64URL(token), ath);
    const prover = new DPoPProver(await makeDPoPKey(), systemClock);
    const proof = await prover.proof({ method: 'GET', url: 'https://resource.example.org/protectedresource', accessToken: new Secret(token) });
    assert.equal((JSON.parse(textOf(proof.split('.')[1])) as JSONObject)['ath'], ath);
  });
});

describe('vectors of the RFCs: HTTP Basic', () => {
  holds('RFC 6749, 2.3.1: id and secret are encoded as in forms before base64', async ({ rfc6749_basic_encoding: { client_id: clientId, client_secret: clientSecret, header } }) => {
    const client = { clientId, clientSecret: new Secret(clientSecret), tokenEndpointAuthMethod: 'client_secret_basic' } as const;
    const { headers } = await authenticateClient(client, { issuer: 'https://as.example', tokenEndpointAuthSigningAlgValuesSupported: undefined }, systemClock);
    const sent = headers['Authorization'];
    assert.ok(sent instanceof Secret);
    assert.equal(sent.reveal(), header);
  });
});
