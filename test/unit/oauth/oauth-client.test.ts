import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { systemClock } from '../../../lib/base/clock.ts';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { LimitOptions } from '../../../lib/base/limits.ts';
import { Secret } from '../../../lib/base/secret.ts';
import type { Fetch } from '../../../lib/http/fetch-port.ts';
import { STRICT_ENDPOINTS } from '../../../lib/oauth/endpoint-policy.ts';
import { guardLookup } from '../../../lib/oauth/guarded-lookup.ts';
import { OAuthClient } from '../../../lib/oauth/oauth-client.ts';
import { createNodeFetch } from '../../../lib/transport/http/node-fetch.ts';
import { platformFetch } from '../../../lib/transport/http/platform-fetch.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { RawHTTPServer } from '../../helpers/raw-http.ts';
import type { RawScript } from '../../helpers/raw-http.ts';
import { until } from '../../helpers/until.ts';

const WHAT = 'the token endpoint';
const ENDLESS = new AbortController().signal;
const policy = { allowLoopback: true, dangerouslyAllowPrivateAddresses: false };
const nodeFetch = createNodeFetch();
after(() => nodeFetch.close());

const FETCHES: readonly (readonly [name: string, fetch: Fetch])[] = [['the platform’s fetch', platformFetch], ['createNodeFetch', nodeFetch]];

function clientOver(fetch: Fetch, limits: LimitOptions = {}): OAuthClient {
  return new OAuthClient({ fetch, clock: systemClock, limits: { ...DEFAULT_LIMITS, ...limits }, policy });
}

function response(status: number, headers: readonly string[], body: string): string {
  return [`HTTP/1.1 ${status} X`, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', ...headers, '', body].join('\r\n');
}

const JSON_TYPE = 'Content-Type: application/json';

async function withScript<T>(script: RawScript, body: (server: RawHTTPServer) => Promise<T>): Promise<T> {
  const server = await RawHTTPServer.listen(script);
  try {
    return await body(server);
  } finally {
    await server.close();
  }
}

function answering(text: string): RawScript {
  return (exchange) => exchange.play([text, { socket: 'close' }]);
}

async function networkRejection(promise: Promise<unknown>): Promise<AuthorizationError> {
  const error = await promise.then(() => assert.fail('it resolved'), (reason: unknown) => reason);
  assert.ok(error instanceof AuthorizationError, inspect(error));
  assert.equal(error.code, 'ERR_MCP_AUTH_NETWORK');
  assert.match(error.message, /^Could not get an answer of the token endpoint at http:\/\/127\.0\.0\.1:\d+\/token: /);
  return error;
}

for (const [name, fetch] of FETCHES) {
  describe(`what OAuth sends, over ${name}`, () => {
    test('a form and its headers, with the secrets in them', async () => {
      await withScript(answering(response(200, [JSON_TYPE], '{"access_token":"a"}')), async (server) => {
        const fields = [['grant_type', 'authorization_code'], ['code', new Secret('a b&c=d')]] as const;
        const answer = await clientOver(fetch).postForm(`${server.origin}/token`, WHAT, fields, { Authorization: new Secret('Basic eA==') }, ENDLESS);
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.json, { access_token: 'a' });
        const [request] = server.requests;
        assert.equal(request?.method, 'POST');
        assert.equal(request.body, 'grant_type=authorization_code&code=a+b%26c%3Dd');
        assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded');
        assert.equal(request.headers['authorization'], 'Basic eA==');
        assert.equal(request.headers['accept'], 'application/json');
      });
    });

    test('JSON, and a GET with the headers for metadata', async () => {
      await withScript(answering(response(201, ['Content-Type: application/json; charset=utf-8', 'DPoP-Nonce: n1'], '{"client_id":"c"}')), async (server) => {
        const posted = await clientOver(fetch).postJSON(`${server.origin}/register`, WHAT, { client_name: 'x' }, {}, ENDLESS);
        assert.equal(posted.status, 201);
        assert.equal(posted.headers.get('dpop-nonce'), 'n1');
        const client = new OAuthClient({ fetch, clock: systemClock, limits: DEFAULT_LIMITS, policy, metadataHeaders: { 'X-Told': 'yes' } });
        assert.deepEqual((await client.get(`${server.origin}/m?a=1`, WHAT, ENDLESS)).json, { client_id: 'c' });
        const [first, second] = server.requests;
        assert.deepEqual([first?.body, first?.headers['content-type'], first?.headers['x-told']], ['{"client_name":"x"}', 'application/json', undefined]);
        assert.deepEqual([second?.method, second?.path, second?.headers['x-told'], second?.body], ['GET', '/m?a=1', 'yes', '']);
      });
    });

    test('a refusal of the server is an answer', async () => {
      for (const status of [400, 401, 403, 404, 405, 410]) {
        await withScript(answering(response(status, [JSON_TYPE], '{"error":"invalid_grant"}')), async (server) => {
          const answer = await clientOver(fetch).postForm(`${server.origin}/token`, WHAT, [], {}, ENDLESS);
          assert.deepEqual([answer.status, answer.json], [status, { error: 'invalid_grant' }]);
        });
      }
    });

    test('what is no object of JSON has no JSON', async () => {
      const deep = `{"a":${'['.repeat(200)}${']'.repeat(200)}}`;
      const bodies = [
        ...[['text/html', '<html>'], ['text/plain', '{}'], ['application/json', '[]'], ['application/json', '"x"'], ['application/json', 'null'], ['application/json', '{'], ['application/json', '']],
        ...[['application/json', deep], ['application/json; charset=utf-16', '{}'], ['application/json, text/html', '{}'], ['application/jwt', '{}']],
      ];
      for (const [type, body = ''] of bodies) {
        await withScript(answering(response(200, [`Content-Type: ${type}`], body)), async (server) => {
          const answer = await clientOver(fetch).get(`${server.origin}/token`, WHAT, ENDLESS);
          assert.deepEqual([answer.status, answer.json], [200, undefined], `${type} ${body.slice(0, 20)}`);
        });
      }
      await withScript(answering(response(200, [], '{}')), async (server) => {
        assert.equal((await clientOver(fetch).get(`${server.origin}/token`, WHAT, ENDLESS)).json, undefined);
      });
    });

    test('no redirect is followed', async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        await withScript(answering(response(status, ['Location: /elsewhere'], '')), async (server) => {
          const error = await networkRejection(clientOver(fetch).postForm(`${server.origin}/token`, WHAT, [['code', new Secret('canary')]], {}, ENDLESS));
          assert.match(error.message, /it redirected/);
          assert.equal(server.requests.length, 1);
        });
      }
    });

    test('5xx, 408, 425 and 429 pass, and are never an answer', async () => {
      for (const status of [500, 502, 503, 504, 599, 408, 425, 429]) {
        await withScript(answering(response(status, [JSON_TYPE, 'Retry-After: 7'], '{"error":"invalid_grant"}')), async (server) => {
          const error = await networkRejection(clientOver(fetch).get(`${server.origin}/token`, WHAT, ENDLESS));
          assert.deepEqual(error.details, { what: WHAT, status, retryAfterMs: 7_000 });
        });
      }
    });

    test('maxAuthBodyBytes: a body that is too long is not read to its end, said beforehand or not', async () => {
      const head = `HTTP/1.1 200 X\r\n${JSON_TYPE}\r\nConnection: close\r\n`;
      const said = `${head}Content-Length: 50000000\r\n\r\n{`;
      const unsaid = `${head}\r\n{"a":"`;
      for (const start of [said, unsaid]) {
        let left = false;
        const script: RawScript = async (exchange) => {
          await exchange.play([start, { repeat: 'x'.repeat(1_000), times: 3 }]);
          await exchange.closed;
          left = true;
        };
        await withScript(script, async (server) => {
          const error = await networkRejection(clientOver(fetch, { maxAuthBodyBytes: 1_000 }).get(`${server.origin}/token`, WHAT, ENDLESS));
          assert.equal(error.details['limit'], 'maxAuthBodyBytes');
          await until(() => left, 'the socket is let go of');
        });
      }
    });

    test('a connection that breaks, before and within the answer', async () => {
      await withScript((exchange) => exchange.reset(), async (server) => {
        await networkRejection(clientOver(fetch).get(`${server.origin}/token`, WHAT, ENDLESS));
      });
      const half = `HTTP/1.1 200 X\r\n${JSON_TYPE}\r\nContent-Length: 100\r\n\r\n{"a":`;
      await withScript((exchange) => exchange.play([half, { socket: 'reset' }]), async (server) => {
        await networkRejection(clientOver(fetch).get(`${server.origin}/token`, WHAT, ENDLESS));
      });
    });

    test('a signal ends a request with its reason, in the body too', async () => {
      const start = `HTTP/1.1 200 X\r\n${JSON_TYPE}\r\nContent-Length: 100\r\n\r\n{"a":`;
      for (const steps of [[], [start]]) {
        let left = false;
        const script: RawScript = async (exchange) => {
          await exchange.play(steps);
          await exchange.closed;
          left = true;
        };
        await withScript(script, async (server) => {
          const controller = new AbortController();
          const asked = clientOver(fetch).get(`${server.origin}/token`, WHAT, controller.signal);
          const reason = new Error('enough');
          const outcome = asked.then(() => 'resolved', (error: unknown) => error);
          await until(() => server.requests.length === 1, 'the request came');
          controller.abort(reason);
          assert.equal(await outcome, reason);
          await until(() => left, 'the socket is let go of');
        });
      }
      assert.equal(await clientOver(fetch).get('http://127.0.0.1:1/', WHAT, AbortSignal.abort('before')).catch((reason: unknown) => reason), 'before');
    });
  });
}

describe('what OAuth sends: time, places, secrets', () => {
  test('authRequestMs: a request ends with its time, and leaves no timer', async () => {
    const clock = new FakeClock();
    const deaf: Fetch = () => new Promise(() => {});
    const client = new OAuthClient({ fetch: deaf, clock, limits: DEFAULT_LIMITS, policy });
    const outcome = networkRejection(client.get('http://127.0.0.1:1/token', WHAT, ENDLESS));
    await settle();
    assert.equal(clock.waiting, 1);
    await clock.advance(10_000);
    assert.equal((await outcome).details['limit'], 'authRequestMs');
    assert.equal(clock.waiting, 0);
  });

  test('nothing is sent to a URL that the policy refuses', async () => {
    let sent = 0;
    const client = new OAuthClient({ fetch: () => (sent++, Promise.reject(new Error('sent'))), clock: systemClock, limits: DEFAULT_LIMITS, policy: STRICT_ENDPOINTS });
    for (const url of ['http://as.example/', 'https://10.0.0.1/', 'javascript:alert(1)', 'https://a:b@as.example/']) {
      await assert.rejects(client.get(url, WHAT, ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
      await assert.rejects(client.postForm(url, WHAT, [], {}, ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
      await assert.rejects(client.postJSON(url, WHAT, {}, {}, ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
    }
    assert.equal(sent, 0);
  });

  test('a name that stands for a private address is refused where it is connected to', async () => {
    await withScript(answering(response(200, [JSON_TYPE], '{}')), async (server) => {
      const fetch = createNodeFetch({ lookup: guardLookup((_name, options, callback) => (options.all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)), STRICT_ENDPOINTS) });
      const client = new OAuthClient({ fetch, clock: systemClock, limits: DEFAULT_LIMITS, policy: STRICT_ENDPOINTS });
      await assert.rejects(client.get(`https://as.example:${server.port}/token`, WHAT, ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
      assert.equal(server.requests.length, 0);
      await fetch.close();
    });
  });

  test('no error shows a secret, however deep one looks', async () => {
    const canary = 'c4n4ry';
    const fields = [['code', new Secret(canary)]] as const;
    const outcomes: unknown[] = [];
    const note = (promise: Promise<unknown>) => promise.then(() => assert.fail('it resolved'), (error: unknown) => void outcomes.push(error));
    for (const [, fetch] of FETCHES) {
      const client = clientOver(fetch);
      await note(client.postForm('http://127.0.0.1:1/token', WHAT, fields, { Authorization: new Secret(canary) }, ENDLESS));
      await note(client.postForm('http://127.0.0.1:1/token', WHAT, fields, { Authorization: new Secret(`${canary}\r\nX: y`) }, ENDLESS));
      await note(client.get(`http://127.0.0.1:1/token?x=${canary}`, WHAT, ENDLESS));
      await note(client.get(`http://as.example/${canary}`, WHAT, ENDLESS));
    }
    for (const error of outcomes) assert.ok(!inspect(error, { depth: 20, showHidden: true }).includes(canary), inspect(error));
  });
});
