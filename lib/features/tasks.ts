/** Calls that go on as tasks of the server. Source: 2025-11-25, basic, utilities, "Tasks" (experimental there); the extension io.modelcontextprotocol/tasks. */

import type { Clock } from '../base/clock.ts';
import { LimitError, RequestTimeoutError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { abortSignal, checkKeys, flag } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { resolveRequestOptions } from '../connection/request-settings.ts';
import type { OnProgress, RequestSettings } from '../connection/request-settings.ts';
import { uniquePrefix } from '../connection/unique-prefix.ts';
import { checkTaskResult } from '../protocol/checks/detailed-task.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';
import type { ListTasksResult, Task, TaskState } from '../protocol/types/tasks.ts';
import type { CallToolResult } from '../protocol/types/tools.ts';
import type { ExtendedCall } from './extension.ts';
import { AnsweredTaskForm } from './extension-task-form.ts';
import type { KnownTool } from './known-tool.ts';
import type { PagedList } from './paged-list.ts';
import { startedReader } from './started-task.ts';
import type { StartedTask } from './started-task.ts';
import type { TaskRecord } from './stored-task.ts';
import { tasksUnsupported } from './task-form.ts';
import { TaskForms } from './task-forms.ts';
import type { TaskFormsOptions } from './task-forms.ts';
import { FollowedTask } from './task-handle.ts';
import type { TaskHandle, TaskResultOptions, TaskUpdatesOptions, WaitSettings } from './task-handle.ts';
import type { TaskListening } from './task-listening.ts';
import type { TaskProgress } from './task-progress.ts';
import { TaskWatch, hasEnded } from './task-watch.ts';
import type { TasksExtensionPort } from './tasks-extension.ts';
import type { CallParams, ReadyCall } from './tools.ts';

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
  readyAsTask(name: string, args: JSONObject | undefined, settings: RequestSettings, isAsked: boolean): Promise<ReadyCall>;
  send<T>(params: CallParams, settings: RequestSettings, tool: KnownTool | undefined, reader: () => ReplyReader<T>): Promise<T>;
}

/** What {@link Tasks} are made with. */
export interface TasksOptions extends TaskFormsOptions {
  readonly clock: Clock;
  readonly defaults: RequestSettings;
  readonly tools: TaskTools;
  readonly progress: TaskProgress;
  readonly isConnected: () => boolean;
  /** Lets the server tell of tasks by itself, where the host lets it. */
  readonly listening: TaskListening | undefined;
}

/** What else a handle is made with. */
interface HandleExtras {
  /** The server said how the task stands just now. */
  readonly isFresh: boolean;
  readonly immediateResponse?: string | undefined;
  /** Takes back a listener of progress when the task has ended. */
  readonly unlisten?: Unsubscribe | undefined;
  /** Reads the result, where the tool is known. */
  readonly reader?: ReplyReader<CallToolResult> | undefined;
}

const AS_JSON: ReplyReader<JSONObject> = Object.freeze({ read: (result: JSONObject) => result });

/** The tasks of one server. */
export class Tasks implements TasksExtensionPort {
  readonly #options: TasksOptions;
  readonly #forms: TaskForms;
  /** Those that somebody follows at the moment. */
  readonly #followed = new Map<string, Set<TaskWatch>>();
  #tokenPrefix: string | undefined;
  #tokens = 0;

  constructor(options: TasksOptions) {
    this.#options = options;
    this.#forms = new TaskForms(options);
  }

  get list(): PagedList<ListTasksResult, Task> {
    return this.#forms.list;
  }

  /** {@link TaskForms.areOffered}. */
  get areOffered(): boolean {
    return this.#forms.areOffered;
  }

  /** {@link TaskForms.areAskedFor}. */
  get areAskedFor(): boolean {
    return this.#forms.areAskedFor;
  }

  /**
   * Calls a tool as a task.
   *
   * @throws InvalidValueError `ERR_MCP_TASK_UNSUPPORTED`, and as a call does.
   */
  async start(name: string, args: JSONObject | undefined, settings: RequestSettings, wanted: TaskSettings): Promise<TaskHandle> {
    if (!this.areOffered) throw tasksUnsupported(`The server cannot run tools as tasks; callTool calls ${quote(name)}`, { toolName: name });
    const ready = await this.#options.tools.readyAsTask(name, args, settings, this.areAskedFor);
    return this.#create(ready, wanted);
  }

  /** A call of a tool that runs as a task only, as a call like any other: its deadline ends the task. `undefined` where no task has to be asked for. */
  run(call: ReadyCall): Promise<CallToolResult> | undefined {
    return this.areAskedFor && this.areOffered ? this.#run(call) : undefined;
  }

  /** What a call comes to that the server has made a task by itself: its deadline ends the task. */
  async completed(result: JSONObject, { params, rounds, signal }: ExtendedCall): Promise<JSONObject> {
    const { defaults, limits } = this.#options;
    const state = this.#fitting(checkTaskResult(result));
    const name = own(params ?? {}, 'name');
    const toolName = typeof name === 'string' ? name : undefined;
    const task = this.#handle({ form: 'extension', state, toolName, progressToken: undefined }, { isFresh: true }, {});
    return task.wait({ ...defaults, signal, rounds, maxTotalTimeoutMs: limits.taskWaitMs, cancelOnAbort: true, late: (taskId) => endsLate(taskId, limits.taskWaitMs) }, AS_JSON);
  }

  /** The task `taskId`, asked for. */
  async find(taskId: string, settings: RequestSettings): Promise<TaskHandle> {
    const form = this.#forms.agreed ?? 'core';
    const state = await this.#forms.of(form).get(taskId, settings);
    return this.#handle({ form, state, toolName: undefined, progressToken: undefined }, { isFresh: true }, {});
  }

  /** Takes up a task that was started by this process or another one. Nothing is sent. */
  resume(record: TaskRecord, wanted: TaskSettings): TaskHandle {
    return this.#handle(record, { isFresh: false }, wanted);
  }

  /** The server says by itself how a task stands. */
  told(state: TaskState): void {
    for (const watch of [...(this.#followed.get(state.task.taskId) ?? [])]) watch.told(state);
  }

  /** Progress of no request that waits. */
  progressed(token: ProgressToken, progress: Progress): void {
    this.#options.progress.hear(token, progress);
  }

  /** There is a connection. */
  connected(): void {
    this.#options.listening?.restart();
  }

  /** The host lets go of the server: nobody follows any task from here on. */
  letGo(cause: unknown): void {
    for (const watches of [...this.#followed.values()]) for (const watch of [...watches]) watch.fail(cause);
    this.#options.listening?.stop();
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
    return task.wait({ ...settings, onProgress: undefined, maxTotalTimeoutMs: leftMs, cancelOnAbort: true, late }, this.#readerOf(call));
  }

  async #create(call: ReadyCall, wanted: TaskSettings): Promise<FollowedTask> {
    const { clock, tools, progress } = this.#options;
    const { name, args, settings, tool } = call;
    const task = this.areAskedFor ? { task: wanted.ttlMs === undefined ? {} : { ttl: wanted.ttlMs } } : {};
    const params = args === undefined ? { name, ...task } : { name, arguments: args, ...task };
    const given = settings.meta === undefined ? undefined : (own(settings.meta, 'progressToken') as ProgressToken | undefined);
    const progressToken = given ?? this.#newToken();
    // From before the request on: a report may come in the same moment as the answer.
    const unlisten = settings.onProgress === undefined ? undefined : progress.listen(progressToken, settings.onProgress);
    try {
      const meta = { ...settings.meta, progressToken };
      // A task that is made twice runs twice, whatever its tool says of itself.
      const retry = settings.retry === 'idempotent' ? 'safe' : settings.retry;
      const reader = (): ReplyReader<StartedTask> => startedReader({ name, calls: this.#readerOf(call), isAsked: () => this.areAskedFor, date: () => clock.date() });
      const started = await tools.send(params, { ...settings, meta, retry, takes: 'task' }, tool, reader);
      const { form, immediateResponse } = started;
      const record = { form, state: this.#fitting(started.state), toolName: name, progressToken };
      return this.#handle(record, { isFresh: true, immediateResponse, unlisten, reader: tool?.reader }, wanted);
    } catch (error) {
      unlisten?.();
      throw error;
    }
  }

  #readerOf({ name, tool }: ReadyCall): ReplyReader<CallToolResult> {
    return tool?.reader ?? this.#options.tools.reader(name);
  }

  #handle(record: TaskRecord, { isFresh, immediateResponse, unlisten, reader }: HandleExtras, wanted: TaskSettings): FollowedTask {
    const { clock, limits, defaults, tools, isConnected, progress } = this.#options;
    const { state, toolName, progressToken } = record;
    const { taskId } = state.task;
    const form = record.form === 'answered' ? new AnsweredTaskForm(state) : this.#forms.of(record.form);
    const resumed = progressToken === undefined || isFresh || wanted.onProgress === undefined ? undefined : progress.listen(progressToken, wanted.onProgress);
    const over = (): void => {
      unlisten?.();
      resumed?.();
    };
    const watch = new TaskWatch(state, isFresh, {
      clock,
      limits,
      pollIntervalMs: wanted.pollIntervalMs,
      isConnected,
      poll: (signal) => form.get(taskId, { ...defaults, signal }),
      following: (follower) => this.#follow(taskId, follower, form.name === 'extension'),
      ended: over,
    });
    if (hasEnded(state.task)) over();
    return new FollowedTask({
      watch,
      form,
      toolName,
      progressToken,
      immediateResponse,
      reader: () => reader ?? tools.reader(toolName),
      clock,
      defaults,
      requestSettings: (options) => resolveRequestOptions(options, defaults),
      waitSettings: (options) => this.#waitSettings(options),
      updatesSignal,
      listen: (token, onProgress) => progress.listen(token, onProgress),
    });
  }

  /** `isAsked`: the server tells of tasks that it is asked to tell of, and of no other. */
  #follow(taskId: string, watch: TaskWatch, isAsked: boolean): Unsubscribe {
    const watches = this.#followed.get(taskId) ?? new Set();
    this.#followed.set(taskId, watches.add(watch));
    if (isAsked) this.#options.listening?.add(taskId);
    return () => {
      watches.delete(watch);
      if (watches.size > 0 || this.#followed.get(taskId) !== watches) return;
      this.#followed.delete(taskId);
      this.#options.listening?.remove(taskId);
    };
  }

  /** @throws LimitError for a task whose id is too long. */
  #fitting(state: TaskState): TaskState {
    const { length } = state.task.taskId;
    if (length > this.#options.limits.maxTaskIdCharacters) throw idTooLong(length, this.#options.limits);
    return state;
  }

  #waitSettings(options: TaskResultOptions | undefined): WaitSettings {
    const settings = resolveRequestOptions(options, this.#options.defaults, ['cancelOnAbort']);
    const cancelOnAbort = options?.cancelOnAbort === undefined ? false : flag('options.cancelOnAbort', options.cancelOnAbort);
    const maxTotalTimeoutMs = this.#bounded(settings.maxTotalTimeoutMs);
    return { ...settings, maxTotalTimeoutMs, cancelOnAbort, late: (taskId) => endsLate(taskId, maxTotalTimeoutMs) };
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

function endsLate(taskId: string, timeoutMs: number): RequestTimeoutError {
  const message = `The task ${quote(taskId)} did not end within ${timeoutMs} ms; it may go on`;
  return new RequestTimeoutError('ERR_MCP_TOTAL_TIMEOUT', message, { details: { taskId, timeoutMs }, delivery: 'unknown' });
}

function updatesSignal(options: TaskUpdatesOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  checkKeys('options', options, ['signal']);
  return abortSignal('options.signal', options['signal']);
}

function idTooLong(characters: number, { maxTaskIdCharacters }: Limits): LimitError {
  const message = `The id of a task may have ${maxTaskIdCharacters} characters; the server gave one of ${characters}`;
  return new LimitError('maxTaskIdCharacters', message, { details: { most: maxTaskIdCharacters }, delivery: 'answered' });
}
