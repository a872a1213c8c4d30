/** What every request has, and how a connection lives: progress, the ways a wait ends, what stands around a request, who the server is. */

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ConnectionError, resultText } from '../../lib/index.ts';
import type { RequestDiagnostics } from '../../lib/index.ts';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../helpers/revisions.ts';
import { until } from '../helpers/until.ts';
import type { Row } from './row.ts';
import { errorOf, refusalOf } from './row.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const LARGE = 2_000_000;

const WAITS: readonly Row[] = [
  {
    feature: 'progress, to who asked and to who listens',
    run: async ({ server }) => {
      const asked: unknown[] = [];
      const heard: unknown[] = [];
      server.on('progress', ({ method, progress, total }) => heard.push([method, progress, total]));
      const result = await server.callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress: ({ progress, total, message }) => asked.push([progress, total, message]) });
      assert.equal(resultText(result), 'Counted down from 3.');
      assert.deepEqual(asked, [[1, 3, '2 to go'], [2, 3, '1 to go'], [3, 3, 'lift-off']]);
      assert.deepEqual(heard, [1, 2, 3].map((step) => ['tools/call', step, 3]));
    },
  },
  {
    feature: 'a call taken back by a signal',
    run: async ({ server }) => {
      const controller = new AbortController();
      const call = refusalOf(server.callTool('never', {}, { signal: controller.signal }));
      controller.abort('no more');
      assert.equal(await call, 'no more');
      assert.equal(resultText(await server.callTool('echo', { text: 'still there' })), 'still there');
    },
  },
  {
    feature: 'a call taken back by the id of its request',
    run: async ({ server }) => {
      const call = server.callTool('never').catch((reason: unknown) => reason);
      const { id } = await until(() => server.pendingRequests.find(({ method }) => method === 'tools/call'), 'the call is on its way');
      assert.equal(server.cancelRequest(id, 'no more'), true);
      const reason = await call;
      assert.ok(reason instanceof DOMException, String(reason));
      assert.deepEqual([reason.name, reason.message], ['AbortError', 'no more']);
      assert.equal(server.cancelRequest(id), false);
    },
  },
  {
    feature: 'a call that takes too long',
    run: async ({ server }) => {
      await server.listTools();
      assert.deepEqual(await refusalOf(server.callTool('never', {}, { timeoutMs: 100 })), ['ERR_MCP_REQUEST_TIMEOUT', 'unknown']);
      assert.equal(resultText(await server.callTool('echo', { text: 'still there' })), 'still there');
    },
  },
  {
    feature: 'a call whose progress keeps it alive, and one that takes too long in all',
    run: async ({ server }) => {
      const settings = { resetTimeoutOnProgress: true, timeoutMs: 10_000, onProgress: () => {} };
      assert.equal(resultText(await server.callTool('countdown', { from: 2, intervalMs: 1 }, settings)), 'Counted down from 2.');
      const endless = server.callTool('countdown', { from: 100_000, intervalMs: 5 }, { ...settings, maxTotalTimeoutMs: 60 });
      assert.deepEqual(await refusalOf(endless), ['ERR_MCP_TOTAL_TIMEOUT', 'unknown']);
    },
  },
  {
    feature: 'an error of the server',
    run: async ({ server }) => {
      const error = await errorOf(server.callTool('big', { bytes: -1 }));
      assert.deepEqual([error.code, error.details['rpcCode'], error.delivery], ['ERR_MCP_RPC', -32603, 'answered']);
    },
  },
  {
    feature: 'a large message, in both directions',
    run: async ({ server }) => {
      assert.equal(resultText(await server.callTool('big', { bytes: LARGE })).length, LARGE);
      const text = 'é'.repeat(LARGE / 4);
      assert.equal(resultText(await server.callTool('echo', { text })), text);
    },
  },
  {
    feature: 'many calls at once, each with its own answer',
    run: async ({ server }) => {
      const sums = await Promise.all(Array.from({ length: 100 }, (_, index) => server.callTool('add', { a: index, b: 1 })));
      assert.deepEqual(sums.map(resultText), Array.from({ length: 100 }, (_, index) => String(index + 1)));
    },
  },
];

const AROUND: readonly Row[] = [
  {
    feature: 'middleware around requests, with what it changes',
    run: async ({ server }) => {
      const seen: string[] = [];
      const off = server.use({
        request: async (call, next) => {
          seen.push(call.method);
          const isEcho = call.method === 'tools/call' && call.params['name'] === 'echo';
          const result = await (isEcho ? next({ params: { ...call.params, arguments: { text: 'changed' } } }) : next());
          return isEcho ? { ...result, extra: true } : result;
        },
      });
      const result = await server.callTool('echo', { text: 'as it was' });
      assert.deepEqual([resultText(result), Object.hasOwn(result, 'extra')], ['changed', true]);
      assert.equal(seen.at(-1), 'tools/call');
      off();
      assert.equal(resultText(await server.callTool('echo', { text: 'as it was' })), 'as it was');
    },
  },
  {
    feature: 'middleware around answers and notifications',
    options: { handlers: { roots: [{ uri: 'file:///srv/work' }] }, serverLogLevel: 'debug' },
    run: async ({ server }) => {
      const seen: string[] = [];
      const logs: unknown[] = [];
      server.on('log', ({ data }) => logs.push(data));
      server.use({
        answer: (call, next) => (seen.push(call.method), next()),
        notification: ({ method, params }, next) => {
          seen.push(method);
          next({ params: { ...params, data: 'changed' } });
        },
      });
      assert.equal(resultText(await server.callTool('list-roots')), 'file:///srv/work');
      await server.callTool('log', { level: 'error', text: 'as it was' });
      await until(() => logs.length > 0, 'the message came');
      assert.deepEqual([seen, logs], [['roots/list', 'notifications/message'], ['changed']]);
    },
  },
  {
    feature: 'the trace of the host, and what else it puts into _meta',
    options: { traceContext: () => ({ traceparent: TRACEPARENT, tracestate: 'demo=1' }) },
    run: async ({ server }) => {
      const meta = JSON.parse(resultText(await server.callTool('meta', {}, { meta: { 'example.com/note': [1] } }))) as Record<string, unknown>;
      assert.deepEqual([meta['traceparent'], meta['tracestate'], meta['example.com/note']], [TRACEPARENT, 'demo=1', [1]]);
    },
  },
];

const LIFE: readonly Row[] = [
  {
    feature: 'who the server is, and what was agreed on',
    run: async ({ server, era, road }) => {
      const [revision] = era === 'modern' ? MODERN_VERSIONS : LEGACY_VERSIONS;
      assert.deepEqual([server.name, server.era, server.protocolVersion, server.connectionState, server.connectionCause], [road, era, revision, 'connected', undefined]);
      assert.deepEqual(server.serverInfo, { name: 'barewire-demo', title: 'Demo', version: '1.0.0' });
      assert.deepEqual(server.serverCapabilities?.resources, { subscribe: true, listChanged: true });
      assert.equal(server.instructions, 'A server to try things with. Start with the tool "add".');
      assert.deepEqual([server.verdict?.era, server.verdict?.revision], [era, revision]);
    },
  },
  { feature: 'a ping', run: async ({ server }) => assert.equal(await server.ping(), undefined) },
  {
    feature: 'the states of a connection, and a handle that is used again',
    run: async ({ server }) => {
      const states: string[] = [];
      server.on('stateChanged', ({ to }) => states.push(to));
      await server.cleanup();
      assert.deepEqual(await refusalOf(server.callTool('add', { a: 1, b: 2 })), ['ERR_MCP_NOT_CONNECTED', 'unsent']);
      await server.connect();
      assert.deepEqual(states, ['disconnecting', 'disconnected', 'connecting', 'initializing', 'connected']);
      assert.equal(resultText(await server.callTool('add', { a: 1, b: 2 })), '3');
    },
  },
  {
    feature: 'a server that is lost in the middle of a call: nobody knows what became of it',
    isAlone: true,
    hasFaults: true,
    options: { limits: { maxReconnects: 1, maxRetryDelayMs: 20 } },
    run: async ({ server, lose }) => {
      await server.listTools();
      const call = server.callTool('never').catch((reason: unknown) => reason);
      await until(() => server.pendingRequests.some(({ method }) => method === 'tools/call'), 'the call is on its way');
      await until(async () => (JSON.parse(resultText(await server.callTool('asked'))) as Record<string, number>)['tools/call'] ?? 0, 'the server is at work');
      await lose();
      const error = await call;
      assert.ok(error instanceof ConnectionError, String(error));
      assert.equal(error.delivery, 'unknown');
    },
  },
  {
    feature: 'a server that is lost and comes back: the handle goes on, and says that something may be missing',
    isAlone: true,
    hasFaults: true,
    options: { limits: { maxRetryDelayMs: 50, maxReconnects: 200 } },
    run: async ({ server, lose, restore }) => {
      let gaps = 0;
      server.on('gap', () => gaps++);
      await server.subscribe({ tools: true });
      await lose();
      await restore();
      const sum = await until(() => server.callTool('add', { a: 1, b: 2 }).catch(() => undefined), 'a call is answered');
      assert.equal(resultText(sum), '3');
      await until(() => gaps > 0, 'it was said that something may be missing');
    },
  },
  {
    feature: 'the health check asks a server that nobody else asks',
    options: { healthCheckIntervalMs: 20 },
    run: async ({ server, era }) => {
      const asked: unknown[] = [];
      const hear = (message: unknown): void => {
        const { attributes } = message as RequestDiagnostics;
        if (attributes['barewire.server.name'] === server.name) asked.push(attributes['mcp.method.name']);
      };
      subscribe('tracing:barewire.request:start', hear);
      try {
        await until(() => asked.length > 1, 'it asked twice');
      } finally {
        unsubscribe('tracing:barewire.request:start', hear);
      }
      assert.deepEqual([...new Set(asked)], [era === 'modern' ? 'server/discover' : 'ping']);
      assert.equal(server.connectionState, 'connected');
    },
  },
];

/** See the head of this file. */
export const REQUESTS: readonly Row[] = [...WAITS, ...AROUND, ...LIFE];
