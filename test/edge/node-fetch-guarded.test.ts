/** What authorization sends over createNodeFetch: to the address that was checked, whatever the name stands for a moment later. */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { systemClock } from '../../lib/base/clock.ts';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import type { Fetch } from '../../lib/http/fetch-port.ts';
import type { LookupGuard, NameLookup } from '../../lib/http/name-lookup.ts';
import { STRICT_ENDPOINTS } from '../../lib/oauth/endpoint-policy.ts';
import type { EndpointPolicy } from '../../lib/oauth/endpoint-policy.ts';
import { guardedFetch } from '../../lib/oauth/guarded-lookup.ts';
import { OAuthClient } from '../../lib/oauth/oauth-client.ts';
import { createNodeFetch } from '../../lib/transport/http/node-fetch.ts';
import { platformFetch } from '../../lib/transport/http/platform-fetch.ts';
import { RawHTTPServer } from '../helpers/raw-http.ts';
import { rejection } from '../helpers/with-server.ts';

const DEVELOPMENT: EndpointPolicy = { allowLoopback: true, dangerouslyAllowPrivateAddresses: false };
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}';
const ENDLESS = new AbortController().signal;

/** A lookup that answers with one list after the other, the last one for ever, and notes what it was asked. */
function answeringInTurn(...turns: readonly (readonly string[])[]): { readonly lookup: NameLookup; readonly names: string[] } {
  const names: string[] = [];
  const lookup: NameLookup = (hostname, options, callback) => {
    const addresses = turns[Math.min(names.push(hostname), turns.length) - 1] ?? [];
    if (options.all === true) callback(null, addresses.map((address) => ({ address, family: 4 })));
    else callback(null, addresses.at(-1) ?? '', 4);
  };
  return { lookup, names };
}

async function withServer(body: (server: RawHTTPServer) => Promise<void>): Promise<void> {
  const server = await RawHTTPServer.listen((exchange) => (exchange.write(ANSWER), exchange.close()));
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

function clientOver(fetch: Fetch, policy: EndpointPolicy): OAuthClient {
  return new OAuthClient({ fetch: guardedFetch(fetch, policy), clock: systemClock, limits: DEFAULT_LIMITS, policy });
}

describe('a fetch whose lookups are guarded (MCP 2026-07-28, security best practices, "Server-Side Request Forgery")', () => {
  test('a name that stands for an allowed address, and then for a private one, is not followed there', async () => {
    await withServer(async (server) => {
      const { lookup, names } = answeringInTurn(['127.0.0.1'], ['10.0.0.1']);
      const fetch = createNodeFetch({ proxy: false, lookup });
      const client = clientOver(fetch, DEVELOPMENT);
      const url = `http://as.localhost:${server.port}/token`;
      assert.deepEqual((await client.get(url, 'it', ENDLESS)).json, {});
      await assert.rejects(client.get(url, 'it', ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT', delivery: 'unsent', message: 'Expected "as.localhost" to stand for addresses that credentials may be sent to; its address is private, not public' });
      assert.deepEqual(names, ['as.localhost', 'as.localhost']);
      assert.equal(server.connections, 1);
      await fetch.close();
    });
  });

  test('a name that is public for whoever looks first, and private for who connects, is not connected to', async () => {
    await withServer(async (server) => {
      const { lookup, names } = answeringInTurn(['8.8.8.8'], ['127.0.0.1']);
      const fetch = createNodeFetch({ proxy: false, lookup });
      const checked = await new Promise((resolve) => lookup('as.example', {}, (_error, address) => resolve(address)));
      assert.equal(checked, '8.8.8.8');
      await assert.rejects(clientOver(fetch, STRICT_ENDPOINTS).postForm(`https://as.example:${server.port}/token`, 'it', [], {}, ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
      assert.deepEqual(names, ['as.example', 'as.example']);
      assert.equal(server.connections, 0);
      await fetch.close();
    });
  });

  test('of a name that stands for a public and a private address neither is used', async () => {
    await withServer(async (server) => {
      for (const addresses of [['8.8.8.8', '127.0.0.1'], ['8.8.8.8', '::1'], ['169.254.169.254']]) {
        const fetch = createNodeFetch({ proxy: false, lookup: answeringInTurn(addresses).lookup });
        await assert.rejects(clientOver(fetch, STRICT_ENDPOINTS).get(`https://as.example:${server.port}/`, 'it', ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
        await fetch.close();
      }
      assert.equal(server.connections, 0);
    });
  });

  test('the lookup of the platform is guarded where the host gives none', async () => {
    await withServer(async (server) => {
      const fetch = createNodeFetch({ proxy: false });
      await assert.rejects(clientOver(fetch, STRICT_ENDPOINTS).get(`https://localhost.:${server.port}/`, 'it', ENDLESS), { code: 'ERR_MCP_AUTH_ENDPOINT' });
      const guarded = fetch.guarded((lookup) => (name, options, callback) => lookup(name, options, (error, found) => (error ? callback(error, []) : callback(Object.assign(new Error(`no ${typeof found}`), { code: 'EGUARD' }), []))));
      assert.equal((((await rejection(guarded(`http://localhost:${server.port}/`))) as Error).cause as { code: string }).code, 'EGUARD');
      assert.equal(server.connections, 0);
      await fetch.close();
    });
  });

  test('the fetch itself stays as it was, and shares no socket with its guarded copy', async () => {
    await withServer(async (server) => {
      const { lookup } = answeringInTurn(['127.0.0.1']);
      const fetch = createNodeFetch({ proxy: false, lookup });
      const url = `http://mcp.example:${server.port}/`;
      assert.equal((await fetch(url)).status, 200);
      const refusing: LookupGuard = () => (_name, _options, callback) => callback(new Error('guarded'), []);
      await assert.rejects(fetch.guarded(refusing)(url), /fetch failed/);
      assert.equal((await fetch(url)).status, 200);
      await fetch.close();
    });
  });

  test('one guard makes one copy; a guard on top of a guard lets through what both do; all are closed together', async () => {
    await withServer(async (server) => {
      const fetch = createNodeFetch({ proxy: false, lookup: answeringInTurn(['127.0.0.1']).lookup });
      const asked: string[] = [];
      const noting = (name: string): LookupGuard => (lookup) => (hostname, options, callback) => (asked.push(name), lookup(hostname, options, callback));
      const [inner, outer] = [noting('inner'), noting('outer')];
      assert.equal(fetch.guarded(inner), fetch.guarded(inner));
      const both = fetch.guarded(inner).guarded(outer);
      assert.equal((await both(`http://mcp.example:${server.port}/`)).status, 200);
      assert.deepEqual(asked, ['outer', 'inner']);
      assert.equal(guardedFetch(fetch, STRICT_ENDPOINTS), guardedFetch(fetch, { ...STRICT_ENDPOINTS }));
      assert.notEqual(guardedFetch(fetch, STRICT_ENDPOINTS), guardedFetch(fetch, DEVELOPMENT));
      await fetch.close();
      for (const closed of [fetch, both, fetch.guarded(noting('late'))]) await assert.rejects(closed(`http://mcp.example:${server.port}/`), /fetch failed/);
    });
  });

  test('a proxy of a private network is no server: what it is called is looked up as ever', async () => {
    const asked: string[] = [];
    const proxy = createServer((socket) => socket.once('data', (head) => (asked.push(String(head).split('\r\n')[0] ?? ''), socket.end('HTTP/1.1 403 No\r\n\r\n'))).on('error', () => {}));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { lookup, names } = answeringInTurn(['127.0.0.1']);
    const fetch = createNodeFetch({ proxy: `http://proxy.corp.example:${(proxy.address() as AddressInfo).port}`, lookup });
    await assert.rejects(clientOver(fetch, STRICT_ENDPOINTS).get('https://as.example/', 'it', ENDLESS), { code: 'ERR_MCP_AUTH_NETWORK' });
    assert.deepEqual([asked, names], [['CONNECT as.example:443 HTTP/1.1'], ['proxy.corp.example']]);
    await fetch.close();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test('a fetch that cannot be guarded is used as it is', () => {
    assert.equal(guardedFetch(platformFetch, STRICT_ENDPOINTS), platformFetch);
  });
});
