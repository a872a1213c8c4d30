/** Elicitation over real roads: a child's stdio, and loopback HTTP. Source: MCP 2025-06-18 and 2025-11-25, client, "Elicitation". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StdioMCPServer, URLElicitationRequiredError } from '../../lib/index.ts';
import type { ElicitationHandlers, FormElicitation, URLElicitation, URLElicitationHandler } from '../../lib/index.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import type { RecordedMessage } from '../helpers/fixture.ts';
import type { PeerExchange } from '../helpers/http-server.ts';
import { withConnectedPeer } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf, withConnected } from '../helpers/with-server.ts';

const ASKS = fixtureCommand('asks-the-client');
const FORM = { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string', default: 'Zoe' }, age: { type: 'integer' } }, required: ['name'] } };
const VISIT = { mode: 'url', message: 'Pay', url: 'https://shop.example/pay', elicitationId: 'pay-1' };

/** Has the server of `asks-the-client` ask us, and gives what we answered. */
const ask = async (server: StdioMCPServer, params: object, id: string = 'q'): Promise<RecordedMessage> =>
  JSON.parse(textOf(await server.callTool('call', { id, method: 'elicitation/create', params }))) as RecordedMessage;

describe('over stdio', () => {
  test('the capability follows from the handlers, in every revision, and is not there without', async () => {
    const declared = async (elicitation: ElicitationHandlers | undefined, protocolVersions: readonly string[]): Promise<unknown> => {
      const record = recordFile();
      await withConnected({ command: ASKS, serverEnv: record.serverEnv, protocolVersions, ...(elicitation === undefined ? {} : { handlers: { elicitation } }) }, async () => {});
      const [initialize] = record.read().filter(({ method }) => method === 'initialize');
      return initialize?.params?.['capabilities'];
    };
    const decline = () => ({ action: 'decline' }) as const;
    assert.deepEqual(await declared({ form: decline, url: decline }, ['2025-11-25']), { elicitation: { form: {}, url: {} } });
    assert.deepEqual(await declared({ form: decline }, ['2025-06-18']), { elicitation: { form: {} } });
    assert.deepEqual(await declared({ url: decline }, ['2025-11-25']), { elicitation: { url: {} } });
    assert.deepEqual(await declared(undefined, ['2025-11-25']), {});
  });

  test('a form is shown and answered, its defaults filled in; a page is shown and answered without content', async () => {
    const forms: FormElicitation[] = [];
    const pages: URLElicitation[] = [];
    const names: string[] = [];
    const elicitation: ElicitationHandlers = {
      form: (request, { serverName }) => (forms.push(request), names.push(serverName), { action: 'accept', content: { age: 40 } }),
      url: async (request, { serverName }) => (pages.push(request), names.push(serverName), { action: 'accept' }),
    };
    await withConnected({ command: ASKS, handlers: { elicitation } }, async (server, seen) => {
      assert.deepEqual(await ask(server, FORM), { jsonrpc: '2.0', id: 'q', result: { action: 'accept', content: { age: 40, name: 'Zoe' } } });
      assert.deepEqual(await ask(server, VISIT), { jsonrpc: '2.0', id: 'q', result: { action: 'accept' } });
      assert.deepEqual(forms.map(({ message, fields }) => [message, fields.map(({ name }) => name)]), [['Who?', ['name', 'age']]]);
      assert.deepEqual(pages.map(({ url, origin, elicitationId }) => [url, origin, elicitationId]), [['https://shop.example/pay', 'https://shop.example', 'pay-1']]);
      assert.deepEqual(names, ['test', 'test']);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('what the server should not have asked is refused as −32602, without asking the host', async () => {
    await withConnected({ command: ASKS, handlers: { elicitation: () => assert.fail('the host was asked') } }, async (server) => {
      const refused = async (params: object): Promise<unknown> => (await ask(server, params)).error;
      assert.deepEqual(await refused(VISIT), { code: -32602, message: 'This client offers no elicitation of mode url' });
      assert.deepEqual(await refused({ message: 'Who?' }), { code: -32602, message: 'The elicitation is refused: /requestedSchema must be an object; got undefined' });
      assert.equal(server.connectionState, 'connected');
    });
    await withConnected({ command: ASKS, handlers: { elicitation: { url: () => assert.fail('the host was asked') } } }, async (server) => {
      assert.equal((await ask(server, { ...VISIT, url: 'javascript:alert(1)' })).error?.code, -32602);
    });
  });

  test('a handler that throws, or answers what the form does not take, is told to the logger; the server hears that it failed, and not why', async () => {
    const errors: unknown[] = [];
    const logger = { error: (message: string, facts?: object) => errors.push([message, (facts as { cause?: Error }).cause?.message]) };
    let turn = 0;
    const elicitation = () => {
      if (turn++ === 0) throw new Error('password hunter2');
      return { action: 'accept', content: { age: 'forty' } } as const;
    };
    await withConnected({ command: ASKS, logger, handlers: { elicitation } }, async (server) => {
      for (let count = 0; count < 2; count++) assert.deepEqual((await ask(server, FORM)).error, { code: -32603, message: 'The handler failed' });
      assert.deepEqual(errors, [
        ['The handler of "elicitation/create" of the host failed for test', 'password hunter2'],
        ['The handler of "elicitation/create" of the host failed for test', 'content must be what the form asks for; got a "age" that fails "type" "integer"'],
      ]);
      await server.ping();
    });
  });

  test('a handler that hangs is answered for after answerTimeoutMs, and hears it', async () => {
    let heard: AbortSignal | undefined;
    const elicitation = (_request: FormElicitation, { signal }: { readonly signal: AbortSignal }) => ((heard = signal), new Promise<never>(() => {}));
    await withConnected({ command: ASKS, handlers: { elicitation }, limits: { answerTimeoutMs: 20 } }, async (server) => {
      assert.deepEqual((await ask(server, FORM)).error, { code: -32603, message: 'No answer within 20 ms' });
      assert.equal(heard?.aborted, true);
    });
  });

  test('a request that the server takes back fires the signal, and its answer is not sent', async () => {
    const record = recordFile();
    const signals: AbortSignal[] = [];
    let late: ((answer: { action: 'cancel' }) => void) | undefined;
    const elicitation = (_request: FormElicitation, { signal }: { readonly signal: AbortSignal }) => (signals.push(signal), new Promise<{ action: 'cancel' }>((resolve) => (late = resolve)));
    await withConnected({ command: ASKS, serverEnv: record.serverEnv, handlers: { elicitation } }, async (server) => {
      const calls = new AbortController();
      const first = rejection(server.callTool('call', { id: 'q-1', method: 'elicitation/create', params: FORM }, { signal: calls.signal }));
      await until(() => signals.length === 1, 'the host was asked');
      const second = rejection(server.callTool('call', { method: 'notifications/cancelled', params: { requestId: 'q-1', reason: 'too late' } }, { signal: calls.signal }));
      await until(() => signals[0]?.aborted, 'the signal fired');
      assert.equal((signals[0]?.reason as Error).name, 'AbortError');
      late?.({ action: 'cancel' });
      assert.deepEqual((await ask(server, { message: 1 }, 'q-2')).id, 'q-2');
      assert.ok(!record.read().some(({ id, method }) => id === 'q-1' && method === undefined), 'nothing was answered');
      calls.abort();
      await Promise.all([first, second]);
    });
  });

  test('−32042: the visits of the error are asked for, their completion is waited for, and the call goes through (2025-11-25, "Error Required Flow")', async () => {
    const pages: string[] = [];
    const heard: string[] = [];
    let visit = (): void => {};
    const url: URLElicitationHandler = ({ href }) => (pages.push(href), visit(), { action: 'accept' });
    await withConnected({ command: fixtureCommand('wants-a-visit'), handlers: { elicitation: { url } } }, async (server, seen) => {
      server.on('elicitationCompleted', ({ elicitationId }) => heard.push(elicitationId));
      const error = await mcpRejection(server.callTool('call', {}), 'URLElicitationRequiredError', 'ERR_MCP_URL_ELICITATION_REQUIRED');
      assert.ok(error instanceof URLElicitationRequiredError);
      assert.deepEqual([error.rpcCode, error.elicitations.map(({ elicitationId, href }) => [elicitationId, href])], [-32042, [['sign-in', 'https://shop.example/sign-in']]]);
      visit = () => void server.callTool('call', { visited: ['sign-in', 'sign-in'] });
      assert.equal(await server.elicitURLs(error), 'completed');
      assert.equal(textOf(await server.callTool('call', {})), 'done');
      assert.deepEqual(pages, ['https://shop.example/sign-in']);
      assert.deepEqual(heard, ['sign-in'], 'unknown ids and those completed before are ignored');
      assert.deepEqual(seen.faults, []);
    });
  });

  test('a completion that comes right behind the error is not missed', async () => {
    await withConnected({ command: fixtureCommand('wants-a-visit'), handlers: { elicitation: { url: () => assert.fail('the host was asked') } } }, async (server) => {
      const heard: string[] = [];
      server.on('elicitationCompleted', ({ elicitationId }) => heard.push(elicitationId));
      const error = await rejection(server.callTool('call', { early: true }));
      assert.ok(error instanceof URLElicitationRequiredError);
      assert.equal(await server.elicitURLs(error), 'completed');
      assert.deepEqual(heard, ['sign-in']);
    });
  });

  test('a wait for visits ends with the connection; without one it does not begin; without a handler the error is the same', async () => {
    const url = () => ({ action: 'accept' }) as const;
    await withConnected({ command: fixtureCommand('wants-a-visit'), handlers: { elicitation: { url } } }, async (server) => {
      const error = await rejection(server.callTool('call', {}));
      assert.ok(error instanceof URLElicitationRequiredError);
      const waiting = mcpRejection(server.elicitURLs(error), 'ConnectionError', 'ERR_MCP_CONNECTION_CLOSED');
      await server.cleanup();
      await waiting;
      await mcpRejection(server.elicitURLs(error), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
    });
    await withConnected({ command: fixtureCommand('wants-a-visit') }, async (server) => {
      const error = await rejection(server.callTool('call', {}));
      assert.ok(error instanceof URLElicitationRequiredError);
      assert.ok((await rejection(server.elicitURLs(error))) instanceof TypeError);
    });
  });
});

describe('over HTTP', () => {
  test('a form that comes on the stream of a call is answered by a POST of its own, and the call goes on', async () => {
    const script = {
      'tools/call': async (exchange: PeerExchange) => {
        await exchange.sse();
        await exchange.event({ data: { jsonrpc: '2.0', id: 'form-1', method: 'elicitation/create', params: { ...FORM, mode: 'form' } } });
        await exchange.event({ data: { jsonrpc: '2.0', id: 'page-1', method: 'elicitation/create', params: VISIT } });
        await until(() => exchange.peer.sent('reply').length === 2, 'both were answered');
        await exchange.event({ data: { jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId: 'pay-1' } } });
        await exchange.event({ data: exchange.reply({ content: [] }) });
        await exchange.endStream();
      },
    };
    const elicitation: ElicitationHandlers = { form: () => ({ action: 'accept', content: { name: 'Ann' } }), url: () => ({ action: 'decline' }) };
    await withConnectedPeer(script, { handlers: { elicitation } }, async ({ server, peer, seen }) => {
      const heard: string[] = [];
      server.on('elicitationCompleted', ({ elicitationId }) => heard.push(elicitationId));
      assert.deepEqual(await server.callTool('call', {}), { content: [] });
      const replies = new Map(peer.sent('reply').map(({ message }) => [message.id, message.result]));
      assert.deepEqual(replies, new Map<unknown, unknown>([['form-1', { action: 'accept', content: { name: 'Ann' } }], ['page-1', { action: 'decline' }]]));
      assert.deepEqual(heard, ['pay-1']);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('−32042 as the body of a response, to any request, is the same error', async () => {
    const elicitations = [{ ...VISIT, elicitationId: 'v' }];
    const refuse = (exchange: PeerExchange) => exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32042, message: 'Pay first', data: { elicitations } } });
    const script = { 'tools/call': refuse, 'tools/list': refuse, 'resources/read': refuse, 'prompts/get': refuse, 'completion/complete': refuse, 'logging/setLevel': refuse };
    await withConnectedPeer(script, {}, async ({ server }) => {
      for (const asking of [
        server.callTool('call', {}),
        server.listTools(),
        server.listResourceContents('shop://1'),
        server.getPrompt('p'),
        server.complete({ type: 'ref/prompt', name: 'p' }, { name: 'a', value: '' }),
        server.setLogLevel('info'),
      ]) {
        const error = await mcpRejection(asking, 'URLElicitationRequiredError', 'ERR_MCP_URL_ELICITATION_REQUIRED');
        assert.deepEqual((error as URLElicitationRequiredError).elicitations.map(({ elicitationId }) => elicitationId), ['v']);
      }
    });
  });
});
