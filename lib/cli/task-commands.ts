/** `barewire tasks`, `barewire task`, and a call that runs as a task. */

import type { CallToolResult, JSONObject, MCPServerProtocol, OnProgress, Task, TaskHandle } from '../index.ts';
import { operand } from './command.ts';
import type { Action, ActionContext, Command } from './command.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { renderToolResult } from './render-content.ts';
import { toolFailure } from './tool-failure.ts';

const VERBS = ['show', 'result', 'cancel'] as const;

/** One task as one line: its id, where it stands, and what the server says of that. */
function renderTask({ taskId, status, statusMessage }: Task, paint: Paint): string {
  const words = statusMessage === undefined ? '' : `  ${printableLine(statusMessage)}`;
  const mark = status === 'completed' ? paint.good : status === 'failed' || status === 'cancelled' ? paint.bad : paint.heading;
  return `${paint.name(printableLine(taskId))}  ${mark(status)}${words}`;
}

/** Waits for the result; says on stderr how the task stands meanwhile. */
async function followToResult(task: TaskHandle, { notes, request }: ActionContext, onProgress?: OnProgress): Promise<CallToolResult> {
  const say = async (): Promise<void> => {
    for await (const { status, statusMessage } of task.updates({ signal: request.signal })) notes.line('task', statusMessage === undefined ? status : `${status}: ${statusMessage}`);
  };
  const [result] = await Promise.all([task.result({ ...request, onProgress }), say()]);
  return result;
}

/** Calls a tool as a task and waits for its result. */
export async function callAsTask(server: MCPServerProtocol, tool: string, args: JSONObject, context: ActionContext, onProgress: OnProgress): Promise<CallToolResult> {
  const task = await server.startTask(tool, args, context.request);
  context.notes.line('task', task.taskId);
  return followToResult(task, context, onProgress);
}

const tasks: Action = async (server, { request }) => {
  const list = await server.listTasks(request);
  return { json: { tasks: list }, text: (paint) => (list.length === 0 ? paint.faint('[no tasks]') : list.map((task) => renderTask(task, paint)).join('\n')) };
};

/** `barewire tasks`. */
export const TASKS_COMMAND: Command = {
  name: 'tasks',
  operands: '',
  least: 0,
  most: 0,
  summary: 'list the tasks that the server lets this client see',
  options: [],
  examples: ['tasks'],
  prepare: async () => tasks,
};

async function prepareTask(invocation: Invocation): Promise<Action> {
  const taskId = operand(invocation, 0);
  const word = invocation.operands[1] ?? 'show';
  const verb = VERBS.find((known) => known === word);
  if (verb === undefined) throw usageFailure(`what about the task? ${VERBS.join(', ')}; got "${word}"`, 'see barewire task --help');
  return async (server, context) => {
    const task = await server.getTask(taskId, context.request);
    if (verb === 'result') {
      const result = await followToResult(task, context);
      return { json: result, text: (paint) => renderToolResult(result, paint), failure: result.isError === true ? toolFailure(taskId, result.content) : undefined };
    }
    const state = verb === 'cancel' ? await task.cancel(context.request) : task.task;
    return { json: { task: state }, text: (paint) => renderTask(state, paint) };
  };
}

/** `barewire task`. */
export const TASK_COMMAND: Command = {
  name: 'task',
  operands: '<id> [show|result|cancel]',
  least: 1,
  most: 2,
  summary: 'print how a task stands, wait for its result, or cancel it',
  options: ['answer', 'no-input'],
  asks: true,
  examples: ['task 786512e2', 'task 786512e2 result', 'task 786512e2 cancel'],
  prepare: prepareTask,
};
