import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endpointURL, otherSlash, resolveServerURL } from '../../../lib/http/endpoint.ts';
import { tellsQuery } from '../../../lib/http/failure-facts.ts';
import { decideRedirect } from '../../../lib/http/redirect.ts';
import type { RedirectDecision, Redirect } from '../../../lib/http/redirect.ts';
import { NAUGHTY, readCases, seededTexts } from './cases.ts';

const FUZZED = seededTexts(13, ['https:', 'http:', '//', '/', '\\', 'mcp.example', 'evil.example', ':443', ':80', '@', '?', '#', '..', '.', '%2e', '%00', '[::1]', 'a', ...NAUGHTY], 10_000);

describe('a redirect (RFC 9110 section 15.4): 307 and 308, to the same origin, three at most', () => {
  interface Row {
    readonly name: string;
    readonly from: string;
    readonly status: number;
    readonly location: string | null;
    readonly hops: number;
    readonly follow?: string;
    readonly reason?: string;
    readonly shown?: string | null;
    readonly secret?: string;
  }

  const decide = (redirect: Omit<Redirect, 'method' | 'maxRedirects'>): RedirectDecision => decideRedirect({ method: 'POST', maxRedirects: 3, ...redirect });

  for (const { name, follow, reason, shown, secret, ...redirect } of readCases<Row>('redirects.json')) {
    test(follow === undefined ? `${name} is refused: ${reason}` : `${name} is followed`, () => {
      const decision = decide(redirect);
      assert.deepEqual(decide({ ...redirect, from: new URL(redirect.from) }), decision);
      if (follow !== undefined) {
        assert.deepEqual(decision, { follow: true, url: follow });
        return;
      }
      assert.ok(!decision.follow);
      assert.equal(decision.refusal, reason);
      assert.equal(decision.target, shown ?? undefined);
      assert.ok(decision.reason.includes(`HTTP ${redirect.status}`) && decision.reason.includes(shown ?? ''), decision.reason);
      if (secret !== undefined) assert.equal(decision.reason.includes(secret), false, decision.reason);
    });
  }

  test('301, 302 and 303 name the method that would be lost and the URL that may be meant', () => {
    const decision = decideRedirect({ from: 'https://a.example/mcp/', method: 'DELETE', status: 301, location: '/mcp', hops: 0, maxRedirects: 3 });
    assert.ok(!decision.follow);
    assert.match(decision.reason, /HTTP 301 to "https:\/\/a\.example\/mcp".*DELETE.*connect to that URL/);
  });

  test('the bound is the caller’s, and 0 follows none', () => {
    const at = (hops: number, maxRedirects: number): boolean => decideRedirect({ from: 'https://a.example/', method: 'POST', status: 308, location: '/', hops, maxRedirects }).follow;
    assert.deepEqual([at(0, 0), at(0, 1), at(1, 1), at(9, 10), at(10, 10)], [false, true, false, true, false]);
  });

  test('what a refusal shows is cut and holds no character that could drive a terminal', () => {
    const decision = decide({ from: 'https://a.example/', status: 307, location: `https://b.example/${'%1b'.repeat(1000)}`, hops: 0 });
    assert.ok(!decision.follow && decision.reason.length < 500 && /more characters/.test(decision.reason));
  });

  test('whatever a server writes, what is followed is of the same origin, without credentials and fragment, and nothing throws', () => {
    let followed = 0;
    for (const location of [...NAUGHTY, ...FUZZED]) {
      for (const status of [307, 301]) {
        const decision = decide({ from: 'https://mcp.example/a/b?c', status, location, hops: 0 });
        if (!decision.follow) {
          assert.match(decision.reason, /^[\x20-\x7e…]+$/u);
          continue;
        }
        followed++;
        const url = new URL(decision.url);
        assert.deepEqual([status, url.origin, url.username, url.password, decision.url.includes('#')], [307, 'https://mcp.example', '', '', false], location);
      }
    }
    assert.ok(followed > 100, `${followed} followed`);
  });
});

describe('the endpoint', () => {
  for (const { name, serverUrl, mcpEndpoint, url } of readCases<{ readonly name: string; readonly serverUrl: string; readonly mcpEndpoint: string | null; readonly url: string }>('endpoints.json')) {
    test(`${name}: ${serverUrl} and ${mcpEndpoint ?? 'nothing'} are ${url}`, () => {
      assert.equal(endpointURL(resolveServerURL(serverUrl), mcpEndpoint ?? undefined), url);
      assert.equal(endpointURL(resolveServerURL(new URL(serverUrl)), mcpEndpoint ?? undefined), url);
    });
  }

  test('a URL that is changed after it was given changes nothing, and the one that is used is not changed either', () => {
    const given = new URL('https://mcp.example/');
    const resolved = resolveServerURL(given);
    given.hostname = 'evil.example';
    assert.equal(endpointURL(resolved, undefined), 'https://mcp.example/mcp/');
    assert.equal(resolved.href, 'https://mcp.example/');
  });

  for (const { name, serverUrl, mcpEndpoint, message, secret } of readCases<{ readonly name: string; readonly serverUrl: string; readonly mcpEndpoint?: string; readonly message: string; readonly secret?: string }>('bad-urls.json')) {
    test(`${name} is refused: ${JSON.stringify(mcpEndpoint ?? serverUrl)}`, () => {
      assert.throws(
        () => endpointURL(resolveServerURL(serverUrl), mcpEndpoint),
        (error) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, new RegExp(message));
          assert.ok(error.message.startsWith(mcpEndpoint === undefined ? 'serverUrl ' : 'mcpEndpoint '), error.message);
          if (secret !== undefined) assert.equal(error.message.includes(secret), false, error.message);
          return true;
        },
      );
    });
  }

  test('what is neither a string nor a URL is refused', () => {
    for (const value of [undefined, null, 1, {}, ['https://mcp.example/'], () => 'https://mcp.example/']) {
      assert.throws(() => resolveServerURL(value as string), { name: 'TypeError', message: /^serverUrl must be a string or a URL; got/ });
      if (value !== undefined) assert.throws(() => endpointURL(new URL('https://mcp.example/'), value as string), { name: 'TypeError', message: /^mcpEndpoint must be a path or a URL; got/ });
    }
  });

  test('a URL object with credentials or a fragment is refused like its text', () => {
    assert.throws(() => resolveServerURL(new URL('https://u:p@mcp.example/')), TypeError);
    assert.throws(() => resolveServerURL(new URL('https://mcp.example/#')), TypeError);
    assert.throws(() => resolveServerURL(new URL('file:///mcp')), TypeError);
  });

  test('whatever is given, the endpoint is of the origin of the server, without credentials and fragment, or a TypeError', () => {
    const base = resolveServerURL('https://mcp.example/a');
    let resolved = 0;
    for (const text of [...NAUGHTY, ...FUZZED]) {
      try {
        const url = new URL(endpointURL(base, text));
        resolved++;
        assert.deepEqual([url.origin, url.username, url.password, url.href.includes('#')], ['https://mcp.example', '', '', false], text);
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
      }
      try {
        const url = resolveServerURL(text);
        assert.deepEqual([/^https?:$/.test(url.protocol), url.username, url.password, url.href.includes('#')], [true, '', '', false], text);
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
      }
    }
    assert.ok(resolved > 100, `${resolved} resolved`);
  });
});

describe('the same endpoint with or without a slash at its end', () => {
  for (const [without, withSlash] of [
    ['https://mcp.example/mcp', 'https://mcp.example/mcp/'],
    ['https://mcp.example/a/b', 'https://mcp.example/a/b/'],
    ['https://mcp.example/mcp?a=b/', 'https://mcp.example/mcp/?a=b/'],
    ['https://mcp.example/mcp?', 'https://mcp.example/mcp/?'],
    ['https://mcp.example/mcp?a?b', 'https://mcp.example/mcp/?a?b'],
    ['http://[::1]:8080/a%2F', 'http://[::1]:8080/a%2F/'],
  ] as const) {
    test(`${without} and ${withSlash}`, () => {
      assert.equal(otherSlash(without), withSlash);
      assert.equal(otherSlash(withSlash), without);
    });
  }

  test('the root has one form only', () => {
    for (const url of ['https://mcp.example/', 'https://mcp.example/?a=b']) assert.equal(otherSlash(url), url);
  });
});

describe('the query of a URL in an error of a platform', () => {
  const url = 'https://mcp.example/mcp?key=canary';
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['in its message', new Error(`no way to ${url}`), true],
    ['in a member', Object.assign(new Error('no way'), { path: url }), true],
    ['in its cause', new Error('no way', { cause: Object.assign(new Error('x'), { path: url }) }), true],
    ['nowhere', Object.assign(new Error('no way to https://mcp.example/mcp'), { code: 'ECONNREFUSED', errno: -111 }), false],
    ['in what is no error', url, false],
  ];
  for (const [what, error, expected] of rows) test(what, () => assert.equal(tellsQuery(error, url), expected));

  test('without a query there is nothing to tell', () => {
    assert.equal(tellsQuery(new Error('https://mcp.example/mcp'), 'https://mcp.example/mcp'), false);
    assert.equal(tellsQuery(new Error('x'), 'no URL'), false);
  });
});
