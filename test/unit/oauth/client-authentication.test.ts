import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Secret } from '../../../lib/base/secret.ts';
import { authenticateClient, chooseAuthMethod } from '../../../lib/oauth/client-authentication.ts';
import type { ClientAuthMethod, ClientProofs } from '../../../lib/oauth/client-authentication.ts';
import type { FormField } from '../../../lib/oauth/oauth-http.ts';
import { importSigningKey } from '../../../lib/oauth/signing-key.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const ISSUER = 'https://as.example/tenant';
const SERVER = { issuer: ISSUER, tokenEndpointAuthMethodsSupported: undefined, tokenEndpointAuthSigningAlgValuesSupported: undefined };
const clock = new FakeClock();
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signingKey = await importSigningKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), { keyId: 'k-1' });
const clientSecret = new Secret('p+w=%');

const reveal = (value: string | Secret | undefined): string => (value instanceof Secret ? value.reveal() : String(value));
const shown = (fields: readonly FormField[]): string[][] => fields.map(([name, value]) => [name, reveal(value)]);

describe('chooseAuthMethod', () => {
  const secret: ClientProofs = { clientSecret };
  const key: ClientProofs = { signingKey };
  const rows: ReadonlyArray<readonly [what: string, proofs: ClientProofs, listed: readonly string[] | undefined, chosen: ClientAuthMethod, registered?: ClientAuthMethod]> = [
    ['a secret, and a server that lists nothing (RFC 8414, 2)', secret, undefined, 'client_secret_basic'],
    ['a secret, and a server that lists post', secret, ['client_secret_post'], 'client_secret_post'],
    ['a secret, and a server that lists both', secret, ['none', 'client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    ['a secret, and a server that knows public clients only', secret, ['none'], 'none'],
    ['a secret, registered for post', secret, ['client_secret_basic', 'client_secret_post'], 'client_secret_post', 'client_secret_post'],
    ['a secret, registered as a public client', secret, undefined, 'none', 'none'],
    ['a key, and a server that lists nothing', key, undefined, 'private_key_jwt'],
    ['a key, and a server that lists it', key, ['client_secret_basic', 'private_key_jwt'], 'private_key_jwt'],
    ['a key and a secret', { clientSecret, signingKey }, ['client_secret_basic', 'private_key_jwt'], 'private_key_jwt'],
    ['a key and a secret, and a server without keys', { clientSecret, signingKey }, ['client_secret_basic'], 'client_secret_basic'],
    ['nothing, and a server that lists nothing', {}, undefined, 'none'],
    ['nothing, and a server that lists it', {}, ['none'], 'none'],
    ['nothing, and a server that does not list it', {}, ['client_secret_basic'], 'none'],
  ];
  for (const [what, proofs, listed, chosen, registered] of rows) {
    test(`${what}: ${chosen}`, () => {
      assert.equal(chooseAuthMethod(proofs, { issuer: ISSUER, tokenEndpointAuthMethodsSupported: listed }, registered), chosen);
    });
  }

  test('what a client has nothing for is refused, and told', () => {
    const asked = { issuer: ISSUER, tokenEndpointAuthMethodsSupported: ['tls_client_auth', 'private_key_jwt\u202e'] };
    assert.throws(() => chooseAuthMethod(secret, asked), { code: 'ERR_MCP_AUTH_REGISTRATION', message: /by client_secret_basic or client_secret_post, and .*wants tls_client_auth, private_key_jwt\\u\{202e\}/ });
    assert.throws(() => chooseAuthMethod(key, { ...asked, tokenEndpointAuthMethodsSupported: ['client_secret_basic'] }), { code: 'ERR_MCP_AUTH_REGISTRATION' });
    assert.throws(() => chooseAuthMethod({}, asked, 'client_secret_basic'), { code: 'ERR_MCP_AUTH_REGISTRATION', message: /by none, and .*wants client_secret_basic/ });
  });
});

describe('authenticateClient', () => {
  test('none: the id, in the form', async () => {
    assert.deepEqual(await authenticateClient({ clientId: 'me', tokenEndpointAuthMethod: 'none' }, SERVER, clock), { fields: [['client_id', 'me']], headers: {} });
  });

  test('client_secret_post: id and secret, in the form', async () => {
    const { fields, headers } = await authenticateClient({ clientId: 'me', tokenEndpointAuthMethod: 'client_secret_post', clientSecret }, SERVER, clock);
    assert.deepEqual([shown(fields), headers], [[['client_id', 'me'], ['client_secret', 'p+w=%']], {}]);
  });

  test('client_secret_basic: id and secret encoded as in forms, then base64; nothing in the form (RFC 6749, 2.3.1)', async () => {
    const proof = await authenticateClient({ clientId: 'a:b c', tokenEndpointAuthMethod: 'client_secret_basic', clientSecret }, SERVER, clock);
    assert.deepEqual(proof.fields, []);
    assert.equal(reveal(proof.headers['Authorization']), 'Basic YSUzQWIrYzpwJTJCdyUzRCUyNQ==');
    assert.ok(!inspect(proof, { depth: 9, showHidden: true }).includes('YSUz'));
    const unusual = await authenticateClient({ clientId: 'é☃', tokenEndpointAuthMethod: 'client_secret_basic', clientSecret: new Secret('~*-._') }, SERVER, clock);
    assert.equal(Buffer.from(reveal(unusual.headers['Authorization']).slice(6), 'base64').toString(), '%C3%A9%E2%98%83:%7E*-._');
  });

  test('private_key_jwt: iss and sub are the client, aud is the issuer, jti is new each time (RFC 7523, 3)', async () => {
    const client = { clientId: 'me', tokenEndpointAuthMethod: 'private_key_jwt', signingKey } as const;
    const seen = new Set<unknown>();
    for (let times = 0; times < 3; times++) {
      const { fields, headers } = await authenticateClient(client, { ...SERVER, tokenEndpointAuthSigningAlgValuesSupported: ['RS256', 'ES256'] }, clock);
      const [[, type], [, assertion = '']] = shown(fields) as [string[], string[]];
      assert.deepEqual([fields.map(([name]) => name), type, headers], [['client_assertion_type', 'client_assertion'], 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', {}]);
      const [head = '', payload = '', signature = ''] = assertion.split('.');
      assert.ok(verify('sha256', Buffer.from(`${head}.${payload}`), { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
      assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url').toString()), { alg: 'ES256', kid: 'k-1', typ: 'JWT' });
      const { jti, ...claims } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string };
      const iat = Date.UTC(2026, 0, 1) / 1_000;
      assert.deepEqual(claims, { iss: 'me', sub: 'me', aud: ISSUER, iat, exp: iat + 120 });
      assert.match(jti, /^[\w-]{22}$/);
      seen.add(jti);
    }
    assert.equal(seen.size, 3);
  });

  test('private_key_jwt: a server that takes other algorithms only', async () => {
    const client = { clientId: 'me', tokenEndpointAuthMethod: 'private_key_jwt', signingKey } as const;
    const server = { ...SERVER, tokenEndpointAuthSigningAlgValuesSupported: ['PS512'] };
    await assert.rejects(authenticateClient(client, server, clock), { code: 'ERR_MCP_AUTH_REGISTRATION', message: /signed with PS512; the key of the client is one for ES256/ });
  });

  test('a method without what it takes is a mistake of the caller', async () => {
    for (const method of ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const) {
      await assert.rejects(authenticateClient({ clientId: 'me', tokenEndpointAuthMethod: method }, SERVER, clock), TypeError);
    }
  });
});
