import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { Secret } from '../../../lib/base/secret.ts';
import { readExchangeAnswer, readTokenAnswer } from '../../../lib/oauth/token-response.ts';
import type { TokenType } from '../../../lib/oauth/token-response.ts';
import { oauthAnswer } from '../../helpers/scripted-oauth-http.ts';

const ISSUER = 'https://as.example';
const GOOD = { access_token: 'at-1', token_type: 'Bearer' };

const read = (json: JSONObject | undefined, status: number = 200, tokenType: TokenType = 'Bearer') =>
  readTokenAnswer(oauthAnswer(status, json), { issuer: ISSUER, tokenType, sent: [['refresh_token', new Secret('rt-canary')], ['Authorization', new Secret('Basic aWQ6eA')], ['client_secret', new Secret('s+/&')], ['scope', 'files']] });

describe('an answer with tokens (RFC 6749, 5.1)', () => {
  test('the least one', () => {
    const { accessToken, ...rest } = read(GOOD);
    assert.equal(accessToken.reveal(), 'at-1');
    assert.deepEqual(rest, { tokenType: 'Bearer', lifetimeMs: undefined, scope: undefined, refreshToken: undefined });
  });

  test('a whole one; what else stands in it is left out', () => {
    const issued = read({ ...GOOD, expires_in: 3600, scope: 'a b', refresh_token: 'rt 1', id_token: 'x', example: {} });
    assert.deepEqual([issued.lifetimeMs, issued.scope, issued.refreshToken?.reveal()], [3_600_000, 'a b', 'rt 1']);
    assert.deepEqual(Object.keys(issued), ['accessToken', 'tokenType', 'lifetimeMs', 'scope', 'refreshToken']);
    assert.ok(!inspect(issued, { depth: 9, showHidden: true }).includes('at-1') && !JSON.stringify(issued).includes('rt 1'));
  });

  test('the case of token_type makes no difference', () => {
    for (const told of ['bearer', 'BEARER']) assert.equal(read({ ...GOOD, token_type: told }).tokenType, 'Bearer');
    for (const told of ['dpop', 'DPOP']) assert.equal(read({ ...GOOD, token_type: told }, 200, 'DPoP').tokenType, 'DPoP');
  });

  test('null, and an empty refresh token, are as good as absent', () => {
    const issued = read({ ...GOOD, expires_in: null, scope: null, refresh_token: null });
    assert.deepEqual([issued.lifetimeMs, issued.scope, issued.refreshToken], [undefined, undefined, undefined]);
    assert.equal(read({ ...GOOD, refresh_token: '', scope: '' }).refreshToken, undefined);
  });

  test('seconds may be a string of digits, may be a fraction, and may be 0', () => {
    for (const [told, lifetimeMs] of [['3600', 3_600_000], [3599.5, 3_599_000], [0, 0], ['0', 0], [1e10, 1e13]] as const) assert.equal(read({ ...GOOD, expires_in: told }).lifetimeMs, lifetimeMs);
  });
});

describe('an answer that is no token to be used', () => {
  const long = 'a'.repeat(32_769);
  const cases: ReadonlyArray<readonly [what: string, json: JSONObject | undefined, message: RegExp, status?: number, tokenType?: TokenType]> = [
    ['no JSON object', undefined, /got status 200 and no JSON object/],
    ['an object with another status', GOOD, /got status 201 and an object/, 201],
    ['a refusal without an error', {}, /got status 400 and an object/, 400],
    ['a refusal that is no JSON', undefined, /got status 404 and no JSON object/, 404],
    ['an error that is no code', { error: 5 }, /got status 400 and an error that is no code/, 400],
    ['an error beside a token', { ...GOOD, error: null }, /got status 200 and an error that is no code/],
    ['no access_token', { token_type: 'Bearer' }, /access_token is missing/],
    ['an empty one', { ...GOOD, access_token: '' }, /access_token is missing/],
    ['one that is inherited', Object.assign(Object.create({ access_token: 'x' }) as object, { token_type: 'Bearer' }), /access_token is missing/],
    ['a number for a token', { ...GOOD, access_token: 5 }, /access_token must be .*got the number 5/],
    ['a token with a line end', { ...GOOD, access_token: 'a\r\nX: y' }, /visible ASCII/],
    ['a token with a space', { ...GOOD, access_token: 'a b' }, /cannot go into a header.*index 1 of 3/],
    ['a token outside of ASCII', { ...GOOD, access_token: 'é' }, /visible ASCII/],
    ['a token of equals signs', { ...GOOD, access_token: '==' }, /cannot go into a header/],
    ['a token without end', { ...GOOD, access_token: long }, /at most 32768 characters/],
    ['no token_type', { access_token: 'at-1' }, /token_type must be a string; got undefined/],
    ['another token_type', { ...GOOD, token_type: 'mac\u202e' }, /token_type must be Bearer; got "mac\\u\{202e\}"/],
    ['Bearer where DPoP was asked for', GOOD, /token_type must be DPoP; got "Bearer"/, 200, 'DPoP'],
    ['DPoP where Bearer was asked for', { ...GOOD, token_type: 'DPoP' }, /token_type must be Bearer/],
    ['a negative lifetime', { ...GOOD, expires_in: -1 }, /expires_in must be .*got the number -1/],
    ['an endless lifetime', { ...GOOD, expires_in: 1e20 }, /expires_in must be/],
    ['a lifetime that is no number', { ...GOOD, expires_in: '1 h' }, /got a string of 3 characters/],
    ['a lifetime of digits without end', { ...GOOD, expires_in: '9'.repeat(30) }, /expires_in must be/],
    ['a lifetime that is an object', { ...GOOD, expires_in: { valueOf: 5 } }, /got an object/],
    ['a scope that is a list', { ...GOOD, scope: ['a'] }, /scope must be .*got an array/],
    ['a scope with a line end', { ...GOOD, scope: 'a\nb' }, /scope must be/],
    ['a refresh token that is a number', { ...GOOD, refresh_token: 1 }, /refresh_token must be/],
    ['a refresh token with a control character', { ...GOOD, refresh_token: 'a\0' }, /refresh_token must be/],
  ];
  for (const [what, json, message, status, tokenType] of cases) {
    test(what, () => {
      assert.throws(() => read(json, status, tokenType), (error: unknown) => {
        assert.ok(error instanceof AuthorizationError);
        assert.deepEqual([error.code, error.details['issuer']], ['ERR_MCP_AUTH_TOKEN', ISSUER]);
        assert.match(error.message, message);
        assert.ok(!/at-1|X: y/.test(inspect(error)), 'the token is not shown');
        return true;
      });
    });
  }
});

describe('an answer that is an error (RFC 6749, 5.2)', () => {
  test('its code is told, and what the server says of it, escaped', () => {
    for (const status of [400, 401, 200, 403]) {
      assert.throws(() => read({ error: 'invalid_grant', error_description: 'gone\u001b[2J' }, status), {
        code: 'ERR_MCP_AUTH_REFUSED',
        message: 'https://as.example gave no token: "invalid_grant", "gone\\u{1b}[2J"',
        details: { error: 'invalid_grant', status, issuer: ISSUER },
      });
    }
  });

  test('an error beside a token goes before it', () => {
    assert.throws(() => read({ ...GOOD, error: 'server_error' }), { code: 'ERR_MCP_AUTH_REFUSED' });
  });

  test('a description that repeats a secret that was sent is not shown, nor is one that is no text', () => {
    for (const description of ['rt-canary is not known', 'not aWQ6eA', 'not s+/&', 'not s%2B%2F%26', { a: 1 }, '', 5]) {
      assert.throws(() => read({ error: 'invalid_grant', error_description: description }, 400), { message: 'https://as.example gave no token: "invalid_grant"' });
    }
  });

  test('what is wrong with a proof is told apart (RFC 9449, 5 and 8)', () => {
    for (const error of ['invalid_dpop_proof', 'use_dpop_nonce']) assert.throws(() => read({ error }, 400), { code: 'ERR_MCP_AUTH_DPOP' });
  });

  test('a code with characters that none has, or without end, is none', () => {
    for (const error of ['a"b', 'é', '', 'x'.repeat(101)]) assert.throws(() => read({ error }, 400), { code: 'ERR_MCP_AUTH_TOKEN' });
  });
});

describe('the answer to an exchange (RFC 8693, 2.2)', () => {
  const expected = { issuer: ISSUER, issuedTokenType: 'urn:x:jag', sent: [] };
  const good = { access_token: 'header.payload.signature', issued_token_type: 'urn:x:jag', token_type: 'N_A' };

  test('is the token, which is none of OAuth', () => {
    assert.equal(readExchangeAnswer(oauthAnswer(200, { ...good, expires_in: 300 }), expected).reveal(), 'header.payload.signature');
  });

  test('of another kind it is refused', () => {
    for (const wrong of [{ issued_token_type: 'urn:y' }, { issued_token_type: undefined }, { token_type: 'Bearer' }, { access_token: '' }, { access_token: 'a\nb' }]) {
      assert.throws(() => readExchangeAnswer(oauthAnswer(200, { ...good, ...wrong }), expected), { code: 'ERR_MCP_AUTH_TOKEN' });
    }
    assert.throws(() => readExchangeAnswer(oauthAnswer(400, { error: 'access_denied' }), expected), { code: 'ERR_MCP_AUTH_REFUSED' });
  });
});
