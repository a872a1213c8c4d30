import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredTask, Task, TaskHandle } from '../../../lib/index.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { withMemoryHandle } from '../../helpers/memory-handle.ts';
import { Refusal } from '../../helpers/scripted-peer.ts';
import type { Script, ScriptedPeer, ScriptedAnswer, SentMessage } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection } from '../../helpers/with-server.ts';

const RELATED = 'io.modelcontextprotocol/related-task';
const ALL = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
const RESULT = { content: [{ type: 'text', text: 'done' }], _meta: { [RELATED]: { taskId: 't1' } } };
const unknownTask = new Refusal(-32602, 'Failed to retrieve task: Task not found');

/** A task as it is on the wire; every further one was updated a second later. */
let updates = 0;
function wire(status: string, more: object = {}): object {
  const at = new Date(Date.UTC(2026, 0, 1) + 1_000 * ++updates).toISOString();
  return { taskId: 't1', status, createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: at, ttl: 60_000, pollInterval: 1_000, ...more };
}

function initialize(tasks: object | undefined): Script['initialize'] & object {
  return ({ params }) => ({
    protocolVersion: params?.['protocolVersion'],
    capabilities: { tools: {}, ...(tasks === undefined ? {} : { tasks }) },
    serverInfo: { name: 'scripted', version: '1' },
  });
}

/** An object so many levels deep. */
const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });

const tool = (name: string, taskSupport?: string): object => ({ name, inputSchema: { type: 'object', required: name === 'needs' ? ['a'] : [] }, ...(taskSupport === undefined ? {} : { execution: { taskSupport } }) });

/** What a server with tasks answers, unless a test says otherwise: one task `t1`, which works until `states` says otherwise. */
function taskScript(states: readonly (object | Refusal)[], more: Script = {}): Script {
  const left = [...states];
  return {
    initialize: initialize(ALL),
    'tools/list': () => ({ tools: [tool('long', 'optional'), tool('batch', 'required'), tool('quick'), tool('never', 'forbidden'), tool('needs', 'required')] }),
    'tools/call': ({ params }) => (params?.['task'] === undefined ? RESULT : { task: wire('working') }),
    'tasks/get': () => (left.length > 1 ? left.shift() : left[0]),
    'tasks/result': () => RESULT,
    'tasks/cancel': () => wire('cancelled'),
    ...more,
  };
}

/** What a promise comes to while time passes in steps of half a second. */
async function inTime<T>(clock: FakeClock, promise: Promise<T>, steps: number = 400): Promise<T> {
  let isSettled = false;
  promise.then(() => (isSettled = true), () => (isSettled = true));
  for (let step = 0; step < steps && !isSettled; step++) await clock.advance(500);
  assert.ok(isSettled, 'it is settled in time');
  return promise;
}

const count = (peer: ScriptedPeer, method: string): number => peer.sent(method).length;

describe('starting a task (2025-11-25, basic, utilities, "Tasks", "Creating Tasks")', () => {
  test('asks for a task with the wanted lifetime, and gives a handle on what the server made', async () => {
    const created = { task: wire('working', { statusMessage: 'just begun', ttl: null }), _meta: { 'io.modelcontextprotocol/model-immediate-response': 'It runs.' } };
    await withMemoryHandle(taskScript([], { 'tools/call': () => created }), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long', { a: 1 }, { ttlMs: 90_000, meta: { own: true } });
      const { _meta, ...params } = peer.sent('tools/call')[0]?.params ?? {};
      assert.deepEqual(params, { name: 'long', arguments: { a: 1 }, task: { ttl: 90_000 } });
      assert.equal((_meta as { own?: boolean }).own, true);
      assert.equal(typeof (_meta as { progressToken?: string }).progressToken, 'string');
      const { taskId, toolName, status, task, immediateResponse } = handle;
      assert.deepEqual({ taskId, toolName, status, immediateResponse }, { taskId: 't1', toolName: 'long', status: 'working', immediateResponse: 'It runs.' });
      assert.deepEqual([task.statusMessage, task.ttlMs, task.pollIntervalMs], ['just begun', null, 1_000]);
    });
  });

  test('a tool that is known not to run as a task is refused before anything is sent, named or by default', async () => {
    await withMemoryHandle(taskScript([]), {}, async ({ server, peer }) => {
      for (const name of ['quick', 'never']) {
        const error = await mcpRejection(server.startTask(name), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED');
        assert.deepEqual([error.delivery, error.details], ['unsent', { toolName: name }]);
      }
      assert.equal(count(peer, 'tools/call'), 0);
      await mcpRejection(server.startTask('needs'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      await mcpRejection(server.startTask('nothing'), 'InvalidValueError', 'ERR_MCP_UNKNOWN_TOOL');
      assert.equal(count(peer, 'tools/call'), 0);
    });
  });

  test('a server that does not declare tasks for tools, or a revision without them, is not asked for one', async () => {
    for (const [tasks, options] of [[undefined, {}], [{ list: {} }, {}], [{ requests: { tools: {} } }, {}], [ALL, { protocolVersions: ['2025-06-18'] }]] as const) {
      await withMemoryHandle(taskScript([], { initialize: initialize(tasks) }), options, async ({ server, peer }) => {
        const error = await mcpRejection(server.startTask('long'), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED');
        assert.equal(error.delivery, 'unsent');
        assert.equal(count(peer, 'tools/call'), 0);
      });
    }
  });

  test('what the server refuses is typed: -32601 and -32600 say that there is no such task, -32602 that the arguments are wrong', async () => {
    for (const [rpcCode, code] of [[-32601, 'ERR_MCP_TASK_UNSUPPORTED'], [-32600, 'ERR_MCP_TASK_UNSUPPORTED'], [-32602, 'ERR_MCP_INVALID_ARGUMENTS']] as const) {
      await withMemoryHandle(taskScript([], { 'tools/call': () => new Refusal(rpcCode, 'no') }), { checkArguments: false }, async ({ server }) => {
        const error = await mcpRejection(server.startTask('unlisted'), 'InvalidValueError', code);
        assert.equal(error.delivery, 'answered');
      });
    }
  });

  test('an answer that is no task is one that breaks the protocol, and an id beyond limits.maxTaskIdCharacters is not taken', async () => {
    const answers: ReadonlyArray<[object, string]> = [
      [{}, '/task'],
      [{ task: { ...wire('working'), taskId: '' } }, '/task/taskId'],
      [{ task: { ...wire('working'), taskId: 7 } }, '/task/taskId'],
      [{ task: wire('paused') }, '/task/status'],
      [{ task: wire('working', { ttl: 'long' }) }, '/task/ttl'],
      [{ task: wire('working', { pollInterval: -1 }) }, '/task/pollInterval'],
      [{ task: wire('working', { createdAt: undefined }) }, '/task/createdAt'],
    ];
    for (const [answer, pointer] of answers) {
      await withMemoryHandle(taskScript([], { 'tools/call': () => answer }), {}, async ({ server }) => {
        const error = await mcpRejection(server.startTask('long'), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.equal(error.details['pointer'], pointer);
      });
    }
    await withMemoryHandle(taskScript([], { 'tools/call': () => ({ task: wire('working', { taskId: 'x'.repeat(9) }) }) }), { limits: { maxTaskIdCharacters: 8 } }, async ({ server }) => {
      const error = await mcpRejection(server.startTask('long'), 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxTaskIdCharacters');
    });
  });

  test('a server that answers at once has given the result: the handle has ended, and asks nobody any more, here and where it was stored', async () => {
    await withMemoryHandle(taskScript([], { 'tools/call': () => RESULT }), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      assert.deepEqual([handle.status, handle.toolName, handle.task.ttlMs, handle.task.createdAt], ['completed', 'long', null, '2026-01-01T00:00:00.000Z']);
      assert.match(handle.taskId, /^[\w-]{22}$/);
      const stored = JSON.parse(JSON.stringify(handle)) as StoredTask;
      assert.deepEqual([stored.form, stored.result], ['answered', RESULT]);
      for (const one of [handle, server.resumeTask(stored)]) {
        assert.deepEqual([await one.result(), await one.refresh(), await one.cancel()], [RESULT, handle.task, handle.task]);
        const seen: Task[] = [];
        for await (const task of one.updates()) seen.push(task);
        assert.deepEqual(seen, [handle.task]);
      }
      assert.deepEqual(peer.messages.flatMap(({ method }) => (method?.startsWith('tasks/') === true ? [method] : [])), []);
    });
  });

  test('wrong arguments are refused at the door, with their names', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      const wrong: ReadonlyArray<[() => unknown, RegExp]> = [
        [() => server.startTask(7 as never), /^TypeError: toolName must be a string/],
        [() => server.startTask('long', 'a' as never), /^TypeError: args must be an object/],
        [() => server.startTask('long', {}, { ttl: 5 } as never), /^TypeError: options has no option "ttl"/],
        [() => server.startTask('long', {}, { ttlMs: 'x' as never }), /^TypeError: options\.ttlMs/],
        [() => server.startTask('long', {}, { pollIntervalMs: 0 }), /^RangeError: options\.pollIntervalMs/],
        [() => server.getTask(7 as never), /^TypeError: taskId must be a string/],
        [() => server.listTasksPage(7 as never), /^TypeError: cursor must be a string/],
        [async () => server.resumeTask(handle.toJSON(), { ttlMs: 1 } as never), /^TypeError: options has no option "ttlMs"/],
        [() => handle.result({ cancelOnAbort: 1 as never }), /^TypeError: options\.cancelOnAbort must be true or false/],
        [() => handle.refresh({ wait: 1 } as never), /^TypeError: options has no option "wait"/],
        [async () => handle.updates({ signal: 1 as never }), /^TypeError: options\.signal must be an AbortSignal/],
      ];
      const sent = peer.messages.length;
      for (const [ask, expected] of wrong) assert.match(String(await rejection(Promise.resolve(ask()))), expected);
      assert.equal(peer.messages.length, sent);
    });
  });
});

describe('the result of a task', () => {
  test('is asked for once the task has ended, which is asked for at the pace of the server', async () => {
    await withMemoryHandle(taskScript([wire('working', { pollInterval: 4_000 }), wire('completed')]), {}, async ({ server, peer, clock }) => {
      const handle = await server.startTask('long');
      const result = handle.result();
      await clock.advance(999);
      assert.equal(count(peer, 'tasks/get'), 0, 'not sooner than pollInterval');
      await clock.advance(501);
      assert.equal(count(peer, 'tasks/get'), 1, 'at the latest at one and a half of it');
      await clock.advance(3_499);
      assert.equal(count(peer, 'tasks/get'), 1, 'the pace changed with the answer');
      assert.equal(count(peer, 'tasks/result'), 0);
      await clock.advance(2_501);
      assert.deepEqual(await result, RESULT);
      assert.deepEqual(peer.sent('tasks/result').map(({ params }) => params), [{ taskId: 't1' }]);
      assert.deepEqual(await handle.result(), RESULT, 'it may be asked for again');
      assert.equal(count(peer, 'tasks/get'), 2, 'and nothing follows an end');
    });
  });

  test('is taken as soon as the server says by itself that the task has ended', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      const result = handle.result();
      peer.notify('notifications/tasks/status', wire('completed', { taskId: 'another' }));
      await settle();
      assert.equal(handle.status, 'working');
      peer.notify('notifications/tasks/status', wire('completed'));
      assert.deepEqual(await result, RESULT);
      assert.equal(count(peer, 'tasks/get'), 0);
    });
  });

  test('a failed task gives what the call itself came to: a result with isError, or its error with what the task says of it', async () => {
    const failed = { content: [{ type: 'text', text: 'no disk' }], isError: true };
    await withMemoryHandle(taskScript([wire('failed')], { 'tasks/result': () => failed }), {}, async ({ server, clock }) => {
      assert.deepEqual(await inTime(clock, (await server.startTask('long')).result()), failed);
    });
    const refuse = (rpcCode: number): Script => taskScript([wire('failed', { statusMessage: 'out of\u001b[31m paper' })], { 'tasks/result': () => new Refusal(rpcCode, 'it broke', { page: 3 }) });
    await withMemoryHandle(refuse(-32603), {}, async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, (await server.startTask('long')).result()), 'RPCError', 'ERR_MCP_RPC');
      assert.deepEqual([error.details['rpcCode'], error.details['taskId'], error.details['status']], [-32603, 't1', 'failed']);
      assert.match(error.message, /it broke; the task failed: "out of\\u\{1b\}\[31m paper"$/);
      assert.deepEqual((error as unknown as { data: unknown }).data, { page: 3 });
    });
    await withMemoryHandle(refuse(-32602), {}, async ({ server, clock, peer }) => {
      await mcpRejection(inTime(clock, (await server.startTask('long')).result()), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.equal(count(peer, 'tasks/get'), 2, 'the same code could have meant that the task is gone, so that is asked for');
    });
  });

  test('a task that was cancelled, and one that is gone, are typed', async () => {
    const gone = { 'tasks/result': () => unknownTask };
    await withMemoryHandle(taskScript([wire('cancelled', { statusMessage: 'by an operator' })], gone), {}, async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, (await server.startTask('long')).result()), 'InvalidValueError', 'ERR_MCP_TASK_CANCELLED');
      assert.match(error.message, /was cancelled: "by an operator"$/);
    });
    await withMemoryHandle(taskScript([wire('completed'), unknownTask], gone), {}, async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, (await server.startTask('long')).result()), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
      assert.deepEqual([error.details['taskId'], error.details['rpcCode'], error.delivery], ['t1', -32602, 'answered']);
    });
    await withMemoryHandle(taskScript([unknownTask]), {}, async ({ server, clock }) => {
      await mcpRejection(inTime(clock, (await server.startTask('long')).result()), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
    });
  });

  test('a result that is not one, and an answer about another task, break the protocol', async () => {
    await withMemoryHandle(taskScript([wire('completed')], { 'tasks/result': () => ({ content: 'text' }) }), {}, async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, (await server.startTask('long')).result()), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.equal(error.details['method'], 'tasks/result');
    });
    await withMemoryHandle(taskScript([wire('completed', { taskId: 't2' })]), {}, async ({ server }) => {
      const error = await mcpRejection((await server.startTask('long')).refresh(), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.equal(error.details['pointer'], '/taskId');
    });
  });

  test('limits.maxTaskPollFailures questions in a row may fail in passing; the handle is as good as before', async () => {
    let answers = 0;
    const script = taskScript([], { 'tasks/get': () => (++answers === 3 ? wire('working') : undefined) });
    await withMemoryHandle(script, { requestTimeoutMs: 2_000, limits: { maxTaskPollFailures: 3 } }, async ({ server, clock, peer }) => {
      const handle = await server.startTask('long');
      await mcpRejection(inTime(clock, handle.result()), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.equal(count(peer, 'tasks/get'), 6, 'two failed, one was answered, three failed');
      const result = handle.result();
      await settle();
      peer.notify('notifications/tasks/status', wire('completed'));
      assert.deepEqual(await result, RESULT);
    });
  });

  test('the wait ends with limits.taskWaitMs or maxTotalTimeoutMs, and the task goes on', async () => {
    await withMemoryHandle(taskScript([wire('working')]), { limits: { taskWaitMs: 5_000 } }, async ({ server, clock, peer }) => {
      const handle = await server.startTask('long');
      const error = await mcpRejection(inTime(clock, handle.result()), 'RequestTimeoutError', 'ERR_MCP_TOTAL_TIMEOUT');
      assert.deepEqual(error.details, { taskId: 't1', timeoutMs: 5_000 });
      const sooner = await mcpRejection(inTime(clock, handle.result({ maxTotalTimeoutMs: 100 })), 'RequestTimeoutError', 'ERR_MCP_TOTAL_TIMEOUT');
      assert.equal(sooner.details['timeoutMs'], 100);
      assert.equal(count(peer, 'tasks/cancel'), 0);
    });
  });

  test('a server that never hands out the result of a task that has ended is waited for as long as a request', async () => {
    await withMemoryHandle(taskScript([wire('completed')], { 'tasks/result': () => undefined }), {}, async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, (await server.startTask('long')).result({ timeoutMs: 3_000 })), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.equal(error.details['method'], 'tasks/result');
    });
  });

  test('an aborted wait rejects with the signal’s reason and cancels the task only when cancelOnAbort says so', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      for (const cancelOnAbort of [false, true]) {
        const controller = new AbortController();
        const reason = new Error('enough');
        const result = handle.result({ signal: controller.signal, cancelOnAbort });
        await settle();
        controller.abort(reason);
        assert.equal(await rejection(result), reason);
        await settle();
        assert.equal(count(peer, 'tasks/cancel'), cancelOnAbort ? 1 : 0);
      }
      assert.equal(handle.status, 'cancelled');
    });
  });

  test('letting go of the server ends every wait with a typed error', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server }) => {
      const handle = await server.startTask('long');
      const result = handle.result();
      const iterator = handle.updates()[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      await settle();
      await server.cleanup();
      await mcpRejection(result, 'ConnectionError', 'ERR_MCP_CONNECTION_CLOSED');
      await mcpRejection(next, 'ConnectionError', 'ERR_MCP_CONNECTION_CLOSED');
      await mcpRejection(handle.refresh(), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      await mcpRejection(handle.result(), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      await mcpRejection(handle.cancel(), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
    });
  });
});

describe('a task that needs input ("Input Required Status")', () => {
  const asksForRoots = ({ id }: SentMessage, peer: ScriptedPeer): ScriptedAnswer => {
    peer.send({ jsonrpc: '2.0', id: `ask-${id}`, method: 'roots/list', params: { _meta: { [RELATED]: { taskId: 't1' } } } });
    return undefined;
  };

  test('is asked for its result at once, so that the questions come; what is answered to them names the task', async () => {
    const states = [wire('input_required'), wire('working'), wire('completed')];
    const handlers = { roots: [{ uri: 'file:///srv' }] };
    await withMemoryHandle(taskScript(states, { 'tasks/result': asksForRoots }), { handlers }, async ({ server, peer, clock, faults }) => {
      const result = (await server.startTask('long')).result();
      await clock.advance(1_500);
      assert.equal(count(peer, 'tasks/result'), 1);
      const answer = peer.messages.find((message) => message.method === undefined);
      assert.deepEqual(answer?.result, { roots: [{ uri: 'file:///srv' }], _meta: { [RELATED]: { taskId: 't1' } } });
      await clock.advance(3_000);
      assert.equal(count(peer, 'tasks/get'), 3, 'it is asked for on while its result is waited for');
      peer.send({ jsonrpc: '2.0', id: peer.sent('tasks/result')[0]?.id, result: RESULT });
      assert.deepEqual(await result, RESULT);
      assert.equal(count(peer, 'tasks/result'), 1, 'the question that is open is the one that is answered');
      assert.deepEqual(faults, []);
    });
  });

  test('a question for the result that stays open behind the end is asked anew after timeoutMs', async () => {
    let asked = 0;
    const script = taskScript([wire('input_required'), wire('completed')], { 'tasks/result': () => (++asked === 1 ? undefined : RESULT) });
    await withMemoryHandle(script, {}, async ({ server, peer, clock }) => {
      assert.deepEqual(await inTime(clock, (await server.startTask('long')).result({ timeoutMs: 4_000 })), RESULT);
      assert.equal(count(peer, 'tasks/result'), 2);
      assert.equal(count(peer, 'notifications/cancelled'), 1);
    });
  });

  test('a server that will not be asked so soon is asked when the task has ended', async () => {
    let status = 'input_required';
    const script = taskScript([], { 'tasks/get': () => wire(status), 'tasks/result': () => (status === 'completed' ? RESULT : new Refusal(-32600, 'not yet')) });
    await withMemoryHandle(script, {}, async ({ server, peer, clock }) => {
      const result = (await server.startTask('long')).result();
      await clock.advance(6_000);
      assert.equal(count(peer, 'tasks/result'), 1);
      status = 'completed';
      assert.deepEqual(await inTime(clock, result), RESULT);
    });
  });

  test('what the server asks us about tasks is refused with -32601: this client declares none', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ peer }) => {
      for (const method of ['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel']) peer.send({ jsonrpc: '2.0', id: method, method, params: { taskId: 't1' } });
      await settle();
      const refusals = peer.messages.filter((message) => message.error !== undefined).map(({ id, error }) => [id, error?.code]);
      assert.deepEqual(refusals, [['tasks/get', -32601], ['tasks/result', -32601], ['tasks/list', -32601], ['tasks/cancel', -32601]]);
      assert.deepEqual(Object.keys((peer.sent('initialize')[0]?.params?.['capabilities'] ?? {}) as object), []);
    });
  });
});

describe('following a task', () => {
  const seenOf = async (handle: TaskHandle): Promise<Array<[string, string | undefined]>> => {
    const seen: Array<[string, string | undefined]> = [];
    for await (const task of handle.updates()) seen.push([task.status, task.statusMessage]);
    return seen;
  };

  test('gives every state once, whether it was asked for or told, up to the end, for all who follow', async () => {
    const second = wire('working', { statusMessage: 'two' });
    const states = [wire('working', { statusMessage: 'one' }), second, second, wire('completed')];
    await withMemoryHandle(taskScript(states), {}, async ({ server, peer, clock }) => {
      const handle = await server.startTask('long');
      const all = Promise.all([seenOf(handle), seenOf(handle), handle.result()]);
      await clock.advance(1_500);
      peer.notify('notifications/tasks/status', second);
      const [first, again, result] = await inTime(clock, all);
      assert.deepEqual(first, [['working', undefined], ['working', 'one'], ['working', 'two'], ['completed', undefined]]);
      assert.deepEqual(again, first);
      assert.deepEqual(result, RESULT);
      assert.equal(count(peer, 'tasks/get'), 4, 'all who wait share one question');
    });
  });

  test('what is older than what is known, and whatever follows an end, changes nothing', async () => {
    const old = wire('working', { statusMessage: 'old' });
    await withMemoryHandle(taskScript([wire('input_required')], { 'tools/call': () => ({ task: wire('working', { statusMessage: 'new' }) }) }), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      const seen = seenOf(handle);
      await settle();
      peer.notify('notifications/tasks/status', old);
      await settle();
      assert.equal(handle.task.statusMessage, 'new');
      peer.notify('notifications/tasks/status', wire('completed'));
      assert.deepEqual(await seen, [['working', 'new'], ['completed', undefined]]);
      await handle.refresh();
      assert.equal(handle.status, 'completed');
    });
  });

  test('who stops following asks no more, and a signal ends it with its reason', async () => {
    await withMemoryHandle(taskScript([wire('working', { statusMessage: 'one' })]), {}, async ({ server, peer, clock }) => {
      const handle = await server.startTask('long');
      for await (const task of handle.updates()) {
        assert.equal(task.status, 'working');
        break;
      }
      await clock.advance(10_000);
      assert.equal(count(peer, 'tasks/get'), 0);
      const controller = new AbortController();
      const iterator = handle.updates({ signal: controller.signal })[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      await clock.advance(2_000);
      assert.equal(((await next).value as Task).statusMessage, 'one');
      const last = iterator.next();
      controller.abort(new Error('enough'));
      assert.match(String(await rejection(last)), /enough/);
      const asked = count(peer, 'tasks/get');
      await clock.advance(10_000);
      assert.equal(count(peer, 'tasks/get'), asked);
    });
  });

  test('the event taskChanged tells of every task; params that are none are a fault', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, peer, faults }) => {
      const heard: Task[] = [];
      server.on('taskChanged', (task) => heard.push(task));
      peer.notify('notifications/tasks/status', wire('completed', { taskId: 'theirs', ttl: null, pollInterval: undefined }));
      peer.notify('notifications/tasks/status', wire('lost'));
      await settle();
      assert.deepEqual(heard.map(({ taskId, status, ttlMs }) => [taskId, status, ttlMs]), [['theirs', 'completed', null]]);
      assert.deepEqual(faults.map(({ code, details }) => [code, details['pointer']]), [['ERR_MCP_INVALID_PARAMS', '/status']]);
    });
  });

  test('the pause is within limits.minTaskPollMs and limits.maxTaskPollMs, and limits.taskPollMs where nobody says', async () => {
    const limits = { minTaskPollMs: 200, taskPollMs: 2_000, maxTaskPollMs: 8_000 };
    const paces: ReadonlyArray<[pollInterval: number | undefined, pollIntervalMs: number | undefined, least: number, most: number]> = [
      [1, undefined, 200, 300],
      [1e9, undefined, 8_000, 8_000],
      [undefined, undefined, 2_000, 3_000],
      [undefined, 5_000, 5_000, 7_500],
      [1_000, 5_000, 1_000, 1_500],
    ];
    for (const [pollInterval, pollIntervalMs, least, most] of paces) {
      await withMemoryHandle(taskScript([wire('working')], { 'tools/call': () => ({ task: wire('working', { pollInterval }) }), 'tasks/get': () => undefined }), { limits }, async ({ server, peer, clock }) => {
        const handle = await server.startTask('long', {}, { pollIntervalMs });
        const controller = new AbortController();
        const result = handle.result({ signal: controller.signal });
        result.catch(() => {});
        await clock.advance(least - 1);
        assert.equal(count(peer, 'tasks/get'), 0, `${pollInterval} ${pollIntervalMs}`);
        await clock.advance(most - least + 1);
        assert.equal(count(peer, 'tasks/get'), 1, `${pollInterval} ${pollIntervalMs}`);
        controller.abort();
        await rejection(result);
      });
    }
  });
});

describe('progress of a task ("Task Progress Notifications")', () => {
  test('goes on after the answer, for the call and for who waits, until the task has ended', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, peer, clock }) => {
      const heard: string[] = [];
      const handle = await server.startTask('long', {}, { onProgress: ({ progress }) => heard.push(`call ${progress}`) });
      const { progressToken } = peer.sent('tools/call')[0]?.params?.['_meta'] as { progressToken: string };
      const report = async (progress: number): Promise<void> => {
        peer.notify('notifications/progress', { progressToken, progress });
        await settle();
      };
      await report(1);
      const result = handle.result({ onProgress: ({ progress }) => heard.push(`wait ${progress}`) });
      await report(2);
      peer.notify('notifications/progress', { progressToken: 'another', progress: 9 });
      peer.notify('notifications/tasks/status', wire('completed'));
      await inTime(clock, result);
      await report(3);
      assert.deepEqual(heard, ['call 1', 'call 2', 'wait 2']);
    });
  });

  test('limits.maxTaskListeners calls are listened for; the oldest give way, and the host’s own token is used', async () => {
    let id = 0;
    await withMemoryHandle(taskScript([], { 'tools/call': () => ({ task: wire('working', { taskId: `t${++id}` }) }) }), { limits: { maxTaskListeners: 2 } }, async ({ server, peer }) => {
      const heard: string[] = [];
      for (const token of ['a', 'b', 'c']) await server.startTask('long', {}, { onProgress: () => heard.push(token), meta: { progressToken: token } });
      for (const progressToken of ['a', 'b', 'c']) peer.notify('notifications/progress', { progressToken, progress: 1 });
      await settle();
      assert.deepEqual(heard, ['b', 'c']);
    });
  });
});

describe('cancelling, finding and listing tasks', () => {
  test('cancel gives the task as it stands then, and does nothing to one that has ended', async () => {
    await withMemoryHandle(taskScript([]), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      assert.equal((await handle.cancel()).status, 'cancelled');
      assert.equal((await handle.cancel()).status, 'cancelled');
      assert.deepEqual(peer.sent('tasks/cancel').map(({ params }) => params), [{ taskId: 't1' }]);
    });
  });

  test('a server that refuses to cancel says why when it is asked for the task: it has ended, or is gone', async () => {
    const refused = { 'tasks/cancel': () => new Refusal(-32602, 'Cannot cancel task') };
    await withMemoryHandle(taskScript([wire('completed')], refused), {}, async ({ server }) => assert.equal((await (await server.startTask('long')).cancel()).status, 'completed'));
    await withMemoryHandle(taskScript([unknownTask], refused), {}, async ({ server }) => {
      await mcpRejection((await server.startTask('long')).cancel(), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
    });
    await withMemoryHandle(taskScript([wire('working')], refused), {}, async ({ server }) => {
      await mcpRejection((await server.startTask('long')).cancel(), 'RPCError', 'ERR_MCP_RPC');
    });
  });

  test('a server that does not declare tasks.list or tasks.cancel is not asked for it', async () => {
    await withMemoryHandle(taskScript([], { initialize: initialize({ requests: { tools: { call: {} } } }) }), {}, async ({ server, peer }) => {
      const handle = await server.startTask('long');
      for (const ask of [() => handle.cancel(), () => server.listTasks()]) {
        const error = await mcpRejection(ask(), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
        assert.match(error.message, /did not declare the capability "tasks\.(cancel|list)"$/);
      }
      assert.equal(count(peer, 'tasks/cancel') + count(peer, 'tasks/list'), 0);
    });
  });

  test('tasks come as a whole list, page by page and one by one, and a task of the list can be found', async () => {
    const pages: Script = {
      'tasks/list': ({ params }) => (params?.['cursor'] === undefined ? { tasks: [wire('working')], nextCursor: 'more' } : { tasks: [wire('completed', { taskId: 't2' })] }),
    };
    await withMemoryHandle(taskScript([wire('completed')], pages), {}, async ({ server, clock }) => {
      const ids = (tasks: readonly Task[]): string[] => tasks.map(({ taskId }) => taskId);
      assert.deepEqual(ids(await server.listTasks()), ['t1', 't2']);
      const page = await server.listTasksPage();
      assert.deepEqual([ids(page.tasks), page.nextCursor, page.tasks[0]?.ttlMs], [['t1'], 'more', 60_000]);
      const seen: string[] = [];
      for await (const { taskId } of server.iterateTasks()) seen.push(taskId);
      assert.deepEqual(seen, ['t1', 't2']);
      const handle = await server.getTask('t1');
      assert.deepEqual([handle.toolName, handle.status], [undefined, 'completed']);
      assert.deepEqual(await inTime(clock, handle.result()), RESULT);
    });
    await withMemoryHandle(taskScript([unknownTask]), {}, async ({ server }) => {
      await mcpRejection(server.getTask('t9'), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
    });
  });
});

describe('a stored task', () => {
  test('is plain JSON, and another handle takes it up where it stands', async () => {
    let stored = '';
    await withMemoryHandle(taskScript([]), {}, async ({ server }) => {
      stored = JSON.stringify(await server.startTask('long'));
    });
    const { progressToken, lastUpdatedAt, ...rest } = JSON.parse(stored) as Record<string, unknown>;
    assert.deepEqual(rest, { version: 1, form: 'core', taskId: 't1', toolName: 'long', status: 'working', createdAt: '2026-01-01T00:00:00Z', ttlMs: 60_000, pollIntervalMs: 1_000 });
    await withMemoryHandle(taskScript([wire('working'), wire('completed')]), {}, async ({ server, peer, clock }) => {
      const heard: number[] = [];
      const handle = server.resumeTask(JSON.parse(stored) as StoredTask, { onProgress: ({ progress }) => heard.push(progress) });
      assert.deepEqual([handle.taskId, handle.toolName, handle.status, handle.task.lastUpdatedAt], ['t1', 'long', 'working', lastUpdatedAt]);
      assert.equal(count(peer, 'tasks/get'), 0, 'nothing is sent by taking it up');
      const result = handle.result();
      await settle();
      assert.equal(count(peer, 'tasks/get'), 1, 'what was stored may be old, so it is asked for at once');
      peer.notify('notifications/progress', { progressToken, progress: 4 });
      assert.deepEqual(await inTime(clock, result), RESULT);
      assert.deepEqual(heard, [4]);
      assert.equal(handle.toJSON().status, 'completed');
    });
  });

  test('that is none is refused, naming the place and nothing of what it holds', async () => {
    const good = { version: 1, form: 'core', taskId: 't1', status: 'working', createdAt: 'a', lastUpdatedAt: 'b', ttlMs: null };
    const bad: ReadonlyArray<[object, string]> = [
      [{ ...good, version: 2 }, '/version'],
      [{ ...good, form: 'other' }, '/form'],
      [{ ...good, form: 'answered' }, '/result'],
      [{ ...good, form: 'answered', result: [] }, '/result'],
      [{ ...good, form: 'answered', result: deep(200) }, '/result'],
      [{ ...good, taskId: '' }, '/taskId'],
      [{ ...good, taskId: 'x'.repeat(1_025) }, '/taskId'],
      [{ ...good, status: 'paused' }, '/status'],
      [{ ...good, toolName: 'x'.repeat(1_025) }, '/toolName'],
      [{ ...good, toolName: 5 }, '/toolName'],
      [{ ...good, createdAt: 5 }, '/createdAt'],
      [{ ...good, lastUpdatedAt: 'x'.repeat(1_025) }, '/lastUpdatedAt'],
      [{ ...good, ttlMs: -1 }, '/ttlMs'],
      [{ ...good, pollIntervalMs: Number.NaN }, '/pollIntervalMs'],
      [{ ...good, progressToken: {} }, '/progressToken'],
      [{ ...good, progressToken: 'x'.repeat(1_025) }, '/progressToken'],
      [Object.create(good) as object, '/version'],
    ];
    await withMemoryHandle(taskScript([]), {}, async ({ server }) => {
      assert.equal(server.resumeTask(good as StoredTask).taskId, 't1');
      for (const [stored, pointer] of bad) {
        const error = (await mcpRejection(Promise.resolve().then(() => server.resumeTask(stored as StoredTask)), 'InvalidValueError', 'ERR_MCP_STORED_TASK')) as Error;
        assert.ok(error.message.startsWith(`Not a stored task: ${pointer} must be`), error.message);
        assert.ok(error.message.length < 200);
      }
      const throwing = Object.defineProperty({ ...good }, 'taskId', { enumerable: true, get: () => assert.fail('secret') });
      await mcpRejection(Promise.resolve().then(() => server.resumeTask(throwing as StoredTask)), 'InvalidValueError', 'ERR_MCP_STORED_TASK');
      for (const stored of [undefined, null, 'text', [good]]) assert.throws(() => server.resumeTask(stored as never), TypeError);
    });
  });
});

describe('callTool on a tool that runs as a task only ("Tool-Level Negotiation")', () => {
  test('starts the task and waits for its result, as a call like any other', async () => {
    await withMemoryHandle(taskScript([wire('working'), wire('completed')]), {}, async ({ server, peer, clock }) => {
      const heard: number[] = [];
      const result = server.callTool('batch', { a: 1 }, { onProgress: ({ progress }) => heard.push(progress) });
      await settle();
      const { _meta, ...params } = peer.sent('tools/call')[0]?.params ?? {};
      assert.deepEqual(params, { name: 'batch', arguments: { a: 1 }, task: {} });
      peer.notify('notifications/progress', { progressToken: (_meta as { progressToken: string }).progressToken, progress: 5 });
      assert.deepEqual(await inTime(clock, result), RESULT);
      assert.deepEqual(heard, [5]);
      await mcpRejection(server.callTool('needs'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
    });
  });

  test('a tool that may run as a task is called without one', async () => {
    await withMemoryHandle(taskScript([]), {}, async ({ server, peer }) => {
      for (const name of ['long', 'quick', 'never']) await server.callTool(name);
      assert.deepEqual(peer.sent('tools/call').map(({ params }) => params), [{ name: 'long' }, { name: 'quick' }, { name: 'never' }]);
    });
  });

  test('its deadline and its signal end the task too', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, peer, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('batch', {}, { timeoutMs: 5_000 })), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.deepEqual(error.details, { method: 'tools/call', taskId: 't1', timeoutMs: 5_000 });
      await settle();
      assert.equal(count(peer, 'tasks/cancel'), 1);
      const controller = new AbortController();
      const call = server.callTool('batch', {}, { signal: controller.signal });
      await settle();
      controller.abort(new Error('enough'));
      assert.match(String(await rejection(call)), /enough/);
      await settle();
      assert.equal(count(peer, 'tasks/cancel'), 2);
    });
  });

  test('with resetTimeoutOnProgress a task that goes on is waited for up to maxTotalTimeoutMs', async () => {
    await withMemoryHandle(taskScript([wire('working')]), {}, async ({ server, clock }) => {
      const call = server.callTool('batch', {}, { timeoutMs: 2_000, resetTimeoutOnProgress: true, maxTotalTimeoutMs: 20_000 });
      const error = await mcpRejection(inTime(clock, call), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.deepEqual([error.details['timeoutMs'], clock.now() >= 20_000], [20_000, true]);
    });
  });

  test('of a server that runs no tasks it is a plain call', async () => {
    await withMemoryHandle(taskScript([], { initialize: initialize(undefined) }), {}, async ({ server, peer }) => {
      assert.deepEqual(await server.callTool('batch'), RESULT);
      assert.deepEqual(peer.sent('tools/call').map(({ params }) => params), [{ name: 'batch' }]);
    });
  });

  test('where the tools are not looked up, the refusal of the server says what to do; of a server without tasks it is what it was', async () => {
    for (const rpcCode of [-32601, -32600]) {
      await withMemoryHandle(taskScript([], { 'tools/call': () => new Refusal(rpcCode, 'Task augmentation required') }), { checkArguments: false }, async ({ server }) => {
        const error = await mcpRejection(server.callTool('batch'), 'InvalidValueError', 'ERR_MCP_TASK_REQUIRED');
        assert.match(error.message, /startTask$/);
      });
    }
    await withMemoryHandle(taskScript([], { initialize: initialize(undefined), 'tools/call': () => new Refusal(-32601, 'no') }), { checkArguments: false }, async ({ server }) => {
      await mcpRejection(server.callTool('batch'), 'RPCError', 'ERR_MCP_RPC');
    });
  });
});
