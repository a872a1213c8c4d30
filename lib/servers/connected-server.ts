/** The contract kept over a connection; what is particular to a road comes in as {@link Road}. */

/// <reference lib="esnext.disposable" preserve="true" />
import { ConnectionError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { abortSignal, functionOption, checkKeys, describe, oneOf } from '../base/options.ts';
import { settled } from '../base/quiet.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { PendingRequestInfo } from '../connection/pending-requests.ts';
import { resolveRequestOptions } from '../connection/request-settings.ts';
import type { RequestOptions, RequestSettings } from '../connection/request-settings.ts';
import { ping } from '../features/acknowledged.ts';
import { complete } from '../features/completion.ts';
import { checkVisitsComplete, elicitURLs } from '../features/elicit-urls.ts';
import type { ElicitURLsOptions, ElicitURLsOutcome } from '../features/elicit-urls.ts';
import { checkAnswers } from '../features/input-answers.ts';
import type { QuestionAnswers } from '../features/input-answers.ts';
import type { ActiveExtension } from '../features/extension.ts';
import type { Middleware } from '../features/middleware.ts';
import { ROOTS_CHANGED, rootsNotDeclared } from '../features/roots.ts';
import { SERVER_EVENTS, isListEvent } from '../features/server-events.ts';
import type { ServerEvents } from '../features/server-events.ts';
import { asksInNoSuchWay, checkStoredQuestion, withAnswers } from '../features/stored-question.ts';
import type { StoredQuestion } from '../features/stored-question.ts';
import { checkStoredTask } from '../features/stored-task.ts';
import type { StoredTask } from '../features/stored-task.ts';
import type { TaskHandle } from '../features/task-handle.ts';
import type { SubscriptionFilter } from '../features/change-source.ts';
import type { Subscription } from '../features/subscription.ts';
import { resolveFilter } from '../features/subscriptions.ts';
import type { URLElicitationRequiredError } from '../features/url-elicitation-required.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { isRequestId } from '../jsonrpc/request-id.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import type { EraName } from '../protocol/era.ts';
import type { Completion, CompletionArgument, CompletionReference } from '../protocol/types/completion.ts';
import type { ResourceContents } from '../protocol/types/content.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import type { AskingMethod } from '../protocol/types/input-required.ts';
import { SERVER_LOG_LEVELS } from '../protocol/types/logging.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import type { GetPromptResult, ListPromptsResult, Prompt } from '../protocol/types/prompts.ts';
import type { ListResourceTemplatesResult, ListResourcesResult, Resource, ResourceTemplate } from '../protocol/types/resources.ts';
import type { ListTasksResult, Task } from '../protocol/types/tasks.ts';
import type { CallToolResult, ListToolsResult, Tool } from '../protocol/types/tools.ts';
import { checkArgs, checkContext, checkCursor, checkReference, checkString, checkStrings, checkTaskSettings, TASK_OPTION_NAMES } from './call-arguments.ts';
import type { Road } from './lifecycle.ts';
import { MCPServerProtocol } from './mcp-server-protocol.ts';
import type { CompleteOptions, ConnectOptions, QuestionResults, ResumeTaskOptions, StartTaskOptions, SubscribeOptions } from './mcp-server-protocol.ts';
import { verdictOf } from './server-verdict.ts';
import type { ServerVerdict } from './server-verdict.ts';
import { ServerParts } from './server-parts.ts';
import type { ConnectedServerOptions } from './server-parts.ts';

/** A handle over a connection: reads what it is called with, and asks the part that can. */
export class ConnectedServer extends MCPServerProtocol {
  readonly name: string;
  readonly #parts: ServerParts;

  constructor(options: ConnectedServerOptions, road: Road) {
    super();
    this.name = options.serverName;
    this.#parts = new ServerParts(options, road);
  }

  get connectionState(): ConnectionState {
    return this.#parts.connection.state;
  }

  get connectionCause(): unknown {
    return this.#parts.connection.cause;
  }

  get era(): EraName | undefined {
    return this.#parts.connection.agreement?.era.name;
  }

  get protocolVersion(): string | undefined {
    return this.#parts.connection.agreement?.era.revision;
  }

  get verdict(): ServerVerdict | undefined {
    const { agreement } = this.#parts.connection;
    return agreement === undefined ? undefined : verdictOf(agreement);
  }

  get serverInfo(): Implementation | undefined {
    return this.#parts.connection.agreement?.serverInfo;
  }

  get serverCapabilities(): ServerCapabilities | undefined {
    return this.#parts.connection.agreement?.capabilities;
  }

  get extensions(): ReadonlyMap<string, ActiveExtension> {
    return this.#parts.extensions.active;
  }

  get instructions(): string | undefined {
    return this.#parts.connection.agreement?.instructions;
  }

  get pendingRequests(): readonly PendingRequestInfo[] {
    return this.#parts.connection.pendingRequests;
  }

  connect(options: ConnectOptions = {}): Promise<void> {
    return settled(async () => {
      checkKeys('options', options, ['signal']);
      await this.#parts.lifecycle.connect(abortSignal('options.signal', options['signal']));
    });
  }

  cleanup(): Promise<void> {
    this.#parts.subscriptions.endAll({ how: 'local' });
    return this.#parts.lifecycle.cleanup();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  listTools(options?: RequestOptions): Promise<Tool[]> {
    return settled(() => this.#parts.tools.list(this.#settings(options)));
  }

  listToolsPage(cursor?: string, options?: RequestOptions): Promise<ListToolsResult> {
    return settled(() => this.#parts.tools.page(checkCursor(cursor), this.#settings(options)));
  }

  iterateTools(options?: RequestOptions): AsyncIterable<Tool> {
    return this.#parts.tools.iterate(this.#settings(options));
  }

  listResources(options?: RequestOptions): Promise<Resource[]> {
    return settled(() => this.#parts.resources.all(this.#settings(options)));
  }

  listResourcesPage(cursor?: string, options?: RequestOptions): Promise<ListResourcesResult> {
    return settled(() => this.#parts.resources.list.page(checkCursor(cursor), this.#settings(options)));
  }

  iterateResources(options?: RequestOptions): AsyncIterable<Resource> {
    return this.#parts.resources.list.iterate(this.#settings(options));
  }

  listResourceTemplates(options?: RequestOptions): Promise<ResourceTemplate[]> {
    return settled(() => this.#parts.resources.templates.all(this.#settings(options)));
  }

  listResourceTemplatesPage(cursor?: string, options?: RequestOptions): Promise<ListResourceTemplatesResult> {
    return settled(() => this.#parts.resources.templates.page(checkCursor(cursor), this.#settings(options)));
  }

  iterateResourceTemplates(options?: RequestOptions): AsyncIterable<ResourceTemplate> {
    return this.#parts.resources.templates.iterate(this.#settings(options));
  }

  listResourceContents(uri: string, options?: RequestOptions): Promise<ResourceContents[]> {
    return settled(() => this.#parts.resources.read(checkString('uri', uri), this.#settings(options)));
  }

  callTool(toolName: string, args?: JSONObject, options?: RequestOptions): Promise<CallToolResult> {
    // The hot path: no wrapper, so that a call is one promise.
    try {
      if (typeof toolName !== 'string') checkString('toolName', toolName);
      if (args !== undefined && !isObject(args)) throw new TypeError(`args must be an object; got ${describe(args)}`);
      return this.#parts.tools.call(toolName, args, options === undefined ? this.#parts.defaults : this.#settings(options));
    } catch (error) {
      return settled(() => Promise.reject(error));
    }
  }

  startTask(toolName: string, args?: JSONObject, options?: StartTaskOptions): Promise<TaskHandle> {
    return settled(() => {
      checkString('toolName', toolName);
      return this.#parts.tasks.start(toolName, checkArgs(args), resolveRequestOptions(options, this.#parts.defaults, TASK_OPTION_NAMES), checkTaskSettings(options));
    });
  }

  getTask(taskId: string, options?: RequestOptions): Promise<TaskHandle> {
    return settled(() => this.#parts.tasks.find(checkString('taskId', taskId), this.#settings(options)));
  }

  resumeTask(stored: StoredTask, options: ResumeTaskOptions = {}): TaskHandle {
    const record = checkStoredTask(stored, this.#parts.limits);
    checkKeys('options', options, ['onProgress', 'pollIntervalMs']);
    return this.#parts.tasks.resume(record, checkTaskSettings(options));
  }

  listTasks(options?: RequestOptions): Promise<Task[]> {
    return settled(() => this.#parts.tasks.list.all(this.#settings(options)));
  }

  listTasksPage(cursor?: string, options?: RequestOptions): Promise<ListTasksResult> {
    return settled(() => this.#parts.tasks.list.page(checkCursor(cursor), this.#settings(options)));
  }

  iterateTasks(options?: RequestOptions): AsyncIterable<Task> {
    return this.#parts.tasks.list.iterate(this.#settings(options));
  }

  listPrompts(options?: RequestOptions): Promise<Prompt[]> {
    return settled(() => this.#parts.prompts.all(this.#settings(options)));
  }

  listPromptsPage(cursor?: string, options?: RequestOptions): Promise<ListPromptsResult> {
    return settled(() => this.#parts.prompts.list.page(checkCursor(cursor), this.#settings(options)));
  }

  iteratePrompts(options?: RequestOptions): AsyncIterable<Prompt> {
    return this.#parts.prompts.list.iterate(this.#settings(options));
  }

  getPrompt(promptName: string, args?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<GetPromptResult> {
    return settled(() => {
      checkString('promptName', promptName);
      return this.#parts.prompts.get(promptName, checkStrings('args', args), this.#settings(options));
    });
  }

  complete(reference: CompletionReference, argument: CompletionArgument, options?: CompleteOptions): Promise<Completion> {
    return settled(() => {
      checkReference(reference);
      checkKeys('argument', argument, ['name', 'value']);
      checkString('argument.name', argument.name);
      checkString('argument.value', argument.value);
      const settings = resolveRequestOptions(options, this.#parts.defaults, ['context']);
      return complete(this.#parts.requester, reference, argument, checkContext(options?.context), settings);
    });
  }

  setLogLevel(level: ServerLogLevel, options?: RequestOptions): Promise<void> {
    return settled(async () => {
      const wanted = oneOf('level', level, SERVER_LOG_LEVELS);
      const settings = this.#settings(options);
      await this.#parts.reconnected('setLogLevel', settings);
      return this.#parts.serverLogLevel.set(wanted, settings);
    });
  }

  subscribe(filter: SubscriptionFilter, options: SubscribeOptions = {}): Promise<Subscription> {
    return settled(() => {
      const wanted = resolveFilter(filter);
      checkKeys('options', options, ['signal', 'timeoutMs']);
      return this.#parts.subscriptions.subscribe(wanted, this.#settings(options));
    });
  }

  notifyRootsChanged(): void {
    if (this.#parts.connection.capabilities.roots === undefined) throw rootsNotDeclared();
    const { agreement, state } = this.#parts.connection;
    // Where there is no such notification, servers ask when they want to know.
    if (state === 'connected' && agreement?.era.mayTravel(ROOTS_CHANGED, 'client') === false) return;
    this.#parts.connection.notify(ROOTS_CHANGED, undefined);
  }

  elicitURLs(error: URLElicitationRequiredError, options: ElicitURLsOptions = {}): Promise<ElicitURLsOutcome> {
    return settled(() => {
      const { state, cause, agreement } = this.#parts.connection;
      if (state !== 'connected') throw new ConnectionError('ERR_MCP_NOT_CONNECTED', `elicitURLs needs a connection; the connection to ${this.name} is ${state}`, { details: { state }, cause });
      checkVisitsComplete(this.name, agreement?.era);
      return elicitURLs(error, this.#parts.elicitation, this.#parts.hostContext, options);
    });
  }

  answerQuestion<Method extends AskingMethod>(stored: StoredQuestion<Method>, answers: QuestionAnswers | 'handlers', options?: RequestOptions): Promise<QuestionResults[Method]>;
  answerQuestion(stored: StoredQuestion, answers: QuestionAnswers | 'handlers', options?: RequestOptions): Promise<unknown> {
    return settled(async () => {
      const record = checkStoredQuestion(stored, this.#parts.limits);
      const settings = this.#settings(options);
      settings.signal?.throwIfAborted();
      const given = answers === 'handlers' ? undefined : await checkAnswers(record, answers, this.#parts.hostContext);
      await this.#parts.reconnected('answerQuestion', settings);
      if (!this.#parts.connection.agreedFor(record.method).era.mayAskBack(record.method)) throw asksInNoSuchWay(record.method);
      const responses = answers === 'handlers' ? await this.#parts.rounds.answer(record, settings) : given;
      const asker = { 'tools/call': this.#parts.tools, 'prompts/get': this.#parts.prompts, 'resources/read': this.#parts.resources }[record.method];
      return asker.resume(withAnswers(record.params, responses, record.asked.requestState), settings);
    });
  }

  ping(options?: RequestOptions): Promise<void> {
    return settled(async () => {
      const settings = this.#settings(options);
      await this.#parts.reconnected('ping', settings);
      return ping(this.#parts.requester, () => this.#parts.connection.agreement?.era, settings);
    });
  }

  cancelRequest(requestId: RequestId, reason: string = 'Request cancelled'): boolean {
    if (!isRequestId(requestId)) throw new TypeError(`requestId must be a string or an integer; got ${describe(requestId)}`);
    return this.#parts.connection.cancel(requestId, checkString('reason', reason));
  }

  on<Name extends keyof ServerEvents>(event: Name, listener: (payload: ServerEvents[Name]) => unknown): Unsubscribe {
    const off = this.#parts.listeners.on(oneOf('event', event, SERVER_EVENTS) as Name, functionOption('listener', listener));
    if (!isListEvent(event)) return off;
    this.#parts.listenersChanged();
    return () => {
      off();
      this.#parts.listenersChanged();
    };
  }

  use(middleware: Middleware): Unsubscribe {
    return this.#parts.middlewares.add(middleware);
  }

  #settings(options: RequestOptions | undefined): RequestSettings {
    return resolveRequestOptions(options, this.#parts.defaults);
  }
}
