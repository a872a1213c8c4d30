import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.ts';
import { defaultAuthorizationServer } from '../../../lib/oauth/authorization-server-metadata.ts';
import { ClientKeeper } from '../../../lib/oauth/client-keeper.ts';
import type { DiscoveredAuthorization } from '../../../lib/oauth/discovery.ts';
import { resolveOAuthOptions } from '../../../lib/oauth/oauth-options.ts';
import type { OAuthOptions } from '../../../lib/oauth/oauth-options.ts';
import { InMemoryTokenStore } from '../../../lib/oauth/token-store.ts';
import { ScriptedOAuthHTTP } from '../../helpers/oauth-http.ts';

const ISSUER = 'https://as.example';
const SERVER_URL = 'https://mcp.example/mcp';
const ENDLESS = new AbortController().signal;

const at = (resource: string): DiscoveredAuthorization => ({ resource, metadata: undefined, server: defaultAuthorizationServer(ISSUER) });

/** A process that keeps its clients in `tokenStore`; each registration there gives another id. */
function keeper(tokenStore: InMemoryTokenStore, options: OAuthOptions = {}) {
  let registered = 0;
  const http = new ScriptedOAuthHTTP({ [`${ISSUER}/register`]: () => ({ client_id: `${options.user ?? 'c'}-${++registered}` }) });
  const clients = new ClientKeeper(resolveOAuthOptions({ tokenStore, ...options }), http, systemClock);
  const { server } = at(SERVER_URL);
  return {
    clients,
    require: (redirectUrl: string) => clients.require(server, SERVER_URL, redirectUrl, undefined, ENDLESS),
    known: async (resource = SERVER_URL, redirectUrl?: string) => (await clients.known(at(resource), SERVER_URL, redirectUrl))?.clientId,
  };
}

describe('the clients of a host', () => {
  const FIRST = 'http://127.0.0.1:1001/callback';
  const SECOND = 'http://127.0.0.1:1002/callback';

  test('one that was registered for a redirect URL is the one for that, in every process', async () => {
    const store = new InMemoryTokenStore();
    const [one, other] = [keeper(store), keeper(store)];
    const { clientId } = await one.require(FIRST);
    assert.equal((await other.require(FIRST)).clientId, clientId);
    assert.deepEqual(await Promise.all([other.known(SERVER_URL, FIRST), other.known(SERVER_URL, SECOND)]), [clientId, undefined]);
  });

  test('where the redirect URL is another one each time, the one that the tokens were issued to: for its resource and its user', async () => {
    const store = new InMemoryTokenStore();
    const one = keeper(store);
    const client = await one.require(FIRST);
    assert.equal(await one.known(), undefined);
    await one.clients.signedIn(client, SERVER_URL);
    assert.equal(await keeper(store).known(), client.clientId);
    assert.equal(await keeper(store).known('https://mcp.example/other'), undefined);
    assert.equal(await keeper(store, { user: 'ada' }).known(), undefined);
    assert.equal(await keeper(store, { grant: { type: 'client_credentials' } }).known(), undefined);
  });

  test('is kept for the redirect URL alone where the host gives one', async () => {
    const store = new InMemoryTokenStore();
    const { clients, require } = keeper(store, { redirectUrl: FIRST });
    await clients.signedIn(await require(FIRST), SERVER_URL);
    assert.equal(await keeper(store).known(), undefined);
  });

  test('one that is forgotten is registered anew, and its place in the store taken', async () => {
    const store = new InMemoryTokenStore();
    const one = keeper(store);
    const before = await one.require(FIRST);
    one.clients.forget(before.clientId);
    assert.equal(await one.known(SERVER_URL, FIRST), undefined);
    const after = await one.require(FIRST);
    assert.notEqual(after.clientId, before.clientId);
    assert.equal(await keeper(store).known(SERVER_URL, FIRST), after.clientId);
  });
});
