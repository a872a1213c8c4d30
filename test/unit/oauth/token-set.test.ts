import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Secret } from '../../../lib/base/secret.ts';
import { decodeTokenSet, encodeTokenSet, tokenKey } from '../../../lib/oauth/stored-tokens.ts';
import { TokenSet } from '../../../lib/oauth/token-set.ts';
import type { TokenOwner } from '../../../lib/oauth/token-set.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const OWNER: TokenOwner = { issuer: 'https://as.example', resource: 'https://mcp.example/mcp', clientId: 'me', user: 'ann', keyThumbprint: undefined };
const ISSUED = { accessToken: new Secret('at-canary'), tokenType: 'Bearer', lifetimeMs: 60_000, scope: 'a b', refreshToken: new Secret('rt-canary "\\') } as const;

/** A clock whose date can be set. */
class SettableClock extends FakeClock {
  setBackMs = 0;

  override date(): number {
    return super.date() - this.setBackMs;
  }
}

describe('a token set: how long it lives', () => {
  test('counts from when it was issued; fresh as long as it lives for longer than the skew', async () => {
    const clock = new FakeClock();
    const tokens = TokenSet.issued(ISSUED, OWNER, clock);
    assert.deepEqual([tokens.lifeMs, tokens.isFresh(59_999), tokens.isFresh(60_000)], [60_000, true, false]);
    await clock.advance(59_999);
    assert.deepEqual([tokens.lifeMs, tokens.isFresh(0)], [1, true]);
    await clock.advance(5);
    assert.deepEqual([tokens.lifeMs, tokens.isFresh(0)], [0, false]);
  });

  test('without a lifetime it is fresh until the resource refuses it', async () => {
    const clock = new FakeClock();
    const tokens = TokenSet.issued({ ...ISSUED, lifetimeMs: undefined }, OWNER, clock);
    await clock.advance(1e12);
    assert.deepEqual([tokens.lifeMs, tokens.isFresh(1e9)], [Infinity, true]);
  });

  test('a date that is set back does not make it live longer; one that is set forward is believed', () => {
    const clock = new SettableClock();
    const tokens = TokenSet.issued(ISSUED, OWNER, clock);
    clock.setBackMs = 1e9;
    assert.equal(tokens.lifeMs, 60_000);
    clock.setBackMs = -50_000;
    assert.equal(tokens.lifeMs, 10_000);
    clock.setBackMs = -1e9;
    assert.equal(tokens.lifeMs, 0);
  });
});

describe('a token set: to whom it is shown (T10)', () => {
  const tokens = TokenSet.issued(ISSUED, OWNER, new FakeClock());

  test('to every URL of the origin of its resource', () => {
    for (const url of ['https://mcp.example/mcp', 'https://mcp.example/', 'https://MCP.example:443/other?x=1']) assert.deepEqual(tokens.headersFor(url), { Authorization: 'Bearer at-canary' });
    assert.deepEqual(TokenSet.issued({ ...ISSUED, tokenType: 'DPoP' }, OWNER, new FakeClock()).headersFor('https://mcp.example/mcp'), { Authorization: 'DPoP at-canary' });
  });

  test('to no other', () => {
    const others = ['http://mcp.example/mcp', 'https://mcp.example:8443/mcp', 'https://mcp.example.evil/mcp', 'https://as.example/token', 'https://x@evil.example/', 'blob:https://mcp.example/1', 'mcp', ''];
    for (const url of others) assert.throws(() => tokens.headersFor(url), { code: 'ERR_MCP_AUTH_ENDPOINT' }, url);
  });

  test('printing, copying and JSON show no token (T30)', () => {
    for (const shown of [inspect(tokens, { depth: 9, showHidden: true }), JSON.stringify(tokens), JSON.stringify({ ...tokens }), String(tokens)]) assert.ok(!shown.includes('canary'), shown);
    assert.ok(Object.isFrozen(tokens) && Object.isFrozen(tokens.owner));
  });
});

describe('tokens as a text', () => {
  test('come back as they were, and live as long as they would have', async () => {
    const clock = new FakeClock();
    const tokens = TokenSet.issued(ISSUED, OWNER, clock).asReplacementOfRefused();
    const text = encodeTokenSet(tokens);
    assert.equal(String(text), '[secret]');
    await clock.advance(1_000);
    const read = decodeTokenSet(text, OWNER, clock);
    assert.deepEqual(read, tokens);
    assert.deepEqual([read?.accessToken.reveal(), read?.refreshToken?.reveal(), read?.lifeMs, read?.replacesRefused], ['at-canary', 'rt-canary "\\', 59_000, true]);
    const least = TokenSet.issued({ ...ISSUED, lifetimeMs: undefined, scope: undefined, refreshToken: undefined }, OWNER, clock);
    assert.deepEqual(decodeTokenSet(encodeTokenSet(least), OWNER, clock), least);
  });

  test('read where the date was set back, they live no longer than they were issued for', () => {
    const clock = new SettableClock();
    const text = encodeTokenSet(TokenSet.issued(ISSUED, OWNER, clock));
    clock.setBackMs = 1e9;
    assert.equal(decodeTokenSet(text, OWNER, clock)?.lifeMs, 60_000);
  });

  test('of another owner they are nothing (T24)', () => {
    const clock = new FakeClock();
    const text = encodeTokenSet(TokenSet.issued(ISSUED, OWNER, clock));
    const others = [{ issuer: 'https://as.example/' }, { resource: 'https://mcp.example' }, { clientId: 'you' }, { user: undefined }, { user: 'bob' }, { keyThumbprint: 'x' }];
    for (const other of others) assert.equal(decodeTokenSet(text, { ...OWNER, ...other }, clock), undefined, JSON.stringify(other));
  });

  test('whatever else stands in their place is nothing', () => {
    const clock = new FakeClock();
    const good = JSON.parse(encodeTokenSet(TokenSet.issued(ISSUED, OWNER, clock)).reveal()) as Record<string, unknown>;
    const decode = (text: string) => decodeTokenSet(new Secret(text), OWNER, clock);
    assert.ok(decode(JSON.stringify({ ...good, unknown: 1 })) instanceof TokenSet);
    const wrong: ReadonlyArray<Record<string, unknown>> = [
      ...['version', 'accessToken', 'tokenType', 'issuedOn', 'replacesRefused', 'issuer', 'resource', 'clientId', 'user'].map((name) => ({ [name]: undefined })),
      { version: 2 },
      ...['a b', 'a\r\nX: y', '', 5, 'é'].map((accessToken) => ({ accessToken })),
      ...['', 'a\0', 5, null].map((refreshToken) => ({ refreshToken })),
      ...['a\n', 5, ['a']].map((scope) => ({ scope })),
      ...['bearer', 'mac'].map((tokenType) => ({ tokenType })),
      ...[-1, '5', 1e300, null].flatMap((moment) => [{ issuedOn: moment }, { expiresOn: moment }]),
      { replacesRefused: 'yes' },
      { nested: [] },
      { extra: 'x'.repeat(128 * 1024) },
    ];
    for (const change of wrong) assert.equal(decode(JSON.stringify({ ...good, ...change })), undefined, JSON.stringify(change).slice(0, 80));
    for (const text of ['', 'null', '[]', '5', '{', '"x"', `${'['.repeat(50)}${']'.repeat(50)}`]) assert.equal(decode(text), undefined, text);
    assert.equal(decode(`{"__proto__":${JSON.stringify(good)}}`), undefined);
  });
});

describe('tokenKey (T25)', () => {
  test('two owners that differ anywhere have two keys; a key shows nothing of its owner', async () => {
    const owners: TokenOwner[] = [
      OWNER,
      { ...OWNER, issuer: 'https://as.example/' },
      { ...OWNER, resource: 'https://mcp.example/' },
      { ...OWNER, clientId: 'meann', user: '' },
      { ...OWNER, clientId: 'm', user: 'eann' },
      { ...OWNER, user: undefined },
      { ...OWNER, user: '' },
      { ...OWNER, user: undefined, keyThumbprint: 'ann' },
      { ...OWNER, keyThumbprint: '' },
    ];
    const keys = await Promise.all(owners.map(tokenKey));
    assert.equal(new Set(keys).size, owners.length);
    for (const key of keys) assert.match(key, /^v1:[0-9a-f]{64}$/);
    assert.equal(await tokenKey({ ...OWNER }), keys[0]);
  });

  test('what is no well-formed text has no key', async () => {
    await assert.rejects(tokenKey({ ...OWNER, user: '\ud800' }), TypeError);
  });
});
