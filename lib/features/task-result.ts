/** The result of a task, once it has ended. Source: 2025-11-25, basic, utilities, "Tasks", "Result Retrieval", "Input Required Status". */

import { orAbort } from '../base/abort.ts';
import type { CancelTimer } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import { RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { Task } from '../protocol/types/tasks.ts';
import { isInvalidParams, taskCancelled, taskFailure } from './task-form.ts';
import type { TaskForm, TaskResultWait } from './task-form.ts';
import { hasEnded, mayPass } from './task-watch.ts';

/** A form of tasks whose results are asked for by a request of their own. */
export interface ResultTaskForm extends TaskForm {
  /** What the call came to, once there is that; until then the server keeps the request, and may ask for input on the way of its answer. */
  result<T>(taskId: string, settings: RequestSettings, read: (result: JSONObject) => T): Promise<T>;
}

/**
 * What the call came to. `tasks/result` may be asked at any time, and is answered when the task has ended: over HTTP that would be one
 * request for as long as a task may run, which no proxy allows. So it is asked when the task is known to have ended, and before
 * only while the server needs input, as its questions come on the way of that answer.
 */
export async function awaitTaskResult<T>(form: ResultTaskForm, wait: TaskResultWait<T>): Promise<T> {
  const { watch, signal } = wait;
  if (!hasEnded(watch.task)) {
    const early = await untilEnded(form, wait);
    if (early !== undefined) return early.result;
  }
  return ask(form, wait, { ...wait.settings, signal });
}

/** Resolves when the task has ended, with its result where that came with it. */
async function untilEnded<T>(form: ResultTaskForm, wait: TaskResultWait<T>): Promise<{ readonly result: T } | undefined> {
  const { watch, clock, settings, signal } = wait;
  const over = deferred<{ readonly result: T } | undefined>();
  const closing = new AbortController();
  let early: 'none' | 'open' | 'refused' = 'none';
  let cancelTimer: CancelTimer | undefined;
  const openEarly = (): void => {
    early = 'open';
    ask(form, wait, { ...settings, timeoutMs: Infinity, signal: closing.signal }).then((result) => over.resolve({ result }), lostEarly);
  };
  const lostEarly = (cause: unknown): void => {
    // A server that will not be asked so soon is asked when the task has ended.
    if (cause instanceof RPCError && !hasEnded(watch.task)) return void (early = 'refused');
    early = 'none';
    // A stream that is cut while the server waits for input is opened again when the server says that it still does.
    if (!mayPass(cause)) over.reject(cause);
    else if (hasEnded(watch.task)) over.resolve(undefined);
  };
  const heard = (task: Task): void => {
    if (task.status === 'input_required' && early === 'none') openEarly();
    if (!hasEnded(task)) return;
    // The answer to the question that is open already is on its way.
    if (early === 'open') cancelTimer ??= clock.after(settings.timeoutMs, () => over.resolve(undefined));
    else over.resolve(undefined);
  };
  const unwatch = watch.watch({ heard, failed: (cause) => over.reject(cause) });
  if (watch.task.status === 'input_required') openEarly();
  try {
    return await orAbort(over.promise, signal);
  } finally {
    unwatch();
    cancelTimer?.();
    closing.abort();
  }
}

/** Asks for the result. What the call itself came to and what became of the task are told apart. */
async function ask<T>(form: ResultTaskForm, { watch, reader, defaults }: TaskResultWait<T>, settings: RequestSettings): Promise<T> {
  const { taskId } = watch.task;
  try {
    return await form.result(taskId, { ...settings, onProgress: undefined, maxTotalTimeoutMs: Infinity }, (result) => reader.read(result));
  } catch (error) {
    if (!(error instanceof RPCError)) throw error;
    // The same code says that the task is not there and that the call was refused: another question tells which.
    const isOpen = watch.task.status !== 'cancelled' && (isInvalidParams(error) || !hasEnded(watch.task));
    if (isOpen) watch.take(await form.get(taskId, { ...defaults, signal: settings.signal }));
    if (!hasEnded(watch.task)) throw error;
    if (watch.task.status === 'cancelled') throw taskCancelled(watch.task, error);
    const failure = taskFailure(watch.task, error);
    throw reader.refuse?.(failure) ?? failure;
  }
}
