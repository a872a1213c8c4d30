import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.ts';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { checkAuthorizationServer } from '../../../lib/oauth/authorization-server-metadata.ts';
import { discoverAuthorization } from '../../../lib/oauth/discovery.ts';
import type { DiscoveredAuthorization, DiscoveryContext } from '../../../lib/oauth/discovery.ts';
import { STRICT_ENDPOINTS } from '../../../lib/oauth/endpoint-policy.ts';
import { checkProtectedResource } from '../../../lib/oauth/protected-resource-metadata.ts';
import { canonicalResource, isResourceOf } from '../../../lib/oauth/resource-identifier.ts';
import { authorizationServerURLs, protectedResourceURLs } from '../../../lib/oauth/well-known.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { ScriptedOAuthHTTP } from '../../helpers/oauth-http.ts';
import type { Scripted } from '../../helpers/oauth-http.ts';

const MCP = 'https://mcp.example/mcp';
const PRM = 'https://mcp.example/.well-known/oauth-protected-resource';
const ISSUER = 'https://as.example';
const ASM = 'https://as.example/.well-known/oauth-authorization-server';
const ENDLESS = new AbortController().signal;

const RESOURCE = { resource: MCP, authorization_servers: [ISSUER], scopes_supported: ['read'] };
const SERVER = {
  issuer: ISSUER,
  authorization_endpoint: 'https://as.example/authorize',
  token_endpoint: 'https://login.as.example/token',
  registration_endpoint: 'https://as.example/register',
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
};

interface Asking {
  readonly serverUrl?: string;
  readonly challengedUrl?: string;
  readonly allowedMetadataOrigins?: readonly string[];
  readonly context?: Partial<DiscoveryContext>;
}

function discover(http: ScriptedOAuthHTTP, { serverUrl = MCP, challengedUrl, allowedMetadataOrigins = [], context = {} }: Asking = {}): Promise<DiscoveredAuthorization> {
  const whole = { http, clock: systemClock, limits: DEFAULT_LIMITS, policy: STRICT_ENDPOINTS, dangerouslyAllowIssuers: {}, ...context };
  return discoverAuthorization(whole, { serverUrl, challengedUrl, allowedMetadataOrigins }, ENDLESS);
}

async function refused(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await promise.then(() => assert.fail('it resolved'), (reason: unknown) => reason);
  assert.ok(error instanceof AuthorizationError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
}

const http = (answers: Readonly<Record<string, Scripted>>): ScriptedOAuthHTTP => new ScriptedOAuthHTTP(answers);

describe('where metadata lies', () => {
  test('of a protected resource: at its path, without the slash at the end, at the root (RFC 9728 section 3.1)', () => {
    const rows: readonly (readonly [string, readonly string[]])[] = [
      ['https://a.example', [PRM.replace('mcp.', 'a.')]],
      ['https://a.example/', ['https://a.example/.well-known/oauth-protected-resource']],
      [MCP, [`${PRM}/mcp`, PRM]],
      ['https://mcp.example/mcp/', [`${PRM}/mcp/`, `${PRM}/mcp`, PRM]],
      ['https://mcp.example:8443/a/b?c=d', ['/a/b?c=d', ''].map((end) => `https://mcp.example:8443/.well-known/oauth-protected-resource${end}`)],
      ['https://mcp.example/?c=d', [`${PRM}?c=d`, PRM]],
    ];
    for (const [url, expected] of rows) assert.deepEqual(protectedResourceURLs(url), expected, url);
  });

  test('of an authorization server: OAuth, OpenID with insertion, OpenID with appending (RFC 8414 sections 3.1 and 5)', () => {
    const root = [ASM, 'https://as.example/.well-known/openid-configuration'];
    assert.deepEqual(authorizationServerURLs(ISSUER), root);
    assert.deepEqual(authorizationServerURLs(`${ISSUER}/`), root);
    const tenant = [`${ASM}/tenant/1`, 'https://as.example/.well-known/openid-configuration/tenant/1', 'https://as.example/tenant/1/.well-known/openid-configuration'];
    assert.deepEqual(authorizationServerURLs(`${ISSUER}/tenant/1`), tenant);
    assert.deepEqual(authorizationServerURLs(`${ISSUER}/tenant/1/`), tenant);
  });
});

describe('a resource is the server, or what the server is a part of', () => {
  const rows: readonly (readonly [resource: string, server: string, is: boolean])[] = [
    [MCP, MCP, true], ['https://mcp.example/mcp/', MCP, true], [MCP, 'https://mcp.example/mcp/', true], ['https://mcp.example', MCP, true], ['https://mcp.example/', MCP, true],
    ['HTTPS://MCP.example:443/mcp', MCP, true], ['https://mcp.example/a', 'https://mcp.example/a/b/c', true], ['https://mcp.example/mcp', `${MCP}?x=1`, true], [`${MCP}?x=1`, `${MCP}?x=1`, true],
    ['http://localhost:3000', 'http://localhost:3000/mcp', true], ['https://mcp.example/a/../mcp', MCP, true],
    ['https://evil.example/mcp', MCP, false], ['https://mcp.example/mc', MCP, false], ['https://mcp.example/mcp/other', MCP, false], ['https://mcp.example/MCP', MCP, false], ['http://mcp.example/mcp', MCP, false],
    ['https://mcp.example:8443/mcp', MCP, false], [`${MCP}#`, MCP, false], [`${MCP}#x`, MCP, false], [`${MCP}?x=2`, `${MCP}?x=1`, false], [`${MCP}?x=1`, MCP, false], ['https://user@mcp.example/mcp', MCP, false],
    ['mcp.example/mcp', MCP, false], ['/mcp', MCP, false], [' https://mcp.example/mcp', MCP, false], ['https://mcp.example/mcp\n', MCP, false], ['urn:mcp', MCP, false], ['https://mcp.example.evil.example/mcp', MCP, false],
    ['blob:https://mcp.example/mcp', MCP, false], ['https://mcp.example/mcp/%2e%2e/admin', MCP, false], ['', MCP, false],
  ];
  for (const [resource, server, is] of rows) test(`${JSON.stringify(resource)} ${is ? 'is' : 'is not'} of ${server}`, () => assert.equal(isResourceOf(resource, server), is));

  test('the identifier of a server that gives none is its URL; a path that is only a slash is left out', () => {
    const rows2 = [['https://MCP.example/', 'https://mcp.example'], ['https://mcp.example', 'https://mcp.example'], [MCP, MCP], ['https://mcp.example/mcp/', 'https://mcp.example/mcp/'], ['https://mcp.example/?a=b', 'https://mcp.example/?a=b'], ['https://mcp.example:8443/#x', 'https://mcp.example:8443']];
    for (const [url = '', expected] of rows2) assert.equal(canonicalResource(url), expected);
  });
});

describe('from a server to its authorization server', () => {
  test('a challenge leads to the metadata, and nothing else is asked', async () => {
    const web = http({ 'https://mcp.example/meta?x=1': RESOURCE, [ASM]: SERVER });
    const found = await discover(web, { challengedUrl: 'https://mcp.example/meta?x=1' });
    assert.deepEqual(web.urls, ['https://mcp.example/meta?x=1', ASM]);
    assert.equal(found.resource, MCP);
    assert.deepEqual(found.metadata?.scopesSupported, ['read']);
    assert.deepEqual(found.server, {
      issuer: ISSUER,
      authorizationEndpoint: 'https://as.example/authorize',
      tokenEndpoint: 'https://login.as.example/token',
      registrationEndpoint: 'https://as.example/register',
      scopesSupported: undefined,
      grantTypesSupported: undefined,
      codeChallengeMethodsSupported: ['S256'],
      tokenEndpointAuthMethodsSupported: undefined,
      tokenEndpointAuthSigningAlgValuesSupported: undefined,
      dpopSigningAlgValuesSupported: undefined,
      clientIdMetadataDocumentSupported: false,
      authorizationResponseIssParameterSupported: true,
    });
    assert.ok(Object.isFrozen(found.server) && Object.isFrozen(found.metadata));
  });

  test('metadata at the place that a challenge names is not looked for anywhere else', async () => {
    for (const answer of [404, 401, 200, { status: 200, json: undefined }]) {
      const web = http({ 'https://mcp.example/meta': answer, [`${PRM}/mcp`]: RESOURCE });
      await refused(discover(web, { challengedUrl: 'https://mcp.example/meta' }), 'ERR_MCP_AUTH_DISCOVERY', /where the server says it is/);
      assert.equal(web.asked.length, 1);
    }
  });

  test('a challenge does not lead to another origin, unless the host lets it', async () => {
    const elsewhere = ['https://evil.example/meta', 'http://mcp.example/meta', 'https://mcp.example:8443/meta', 'https://mcp.example@evil.example/', '/meta', '', 'javascript:alert(1)', 'data:,x'];
    for (const challengedUrl of elsewhere) {
      const web = http({});
      await refused(discover(web, { challengedUrl }), 'ERR_MCP_AUTH_ENDPOINT', /allowedMetadataOrigins/);
      assert.deepEqual(web.urls, []);
    }
    const web = http({ 'https://meta.example/x': RESOURCE, [ASM]: SERVER });
    assert.equal((await discover(web, { challengedUrl: 'https://meta.example/x', allowedMetadataOrigins: ['https://meta.example'] })).server.issuer, ISSUER);
  });

  test('without a challenge: the path, then the root; what is no JSON is not there', async () => {
    const web = http({ [`${PRM}/mcp/`]: { status: 200, json: undefined }, [`${PRM}/mcp`]: 405, [PRM]: { ...RESOURCE, resource: 'https://mcp.example' }, [ASM]: SERVER });
    const found = await discover(web, { serverUrl: 'https://mcp.example/mcp/' });
    assert.deepEqual(web.urls, [`${PRM}/mcp/`, `${PRM}/mcp`, PRM, ASM]);
    assert.equal(found.resource, 'https://mcp.example');
  });

  test('the resource goes on as it stands, slash and capitals and all', async () => {
    for (const resource of ['https://mcp.example/', 'https://MCP.example/mcp', 'https://mcp.example:443/mcp/']) {
      assert.equal((await discover(http({ [`${PRM}/mcp`]: { ...RESOURCE, resource }, [ASM]: SERVER }))).resource, resource);
    }
  });

  test('metadata of another resource ends it, and the next place is not tried', async () => {
    const web = http({ [`${PRM}/mcp`]: { ...RESOURCE, resource: 'https://evil.example/mcp?token=canary' }, [PRM]: RESOURCE });
    await refused(discover(web), 'ERR_MCP_AUTH_RESOURCE', /describes https:\/\/evil\.example\/mcp$/);
    assert.deepEqual(web.urls, [`${PRM}/mcp`]);
  });

  test('what may pass is never taken for absence', async () => {
    const down = new AuthorizationError('ERR_MCP_AUTH_NETWORK', 'down');
    for (const url of [`${PRM}/mcp`, PRM]) {
      const web = http({ [url]: down });
      assert.equal(await discover(web).catch((error: unknown) => error), down);
    }
    const web = http({ [`${PRM}/mcp`]: RESOURCE, [ASM]: down });
    assert.equal(await discover(web).catch((error: unknown) => error), down);
    assert.equal(web.asked.length, 2);
  });

  test('metadata of the authorization server is looked for in order, up to the first that is there', async () => {
    const issuer = `${ISSUER}/t1`;
    const places = authorizationServerURLs(issuer);
    for (const [index, place] of places.entries()) {
      const web = http({ [`${PRM}/mcp`]: { ...RESOURCE, authorization_servers: [issuer] }, [place]: { ...SERVER, issuer } });
      assert.equal((await discover(web)).server.issuer, issuer);
      assert.deepEqual(web.urls.slice(1), places.slice(0, index + 1));
    }
    await refused(discover(http({ [`${PRM}/mcp`]: RESOURCE })), 'ERR_MCP_AUTH_DISCOVERY', /none at any of its well-known places/);
  });

  test('another issuer is refused, however alike, and the next place is not tried', async () => {
    for (const issuer of ['https://as.example/', 'https://AS.example', 'HTTPS://as.example', 'https://as.example:443', 'https://evil.example', 'https://as.example/t1', 'https://as.exampl%65']) {
      const web = http({ [`${PRM}/mcp`]: RESOURCE, [ASM]: { ...SERVER, issuer }, 'https://as.example/.well-known/openid-configuration': SERVER });
      await refused(discover(web), 'ERR_MCP_AUTH_ISSUER', /^Expected metadata of the issuer "https:\/\/as\.example"; it is of /);
      assert.equal(web.asked.length, 2);
    }
  });

  test('dangerouslyAllowIssuers lets one named issuer pass for another one', async () => {
    const dangerouslyAllowIssuers = { [ISSUER]: 'https://as.example/' };
    const answers = { [`${PRM}/mcp`]: RESOURCE, [ASM]: { ...SERVER, issuer: 'https://as.example/' } };
    assert.equal((await discover(http(answers), { context: { dangerouslyAllowIssuers } })).server.issuer, 'https://as.example/');
    const evil = { ...answers, [ASM]: { ...SERVER, issuer: 'https://evil.example' } };
    await refused(discover(http(evil), { context: { dangerouslyAllowIssuers } }), 'ERR_MCP_AUTH_ISSUER', /evil/);
    const inherited = { [`${PRM}/mcp`]: { ...RESOURCE, authorization_servers: ['constructor'] } };
    await refused(discover(http(inherited), { context: { dangerouslyAllowIssuers } }), 'ERR_MCP_AUTH_ENDPOINT', /the issuer/);
  });

  test('an issuer or an endpoint that nothing is sent to ends it', async () => {
    for (const issuer of ['http://as.example', 'https://10.0.0.1', 'https://localhost', 'https://a:b@as.example', 'https://as.example#x', 'https://as.example?x', 'javascript:alert(1)', 'file:///x', '']) {
      await refused(discover(http({ [`${PRM}/mcp`]: { ...RESOURCE, authorization_servers: [issuer] } })), 'ERR_MCP_AUTH_ENDPOINT', /^Expected the issuer/);
    }
    for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint']) {
      for (const url of ['http://as.example/x', 'javascript:alert(1)', 'https://169.254.169.254/', 'https://a:b@as.example/', '/token', '']) {
        await refused(discover(http({ [`${PRM}/mcp`]: RESOURCE, [ASM]: { ...SERVER, [name]: url } })), 'ERR_MCP_AUTH_ENDPOINT', new RegExp(name.replaceAll('_', ' ')));
      }
    }
  });

  test('of several authorization servers the first is used, or the one that the host chooses', async () => {
    const answers = { [`${PRM}/mcp`]: { ...RESOURCE, authorization_servers: ['https://other.example', ISSUER] }, [ASM]: SERVER };
    await refused(discover(http(answers)), 'ERR_MCP_AUTH_DISCOVERY', /other\.example/);
    assert.equal((await discover(http(answers), { context: { chooseIssuer: (issuers) => issuers[1] ?? '' } })).server.issuer, ISSUER);
    await assert.rejects(discover(http(answers), { context: { chooseIssuer: () => 'https://third.example' } }), TypeError);
  });

  test('authDiscoveryMs bounds all of it together', async () => {
    const clock = new FakeClock();
    const silent = Object.assign(http({}), { get: (_url: string, _what: string, signal: AbortSignal) => new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))) });
    const outcome = refused(discover(silent, { context: { clock } }), 'ERR_MCP_AUTH_NETWORK', /within 30000 ms/);
    await clock.advance(30_000);
    await outcome;
    assert.equal(clock.waiting, 0);
  });
});

describe('a server of 2025-03-26: no metadata of its own, and its origin is the authorization server', () => {
  const ROOT = 'https://mcp.example/.well-known/oauth-authorization-server';

  test('with metadata of that, whose issuer may have a slash at its end', async () => {
    for (const issuer of ['https://mcp.example', 'https://mcp.example/']) {
      const web = http({ [ROOT]: { ...SERVER, issuer } });
      const found = await discover(web);
      assert.deepEqual(web.urls, [`${PRM}/mcp`, PRM, ROOT]);
      assert.deepEqual([found.resource, found.metadata, found.server.issuer], [MCP, undefined, issuer]);
    }
    await refused(discover(http({ [ROOT]: { ...SERVER, issuer: 'https://evil.example' } })), 'ERR_MCP_AUTH_ISSUER', /evil/);
  });

  test('without: the default endpoints, PKCE, a public client', async () => {
    const { server } = await discover(http({}), { serverUrl: 'https://mcp.example:8443/v1/mcp' });
    assert.equal(server.issuer, 'https://mcp.example:8443');
    assert.equal(server.authorizationEndpoint, 'https://mcp.example:8443/authorize');
    assert.equal(server.tokenEndpoint, 'https://mcp.example:8443/token');
    assert.equal(server.registrationEndpoint, 'https://mcp.example:8443/register');
    assert.deepEqual([server.codeChallengeMethodsSupported, server.tokenEndpointAuthMethodsSupported], [['S256'], ['none']]);
  });

  test('a server over http is refused, as ever', async () => {
    await refused(discover(http({}), { serverUrl: 'http://mcp.example/mcp' }), 'ERR_MCP_AUTH_ENDPOINT', /issuer/);
  });
});

describe('metadata is checked member by member', () => {
  const bad: readonly (readonly [JSONObject, RegExp])[] = [
    [{ ...RESOURCE, resource: undefined }, /resource must be a text; got undefined/], [{ ...RESOURCE, resource: 7 }, /resource must be a text; got the number 7/], [{ ...RESOURCE, resource: '' }, /got an empty string/],
    [{ resource: MCP }, /at least one authorization server/], [{ ...RESOURCE, authorization_servers: [] }, /at least one/], [{ ...RESOURCE, authorization_servers: null }, /at least one/],
    [{ ...RESOURCE, authorization_servers: ISSUER }, /must be a list/], [{ ...RESOURCE, authorization_servers: [ISSUER, 7] }, /authorization_servers\/1 must be a text/],
    [{ ...RESOURCE, scopes_supported: new Array<string>(1_001).fill('a') }, /at most 1000 items; it has 1001/], [{ ...RESOURCE, scopes_supported: ['a'.repeat(4_097)] }, /at most 4096 characters/],
    [{ ...RESOURCE, dpop_bound_access_tokens_required: 'yes' }, /must be true or false/], [Object.create(RESOURCE) as JSONObject, /resource must be a text/],
  ];
  for (const [document, message] of bad) {
    test(`of a protected resource: ${message.source}`, () => assert.throws(() => checkProtectedResource(document, MCP), { code: 'ERR_MCP_AUTH_DISCOVERY', message }));
  }

  test('null is absence, and unknown members are left out', () => {
    const checked = checkProtectedResource({ ...RESOURCE, scopes_supported: null, dpop_bound_access_tokens_required: null, resource_name: 'x' }, MCP);
    assert.deepEqual(checked, { resource: MCP, authorizationServers: [ISSUER], scopesSupported: undefined, dpopSigningAlgValuesSupported: undefined, dpopBoundAccessTokensRequired: false });
  });

  test('of an authorization server', () => {
    const rows: readonly JSONObject[] = [{ ...SERVER, issuer: undefined }, { ...SERVER, token_endpoint: 7 }, { ...SERVER, code_challenge_methods_supported: 'S256' }, { ...SERVER, authorization_response_iss_parameter_supported: 'true' }, JSON.parse('{"__proto__":{"issuer":"https://as.example"}}') as JSONObject];
    for (const row of rows) assert.throws(() => checkAuthorizationServer(row, [ISSUER], STRICT_ENDPOINTS), { code: 'ERR_MCP_AUTH_DISCOVERY' });
  });
});
