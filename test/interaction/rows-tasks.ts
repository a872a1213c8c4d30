/** Calls that go on as tasks. The demo has none: a server of its own has. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StdioMCPServer, StreamableHTTPMCPServer, resultText } from '../../lib/index.ts';
import type { StoredTask } from '../../lib/index.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';
import { until } from '../helpers/until.ts';
import type { Reach, Spoken } from './roads.ts';
import type { Row, Run } from './row.ts';
import { all, refusalOf } from './row.ts';

const EXTENSION = 'io.modelcontextprotocol/tasks';

/** The server that has tasks as the revisions that are spoken have them. */
const tasksOf = ({ revisions }: Spoken): string => (MODERN_VERSIONS.some((modern) => revisions.includes(modern)) ? 'modern-task-server' : 'task-server');

const overStdio: Reach = async (spoken, options) => {
  const server = new StdioMCPServer({ serverName: 'stdio', command: fixtureCommand(tasksOf(spoken)), healthCheckIntervalMs: 0, ...options });
  return { server, lose: () => Promise.resolve(), restore: () => Promise.resolve(), stop: () => Promise.resolve() };
};

const overHTTP: Reach = async (spoken, options) => {
  const [program = '', ...args] = fixtureCommand(tasksOf(spoken), '--http');
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

const IN_MEMORY = 'The server that has tasks is a program.';
const reach: Row['reach'] = { stdio: overStdio, http: overHTTP };
const options: Row['options'] = { limits: { minTaskPollMs: 10, taskListenMs: 20 }, handlers: { roots: [{ uri: 'file:///srv/work' }], elicitation: () => ({ action: 'accept', content: { name: 'Ada' } }) } };

/** See the head of this file. */
export const TASKS: readonly Row[] = [
  { feature: 'tasks, of a server that has none', run: hasNone },
  {
    feature: 'a call that goes on as a task, found again by its id and by what was stored',
    reach,
    options,
    run: async ({ server }) => {
      const task = await server.startTask('report', { pages: 2 });
      assert.equal(task.status, 'working');
      const found = await server.getTask(task.taskId);
      const resumed = server.resumeTask(JSON.parse(JSON.stringify(task)) as StoredTask);
      const results = await Promise.all([task, found, resumed].map(async (handle) => resultText(await handle.result())));
      assert.deepEqual(results, ['A report of 2 pages.', 'A report of 2 pages.', 'A report of 2 pages.']);
    },
    except: { memory: { why: IN_MEMORY, run: hasNone } },
  },
  {
    feature: 'a task that is cancelled',
    reach,
    options,
    run: async ({ server }) => {
      const task = await server.startTask('hold');
      assert.equal((await task.cancel()).status, 'cancelled');
      assert.deepEqual(await refusalOf(task.result()), ['ERR_MCP_TASK_CANCELLED', 'answered']);
    },
    except: { memory: { why: IN_MEMORY, run: hasNone } },
  },
  {
    feature: 'a task that asks something of the host before it goes on',
    reach,
    options,
    run: async ({ server }) => assert.match(resultText(await (await server.startTask('ask')).result()), /file:.*srv.work/),
    except: { memory: { why: IN_MEMORY, run: hasNone } },
  },
  {
    feature: 'a task whose end the server tells by itself',
    reach,
    options,
    run: async ({ server }) => {
      const told: unknown[] = [];
      server.on('taskChanged', ({ taskId, status }) => told.push([taskId, status]));
      // It wants to be asked for once a minute.
      const task = await server.startTask('hold');
      const result = task.result();
      await until(() => server.pendingRequests.some(({ method }) => method === 'subscriptions/listen'), 'the server is asked to tell');
      await server.callTool('release', { taskId: task.taskId });
      assert.equal(resultText(await result), 'Released.');
      assert.deepEqual(told, [[task.taskId, 'completed']]);
    },
    except: {
      legacy: {
        why: 'Until 2025-11-25 a server tells of tasks as it likes, and this one does not: it is only asked.',
        run: async ({ server }) => {
          const told: unknown[] = [];
          server.on('taskChanged', (task) => told.push(task));
          await server.ping();
          assert.deepEqual(told, []);
        },
      },
      memory: { why: IN_MEMORY, run: hasNone },
    },
  },
  {
    feature: 'the list of tasks',
    reach,
    options,
    run: async ({ server }) => {
      const { taskId } = await server.startTask('hold');
      const known = (await server.listTasks()).map((task) => task.taskId);
      assert.ok(known.includes(taskId));
      assert.deepEqual((await server.listTasksPage()).tasks.map((task) => task.taskId), known);
      assert.deepEqual((await all(server.iterateTasks())).map((task) => task.taskId), known);
    },
    except: {
      memory: { why: IN_MEMORY, run: hasNone },
      modern: {
        why: 'The extension of 2026-07-28 has no list: who does not know the id of a task is not told of it.',
        run: async ({ server }) => assert.deepEqual(await refusalOf(server.listTasks()), ['ERR_MCP_UNSUPPORTED_METHOD', 'unsent']),
      },
    },
  },
  {
    feature: 'a call that the server makes a task by itself, and the extension that lets it',
    reach,
    options,
    run: async ({ server }) => {
      assert.deepEqual(Array.from(server.extensions, ([name, { settings }]) => [name, settings]), [[EXTENSION, {}]]);
      assert.equal(resultText(await server.callTool('report', { pages: 3 })), 'A report of 3 pages.');
      assert.match(resultText(await server.callTool('ask')), /^Ada in /);
      assert.deepEqual(await refusalOf(server.callTool('vanish')), ['ERR_MCP_TASK_NOT_FOUND', 'answered']);
    },
    except: {
      legacy: {
        why: 'Until 2025-11-25 a server makes a task of nothing that does not ask to be one.',
        run: async ({ server }) => assert.equal(server.extensions.size, 0),
      },
      memory: { why: IN_MEMORY, run: hasNone },
    },
  },
];
