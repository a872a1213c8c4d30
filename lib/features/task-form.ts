/** How a server is asked about its tasks. */

import { InvalidValueError, RPCError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { Misfit } from '../protocol/checks/check.ts';
import { checkTask } from '../protocol/checks/tasks.ts';
import type { Task } from '../protocol/types/tasks.ts';
import type { Requester } from './requester.ts';
import type { TaskFormName } from './stored-task.ts';

/** One form of tasks: what a handle does is the same in all of them. */
export interface TaskForm {
  readonly name: TaskFormName;
  /** How the task stands. @throws InvalidValueError `ERR_MCP_TASK_NOT_FOUND`. */
  get(taskId: string, settings: RequestSettings): Promise<Task>;
  /** What the call came to, once there is that; until then the server keeps the request, and may ask for input on the way of its answer. */
  result<T>(taskId: string, settings: RequestSettings, read: (result: JSONObject) => T): Promise<T>;
  /** Asks for the task to be ended; how it stands then. An `RPCError` -32602 may mean that it is not there, or has ended. */
  cancel(taskId: string, settings: RequestSettings): Promise<Task>;
}

/** `tasks/get`, `tasks/result`, `tasks/cancel`. Source: 2025-11-25, basic, utilities, "Tasks". */
export class CoreTaskForm implements TaskForm {
  readonly name: TaskFormName = 'core';
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  get(taskId: string, settings: RequestSettings): Promise<Task> {
    const refuse = (error: RPCError): MCPError => (error.rpcCode === RPC_ERROR.invalidParams ? notFound(taskId, error) : error);
    return this.#requester.request('tasks/get', { taskId }, settings, { read: taskReader(taskId), refuse });
  }

  result<T>(taskId: string, settings: RequestSettings, read: (result: JSONObject) => T): Promise<T> {
    // Asking twice gives the same result: "exactly what the underlying request would have returned".
    return this.#requester.request('tasks/result', { taskId }, settings, { read }, true);
  }

  cancel(taskId: string, settings: RequestSettings): Promise<Task> {
    const reader: ReplyReader<Task> = { read: taskReader(taskId) };
    return this.#requester.request('tasks/cancel', { taskId }, settings, reader);
  }
}

function taskReader(taskId: string): (result: JSONObject) => Task {
  return (result) => {
    const task = checkTask(result);
    if (task.taskId !== taskId) throw new Misfit('/taskId', 'that of the task that was asked for; got another one');
    return task;
  };
}

function notFound(taskId: string, cause: RPCError): InvalidValueError {
  const message = `The server does not know the task ${quote(taskId)}, or not any more: ${cause.message}`;
  return new InvalidValueError('ERR_MCP_TASK_NOT_FOUND', message, { details: { ...cause.details, taskId }, cause, delivery: 'answered' });
}
