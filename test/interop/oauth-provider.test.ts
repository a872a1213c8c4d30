/** Authorization with an authorization server by another author, `oidc-provider`, in front of the official server. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { AuthorizationError, InMemoryTokenStore, createOAuth } from '../../lib/index.ts';
import type { ErrorCode, OAuthClientOptions, OAuthOptions } from '../../lib/index.ts';
import type { ClientMetadata } from 'oidc-provider';
import { READ, WRITE } from './bearer-guard.ts';
import { REDIRECT_URL, addsUp, withScene } from './oauth-scene.ts';
import type { Scene } from './oauth-scene.ts';
import { LEGACY, MODERN, PINNED } from './official-roads.ts';
import { withSessions } from './official-servers.ts';
import { until } from './peers.ts';

/** That an error is ours, with this code and these details. */
const failsWith = (code: ErrorCode, details: Readonly<Record<string, unknown>> = {}) => (error: unknown): boolean => {
  assert.ok(error instanceof AuthorizationError, String(error));
  assert.equal(error.code, code, error.message);
  assert.deepEqual(Object.fromEntries(Object.keys(details).map((name) => [name, error.details[name]])), details);
  return true;
};

/** The value of the only request with which the server let somebody in last. */
const lastLetIn = ({ guarded }: Scene): string => [...guarded.letIn].at(-1) ?? '';

/** What a registration begins with: the scopes of the MCP server, which this authorization server does not take there. */
const FIRST_REFUSAL = 'invalid_client_metadata';

describe('a user who signs in with oidc-provider', () => {
  for (const [name, handler, options, [era, revision]] of [
    ['the modern era', undefined, {}, MODERN],
    ['the legacy era without sessions', undefined, PINNED, LEGACY],
    ['the legacy era with sessions', withSessions(1_000), PINNED, LEGACY],
  ] as const) {
    test(`calls a tool: ${name}`, async () => {
      await withScene(handler === undefined ? {} : { handler }, async (scene) => {
        const server = await scene.connect({}, options);
        assert.deepEqual([server.era, server.protocolVersion], [era, revision]);
        await addsUp(server);
        const { issuer, log } = scene.authorizationServer;
        assert.deepEqual([log.registered.length, log.granted, log.refused], [1, ['authorization_code'], [FIRST_REFUSAL]]);
        assert.deepEqual(scene.shown.map((shown) => [shown.issuer, shown.scopes]), [[issuer, [READ, 'offline_access']]]);
        assert.deepEqual(scene.guarded.refused, ['401 no token']);
        assert.deepEqual([...scene.guarded.letIn].map((value) => value.split(' ')[0]), ['Bearer']);
      });
    });
  }

  test('a token that expires is refreshed, time after time, with the refresh token that came last', async () => {
    await withScene({ guard: { lifeS: 1 } }, async (scene) => {
      const server = await scene.connect();
      const { authorizationServer, guarded, shown } = scene;
      for (const refreshes of [1, 2]) {
        const { size } = guarded.letIn;
        await until(() => authorizationServer.store.count('AccessToken') === 0, 'the token expires');
        await addsUp(server);
        assert.equal(guarded.letIn.size, size + 1);
        assert.deepEqual(authorizationServer.log.granted, ['authorization_code', ...Array<string>(refreshes).fill('refresh_token')]);
        // Who shows one that was used already loses everything here.
        assert.equal(authorizationServer.store.count('RefreshToken'), 1);
      }
      assert.deepEqual([shown.length, authorizationServer.log.refused], [1, [FIRST_REFUSAL]]);
    });
  });

  test('200 calls at once with a token that was withdrawn refresh it once', async () => {
    await withScene({}, async (scene) => {
      const server = await scene.connect();
      const { store, log } = scene.authorizationServer;
      await addsUp(server);
      assert.equal(store.forget('AccessToken'), 1);
      const sums = await Promise.all(Array.from({ length: 200 }, (_, a) => server.callTool('add', { a, b: 1 })));
      assert.deepEqual(sums.map(({ structuredContent }) => structuredContent), Array.from({ length: 200 }, (_, a) => ({ sum: a + 1 })));
      assert.deepEqual([log.granted, scene.shown.length, scene.guarded.letIn.size], [['authorization_code', 'refresh_token'], 1, 2]);
    });
  });

  test('whose refresh token is withdrawn signs in again', async () => {
    await withScene({}, async (scene) => {
      const server = await scene.connect();
      const { store, log } = scene.authorizationServer;
      assert.equal(store.forget('AccessToken', 'RefreshToken'), 2);
      await addsUp(server);
      assert.deepEqual([log.granted, log.refused], [['authorization_code', 'authorization_code'], [FIRST_REFUSAL, 'invalid_grant']]);
      assert.deepEqual([log.registered.length, scene.shown.length], [1, 2]);
    });
  });

  test('allows more when a tool wants it, and keeps what was allowed before', async () => {
    await withScene({}, async (scene) => {
      const server = await scene.connect();
      const { content } = await server.callTool('write', { text: 'two', tell: false });
      assert.deepEqual(content, [{ type: 'text', text: 'wrote two' }]);
      assert.deepEqual(scene.shown.map(({ scopes }) => scopes?.toSorted()), [[READ, 'offline_access'], [READ, WRITE, 'offline_access']]);
      assert.deepEqual(scene.guarded.refused, ['401 no token', '403 insufficient_scope']);
      await addsUp(server);
      assert.deepEqual([scene.authorizationServer.log.registered.length, scene.shown.length, scene.guarded.letIn.size], [1, 2, 2]);
    });
  });

  test('is known to a second handle with the same store: neither registration nor sign-in', async () => {
    await withScene({}, async (scene) => {
      const tokenStore = new InMemoryTokenStore();
      await addsUp(await scene.connect({ tokenStore }));
      await addsUp(await scene.connect({ tokenStore }));
      const { log, store } = scene.authorizationServer;
      assert.deepEqual([log.registered.length, scene.shown.length, scene.guarded.letIn.size], [1, 1, 1]);
      // Without tokens the user signs in anew, as the client that is registered.
      store.forget('AccessToken', 'RefreshToken');
      await addsUp(await scene.connect({ tokenStore }));
      assert.deepEqual([log.registered.length, scene.shown.length], [1, 2]);
    });
  });

  test('says no: the call is told, and the next one asks again', async () => {
    await withScene({}, async (scene) => {
      const answers = ['deny', 'allow'] as const;
      const visit: OAuthOptions['signIn'] = ({ url }) => scene.browser.visit(url, answers[asked++]);
      let asked = 0;
      const denied = failsWith('ERR_MCP_AUTH_DENIED', { error: 'access_denied', issuer: scene.authorizationServer.issuer });
      const server = scene.handle(createOAuth({ ...scene.signedIn, signIn: visit, allowLoopback: true }));
      await assert.rejects(server.connect(), denied);
      await server.connect();
      await addsUp(server);
      assert.equal(asked, 2);
    });
  });
});

describe('a host that shows the URL by itself', () => {
  const ELSEWHERE = 'https://host.example/callback';

  test('hands what comes back to finish(), in another process if need be', async () => {
    await withScene({}, async (scene) => {
      const tokenStore = new InMemoryTokenStore();
      const options: OAuthOptions = { redirectUrl: ELSEWHERE, allowLoopback: true, tokenStore };
      const asking = scene.handle(createOAuth(options));
      let authorizationUrl = '';
      await assert.rejects(asking.connect(), (error) => {
        authorizationUrl = String((error as AuthorizationError).details['authorizationUrl']);
        return failsWith('ERR_MCP_AUTH_REQUIRED', { issuer: scene.authorizationServer.issuer })(error);
      });
      const callback = await scene.browser.visit(authorizationUrl);
      assert.equal(`${callback.origin}${callback.pathname}`, ELSEWHERE);
      assert.equal(callback.searchParams.get('iss'), scene.authorizationServer.issuer);

      const finishing = createOAuth(options);
      const server = scene.handle(finishing);
      await finishing.finish(callback);
      await server.connect();
      await addsUp(server);
      await asking.connect();
      await addsUp(asking);
      const { registered, granted } = scene.authorizationServer.log;
      assert.deepEqual([registered.length, granted, scene.guarded.letIn.size], [1, ['authorization_code'], 1]);
      await assert.rejects(finishing.finish(callback), failsWith('ERR_MCP_AUTH_RESPONSE'));
    });
  });

  test('is told when the authorization server does not redeem the code', async () => {
    await withScene({}, async (scene) => {
      const oauth = createOAuth({ redirectUrl: ELSEWHERE, allowLoopback: true });
      const server = scene.handle(oauth);
      const error: unknown = await server.connect().catch((reason: unknown) => reason);
      const callback = await scene.browser.visit(String((error as AuthorizationError).details['authorizationUrl']));
      assert.equal(scene.authorizationServer.store.forget('AuthorizationCode'), 1);
      await assert.rejects(oauth.finish(callback), failsWith('ERR_MCP_AUTH_REFUSED', { error: 'invalid_grant' }));
    });
  });
});

describe('what oidc-provider refuses', () => {
  const OTHER_REDIRECT = 'http://localhost:49152/other';
  const knownClient: ClientMetadata = {
    client_id: 'known',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: [REDIRECT_URL],
    grant_types: ['authorization_code', 'refresh_token'],
  };

  test('a client that is known signs a user in; with another redirect URL the user sees why not, and the host is told', async () => {
    await withScene({ authorizationServer: { clients: [knownClient] } }, async (scene) => {
      const client = { id: 'known', issuer: scene.authorizationServer.issuer };
      await addsUp(await scene.connect({ client }));
      await assert.rejects(scene.connect({ client, redirectUrl: OTHER_REDIRECT }), { message: /^The page says 400: invalid_redirect_uri: / });
      assert.deepEqual([scene.authorizationServer.log.registered, scene.authorizationServer.log.refused], [[], ['invalid_redirect_uri']]);
    });
  });

  test('a redirect URL that it registers for nobody', async () => {
    await withScene({}, async (scene) => {
      const refused = failsWith('ERR_MCP_AUTH_REGISTRATION', { status: 400, error: 'invalid_redirect_uri' });
      await assert.rejects(scene.connect({ redirectUrl: 'https://localhost/callback' }), refused);
      assert.deepEqual([scene.authorizationServer.log.registered, scene.shown], [[], []]);
    });
  });

  test('a resource that it does not know', async () => {
    await withScene({}, async (scene) => {
      scene.authorizationServer.serve(scene.guarded.url, undefined);
      await assert.rejects(scene.connect(), failsWith('ERR_MCP_AUTH_DENIED', { error: 'invalid_target' }));
    });
  });
});

describe('a client in its own name', () => {
  const machine: ClientMetadata = { client_id: 'machine', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] };
  const secret = 'a secret: of 100% & more';
  const publicJWK = ({ publicKey }: { readonly publicKey: KeyObject }, alg: string) => ({ ...publicKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg });
  const pairs = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  } as const;

  const rows: readonly (readonly [string, ClientMetadata, Omit<OAuthClientOptions, 'id'>])[] = [
    ...(['client_secret_basic', 'client_secret_post'] as const).map((method) => [method, { ...machine, client_secret: secret, token_endpoint_auth_method: method }, { secret, authMethod: method }] as const),
    ...(['ES256', 'RS256', 'EdDSA'] as const).map((algorithm) => {
      const known = { ...machine, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: algorithm, jwks: { keys: [publicJWK(pairs[algorithm], algorithm)] } };
      const privateKey = pairs[algorithm].privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
      return [`private_key_jwt with ${algorithm}`, known as ClientMetadata, { privateKey, keyId: algorithm }] as const;
    }),
  ];
  for (const [name, known, client] of rows) {
    test(`gets tokens, and others when they are withdrawn: ${name}`, async () => {
      await withScene({ authorizationServer: { clients: [known] } }, async (scene) => {
        const { issuer, log, store } = scene.authorizationServer;
        const options: OAuthOptions = { grant: { type: 'client_credentials' }, client: { id: 'machine', issuer, ...client }, allowLoopback: true, tokenStore: new InMemoryTokenStore() };
        const server = scene.handle(createOAuth(options));
        await server.connect();
        await addsUp(server);
        assert.equal(store.forget('ClientCredentials'), 1);
        await addsUp(server);
        const { content } = await server.callTool('write', { text: 'two', tell: false });
        assert.deepEqual(content, [{ type: 'text', text: 'wrote two' }]);
        assert.deepEqual([log.granted, log.refused], [Array<string>(3).fill('client_credentials'), []]);
        assert.deepEqual(scene.guarded.refused, ['401 no token', '401 invalid_token', '403 insufficient_scope']);
      });
    });
  }

  test('with a wrong secret is told so, and the secret is in no error', async () => {
    const [, known] = rows[0] ?? assert.fail();
    await withScene({ authorizationServer: { clients: [known] } }, async (scene) => {
      const client = { id: 'machine', secret: 'not the secret', issuer: scene.authorizationServer.issuer };
      const server = scene.handle(createOAuth({ grant: { type: 'client_credentials' }, client, allowLoopback: true }));
      const error: unknown = await server.connect().catch((reason: unknown) => reason);
      assert.ok(failsWith('ERR_MCP_AUTH_REFUSED', { error: 'invalid_client' })(error));
      assert.doesNotMatch(inspect(error, { depth: Infinity }), /not the secret/);
    });
  });
});

describe('tokens that are bound to a key', () => {
  for (const wantsNonce of [false, true]) {
    test(`are used with proofs, ${wantsNonce ? 'with nonces of both servers' : 'without nonces'}`, async () => {
      await withScene({ guard: { wantsNonce }, authorizationServer: { wantsNonce } }, async (scene) => {
        const server = await scene.connect({ dpop: true });
        await addsUp(server);
        const { store, log } = scene.authorizationServer;
        assert.equal(store.forget('AccessToken'), 1);
        await addsUp(server);
        assert.deepEqual(log.granted, ['authorization_code', 'refresh_token']);
        assert.deepEqual(log.refused, wantsNonce ? [FIRST_REFUSAL, 'use_dpop_nonce'] : [FIRST_REFUSAL]);
        assert.deepEqual(scene.guarded.refused, ['401 no token', ...(wantsNonce ? ['401 use_dpop_nonce'] : []), '401 invalid_token']);
        assert.deepEqual([...scene.guarded.letIn].map((value) => value.split(' ')[0]), ['DPoP', 'DPoP']);
      });
    });
  }

  test('are what a host gets that keeps its tokens in memory, and says nothing', async () => {
    await withScene({}, async (scene) => {
      const server = scene.handle(createOAuth({ ...scene.signedIn, allowLoopback: true }));
      await server.connect();
      await addsUp(server);
      assert.match(lastLetIn(scene), /^DPoP /);
    });
  });

  test('are of no use to whoever has the token alone', async () => {
    await withScene({}, async (scene) => {
      await addsUp(await scene.connect({ dpop: true }));
      const token = lastLetIn(scene).replace('DPoP ', '');
      const before = scene.guarded.refused.length;
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
      for (const scheme of ['DPoP', 'Bearer']) {
        const headers = { authorization: `${scheme} ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
        const response = await fetch(scene.guarded.url, { method: 'POST', headers, body });
        assert.equal(response.status, 401);
      }
      assert.deepEqual(scene.guarded.refused.slice(before), ['401 invalid_dpop_proof', '401 invalid_token']);
    });
  });
});
