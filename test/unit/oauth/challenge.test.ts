import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { authorizationChallenge, errorCodeOf } from '../../../lib/oauth/authorization-challenge.ts';
import type { AuthorizationChallenge } from '../../../lib/oauth/authorization-challenge.ts';
import { chooseScopes, isScope, parseScopes, unionScopes } from '../../../lib/oauth/scopes.ts';

const NOTHING: AuthorizationChallenge = { schemes: ['bearer'], resourceMetadata: undefined, scope: undefined, error: undefined, dpopAlgorithms: undefined };
const META = 'https://mcp.example/.well-known/oauth-protected-resource';

describe('what a challenge asks for', () => {
  const rows: readonly (readonly [header: string | null, challenge: Partial<AuthorizationChallenge> | undefined])[] = [
    [null, undefined],
    ['', undefined],
    ['Basic realm="x"', undefined],
    ['Negotiate YWJj', undefined],
    ['Bearer', {}],
    ['bearer realm="x"', {}],
    [`Bearer resource_metadata="${META}", scope="files:read files:write"`, { resourceMetadata: META, scope: ['files:read', 'files:write'] }],
    [`Bearer error="insufficient_scope", scope="a", resource_metadata="${META}", error_description="go to https://evil.example"`, { error: 'insufficient_scope', scope: ['a'], resourceMetadata: META }],
    ['Bearer error=invalid_token', { error: 'invalid_token' }],
    [`Basic realm="x", Bearer scope="a", resource_metadata="${META}"`, { scope: ['a'], resourceMetadata: META }],
    ['DPoP error="use_dpop_nonce", algs="ES256 EdDSA"', { schemes: ['dpop'], error: 'use_dpop_nonce', dpopAlgorithms: ['ES256', 'EdDSA'] }],
    ['DPOP algs="ES256"', { schemes: ['dpop'], dpopAlgorithms: ['ES256'] }],
    ['Bearer scope="a", DPoP algs="ES256", scope="b"', { schemes: ['bearer', 'dpop'], scope: ['a'], dpopAlgorithms: ['ES256'] }],
    [`DPoP algs="ES256", Bearer resource_metadata="${META}", Bearer error="x"`, { schemes: ['dpop', 'bearer'], dpopAlgorithms: ['ES256'], resourceMetadata: META, error: 'x' }],
    ['Bearer scope="", error=""', {}],
    ['Bearer scope="a\\"b"', {}],
    [`Bearer scope="${'a '.repeat(5_000)}"`, {}],
    [`Bearer error="${'a'.repeat(101)}"`, {}],
    ['Bearer resource_metadata=https://mcp.example/x', {}],
    ['Bearer resource_metadata="javascript:alert(1)"', { resourceMetadata: 'javascript:alert(1)' }],
    ['Bearer abc123==', {}],
  ];
  for (const [header, challenge] of rows) {
    test(`${header?.slice(0, 100) ?? 'no header'}`, () => {
      assert.deepEqual(authorizationChallenge(header), challenge === undefined ? undefined : { ...NOTHING, ...challenge });
    });
  }

  test('an error code is a short word of the characters of RFC 6749 section 5.2', () => {
    for (const code of ['invalid_grant', 'a b', '!', 'a'.repeat(100)]) assert.equal(errorCodeOf(code), code);
    for (const value of ['', 'a"b', 'a\\b', 'ä', 'a\n', '\u202e', 'a'.repeat(101), 7, null, undefined, ['a']]) assert.equal(errorCodeOf(value), undefined);
  });
});

describe('scopes (RFC 6749 section 3.3)', () => {
  test('a list is read whole or not at all', () => {
    assert.deepEqual(parseScopes('a b a  c'), ['a', 'b', 'c']);
    assert.deepEqual(parseScopes(' mcp:tools/read.all~! '), ['mcp:tools/read.all~!']);
    for (const text of ['', '   ', 'a "b', 'a b\\', 'a\tb', 'a\nb', 'ä', 'a'.repeat(8_193)]) assert.equal(parseScopes(text), undefined, text.slice(0, 9));
  });

  test('what is one scope', () => {
    for (const scope of ['a', '#', '[', ']', '~', '!']) assert.ok(isScope(scope), scope);
    for (const scope of ['', ' ', 'a b', '"', '\\', '\u007f', 'ü', 'a\n']) assert.ok(!isScope(scope), scope);
  });

  const sources = { challenged: undefined, resourceScopes: undefined, serverScopes: undefined, wantsRefreshToken: false };

  test('the challenge, else the metadata of the resource, else nothing', () => {
    assert.deepEqual(chooseScopes({ ...sources, challenged: ['a'], resourceScopes: ['b'], serverScopes: ['c'] }), ['a']);
    assert.deepEqual(chooseScopes({ ...sources, resourceScopes: ['b', 'b', 'no scope'], serverScopes: ['c'] }), ['b']);
    assert.equal(chooseScopes({ ...sources, serverScopes: ['c'] }), undefined);
    assert.equal(chooseScopes({ ...sources, resourceScopes: [] }), undefined);
  });

  test('offline_access only when it is wanted, known and not alone', () => {
    const known = { ...sources, serverScopes: ['a', 'offline_access'], wantsRefreshToken: true };
    assert.deepEqual(chooseScopes({ ...known, challenged: ['a'] }), ['a', 'offline_access']);
    assert.deepEqual(chooseScopes({ ...known, challenged: ['offline_access', 'a'] }), ['offline_access', 'a']);
    assert.equal(chooseScopes(known), undefined);
    assert.deepEqual(chooseScopes({ ...known, challenged: ['a'], wantsRefreshToken: false }), ['a']);
    assert.deepEqual(chooseScopes({ ...known, challenged: ['a'], serverScopes: ['a'] }), ['a']);
    assert.deepEqual(chooseScopes({ ...known, challenged: ['a'], serverScopes: undefined }), ['a']);
  });

  test('what was asked for before stays when more is asked for', () => {
    assert.deepEqual(unionScopes(['a', 'b'], ['c', 'a'], undefined, ['not one', '']), ['a', 'b', 'c']);
    assert.equal(unionScopes(undefined, []), undefined);
  });
});
