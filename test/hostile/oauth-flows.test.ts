/** Authorization where several things happen at once or one after the other: concurrency, sign-ins that hang, answers that come twice or to another handle, proofs. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { InMemoryTokenStore, createNodeFetch, loopbackSignIn } from '../../lib/index.ts';
import type { JSONObject, MCPError, OAuthOptions, SignInRequest, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { NameLookup } from '../../lib/http/name-lookup.ts';
import { FakeClock, settle } from '../helpers/fake-clock.ts';
import { makeHTTPServer } from '../helpers/http-server-handle.ts';
import { REDIRECT_URL, makeOAuth, use, visit, withPair } from '../helpers/oauth-case.ts';
import type { OAuthPair } from '../helpers/oauth-pair.ts';
import type { PairScript } from '../helpers/oauth-script.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const BOUND: PairScript = { server: { metadata: { dpop_signing_alg_values_supported: ['ES256'] } } };

/** How often users signed in, and how often tokens were asked for. */
function counts(pair: OAuthPair): readonly [signIns: number, tokens: number] {
  return [pair.count('as GET /authorize'), pair.count('as POST /token')];
}

/** The claims of the proofs that came with requests. */
function proofsOf(requests: readonly { readonly headers: Readonly<Record<string, string>> }[]): readonly JSONObject[] {
  return requests.flatMap(({ headers: { dpop } }) => (dpop === undefined ? [] : [JSON.parse(Buffer.from(dpop.split('.')[1] ?? '', 'base64url').toString()) as JSONObject]));
}

/** Signs in only when it is told to, and hears of its signal only where it is said to. */
class PatientHost {
  readonly requests: SignInRequest[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly signIn = async (request: SignInRequest): Promise<string> => {
    this.requests.push(request);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return visit({ url: request.url, signal: new AbortController().signal });
  };

  goOn(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe('many calls at once (F8, F18; RFC 6749 section 6; MCP 2026-07-28, authorization, "Error Handling")', () => {
  test('200 calls that are let in by nobody: one registration, one sign-in, one token', async () => {
    await withPair({}, {}, async ({ pair, server }) => {
      const outcomes = await Promise.all([server.connect(), ...Array.from({ length: 200 }, () => server.connect())].map((connecting) => connecting.then(() => use(server))));
      assert.deepEqual(new Set(outcomes), new Set(['done']));
      assert.deepEqual([pair.count('as POST /register'), ...counts(pair)], [1, 1, 1]);
    });
  });

  test('200 calls whose token is refused: one refresh, and nobody signs in', async () => {
    await withPair({}, {}, async ({ pair, server }) => {
      await use(server);
      pair.tokens.clear();
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => server.callTool('call').then(textOf)));
      assert.deepEqual(new Set(outcomes), new Set(['done']));
      assert.deepEqual(counts(pair), [1, 2]);
      assert.equal(pair.servers.as.forms[1]?.['grant_type'], 'refresh_token');
    });
  });

  test('200 calls whose token and refresh token are refused: one try to refresh, one sign-in', async () => {
    await withPair({}, {}, async ({ pair, server }) => {
      await use(server);
      pair.tokens.clear();
      pair.change({ server: { token: [{ status: 400, json: { error: 'invalid_grant' } }] } });
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => server.callTool('call').then(textOf)));
      assert.deepEqual(new Set(outcomes), new Set(['done']));
      assert.deepEqual(counts(pair), [2, 3]);
    });
  });

  test('20 calls that want a further scope: one sign-in for it', async () => {
    await withPair({}, {}, async ({ pair, server }) => {
      await use(server);
      const needed = { status: 403, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="write"' } };
      for (const token of pair.tokens) pair.resource.answersTo.set(token, needed);
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => server.callTool('call').then(textOf)));
      assert.deepEqual(new Set(outcomes), new Set(['done']));
      assert.equal(counts(pair)[0], 2);
    });
  });

  test('a further scope for which nobody signed in is asked for again; one that was granted in vain is not', async () => {
    let turns = 0;
    const signIn = (request: SignInRequest): Promise<string> => (++turns === 2 ? Promise.reject(new Error('not now')) : visit(request));
    await withPair({}, { signIn }, async ({ pair, server }) => {
      await use(server);
      const needed = { status: 403, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="write"' } };
      for (const token of pair.tokens) pair.resource.answersTo.set(token, needed);
      assert.equal(((await rejection(server.callTool('call'))) as Error).message, 'not now');
      assert.equal(await use(server), 'done');
      for (const token of pair.tokens) pair.resource.answersTo.set(token, needed);
      for (let turn = 0; turn < 2; turn++) await mcpRejection(server.callTool('call'), 'AuthorizationError', 'ERR_MCP_AUTH_SCOPE');
      assert.equal(turns, 3);
    });
  });

  test('two handles of one authorization, and one store: one sign-in', async () => {
    const tokenStore = new InMemoryTokenStore();
    await withPair({}, { tokenStore }, async ({ pair, oauth, server }) => {
      await use(server);
      const others = [makeHTTPServer(pair.resource.url, { authorization: oauth }), makeHTTPServer(pair.resource.url, { authorization: makeOAuth({ tokenStore }) })];
      for (const other of others) {
        assert.equal(await use(other), 'done');
        await other.cleanup();
      }
      assert.deepEqual([pair.count('as POST /register'), ...counts(pair)], [1, 1, 1]);
    });
  });
});

describe('the host that signs users in (F6, F15)', () => {
  test('is shown where, for whom and what for; the deadlines of requests stand meanwhile', async () => {
    const [host, clock] = [new PatientHost(), new FakeClock()];
    await withPair({ resource: { challenge: 'Bearer scope="read"' } }, { signIn: host.signIn }, async ({ pair, server }) => {
      const call = use(server);
      const { signal, url, ...shown } = await until(() => host.requests[0], 'the user is asked');
      assert.deepEqual(shown, { serverName: 'test', issuer: pair.servers.as.origin, redirectUrl: REDIRECT_URL, scopes: ['read'] });
      assert.equal(new URL(url).origin, pair.servers.as.origin);
      await clock.advance(3_500_000);
      assert.equal(signal.aborted, false);
      host.goOn();
      assert.equal(await call, 'done');
    }, { clock, timeoutMs: 1_000, connectTimeoutMs: 1_000 });
  });

  test('and answers later than an hour: the answer is not taken', async () => {
    const [host, clock] = [new PatientHost(), new FakeClock()];
    await withPair({}, { signIn: host.signIn }, async ({ pair, server }) => {
      const call = rejection(use(server));
      await until(() => host.requests[0], 'the user is asked');
      await clock.advance(3_600_001);
      host.goOn();
      assert.equal(((await call) as MCPError).code, 'ERR_MCP_AUTH_RESPONSE');
      assert.deepEqual(counts(pair), [1, 0]);
    }, { clock });
  });

  test('what it rejects with is what the call rejects with; the next call asks it anew', async () => {
    const denied = new Error('not today');
    let turns = 0;
    const signIn = (request: SignInRequest): Promise<string> => (++turns === 1 ? Promise.reject(denied) : visit(request));
    await withPair({}, { signIn }, async ({ server, pair }) => {
      assert.equal(await rejection(use(server)), denied);
      assert.equal(await use(server), 'done');
      assert.deepEqual([turns, pair.count('as POST /register')], [2, 1]);
    });
  });

  test('what it throws at once, and an answer that is no URL, are errors of the call', async () => {
    const thrown = new Error('thrown');
    const answers: readonly (() => unknown)[] = [() => { throw thrown; }, async () => undefined, async () => 7, async () => 'http://[', async () => 'https://elsewhere.example/callback?code=x&state=y', async () => `${REDIRECT_URL}?${'x'.repeat(20_000)}`];
    for (const answer of answers) {
      await withPair({}, { signIn: answer as NonNullable<OAuthOptions['signIn']> }, async ({ server, pair }) => {
        const error = await rejection(use(server));
        assert.ok(error === thrown || error instanceof TypeError || (error as MCPError).code === 'ERR_MCP_AUTH_RESPONSE', inspect(error));
        assert.equal(counts(pair)[1], 0);
      });
    }
  });

  test('cleanup() during a sign-in ends at once, whether the host hears its signal or not', async () => {
    // A clock that never moves: whatever waited for a deadline would wait for ever.
    const [host, clock] = [new PatientHost(), new FakeClock()];
    await withPair({}, { signIn: host.signIn }, async ({ server, pair }) => {
      const call = rejection(use(server));
      const { signal } = await until(() => host.requests[0], 'the user is asked');
      await server.cleanup();
      assert.ok(await call);
      assert.equal(signal.aborted, true);
      host.goOn();
      await until(() => counts(pair)[0] === 1, 'the browser came back all the same');
      assert.equal(counts(pair)[1], 0);
    }, { clock });
  });

  test('a call that is aborted ends at once; the next one asks anew, though the host still waits', async () => {
    const host = new PatientHost();
    let turns = 0;
    const signIn = (request: SignInRequest): Promise<string> => (++turns === 2 ? host.signIn(request) : visit(request));
    await withPair({}, { signIn }, async ({ server, pair }) => {
      await use(server);
      pair.tokens.clear();
      pair.change({ server: { token: [{ status: 400, json: { error: 'invalid_grant' } }] } });
      const controller = new AbortController();
      const call = rejection(server.callTool('call', {}, { signal: controller.signal }));
      await until(() => host.requests[0], 'the user is asked');
      controller.abort(new Error('enough'));
      assert.ok(await call);
      assert.equal(await use(server), 'done');
      assert.deepEqual(counts(pair), [2, 3]);
      host.goOn();
    });
  });

  test('a turn that begins too late is ended', async () => {
    let begin: (() => void) | undefined;
    let ended = 0;
    const signIn = { begin: async () => (await new Promise<void>((resolve) => (begin = resolve)), { redirectUrl: REDIRECT_URL, visit, end: () => ended++ }) };
    await withPair({}, { signIn, redirectUrl: undefined }, async ({ server }) => {
      const call = rejection(use(server));
      await until(() => begin, 'the sign-in begins');
      await server.cleanup();
      assert.ok(await call);
      begin?.();
      await until(() => ended === 1, 'the late turn is ended');
    });
  });
});

/** Uses `server`, which cannot be let in without somebody: the URL to be shown. */
async function shownURL(server: StreamableHTTPMCPServer): Promise<string> {
  const error = await mcpRejection(use(server), 'AuthorizationError', 'ERR_MCP_AUTH_REQUIRED');
  return String(error.details['authorizationUrl']);
}

const NEVER = new AbortController().signal;

describe('a host that shows the URL by itself, and hands on what comes back (F5, F6, T28)', () => {
  for (const [name, script] of [['', {}], [', with tokens that are bound to a key', BOUND], [', where only the challenge says where the metadata is', { resource: { challenge: 'Bearer resource_metadata="{rs}/elsewhere"', documents: { '/.well-known/oauth-protected-resource/mcp': { status: 404 }, '/elsewhere': { json: { resource: '{rs}/mcp', authorization_servers: ['{as}'] } } } } }]] as const) {
    test(`finish() in the same handle, and what another handle then needs${name}`, async () => {
      await withPair(script, { signIn: undefined }, async ({ pair, oauth, server }) => {
        const url = await shownURL(server);
        await oauth.finish(await visit({ url, signal: NEVER }));
        assert.equal(await use(server), 'done');
        const other = makeHTTPServer(pair.resource.url, { authorization: oauth });
        assert.equal(await use(other), 'done');
        await other.cleanup();
        assert.deepEqual(counts(pair), [1, 1]);
      });
    });
  }

  test('finish() of another authorization over the same store', async () => {
    const tokenStore = new InMemoryTokenStore();
    await withPair({}, { signIn: undefined, tokenStore }, async ({ pair, server }) => {
      const url = await shownURL(server);
      const second = makeOAuth({ signIn: undefined, tokenStore });
      const other = makeHTTPServer(pair.resource.url, { authorization: second });
      await second.finish(await visit({ url, signal: NEVER }));
      assert.deepEqual([await use(other), await use(server)], ['done', 'done']);
      await other.cleanup();
      assert.deepEqual(counts(pair), [1, 1]);
    });
  });

  test('a further scope is shown each time until somebody says yes; granted in vain, it is not shown again', async () => {
    await withPair({}, { signIn: undefined }, async ({ pair, oauth, server }) => {
      await oauth.finish(await visit({ url: await shownURL(server), signal: NEVER }));
      await use(server);
      const needed = { status: 403, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="write"' } };
      for (const token of pair.tokens) pair.resource.answersTo.set(token, needed);
      const urls = [await shownURL(server), await shownURL(server)];
      assert.deepEqual(urls.map((url) => new URL(url).searchParams.get('scope')), ['write', 'write']);
      await oauth.finish(await visit({ url: urls[1] ?? '', signal: NEVER }));
      for (const token of pair.tokens) pair.resource.answersTo.set(token, needed);
      await mcpRejection(use(server), 'AuthorizationError', 'ERR_MCP_AUTH_SCOPE');
    });
  });

  test('an answer is taken once, and of two at the same time one', async () => {
    // Both find it there.
    const tokenStore = new (class extends InMemoryTokenStore {
      override async read(key: string): ReturnType<InMemoryTokenStore['read']> {
        const found = await super.read(key);
        await settle();
        return found;
      }
    })();
    await withPair({}, { signIn: undefined, tokenStore }, async ({ pair, oauth, server }) => {
      const callback = await visit({ url: await shownURL(server), signal: NEVER });
      const outcomes = await Promise.allSettled([oauth.finish(callback), oauth.finish(callback)]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      await assert.rejects(oauth.finish(callback), { code: 'ERR_MCP_AUTH_RESPONSE' });
      assert.equal(counts(pair)[1], 1);
    });
  });

  test('an answer that nobody waits for, or of a store that does not know it, is refused, and takes nothing away', async () => {
    await withPair({}, { signIn: undefined }, async ({ pair, oauth, server }) => {
      const callback = await visit({ url: await shownURL(server), signal: NEVER });
      const stranger = makeOAuth({ signIn: undefined });
      const other = makeHTTPServer(pair.resource.url, { authorization: stranger });
      await assert.rejects(stranger.finish(callback), { code: 'ERR_MCP_AUTH_RESPONSE' });
      for (const wrong of [REDIRECT_URL, `${REDIRECT_URL}?code=x`, `${REDIRECT_URL}?code=x&state=`, `${REDIRECT_URL}?code=x&state=y`, 'nothing']) await assert.rejects(oauth.finish(wrong), { code: 'ERR_MCP_AUTH_RESPONSE' });
      await oauth.finish(callback);
      await other.cleanup();
      assert.equal(await use(server), 'done');
    });
  });

  test('an answer of another issuer is refused, and cannot be tried again', async () => {
    await withPair({}, { signIn: undefined }, async ({ pair, oauth, server }) => {
      const callback = new URL(await visit({ url: await shownURL(server), signal: NEVER }));
      const right = callback.href;
      callback.searchParams.set('iss', pair.servers.other.origin);
      await assert.rejects(oauth.finish(callback), { code: 'ERR_MCP_AUTH_ISSUER' });
      await assert.rejects(oauth.finish(right), { code: 'ERR_MCP_AUTH_RESPONSE' });
      assert.equal(counts(pair)[1], 0);
    });
  });

  test('a server that names another issuer meanwhile does not get the code', async () => {
    await withPair({}, { signIn: undefined }, async ({ pair, oauth, server }) => {
      const callback = await visit({ url: await shownURL(server), signal: NEVER });
      pair.change({ resource: { metadata: { authorization_servers: ['{other}'] } } });
      await rejection(oauth.finish(callback));
      assert.equal(pair.count('other POST /token'), 0);
    });
  });
});

describe('tokens and proofs (F11, F12, F19, T29, T30)', () => {
  test('the refresh token stays where the reply has none (RFC 6749 section 6)', async () => {
    const clock = new FakeClock();
    await withPair({ server: { token: [{ issue: {} }, { issue: { refresh_token: null } }] } }, {}, async ({ pair, server }) => {
      await use(server);
      for (let turn = 0; turn < 2; turn++) {
        await clock.advance(3_600_000);
        assert.equal(await use(server), 'done');
      }
      const [, second, third] = pair.servers.as.forms;
      assert.deepEqual([second?.['grant_type'], third?.['grant_type']], ['refresh_token', 'refresh_token']);
      assert.equal(third?.['refresh_token'], second?.['refresh_token']);
    }, { clock });
  });

  test('each proof is of one request: its own jti, the URL without a query, the nonce that its server gave last (RFC 9449 sections 4.2, 8 and 9)', async () => {
    const wanting = (nonce: string): JSONObject => ({ status: 401, headers: { 'DPoP-Nonce': nonce, 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' } });
    const script: PairScript = { server: { ...BOUND.server, token: [{ status: 400, headers: { 'DPoP-Nonce': 'as-1' }, json: { error: 'use_dpop_nonce' } }] }, resource: { toTokens: [wanting('rs-1')] } };
    await withPair(script, {}, async ({ pair, server }) => {
      await use(server);
      pair.change({ resource: { toTokens: [wanting('rs-2')] } });
      await use(server);
      const [asked, shown] = [proofsOf(pair.servers.as.requests), proofsOf(pair.resource.requests)];
      assert.deepEqual(asked.map(({ nonce, ath, htu }) => [nonce, ath, htu]), [[undefined, undefined, `${pair.servers.as.origin}/token`], ['as-1', undefined, `${pair.servers.as.origin}/token`]]);
      assert.deepEqual([...new Set(shown.map(({ nonce }) => nonce))], [undefined, 'rs-1', 'rs-2']);
      assert.ok(shown.every(({ htu, ath }) => htu === pair.resource.url && typeof ath === 'string'));
      const ids = [...asked, ...shown].map(({ jti }) => jti);
      assert.equal(new Set(ids).size, ids.length);
    });
  });

  test('two issuers see two keys, and two users as well', async () => {
    const keyOf = (requests: readonly { readonly headers: Readonly<Record<string, string>> }[]): readonly string[] =>
      requests.flatMap(({ headers: { dpop } }) => (dpop === undefined ? [] : [JSON.stringify((JSON.parse(Buffer.from(dpop.split('.')[0] ?? '', 'base64url').toString()) as JSONObject)['jwk'])]));
    await withPair({ ...BOUND, other: BOUND.server ?? {} }, {}, async ({ pair, server }) => {
      await use(server);
      pair.tokens.clear();
      pair.change({ resource: { metadata: { authorization_servers: ['{other}'] } }, server: { ...BOUND.server, token: [{ status: 400, json: { error: 'invalid_grant' } }] } });
      assert.equal(await use(server), 'done');
      const second = makeHTTPServer(pair.resource.url, { authorization: makeOAuth({ user: 'another' }) });
      await use(second);
      await second.cleanup();
      const [first, others] = [new Set(keyOf(pair.servers.as.requests)), new Set(keyOf(pair.servers.other.requests))];
      assert.deepEqual([first.size, others.size], [1, 2]);
      assert.ok([...first].every((key) => !others.has(key)));
    });
  });

  test('what a client registers says what it is (OpenID Connect Dynamic Client Registration 1.0 section 2)', async () => {
    await withPair({}, {}, async ({ pair, server }) => {
      await use(server);
      const body = JSON.parse(pair.servers.as.requests.find(({ path }) => path === '/register')?.body ?? '') as JSONObject;
      assert.deepEqual([body['application_type'], body['redirect_uris'], body['token_endpoint_auth_method']], ['native', [REDIRECT_URL], 'none']);
    });
  });

  test('neither a handle nor an authorization nor a store shows a secret', async () => {
    const tokenStore = new InMemoryTokenStore();
    await withPair({ server: { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } } }, ({ secrets }) => (secrets.set('host-secret-canary', ['as']), { tokenStore, client: { id: 'c', secret: 'host-secret-canary' } }), async ({ pair, oauth, server }) => {
      await use(server);
      const shown = [server, oauth, tokenStore].map((value) => `${inspect(value, { depth: 30, showHidden: true })} ${JSON.stringify(value)}`).join(' ');
      for (const secret of pair.secrets.keys()) assert.ok(!shown.includes(secret), secret);
      assert.ok(pair.secrets.size >= 4);
    });
  });
});

describe('servers that go away, or name others (F14, F15, T7, T10)', () => {
  test('an expired token whose authorization server is gone is replaced by one of the server that is named now', async () => {
    const clock = new FakeClock();
    await withPair({}, {}, async ({ pair, server }) => {
      await use(server);
      pair.change({ resource: { metadata: { authorization_servers: ['{other}'] } }, server: { token: [{ status: 503, times: -1 }] } });
      await clock.advance(3_600_000);
      assert.equal(await use(server), 'done');
      assert.deepEqual([pair.count('other GET /authorize'), pair.count('other POST /token')], [1, 1]);
    }, { clock });
  });

  test('one whose authorization server is away is kept, and nobody signs in', async () => {
    const clock = new FakeClock();
    await withPair({}, {}, async ({ pair, server }) => {
      await use(server);
      pair.change({ server: { token: [{ status: 503 }] } });
      await clock.advance(3_600_000);
      const error = await mcpRejection(use(server), 'AuthorizationError', 'ERR_MCP_AUTH_NETWORK');
      assert.equal(error.details['status'], 503);
      assert.equal(await use(server), 'done');
      assert.deepEqual(counts(pair), [1, 3]);
    }, { clock });
  });

  test('an issuer whose name stands for an address of the host’s own network is not sent to, over a fetch that looks names up', async () => {
    const names: string[] = [];
    const lookup: NameLookup = (hostname, options, callback) => {
      names.push(hostname);
      if (options.all === true) callback(null, [{ address: '10.0.0.1', family: 4 }]);
      else callback(null, '10.0.0.1', 4);
    };
    const fetch = createNodeFetch({ proxy: false, lookup });
    for (const options of [{}, { fetch }]) {
      await withPair({ resource: { metadata: { authorization_servers: ['https://as.example'] } } }, options, async ({ server }) => {
        await mcpRejection(use(server), 'AuthorizationError', 'ERR_MCP_AUTH_ENDPOINT');
      }, { fetch });
    }
    assert.deepEqual(names, ['as.example', 'as.example']);
    await fetch.close();
  });
});

describe('a sign-in on the user’s machine (F21, F6; RFC 8252 section 7.3)', () => {
  test('takes one answer, its own: others that come before are refused and change nothing', async () => {
    const statuses: number[] = [];
    const ask = async (url: string, init: RequestInit = {}): Promise<void> => {
      const response = await fetch(url, { ...init, redirect: 'manual' });
      await response.text();
      statuses.push(response.status);
    };
    const signIn = loopbackSignIn(async (request) => {
      const answer = await visit(request);
      const [state, { origin }] = [new URL(answer).searchParams.get('state') ?? '', new URL(answer)];
      await ask(`${origin}/elsewhere?code=x&state=${state}`);
      await ask(request.redirectUrl);
      await ask(`${request.redirectUrl}?code=x&state=wrong`);
      await ask(`${request.redirectUrl}?code=x`);
      await ask(answer, { method: 'POST' });
      await Promise.allSettled(Array.from({ length: 50 }, () => ask(`${request.redirectUrl}?code=x&state=flood`)));
      await ask(answer);
    });
    await withPair({}, { signIn, redirectUrl: undefined }, async ({ pair, server }) => {
      assert.equal(await use(server), 'done');
      assert.deepEqual([statuses.slice(0, 5), statuses.at(-1)], [[404, 400, 400, 400, 405], 200]);
      assert.ok(statuses.slice(5, -1).every((status) => status === 400));
      assert.deepEqual(counts(pair), [1, 1]);
    });
  });

  test('an answer with the state twice, or with two codes, is refused', async () => {
    for (const more of ['&code=another', '&state=another', '&iss=https://evil.example']) {
      const signIn = loopbackSignIn(async (request) => void (await (await fetch(`${await visit(request)}${more}`)).text()));
      await withPair({}, { signIn, redirectUrl: undefined }, async ({ pair, server }) => {
        await mcpRejection(use(server), 'AuthorizationError', 'ERR_MCP_AUTH_RESPONSE');
        assert.equal(counts(pair)[1], 0);
      });
    }
  });

  test('what shows the URL and throws ends the sign-in; the port is free again', async () => {
    let shown = '';
    const signIn = loopbackSignIn(({ redirectUrl }) => {
      shown = redirectUrl;
      throw new Error('no browser');
    });
    await withPair({}, { signIn, redirectUrl: undefined }, async ({ server }) => {
      assert.equal(((await rejection(use(server))) as Error).message, 'no browser');
      await assert.rejects(fetch(shown));
    });
  });
});
