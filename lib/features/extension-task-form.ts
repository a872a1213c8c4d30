/** Tasks as the extension has them. Source: the extension io.modelcontextprotocol/tasks. */

import { orAbort } from '../base/abort.ts';
import { deferred } from '../base/deferred.ts';
import { PeerProtocolError, RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { escapeText } from '../base/text.ts';
import { invalidResult } from '../connection/misfit-errors.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkDetailedTask } from '../protocol/checks/detailed-task.ts';
import { checkEmptyResult } from '../protocol/checks/results.ts';
import type { Task, TaskError, TaskState } from '../protocol/types/tasks.ts';
import type { HandlerPort } from './input-answers.ts';
import type { Requester } from './requester.ts';
import type { TaskFormName } from './stored-task.ts';
import { checkSameTask, refusedTask, taskCancelled, taskFailure } from './task-form.ts';
import type { TaskForm, TaskResultWait } from './task-form.ts';
import { TaskQuestions } from './task-questions.ts';
import { hasEnded } from './task-watch.ts';
import type { TaskWatch } from './task-watch.ts';

/** `tasks/get`, `tasks/update`, `tasks/cancel`: what a task came to, and what it asks, come with how it stands. */
export class ExtensionTaskForm implements TaskForm {
  readonly name: TaskFormName = 'extension';
  readonly #requester: Requester;
  readonly #handlers: HandlerPort;
  /** What was answered of what a task asks belongs to its handle, however often somebody waits. */
  readonly #questions = new WeakMap<TaskWatch, TaskQuestions>();

  constructor(requester: Requester, handlers: HandlerPort) {
    this.#requester = requester;
    this.#handlers = handlers;
  }

  get(taskId: string, settings: RequestSettings): Promise<TaskState> {
    const read = (result: JSONObject): TaskState => checkSameTask(checkDetailedTask(result, this.#handlers.limits.maxInputRequests), taskId);
    return this.#requester.request('tasks/get', { taskId }, settings, { read, refuse: refusedTask(taskId) });
  }

  async cancel(taskId: string, settings: RequestSettings): Promise<undefined> {
    await this.#requester.request('tasks/cancel', { taskId }, settings, { read: checkEmptyResult });
  }

  async outcome<T>(wait: TaskResultWait<T>): Promise<T> {
    const { watch, reader, settings, signal } = wait;
    if (!hasEnded(watch.task)) await this.#untilEnded(wait);
    // A task that was found ended, or was stored so, does not say here what it came to.
    if (!saysOutcome(watch.state)) watch.take(await this.get(watch.task.taskId, { ...settings, onProgress: undefined, maxTotalTimeoutMs: Infinity, signal }));
    if (!saysOutcome(watch.state)) throw goesOn(watch.task);
    return readOutcome(watch.state, reader);
  }

  async #untilEnded<T>({ watch, defaults, settings, signal }: TaskResultWait<T>): Promise<void> {
    const over = deferred<void>();
    const questions = this.#questionsOf(watch, defaults);
    const failed = (cause: unknown): void => over.reject(cause);
    const heard = (task: Task): void => {
      if (hasEnded(task)) over.resolve();
      else if (settings.rounds !== 'manual') questions.heard(watch.state);
      else if (questions.open(watch.state).size > 0) failed(questions.handedOut(watch.state));
    };
    const leave = settings.rounds === 'manual' ? () => {} : questions.attend(failed);
    const unwatch = watch.watch({ heard, failed });
    heard(watch.task);
    try {
      await orAbort(over.promise, signal);
    } finally {
      unwatch();
      leave();
    }
  }

  #questionsOf(watch: TaskWatch, defaults: RequestSettings): TaskQuestions {
    const known = this.#questions.get(watch);
    if (known !== undefined) return known;
    const { taskId } = watch.task;
    const reader: ReplyReader<void> = { read: checkEmptyResult, refuse: refusedTask(taskId) };
    // Answers that a server has already are ignored by it: they may be sent again.
    const update = (inputResponses: JSONObject, signal: AbortSignal): Promise<void> =>
      this.#requester.request('tasks/update', { taskId, inputResponses }, { ...defaults, signal }, reader, true);
    const made = new TaskQuestions(taskId, this.#handlers, update);
    this.#questions.set(watch, made);
    return made;
  }
}

/** A call that was answered at once: there is no task, and nobody to ask. */
export class AnsweredTaskForm implements TaskForm {
  readonly name: TaskFormName = 'answered';
  readonly #state: TaskState;

  constructor(state: TaskState) {
    this.#state = state;
  }

  async get(): Promise<TaskState> {
    return this.#state;
  }

  async cancel(): Promise<TaskState> {
    return this.#state;
  }

  async outcome<T>({ reader }: TaskResultWait<T>): Promise<T> {
    return readOutcome(this.#state, reader);
  }
}

/** Whether all is known that a result is made of. */
function saysOutcome({ task, outcome }: TaskState): boolean {
  return task.status === 'cancelled' || outcome !== undefined;
}

/** Rejects or resolves as the call itself would have. */
async function readOutcome<T>({ task, outcome }: TaskState, reader: ReplyReader<T>): Promise<T> {
  if (outcome === undefined) throw taskCancelled(task);
  if ('error' in outcome) throw failureOf(task, outcome.error, reader);
  try {
    return reader.read(outcome.result);
  } catch (cause) {
    throw invalidResult('tools/call', cause);
  }
}

function failureOf<T>(task: Task, { code, message, data }: TaskError, reader: ReplyReader<T>): Error {
  const error = new RPCError(code, `tools/call was answered with error ${code}: ${escapeText(message)}`, data, { details: { method: 'tools/call' } });
  const failure = taskFailure(task, error);
  return reader.refuse?.(failure) ?? failure;
}

function goesOn({ taskId }: Task): PeerProtocolError {
  return new PeerProtocolError('ERR_MCP_INVALID_RESULT', 'The server says that a task goes on which it said before had ended', { details: { method: 'tasks/get', taskId }, delivery: 'answered' });
}
