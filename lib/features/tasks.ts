/** Calls that go on as tasks of the server. Source: 2025-11-25, basic, utilities, "Tasks" (experimental there). */

import type { Clock } from '../base/clock.ts';
import { InvalidValueError, LimitError, RequestTimeoutError } from '../base/errors.ts';
import type { MCPError, RPCError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { ListenerFault, Unsubscribe } from '../base/listeners.ts';
import { abortSignal, checkKeys, flag } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { resolveRequestOptions } from '../connection/request-settings.ts';
import type { OnProgress, RequestSettings } from '../connection/request-settings.ts';
import { uniquePrefix } from '../connection/unique-prefix.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { runsToolsAsTasks } from '../protocol/capabilities.ts';
import { checkCreatedTask, checkListTasksResult } from '../protocol/checks/tasks.ts';
import type { CreatedTask } from '../protocol/checks/tasks.ts';
import type { Agreement } from '../protocol/era.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';
import type { ListTasksResult, Task } from '../protocol/types/tasks.ts';
import type { CallToolResult } from '../protocol/types/tools.ts';
import { PagedList } from './paged-list.ts';
import type { Requester } from './requester.ts';
import type { TaskRecord } from './stored-task.ts';
import { CoreTaskForm } from './task-form.ts';
import { FollowedTask } from './task-handle.ts';
import type { TaskHandle, TaskResultOptions, TaskUpdatesOptions, WaitSettings } from './task-handle.ts';
import { TaskProgress } from './task-progress.ts';
import { TaskWatch } from './task-watch.ts';
import type { ReadyCall } from './tools.ts';

/** What is asked of a new task, or of one that is taken up. */
export interface TaskSettings {
  /** How long the server is to keep it, milliseconds; the server may decide otherwise. */
  readonly ttlMs?: number | undefined;
  /** How often to ask for it where the server does not say, milliseconds. */
  readonly pollIntervalMs?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** What is known of the tools that are run. */
export interface TaskTools {
  reader(name: string | undefined): ReplyReader<CallToolResult>;
  readyAsTask(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<ReadyCall>;
}

/** What {@link Tasks} are made with. */
export interface TasksOptions {
  readonly requester: Requester;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly defaults: RequestSettings;
  readonly tools: TaskTools;
  /** What was agreed on with the server, once there is that. */
  readonly agreement: () => Agreement | undefined;
  readonly isConnected: () => boolean;
  readonly callbackFault: ListenerFault;
}

/** The tasks of one server. */
export class Tasks {
  readonly list: PagedList<ListTasksResult, Task>;
  readonly #options: TasksOptions;
  readonly #form: CoreTaskForm;
  readonly #progress: TaskProgress;
  /** Those that somebody follows at the moment. */
  readonly #followed = new Map<string, Set<TaskWatch>>();
  #tokenPrefix: string | undefined;
  #tokens = 0;

  constructor(options: TasksOptions) {
    const { requester, limits } = options;
    this.#options = options;
    this.#form = new CoreTaskForm(requester);
    this.#progress = new TaskProgress(limits.maxTaskListeners, options.callbackFault);
    this.list = new PagedList(requester, { method: 'tasks/list', check: checkListTasksResult, items: (page) => page.tasks, maxPages: limits.maxPages });
  }

  /** Whether the server runs tools as tasks; true too while nothing is agreed on, as the request says that better. */
  get areOffered(): boolean {
    const agreement = this.#options.agreement();
    return agreement === undefined || (agreement.era.mayTravel('tasks/get', 'client') && runsToolsAsTasks(agreement.capabilities));
  }

  /**
   * Calls a tool as a task.
   *
   * @throws InvalidValueError `ERR_MCP_TASK_UNSUPPORTED`, and as a call does.
   */
  async start(name: string, args: JSONObject | undefined, settings: RequestSettings, wanted: TaskSettings): Promise<TaskHandle> {
    if (!this.areOffered) throw unsupported(`The server cannot run tools as tasks; callTool calls ${quote(name)}`, { toolName: name });
    const ready = await this.#options.tools.readyAsTask(name, args, settings);
    return this.#create(ready, wanted);
  }

  /** A call of a tool that runs as a task only, as a call like any other: its deadline ends the task. `undefined` where the server has no tasks. */
  run(call: ReadyCall): Promise<CallToolResult> | undefined {
    return this.areOffered ? this.#run(call) : undefined;
  }

  /** The task `taskId`, asked for. */
  async find(taskId: string, settings: RequestSettings): Promise<TaskHandle> {
    const task = await this.#form.get(taskId, settings);
    return this.#handle({ form: 'core', task, toolName: undefined, progressToken: undefined }, true, undefined, {});
  }

  /** Takes up a task that was started by this process or another one. Nothing is sent. */
  resume(record: TaskRecord, wanted: TaskSettings): TaskHandle {
    return this.#handle(record, false, undefined, wanted);
  }

  /** The server says by itself how a task stands. */
  changed(task: Task): void {
    for (const watch of [...(this.#followed.get(task.taskId) ?? [])]) watch.told(task);
  }

  /** Progress of no request that waits. */
  progressed(token: ProgressToken, progress: Progress): void {
    this.#progress.hear(token, progress);
  }

  /** The host lets go of the server: nobody follows any task from here on. */
  letGo(cause: unknown): void {
    for (const watches of [...this.#followed.values()]) for (const watch of [...watches]) watch.fail(cause);
  }

  async #run(call: ReadyCall): Promise<CallToolResult> {
    const { clock } = this.#options;
    const { name, settings } = call;
    const startedAt = clock.now();
    const task = await this.#create(call, {});
    const { timeoutMs, maxTotalTimeoutMs, resetTimeoutOnProgress } = settings;
    // Every answer that the task goes on is progress.
    const wholeMs = resetTimeoutOnProgress ? maxTotalTimeoutMs : Math.min(timeoutMs, maxTotalTimeoutMs);
    const late = (taskId: string): RequestTimeoutError => {
      const message = `The tool ${quote(name)}, which runs as a task, did not end within ${wholeMs} ms; startTask gives a handle that waits longer`;
      return new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', message, { details: { method: 'tools/call', taskId, timeoutMs: wholeMs }, delivery: 'unknown' });
    };
    const leftMs = Math.max(1, this.#bounded(wholeMs) - (clock.now() - startedAt));
    return task.wait({ ...settings, onProgress: undefined, maxTotalTimeoutMs: leftMs, cancelOnAbort: true, late });
  }

  async #create({ name, args, settings, tool }: ReadyCall, wanted: TaskSettings): Promise<FollowedTask> {
    const { requester, limits } = this.#options;
    const task = wanted.ttlMs === undefined ? {} : { ttl: wanted.ttlMs };
    const params = args === undefined ? { name, task } : { name, arguments: args, task };
    const given = settings.meta === undefined ? undefined : (own(settings.meta, 'progressToken') as ProgressToken | undefined);
    const progressToken = given ?? this.#newToken();
    // From before the request on: a report may come in the same moment as the answer.
    const unlisten = settings.onProgress === undefined ? undefined : this.#progress.listen(progressToken, settings.onProgress);
    try {
      const meta = { ...settings.meta, progressToken };
      const created = await requester.request('tools/call', params, { ...settings, meta }, this.#createdReader(name));
      if (created.task.taskId.length > limits.maxTaskIdCharacters) throw idTooLong(created.task.taskId.length, limits);
      return this.#handle({ form: 'core', task: created.task, toolName: name, progressToken }, true, created, wanted, unlisten, tool?.reader);
    } catch (error) {
      unlisten?.();
      throw error;
    }
  }

  #createdReader(toolName: string): ReplyReader<CreatedTask> {
    const calls = this.#options.tools.reader(toolName);
    const refuse = (error: RPCError): MCPError => {
      if (error.rpcCode === RPC_ERROR.methodNotFound || error.rpcCode === RPC_ERROR.invalidRequest) return unsupported(error.message, { ...error.details, toolName }, error);
      return calls.refuse?.(error) ?? error;
    };
    return { read: checkCreatedTask, refuse };
  }

  #handle(record: TaskRecord, isFresh: boolean, created: CreatedTask | undefined, wanted: TaskSettings, unlisten?: Unsubscribe, known?: ReplyReader<CallToolResult>): FollowedTask {
    const { clock, limits, defaults, tools, isConnected } = this.#options;
    const { task, toolName, progressToken } = record;
    const resumed = progressToken === undefined || isFresh || wanted.onProgress === undefined ? undefined : this.#progress.listen(progressToken, wanted.onProgress);
    const watch = new TaskWatch(task, isFresh, {
      clock,
      limits,
      pollIntervalMs: wanted.pollIntervalMs,
      isConnected,
      poll: (signal) => this.#form.get(task.taskId, { ...defaults, signal }),
      following: (follower) => this.#follow(task.taskId, follower),
      ended: () => {
        unlisten?.();
        resumed?.();
      },
    });
    return new FollowedTask({
      watch,
      form: this.#form,
      toolName,
      progressToken,
      immediateResponse: created?.immediateResponse,
      reader: () => known ?? tools.reader(toolName),
      clock,
      defaults,
      requestSettings: (options) => resolveRequestOptions(options, defaults),
      waitSettings: (options) => this.#waitSettings(options),
      updatesSignal,
      listen: (token, onProgress) => this.#progress.listen(token, onProgress),
    });
  }

  #follow(taskId: string, watch: TaskWatch): Unsubscribe {
    const watches = this.#followed.get(taskId) ?? new Set();
    this.#followed.set(taskId, watches.add(watch));
    return () => {
      watches.delete(watch);
      if (watches.size === 0 && this.#followed.get(taskId) === watches) this.#followed.delete(taskId);
    };
  }

  #waitSettings(options: TaskResultOptions | undefined): WaitSettings {
    const settings = resolveRequestOptions(options, this.#options.defaults, ['cancelOnAbort']);
    const cancelOnAbort = options?.cancelOnAbort === undefined ? false : flag('options.cancelOnAbort', options.cancelOnAbort);
    const maxTotalTimeoutMs = this.#bounded(settings.maxTotalTimeoutMs);
    const late = (taskId: string): RequestTimeoutError => {
      const message = `The task ${quote(taskId)} did not end within ${maxTotalTimeoutMs} ms; it may go on`;
      return new RequestTimeoutError('ERR_MCP_TOTAL_TIMEOUT', message, { details: { taskId, timeoutMs: maxTotalTimeoutMs }, delivery: 'unknown' });
    };
    return { ...settings, maxTotalTimeoutMs, cancelOnAbort, late };
  }

  /** The time for a whole wait, where the host does not say. */
  #bounded(maxTotalTimeoutMs: number): number {
    return maxTotalTimeoutMs === Infinity ? this.#options.limits.taskWaitMs : maxTotalTimeoutMs;
  }

  /** Not the id of the request: another connection may have a request of the same id while the task goes on. */
  #newToken(): string {
    this.#tokenPrefix ??= uniquePrefix();
    return `${this.#tokenPrefix}-${++this.#tokens}`;
  }
}

function updatesSignal(options: TaskUpdatesOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  checkKeys('options', options, ['signal']);
  return abortSignal('options.signal', options['signal']);
}

function unsupported(message: string, details: JSONObject, cause?: RPCError): InvalidValueError {
  return new InvalidValueError('ERR_MCP_TASK_UNSUPPORTED', message, { details, cause, delivery: cause === undefined ? 'unsent' : 'answered' });
}

function idTooLong(characters: number, { maxTaskIdCharacters }: Limits): LimitError {
  const message = `The id of a task may have ${maxTaskIdCharacters} characters; the server gave one of ${characters}`;
  return new LimitError('maxTaskIdCharacters', message, { details: { most: maxTaskIdCharacters }, delivery: 'answered' });
}
