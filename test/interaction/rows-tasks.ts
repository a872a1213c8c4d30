/** Calls that go on as tasks. The demo has none: a server of its own has. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StdioMCPServer, StreamableHTTPMCPServer, resultText } from '../../lib/index.ts';
import type { StoredTask } from '../../lib/index.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import type { Reach } from './roads.ts';
import type { Row, Run } from './row.ts';
import { all, refusalOf } from './row.ts';

const overStdio: Reach = async (_spoken, options) => {
  const server = new StdioMCPServer({ serverName: 'stdio', command: fixtureCommand('task-server'), healthCheckIntervalMs: 0, ...options });
  return { server, lose: () => Promise.resolve(), restore: () => Promise.resolve(), stop: () => Promise.resolve() };
};

const overHTTP: Reach = async (_spoken, options) => {
  const [program = '', ...args] = fixtureCommand('task-server', '--http');
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  const server = new StreamableHTTPMCPServer({ serverName: 'http', serverUrl: url, healthCheckIntervalMs: 0, ...options });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  return { server, lose: () => Promise.resolve(), restore: () => Promise.resolve(), stop };
};

/** What a host is told by a server that has no tasks. */
const hasNone: Run = async ({ server }) => {
  assert.deepEqual(await refusalOf(server.startTask('add', { a: 1, b: 2 })), ['ERR_MCP_TASK_UNSUPPORTED', 'unsent']);
  assert.deepEqual(await refusalOf(server.getTask('any')), ['ERR_MCP_UNSUPPORTED_METHOD', 'unsent']);
  assert.deepEqual(await refusalOf(server.listTasks()), ['ERR_MCP_UNSUPPORTED_METHOD', 'unsent']);
  assert.throws(() => server.resumeTask({} as StoredTask), { code: 'ERR_MCP_STORED_TASK' });
};

/** See the head of this file. */
export const TASKS: readonly Row[] = [
  { feature: 'tasks, of a server that has none', run: hasNone },
  {
    feature: 'a call that goes on as a task, found again by its id and by what was stored',
    reach: { stdio: overStdio, http: overHTTP },
    options: { limits: { minTaskPollMs: 10 } },
    run: async ({ server }) => {
      const task = await server.startTask('report', { pages: 2 });
      assert.equal(task.status, 'working');
      const found = await server.getTask(task.taskId);
      const resumed = server.resumeTask(JSON.parse(JSON.stringify(task)) as StoredTask);
      const results = await Promise.all([task, found, resumed].map(async (handle) => resultText(await handle.result())));
      assert.deepEqual(results, ['A report of 2 pages.', 'A report of 2 pages.', 'A report of 2 pages.']);
      const known = (await server.listTasks()).map(({ taskId }) => taskId);
      assert.ok(known.includes(task.taskId));
      assert.deepEqual((await server.listTasksPage()).tasks.map(({ taskId }) => taskId), known);
      assert.deepEqual((await all(server.iterateTasks())).map(({ taskId }) => taskId), known);
    },
    except: {
      memory: { why: 'The server that has tasks is a program.', run: hasNone },
      modern: { why: 'In 2026-07-28 tasks are an extension, which is not spoken.', run: hasNone },
    },
  },
];
