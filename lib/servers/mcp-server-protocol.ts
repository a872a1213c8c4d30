/** The contract of a handle on one MCP server. */

/// <reference lib="esnext.disposable" preserve="true" />
import type { Unsubscribe } from '../base/listeners.ts';
import type { JSONObject } from '../base/json.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { PendingRequestInfo } from '../connection/pending-requests.ts';
import type { OnProgress, RequestOptions } from '../connection/request-settings.ts';
import type { CompletionContext } from '../features/completion.ts';
import type { ElicitURLsOptions, ElicitURLsOutcome } from '../features/elicit-urls.ts';
import type { QuestionAnswers } from '../features/input-answers.ts';
import type { ActiveExtension } from '../features/extension.ts';
import type { Middleware } from '../features/middleware.ts';
import type { ServerEvents } from '../features/server-events.ts';
import type { StoredQuestion } from '../features/stored-question.ts';
import type { StoredTask } from '../features/stored-task.ts';
import type { TaskHandle } from '../features/task-handle.ts';
import type { URLElicitationRequiredError } from '../features/url-elicitation-required.ts';
import type { SubscriptionFilter } from '../features/change-source.ts';
import type { Subscription } from '../features/subscription.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import type { EraName } from '../protocol/era.ts';
import type { Completion, CompletionArgument, CompletionReference } from '../protocol/types/completion.ts';
import type { ResourceContents } from '../protocol/types/content.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import type { AskingMethod } from '../protocol/types/input-required.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import type { GetPromptResult, ListPromptsResult, Prompt } from '../protocol/types/prompts.ts';
import type { ListResourceTemplatesResult, ListResourcesResult, Resource, ResourceTemplate } from '../protocol/types/resources.ts';
import type { ListTasksResult, Task } from '../protocol/types/tasks.ts';
import type { CallToolResult, ListToolsResult, Tool } from '../protocol/types/tools.ts';
import type { ServerVerdict } from './server-verdict.ts';

/** What `connect` takes. */
export interface ConnectOptions {
  /** Gives up waiting: rejects with the signal's reason. The attempt itself ends when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** What `complete` takes. */
export interface CompleteOptions extends RequestOptions {
  /** Arguments that were filled in before; since 2025-06-18. */
  readonly context?: CompletionContext | undefined;
}

/** What `startTask` takes. `onProgress` hears of progress until the task has ended, as far as the server reports it. */
export interface StartTaskOptions extends RequestOptions {
  /** How long the server is to keep the task and its result, milliseconds from now; it may decide otherwise, and since 2026-07-28 is not told. Default: as the server likes. */
  readonly ttlMs?: number | undefined;
  /** How often to ask for the task where the server does not say, milliseconds. Default: `limits.taskPollMs`. */
  readonly pollIntervalMs?: number | undefined;
}

/** What `resumeTask` takes. */
export interface ResumeTaskOptions {
  /** Hears of progress until the task has ended, as far as the server reports it on this connection. */
  readonly onProgress?: OnProgress | undefined;
  /** How often to ask for the task where the server does not say, milliseconds. Default: `limits.taskPollMs`. */
  readonly pollIntervalMs?: number | undefined;
}

/** What `answerQuestion` comes to, by the method of the call. */
export interface QuestionResults {
  readonly 'tools/call': CallToolResult;
  readonly 'prompts/get': GetPromptResult;
  readonly 'resources/read': ResourceContents[];
}

/** What `subscribe` takes. */
export type SubscribeOptions = Pick<RequestOptions, 'signal' | 'timeoutMs'>;

/**
 * A handle on one MCP server, whatever the road to it. Every method that asks the server rejects with `ConnectionError`
 * when there is no connection, `RequestTimeoutError` at a deadline, `RPCError` when the server answers with an
 * error, `PeerProtocolError` when it answers with nonsense, and the signal's own reason when the caller aborts. Wrong
 * arguments reject with `TypeError` or `RangeError`, and nothing is sent then. Hosts may implement it themselves.
 */
export abstract class MCPServerProtocol {
  /** The name the host gave the server. */
  abstract readonly name: string;

  /** One of six states; see `docs/architecture.md`. */
  abstract get connectionState(): ConnectionState;
  /** Why the connection is `failed`, or was; `undefined` when nothing went wrong since it was last opened. */
  abstract get connectionCause(): unknown;
  /** For display; nothing of a host should depend on it. `undefined` before the first connection. */
  abstract get era(): EraName | undefined;
  /** The agreed revision, such as `2025-06-18`. */
  abstract get protocolVersion(): string | undefined;
  /**
   * What was agreed on last, as a value to store and to give to another handle as the option `prior`. `undefined` before the first
   * connection.
   */
  abstract get verdict(): ServerVerdict | undefined;
  /** Who the server says it is. */
  abstract get serverInfo(): Implementation | undefined;
  /** What the server says it offers. */
  abstract get serverCapabilities(): ServerCapabilities | undefined;
  /** The extensions that both sides have declared, by their names, with what the server says of each; empty before the first connection. */
  abstract get extensions(): ReadonlyMap<string, ActiveExtension>;
  /** How the server wants to be used, in words for a model. Hostile, like everything a peer sends. */
  abstract get instructions(): string | undefined;
  /** The requests that wait for their answer, oldest first. */
  abstract get pendingRequests(): readonly PendingRequestInfo[];

  /**
   * Connects; does nothing when connected. Concurrent calls share one attempt.
   *
   * @throws ConnectionError with the last attempt's cause; PeerProtocolError when no protocol version could be agreed on.
   */
  abstract connect(options?: ConnectOptions): Promise<void>;

  /**
   * Lets go, from any state: idempotent, bounded in time, leaves no process, socket, timer or listener. Requests in flight
   * reject with `ConnectionError`. Afterwards `connect` may be called again.
   */
  abstract cleanup(): Promise<void>;

  /** {@link MCPServerProtocol.cleanup}, for `await using`. */
  abstract [Symbol.asyncDispose](): Promise<void>;

  /** All tools, of all pages. */
  abstract listTools(options?: RequestOptions): Promise<Tool[]>;
  /** One page of tools: the first, or the one that `nextCursor` of the page before names. */
  abstract listToolsPage(cursor?: string, options?: RequestOptions): Promise<ListToolsResult>;
  /** Tool by tool; a page is asked for when the one before is used up. */
  abstract iterateTools(options?: RequestOptions): AsyncIterable<Tool>;

  /** All resources, of all pages. */
  abstract listResources(options?: RequestOptions): Promise<Resource[]>;
  /** One page of resources. */
  abstract listResourcesPage(cursor?: string, options?: RequestOptions): Promise<ListResourcesResult>;
  /** Resource by resource. */
  abstract iterateResources(options?: RequestOptions): AsyncIterable<Resource>;

  /** All resource templates, of all pages. */
  abstract listResourceTemplates(options?: RequestOptions): Promise<ResourceTemplate[]>;
  /** One page of resource templates. */
  abstract listResourceTemplatesPage(cursor?: string, options?: RequestOptions): Promise<ListResourceTemplatesResult>;
  /** Template by template. */
  abstract iterateResourceTemplates(options?: RequestOptions): AsyncIterable<ResourceTemplate>;

  /**
   * Reads a resource: one or several parts, each with `text` or `blob` (base64).
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_URI`, `ERR_MCP_RESOURCE_NOT_FOUND`.
   */
  abstract listResourceContents(uri: string, options?: RequestOptions): Promise<ResourceContents[]>;

  /**
   * Calls a tool. A result with `isError` is a result: the tool ran, and says what went wrong. A tool that runs as a task only is started as
   * one and waited for, as is a call that the server makes a task by itself (2026-07-28, the extension io.modelcontextprotocol/tasks), as long as the call may take; where it takes
   * longer, or the caller aborts, the task is cancelled.
   *
   * @throws InvalidValueError `ERR_MCP_UNKNOWN_TOOL`, `ERR_MCP_INVALID_ARGUMENTS`; of a task as `TaskHandle.result`.
   */
  abstract callTool(toolName: string, args?: JSONObject, options?: RequestOptions): Promise<CallToolResult>;

  /**
   * Calls a tool as a task: the server answers at once with a handle, and the result comes later. 2025-11-25, experimental there; since 2026-07-28 by the extension
   * io.modelcontextprotocol/tasks, where the server decides whether a call is a task: of one that it answers at once the handle has ended. The options are those of the
   * request that starts the task.
   *
   * @throws InvalidValueError as `callTool`; `ERR_MCP_TASK_UNSUPPORTED` when the server, or this tool, runs no tasks.
   */
  abstract startTask(toolName: string, args?: JSONObject, options?: StartTaskOptions): Promise<TaskHandle>;

  /**
   * A handle on the task `taskId`, asked for now. How its result is read knows nothing of its tool; `resumeTask` does.
   *
   * @throws InvalidValueError `ERR_MCP_TASK_NOT_FOUND`; `ERR_MCP_UNSUPPORTED_METHOD` of a server that has no tasks.
   */
  abstract getTask(taskId: string, options?: RequestOptions): Promise<TaskHandle>;

  /**
   * Takes up a task whose handle was stored as JSON by this process or another one. Nothing is sent, and no connection is needed yet.
   *
   * @throws TypeError for what is no object; InvalidValueError `ERR_MCP_STORED_TASK` for what is no stored task.
   */
  abstract resumeTask(stored: StoredTask, options?: ResumeTaskOptions): TaskHandle;

  /** All tasks that the server lets this client see, of all pages. Not every server that has tasks lists them; since 2026-07-28 none does. */
  abstract listTasks(options?: RequestOptions): Promise<Task[]>;
  /** One page of tasks. */
  abstract listTasksPage(cursor?: string, options?: RequestOptions): Promise<ListTasksResult>;
  /** Task by task. */
  abstract iterateTasks(options?: RequestOptions): AsyncIterable<Task>;

  /** All prompts, of all pages. */
  abstract listPrompts(options?: RequestOptions): Promise<Prompt[]>;
  /** One page of prompts. */
  abstract listPromptsPage(cursor?: string, options?: RequestOptions): Promise<ListPromptsResult>;
  /** Prompt by prompt. */
  abstract iteratePrompts(options?: RequestOptions): AsyncIterable<Prompt>;

  /**
   * A prompt with its arguments filled in by the server.
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS` when the server knows no such prompt, or refuses its arguments.
   */
  abstract getPrompt(promptName: string, args?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<GetPromptResult>;

  /**
   * Values that could complete an argument of a prompt or of a resource template: 100 at most, whatever the server sends.
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS` when the server knows no such prompt, template or argument.
   */
  abstract complete(reference: CompletionReference, argument: CompletionArgument, options?: CompleteOptions): Promise<Completion>;

  /**
   * Follows changes: of the lists, and of what the resources `uris` hold. Each resource is subscribed to once on the server, however many
   * subscriptions hold it. After a reconnect, and in a new session, the server is asked again, and the subscription tells a `gap`; what is
   * refused then is a `fault`, and asked for again on the next connection. What the server does not offer to tell of the lists is missing
   * in `honoured`. Source: MCP, server, "Resources", "Subscriptions", and "List Changed Notification" of each list.
   *
   * A modern server is asked with one long request for all subscriptions and listeners: `timeoutMs` and `signal` bound the wait for its acknowledgement,
   * which leaves out what it does not tell. When the stream is lost or ended it is opened again, and a `gap` is told; after `limits.maxReconnects` tries in a row
   * the subscription is over. Source: 2026-07-28, basic, patterns, "Subscriptions".
   *
   * @throws InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD`, `unsent`, for `uris` where the server did not declare `resources.subscribe`;
   * `ERR_MCP_RESOURCE_NOT_FOUND`, `ERR_MCP_INVALID_URI`.
   */
  abstract subscribe(filter: SubscriptionFilter, options?: SubscribeOptions): Promise<Subscription>;

  /**
   * Asks the server for log messages of `level` and above only; they come as the event `log`. The level is remembered: it is asked for again
   * after a reconnect and in a new session, where a refusal is a `fault`. A modern server is asked for nothing: every request says the level from here on,
   * unless its own `meta` says another one.
   *
   * @throws InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD`, `unsent`, when the server did not declare `logging`.
   */
  abstract setLogLevel(level: ServerLogLevel, options?: RequestOptions): Promise<void>;

  /**
   * Tells the server that `handlers.roots` would give another list now. Servers since 2026-07-28 are told nothing: they ask when they want to know.
   *
   * @throws InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD` without `handlers.roots`, as nothing is declared then; ConnectionError
   * `ERR_MCP_NOT_CONNECTED`.
   */
  abstract notifyRootsChanged(): void;

  /**
   * What a request needs that was refused with `URLElicitationRequiredError`: `handlers.elicitation.url` is asked for each visit of the error,
   * one after the other, and the server is waited for to say that all are completed. Then the request may be sent again. Not every
   * server says so: give the user a way to go on, through `signal`.
   *
   * @throws TypeError without that handler, and for another error; InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD` of a server of another revision than
   *   2025-11-25, as only that one says so; ConnectionError when there is no connection, and when it ends; RequestTimeoutError
   *   after `timeoutMs`; the reason of `signal`; what the handler throws.
   */
  abstract elicitURLs(error: URLElicitationRequiredError, options?: ElicitURLsOptions): Promise<ElicitURLsOutcome>;

  /**
   * Goes on with a call that its server answered with a question, in this process or another one: `stored` is the `question` of an
   * `InputRequiredError`, or the same from JSON. `answers`: one for each thing that was asked, by its name, or `handlers`, which ask
   * now. Comes to what the call would have come to. Since 2026-07-28.
   *
   * @throws TypeError or RangeError for answers that do not fit the question; InvalidValueError `ERR_MCP_STORED_QUESTION`, and `ERR_MCP_UNSUPPORTED_METHOD`
   *   where the server asks in no such way; InputRequiredError, when it asks again and is not answered; what the call itself throws.
   */
  abstract answerQuestion<Method extends AskingMethod>(stored: StoredQuestion<Method>, answers: QuestionAnswers | 'handlers', options?: RequestOptions): Promise<QuestionResults[Method]>;

  /** Asks whether the server is there: with `ping`, and a modern one with `server/discover`. */
  abstract ping(options?: RequestOptions): Promise<void>;

  /**
   * Gives up the request `requestId` (see `pendingRequests`): its call rejects with an `AbortError` whose message is
   * `reason`, and the server is told. False when no such request waits. Beside `options.signal`, which needs no id.
   */
  abstract cancelRequest(requestId: RequestId, reason?: string): boolean;

  /** Listens. A listener that throws or rejects harms nobody; it is told to the logger. */
  abstract on<Name extends keyof ServerEvents>(event: Name, listener: (payload: ServerEvents[Name]) => unknown): Unsubscribe;

  /**
   * Adds a middleware, inside of those that are there. What is on its way already does not meet it, and still does after it
   * was taken back.
   *
   * @throws TypeError for what is no middleware.
   */
  abstract use(middleware: Middleware): Unsubscribe;
}
