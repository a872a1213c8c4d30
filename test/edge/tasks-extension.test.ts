/** Tasks of the extension io.modelcontextprotocol/tasks, with a server in a process of its own, over pipes and sockets. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { PROTOCOL_VERSIONS, StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { JSONObject, MCPServerProtocol, StdioMCPServerOptions } from '../../lib/index.ts';
import { programCommand } from '../helpers/built-program.ts';
import { fixtureCommand, hostCommand } from '../helpers/fixture.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const FIXTURE = 'modern-task-server.mjs';
const handlers = { roots: [{ uri: 'file:///srv/work' }], elicitation: () => ({ action: 'accept' as const, content: { name: 'Ada' } }) };
const limits = { minTaskPollMs: 10, taskListenMs: 20 };
const children: ChildProcess[] = [];

/** The lines of JSON that a process says, one after the other. */
function linesOf(child: ChildProcess): () => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    assert.ok(done !== true, 'the process says another line');
    return JSON.parse(value as string) as Record<string, unknown>;
  };
}

async function serve(...words: readonly string[]): Promise<string> {
  const [command = '', ...args] = fixtureCommand(FIXTURE, '--http', ...words);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return String((await linesOf(child)())['url']);
}

let url = '';
let silentURL = '';
before(async () => {
  [url, silentURL] = await Promise.all([serve('--strict'), serve('--silent')]);
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

const common = { serverName: 'tasks', handlers, limits, healthCheckIntervalMs: 0, protocolVersions: PROTOCOL_VERSIONS };
type Options = Partial<Pick<StdioMCPServerOptions, 'limits' | 'handlers' | 'tasksExtension'>>;
const roads: ReadonlyArray<[name: string, make: (options?: Options, isSilent?: boolean) => MCPServerProtocol]> = [
  ['stdio', (options, isSilent = false) => new StdioMCPServer({ ...common, ...options, command: fixtureCommand(FIXTURE, isSilent ? '--silent' : '--strict') })],
  ['HTTP', (options, isSilent = false) => new StreamableHTTPMCPServer({ ...common, ...options, serverUrl: isSilent ? silentURL : url })],
];

/** What a server may say wrong of a task when it makes it, or when it is asked for it, and the place that is named. */
const MISFITS: ReadonlyArray<[said: JSONObject, pointer: string]> = [
  [{ made: { taskId: 7 } }, '/taskId'],
  [{ made: { pollIntervalMs: -5 } }, '/pollIntervalMs'],
  [{ made: { status: 'paused' } }, '/status'],
  [{ states: [{ taskId: 'another' }] }, '/taskId'],
  [{ states: [{ pollIntervalMs: 'soon' }] }, '/pollIntervalMs'],
  [{ states: [{ ttlMs: -1 }] }, '/ttlMs'],
  [{ states: [{ status: 'completed' }] }, '/result'],
  [{ states: [{ status: 'completed', result: { content: 'text' } }] }, '/content'],
  [{ states: [{ status: 'failed', error: 'text' }] }, '/error'],
  [{ states: [{ status: 'input_required', inputRequests: { a: { method: 'tools/call' } } }] }, '/inputRequests/a/method'],
];
const RESULT = { content: [{ type: 'text', text: 'All the same.' }] };

for (const [name, make] of roads) {
  const withConnected = async (body: (server: MCPServerProtocol) => Promise<void>, options?: Options, isSilent?: boolean): Promise<void> => {
    const server = make(options, isSilent);
    const faults: unknown[] = [];
    // A question about a task that is given up, as the server has told its end by itself, may be answered all the same.
    server.on('fault', (fault) => fault.code === 'ERR_MCP_DUPLICATE_REPLY' || faults.push(fault));
    try {
      await server.connect();
      await body(server);
      await until(() => server.pendingRequests.length === 0, 'nothing is asked any more');
    } finally {
      await server.cleanup();
    }
    assert.deepEqual(faults, []);
  };

  describe(`tasks of a modern server over ${name}`, () => {
    test('a call that the server makes a task is waited for, at its pace, and needs nothing of the host', async () => {
      await withConnected(async (server) => {
        assert.deepEqual([server.era, [...server.extensions.keys()]], ['modern', ['io.modelcontextprotocol/tasks']]);
        assert.equal(textOf(await server.callTool('report', { pages: 12 })), 'A report of 12 pages.');
        assert.equal(textOf(await server.callTool('report', { pages: 0 })), 'A report of 0 pages.');
      });
    });

    test('startTask gives the handle, and of a call that is answered at once one that has ended', async () => {
      await withConnected(async (server) => {
        const task = await server.startTask('report', { pages: 8 });
        assert.deepEqual([task.status, task.task.ttlMs, task.task.pollIntervalMs], ['working', 60_000, 50]);
        const statuses: string[] = [];
        for await (const { status } of task.updates()) statuses.push(status);
        assert.deepEqual([statuses[0], statuses.at(-1), textOf(await task.result())], ['working', 'completed', 'A report of 8 pages.']);
        const ended = await server.startTask('report', { pages: 0 });
        assert.deepEqual([ended.status, textOf(await ended.result())], ['completed', 'A report of 0 pages.']);
      });
    });

    test('what a task asks the handlers answer, once', async () => {
      await withConnected(async (server) => assert.equal(textOf(await server.callTool('ask')), 'Ada in file:///srv/work, said 1 times'));
    });

    test('a notification ends the wait for a task that is asked for once a minute', async () => {
      await withConnected(async (server) => {
        const changed: string[] = [];
        server.on('taskChanged', ({ status }) => changed.push(status));
        const task = await server.startTask('hold');
        const result = task.result();
        await until(() => server.pendingRequests.some(({ method }) => method === 'subscriptions/listen'), 'the server is asked to tell');
        await server.callTool('release', { taskId: task.taskId });
        assert.equal(textOf(await result), 'Released.');
        assert.deepEqual(changed, ['completed']);
      });
    });

    test('a task that fails gives the error of its call, one that is cancelled says so, one that is gone is not found', async () => {
      await withConnected(async (server) => {
        const error = await mcpRejection(server.callTool('crash'), 'RPCError', 'ERR_MCP_RPC');
        assert.match(error.message, /The printer is on fire; the task failed: "The printer is on fire"$/);
        assert.deepEqual((error as unknown as { data: unknown }).data, { floor: 3 });
        const held = await server.startTask('hold');
        assert.equal((await held.cancel()).status, 'cancelled');
        await mcpRejection(held.result(), 'InvalidValueError', 'ERR_MCP_TASK_CANCELLED');
        await mcpRejection(server.callTool('vanish'), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
        await mcpRejection(server.getTask('nobody'), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
        assert.equal((await mcpRejection(server.listTasks(), 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD')).delivery, 'unsent');
      });
    });

    test('a task that never ends meets the deadline and the signal of its call, and is cancelled', async () => {
      await withConnected(async (server) => {
        await mcpRejection(server.callTool('hold', {}, { timeoutMs: 100 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
        const task = await server.startTask('hold');
        const controller = new AbortController();
        const result = task.result({ signal: controller.signal, cancelOnAbort: true });
        controller.abort(new Error('enough'));
        assert.match(String(await rejection(result)), /enough/);
        // Until the word of its end is there, the server does not like to be asked so often.
        await until(async () => (await task.refresh().catch(() => undefined))?.status === 'cancelled', 'the task is cancelled');
      });
    });

    test('a server that does not declare the extension is not to answer with tasks', async () => {
      await withConnected(async (server) => {
        assert.equal(server.extensions.size, 0);
        const error = await mcpRejection(server.callTool('report', { pages: 1 }), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.deepEqual(error.details, { method: 'tools/call', pointer: '/resultType' });
        await mcpRejection(server.startTask('report', { pages: 1 }), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED');
      }, {}, true);
    });

    test('a host that turns the extension off declares it to nobody, and takes no task from anybody', async () => {
      await withConnected(async (server) => {
        assert.equal(server.extensions.size, 0);
        await mcpRejection(server.startTask('report', { pages: 1 }), 'InvalidValueError', 'ERR_MCP_TASK_UNSUPPORTED');
        await mcpRejection(server.callTool('report', { pages: 1 }), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.equal(textOf(await server.callTool('report', { pages: 0 })), 'A report of 0 pages.');
      }, { tasksExtension: false });
    });

    test('what a task asks and nobody answers is told; the task waits on, and whoever waits for it next is asked', async () => {
      let isThere = false;
      const elicitation = () => {
        if (!isThere) throw new Error('nobody is there');
        return { action: 'accept' as const, content: { name: 'Grace' } };
      };
      await withConnected(async (server) => {
        const error = await mcpRejection(server.callTool('ask'), 'InvalidValueError', 'ERR_MCP_TASK_INPUT_REQUIRED');
        assert.deepEqual([error.details['key'], error.details['asked']], ['who', 'elicitation/create']);
        isThere = true;
        // It does not know when it was asked for last: where that is too soon for the server, it is asked for again.
        const task = server.resumeTask({ version: 1, form: 'extension', taskId: String(error.details['taskId']), status: 'working', createdAt: '', lastUpdatedAt: '', ttlMs: null });
        assert.equal(textOf(await task.result()), 'Grace in file:///srv/work, said 1 times');
      }, { handlers: { ...handlers, elicitation } });
    });

    test('what is wrong with a task is refused, and the place named', async () => {
      await withConnected(async (server) => {
        for (const [said, pointer] of MISFITS) {
          const error = await mcpRejection(server.callTool('hostile', said), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
          assert.equal(error.details['pointer'], pointer, JSON.stringify(said));
        }
      });
    });

    test('a pace of for ever, and one of no time, are bounded', async () => {
      await withConnected(async (server) => {
        const result = await server.callTool('hostile', { made: { pollIntervalMs: 1e300 }, states: [{ pollIntervalMs: 0 }, { status: 'completed', result: RESULT }] });
        assert.deepEqual(result, RESULT);
      }, { limits: { ...limits, maxTaskPollMs: 50 } });
    });

    test('an id that no header can carry as it is goes over all the same', async () => {
      await withConnected(async (server) => {
        const taskId = 'tâche\r\nX-Evil: 1';
        assert.deepEqual(await server.callTool('hostile', { made: { taskId }, states: [{ taskId, status: 'completed', result: RESULT }] }), RESULT);
      });
    });

    test('nothing follows an end', async () => {
      await withConnected(async (server) => {
        const states = [{ status: 'completed', result: RESULT }, { status: 'working' }, { status: 'failed', error: { code: -1, message: 'no' } }];
        const task = await server.startTask('hostile', { states });
        assert.deepEqual(await task.result(), RESULT);
        for (const _ of states) assert.equal((await task.refresh()).status, 'completed');
        assert.deepEqual(await task.result(), RESULT);
      });
    });
  });
}

describe('a task of a modern server that outlives its process', () => {
  test('is taken up by another one from what was stored of it', async () => {
    const first = new StreamableHTTPMCPServer({ ...common, serverUrl: url });
    await first.connect();
    const task = await first.startTask('hold', { pollIntervalMs: 50 });
    const [command = '', ...args] = hostCommand('takes-up-task.ts', url, JSON.stringify(task));
    const other = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(other);
    const next = linesOf(other);
    assert.deepEqual(await next(), { following: 'working' });
    await first.callTool('release', { taskId: task.taskId });
    await first.cleanup();
    const { statuses, result } = await next();
    assert.deepEqual([statuses, result], [['working', 'completed'], { content: [{ type: 'text', text: 'Released.' }] }]);
  });
});

describe('tasks of a modern server on the command line', () => {
  /** Runs barewire against the server over HTTP: exit code, what it printed as JSON, the lines on stderr. */
  async function run(...words: readonly string[]): Promise<{ code: unknown; printed: Record<string, unknown>; said: string[] }> {
    const [command = '', ...args] = [...programCommand(), ...words, '--url', url, '--json'];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
    children.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    const [code] = await once(child, 'close');
    return { code, printed: JSON.parse(stdout === '' ? 'null' : stdout) as Record<string, unknown>, said: stderr.trimEnd().split('\n') };
  }

  test('call prints the result, with --task it says how the task stands; task shows, gives the result, cancels; a list there is none', async () => {
    const [plain, called, atOnce] = await Promise.all([run('call', 'report', 'pages=1'), run('call', 'report', 'pages=1', '--task'), run('call', 'report', 'pages=0', '--task')]);
    assert.deepEqual([plain.code, called.code, called.printed, plain.printed['content']], [0, 0, plain.printed, [{ type: 'text', text: 'A report of 1 pages.' }]]);
    assert.deepEqual([atOnce.code, (atOnce.printed['content'] as unknown[])[0], atOnce.said.at(-1)], [0, { type: 'text', text: 'A report of 0 pages.' }, 'task: completed']);
    const taskId = called.said[0]?.replace('task: ', '') ?? '';
    assert.deepEqual([called.said[1], called.said.at(-1)], ['task: working', 'task: completed: page 1 of 1']);
    const [result, ended, unknown, listed] = await Promise.all([run('task', taskId, 'result'), run('task', taskId, 'cancel'), run('task', 'nobody'), run('tasks')]);
    assert.deepEqual(result.printed, called.printed);
    assert.equal((ended.printed['task'] as { status: string }).status, 'completed');
    const codeOf = (said: readonly string[]): string => (JSON.parse(said[0] ?? '') as { error: { code: string } }).error.code;
    assert.deepEqual([unknown, listed].map(({ code, said }) => [code, codeOf(said)]), [[1, 'ERR_MCP_TASK_NOT_FOUND'], [1, 'ERR_MCP_UNSUPPORTED_METHOD']]);
  });
});
