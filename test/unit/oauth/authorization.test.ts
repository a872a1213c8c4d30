import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { defaultAuthorizationServer } from '../../../lib/oauth/authorization-server-metadata.ts';
import type { AuthorizationServer } from '../../../lib/oauth/authorization-server.ts';
import { requestAuthorization } from '../../../lib/oauth/authorization-request.ts';
import type { AuthorizationQuestion } from '../../../lib/oauth/authorization-request.ts';
import { ValidatedCode, validateResponse } from '../../../lib/oauth/authorization-response.ts';
import { isSameText } from '../../../lib/oauth/constant-time.ts';
import { PendingAuthorization } from '../../../lib/oauth/pending-authorization.ts';
import type { PendingFacts } from '../../../lib/oauth/pending-authorization.ts';
import { codeChallenge, randomSecret, requirePKCE } from '../../../lib/oauth/pkce.ts';

const ISSUER = 'https://as.example';
const REDIRECT = 'http://127.0.0.1:3000/callback';
const NOW = Date.UTC(2026, 0, 1);

const server: AuthorizationServer = defaultAuthorizationServer(ISSUER);
const question: AuthorizationQuestion = { clientId: 'c1', redirectUri: REDIRECT, resource: 'https://MCP.example/mcp/', scopes: ['a', 'b'], nowMs: NOW };

describe('PKCE (RFC 7636)', () => {
  test('a verifier is 43 characters of the alphabet, and no two are the same', () => {
    const verifiers = Array.from({ length: 100 }, () => randomSecret().reveal());
    for (const verifier of verifiers) assert.match(verifier, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(new Set(verifiers).size, 100);
  });

  test('the challenge is the digest of the verifier, without padding', async () => {
    assert.equal(await codeChallenge(new Secret('')), '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
    assert.match(await codeChallenge(randomSecret()), /^[A-Za-z0-9_-]{43}$/);
  });

  test('a server that does not list S256 is refused', async () => {
    for (const methods of [undefined, [], ['plain'], ['s256'], ['S512']]) {
      const without = { ...server, codeChallengeMethodsSupported: methods };
      assert.throws(() => requirePKCE(without), { code: 'ERR_MCP_AUTH_PKCE' }, String(methods));
      await assert.rejects(requestAuthorization(without, question), { code: 'ERR_MCP_AUTH_PKCE' });
    }
    requirePKCE({ ...server, codeChallengeMethodsSupported: ['plain', 'S256'] });
  });
});

describe('an authorization request (RFC 6749 section 4.1.1)', () => {
  test('holds everything once, the resource as it stands', async () => {
    const { url, pending } = await requestAuthorization(server, question);
    assert.ok(url.startsWith('https://as.example/authorize?'));
    assert.deepEqual(Object.fromEntries(new URL(url).searchParams), {
      response_type: 'code',
      client_id: 'c1',
      redirect_uri: REDIRECT,
      state: pending.facts.state.reveal(),
      code_challenge: await codeChallenge(pending.facts.verifier),
      code_challenge_method: 'S256',
      resource: 'https://MCP.example/mcp/',
      scope: 'a b',
    });
    assert.deepEqual({ ...pending.facts, state: 0, verifier: 0 }, { issuer: ISSUER, clientId: 'c1', redirectUri: REDIRECT, resource: 'https://MCP.example/mcp/', scopes: ['a', 'b'], requiresIssuer: false, createdAtMs: NOW, state: 0, verifier: 0 });
    assert.notEqual(pending.facts.state.reveal(), pending.facts.verifier.reveal());
    assert.ok(!url.includes(pending.facts.verifier.reveal()));
  });

  test('no scope where none is wanted; consent for offline_access', async () => {
    const parametersWith = async (more: Partial<AuthorizationQuestion>): Promise<URLSearchParams> => new URL((await requestAuthorization(server, { ...question, ...more })).url).searchParams;
    assert.equal((await parametersWith({ scopes: undefined })).has('scope'), false);
    assert.equal((await parametersWith({})).has('prompt'), false);
    assert.equal((await parametersWith({ scopes: ['a', 'offline_access'] })).get('prompt'), 'consent');
    assert.equal((await parametersWith({ scopes: ['a', 'offline_access'], parameters: { prompt: 'login consent' } })).get('prompt'), 'login consent');
  });

  test('the query of the endpoint stays, and what it says of ours does not', async () => {
    const { url } = await requestAuthorization({ ...server, authorizationEndpoint: 'https://as.example/authorize?tenant=1&state=x&state=y&client_id=z' }, { ...question, parameters: { login_hint: 'me@x' } });
    const { searchParams } = new URL(url);
    assert.deepEqual([searchParams.get('tenant'), searchParams.get('login_hint'), searchParams.getAll('client_id'), searchParams.getAll('state').length], ['1', 'me@x', ['c1'], 1]);
  });

  test('what it sets itself cannot be given, and an endpoint there must be', async () => {
    for (const name of ['state', 'client_id', 'redirect_uri', 'resource', 'code_challenge', 'code_challenge_method', 'response_type', 'scope']) {
      await assert.rejects(requestAuthorization(server, { ...question, scopes: undefined, parameters: { [name]: 'x' } }), TypeError, name);
    }
    await assert.rejects(requestAuthorization({ ...server, authorizationEndpoint: undefined }, question), { code: 'ERR_MCP_AUTH_DISCOVERY' });
  });
});

const FACTS: PendingFacts = {
  issuer: ISSUER,
  clientId: 'c1',
  redirectUri: REDIRECT,
  resource: 'https://mcp.example/mcp',
  scopes: ['a'],
  requiresIssuer: false,
  createdAtMs: NOW,
  state: new Secret('the-state'),
  verifier: new Secret('the-verifier'),
};

function answer(parameters: Readonly<Record<string, string>> | string, facts: Partial<PendingFacts> = {}): ValidatedCode {
  const query = typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString();
  return validateResponse(`${facts.redirectUri ?? REDIRECT}?${query}`, new PendingAuthorization({ ...FACTS, ...facts }), DEFAULT_LIMITS, NOW);
}

function failure(action: () => unknown): AuthorizationError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof AuthorizationError, inspect(error));
    return error;
  }
  return assert.fail('it was taken');
}

const state = 'the-state';

describe('an authorization response', () => {
  test('a code comes with all that a token request repeats', () => {
    const code = answer({ state, code: 'abc' });
    assert.ok(ValidatedCode.is(code) && Object.isFrozen(code));
    assert.deepEqual(
      { ...code, code: code.code.reveal(), verifier: code.verifier.reveal() },
      { code: 'abc', verifier: 'the-verifier', issuer: ISSUER, clientId: 'c1', redirectUri: REDIRECT, resource: 'https://mcp.example/mcp', scopes: ['a'] },
    );
    assert.ok(!/abc|the-verifier/.test(inspect(code, { depth: 9, showHidden: true }) + JSON.stringify(code)));
  });

  test('the URL may begin with its path, and be a URL', () => {
    for (const response of ['/callback?code=abc&state=the-state', new URL(`${REDIRECT}?state=the-state&code=abc`), '?code=abc&state=the-state']) {
      assert.equal(validateResponse(response, new PendingAuthorization(FACTS), DEFAULT_LIMITS, NOW).code.reveal(), 'abc');
    }
    assert.throws(() => validateResponse(7 as unknown as string, new PendingAuthorization(FACTS), DEFAULT_LIMITS, NOW), TypeError);
  });

  test('nobody else makes a validated code', () => {
    assert.throws(() => Reflect.construct(ValidatedCode, [Symbol('validated'), new Secret('x'), FACTS]), TypeError);
    for (const value of [{ ...answer({ state, code: 'abc' }) }, Object.create(ValidatedCode.prototype), null, undefined, 'abc']) assert.equal(ValidatedCode.is(value), false);
  });

  test('another place than the redirect URI', () => {
    const query = 'code=abc&state=the-state';
    for (const url of [`http://127.0.0.1:3001/callback?${query}`, `https://127.0.0.1:3000/callback?${query}`, `http://localhost:3000/callback?${query}`, `${REDIRECT}/?${query}`, `/other?${query}`, `//evil.example/callback?${query}`, 'http://[', `javascript:?${query}`]) {
      assert.equal(failure(() => validateResponse(url, new PendingAuthorization(FACTS), DEFAULT_LIMITS, NOW)).code, 'ERR_MCP_AUTH_RESPONSE', url);
    }
    const withQuery = { redirectUri: `${REDIRECT}?user=1` };
    const pending = () => new PendingAuthorization({ ...FACTS, ...withQuery });
    assert.equal(failure(() => validateResponse(`${REDIRECT}?${query}`, pending(), DEFAULT_LIMITS, NOW)).code, 'ERR_MCP_AUTH_RESPONSE');
    assert.equal(validateResponse(`${REDIRECT}?user=1&${query}`, pending(), DEFAULT_LIMITS, NOW).code.reveal(), 'abc');
  });

  test('a state that is missing, another or said twice; nothing of the answer is in the error', () => {
    for (const query of ['code=c4nary', 'code=c4nary&state=', 'code=c4nary&state=the-stat', 'code=c4nary&state=the-state2', 'code=c4nary&state=THE-STATE', 'code=c4nary&state=the-state&state=the-state', 'error=c4nary&error_description=c4nary']) {
      const error = failure(() => answer(query));
      assert.equal(error.code, 'ERR_MCP_AUTH_RESPONSE', query);
      assert.ok(!/c4nary|the-state|the-verifier/.test(inspect(error, { depth: 9 }).split('\n    at ')[0] ?? ''), query);
    }
  });

  test('an answer is taken once, and one with another state takes nothing', () => {
    const pending = new PendingAuthorization(FACTS);
    const respond = (query: string): ValidatedCode => validateResponse(`${REDIRECT}?${query}`, pending, DEFAULT_LIMITS, NOW);
    failure(() => respond('code=evil&state=guess'));
    failure(() => respond('code=evil'));
    assert.equal(respond('code=abc&state=the-state').code.reveal(), 'abc');
    assert.match(failure(() => respond('code=abc&state=the-state')).message, /answered before/);
    const refused = new PendingAuthorization(FACTS);
    assert.equal(failure(() => validateResponse(`${REDIRECT}?error=access_denied&state=the-state`, refused, DEFAULT_LIMITS, NOW)).code, 'ERR_MCP_AUTH_DENIED');
    assert.match(failure(() => validateResponse(`${REDIRECT}?code=abc&state=the-state`, refused, DEFAULT_LIMITS, NOW)).message, /answered before/);
  });

  test('authPendingMs: a page that was left open', () => {
    const at = (nowMs: number): ValidatedCode => validateResponse(`${REDIRECT}?code=abc&state=the-state`, new PendingAuthorization(FACTS), DEFAULT_LIMITS, nowMs);
    assert.equal(at(NOW + 3_600_000).code.reveal(), 'abc');
    assert.equal(failure(() => at(NOW + 3_600_001)).details['limit'], 'authPendingMs');
  });

  test('neither code nor error, both, one twice, too long', () => {
    for (const query of ['state=the-state', 'state=the-state&code=', 'state=the-state&code=a&error=b', 'state=the-state&code=a&code=b', 'state=the-state&error=a&error=b', 'state=the-state&code=a&iss=x&iss=x', `state=the-state&code=${'a'.repeat(16_384)}`]) {
      assert.equal(failure(() => answer(query)).code, 'ERR_MCP_AUTH_RESPONSE', query.slice(0, 60));
    }
  });

  test('a refusal is told with its code, and the words of the server escaped', () => {
    const error = failure(() => answer({ state, error: 'access_denied', error_description: 'no \u001b[31m"way"\n', error_uri: 'https://evil.example' }));
    assert.equal(error.code, 'ERR_MCP_AUTH_DENIED');
    assert.deepEqual(error.details, { error: 'access_denied', issuer: ISSUER });
    assert.equal(error.message, '"https://as.example" did not authorize: "access_denied": "no \\u{1b}[31m\\"way\\"\\n"');
    assert.match(failure(() => answer({ state, error: 'a"b' })).message, /did not authorize: an error without a valid code$/);
  });
});

describe('the issuer of a response (RFC 9207 section 2.4, the table of MCP)', () => {
  const WRONG = ['https://evil.example', 'https://as.example/', 'https://AS.example', 'HTTPS://as.example', 'https://as.example:443', 'https://as.exampl%65', ' https://as.example', 'https://as.example ', ''];

  for (const requiresIssuer of [true, false]) {
    const advertised = requiresIssuer ? 'advertised' : 'not advertised';

    test(`${advertised}, present: compared as a text`, () => {
      assert.equal(answer({ state, code: 'abc', iss: ISSUER }, { requiresIssuer }).code.reveal(), 'abc');
      for (const iss of WRONG) assert.equal(failure(() => answer({ state, code: 'abc', iss }, { requiresIssuer })).code, 'ERR_MCP_AUTH_ISSUER', iss);
      assert.equal(answer(`state=the-state&code=abc&iss=https%3A%2F%2Fas.example`, { requiresIssuer }).code.reveal(), 'abc');
    });

    test(`${advertised}, absent: ${requiresIssuer ? 'refused' : 'taken'}`, () => {
      if (requiresIssuer) assert.match(failure(() => answer({ state, code: 'abc' }, { requiresIssuer })).message, /it names none$/);
      else assert.equal(answer({ state, code: 'abc' }, { requiresIssuer }).code.reveal(), 'abc');
    });

    test(`${advertised}: the same for errors, of which nothing is shown or told`, () => {
      const refused = { state, error: 'c4nary', error_description: 'c4nary', error_uri: 'https://c4nary.example' };
      assert.equal(failure(() => answer({ ...refused, iss: ISSUER }, { requiresIssuer })).code, 'ERR_MCP_AUTH_DENIED');
      for (const iss of [...WRONG, 'https://c4nary.example']) {
        const error = failure(() => answer({ ...refused, iss }, { requiresIssuer }));
        assert.equal(error.code, 'ERR_MCP_AUTH_ISSUER');
        assert.ok(!inspect(error, { depth: 9 }).includes('c4nary'), iss);
      }
    });
  }

  test('metadata that advertises it makes the request demand it', async () => {
    const { pending } = await requestAuthorization({ ...server, authorizationResponseIssParameterSupported: true }, question);
    const response = `${REDIRECT}?code=abc&state=${pending.facts.state.reveal()}`;
    assert.equal(failure(() => validateResponse(response, pending, DEFAULT_LIMITS, NOW)).code, 'ERR_MCP_AUTH_ISSUER');
  });
});

describe('a request that waits in another process', () => {
  test('comes back from JSON whole', async () => {
    for (const scopes of [['a', 'b'], undefined]) {
      const { pending } = await requestAuthorization(server, { ...question, scopes });
      const stored: unknown = JSON.parse(JSON.stringify(pending.toStored()));
      const back = PendingAuthorization.fromStored(stored);
      assert.deepEqual(back.toStored(), pending.toStored());
      assert.equal(validateResponse(`${REDIRECT}?code=abc&state=${pending.facts.state.reveal()}`, back, DEFAULT_LIMITS, NOW).verifier.reveal(), pending.facts.verifier.reveal());
    }
  });

  test('shows its secrets only there', async () => {
    const { pending } = await requestAuthorization(server, question);
    const shown = inspect(pending, { depth: 9, showHidden: true }) + JSON.stringify(pending) + String(pending);
    assert.ok(!shown.includes(pending.facts.state.reveal()) && !shown.includes(pending.facts.verifier.reveal()));
  });

  test('what is no stored request is refused', () => {
    const stored = new PendingAuthorization(FACTS).toStored();
    const bad: readonly unknown[] = [
      ...[undefined, null, 'x', [], {}, { ...stored, version: 2 }, { ...stored, requiresIssuer: 'true' }, { ...stored, createdAtMs: '1' }, { ...stored, createdAtMs: Infinity }, { ...stored, scopes: 'a' }, { ...stored, scopes: [1] }],
      ...['issuer', 'clientId', 'redirectUri', 'resource', 'state', 'verifier'].flatMap((name) => [undefined, '', 7, 'a'.repeat(4_097)].map((value) => ({ ...stored, [name]: value }))),
      Object.create(stored),
    ];
    for (const value of bad) assert.equal(failure(() => PendingAuthorization.fromStored(value)).code, 'ERR_MCP_AUTH_RESPONSE', inspect(value).slice(0, 80));
  });
});

test('two texts are the same, or not', () => {
  for (const [known, guess, is] of [['abc', 'abc', true], ['', '', true], ['abc', 'abd', false], ['abc', 'ab', false], ['ab', 'abc', false], ['abc', '', false], ['', 'a', false], ['abc', 'abc\u0000', false], ['a', '\u0161', false]] as const) {
    assert.equal(isSameText(known, guess), is, `${known} ${guess}`);
  }
});
