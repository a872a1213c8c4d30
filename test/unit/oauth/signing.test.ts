import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { base64URLToBytes, bytesToBase64URL } from '../../../lib/base/base64.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { jwkThumbprint } from '../../../lib/oauth/jwk-thumbprint.ts';
import { sha256Base64URL, signJWS, signJWT } from '../../../lib/oauth/jwt.ts';
import { importSigningKey } from '../../../lib/oauth/signing-key.ts';

const LIMIT = { timeout: 30_000 };
const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');

/** Whether `jws` is signed by the key, as node:crypto sees it. */
function isSigned(jws: string, publicKey: ReturnType<typeof createPublicKey>): boolean {
  const at = jws.lastIndexOf('.');
  const isEC = publicKey.asymmetricKeyType === 'ec';
  const digest = publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(digest, Buffer.from(jws.slice(0, at)), isEC ? { key: publicKey, dsaEncoding: 'ieee-p1363' } : publicKey, Buffer.from(jws.slice(at + 1), 'base64url'));
}

const partOf = (jws: string, index: number): unknown => JSON.parse(Buffer.from(jws.split('.')[index] ?? '', 'base64url').toString());

describe('base64url', () => {
  test('is what node:buffer makes of the same bytes, and comes back', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 151 + length) % 256);
      const text = bytesToBase64URL(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64url'));
      assert.deepEqual(base64URLToBytes(text), bytes);
    }
  });

  test('padding, other characters and impossible lengths are not it', () => {
    for (const text of ['AA==', 'A', 'AAAAA', 'A+', 'A/', 'A A', 'é']) assert.equal(base64URLToBytes(text), undefined, text);
  });
});

describe('importSigningKey: which key it is', () => {
  const given = [
    ['ES256', ec, 'EC'],
    ['RS256', rsa, 'RSA'],
    ['EdDSA', ed, 'OKP'],
  ] as const;

  for (const [algorithm, pair] of given) {
    test(`${algorithm}: PEM, JWK, the JSON of a JWK, and as a Secret; cannot be exported; what is signed is verified by node:crypto`, LIMIT, async () => {
      const pem = pair.privateKey.export(PKCS8).toString();
      const jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'k-1' };
      for (const material of [pem, new Secret(`\n${pem}\n`), jwk, JSON.stringify(jwk), { ...jwk, alg: algorithm, use: 'sig', key_ops: ['sign'], ext: true }]) {
        const signer = await importSigningKey(material);
        assert.equal(signer.algorithm, algorithm);
        assert.equal(signer.keyId, typeof material === 'string' && material.startsWith('-') ? undefined : material instanceof Secret ? undefined : 'k-1');
        assert.deepEqual([signer.key.extractable, [...signer.key.usages]], [false, ['sign']]);
        const jws = await signJWT(signer, { sub: 'me' });
        assert.ok(isSigned(jws, pair.publicKey), algorithm);
        assert.deepEqual(partOf(jws, 1), { sub: 'me' });
        assert.equal((partOf(jws, 0) as { alg: string }).alg, algorithm);
        await assert.rejects(crypto.subtle.exportKey('jwk', signer.key));
      }
    });
  }

  test('an algorithm that is asked for is held to; a key id that is given goes before that of the JWK', LIMIT, async () => {
    const pem = ec.privateKey.export(PKCS8).toString();
    assert.equal((await importSigningKey(pem, { algorithm: 'ES256', keyId: 'mine' })).keyId, 'mine');
    await assert.rejects(importSigningKey(pem, { algorithm: 'RS256' }), { name: 'TypeError', message: /is none for RS256, or is damaged/ });
    await assert.rejects(importSigningKey(pem, { algorithm: 'EdDSA' }), { message: /use ES256$/ });
    await assert.rejects(importSigningKey(ec.privateKey.export({ format: 'jwk' }) as never, { algorithm: 'RS256' }), { message: /no key for RS256: kty "EC", crv "P-256"/ });
    await assert.rejects(importSigningKey(pem, { algorithm: 'HS256' as never }), RangeError);
    assert.equal((await importSigningKey({ ...ec.privateKey.export({ format: 'jwk' }), kid: 'theirs' }, { keyId: 'mine' })).keyId, 'mine');
  });
});

describe('importSigningKey: what is no key is told without showing it', () => {
  const pem = ec.privateKey.export(PKCS8).toString();
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(PKCS8).toString();
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const jwk = ec.privateKey.export({ format: 'jwk' }) as { readonly d: string };
  const cases: ReadonlyArray<readonly [what: string, given: unknown, message: RegExp]> = [
    ['PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }), /this is one of PKCS#1; openssl pkcs8 -topk8/],
    ['SEC 1', ec.privateKey.export({ type: 'sec1', format: 'pem' }), /this is one of SEC 1/],
    ['a public key', ec.publicKey.export({ type: 'spki', format: 'pem' }), /this is the public key/],
    ['an encrypted one', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----', /this one is encrypted/],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /this is a certificate/],
    ['line ends lost', pem.replaceAll('\n', '\\n'), /have become a backslash and an n/],
    ['cut', `${pem.slice(0, 60)}\n-----END PRIVATE KEY-----`, /or is damaged/],
    ['P-384', p384.export(PKCS8), /is none for ES256, RS256, EdDSA/],
    ['P-384 as JWK', p384.export({ format: 'jwk' }), /kty "EC", crv "P-384"/],
    ['RSA of 1024 bits', small, /at least 2048 bits; this one has 1024/],
    ['a public JWK', ec.publicKey.export({ format: 'jwk' }), /has no member d: it is a public key/],
    ['a damaged JWK', { ...jwk, d: jwk.d.slice(2) }, /its members do not make a key/],
    ['a JWK of an algorithm that we do not sign with', { ...jwk, alg: 'ES384' }, /alg "ES384"/],
    ['a JWK with inherited members', Object.create(jwk), /kty undefined/],
    ['JSON that is none', '{"kty":"EC"', /must be an object, or the JSON of one/],
    ['nothing', '', /must be the text from -----BEGIN PRIVATE KEY-----/],
    ['a number', 5, /must be PEM text or a JWK; got the number 5/],
  ];
  for (const [what, given, message] of cases) {
    test(what, LIMIT, async () => {
      const text = given instanceof Buffer ? given.toString() : given;
      await assert.rejects(importSigningKey(text as string), (error: Error) => {
        assert.equal(error.name, 'TypeError');
        assert.match(error.message, message);
        assert.ok(!inspect(error).includes(jwk.d.slice(4, 20)), 'the key is not shown');
        return true;
      });
    });
  }
});

describe('signJWS', () => {
  // Source: RFC 8037 appendix A.1 and A.4, which has one signature only: Ed25519 is deterministic.
  test('Ed25519 of RFC 8037, A.4', LIMIT, async () => {
    const signer = await importSigningKey({ kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
    assert.equal(
      await signJWS(signer, 'Example of Ed25519 signing'),
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    );
  });

  test('the header has alg, kid and what is asked for; text outside ASCII travels as UTF-8', LIMIT, async () => {
    const signer = await importSigningKey(ec.privateKey.export(PKCS8).toString(), { keyId: 'ключ' });
    const jws = await signJWT(signer, { name: '☃' }, { typ: 'dpop+jwt' });
    assert.deepEqual([partOf(jws, 0), partOf(jws, 1)], [{ alg: 'ES256', kid: 'ключ', typ: 'dpop+jwt' }, { name: '☃' }]);
    assert.ok(isSigned(jws, ec.publicKey));
    assert.match(jws, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  });
});

describe('jwkThumbprint', () => {
  test('the private key and the public one have the same, whatever else stands in them', LIMIT, async () => {
    const [own, shared] = [ec.privateKey.export({ format: 'jwk' }), ec.publicKey.export({ format: 'jwk' })];
    const { crv, kty, x, y } = shared;
    const expected = await sha256Base64URL(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`);
    for (const jwk of [own, shared, { ...own, kid: 'a', alg: 'ES256', use: 'sig' }]) assert.equal(await jwkThumbprint({ ...jwk }), expected);
  });

  test('another kind, and a member that is missing, are refused', LIMIT, async () => {
    await assert.rejects(jwkThumbprint({ kty: 'oct', k: 'AA' }), { name: 'TypeError', message: /kty EC, RSA or OKP/ });
    await assert.rejects(jwkThumbprint({ kty: 'EC', crv: 'P-256', x: 'AA' }), { message: /member y/ });
    await assert.rejects(jwkThumbprint(Object.create({ kty: 'RSA', n: 'AA', e: 'AQAB' })), TypeError);
  });
});
