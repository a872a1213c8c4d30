import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog } from '../../../lib/base/log.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { clientCredentialsGrant, jwtBearerGrant } from '../../../lib/oauth/token-grants.ts';
import { renewalByGrant, renewalByRefresh } from '../../../lib/oauth/token-renewals.ts';
import { exchangeToken, ownerOf } from '../../../lib/oauth/token-request.ts';
import type { TokenEndpoint } from '../../../lib/oauth/token-request.ts';
import { TokenSet } from '../../../lib/oauth/token-set.ts';
import { TokenSource } from '../../../lib/oauth/token-source.ts';
import { InMemoryTokenStore } from '../../../lib/oauth/token-store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { ScriptedOAuthHTTP, oauthAnswer } from '../../helpers/scripted-oauth-http.ts';
import type { FormAnswerer } from '../../helpers/scripted-oauth-http.ts';

const RESOURCE = 'https://mcp.example/mcp';
const SUBJECT = { resource: RESOURCE, user: undefined };
const { signal } = new AbortController();

function endpointOf(answer: FormAnswerer, issuer: string = 'https://as.example') {
  const http = new ScriptedOAuthHTTP(answer);
  const clock = new FakeClock();
  const server = { issuer, tokenEndpoint: `${issuer}/token`, tokenEndpointAuthSigningAlgValuesSupported: undefined };
  const endpoint: TokenEndpoint = { http, server, client: { clientId: 'me', tokenEndpointAuthMethod: 'none' }, clock };
  return { http, clock, endpoint };
}

const issue = (number: number) => oauthAnswer(200, { access_token: `at-${number}`, token_type: 'Bearer', expires_in: 100 });

describe('renewalByRefresh', () => {
  test('renews what has a refresh token, and nothing else', async () => {
    const { http, clock, endpoint } = endpointOf(() => issue(2));
    const renewal = renewalByRefresh(endpoint);
    const issued = { accessToken: new Secret('at-1'), refreshToken: new Secret('rt-1'), tokenType: 'Bearer', scope: 'a', lifetimeMs: 1 } as const;
    const tokens = TokenSet.issued(issued, ownerOf(endpoint, SUBJECT), clock);
    const without = TokenSet.issued({ ...issued, refreshToken: undefined }, ownerOf(endpoint, SUBJECT), clock);
    assert.deepEqual([tokens, without, undefined].map((given) => renewal.canRenew(given)), [true, false, false]);
    assert.equal((await renewal.renew(tokens)).accessToken.reveal(), 'at-2');
    assert.deepEqual(http.forms.map(({ fields }) => fields['grant_type']), ['refresh_token']);
    await assert.rejects(renewal.renew(undefined), TypeError);
  });
});

describe('renewalByGrant, under a source', () => {
  const sourceOf = (endpoint: TokenEndpoint, renewal: ReturnType<typeof renewalByGrant>) =>
    new TokenSource({ owner: ownerOf(endpoint, SUBJECT), store: new InMemoryTokenStore(), renewal, clock: endpoint.clock, log: createLog(undefined, 'DEBUG') });

  test('client credentials: the first tokens and every further ones, each once', async () => {
    let issued = 0;
    const { http, clock, endpoint } = endpointOf(() => issue(++issued));
    const source = sourceOf(endpoint, renewalByGrant(endpoint, SUBJECT, () => clientCredentialsGrant(RESOURCE, 'a')));
    for (let number = 1; number <= 3; number++) {
      for (let times = 0; times < 2; times++) assert.equal((await source.current(signal))?.accessToken.reveal(), `at-${number}`);
      await clock.advance(100_000);
    }
    assert.equal(http.forms.length, 3);
  });

  test('enterprise-managed: a new assertion for each renewal, of the identity provider, shown to the authorization server', async () => {
    let [exchanged, issued] = [0, 0];
    const idp = endpointOf(() => oauthAnswer(200, { access_token: `jag-${++exchanged}`, issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag', token_type: 'N_A' }), 'https://idp.example');
    const as = endpointOf(() => issue(++issued));
    const makeGrant: Parameters<typeof renewalByGrant>[2] = async (given) => {
      const assertion = await exchangeToken(idp.endpoint, { audience: as.endpoint.server.issuer, resource: RESOURCE, subjectToken: new Secret('id-token') }, given);
      return jwtBearerGrant(assertion, RESOURCE);
    };
    const source = sourceOf(as.endpoint, renewalByGrant(as.endpoint, SUBJECT, makeGrant));
    for (let number = 1; number <= 2; number++) {
      assert.equal((await source.current(signal))?.accessToken.reveal(), `at-${number}`);
      await as.clock.advance(100_000);
    }
    assert.deepEqual(as.http.forms.map(({ fields }) => fields['assertion']), ['jag-1', 'jag-2']);
  });

  test('a workload whose assertion is refused: told, and neither tried again nor in another way (RFC 7523, 3.1)', async () => {
    for (const error of ['invalid_grant', 'invalid_scope', 'unauthorized_client']) {
      const { http, endpoint } = endpointOf(() => oauthAnswer(400, { error }));
      const source = sourceOf(endpoint, renewalByGrant(endpoint, SUBJECT, () => jwtBearerGrant(new Secret('workload'), RESOURCE, 'x')));
      await assert.rejects(source.current(signal), { code: 'ERR_MCP_AUTH_REFUSED', details: { error, status: 400, issuer: 'https://as.example' } });
      assert.equal(http.forms.length, 1);
    }
  });

  test('what makes no grant is told as it is', async () => {
    const { http, endpoint } = endpointOf(() => issue(1));
    const source = sourceOf(endpoint, renewalByGrant(endpoint, SUBJECT, () => Promise.reject(new Error('no assertion today'))));
    await assert.rejects(source.current(signal), { message: 'no assertion today' });
    assert.equal(http.forms.length, 0);
  });
});
