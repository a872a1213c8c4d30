/** One task, for who waits for it. */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import type { RequestTimeoutError } from '../base/errors.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { OnProgress, RequestOptions, RequestSettings } from '../connection/request-settings.ts';
import type { ProgressToken } from '../protocol/types/progress.ts';
import type { Task, TaskStatus } from '../protocol/types/tasks.ts';
import type { CallToolResult } from '../protocol/types/tools.ts';
import { storedTask } from './stored-task.ts';
import type { StoredTask } from './stored-task.ts';
import type { TaskForm } from './task-form.ts';
import { isInvalidParams } from './task-form.ts';
import { hasEnded } from './task-watch.ts';
import type { TaskWatch } from './task-watch.ts';

/** What `TaskHandle.result` takes. */
export interface TaskResultOptions extends RequestOptions {
  /** Whether the task is cancelled when the wait for it ends early: by `signal`, or by `maxTotalTimeoutMs`. Default: false. */
  readonly cancelOnAbort?: boolean | undefined;
}

/** What `TaskHandle.updates` takes. */
export interface TaskUpdatesOptions {
  /** Ends the iteration: it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A call that goes on as a task of the server. A handle holds nothing open: it may be dropped, stored as JSON, and taken up again by
 * `resumeTask`, in this process or another one. Its methods reject as those of its server do.
 */
export interface TaskHandle {
  readonly taskId: string;
  /** The tool that runs; `undefined` where the task was found by its id. */
  readonly toolName: string | undefined;
  /** The task as the server described it last. It changes while somebody waits for the task or follows it, and by `refresh`. */
  readonly task: Task;
  /** `task.status`. */
  readonly status: TaskStatus;
  /** What the server suggests to tell a model at once, while the task runs; hostile, like everything a peer sends. */
  readonly immediateResponse: string | undefined;

  /**
   * Asks how the task stands.
   *
   * @throws InvalidValueError `ERR_MCP_TASK_NOT_FOUND`: it never was there, or its time is over.
   */
  refresh(options?: RequestOptions): Promise<Task>;

  /**
   * Waits until the task has ended; resolves or rejects as the call itself would have. It may be called again, at any time. The task is
   * asked for at the pace that the server wants; input that the server needs is asked of the host's handlers meanwhile.
   * `timeoutMs` is the time for the server to hand out the result of a task that has ended; `maxTotalTimeoutMs`, by
   * default `limits.taskWaitMs`, is the time for all. `signal` ends the wait and not the task, unless `cancelOnAbort` says so.
   *
   * @throws InvalidValueError `ERR_MCP_TASK_NOT_FOUND`, `ERR_MCP_TASK_CANCELLED`, `ERR_MCP_TASK_INPUT_REQUIRED`; RequestTimeoutError `ERR_MCP_TOTAL_TIMEOUT`; RPCError with
   *   the error that the call itself came to.
   */
  result(options?: TaskResultOptions): Promise<CallToolResult>;

  /**
   * Asks the server to end the task; resolves with how it stands then. Does nothing to a task that has ended.
   *
   * @throws InvalidValueError `ERR_MCP_TASK_NOT_FOUND`; `ERR_MCP_UNSUPPORTED_METHOD` when the server cancels no tasks.
   */
  cancel(options?: RequestOptions): Promise<Task>;

  /**
   * The task as it stands now, then as often as the server says something new of it, up to its end. Who is slow misses what was in
   * between, and never the last.
   */
  updates(options?: TaskUpdatesOptions): AsyncIterable<Task>;

  /** What `resumeTask` takes. */
  toJSON(): StoredTask;
}

/** How long a result is waited for, and what happens then. */
export interface WaitSettings extends RequestSettings {
  readonly cancelOnAbort: boolean;
  /** What a total bound is called when it is reached. */
  readonly late: (taskId: string) => RequestTimeoutError;
}

/** What a {@link FollowedTask} is made with. */
export interface FollowedTaskOptions {
  readonly watch: TaskWatch;
  readonly form: TaskForm;
  readonly toolName: string | undefined;
  readonly progressToken: ProgressToken | undefined;
  readonly immediateResponse: string | undefined;
  /** How the result is read, as far as the tool is known by then. */
  readonly reader: () => ReplyReader<CallToolResult>;
  readonly clock: Clock;
  readonly defaults: RequestSettings;
  readonly requestSettings: (options: RequestOptions | undefined) => RequestSettings;
  readonly waitSettings: (options: TaskResultOptions | undefined) => WaitSettings;
  readonly updatesSignal: (options: TaskUpdatesOptions | undefined) => AbortSignal | undefined;
  readonly listen: (token: ProgressToken, onProgress: OnProgress) => Unsubscribe;
}

/** A {@link TaskHandle}. */
export class FollowedTask implements TaskHandle {
  readonly taskId: string;
  readonly toolName: string | undefined;
  readonly immediateResponse: string | undefined;
  readonly #options: FollowedTaskOptions;

  constructor(options: FollowedTaskOptions) {
    this.#options = options;
    this.taskId = options.watch.task.taskId;
    this.toolName = options.toolName;
    this.immediateResponse = options.immediateResponse;
  }

  get task(): Task {
    return this.#options.watch.task;
  }

  get status(): TaskStatus {
    return this.task.status;
  }

  async refresh(options?: RequestOptions): Promise<Task> {
    return this.#refresh(this.#options.requestSettings(options));
  }

  async result(options?: TaskResultOptions): Promise<CallToolResult> {
    return this.wait(this.#options.waitSettings(options), this.#options.reader());
  }

  /** {@link TaskHandle.result} with its settings read, as `reader` reads it. */
  async wait<T>(settings: WaitSettings, reader: ReplyReader<T>): Promise<T> {
    const { watch, form, clock, defaults, progressToken, listen } = this.#options;
    const unlisten = progressToken === undefined || settings.onProgress === undefined ? undefined : listen(progressToken, settings.onProgress);
    const bound = timedSignal(clock, settings.maxTotalTimeoutMs, () => settings.late(this.taskId), settings.signal);
    try {
      bound.signal.throwIfAborted();
      return await form.outcome({ watch, reader, clock, defaults, settings, signal: bound.signal });
    } catch (error) {
      const isGivenUp = bound.signal.aborted && settings.cancelOnAbort && !hasEnded(this.task);
      // Nobody waits for what comes of it: at worst the task runs to its end.
      if (isGivenUp) form.cancel(this.taskId, defaults).then((state) => state !== undefined && watch.take(state), () => {});
      throw error;
    } finally {
      bound.release();
      unlisten?.();
    }
  }

  async cancel(options?: RequestOptions): Promise<Task> {
    const { watch, form, requestSettings } = this.#options;
    const settings = requestSettings(options);
    if (hasEnded(this.task)) return this.task;
    try {
      watch.take((await form.cancel(this.taskId, settings)) ?? (await form.get(this.taskId, settings)));
    } catch (error) {
      if (!isInvalidParams(error)) throw error;
      // It is not there, or has ended: which of both says another question.
      if (!hasEnded(await this.#refresh(settings))) throw error;
    }
    return this.task;
  }

  updates(options?: TaskUpdatesOptions): AsyncIterable<Task> {
    return followTask(this.#options.watch, this.#options.updatesSignal(options));
  }

  toJSON(): StoredTask {
    const { form, watch, toolName, progressToken } = this.#options;
    return storedTask({ form: form.name, state: watch.state, toolName, progressToken });
  }

  async #refresh(settings: RequestSettings): Promise<Task> {
    const { watch, form } = this.#options;
    watch.take(await form.get(this.taskId, settings));
    return this.task;
  }
}

async function* followTask(watch: TaskWatch, signal: AbortSignal | undefined): AsyncGenerator<Task, void, undefined> {
  signal?.throwIfAborted();
  let news: Deferred<void> = deferred();
  let failure: { readonly cause: unknown } | undefined;
  const failed = (cause: unknown): void => {
    failure = { cause };
    news.resolve();
  };
  const unwatch = watch.watch({ heard: (_task, isNew) => (isNew ? news.resolve() : undefined), failed });
  try {
    let seen = watch.task;
    yield seen;
    while (!hasEnded(seen)) {
      if (watch.task === seen && failure === undefined) await orAbort(news.promise, signal);
      signal?.throwIfAborted();
      news = deferred();
      if (watch.task === seen) {
        if (failure !== undefined) throw failure.cause;
        continue;
      }
      seen = watch.task;
      yield seen;
    }
  } finally {
    unwatch();
  }
}
