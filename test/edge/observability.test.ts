/** Middleware, trace context and diagnostics channels over real roads: a child process, loopback HTTP. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import diagnostics from 'node:diagnostics_channel';
import { text as readText } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { RPCError, StdioMCPServer } from '../../lib/index.ts';
import type { ConnectionDiagnostics, MCPError, NotificationDiagnostics, RequestDiagnostics } from '../../lib/index.ts';
import { fixtureCommand, hostCommand, recordFile } from '../helpers/fixture.ts';
import { makeHTTPServer } from '../helpers/http-server-handle.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import { mcpRejection, rejection, textOf, withConnected, withServer } from '../helpers/with-server.ts';
import { until } from '../helpers/until.ts';

const demo = fixtureCommand('demo-server');
const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
const TRACEPARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';

/** Subscribes to the channels of a tracing channel for the length of `body`; every event as its part and its object. */
async function traced(name: string, body: () => Promise<void>): Promise<(readonly [part: string, event: RequestDiagnostics])[]> {
  const events: (readonly [string, RequestDiagnostics])[] = [];
  const subscribers = PARTS.map((part) => {
    const hear = (event: unknown): void => void events.push([part, event as RequestDiagnostics]);
    diagnostics.subscribe(`tracing:${name}:${part}`, hear);
    return () => diagnostics.unsubscribe(`tracing:${name}:${part}`, hear);
  });
  try {
    await body();
  } finally {
    for (const unsubscribe of subscribers) unsubscribe();
  }
  return events;
}

/** As {@link traced}, of a plain channel. */
async function published<Event>(name: string, body: () => Promise<void>): Promise<Event[]> {
  const events: Event[] = [];
  const hear = (event: unknown): void => void events.push(event as Event);
  diagnostics.subscribe(name, hear);
  await body().finally(() => diagnostics.unsubscribe(name, hear));
  return events;
}

describe('middleware over real roads', () => {
  test('stdio: changed params are what the child reads, progress and cancellation pass, and a result of its own never leaves', async () => {
    const record = recordFile();
    await withConnected({ command: demo, serverEnv: record.serverEnv }, async (server) => {
      const takeBack = server.use({
        request: (call, next) => {
          const args = call.params['arguments'] as Readonly<Record<string, unknown>> | undefined;
          if (args?.['text'] === 'cached') return { content: [{ type: 'text', text: 'from the cache' }] };
          return next(args?.['text'] === 'in' ? { params: { ...call.params, arguments: { text: 'out' } } } : undefined);
        },
      });
      assert.equal(textOf(await server.callTool('echo', { text: 'in' })), 'out');
      assert.equal(textOf(await server.callTool('echo', { text: 'cached' })), 'from the cache');
      const progress: number[] = [];
      await server.callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress: (report) => progress.push(report.progress) });
      assert.deepEqual(progress, [1, 2, 3]);
      const controller = new AbortController();
      const call = rejection(server.callTool('never', {}, { signal: controller.signal }));
      await until(() => server.pendingRequests.length === 1, 'the call is on its way');
      controller.abort('enough');
      assert.equal(await call, 'enough');
      takeBack();
      assert.equal(textOf(await server.callTool('echo', { text: 'cached' })), 'cached');
    });
  });

  test('stdio: the child ends in the middle of a call, and the middleware hears it as the caller does', async () => {
    await withConnected({ command: fixtureCommand('exits', 'on-call', '7') }, async (server) => {
      const heard: unknown[] = [];
      server.use({
        request: (_call, next) =>
          next().catch((error: unknown) => {
            heard.push(error);
            throw error;
          }),
      });
      const error = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.deepEqual([heard, error.delivery], [[error], 'unknown']);
    });
  });

  test('stdio: around the answer to a real server that asks', async () => {
    await withServer({ command: fixtureCommand('asks-the-client'), handlers: { roots: [{ uri: 'file:///work' }] } }, async (server) => {
      server.use({ answer: async (call, next) => ({ ...(await next()), asked: call.method }) });
      await server.connect();
      const events = await traced('barewire.answer', async () => {
        const reply = JSON.parse(textOf(await server.callTool('call', { id: 'q', method: 'roots/list', params: { _meta: { traceparent: TRACEPARENT } } }))) as { result: unknown };
        assert.deepEqual(reply.result, { roots: [{ uri: 'file:///work' }], asked: 'roots/list' });
      });
      assert.deepEqual(events.map(([part]) => part), ['start', 'end', 'asyncStart', 'asyncEnd']);
      const { attributes, traceContext } = events[0]?.[1] as RequestDiagnostics;
      assert.deepEqual([attributes['mcp.method.name'], attributes['jsonrpc.request.id'], traceContext], ['roots/list', 'q', { traceparent: TRACEPARENT }]);
    });
  });

  test('HTTP: one run for a request that is sent again, with a trace of its own for each time it is sent', async () => {
    const peer = await HTTPPeer.listen({ 'tools/list': (exchange) => (exchange.turn === 0 ? exchange.respond(503) : exchange.json(exchange.reply({ tools: [] }))) }, { sessions: ['very-secret'] });
    let traces = 0;
    const server = makeHTTPServer(peer.url, { traceContext: () => ({ traceparent: TRACEPARENT, baggage: `turn=${++traces}` }) });
    let runs = 0;
    server.use({ request: (_call, next) => (runs++, next()) });
    try {
      const events = await traced('barewire.request', async () => {
        await server.connect();
        await server.listTools();
      });
      assert.equal(runs, 1);
      assert.deepEqual(peer.sent('tools/list').map(({ message }) => message.params?.['_meta']), [1, 2].map((turn) => ({ traceparent: TRACEPARENT, baggage: `turn=${turn}` })));
      assert.equal(peer.sent('initialize')[0]?.message.params?.['_meta'], undefined);
      const ended = events.filter(([part]) => part === 'asyncEnd').map(([, event]) => event);
      assert.deepEqual(ended.map(({ attributes }) => [attributes['mcp.method.name'], attributes['error.type']]), [['initialize', undefined], ['tools/list', 'ERR_MCP_HTTP_STATUS'], ['tools/list', undefined]]);
      const { port } = new URL(peer.url);
      for (const { attributes } of ended.slice(1)) {
        const { 'jsonrpc.request.id': id, 'error.type': _error, ...facts } = attributes;
        assert.equal(typeof id, 'string');
        assert.deepEqual(facts, {
          'mcp.method.name': 'tools/list',
          'mcp.protocol.version': server.protocolVersion,
          'barewire.server.name': 'test',
          'network.transport': 'tcp',
          'network.protocol.name': 'http',
          'server.address': '127.0.0.1',
          'server.port': Number(port),
        });
      }
      assert.equal(JSON.stringify(events).includes('very-secret'), false);
    } finally {
      await server.cleanup();
      await peer.close();
    }
  });
});

describe('the tracing channel barewire.request (OpenTelemetry, semantic conventions for MCP)', () => {
  test('tells of every request, the handshake included, what it is about and what it came to', async () => {
    await withServer({ command: demo }, async (server) => {
      const events = await traced('barewire.request', async () => {
        await server.connect();
        await server.callTool('add', { a: 1, b: 2 });
        await server.callTool('fail');
        await server.getPrompt('greet', { name: 'Ada' });
        await server.listResourceContents('demo://readme');
        await rejection(server.listResourceContents('demo://none'));
        await rejection(server.callTool('never', {}, { timeoutMs: 5 }));
        await rejection(server.callTool('never', {}, { signal: AbortSignal.abort() }));
        await rejection(server.callTool('echo', { text: 1n }));
      });
      const byPart = (part: string) => events.filter(([name]) => name === part).map(([, event]) => event);
      const ended = [...byPart('asyncEnd'), ...byPart('error').filter((event) => !byPart('asyncEnd').includes(event))];
      const outcomes = ended.map(({ attributes, error }) => {
        const { 'mcp.method.name': method, 'error.type': type, 'rpc.response.status_code': code } = attributes;
        const subject = ['gen_ai.operation.name', 'gen_ai.tool.name', 'gen_ai.prompt.name', 'mcp.resource.uri'].map((name) => attributes[name]).filter((value) => value !== undefined);
        return [method, subject.join(' '), type, code, (error as Error | undefined)?.name];
      });
      assert.deepEqual(outcomes, [
        ['initialize', '', undefined, undefined, undefined],
        ['tools/call', 'execute_tool add', undefined, undefined, undefined],
        ['tools/call', 'execute_tool fail', 'tool_error', undefined, undefined],
        ['prompts/get', 'greet', undefined, undefined, undefined],
        ['resources/read', 'demo://readme', undefined, undefined, undefined],
        ['resources/read', 'demo://none', '-32002', '-32002', 'InvalidValueError'],
        ['tools/call', 'execute_tool never', 'ERR_MCP_REQUEST_TIMEOUT', undefined, 'RequestTimeoutError'],
        ['tools/call', 'execute_tool echo', 'TypeError', undefined, 'TypeError'],
      ]);
      assert.deepEqual(ended[1]?.attributes, {
        'mcp.method.name': 'tools/call',
        'barewire.server.name': 'test',
        'network.transport': 'pipe',
        'mcp.protocol.version': server.protocolVersion,
        'jsonrpc.request.id': '2',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'add',
      });
      assert.deepEqual(events.filter(([, event]) => event === ended[5]).map(([part]) => part), ['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
      assert.deepEqual(events.filter(([, event]) => event === ended.at(-1)).map(([part]) => part), ['start', 'error', 'end']);
    });
  });

  test('a subscriber of one channel alone is served, and one that goes leaves nothing behind', async () => {
    await withConnected({ command: demo }, async (server) => {
      const errors = await published<RequestDiagnostics>('tracing:barewire.request:error', async () => {
        await server.callTool('add', { a: 1, b: 2 });
        await rejection(server.getPrompt('none'));
      });
      assert.deepEqual(errors.map(({ error }) => (error as MCPError).cause instanceof RPCError), [true]);
      await rejection(server.getPrompt('none'));
      assert.equal(errors.length, 1);
    });
  });

  test('a store that is bound to start is the one in which traceContext is asked', async () => {
    const record = recordFile();
    const spans = new AsyncLocalStorage<string>();
    const start = diagnostics.channel('tracing:barewire.request:start');
    start.bindStore(spans, (event) => `method=${(event as RequestDiagnostics).attributes['mcp.method.name']}`);
    try {
      const options = { command: fixtureCommand('says-what-it-is-told'), serverEnv: record.serverEnv, traceContext: () => ({ traceparent: TRACEPARENT, baggage: spans.getStore() }) };
      await withConnected(options, async (server) => {
        await server.setLogLevel('error');
        assert.equal(spans.getStore(), undefined);
      });
      assert.deepEqual(record.read().find(({ method }) => method === 'logging/setLevel')?.params?.['_meta'], { traceparent: TRACEPARENT, baggage: 'method=logging/setLevel' });
    } finally {
      start.unbindStore(spans);
    }
  });

  test('subscribers that throw are told to the process, as Node does it, and change nothing for the host', async () => {
    const [command = '', ...args] = hostCommand('throwing-subscriber', ...demo);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said, [exitCode]] = await Promise.all([readText(child.stdout), once(child, 'close')]);
    assert.equal(exitCode, 0);
    const { uncaught, ...rest } = JSON.parse(said) as { uncaught: number };
    assert.deepEqual(rest, { text: '3', connectionState: 'connected' });
    assert.ok(uncaught > 8, `${uncaught} errors`);
  });
});

describe('plain channels', () => {
  test('barewire.connection tells of every change of state, barewire.notification of every notification', async () => {
    const notifications: NotificationDiagnostics[] = [];
    const changes = await published<ConnectionDiagnostics>('barewire.connection', async () => {
      await withConnected({ command: demo }, async (server) => {
        notifications.push(
          ...(await published<NotificationDiagnostics>('barewire.notification', async () => {
            server.use({ notification: () => {} });
            await server.callTool('log', { level: 'info', text: 'hello' });
          })),
        );
      });
    });
    assert.deepEqual(changes.map(({ serverName, from, to }) => [serverName, from, to].join(' ')), [
      'test disconnected connecting',
      'test connecting initializing',
      'test initializing connected',
      'test connected disconnecting',
      'test disconnecting disconnected',
    ]);
    assert.deepEqual(notifications.map(({ attributes }) => attributes['mcp.method.name']), ['notifications/message']);
    assert.equal('jsonrpc.request.id' in (notifications[0]?.attributes ?? {}), false);
  });
});

describe('the logger', () => {
  test('hears one line each, without control characters, whatever the server sends, and nothing is printed', async () => {
    const lines: string[] = [];
    const hear = (message: string): void => void lines.push(message);
    const hostile = '\u001b]0;owned\u0007\r\n\u202e\u{e0041}\u0085';
    const say = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n${hostile.replace('\r\n', ' ')}\n`).toString('base64');
    const options = { command: fixtureCommand('says-what-it-is-told'), logger: { debug: hear, info: hear, warn: hear, error: hear }, logLevel: 'DEBUG' as const };
    await withConnected(options, async (server) => {
      for (const message of [
        { jsonrpc: '2.0', id: 9, method: `sampling/${hostile}` },
        { jsonrpc: '2.0', method: 'notifications/message', params: { level: hostile } },
        { jsonrpc: '2.0', error: { code: -1, message: hostile } },
        { jsonrpc: '2.0', id: hostile, result: {} },
      ]) {
        await rejection(server.callTool('call', { base64: say(message) }, { timeoutMs: 20 }));
      }
      await until(() => lines.length >= 6, 'the faults were logged');
    });
    assert.ok(lines.some((line) => line.includes('is connected')) && lines.some((line) => line.includes('is connecting')), lines.join('\n'));
    for (const line of lines) assert.match(line, /^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u{e0000}-\u{e007f}]+$/u);
  });

  test('may throw, reject or ask the server back: calls go on', async () => {
    const bad = (): never => {
      throw new Error('of the logger');
    };
    let server: StdioMCPServer | undefined;
    const asking = async (): Promise<void> => {
      await server?.ping();
      throw new Error('later');
    };
    for (const log of [bad, asking]) {
      await withServer({ command: demo, logger: { debug: log, info: log, warn: log, error: log }, logLevel: 'DEBUG' }, async (handle) => {
        server = handle;
        await handle.connect();
        handle.on('log', bad);
        await handle.callTool('log', { level: 'info', text: 'hello' });
        assert.equal(textOf(await handle.callTool('add', { a: 1, b: 2 })), '3');
      });
    }
  });
});
