/** How a server is asked about its tasks. */

import { InvalidValueError, RPCError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { Misfit } from '../protocol/checks/check.ts';
import type { Task, TaskState } from '../protocol/types/tasks.ts';
import type { TaskFormName } from './stored-task.ts';
import type { TaskWatch } from './task-watch.ts';

/** What a wait for a result needs. */
export interface TaskResultWait<T> {
  readonly watch: TaskWatch;
  readonly reader: ReplyReader<T>;
  readonly clock: Clock;
  /** The settings of requests that nobody asked for. */
  readonly defaults: RequestSettings;
  readonly settings: RequestSettings;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** One form of tasks: what a handle does is the same in all of them. */
export interface TaskForm {
  readonly name: TaskFormName;
  /** How the task stands. @throws InvalidValueError `ERR_MCP_TASK_NOT_FOUND`. */
  get(taskId: string, settings: RequestSettings): Promise<TaskState>;
  /**
   * Asks for the task to be ended; how it stands then, where the server says that at once. An `RPCError` -32602 may mean that it is not there, or has
   * ended.
   */
  cancel(taskId: string, settings: RequestSettings): Promise<TaskState | undefined>;
  /** What the call came to: waits for the end of the task, and lets the server ask meanwhile what it has to know. */
  outcome<T>(wait: TaskResultWait<T>): Promise<T>;
}

/** Whether the server answered that what it was asked with is not valid. */
export function isInvalidParams(error: unknown): boolean {
  return error instanceof RPCError && error.rpcCode === RPC_ERROR.invalidParams;
}

/** What a question about a task rejects with where the server answers with an error. */
export function refusedTask(taskId: string): (error: RPCError) => MCPError {
  return (error) => (isInvalidParams(error) ? taskNotFound(taskId, error) : error);
}

/** @throws Misfit for a task that was not asked for. */
export function checkSameTask(state: TaskState, taskId: string): TaskState {
  if (state.task.taskId !== taskId) throw new Misfit('/taskId', 'that of the task that was asked for; got another one');
  return state;
}

/** The error that a task ended with, as the error of its call. */
export function taskFailure({ taskId, status, statusMessage }: Task, error: RPCError): RPCError {
  const said = status === 'failed' && statusMessage !== undefined ? `${error.message}; the task failed: ${quote(statusMessage, 300)}` : error.message;
  return new RPCError(error.rpcCode, said, error.data, { details: { ...error.details, taskId, status }, cause: error });
}

/** What the call of a task came to that was cancelled. */
export function taskCancelled({ taskId, statusMessage }: Task, cause?: RPCError): InvalidValueError {
  const why = statusMessage === undefined ? '' : `: ${quote(statusMessage, 300)}`;
  return new InvalidValueError('ERR_MCP_TASK_CANCELLED', `The task ${quote(taskId)} was cancelled${why}`, { details: { taskId }, cause, delivery: 'answered' });
}

/** What a call is refused with that cannot be a task, or a question about a task that the server does not have in this form; `cause`, where the server said so. */
export function tasksUnsupported(message: string, details: JSONObject, cause?: RPCError): InvalidValueError {
  return new InvalidValueError('ERR_MCP_TASK_UNSUPPORTED', message, { details, cause, delivery: cause === undefined ? 'unsent' : 'answered' });
}

function taskNotFound(taskId: string, cause: RPCError): InvalidValueError {
  const message = `The server does not know the task ${quote(taskId)}, or not any more: ${cause.message}`;
  return new InvalidValueError('ERR_MCP_TASK_NOT_FOUND', message, { details: { ...cause.details, taskId }, cause, delivery: 'answered' });
}
