/** Tokens that are bound to a key, at a server that checks the proofs (RFC 9449). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamableHTTPMCPServer, createOAuth, isMCPError, loopbackSignIn } from '../../lib/index.ts';
import type { OAuthOptions } from '../../lib/index.ts';
import { startOAuthDemo, visitPage } from '../helpers/oauth-demo.ts';
import type { OAuthDemo, SeenRequest } from '../helpers/oauth-demo.ts';

const signIn = loopbackSignIn(async ({ url }) => (await fetch(await visitPage(url))).text());

async function withDemo(flags: readonly string[], options: OAuthOptions, body: (server: StreamableHTTPMCPServer, demo: OAuthDemo) => Promise<void>): Promise<void> {
  const demo = await startOAuthDemo(...flags);
  const server = new StreamableHTTPMCPServer({ serverName: 'demo', serverUrl: demo.url, authorization: createOAuth({ allowLoopback: true, signIn, ...options }) });
  try {
    await body(server, demo);
  } finally {
    await server.cleanup();
    await demo.stop();
  }
}

const at = (seen: readonly SeenRequest[], path: string) => seen.filter(({ method, url }) => method === 'POST' && url === path);

describe('proofs of possession', () => {
  test('tokens are bound where the server knows it, and each request has a proof of its own', async () => {
    await withDemo(['--dpop', 'plain'], {}, async (server, demo) => {
      await server.connect();
      assert.equal(((await server.callTool('add', { a: 1, b: 2 })).content[0] as { text: string }).text, '3');
      const letIn = at(await demo.seen(), '/mcp').filter(({ headers }) => headers['authorization'] !== undefined);
      assert.ok(letIn.length > 1);
      assert.ok(letIn.every(({ headers }) => headers['authorization']?.startsWith('DPoP ')));
      assert.equal(new Set(letIn.map(({ headers }) => headers['dpop'])).size, letIn.length);
    });
  });

  test('`dpop: false` has them not bound', async () => {
    await withDemo(['--dpop', 'plain'], { dpop: false }, async (server, demo) => {
      await server.connect();
      assert.ok((await demo.seen()).every(({ headers }) => headers['dpop'] === undefined));
    });
  });

  test('a nonce that is wanted is given, at both servers', async () => {
    await withDemo(['--dpop', 'nonce'], {}, async (server, demo) => {
      await server.connect();
      assert.equal(at(await demo.seen(), '/token').length, 2);
    });
  });

  test('one that is wanted for ever is ERR_MCP_AUTH_DPOP: nobody has to sign in again, and no tokens are renewed for it', async () => {
    await withDemo(['--dpop', 'nonce-for-ever'], {}, async (server, demo) => {
      const error = await server.connect().then(() => undefined, (reason: unknown) => reason);
      assert.ok(isMCPError(error));
      assert.deepEqual([error.name, error.code, error.details], ['AuthorizationError', 'ERR_MCP_AUTH_DPOP', { status: 401, error: 'use_dpop_nonce' }]);
      const seen = await demo.seen();
      assert.equal(at(seen, '/token').length, 1);
      assert.equal(seen.filter(({ url }) => url.startsWith('/authorize')).length, 1);
    });
  });
});
