/** Tasks of modern servers, scripted, on a fake clock. Source: the extension io.modelcontextprotocol/tasks. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredTask, Task } from '../../../lib/index.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle, MemoryOptions } from '../../helpers/memory-handle.ts';
import { MODERN_VERSIONS } from '../../helpers/revisions.ts';
import { Refusal, ScriptedPeer } from '../../helpers/scripted-peer.ts';
import type { Script, ScriptedAnswer, SentMessage } from '../../helpers/scripted-peer.ts';
import { mcpRejection, rejection } from '../../helpers/with-server.ts';

const NAME = 'io.modelcontextprotocol/tasks';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const RESULT = { content: [{ type: 'text', text: 'done' }] };
const LISTEN = 'subscriptions/listen';
const FORM = { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } } };
const unknownTask = new Refusal(-32602, 'Failed to retrieve task: Task not found');

/** A task as it is on the wire; every further one was updated a second later. */
let updates = 0;
function wire(status: string, more: object = {}): object {
  const at = new Date(Date.UTC(2026, 0, 1) + 1_000 * ++updates).toISOString();
  return { resultType: 'complete', taskId: 't1', status, createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 1_000, ...more };
}
const made = (more: object = {}): object => wire('working', { resultType: 'task', ...more });
const completed = (more: object = {}): object => wire('completed', { result: RESULT, ...more });
const asking = (inputRequests: object = { who: FORM }): object => wire('input_required', { inputRequests });

/** What a server answers whose calls are all made the task `t1`, which stands as `states` say, the last of them for ever. */
function taskScript(states: readonly (object | Refusal)[], more: Script = {}, extensions: object = { [NAME]: {} }): Script {
  const left = [...states];
  return {
    'server/discover': () => ({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { tools: {}, extensions }, ttlMs: 0, cacheScope: 'private' }),
    'tools/list': () => ({ resultType: 'complete', tools: [{ name: 'long', inputSchema: { type: 'object' }, execution: { taskSupport: 'required' } }, { name: 'needs', inputSchema: { type: 'object', required: ['a'] } }], ttlMs: 0, cacheScope: 'private' }),
    'tools/call': () => made(),
    'tasks/get': () => (left.length > 1 ? left.shift() : left[0]),
    'tasks/update': () => ({ resultType: 'complete' }),
    'tasks/cancel': () => ({ resultType: 'complete' }),
    [LISTEN]: () => new Refusal(-32601, 'no'),
    ...more,
  };
}

function withTasks(script: Script, body: (handle: MemoryHandle) => Promise<void>, options: MemoryOptions = {}): Promise<void> {
  return withMemoryHandle(script, { protocolVersions: MODERN_VERSIONS, ...options }, body);
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
const own = ({ params = {} }: SentMessage): object => Object.fromEntries(Object.entries(params).filter(([name]) => name !== '_meta'));
const declared = ({ params }: SentMessage): unknown => ((params?.['_meta'] as Record<string, { extensions?: unknown }>)[CAPABILITIES])?.extensions;

describe('callTool that is answered with a task ("Polymorphic Results", "Task Polling")', () => {
  test('waits for its end at the pace of the server, and comes to what the call would have come to', async () => {
    await withTasks(taskScript([wire('working', { pollIntervalMs: 4_000 }), completed()]), async ({ server, peer, clock, faults }) => {
      const result = server.callTool('long', { a: 1 });
      await clock.advance(999);
      assert.equal(count(peer, 'tasks/get'), 0, 'not sooner than pollIntervalMs');
      await clock.advance(501);
      assert.equal(count(peer, 'tasks/get'), 1);
      await clock.advance(3_499);
      assert.equal(count(peer, 'tasks/get'), 1, 'the pace changed with the answer');
      await clock.advance(2_501);
      assert.deepEqual(await result, RESULT);
      assert.deepEqual(peer.sent('tools/call').map(own), [{ name: 'long', arguments: { a: 1 } }], 'nobody asks for a task');
      assert.deepEqual(peer.sent('tasks/get').map(own), [{ taskId: 't1' }, { taskId: 't1' }]);
      assert.deepEqual(faults, []);
    });
  });

  test('the extension is declared with every request to a server that declares it, and to no other', async () => {
    await withTasks(taskScript([completed()]), async ({ server, peer, clock }) => {
      await inTime(clock, server.callTool('long'));
      assert.deepEqual([...peer.sent('tools/call'), ...peer.sent('tasks/get')].map(declared), [{ [NAME]: {} }, { [NAME]: {} }]);
      assert.equal(declared(peer.sent('server/discover')[0] as SentMessage), undefined);
      assert.deepEqual(Array.from(server.extensions, ([name, { settings }]) => [name, settings]), [[NAME, {}]]);
    });
    for (const [extensions, options] of [[{}, {}], [{ [NAME]: true }, {}], [{ [NAME]: {} }, { tasksExtension: false }]] as const) {
      await withTasks(taskScript([completed()], {}, extensions), async ({ server, peer }) => {
        const error = await mcpRejection(server.callTool('long'), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.equal(error.details['pointer'], '/resultType');
        assert.deepEqual([declared(peer.sent('tools/call')[0] as SentMessage), count(peer, 'tasks/get'), server.extensions.size], [undefined, 0, 0]);
        assert.equal((await mcpRejection(server.startTask('long'), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED')).delivery, 'unsent');
        assert.equal((await mcpRejection(server.getTask('t1'), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD')).delivery, 'unsent');
      }, options);
    }
  });

  test('a result of kind task is refused where no request may be answered so: in place of a list, and of a task', async () => {
    await withTasks(taskScript([made()], { 'tools/list': () => made() }), async ({ server, clock }) => {
      for (const ask of [server.listTools(), server.getTask('t1')] as Promise<unknown>[]) {
        const error = await mcpRejection(inTime(clock, ask), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.equal(error.details['pointer'], '/resultType');
      }
    }, { checkArguments: false });
  });

  test('progress is heard before the answer and after it, until the end', async () => {
    const token = (message: SentMessage): unknown => (message.params?.['_meta'] as { progressToken?: unknown }).progressToken;
    const report = (peer: ScriptedPeer, progress: number): void => peer.notify('notifications/progress', { progressToken: token(peer.sent('tools/call')[0] as SentMessage), progress });
    const call = (_message: SentMessage, peer: ScriptedPeer): ScriptedAnswer => (report(peer, 1), made());
    await withTasks(taskScript([completed()], { 'tools/call': call }), async ({ server, peer, clock }) => {
      const heard: number[] = [];
      const result = server.callTool('long', {}, { onProgress: ({ progress }) => heard.push(progress) });
      await settle();
      report(peer, 2);
      await inTime(clock, result);
      report(peer, 3);
      assert.deepEqual(heard, [1, 2]);
    });
  });

  test('a server that fails inside, or is asked too often, is asked again, limits.maxTaskPollFailures times in a row', async () => {
    const [inside, other] = [new Refusal(-32603, 'The store is away'), new Refusal(-32000, 'Go away')];
    await withTasks(taskScript([inside, inside, wire('working'), inside, inside, completed()]), async ({ server, clock }) => assert.deepEqual(await inTime(clock, server.callTool('long')), RESULT));
    for (const [refusal, asked] of [[inside, 3], [other, 1]] as const) {
      await withTasks(taskScript([refusal]), async ({ server, peer, clock }) => {
        const error = await mcpRejection(inTime(clock, server.callTool('long')), 'RPCError', 'ERR_MCP_RPC');
        assert.deepEqual([error.details, count(peer, 'tasks/get')], [{ method: 'tasks/get', rpcCode: refusal.code }, asked]);
      });
    }
  });

  test('a call that fails gives its error, with what the task says; one that is cancelled says so', async () => {
    const failed = wire('failed', { statusMessage: 'the limit is reached', error: { code: -32603, message: 'Too much', data: { limit: 5 } } });
    await withTasks(taskScript([failed]), async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'RPCError', 'ERR_MCP_RPC');
      assert.deepEqual([error.message, error.details, (error as unknown as { data: unknown }).data], ['tools/call was answered with error -32603: Too much; the task failed: "the limit is reached"', { method: 'tools/call', rpcCode: -32603, taskId: 't1', status: 'failed' }, { limit: 5 }]);
    });
    await withTasks(taskScript([wire('failed', { error: { code: -32602, message: 'bad arguments' } })]), async ({ server, peer, clock }) => {
      await mcpRejection(inTime(clock, server.callTool('long')), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.equal(count(peer, 'tasks/get'), 1);
    });
    await withTasks(taskScript([wire('cancelled', { statusMessage: 'by somebody' })]), async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'InvalidValueError', 'ERR_MCP_TASK_CANCELLED');
      assert.equal(error.message, 'The task "t1" was cancelled: "by somebody"');
    });
    await withTasks(taskScript([wire('working'), unknownTask]), async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
      assert.equal(error.details['taskId'], 't1');
    });
  });

  test('the result is checked like that of any call: its shape, and what the tool says of it', async () => {
    const tools = [{ name: 'long', inputSchema: { type: 'object' }, outputSchema: { type: 'object', required: ['sum'] } }];
    const list = (): object => ({ resultType: 'complete', tools, ttlMs: 0, cacheScope: 'private' });
    await withTasks(taskScript([completed()], { 'tools/list': list }), async ({ server, clock }) => {
      await mcpRejection(inTime(clock, server.callTool('long')), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
      const handle = await server.startTask('long');
      await mcpRejection(inTime(clock, handle.result()), 'PeerProtocolError', 'ERR_MCP_INVALID_STRUCTURED_CONTENT');
    });
    await withTasks(taskScript([completed({ result: { content: 5 } })]), async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.deepEqual(error.details, { method: 'tools/call', pointer: '/content' });
    });
  });

  test('a server that never ends meets the deadline of the call, and then its task is cancelled; so does the signal', async () => {
    await withTasks(taskScript([wire('working')]), async ({ server, peer, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long', {}, { timeoutMs: 5_000 })), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.deepEqual(error.details, { method: 'tools/call', resultType: 'task', timeoutMs: 5_000 });
      await settle();
      assert.deepEqual(peer.sent('tasks/cancel').map(own), [{ taskId: 't1' }]);
      assert.equal(count(peer, 'notifications/cancelled'), 0, 'which is not for tasks');
      const total = server.callTool('long', {}, { timeoutMs: 2_000, resetTimeoutOnProgress: true, maxTotalTimeoutMs: 20_000 });
      assert.equal((await mcpRejection(inTime(clock, total), 'RequestTimeoutError', 'ERR_MCP_TOTAL_TIMEOUT')).details['timeoutMs'], 20_000);
      const controller = new AbortController();
      const call = server.callTool('long', {}, { signal: controller.signal });
      await settle();
      controller.abort(new Error('enough'));
      assert.match(String(await rejection(call)), /enough/);
      await settle();
      assert.equal(count(peer, 'tasks/cancel'), 3);
    });
  });

  test('middleware sees one call with its result in the end, and what is asked of the task in between', async () => {
    await withTasks(taskScript([completed()]), async ({ server, clock }) => {
      const seen: unknown[] = [];
      server.use({
        name: 'seer',
        request: async (call, next) => {
          const result = await next();
          seen.push([call.method, result['resultType']]);
          return result;
        },
      });
      assert.deepEqual(await inTime(clock, server.callTool('long')), RESULT);
      assert.deepEqual(seen, [['tools/list', 'complete'], ['tasks/get', 'complete'], ['tools/call', undefined]]);
      const handle = await server.startTask('long');
      assert.deepEqual([handle.taskId, seen.at(-1)], ['t1', ['tools/call', 'task']]);
    });
  });
});

describe('startTask of a server that has the extension', () => {
  test('gives a handle on the task, or on what was answered at once', async () => {
    await withTasks(taskScript([wire('working'), completed()]), async ({ server, peer, clock }) => {
      const handle = await server.startTask('long', { a: 1 }, { ttlMs: 5 });
      assert.deepEqual([handle.taskId, handle.status, handle.task.ttlMs, handle.task.pollIntervalMs, handle.toolName, handle.immediateResponse], ['t1', 'working', 60_000, 1_000, 'long', undefined]);
      assert.deepEqual(own(peer.sent('tools/call')[0] as SentMessage), { name: 'long', arguments: { a: 1 } });
      const statuses: string[] = [];
      const follow = (async () => {
        for await (const { status } of handle.updates()) statuses.push(status);
      })();
      assert.deepEqual(await inTime(clock, handle.result()), RESULT);
      await follow;
      assert.deepEqual([statuses.at(0), statuses.at(-1)], ['working', 'completed']);
      const asked = count(peer, 'tasks/get');
      assert.deepEqual(await handle.result(), RESULT);
      assert.equal(count(peer, 'tasks/get'), asked, 'what it came to is known');
      await mcpRejection(server.startTask('needs'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
    });
    await withTasks(taskScript([], { 'tools/call': () => ({ resultType: 'complete', ...RESULT }) }), async ({ server, peer }) => {
      const handle = await server.startTask('long');
      assert.deepEqual([handle.status, await handle.result()], ['completed', { resultType: 'complete', ...RESULT }]);
      assert.equal(count(peer, 'tasks/get'), 0);
    });
  });

  test('a server that refuses is told as for any call; a list of tasks is not there', async () => {
    await withTasks(taskScript([], { 'tools/call': () => new Refusal(-32601, 'no') }), async ({ server }) => {
      await mcpRejection(server.startTask('long'), 'RPCError', 'ERR_MCP_RPC');
      await mcpRejection(server.callTool('long'), 'RPCError', 'ERR_MCP_RPC');
      const error = await mcpRejection(server.listTasks(), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
      assert.deepEqual([error.delivery, error.details], ['unsent', { method: 'tasks/list' }]);
    });
  });

  test('cancel is acknowledged, and the task asked for after it: it may end otherwise', async () => {
    await withTasks(taskScript([wire('working'), wire('cancelled')]), async ({ server, peer, clock }) => {
      const handle = await server.startTask('long');
      assert.equal((await handle.cancel()).status, 'working');
      await mcpRejection(inTime(clock, handle.result()), 'InvalidValueError', 'ERR_MCP_TASK_CANCELLED');
      assert.equal((await handle.cancel()).status, 'cancelled');
      assert.equal(count(peer, 'tasks/cancel'), 1, 'nothing is asked of a task that has ended');
    });
    await withTasks(taskScript([unknownTask], { 'tasks/cancel': () => unknownTask }), async ({ server }) => {
      const handle = await server.startTask('long');
      await mcpRejection(handle.cancel(), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
    });
  });

  test('a task that began ended, or was stored so, is asked for what it came to', async () => {
    await withTasks(taskScript([completed()], { 'tools/call': () => completed({ resultType: 'task' }) }), async ({ server, peer }) => {
      const handle = await server.startTask('long');
      assert.deepEqual([handle.status, await handle.result(), count(peer, 'tasks/get')], ['completed', RESULT, 1]);
      const stored = JSON.parse(JSON.stringify(handle)) as StoredTask;
      assert.deepEqual([stored.form, 'result' in stored], ['extension', false]);
      assert.deepEqual(await server.resumeTask(stored).result(), RESULT);
      assert.deepEqual(await (await server.getTask('t1')).result(), RESULT);
    });
    await withTasks(taskScript([wire('working')]), async ({ server }) => {
      const ended = { version: 1, form: 'extension', taskId: 't1', status: 'completed', createdAt: 'a', lastUpdatedAt: 'b', ttlMs: null } as const;
      const error = await mcpRejection(server.resumeTask(ended).result(), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.match(error.message, /goes on which it said before had ended/);
    });
  });

  test('a task of the other form is not asked for', async () => {
    const stored = { version: 1, form: 'core', taskId: 't1', status: 'working', createdAt: 'a', lastUpdatedAt: 'b', ttlMs: null } as const;
    await withTasks(taskScript([completed()]), async ({ server, peer }) => {
      const error = await mcpRejection(server.resumeTask(stored).result(), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED');
      assert.deepEqual([error.details, error.delivery, count(peer, 'tasks/get')], [{ method: 'tasks/get', form: 'core' }, 'unsent', 0]);
    });
    await withMemoryHandle({}, {}, async ({ server }) => {
      await mcpRejection(server.resumeTask({ ...stored, form: 'extension' }).refresh(), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED');
    });
  });
});

describe('what a task asks ("Task Update Requests")', () => {
  const answers = (name: string) => ({ elicitation: () => ({ action: 'accept' as const, content: { name } }) });

  test('goes to the handlers once, however often it is polled, and the answers go back under their names', async () => {
    let asked = 0;
    const handlers = { elicitation: () => (asked++, { action: 'accept' as const, content: { name: 'Ada' } }), roots: [{ uri: 'file:///a' }] };
    const both = asking({ who: FORM, ['__proto__x']: { method: 'roots/list' } });
    await withTasks(taskScript([both, both, asking({ who: FORM, again: FORM }), completed()]), async ({ server, peer, clock, faults }) => {
      assert.deepEqual(await inTime(clock, server.callTool('long')), RESULT);
      assert.equal(asked, 2);
      assert.deepEqual(peer.sent('tasks/update').map(own), [
        { taskId: 't1', inputResponses: { who: { action: 'accept', content: { name: 'Ada' } }, ['__proto__x']: { roots: [{ uri: 'file:///a' }] } } },
        { taskId: 't1', inputResponses: { again: { action: 'accept', content: { name: 'Ada' } } } },
      ]);
      assert.deepEqual(faults, []);
    }, { handlers });
  });

  test('an answer that may not have come is said again, and not asked again', async () => {
    let asked = 0;
    let updates = 0;
    const handlers = { elicitation: () => (asked++, { action: 'decline' as const }) };
    const update = (): ScriptedAnswer => (++updates === 1 ? undefined : { resultType: 'complete' });
    await withTasks(taskScript([asking(), asking(), asking(), asking(), asking(), asking(), completed()], { 'tasks/update': update }), async ({ server, peer, clock }) => {
      assert.deepEqual(await inTime(clock, server.callTool('long', {}, { timeoutMs: 60_000 })), RESULT);
      assert.deepEqual([asked, updates], [1, 2]);
      assert.deepEqual(...(peer.sent('tasks/update').map(own) as [object, object]));
    }, { handlers, requestTimeoutMs: 2_000 });
  });

  test('what nobody answers ends the wait and not the task: another wait asks again', async () => {
    let isWilling = false;
    const handlers = {
      elicitation: () => {
        if (!isWilling) throw new Error('not now');
        return { action: 'accept' as const, content: { name: 'Ada' } };
      },
    };
    await withTasks(taskScript([asking()]), async ({ server, peer, clock, faults }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'InvalidValueError', 'ERR_MCP_TASK_INPUT_REQUIRED');
      assert.deepEqual(error.details, { taskId: 't1', key: 'who', asked: 'elicitation/create' });
      assert.equal(error.message, 'The task "t1" waits for an answer to elicitation/create "who", and its handler gave none');
      assert.match(String(error.cause), /not now/);
      const handle = await server.getTask('t1');
      const manual = await mcpRejection(inTime(clock, handle.result({ rounds: 'manual' })), 'InvalidValueError', 'ERR_MCP_TASK_INPUT_REQUIRED');
      assert.deepEqual(manual.details, error.details);
      assert.equal(count(peer, 'tasks/update'), 0);
      isWilling = true;
      const controller = new AbortController();
      const result = handle.result({ signal: controller.signal });
      await clock.advance(3_000);
      assert.equal(count(peer, 'tasks/update'), 1);
      controller.abort();
      await rejection(result);
      assert.deepEqual([count(peer, 'tasks/cancel'), faults], [0, []]);
    }, { handlers });
    await withTasks(taskScript([asking()]), async ({ server, clock, faults }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'InvalidValueError', 'ERR_MCP_TASK_INPUT_REQUIRED');
      assert.match(error.message, /there is no handler for it$/);
      assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_UNEXPECTED_METHOD']);
    });
  });

  test('two who wait share one question; the handler hears when nobody waits any more', async () => {
    const signals: AbortSignal[] = [];
    const handlers = { elicitation: (_form: object, { signal }: { signal: AbortSignal }) => (signals.push(signal), new Promise<never>(() => {})) };
    await withTasks(taskScript([asking()]), async ({ server, clock }) => {
      const handle = await server.startTask('long');
      const controllers = [new AbortController(), new AbortController()];
      const waits = controllers.map(({ signal }) => rejection(handle.result({ signal })));
      await clock.advance(5_000);
      assert.equal(signals.length, 1);
      controllers[0]?.abort();
      await waits[0];
      assert.equal(signals[0]?.aborted, false);
      controllers[1]?.abort();
      await waits[1];
      assert.equal(signals[0]?.aborted, true);
    }, { handlers });
  });

  test('a task that asks without end meets limits.maxTaskQuestions, one that asks for too much at once limits.maxInputRequests', async () => {
    let key = 0;
    await withTasks(taskScript([], { 'tasks/get': () => asking({ [`q${++key}`]: FORM }) }), async ({ server, peer, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'LimitError', 'ERR_MCP_LIMIT');
      assert.deepEqual([error.details['limit'], count(peer, 'tasks/update')], ['maxTaskQuestions', 3]);
    }, { handlers: answers('Ada'), limits: { maxTaskQuestions: 3 } });
    await withTasks(taskScript([asking({ a: FORM, b: FORM })]), async ({ server, clock }) => {
      const error = await mcpRejection(inTime(clock, server.callTool('long')), 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxInputRequests');
    }, { handlers: answers('Ada'), limits: { maxInputRequests: 1 } });
  });

  test('a server that does not know the task when it is answered says so', async () => {
    await withTasks(taskScript([asking()], { 'tasks/update': () => unknownTask }), async ({ server, clock }) => {
      await mcpRejection(inTime(clock, server.callTool('long')), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
    }, { handlers: answers('Ada') });
  });
});

describe('what a server says by itself ("Task Status Notifications")', () => {
  const acknowledges: Script[string] = (message, peer) => {
    peer.notify('notifications/subscriptions/acknowledged', { notifications: message.params?.['notifications'], _meta: { [SUBSCRIPTION]: message.id } });
    return undefined;
  };
  const tell = (peer: ScriptedPeer, params: object): void => peer.notify('notifications/tasks', { ...params, _meta: { [SUBSCRIPTION]: peer.sent(LISTEN).at(-1)?.id } });

  test('is asked for when a task is not short, ends the wait at once, and is not asked for when nobody waits', async () => {
    await withTasks(taskScript([wire('working')], { [LISTEN]: acknowledges }), async ({ server, peer, clock, heard, faults }) => {
      const changed = heard('taskChanged');
      const gaps = heard('gap');
      const result = server.callTool('long', {}, { timeoutMs: 600_000 });
      await clock.advance(499);
      assert.equal(count(peer, LISTEN), 0, 'not before limits.taskListenMs');
      await clock.advance(1);
      assert.deepEqual(peer.sent(LISTEN).map(own), [{ notifications: { taskIds: ['t1'] } }]);
      tell(peer, completed({ taskId: 'another' }));
      await settle();
      tell(peer, completed());
      assert.deepEqual(await result, RESULT);
      assert.deepEqual(changed.map(({ taskId, status }) => [taskId, status]), [['another', 'completed'], ['t1', 'completed']]);
      await clock.advance(500);
      assert.deepEqual(peer.sent('notifications/cancelled').map(({ params }) => params?.['requestId']), [peer.sent(LISTEN)[0]?.id]);
      assert.deepEqual([gaps, faults], [[], []]);
    });
  });

  test('shares the stream of everybody else; a server that refuses tasks still tells them, and is not asked again', async () => {
    const listen: Script[string] = (message, peer) => ('taskIds' in (message.params?.['notifications'] as object) ? new Refusal(-32602, 'no tasks') : acknowledges(message, peer));
    const discover = (): object => ({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { tools: { listChanged: true }, extensions: { [NAME]: {} } }, ttlMs: 0, cacheScope: 'private' });
    await withTasks(taskScript([wire('working')], { [LISTEN]: listen, 'server/discover': discover }), async ({ server, peer, clock, faults }) => {
      const subscription = await server.subscribe({ tools: true });
      const controller = new AbortController();
      const calls = [1, 2].map(() => rejection(server.callTool('long', {}, { signal: controller.signal })));
      await clock.advance(10_000);
      assert.deepEqual(peer.sent(LISTEN).map(own), [{ notifications: { toolsListChanged: true } }, { notifications: { toolsListChanged: true, taskIds: ['t1'] } }]);
      assert.deepEqual(subscription.honoured, { tools: true, prompts: false, resources: false, uris: [] });
      controller.abort();
      await Promise.all(calls);
      assert.deepEqual(faults, []);
    });
  });

  test('of limits.maxTaskListeners tasks at most', async () => {
    let made_ = 0;
    const script = { [LISTEN]: acknowledges, 'tools/call': () => made({ taskId: `t${++made_}` }), 'tasks/get': ({ params }: SentMessage) => wire('working', { taskId: params?.['taskId'] }) };
    await withTasks(taskScript([], script), async ({ server, peer, clock }) => {
      const controller = new AbortController();
      const calls = [1, 2, 3].map(() => rejection(server.callTool('long', {}, { signal: controller.signal })));
      await clock.advance(3_000);
      assert.equal((peer.sent(LISTEN).at(-1)?.params?.['notifications'] as { taskIds: string[] }).taskIds.length, 2);
      controller.abort();
      await Promise.all(calls);
    }, { limits: { maxTaskListeners: 2 } });
  });

  test('one that is not valid, or of an extension that is not active, changes nothing and is a fault', async () => {
    await withTasks(taskScript([wire('working')]), async ({ server, peer, clock, faults, heard }) => {
      const changed = heard('taskChanged');
      const controller = new AbortController();
      const call = rejection(server.callTool('long', {}, { signal: controller.signal }));
      await settle();
      peer.notify('notifications/tasks', wire('completed'));
      peer.notify('notifications/tasks', wire('failed', { error: { code: 'x', message: 'm' } }));
      await clock.advance(100);
      assert.deepEqual([changed, faults.map(({ code, details }) => [code, details['pointer']])], [[], [['ERR_MCP_INVALID_PARAMS', '/result'], ['ERR_MCP_INVALID_PARAMS', '/error/code']]]);
      controller.abort();
      await call;
    });
    await withTasks(taskScript([], {}, {}), async ({ peer, faults, heard }) => {
      const changed = heard('taskChanged');
      for (const _ of [1, 2]) peer.notify('notifications/tasks', completed());
      await settle();
      assert.deepEqual([changed, faults.map(({ name, code }) => [name, code])], [[], [['PeerProtocolError', 'ERR_MCP_UNEXPECTED_METHOD']]]);
    });
  });
});

describe('hostile tasks', () => {
  const misfits: ReadonlyArray<[string, object, string]> = [
    ['an id that is none', { taskId: 7 }, '/taskId'],
    ['an empty id', { taskId: '' }, '/taskId'],
    ['a status that nobody knows', { status: 'paused' }, '/status'],
    ['a negative pace', { pollIntervalMs: -1 }, '/pollIntervalMs'],
    ['a pace that is a text', { pollIntervalMs: '5' }, '/pollIntervalMs'],
    ['a negative lifetime', { ttlMs: -5 }, '/ttlMs'],
    ['no moment', { createdAt: null }, '/createdAt'],
    ['a moment that is a number', { lastUpdatedAt: 5 }, '/lastUpdatedAt'],
  ];
  for (const [what, more, pointer] of misfits) {
    test(`${what} is refused where the task is made, and where it is asked for`, async () => {
      await withTasks(taskScript([wire('working', more)], { 'tools/call': () => made(more) }), async ({ server, clock }) => {
        for (const ask of [server.callTool('long'), server.startTask('long'), server.getTask('t1')] as Promise<unknown>[]) {
          const error = await mcpRejection(inTime(clock, ask), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
          assert.equal(error.details['pointer'], pointer);
        }
      });
    });
  }

  test('what belongs to a status has to be there, and of its kind', async () => {
    const wrong: ReadonlyArray<[object, string]> = [
      [wire('completed'), '/result'],
      [wire('completed', { result: 'done' }), '/result'],
      [wire('failed'), '/error'],
      [wire('failed', { error: { code: 1.5, message: 'm' } }), '/error/code'],
      [wire('failed', { error: { code: -1 } }), '/error/message'],
      [wire('input_required'), '/inputRequests'],
      [wire('input_required', { inputRequests: { a: { method: 'tools/call' } } }), '/inputRequests/a/method'],
      [wire('working', { taskId: 't2' }), '/taskId'],
    ];
    for (const [state, pointer] of wrong) {
      await withTasks(taskScript([state]), async ({ server, clock }) => {
        const error = await mcpRejection(inTime(clock, server.callTool('long')), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.equal(error.details['pointer'], pointer);
      });
    }
  });

  test('an id beyond limits.maxTaskIdCharacters is not taken', async () => {
    await withTasks(taskScript([], { 'tools/call': () => made({ taskId: 'x'.repeat(9) }) }), async ({ server }) => {
      for (const ask of [server.callTool('long'), server.startTask('long')] as Promise<unknown>[]) assert.equal((await mcpRejection(ask, 'LimitError', 'ERR_MCP_LIMIT')).details['limit'], 'maxTaskIdCharacters');
    }, { limits: { maxTaskIdCharacters: 8 } });
  });

  test('an absurd pace is bounded on both sides', async () => {
    await withTasks(taskScript([wire('working', { pollIntervalMs: 1e300 }), completed()], { 'tools/call': () => made({ pollIntervalMs: 0 }) }), async ({ server, peer, clock }) => {
      const result = server.callTool('long', {}, { timeoutMs: 3_600_000 });
      await clock.advance(249);
      assert.equal(count(peer, 'tasks/get'), 0, 'not sooner than limits.minTaskPollMs');
      await clock.advance(126);
      assert.equal(count(peer, 'tasks/get'), 1);
      await clock.advance(300_000);
      assert.deepEqual(await result, RESULT, 'not later than limits.maxTaskPollMs');
    });
  });

  test('nothing follows an end, whatever the server says later', async () => {
    const acknowledged: Script[string] = (message, peer) => void peer.notify('notifications/subscriptions/acknowledged', { notifications: message.params?.['notifications'], _meta: { [SUBSCRIPTION]: message.id } });
    await withTasks(taskScript([wire('cancelled'), completed()], { [LISTEN]: acknowledged }), async ({ server, peer, clock }) => {
      const handle = await server.startTask('long');
      const seen: Task[] = [];
      const follow = (async () => {
        for await (const task of handle.updates()) seen.push(task);
      })();
      await clock.advance(2_000);
      await follow;
      assert.deepEqual([seen.map(({ status }) => status), (await handle.refresh()).status], [['working', 'cancelled'], 'cancelled']);
      peer.notify('notifications/tasks', completed());
      await settle();
      await mcpRejection(handle.result(), 'InvalidValueError', 'ERR_MCP_TASK_CANCELLED');
    });
  });
});
