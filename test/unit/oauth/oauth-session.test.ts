import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.ts';
import { createLog } from '../../../lib/base/log.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { defaultAuthorizationServer } from '../../../lib/oauth/authorization-server-metadata.ts';
import type { OAuthGrant } from '../../../lib/oauth/oauth-options.ts';
import { OAuthSession } from '../../../lib/oauth/oauth-session.ts';
import type { RegisteredClient } from '../../../lib/oauth/registered-client.ts';
import { TokenSet } from '../../../lib/oauth/token-set.ts';
import { InMemoryTokenStore } from '../../../lib/oauth/token-store.ts';
import { ScriptedOAuthHTTP, oauthAnswer } from '../../helpers/scripted-oauth-http.ts';
import type { FormAnswerer } from '../../helpers/scripted-oauth-http.ts';

const ISSUER = 'https://as.example';
const RESOURCE = 'https://mcp.example/mcp';
const ENDLESS = new AbortController().signal;

/** A session of a client of this kind over a token endpoint that answers by `answer`, and how often it heard that the client is gone. */
function session(kind: RegisteredClient['kind'], answer: FormAnswerer, grant?: OAuthGrant) {
  const http = new ScriptedOAuthHTTP(answer);
  const heard = { gone: 0 };
  const made = new OAuthSession({
    ...{ http, clock: systemClock, log: createLog(undefined, 'ERROR'), store: new InMemoryTokenStore(), user: undefined, grant, proofs: {}, prover: undefined },
    discovered: { resource: RESOURCE, metadata: undefined, server: defaultAuthorizationServer(ISSUER) },
    client: { kind, issuer: ISSUER, clientId: 'c', clientSecret: undefined, registeredMethod: 'none', secretExpiresAtMs: undefined },
    scopes: () => ['a', 'b'],
    clientGone: () => (heard.gone += 1),
  });
  return { made, http, heard };
}

const issued = (): TokenSet =>
  TokenSet.issued(
    { accessToken: new Secret('first'), refreshToken: new Secret('refresh'), tokenType: 'Bearer', scope: 'a', lifetimeMs: 600_000 },
    { issuer: ISSUER, resource: RESOURCE, clientId: 'c', user: undefined, keyThumbprint: undefined },
    systemClock,
  );

describe('a session whose authorization server does not know the client any more', () => {
  const unknown: FormAnswerer = () => oauthAnswer(401, { error: 'invalid_client' });

  test('of a client that was registered there: the tokens are over, and the client is told to be gone', async () => {
    const { made, heard } = session('dynamic', unknown);
    const tokens = issued();
    await made.source.adopt(tokens);
    assert.equal(await made.source.rejected(tokens, ENDLESS), undefined);
    assert.equal(await made.source.current(ENDLESS), undefined);
    assert.equal(heard.gone, 1);
  });

  test('of a client of the host: the error is told, and the tokens stay', async () => {
    for (const kind of ['pre-registered', 'metadata-document'] as const) {
      const { made, heard } = session(kind, unknown);
      const tokens = issued();
      await made.source.adopt(tokens);
      await assert.rejects(made.source.rejected(tokens, ENDLESS), { code: 'ERR_MCP_AUTH_REFUSED' });
      assert.equal((await made.source.current(ENDLESS))?.accessToken.reveal(), 'first');
      assert.equal(heard.gone, 0);
    }
  });

  test('any other error leaves client and tokens', async () => {
    const { made, heard } = session('dynamic', () => oauthAnswer(503, { error: 'temporarily_unavailable' }));
    const tokens = issued();
    await made.source.adopt(tokens);
    await assert.rejects(made.source.rejected(tokens, ENDLESS), { code: 'ERR_MCP_AUTH_REFUSED' });
    assert.equal((await made.source.current(ENDLESS))?.accessToken.reveal(), 'first');
    assert.equal(heard.gone, 0);
  });
});

describe('tokens that lack a scope', () => {
  test('are asked for anew by a grant, also where they have just replaced refused ones', async () => {
    let count = 0;
    const { made, http } = session('pre-registered', () => oauthAnswer(200, { access_token: `t${++count}`, token_type: 'Bearer', expires_in: 600 }), { type: 'client_credentials' });
    const first = await made.source.current(ENDLESS);
    assert.ok(first !== undefined);
    const second = await made.source.rejected(first, ENDLESS);
    assert.deepEqual([second?.accessToken.reveal(), second?.replacesRefused], ['t2', true]);
    assert.equal(await made.askAnew(), true);
    const third = await made.source.current(ENDLESS);
    assert.deepEqual([third?.accessToken.reveal(), third?.replacesRefused], ['t3', false]);
    assert.deepEqual(http.forms.map(({ fields }) => fields['scope']), ['a b', 'a b', 'a b']);
  });

  test('take a human where there is no grant: nothing is sent', async () => {
    const { made, http } = session('dynamic', () => oauthAnswer(500));
    await made.source.adopt(issued());
    assert.equal(await made.askAnew(), false);
    assert.deepEqual(http.forms, []);
  });
});
