import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../../lib/base/secret.ts';
import { DPoPProver, makeDPoPKey } from '../../../lib/oauth/dpop.ts';
import { authorizationCodeGrant, clientCredentialsGrant, jwtBearerGrant } from '../../../lib/oauth/token-grants.ts';
import { validateResponse } from '../../../lib/oauth/authorization-response.ts';
import type { ValidatedCode } from '../../../lib/oauth/authorization-response.ts';
import { PendingAuthorization } from '../../../lib/oauth/pending-authorization.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { exchangeToken, refreshTokens, requestTokens } from '../../../lib/oauth/token-request.ts';
import type { TokenEndpoint } from '../../../lib/oauth/token-request.ts';
import { TokenSet } from '../../../lib/oauth/token-set.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { ScriptedOAuthHTTP, oauthAnswer } from '../../helpers/scripted-oauth-http.ts';
import type { FormAnswerer } from '../../helpers/scripted-oauth-http.ts';

const ISSUER = 'https://as.example';
const TOKEN_URL = 'https://as.example/token';
const RESOURCE = 'https://mcp.example/mcp';
const SUBJECT = { resource: RESOURCE, user: undefined, scope: 'files' };
const { signal } = new AbortController();

/** An endpoint whose server answers so. */
function endpointOf(answer: FormAnswerer, changes: Partial<TokenEndpoint> = {}) {
  const http = new ScriptedOAuthHTTP(answer);
  const clock = new FakeClock();
  const server = { issuer: ISSUER, tokenEndpoint: TOKEN_URL, tokenEndpointAuthSigningAlgValuesSupported: undefined };
  const endpoint: TokenEndpoint = { http, server, client: { clientId: 'me', tokenEndpointAuthMethod: 'none' }, clock, ...changes };
  return { http, clock, endpoint };
}

const issue = (json: Record<string, unknown> = {}) => oauthAnswer(200, { access_token: 'at-1', token_type: 'Bearer', expires_in: 60, ...json });

describe('grants, as they are sent', () => {
  const redirectUri = 'http://127.0.0.1:1/cb';
  const facts = { issuer: ISSUER, clientId: 'me', redirectUri, resource: RESOURCE, scopes: undefined, requiresIssuer: false, createdAtMs: 0, state: new Secret('s-1'), verifier: new Secret('v-1') };
  const code = validateResponse(`${redirectUri}?code=c-1&state=s-1`, new PendingAuthorization(facts), DEFAULT_LIMITS, 1);
  const owner = { issuer: ISSUER, clientId: 'me', resource: RESOURCE };

  test('authorization_code: code, redirect_uri, verifier, resource and client_id (RFC 6749, 4.1.3; RFC 7636, 4.5; RFC 8707, 2.2)', async () => {
    const { http, endpoint } = endpointOf(() => issue());
    const tokens = await requestTokens(endpoint, authorizationCodeGrant(code, owner), SUBJECT, signal);
    assert.deepEqual(http.forms, [
      { url: TOKEN_URL, headers: {}, fields: { grant_type: 'authorization_code', code: 'c-1', redirect_uri: 'http://127.0.0.1:1/cb', code_verifier: 'v-1', resource: RESOURCE, client_id: 'me' } },
    ]);
    assert.deepEqual(tokens.owner, { issuer: ISSUER, resource: RESOURCE, clientId: 'me', user: undefined, keyThumbprint: undefined });
    assert.deepEqual([tokens.accessToken.reveal(), tokens.scope, tokens.lifeMs, tokens.replacesRefused], ['at-1', 'files', 60_000, false]);
  });

  test('a code of another issuer, client or resource is shown to nobody', () => {
    assert.throws(() => authorizationCodeGrant(code, { ...owner, issuer: `${ISSUER}/` }), { code: 'ERR_MCP_AUTH_ISSUER' });
    for (const other of [{ clientId: 'you' }, { resource: 'https://other.example/' }]) assert.throws(() => authorizationCodeGrant(code, { ...owner, ...other }), { code: 'ERR_MCP_AUTH_RESPONSE' });
  });

  test('what only has the form of a validated code redeems nothing', () => {
    for (const forged of [{ ...code }, Object.create(code), JSON.parse(JSON.stringify(code))]) assert.throws(() => authorizationCodeGrant(forged as ValidatedCode, owner), TypeError);
  });

  test('client_credentials, with and without a scope (RFC 6749, 4.4.2)', async () => {
    const { http, endpoint } = endpointOf(() => issue(), { client: { clientId: 'me', tokenEndpointAuthMethod: 'client_secret_basic', clientSecret: new Secret('s') } });
    for (const scope of ['a b', undefined, '']) await requestTokens(endpoint, clientCredentialsGrant(RESOURCE, scope), SUBJECT, signal);
    const headers = { Authorization: 'Basic bWU6cw==' };
    const without = { url: TOKEN_URL, headers, fields: { grant_type: 'client_credentials', resource: RESOURCE } };
    assert.deepEqual(http.forms, [{ url: TOKEN_URL, headers, fields: { grant_type: 'client_credentials', scope: 'a b', resource: RESOURCE } }, without, without]);
  });

  test('jwt-bearer, and the exchange before it (RFC 7523, 2.1; RFC 8693, 2.1)', async () => {
    const { http, endpoint } = endpointOf(({ fields }) =>
      fields['assertion'] === undefined ? oauthAnswer(200, { access_token: 'jag', issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag', token_type: 'N_A' }) : issue(),
    );
    const idp = { ...endpoint, client: { clientId: 'at-idp', tokenEndpointAuthMethod: 'none' }, server: { ...endpoint.server, issuer: 'https://idp.example', tokenEndpoint: 'https://idp.example/token' } } as const;
    const assertion = await exchangeToken(idp, { audience: ISSUER, resource: RESOURCE, scope: 'files', subjectToken: new Secret('id-token') }, signal);
    const tokens = await requestTokens(endpoint, jwtBearerGrant(assertion, RESOURCE), SUBJECT, signal);
    assert.deepEqual(http.forms.map(({ url, fields }) => [url, fields]), [
      [
        'https://idp.example/token',
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
          audience: ISSUER,
          resource: RESOURCE,
          scope: 'files',
          subject_token: 'id-token',
          subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
          client_id: 'at-idp',
        },
      ],
      [TOKEN_URL, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'jag', resource: RESOURCE, client_id: 'me' }],
    ]);
    assert.equal(tokens.accessToken.reveal(), 'at-1');
  });

  test('a server without a token endpoint is told of, and nothing is sent', async () => {
    const { http, endpoint } = endpointOf(() => issue());
    const without = { ...endpoint, server: { ...endpoint.server, tokenEndpoint: undefined } };
    await assert.rejects(requestTokens(without, clientCredentialsGrant(RESOURCE), SUBJECT, signal), { code: 'ERR_MCP_AUTH_DISCOVERY' });
    assert.equal(http.forms.length, 0);
  });

  test('time counts from before the request was sent', async () => {
    const clock = new FakeClock();
    const { endpoint } = endpointOf(async () => (await clock.advance(5_000), issue()), { clock });
    assert.equal((await requestTokens(endpoint, clientCredentialsGrant(RESOURCE), SUBJECT, signal)).lifeMs, 55_000);
  });
});

describe('refreshTokens (RFC 6749, 6)', () => {
  const owner = { issuer: ISSUER, resource: RESOURCE, clientId: 'me', user: 'ann', keyThumbprint: undefined };
  const issued = { accessToken: new Secret('at-0'), tokenType: 'Bearer', lifetimeMs: 10, scope: 'files', refreshToken: new Secret('rt-0') } as const;

  test('the refresh token and the resource are sent; without new ones, refresh token and scope stay', async () => {
    const { http, clock, endpoint } = endpointOf(() => issue());
    const next = await refreshTokens(endpoint, TokenSet.issued(issued, owner, clock), signal);
    assert.deepEqual(http.forms[0]?.fields, { grant_type: 'refresh_token', refresh_token: 'rt-0', resource: RESOURCE, client_id: 'me' });
    assert.deepEqual([next.accessToken.reveal(), next.refreshToken?.reveal(), next.scope, next.lifeMs, next.owner], ['at-1', 'rt-0', 'files', 60_000, owner]);
  });

  test('a new refresh token and a new scope take their place', async () => {
    const { clock, endpoint } = endpointOf(() => issue({ refresh_token: 'rt-1', scope: 'less' }));
    const next = await refreshTokens(endpoint, TokenSet.issued(issued, owner, clock), signal);
    assert.deepEqual([next.refreshToken?.reveal(), next.scope], ['rt-1', 'less']);
  });

  test('tokens of another issuer, client or key are shown to nobody; those without a refresh token cannot be refreshed', async () => {
    const { http, clock, endpoint } = endpointOf(() => issue());
    for (const other of [{ issuer: 'https://other.example' }, { clientId: 'you' }, { keyThumbprint: 'x' }]) {
      await assert.rejects(refreshTokens(endpoint, TokenSet.issued(issued, { ...owner, ...other }, clock), signal), { code: 'ERR_MCP_AUTH_ISSUER' });
    }
    await assert.rejects(refreshTokens(endpoint, TokenSet.issued({ ...issued, refreshToken: undefined }, owner, clock), signal), TypeError);
    assert.equal(http.forms.length, 0);
  });
});

describe('with a prover (RFC 9449, 5 and 8)', () => {
  const bound = { token_type: 'DPoP' };
  const claimsOf = (proof: string | undefined) => JSON.parse(Buffer.from(proof?.split('.')[1] ?? '', 'base64url').toString()) as { jti: string; nonce?: string; htu: string; ath?: string };
  const makeProver = async () => new DPoPProver(await makeDPoPKey(), new FakeClock());
  const demand = (nonce: string) => oauthAnswer(400, { error: 'use_dpop_nonce' }, { 'dpop-nonce': nonce });

  test('a proof goes along, and the tokens are bound to its key', async () => {
    const prover = await makeProver();
    const { http, endpoint } = endpointOf(() => issue(bound), { prover });
    const tokens = await requestTokens(endpoint, clientCredentialsGrant(RESOURCE), SUBJECT, signal);
    assert.deepEqual([tokens.tokenType, tokens.owner.keyThumbprint], ['DPoP', prover.thumbprint]);
    const { htu, ath } = claimsOf(http.forms[0]?.headers['DPoP']);
    assert.deepEqual([http.forms.length, htu, ath], [1, TOKEN_URL, undefined]);
  });

  test('a nonce that is demanded: one further try, with it and a proof of its own; the next request has it from the start', async () => {
    const { http, endpoint } = endpointOf(({ headers }) => (claimsOf(headers['DPoP']).nonce === 'n-1' ? issue(bound) : demand('n-1')), { prover: await makeProver() });
    for (let times = 0; times < 2; times++) await requestTokens(endpoint, clientCredentialsGrant(RESOURCE), SUBJECT, signal);
    const proofs = http.forms.map(({ headers }) => claimsOf(headers['DPoP']));
    assert.deepEqual(proofs.map(({ nonce }) => nonce), [undefined, 'n-1', 'n-1']);
    assert.equal(new Set(proofs.map(({ jti }) => jti)).size, 3);
  });

  test('a nonce that is demanded for ever: two tries, then it is told', async () => {
    let nonces = 0;
    const { http, endpoint } = endpointOf(() => demand(`n-${++nonces}`), { prover: await makeProver() });
    await assert.rejects(requestTokens(endpoint, clientCredentialsGrant(RESOURCE), SUBJECT, signal), { code: 'ERR_MCP_AUTH_DPOP', details: { error: 'use_dpop_nonce', status: 400, issuer: ISSUER } });
    assert.equal(http.forms.length, 2);
  });

  test('a token that is not bound is not taken', async () => {
    const { endpoint } = endpointOf(() => issue(), { prover: await makeProver() });
    await assert.rejects(requestTokens(endpoint, clientCredentialsGrant(RESOURCE), SUBJECT, signal), { code: 'ERR_MCP_AUTH_TOKEN', message: /token_type must be DPoP/ });
  });

  test('without a prover a demand for a nonce is an error, and not tried again', async () => {
    const { http, endpoint } = endpointOf(() => demand('n-1'));
    await assert.rejects(requestTokens(endpoint, clientCredentialsGrant(RESOURCE), SUBJECT, signal), { code: 'ERR_MCP_AUTH_DPOP' });
    assert.equal(http.forms.length, 1);
  });
});
