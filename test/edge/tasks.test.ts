import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { MCPServerProtocol } from '../../lib/index.ts';
import { programCommand } from '../helpers/built-program.ts';
import { fixtureCommand, hostCommand } from '../helpers/fixture.ts';
import { mcpRejection, textOf } from '../helpers/with-server.ts';

const RELATED = 'io.modelcontextprotocol/related-task';
const handlers = { roots: [{ uri: 'file:///srv/work' }] };

/** The lines of JSON that a process says, one after the other. */
function linesOf(child: ChildProcess): () => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    assert.ok(done !== true, 'the process says another line');
    return JSON.parse(value as string) as Record<string, unknown>;
  };
}

let program: ChildProcess | undefined;
let url = '';
const children: ChildProcess[] = [];

before(async () => {
  const [command = '', ...args] = fixtureCommand('task-server.mjs', '--http');
  program = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  url = String((await linesOf(program)())['url']);
});
after(() => {
  program?.stdin?.end();
  for (const child of children) child.kill('SIGKILL');
});

const roads: ReadonlyArray<[name: string, make: () => MCPServerProtocol]> = [
  ['stdio', () => new StdioMCPServer({ serverName: 'tasks', command: fixtureCommand('task-server.mjs'), handlers, healthCheckIntervalMs: 0 })],
  ['HTTP', () => new StreamableHTTPMCPServer({ serverName: 'tasks', serverUrl: url, handlers, listen: false, limits: { minTaskPollMs: 10 } })],
];

for (const [name, make] of roads) {
  const withConnected = async (body: (server: MCPServerProtocol) => Promise<void>): Promise<void> => {
    const server = make();
    const faults: unknown[] = [];
    server.on('fault', (fault) => faults.push(fault));
    try {
      await server.connect();
      await body(server);
      assert.deepEqual(server.pendingRequests, []);
    } finally {
      await server.cleanup();
    }
    assert.deepEqual(faults, []);
  };

  describe(`tasks over ${name}`, () => {
    test('a task is started, followed and comes to its result', async () => {
      await withConnected(async (server) => {
        const task = await server.startTask('report', { pages: 2 }, { ttlMs: 60_000 });
        assert.deepEqual([task.status, task.task.ttlMs, task.task.pollIntervalMs, task.immediateResponse], ['working', 60_000, 20, 'report is at work.']);
        const [result] = await Promise.all([
          task.result(),
          (async () => {
            const statuses: string[] = [];
            for await (const { status } of task.updates()) statuses.push(status);
            assert.equal(statuses[0], 'working');
            assert.equal(statuses.at(-1), 'completed');
          })(),
        ]);
        assert.deepEqual(result, { content: [{ type: 'text', text: 'A report of 2 pages.' }], _meta: { [RELATED]: { taskId: task.taskId } } });
        assert.ok((await server.listTasks()).some(({ taskId, status }) => taskId === task.taskId && status === 'completed'));
      });
    });

    test('a tool that runs as a task only is called like any other', async () => {
      await withConnected(async (server) => assert.equal(textOf(await server.callTool('batch', { pages: 1 })), 'A report of 1 pages.'));
    });

    test('a task that needs input gets it on the way of its result, and the answer names the task', async () => {
      await withConnected(async (server) => {
        const task = await server.startTask('ask');
        const roots = JSON.parse(textOf(await task.result())) as unknown;
        assert.deepEqual(roots, { roots: [{ uri: 'file:///srv/work' }], _meta: { [RELATED]: { taskId: task.taskId } } });
      });
    });

    test('a task that fails gives the error of its call, and one that is cancelled says so', async () => {
      await withConnected(async (server) => {
        const error = await mcpRejection((await server.startTask('crash')).result(), 'RPCError', 'ERR_MCP_RPC');
        assert.match(error.message, /The printer is on fire; the task failed: "The printer is on fire"$/);
        const held = await server.startTask('hold');
        assert.equal((await held.cancel()).status, 'cancelled');
        await mcpRejection(held.result(), 'InvalidValueError', 'ERR_MCP_TASK_CANCELLED');
        await mcpRejection(server.getTask('nobody'), 'InvalidValueError', 'ERR_MCP_TASK_NOT_FOUND');
      });
    });
  });
}

describe('progress of a task over stdio', () => {
  test('goes on after the task was made', async () => {
    const server = new StdioMCPServer({ serverName: 'tasks', command: fixtureCommand('task-server.mjs'), healthCheckIntervalMs: 0 });
    try {
      await server.connect();
      const heard: number[] = [];
      const task = await server.startTask('report', { pages: 3 }, { onProgress: ({ progress }) => heard.push(progress) });
      await task.result();
      assert.deepEqual(heard, [1, 2, 3]);
    } finally {
      await server.cleanup();
    }
  });
});

describe('a task that outlives its process', () => {
  test('is taken up by another one from what was stored of it', async () => {
    const first = new StreamableHTTPMCPServer({ serverName: 'tasks', serverUrl: url, listen: false });
    await first.connect();
    const task = await first.startTask('hold');
    const [command = '', ...args] = hostCommand('takes-up-task.ts', url, JSON.stringify(task));
    const other = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(other);
    const next = linesOf(other);
    assert.deepEqual(await next(), { following: 'working' });
    await first.callTool('release', { taskId: task.taskId });
    await first.cleanup();
    const { statuses, result } = await next();
    assert.deepEqual(statuses, ['working', 'completed']);
    assert.deepEqual(result, { content: [{ type: 'text', text: 'Released.' }], _meta: { [RELATED]: { taskId: task.taskId } } });
  });
});

describe('tasks on the command line', () => {
  /** Runs barewire against the server over HTTP: exit code, what it printed as JSON, the lines on stderr. */
  async function run(...words: readonly string[]): Promise<{ code: unknown; printed: Record<string, unknown>; said: string[] }> {
    const [command = '', ...args] = [...programCommand(), ...words, '--url', url, '--json'];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
    children.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = await once(child, 'close');
    return { code, printed: JSON.parse(stdout === '' ? 'null' : stdout) as Record<string, unknown>, said: stderr.trimEnd().split('\n') };
  }

  test('call --task says how the task stands and prints its result, tasks lists it, task shows its result and cancels', async () => {
    const called = await run('call', 'report', 'pages=1', '--task');
    assert.equal(called.code, 0);
    assert.deepEqual(called.printed['content'], [{ type: 'text', text: 'A report of 1 pages.' }]);
    const taskId = called.said[0]?.replace('task: ', '') ?? '';
    assert.deepEqual([called.said[1], called.said.at(-1)], ['task: working', 'task: completed']);
    const listed = await run('tasks');
    assert.ok((listed.printed['tasks'] as Array<{ taskId: string; status: string }>).some((task) => task.taskId === taskId && task.status === 'completed'));
    const [result, ended, unknown] = await Promise.all([run('task', taskId, 'result'), run('task', taskId, 'cancel'), run('task', 'nobody')]);
    assert.deepEqual(result.printed, called.printed);
    assert.equal((ended.printed['task'] as { status: string }).status, 'completed');
    assert.deepEqual([unknown.code, unknown.printed, (JSON.parse(unknown.said[0] ?? '') as { error: { code: string } }).error.code], [1, null, 'ERR_MCP_TASK_NOT_FOUND']);
  });
});
