/**
 * `@modelcontextprotocol/server-everything`: its one tool that runs as a task, `simulate-research-query`: four stages of a second each. The expected
 * values are what the server's own sources say.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidValueError } from '../../lib/index.ts';
import type { ElicitationHandler, FormElicitation, StoredTask, TaskHandle } from '../../lib/index.ts';
import { everyRoad } from './roads.ts';

const TOOL = 'simulate-research-query';
const RELATED = 'io.modelcontextprotocol/related-task';
const STAGES = ['Gathering sources...', 'Analyzing content...', 'Synthesizing findings...', 'Generating report...'];
// Four seconds each: once for the shared channel, once for exchanges.
const WHOLE = ['stdio', 'Streamable HTTP'];

const report = (content: readonly unknown[]): string => (content[0] as { text: string }).text;

/** The words that a task goes through while it works. */
async function follow(task: TaskHandle): Promise<string[]> {
  const messages: string[] = [];
  for await (const { status, statusMessage } of task.updates()) if (status === 'working' && statusMessage !== undefined) messages.push(statusMessage);
  assert.equal(task.status, 'completed');
  return messages;
}

for (const { name, withGuest } of everyRoad()) {
  describe(`server-everything over ${name}: tasks`, () => {
    if (WHOLE.includes(name)) {
      test('a task is followed through its stages, by its handle, by what was stored of it and as a plain call', async () => {
        await withGuest({}, async ({ server }) => {
          const task = await server.startTask(TOOL, { topic: 'ferns' }, { ttlMs: 60_000 });
          assert.deepEqual([task.status, task.task.ttlMs, task.task.pollIntervalMs], ['working', 300_000, 1_000], 'the server decides how long it keeps it');
          const again = server.resumeTask(JSON.parse(JSON.stringify(task)) as StoredTask);
          const [messages, result, resumed, called] = await Promise.all([follow(task), task.result(), again.result(), server.callTool(TOOL, { topic: 'moss' })]);
          assert.ok(messages.length >= 2, 'some stages are seen');
          assert.deepEqual(messages, STAGES.filter((stage) => messages.includes(stage)), 'in order, each once');
          assert.match(report(result.content), /^# Research Report: ferns\n/);
          assert.deepEqual(result._meta, { [RELATED]: { taskId: task.taskId } });
          assert.deepEqual(resumed, result);
          assert.match(report(called.content), /^# Research Report: moss\n/);
          assert.deepEqual((await server.listTasks()).map(({ status }) => status), ['completed', 'completed']);
        });
      });

      test('a task that needs input waits for the form, and goes on with what it is answered', async () => {
        const shown: FormElicitation[] = [];
        const elicitation: ElicitationHandler = (request) => (shown.push(request), { action: 'accept', content: { interpretation: 'technical' } });
        await withGuest({ handlers: { elicitation } }, async ({ server }) => {
          const task = await server.startTask(TOOL, { topic: 'ferns', ambiguous: true });
          const statuses = async (): Promise<string[]> => {
            const seen: string[] = [];
            for await (const { status } of task.updates()) seen.push(status);
            return seen;
          };
          const [seen, result] = await Promise.all([statuses(), task.result()]);
          assert.equal(shown.length, 1);
          assert.deepEqual(shown[0]?.fields.map(({ name: field, type, required }) => [field, type, required]), [['interpretation', 'choice', true]]);
          assert.equal(seen.at(-1), 'completed');
          assert.match(report(result.content), /^# Research Report: ferns \(technical\)\n/);
          assert.match(report(result.content), /After receiving clarification \("technical"\), the task resumed/);
        });
      });
    }

    test('a task is found, listed and cancelled; of one that was cancelled there is no result', async () => {
      await withGuest({}, async ({ server }) => {
        const task = await server.startTask(TOOL, { topic: 'lichen' });
        const found = await server.getTask(task.taskId);
        assert.equal(found.task.createdAt, task.task.createdAt);
        assert.deepEqual((await server.listTasks()).map(({ taskId }) => taskId), [task.taskId]);
        assert.equal((await task.cancel()).status, 'cancelled');
        assert.equal((await found.cancel()).status, 'cancelled', 'the server refuses to cancel it twice, and says on being asked that it is');
        await assert.rejects(found.result(), (error) => error instanceof InvalidValueError && error.code === 'ERR_MCP_TASK_CANCELLED');
        await assert.rejects(server.getTask('nobody'), (error) => error instanceof InvalidValueError && error.code === 'ERR_MCP_TASK_NOT_FOUND');
      });
    });

    test('a tool that does not run as a task is refused before anything is sent', async () => {
      await withGuest({}, async ({ server }) => {
        await assert.rejects(server.startTask('echo', { message: 'x' }), (error) => error instanceof InvalidValueError && error.code === 'ERR_MCP_TASK_UNSUPPORTED' && error.delivery === 'unsent');
      });
    });
  });
}
