import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { defaultAuthorizationServer } from '../../../lib/oauth/authorization-server-metadata.ts';
import type { AuthorizationServer } from '../../../lib/oauth/authorization-server.ts';
import { checkClientDocumentURL, chooseOAuthClient } from '../../../lib/oauth/client-choice.ts';
import type { ClientSources } from '../../../lib/oauth/client-choice.ts';
import { registerClient, registrationRequest } from '../../../lib/oauth/client-registration.ts';
import type { ClientDescription } from '../../../lib/oauth/client-registration.ts';
import { applicationTypeOf, checkRedirectURI } from '../../../lib/oauth/redirect-uri.ts';
import { clientFromJSON, clientToJSON, isUsableClient } from '../../../lib/oauth/registered-client.ts';
import type { RegisteredClient } from '../../../lib/oauth/registered-client.ts';
import { ScriptedOAuthHTTP } from '../../helpers/oauth-http.ts';
import type { Scripted } from '../../helpers/oauth-http.ts';

const ENDLESS = new AbortController().signal;
const ISSUER = 'https://as.example';
const NATIVE = 'http://127.0.0.1:3000/callback';
const WEB = 'https://app.example/callback';
const NOW = Date.UTC(2026, 0, 1);

const server: AuthorizationServer = { ...defaultAuthorizationServer(ISSUER), tokenEndpointAuthMethodsSupported: undefined };
const description: ClientDescription = { clientName: 'The App', redirectUris: [NATIVE], wantsRefreshToken: true };

async function register(answer: Scripted, about: Partial<ClientDescription> = {}, at: AuthorizationServer = server): Promise<{ readonly client: RegisteredClient; readonly http: ScriptedOAuthHTTP }> {
  const http = new ScriptedOAuthHTTP({ [`${ISSUER}/register`]: answer });
  return { client: await registerClient(http, at, { ...description, ...about }, ENDLESS), http };
}

async function refusal(answer: Scripted, about: Partial<ClientDescription> = {}): Promise<AuthorizationError> {
  const error = await register(answer, about).then(() => assert.fail('it resolved'), (reason: unknown) => reason);
  assert.ok(error instanceof AuthorizationError, inspect(error));
  assert.equal(error.code, 'ERR_MCP_AUTH_REGISTRATION');
  return error;
}

describe('what is asked for at registration (RFC 7591 section 2)', () => {
  test('a program of the user’s machine', () => {
    assert.deepEqual(registrationRequest({ ...server, tokenEndpointAuthMethodsSupported: ['client_secret_basic', 'none'] }, description), {
      client_name: 'The App',
      redirect_uris: [NATIVE],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    });
  });

  test('a program of another machine, with all that can be said', () => {
    const whole = { ...description, redirectUris: [WEB], clientUri: 'https://app.example', logoUri: 'https://app.example/logo.png', softwareId: 'app', softwareVersion: '1.0', scopes: ['a', 'b'], wantsRefreshToken: false };
    assert.deepEqual(registrationRequest({ ...server, tokenEndpointAuthMethodsSupported: ['none', 'client_secret_post', 'client_secret_basic'] }, whole), {
      client_name: 'The App',
      redirect_uris: [WEB],
      application_type: 'web',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      client_uri: 'https://app.example',
      logo_uri: 'https://app.example/logo.png',
      software_id: 'app',
      software_version: '1.0',
      scope: 'a b',
    });
  });

  test('how it will prove itself is one way that the server knows', () => {
    const asked = (listed: readonly string[] | undefined, uri: string): unknown =>
      registrationRequest({ ...server, tokenEndpointAuthMethodsSupported: listed }, { ...description, redirectUris: [uri] })['token_endpoint_auth_method'];
    const rows: readonly (readonly [readonly string[] | undefined, string, string])[] = [
      [undefined, 'client_secret_basic', 'client_secret_basic'], [['none'], 'none', 'none'], [['client_secret_post'], 'client_secret_post', 'client_secret_post'],
      [['tls_client_auth', 'client_secret_post', 'none'], 'none', 'client_secret_post'],
    ];
    for (const [listed, native, web] of rows) assert.deepEqual([asked(listed, NATIVE), asked(listed, WEB)], [native, web], String(listed));
    for (const listed of [[], ['tls_client_auth'], ['private_key_jwt']]) assert.throws(() => asked(listed, NATIVE), { code: 'ERR_MCP_AUTH_REGISTRATION' });
  });

  test('no refresh tokens where the server does not know them', () => {
    const grants = (grantTypesSupported: readonly string[] | undefined): unknown => registrationRequest({ ...server, grantTypesSupported }, description)['grant_types'];
    assert.deepEqual(grants(['authorization_code']), ['authorization_code']);
    assert.deepEqual(grants(['refresh_token']), ['authorization_code', 'refresh_token']);
  });
});

describe('what comes back from registration (RFC 7591 section 3.2)', () => {
  test('a client with a secret that ends', async () => {
    const { client, http } = await register({ status: 201, json: { client_id: 'c1', client_secret: 's3cret', client_secret_expires_at: 1_800_000_000, token_endpoint_auth_method: 'client_secret_post', redirect_uris: [NATIVE] } });
    assert.deepEqual({ ...client, clientSecret: client.clientSecret?.reveal() }, { kind: 'dynamic', issuer: ISSUER, clientId: 'c1', clientSecret: 's3cret', registeredMethod: 'client_secret_post', secretExpiresAtMs: 1_800_000_000_000 });
    assert.deepEqual(http.urls, [`${ISSUER}/register`]);
    assert.deepEqual(http.asked[0]?.headers, {});
    assert.ok(!inspect(client, { depth: 9 }).includes('s3cret'));
  });

  test('status 200, no secret, no method, no expiry field, unknown members', async () => {
    const { client } = await register({ client_id: 'c1', client_name: 'x', registration_access_token: 'y' });
    assert.deepEqual(client, { kind: 'dynamic', issuer: ISSUER, clientId: 'c1', clientSecret: undefined, registeredMethod: undefined, secretExpiresAtMs: undefined });
    for (const client_secret_expires_at of [undefined, null, 0]) assert.equal((await register({ client_id: 'c', client_secret: 's', client_secret_expires_at })).client.secretExpiresAtMs, undefined);
    assert.equal((await register({ client_id: 'c', client_secret: 's', client_secret_expires_at: 1e300 })).client.secretExpiresAtMs, Number.MAX_SAFE_INTEGER);
  });

  test('an initial access token goes along as a secret', async () => {
    const { http } = await register({ client_id: 'c1' }, { initialAccessToken: new Secret('t0ken') });
    const header = http.asked[0]?.headers?.['Authorization'];
    assert.ok(header instanceof Secret);
    assert.equal(header.reveal(), 'Bearer t0ken');
  });

  test('what was registered must be what was asked for', async () => {
    const rows: readonly JSONObject[] = [
      {}, { client_id: '' }, { client_id: 7 }, { client_id: 'a\n' }, { client_id: 'a'.repeat(4_097) }, { client_id: 'c', client_secret: 7 }, { client_id: 'c', client_secret: 's\u0000' }, { client_id: 'c', client_secret: '' },
      { client_id: 'c', redirect_uris: ['https://evil.example/'] }, { client_id: 'c', redirect_uris: [NATIVE, 'https://evil.example/'] }, { client_id: 'c', redirect_uris: [] }, { client_id: 'c', redirect_uris: [`${NATIVE}/`] },
      { client_id: 'c', redirect_uris: NATIVE }, { client_id: 'c', token_endpoint_auth_method: 'tls_client_auth' }, { client_id: 'c', token_endpoint_auth_method: 7 }, { client_id: 'c', grant_types: ['implicit'] },
      { client_id: 'c', client_secret: 's', client_secret_expires_at: -1 }, { client_id: 'c', client_secret: 's', client_secret_expires_at: '0' }, JSON.parse('{"__proto__":{"client_id":"c"}}') as JSONObject,
    ];
    for (const json of rows) assert.match((await refusal({ status: 201, json })).message, /^The answer of the registration endpoint is not valid: /, JSON.stringify(json));
    assert.match((await refusal({ status: 200, json: undefined })).message, /status 200 and no JSON object/);
    assert.equal((await register({ client_id: 'c', redirect_uris: [WEB, NATIVE] }, { redirectUris: [NATIVE, WEB] })).client.clientId, 'c');
  });

  test('a server that takes no scopes here is asked once more without them, and no other one is', async () => {
    const refused = { status: 400, json: { error: 'invalid_client_metadata', error_description: 'scope' } };
    const { client, http } = await register(({ body }) => (body !== undefined && 'scope' in body ? refused : { client_id: 'c' }), { scopes: ['a', 'b'] });
    assert.equal(client.clientId, 'c');
    const [first, second, ...more] = http.asked.map(({ body }) => body);
    assert.deepEqual([first?.['scope'], more.length], ['a b', 0]);
    assert.deepEqual({ ...second, scope: 'a b' }, first);

    const askedIn = async (json: JSONObject, scopes: readonly string[] | undefined): Promise<number> => {
      const scripted = new ScriptedOAuthHTTP({ [`${ISSUER}/register`]: { status: 400, json } });
      await assert.rejects(registerClient(scripted, server, { ...description, scopes }, ENDLESS), { code: 'ERR_MCP_AUTH_REGISTRATION' });
      return scripted.asked.length;
    };
    assert.deepEqual(await Promise.all([askedIn(refused.json, ['a']), askedIn(refused.json, undefined), askedIn({ error: 'invalid_redirect_uri' }, ['a'])]), [2, 1, 1]);
  });

  test('a refusal says why, escaped, and what to do about a redirect URI', async () => {
    const error = await refusal({ status: 400, json: { error: 'invalid_redirect_uri', error_description: 'not\u001b[31m here' } });
    assert.deepEqual(error.details, { status: 400, error: 'invalid_redirect_uri' });
    assert.equal(
      error.message,
      'The client could not be registered: it answered with status 400 and "invalid_redirect_uri": "not\\u{1b}[31m here"; the client was registered as native, change the redirect URI to one that this server takes for that',
    );
    assert.match((await refusal({ status: 403, json: undefined })).message, /it answered with status 403$/);
    assert.deepEqual((await refusal({ status: 400, json: { error: '<"x">' } })).details, { status: 400, error: undefined });
    const nowhere = await register({}, {}, { ...server, registrationEndpoint: undefined }).catch((reason: unknown) => reason);
    assert.ok(nowhere instanceof AuthorizationError && nowhere.code === 'ERR_MCP_AUTH_REGISTRATION');
  });
});

describe('as which client a host comes (MCP, client registration)', () => {
  const none: ClientSources = { preRegistered: [], document: undefined, stored: undefined, description: undefined };
  const preRegistered = [{ issuer: 'https://other.example', clientId: 'other' }, { issuer: ISSUER, clientId: 'mine', clientSecret: new Secret('s') }];
  const document = { url: 'https://app.example/client.json', tokenEndpointAuthMethod: 'none' } as const;
  const stored: RegisteredClient = { kind: 'dynamic', issuer: ISSUER, clientId: 'before', clientSecret: undefined, registeredMethod: 'none', secretExpiresAtMs: undefined };
  const reads = { ...server, clientIdMetadataDocumentSupported: true };
  const idOf = (at: AuthorizationServer, sources: Partial<ClientSources>): string => {
    const choice = chooseOAuthClient(at, { ...none, ...sources }, NOW);
    return 'client' in choice ? `${choice.client.kind} ${choice.client.clientId}` : `register ${choice.register.clientName}`;
  };

  test('registered by the host, then by its document, then as before, then anew', () => {
    const all = { preRegistered, document, stored, description };
    assert.equal(idOf(reads, all), 'pre-registered mine');
    assert.equal(idOf(reads, { ...all, preRegistered: [] }), 'metadata-document https://app.example/client.json');
    assert.equal(idOf(server, { ...all, preRegistered: [] }), 'dynamic before');
    assert.equal(idOf(server, { ...all, preRegistered: [], stored: undefined }), 'register The App');
  });

  test('nothing crosses from one issuer to another', () => {
    const elsewhere = { ...reads, issuer: 'https://as.example/' };
    assert.equal(idOf(elsewhere, { preRegistered, stored, description }), 'register The App');
    assert.throws(() => idOf({ ...elsewhere, registrationEndpoint: undefined }, { preRegistered, stored, description }), { code: 'ERR_MCP_AUTH_REGISTRATION', message: /those of "https:\/\/other\.example", "https:\/\/as\.example"/ });
    assert.equal(idOf(elsewhere, { document }), 'metadata-document https://app.example/client.json');
    const choice = chooseOAuthClient(elsewhere, { ...none, document }, NOW);
    assert.ok('client' in choice && choice.client.issuer === 'https://as.example/');
  });

  test('a secret that has ended is not used', () => {
    const ending = { ...stored, secretExpiresAtMs: NOW + 1 };
    assert.equal(idOf(server, { stored: ending, description }), 'dynamic before');
    assert.equal(idOf(server, { stored: { ...ending, secretExpiresAtMs: NOW }, description }), 'register The App');
    assert.ok(isUsableClient(stored, NOW));
  });

  test('without any, the error says what can be done', () => {
    assert.throws(() => idOf({ ...reads, registrationEndpoint: undefined }, {}), { code: 'ERR_MCP_AUTH_REGISTRATION', message: /give its id, or give the URL of a client metadata document$/ });
    assert.throws(() => idOf(server, { document }), { message: /give its id, or let the client be registered$/ });
  });

  test('the URL of a document is an id: https, with a path, with nothing to change', () => {
    for (const url of [document.url, 'https://app.example/a?v=1', 'https://app.example:8443/a/']) assert.equal(checkClientDocumentURL('document', url), url);
    const bad = ['http://app.example/a', 'https://app.example', 'https://app.example/', 'https://app.example/a#b', 'https://app.example/a#', 'https://u:p@app.example/a', 'https://app.example/a/../b', 'https://app.example/./a', 'HTTPS://app.example/a', 'https://App.example/a', 'https://app.example:443/a', 'https://app.example/a b', 'app.example/a', '', 7, undefined];
    for (const url of bad) assert.throws(() => checkClientDocumentURL('document', url), TypeError, String(url));
  });
});

describe('what is stored of a client', () => {
  const client: RegisteredClient = { kind: 'dynamic', issuer: ISSUER, clientId: 'c', clientSecret: new Secret('s'), registeredMethod: 'client_secret_basic', secretExpiresAtMs: NOW };

  test('comes back from JSON, for its issuer only', () => {
    for (const one of [client, { ...client, clientSecret: undefined, registeredMethod: undefined, secretExpiresAtMs: undefined }]) {
      const back = clientFromJSON(JSON.parse(JSON.stringify(clientToJSON(one))), ISSUER);
      assert.deepEqual({ ...back, clientSecret: back?.clientSecret?.reveal() }, { ...one, clientSecret: one.clientSecret?.reveal() });
    }
    assert.equal(clientFromJSON(clientToJSON(client), `${ISSUER}/`), undefined);
  });

  test('what is no stored client is none', () => {
    const json = clientToJSON(client);
    const rows = [undefined, null, 7, [], {}, { ...json, version: 2 }, { ...json, kind: 'x' }, { ...json, clientId: '' }, { ...json, clientSecret: 7 }, { ...json, registeredMethod: 'x' }, { ...json, secretExpiresAtMs: '1' }, Object.create(json)];
    for (const row of rows) assert.equal(clientFromJSON(row, ISSUER), undefined, inspect(row));
  });
});

describe('where a user comes back to', () => {
  test('https, or this machine', () => {
    for (const uri of [WEB, NATIVE, 'http://localhost:1/', 'http://[::1]:8080/cb?x=1', 'https://localhost/']) assert.equal(checkRedirectURI('redirectUri', uri), uri);
    for (const uri of ['http://app.example/', 'myapp://callback', 'com.example.app:/cb', 'javascript:alert(1)', `${WEB}#x`, `${WEB}#`, 'https://u@app.example/', ' https://app.example/', 'https://app.example/\n', '/callback', '', 7, undefined]) {
      assert.throws(() => checkRedirectURI('redirectUri', uri), { name: 'TypeError', message: /^redirectUri must be/ }, String(uri));
    }
  });

  test('web only where every URI is of another machine', () => {
    assert.deepEqual([[WEB], [NATIVE], [WEB, NATIVE], ['https://localhost/x']].map(applicationTypeOf), ['web', 'native', 'native', 'native']);
  });
});
