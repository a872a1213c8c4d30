/** Bounds over HTTP that no other test trips (docs/limits.md). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionError, RPCError } from '../../lib/index.ts';
import { withConnectedPeer, withPeer } from '../helpers/http-server-handle.ts';
import type { PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { until } from '../helpers/until.ts';

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

describe('limits.maxErrorBodyBytes: the body of a refusal is read so far', () => {
  const refuse: PeerScript = {
    'tools/call': (exchange: PeerExchange) =>
      exchange.respond(400, { 'Content-Type': 'application/json' }, JSON.stringify({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32000, message: 'x'.repeat(500) } })),
  };

  test('within it the answer in the body is the answer', async () => {
    await withConnectedPeer(refuse, {}, async ({ server }) => {
      await assert.rejects(server.callTool('call'), (error: unknown) => error instanceof RPCError && error.rpcCode === -32000);
    });
  });

  test('beyond it there is only the status, and the beginning of the body', async () => {
    await withConnectedPeer(refuse, { limits: { maxErrorBodyBytes: 100 } }, async ({ server }) => {
      await assert.rejects(server.callTool('call'), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.code, 'ERR_MCP_HTTP_STATUS');
        assert.equal(error.details['status'], 400);
        assert.match(String(error.details['bodyStart']), /^\{"jsonrpc"/);
        return true;
      });
    });
  });
});

describe('limits.streamProgressMs: a stream that lived so long was one that lives', () => {
  // A stream without a message that ends by itself, and asks to be opened again at once.
  const shortLived = (livesMs: number): PeerScript => ({
    GET: async (exchange) => {
      await exchange.sse();
      await exchange.event({ retry: 1, data: '' });
      await pause(livesMs);
      await exchange.endStream();
    },
  });

  test('streams that live longer are opened again for as long as it takes', { timeout: 20_000 }, async () => {
    await withPeer(shortLived(40), { listen: true, limits: { maxReconnects: 2, streamProgressMs: 10 } }, async ({ server, peer }) => {
      await server.connect();
      await until(() => peer.sent('GET').length >= 8, 'it was opened eight times', 10_000);
    });
  });

  test('streams that end sooner are given up', { timeout: 20_000 }, async () => {
    await withPeer(shortLived(1), { listen: true, limits: { maxReconnects: 2, maxRetryDelayMs: 5 } }, async ({ server, peer, seen }) => {
      await server.connect();
      await until(() => seen.faults.some(({ code }) => code === 'ERR_MCP_STREAM_LOST'), 'it was given up', 10_000);
      assert.equal(peer.sent('GET').length, 3);
    });
  });
});

describe('idleTimeoutMs: the stream of an answer may be silent so long', () => {
  const silent: PeerScript = {
    'tools/call': async (exchange) => {
      await exchange.sse();
      await exchange.hang();
    },
  };

  test('a stream on which nothing comes is lost, long before the deadline of its request', { timeout: 20_000 }, async () => {
    await withConnectedPeer(silent, { idleTimeoutMs: 50, timeoutMs: 15_000 }, async ({ server, peer }) => {
      await assert.rejects(server.callTool('call'), (error: unknown) => error instanceof ConnectionError && error.code === 'ERR_MCP_STREAM_LOST' && error.delivery === 'unknown');
      await until(() => peer.raw.busy === 0, 'its exchange was let go', 20_000);
    });
  });

  test('comments count: a stream with heartbeats lives', { timeout: 20_000 }, async () => {
    const beating: PeerScript = {
      'tools/call': async (exchange) => {
        await exchange.sse();
        for (let beat = 0; beat < 12; beat++) {
          await pause(250);
          await exchange.event({ event: 'heartbeat', data: 'x' });
        }
        await exchange.event({ data: exchange.reply({ content: [] }) });
        await exchange.endStream();
      },
    };
    await withConnectedPeer(beating, { idleTimeoutMs: 2_000 }, async ({ server }) => {
      assert.deepEqual((await server.callTool('call')).content, []);
    });
  });
});
