/** `bearerToken` over real sockets: what goes out, to whom, and what becomes of a refusal. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Secret, bearerToken } from '../../lib/index.ts';
import type { AuthorizerContext, BearerTokenOptions, BearerTokenRequest, BearerTokenSource } from '../../lib/index.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { makeHTTPServer, withConnectedPeer, withPeer } from '../helpers/http-server-handle.ts';
import { mcpRejection, textOf } from '../helpers/with-server.ts';

const TOKEN = 'canary-f3.a~b+c/d_e-f==';

function guarded(token: () => string): PeerScript {
  return {
    '*': (exchange: PeerExchange) => (exchange.request.headers['authorization'] === `Bearer ${token()}` ? 'pass' : exchange.respond(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }, 'no')),
    'tools/call': (exchange) => exchange.done(),
  };
}

describe('bearerToken', () => {
  for (const [name, token] of [
    ['a string', TOKEN],
    ['a secret', new Secret(TOKEN)],
    ['a function', () => TOKEN],
    ['a function that takes its time', async () => new Secret(TOKEN)],
  ] as ReadonlyArray<readonly [string, BearerTokenSource]>) {
    test(`${name} goes out with every request`, async () => {
      await withConnectedPeer(guarded(() => TOKEN), { authorization: bearerToken(token) }, async ({ server, peer }) => {
        assert.equal(textOf(await server.callTool('call')), 'done');
        await server.cleanup();
        assert.deepEqual([...new Set(peer.requests.map(({ headers }) => headers['authorization']))], [`Bearer ${TOKEN}`]);
      });
    });
  }

  test('a refusal of a token that is given is final, and says nothing of the token', async () => {
    await withPeer(guarded(() => 'another'), { authorization: bearerToken(TOKEN) }, async ({ server, peer, seen }) => {
      const error = await mcpRejection(server.connect(), 'AuthorizationError', 'ERR_MCP_AUTH_REQUIRED');
      assert.equal(error.details['status'], 401);
      assert.equal(error.delivery, 'answered');
      assert.equal(peer.requests.length, 1);
      assert.doesNotMatch(inspect([error, server, seen], { depth: 20, showHidden: true }) + error.stack, /canary/);
    });
  });

  test('a function is asked once more when its token was refused, and hears that it was', async () => {
    let valid = 'one';
    const asked: string[] = [];
    const give = ({ url, isRefused }: BearerTokenRequest) => {
      asked.push(`${new URL(url).pathname} ${isRefused}`);
      return isRefused ? valid : 'one';
    };
    await withConnectedPeer(guarded(() => valid), { authorization: bearerToken(give), listen: false }, async ({ server, peer }) => {
      valid = 'two';
      asked.length = 0;
      assert.equal(textOf(await server.callTool('call')), 'done');
      assert.deepEqual(asked, ['/mcp false', '/mcp true']);
      assert.equal(peer.sent('tools/call').length, 2);
    });
  });

  test('one that keeps giving what is refused is asked twice a request, no more', async () => {
    let asked = 0;
    await withPeer(guarded(() => 'right'), { authorization: bearerToken(() => (asked++, 'wrong')) }, async ({ server, peer }) => {
      await mcpRejection(server.connect(), 'AuthorizationError', 'ERR_MCP_AUTH_REQUIRED');
      assert.equal(asked, 2);
      assert.equal(peer.requests.length, 2);
    });
  });

  test('who asks: a token is itself, a user is that user in any process, and two functions are never the same', () => {
    const context = {} as AuthorizerContext;
    const askerOf = (token: BearerTokenSource, options?: BearerTokenOptions) => bearerToken(token, options).authorizerFor(context).asker;
    const give = () => TOKEN;
    assert.equal(askerOf(TOKEN), askerOf(new Secret(TOKEN)));
    assert.equal(askerOf(give, { user: 'ada' }), askerOf(() => 'other', { user: 'ada' }));
    const all = [askerOf(TOKEN), askerOf('other'), askerOf(give), askerOf(give), askerOf(give, { user: 'ada' }), askerOf(give, { user: 'bob' })];
    assert.equal(new Set(all).size, all.length);
    const one = bearerToken(give);
    assert.equal(one.authorizerFor(context).asker, one.authorizerFor(context).asker);
  });

  test('403 is the status that it is', async () => {
    const script: PeerScript = { '*': (exchange) => exchange.respond(403, {}, 'not you') };
    await withPeer(script, { authorization: bearerToken(TOKEN) }, async ({ server }) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
      assert.equal(error.details['status'], 403);
    });
  });

  test('it is not sent over http to another machine', async () => {
    const server = makeHTTPServer('http://192.0.2.1/mcp', { authorization: bearerToken(TOKEN), maxRetries: 0 });
    const error = await mcpRejection(server.connect(), 'AuthorizationError', 'ERR_MCP_AUTH_ENDPOINT');
    assert.equal(error.delivery, 'unsent');
    await server.cleanup();
  });

  test('what a function throws, and a token that no header can hold, are the error of the request', async () => {
    for (const [give, expected] of [
      [() => Promise.reject(new Error('vault is shut')), /vault is shut/],
      [() => 'a\r\nb', /holds something else/],
      [() => 7 as unknown as string, /must be a string or a Secret; got the number 7/],
    ] as ReadonlyArray<readonly [BearerTokenSource, RegExp]>) {
      await withPeer(guarded(() => TOKEN), { authorization: bearerToken(give), maxRetries: 0 }, async ({ server, peer }) => {
        await assert.rejects(server.connect(), expected);
        assert.equal(peer.requests.length, 0);
      });
    }
  });

  test('what is no token and no option is refused at the door', () => {
    for (const token of ['', 'a b', 'a\nb', 'ä', '==', undefined, 1]) assert.throws(() => bearerToken(token as string), TypeError, String(token));
    assert.throws(() => bearerToken(TOKEN, { usr: 'x' } as BearerTokenOptions), /did you mean "user"/);
    assert.throws(() => bearerToken(TOKEN, { user: '' }), TypeError);
  });
});
