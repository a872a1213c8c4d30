import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Secret } from '../../../lib/base/secret.ts';
import { DPoPProver, importDPoPKey, makeDPoPKey } from '../../../lib/oauth/dpop.ts';
import { jwkThumbprint } from '../../../lib/oauth/jwk-thumbprint.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const TOKEN_URL = 'https://as.example/token';
const RESOURCE = 'https://mcp.example/mcp?tenant=1#part';
const accessToken = new Secret('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU');

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

interface Claims {
  readonly jti: string;
  readonly nonce?: string;
  readonly ath?: string;
  readonly htu: string;
}

const partsOf = (proof: string): readonly [head: Record<string, unknown>, claims: Claims] => {
  const [head = '', claims = ''] = proof.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return [JSON.parse(head) as Record<string, unknown>, JSON.parse(claims) as Claims];
};

/** A response with these headers. */
const response = (status: number, headers: Readonly<Record<string, string>>, json?: Record<string, unknown>) => ({ status, headers: { get: (name: string) => headers[name] ?? null }, json });

async function makeProver() {
  const key = await makeDPoPKey();
  return { key, prover: new DPoPProver(key, new FakeClock()) };
}

describe('a key for proofs', () => {
  test('its private half cannot be taken out; its public half has no more than it needs', async () => {
    const { signer, publicJWK, thumbprint } = await makeDPoPKey();
    assert.equal(signer.key.extractable, false);
    await assert.rejects(crypto.subtle.exportKey('jwk', signer.key));
    assert.deepEqual(Object.keys(publicJWK), ['kty', 'crv', 'x', 'y']);
    assert.equal(thumbprint, await jwkThumbprint(publicJWK));
    assert.notEqual((await makeDPoPKey()).thumbprint, thumbprint);
  });

  test('one that is given: as a JWK, its JSON, or a Secret; not to be taken out again, and without its kid in proofs', async () => {
    const jwk = { ...ec.export({ format: 'jwk' }), kid: 'k-1' };
    for (const given of [jwk, JSON.stringify(jwk), new Secret(JSON.stringify(jwk))]) {
      const key = await importDPoPKey(given);
      assert.deepEqual([key.publicJWK, key.signer.key.extractable, key.thumbprint], [{ kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y }, false, await jwkThumbprint(jwk)]);
      const [head] = partsOf(await new DPoPProver(key, new FakeClock()).proof({ method: 'POST', url: TOKEN_URL }));
      assert.deepEqual(Object.keys(head).sort(), ['alg', 'jwk', 'typ']);
      assert.ok(!JSON.stringify(head).includes(jwk.d ?? ''));
    }
  });

  test('one that is none for proofs is told, and not shown', async () => {
    const jwk = ec.export({ format: 'jwk' });
    const [{ x, y }, { d = '' }] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), jwk];
    const pem = ec.export({ type: 'pkcs8', format: 'pem' }).toString();
    const wrong: ReadonlyArray<Parameters<typeof importDPoPKey>[0]> = [{ ...jwk, x, y }, { ...jwk, d: undefined }, { ...jwk, x: undefined }, { ...jwk, crv: 'P-384' }, pem, 'x', 5 as never];
    for (const given of wrong) await assert.rejects(importDPoPKey(given), (error: Error) => error instanceof TypeError && !inspect(error).includes(d.slice(4, 20)));
  });
});

describe('proofs (RFC 9449, 4.2)', () => {
  test('for a token request: method, place without query and fragment, time, signed by the key that it shows', async () => {
    const { key, prover } = await makeProver();
    const proof = await prover.proof({ method: 'POST', url: `${TOKEN_URL}?a=1#b` });
    const [head, claims] = partsOf(proof);
    assert.deepEqual(head, { alg: 'ES256', typ: 'dpop+jwt', jwk: key.publicJWK });
    const { jti, ...rest } = claims;
    assert.deepEqual(rest, { htm: 'POST', htu: TOKEN_URL, iat: Date.UTC(2026, 0, 1) / 1_000 });
    assert.match(jti, /^[\w-]{22}$/);
    const at = proof.lastIndexOf('.');
    const publicKey = createPublicKey({ key: { ...key.publicJWK }, format: 'jwk' });
    assert.ok(verify('sha256', Buffer.from(proof.slice(0, at)), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(proof.slice(at + 1), 'base64url')));
    assert.equal(prover.thumbprint, key.thumbprint);
  });

  test('for a resource: with the hash of the token (RFC 9449, 7)', async () => {
    const { prover } = await makeProver();
    const [, claims] = partsOf(await prover.proof({ method: 'GET', url: RESOURCE, accessToken }));
    assert.deepEqual([claims.ath, claims.htu], ['fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo', 'https://mcp.example/mcp']);
    assert.equal(claims.ath, createHash('sha256').update(accessToken.reveal()).digest('base64url'));
  });

  test('no two are the same', async () => {
    const { prover } = await makeProver();
    const proofs = await Promise.all(Array.from({ length: 50 }, () => prover.proof({ method: 'POST', url: TOKEN_URL })));
    assert.equal(new Set(proofs.map((proof) => partsOf(proof)[1].jti)).size, 50);
  });

  test('inspecting the prover shows no nonce', async () => {
    const { prover } = await makeProver();
    prover.heard({ method: 'POST', url: TOKEN_URL }, response(200, { 'dpop-nonce': 'n-canary' }));
    assert.ok(!inspect(prover, { depth: 9, showHidden: true }).includes('n-canary'));
  });
});

describe('nonces (RFC 9449, 8 and 9)', () => {
  const request = { method: 'POST', url: TOKEN_URL };
  const nonceOf = async (prover: DPoPProver, asked: Parameters<DPoPProver['proof']>[0]) => partsOf(await prover.proof(asked))[1].nonce;

  test('the latest one counts, whatever the status it came with; one further try only where it is demanded', async () => {
    const { prover } = await makeProver();
    assert.equal(await nonceOf(prover, request), undefined);
    const rows = [
      [400, { 'dpop-nonce': 'n-1' }, { error: 'use_dpop_nonce' }, true],
      [200, { 'dpop-nonce': 'n-2' }, { access_token: 'x' }, false],
      [400, { 'dpop-nonce': 'n-3' }, { error: 'invalid_grant' }, false],
      [401, { 'dpop-nonce': 'n-4' }, { error: 'use_dpop_nonce' }, true],
    ] as const;
    for (const [status, headers, json, demanded] of rows) {
      assert.equal(prover.heard(request, response(status, headers, json)), demanded, headers['dpop-nonce']);
      assert.equal(await nonceOf(prover, request), headers['dpop-nonce']);
    }
    assert.equal(prover.heard(request, response(400, {}, { error: 'use_dpop_nonce' })), false, 'demanded, and none given');
    assert.equal(await nonceOf(prover, request), 'n-4');
  });

  test('a resource demands it in its challenge', async () => {
    const { prover } = await makeProver();
    const asked = { method: 'POST', url: RESOURCE, accessToken };
    const challenge = (text: string) => response(401, { 'dpop-nonce': 'n-1', 'www-authenticate': text });
    assert.equal(prover.heard(asked, challenge('DPoP error="use_dpop_nonce", error_description="x"')), true);
    assert.equal(prover.heard(asked, challenge('Bearer realm="x", DPoP algs="ES256", error="use_dpop_nonce"')), true);
    for (const text of ['Bearer error="use_dpop_nonce"', 'DPoP error="invalid_token"', 'DPoP', '', ',,,="']) assert.equal(prover.heard(asked, challenge(text)), false, text);
    assert.equal(prover.heard(asked, response(403, { 'dpop-nonce': 'n-1', 'www-authenticate': 'DPoP error="use_dpop_nonce"' })), false);
    assert.equal(await nonceOf(prover, asked), 'n-1');
  });

  test('each origin has its own, and as a resource another one than as an authorization server', async () => {
    const { prover } = await makeProver();
    prover.heard({ method: 'POST', url: TOKEN_URL }, response(200, { 'dpop-nonce': 'of-as' }));
    prover.heard({ method: 'GET', url: 'https://as.example/mcp', accessToken }, response(200, { 'dpop-nonce': 'of-resource' }));
    assert.equal(await nonceOf(prover, { method: 'POST', url: 'https://as.example/other' }), 'of-as');
    assert.equal(await nonceOf(prover, { method: 'POST', url: 'https://as.example/other', accessToken }), 'of-resource');
    assert.equal(await nonceOf(prover, { method: 'POST', url: 'https://as.example:8443/token' }), undefined);
    assert.equal(await nonceOf(prover, { method: 'POST', url: 'https://other.example/token' }), undefined);
  });

  test('what is no nonce is not used, and the number of those kept is bounded', async () => {
    const { prover } = await makeProver();
    for (const nonce of ['', 'a b', 'a"b', 'a\\b', 'é', 'x'.repeat(2_049)]) {
      assert.equal(prover.heard(request, response(400, { 'dpop-nonce': nonce }, { error: 'use_dpop_nonce' })), false);
      assert.equal(await nonceOf(prover, request), undefined);
    }
    for (let index = 0; index < 65; index++) prover.heard({ method: 'POST', url: `https://as-${index}.example/` }, response(200, { 'dpop-nonce': `n-${index}` }));
    assert.equal(await nonceOf(prover, { method: 'POST', url: 'https://as-0.example/' }), undefined);
    assert.equal(await nonceOf(prover, { method: 'POST', url: 'https://as-1.example/' }), 'n-1');
  });
});
