/** The port at which the HTTP transport asks to be let in, over real sockets: with what is asked and when, and what stands still meanwhile. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthorizationError } from '../../lib/index.ts';
import type { Admission, Authorization, AuthorizerContext } from '../../lib/http/authorizer.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { makeHTTPServer, withConnectedPeer, withPeer } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

/** An authorization of a test: tokens in their order, one more for each 401. */
class Tokens implements Authorization {
  readonly asked: string[] = [];
  context: AuthorizerContext | undefined;
  token: string;
  refused: (status: number) => Promise<boolean> = async () => false;

  constructor(token: string) {
    this.token = token;
  }

  authorizerFor(context: AuthorizerContext) {
    this.context = context;
    const admit = (method: string): Admission => ({
      headersFor: async (url) => (this.asked.push(`${method} ${new URL(url).pathname}`), { Authorization: `Bearer ${this.token}` }),
      answered: async ({ status }) => (status === 401 || status === 403 ? this.refused(status) : false),
    });
    return { asker: 'a test', admit };
  }
}

/** Lets in who has `token`. */
function guarded(token: () => string, script: PeerScript = {}): PeerScript {
  return {
    '*': (exchange: PeerExchange) => (exchange.request.headers['authorization'] === `Bearer ${token()}` ? 'pass' : exchange.respond(401, { 'WWW-Authenticate': 'Bearer' }, 'no')),
    'tools/call': (exchange) => exchange.done(),
    ...script,
  };
}

describe('the option authorization', () => {
  test('every request has the headers of the authorizer, asked for anew each time', async () => {
    const authorization = new Tokens('one');
    await withConnectedPeer(guarded(() => 'one'), { authorization }, async ({ server, peer }) => {
      assert.equal(textOf(await server.callTool('call')), 'done');
      await server.cleanup();
      assert.deepEqual([...new Set(peer.requests.map(({ headers }) => headers['authorization']))], ['Bearer one']);
      assert.equal(authorization.asked.length, peer.requests.length);
      assert.equal(authorization.context?.serverName, 'test');
    });
  });

  test('a refusal that the authorizer can do something about is tried again, and the call is made once', async () => {
    let valid = 'one';
    const authorization = new Tokens('one');
    authorization.refused = async () => ((authorization.token = valid), true);
    await withConnectedPeer(guarded(() => valid), { authorization }, async ({ server, peer }) => {
      valid = 'two';
      assert.equal(textOf(await server.callTool('call')), 'done');
      assert.deepEqual(peer.sent('tools/call').map(({ headers }) => headers['authorization']), ['Bearer one', 'Bearer two']);
    });
  });

  test('one about which it can do nothing is the error that it says, and nothing is tried again', async () => {
    const authorization = new Tokens('wrong');
    const error = new AuthorizationError('ERR_MCP_AUTH_REQUIRED', 'No way in', { delivery: 'answered' });
    authorization.refused = async () => {
      throw error;
    };
    await withPeer(guarded(() => 'one'), { authorization }, async ({ server, peer }) => {
      assert.equal(await rejection(server.connect()), error);
      assert.equal(peer.requests.length, 1);
    });
  });

  test('without it, 401 is the status that it is', async () => {
    await withPeer(guarded(() => 'one'), {}, async ({ server }) => {
      await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_HTTP_STATUS');
    });
  });

  test('while a human is waited for, the deadlines of requests stand', async () => {
    const clock = new FakeClock();
    let valid = 'one';
    const authorization = new Tokens('one');
    let signIn: (() => void) | undefined;
    authorization.refused = async () => {
      const goOn = authorization.context?.hold();
      await new Promise<void>((resolve) => (signIn = resolve));
      goOn?.();
      authorization.token = valid;
      return true;
    };
    await withConnectedPeer(guarded(() => valid), { authorization, clock, timeoutMs: 1_000 }, async ({ server }) => {
      valid = 'two';
      const call = server.callTool('call');
      await until(() => signIn, 'somebody is asked to sign in');
      await clock.advance(3_600_000);
      signIn?.();
      assert.equal(textOf(await call), 'done');
    });
  });

  test('what is no authorization is refused at the door', () => {
    for (const authorization of [{}, 'token', { authorizerFor: 1 }]) {
      assert.throws(() => makeHTTPServer('http://127.0.0.1:1/', { authorization: authorization as unknown as Authorization }), /^TypeError: authorization must be made by createOAuth or bearerToken; got /);
    }
  });
});
