/** All that one handle is made of, and how it hangs together: what goes out through what, and who hears of what comes in. */

import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { ConnectionError, isMCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { Listeners } from '../base/listeners.ts';
import type { ListenerFault } from '../base/listeners.ts';
import { createLog } from '../base/log.ts';
import type { Log } from '../base/log.ts';
import { Connection } from '../connection/connection.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { Answerer, IncomingRequest } from '../connection/incoming-requests.ts';
import { defaultRequestSettings } from '../connection/request-settings.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { ping } from '../features/acknowledged.ts';
import { TASKS_EXTENSION, resolveExtension } from '../features/extension.ts';
import { ExtensionResults } from '../features/extension-results.ts';
import { Extensions } from '../features/extensions.ts';
import { ElicitationBook, hearingElicitations } from '../features/elicitation-book.ts';
import type { ElicitationHandlers } from '../features/elicitation.ts';
import { handlersFeature } from '../features/handlers.ts';
import { answererOf } from '../features/host-feature.ts';
import type { HostAnswer, HostContext } from '../features/host-feature.ts';
import type { HandlerPort } from '../features/input-answers.ts';
import { InputRounds } from '../features/input-rounds.ts';
import { ListChanges } from '../features/list-changes.ts';
import { Middlewares } from '../features/middlewares.ts';
import { WantedLogLevel } from '../features/log-level.ts';
import { ParamMirrors } from '../features/param-mirrors.ts';
import type { MirrorPolicy } from '../features/param-mirrors.ts';
import { Prompts } from '../features/prompts.ts';
import { withRelatedTask } from '../features/related-task.ts';
import type { Requester } from '../features/requester.ts';
import { ListenSource } from '../features/listen-source.ts';
import { ResultCache } from '../features/result-cache.ts';
import { ResourceSubscriptions } from '../features/resource-subscriptions.ts';
import { Resources } from '../features/resources.ts';
import { NOTHING_MORE, hearNotification, isListEvent } from '../features/server-events.ts';
import type { Emit, ListEvent, ServerEvents } from '../features/server-events.ts';
import { TaskListening } from '../features/task-listening.ts';
import { TaskProgress } from '../features/task-progress.ts';
import { Tasks } from '../features/tasks.ts';
import { tasksExtension } from '../features/tasks-extension.ts';
import { isNothing } from '../features/change-filter.ts';
import type { ChangeSource, WantedChanges } from '../features/change-source.ts';
import { Subscriptions } from '../features/subscriptions.ts';
import { Tools } from '../features/tools.ts';
import { traceStamp } from '../features/trace-context.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { ClientCapabilities } from '../protocol/capabilities.ts';
import { ASKING_METHODS } from '../protocol/checks/input-required.ts';
import { withExtensions } from '../protocol/extensions.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import type { Task } from '../protocol/types/tasks.ts';
import type { ResolvedCommonOptions } from './common-options.ts';
import { newDiagnostics } from './diagnostics.ts';
import type { Diagnostics } from './diagnostics.ts';
import { HealthCheck } from './health-check.ts';
import { Lifecycle } from './lifecycle.ts';
import type { LifecyclePolicy, Road } from './lifecycle.ts';
import { OutgoingRequests } from './outgoing-requests.ts';

/** What every road's options come to. */
export interface ConnectedServerOptions extends ResolvedCommonOptions, LifecyclePolicy {
  readonly requestTimeoutMs: number;
  readonly healthCheckIntervalMs: number;
  /** How often a request is sent again by itself. */
  readonly maxRequestRetries: number;
  /** Whether the stream for what the server sends by itself is opened for who listens; left out: it is. */
  readonly listens?: boolean | undefined;
  /** What of calls may be said in headers, on a road that has them. */
  readonly mirrorParameters?: MirrorPolicy | undefined;
}

const LETS_GO: ReadonlySet<ConnectionState> = new Set(['disconnecting', 'disconnected']);

/** The parts of one handle. What each can do is its own; here is only who is told of what. */
export class ServerParts {
  readonly name: string;
  readonly connection: Connection;
  readonly lifecycle: Lifecycle;
  readonly #health: HealthCheck;
  readonly #outgoing: OutgoingRequests;
  readonly listeners: Listeners<ServerEvents>;
  readonly #log: Log;
  readonly limits: Limits;
  readonly defaults: RequestSettings;
  readonly hostContext: HostContext;
  readonly elicitation: ElicitationHandlers;
  readonly middlewares: Middlewares;
  readonly rounds: InputRounds;
  readonly extensions: Extensions;
  readonly #handlers: HandlerPort;
  readonly #progress: TaskProgress;
  readonly #diagnostics: Diagnostics | undefined;
  readonly #cache: ResultCache | undefined;
  readonly requester: Requester;
  readonly tools: Tools;
  readonly tasks: Tasks;
  readonly resources: Resources;
  readonly prompts: Prompts;
  /** Makes {@link ServerParts.#changes} when a list changes first. */
  readonly #newChanges: () => ListChanges;
  #changes: ListChanges | undefined;
  readonly subscriptions: Subscriptions;
  readonly serverLogLevel: WantedLogLevel;
  readonly #listens: boolean;

  constructor(options: ConnectedServerOptions, road: Road) {
    const { serverName: name, limits, clock = systemClock } = options;
    this.name = name;
    this.limits = limits;
    this.defaults = defaultRequestSettings(options.requestTimeoutMs);
    this.#log = createLog(options.logger, options.logLevel);
    this.listeners = new Listeners((event, cause) => this.#callbackFault(`A listener of "${event}"`, cause));
    const fault = (error: ServerEvents['fault']): void => this.#fault(error);
    const callbackFault: ListenerFault = (what, cause) => this.#callbackFault(what, cause);
    const elicitations = new ElicitationBook(limits.maxKnownElicitations);
    this.hostContext = { serverName: name, clock, limits, callbackFault, fault, elicitations };
    this.elicitation = options.handlers.elicitation ?? {};
    const asked = handlersFeature(options.handlers, this.hostContext);
    this.#diagnostics = newDiagnostics({ serverName: name, network: () => road.network(), revision: () => this.connection.agreement?.era.revision });
    this.#outgoing = new OutgoingRequests(options, { road, clock, defaults: this.defaults, connection: () => this.connection, lifecycle: () => this.lifecycle });
    const hear = (method: string, params: JSONObject): void => {
      // Servers may log without end: nothing is read that nobody hears.
      if (method === 'notifications/message' && !this.listeners.has('log')) return;
      if (!this.extensions.hears(method, params)) hearNotification(method, params, this.#emit);
    };
    this.extensions = this.#newExtensions(options);
    this.#progress = new TaskProgress(limits.maxTaskListeners, callbackFault);
    const answerer = withRelatedTask(answererOf(asked, (request, answer) => this.#answer(request, answer)));
    this.#cache = this.#newCache(options, road, clock);
    this.#handlers = { clock, limits, answerer, offers: (method) => asked.answers.has(method), fault };
    this.rounds = new InputRounds({
      ...this.#handlers,
      requester: this.#cache ?? this.#outgoing,
      mayAskBack: (method) => this.#mayAskBack(method),
      reconnected: (what, settings) => this.reconnected(what, settings),
    });
    const extended = this.#newExtensionResults(clock);
    const asking = this.elicitation.url === undefined ? extended : hearingElicitations(extended, elicitations);
    this.middlewares = new Middlewares({ serverName: name, clock, limits, requester: asking, hear, callbackFault, fault });
    this.requester = this.middlewares;
    this.connection = this.#newConnection(options, clock, asked.capabilities, answerer);
    this.lifecycle = this.#newLifecycle(options, clock, road);
    this.#health = this.#newHealthCheck(options, clock);
    const { checkArguments, checkResults } = options;
    const isHeard = (event: ListEvent): boolean => this.listeners.has(event);
    const mirrors = this.#newMirrors(options);
    this.tools = new Tools(this.requester, { clock, limits, defaults: this.defaults, checkArguments, checkResults, isHeard, mirrors, fault, tasks: () => this.tasks });
    this.resources = new Resources(this.requester, limits, this.defaults, isHeard);
    this.prompts = new Prompts(this.requester, limits, this.defaults, isHeard);
    this.#newChanges = () => this.#newListChanges(options, clock);
    this.tasks = this.#newTasks(options, clock);
    this.subscriptions = this.#newSubscriptions(options);
    this.serverLogLevel = this.#newLogLevel(options);
    this.#listens = options.listens ?? true;
  }

  #newConnection({ serverName: name, limits, offer, traceContext }: ConnectedServerOptions, clock: Clock, capabilities: ClientCapabilities, answerer: Answerer): Connection {
    return new Connection({
      name,
      clock,
      limits,
      offer: { ...offer, capabilities: withExtensions(capabilities, this.extensions.declared), extensions: this.extensions.all },
      answerer,
      watch: this.#diagnostics,
      metaFor: traceContext === undefined ? undefined : traceStamp(traceContext, { callbackFault: this.hostContext.callbackFault, warn: (message) => this.#log.warn(`${name}: ${message}`) }),
      events: {
        changed: (change) => this.#changed(change),
        notified: (method, params, exchange) => this.#notified(method, params, exchange),
        progressed: (request, progress) => {
          // For every report of every request: nothing is made that nobody hears.
          if (this.listeners.has('progress')) this.listeners.emit('progress', { requestId: request.id, method: request.method, ...progress });
        },
        unclaimedProgress: (token, progress) => this.tasks.progressed(token, progress),
        fault: (error) => this.#fault(error),
        gap: () => {
          this.#cache?.clear();
          this.#emit('gap', NOTHING_MORE);
        },
        callbackFault: this.hostContext.callbackFault,
      },
    });
  }

  #newLifecycle(policy: ConnectedServerOptions, clock: Clock, road: Road): Lifecycle {
    return new Lifecycle({
      name: this.name,
      connection: this.connection,
      road,
      policy,
      limits: this.limits,
      clock,
      log: this.#log,
      fault: (error) => this.#fault(error),
      gaveUp: (cause) => {
        this.subscriptions.endAll({ how: 'lost', cause });
        this.rounds.letGo(cause);
      },
    });
  }

  #newHealthCheck({ healthCheckIntervalMs: intervalMs }: ConnectedServerOptions, clock: Clock): HealthCheck {
    return new HealthCheck({
      name: this.name,
      clock,
      intervalMs,
      framesReceived: () => this.connection.framesReceived,
      isBusy: () => this.connection.isWatched,
      ping: () => ping(this.connection, () => this.connection.agreement?.era, this.defaults),
      failed: (cause) => this.connection.lose(cause),
    });
  }

  #newMirrors({ mirrorParameters }: ConnectedServerOptions): ParamMirrors {
    return new ParamMirrors({
      isOn: () => this.connection.mirrorsParams,
      policy: mirrorParameters ?? true,
      log: (message) => this.#log.info(`${this.name}: ${message}`),
      callbackFault: this.hostContext.callbackFault,
    });
  }

  #newExtensions({ extensions, tasksExtension: hasTasks, limits }: ConnectedServerOptions): Extensions {
    const { callbackFault, fault } = this.hostContext;
    const tasks = tasksExtension(limits, {
      completed: (result, call) => this.tasks.completed(result, call),
      told: (state) => {
        this.tasks.told(state);
        this.listeners.emit('taskChanged', state.task);
      },
    });
    return new Extensions({
      extensions: hasTasks ? [resolveExtension('the tasks extension', tasks), ...extensions] : extensions,
      agreement: () => this.connection.agreement,
      requester: () => this.requester,
      defaults: this.defaults,
      callbackFault,
      fault,
    });
  }

  #newExtensionResults(clock: Clock): ExtensionResults {
    return new ExtensionResults({
      serverName: this.name,
      clock,
      limits: this.limits,
      requester: this.rounds,
      extensions: this.extensions,
      progress: this.#progress,
      mayBeExtended: (method) => this.#mayBeExtended(method),
    });
  }

  #newTasks({ listens = true }: ConnectedServerOptions, clock: Clock): Tasks {
    const { limits } = this;
    const want = (filter: WantedChanges, refused: () => void): void => this.subscriptions.want('tasks', filter, refused);
    return new Tasks({
      requester: this.requester,
      clock,
      limits,
      defaults: this.defaults,
      tools: this.tools,
      progress: this.#progress,
      handlers: this.#handlers,
      agreement: () => this.connection.agreement,
      isExtended: () => this.extensions.active.has(TASKS_EXTENSION),
      isConnected: () => this.connection.state === 'connected',
      listening: listens ? new TaskListening({ clock, limits, want }) : undefined,
    });
  }

  #newListChanges({ limits, refreshLists: refreshes }: ConnectedServerOptions, clock: Clock): ListChanges {
    return new ListChanges({
      clock,
      limits,
      lists: { toolsChanged: this.tools, resourcesChanged: this.resources, promptsChanged: this.prompts },
      refreshes,
      emit: (event, payload) => this.listeners.emit(event, payload),
      fault: (error) => this.#fault(error),
    });
  }

  #newCache({ cache, limits, serverName: name }: ConnectedServerOptions, road: Road, clock: Clock): ResultCache | undefined {
    const { enabled, shared, staleOnError, publicAcrossCredentials } = cache;
    if (!enabled) return undefined;
    if (shared && road.results === undefined) throw new TypeError('cache.shared needs a sessionManager that others can share');
    return new ResultCache({
      name,
      clock,
      limits,
      requester: this.#outgoing,
      isOn: () => this.connection.agreement?.era.caches === true && !LETS_GO.has(this.connection.state),
      asker: (signal) => road.asker?.(signal) ?? '',
      staleOnError,
      publicAcrossCredentials,
      shared: shared ? road.results : undefined,
      fault: (error) => this.#fault(error),
    });
  }

  /** Whether the server may ask before it answers. Of one that is being connected again nobody knows the era. */
  #mayAskBack(method: string): boolean {
    if (this.lifecycle.recovery !== undefined) return ASKING_METHODS.some((known) => known === method);
    return this.connection.agreement?.era.mayAskBack(method) === true;
  }

  /** Whether an extension may complete what the server answers. Of one that is being connected again nobody knows which it has. */
  #mayBeExtended(method: string): boolean {
    if (this.lifecycle.recovery !== undefined) return this.extensions.mayComplete.has(method);
    return this.connection.agreement?.era.mayBeExtended(method) === true;
  }

  #answer(request: IncomingRequest, answer: HostAnswer): Promise<JSONObject> {
    const diagnostics = this.#diagnostics;
    const run = () => this.middlewares.answer(request, answer);
    return diagnostics === undefined ? run() : diagnostics.answering(request, run);
  }

  #notified(method: string, params: JSONObject, exchange: RequestId | undefined): void {
    this.#diagnostics?.notified(method, params);
    this.#cache?.notified(method, params);
    if (!this.subscriptions.admits(method, params, exchange)) return;
    this.middlewares.hear(method, params);
  }

  #newSubscriptions({ limits }: ConnectedServerOptions): Subscriptions {
    return new Subscriptions({
      maxQueuedChanges: limits.maxQueuedChanges,
      defaults: this.defaults,
      ready: (settings) => this.ready('subscribe', settings),
      newSource: () => this.#newSource(),
      missed: (honoured) => this.#missed(honoured),
      fault: (error) => this.#fault(error),
    });
  }

  #newSource(): ChangeSource {
    const { clock, serverName, fault } = this.hostContext;
    const shared = { serverName, capabilities: this.connection.agreement?.capabilities ?? {}, limits: this.limits, direct: this.connection };
    if (this.connection.agreement?.era.listensByRequest !== true) return new ResourceSubscriptions({ ...shared, requester: this.requester });
    return new ListenSource({ ...shared, direct: this.#outgoing.direct, clock, timeoutMs: this.defaults.timeoutMs, gap: (honoured) => this.#missed(honoured), fault });
  }

  #newLogLevel({ serverName, serverLogLevel }: ConnectedServerOptions): WantedLogLevel {
    const port = {
      serverName,
      requester: this.requester,
      direct: this.connection,
      agreement: () => this.connection.agreement,
      ready: (settings: RequestSettings) => this.ready('setLogLevel', settings),
      stamp: (level: ServerLogLevel | undefined) => {
        this.connection.logLevel = level;
      },
    };
    return new WantedLogLevel(port, serverLogLevel);
  }

  /** Waits for a connection where one is being made: the server may come back in another era, and is asked in another way then. */
  async reconnected(what: string, { timeoutMs, signal }: RequestSettings): Promise<void> {
    if (this.lifecycle.recovery !== undefined) await this.lifecycle.recovered(what, timeoutMs, signal);
  }

  /** As {@link ServerParts.reconnected}. What asks for it needs a connection, whatever it does then. */
  async ready(what: string, settings: RequestSettings): Promise<void> {
    await this.reconnected(what, settings);
    settings.signal?.throwIfAborted();
    this.connection.agreedFor(what);
  }

  /** What somebody listens for has to be told, where a server tells only what it is asked to. */
  listenersChanged(): void {
    if (!this.#listens) return;
    const [tools, prompts, resources] = (['toolsChanged', 'promptsChanged', 'resourcesChanged'] as const).map((event) => this.listeners.has(event));
    this.subscriptions.want('listeners', { tools: tools === true, prompts: prompts === true, resources: resources === true, uris: [] });
  }

  /** Changes of what `honoured` names may have been told to nobody: the lists are asked for again for who listens. */
  #missed({ tools, prompts, resources, uris, taskIds = [] }: WantedChanges): void {
    // Tasks are asked for all the same: of them nothing is missed.
    if (taskIds.length > 0 && isNothing({ tools, prompts, resources, uris })) return;
    this.#cache?.clear();
    this.#emit('gap', NOTHING_MORE);
    const lists = { toolsChanged: tools, promptsChanged: prompts, resourcesChanged: resources };
    for (const [event, isTold] of Object.entries(lists) as [ListEvent, boolean][]) if (isTold && this.listeners.has(event)) this.#listChanged(event);
  }

  #changed(change: ServerEvents['stateChanged']): void {
    if (change.to === 'connected') this.#health.start();
    else this.#health.stop();
    if (change.from === 'connected') this.hostContext.elicitations.ended(change.cause);
    if (change.to !== 'failed') this.#cache?.clear();
    this.tools.restart();
    if (change.to === 'connected') {
      this.extensions.restart();
      this.tasks.connected();
    }
    this.#changes?.stop();
    if (change.to === 'disconnected') for (const list of [this.tools, this.resources, this.prompts]) list.letGo();
    // A lost connection may come back, and tasks go on meanwhile; one that the host closed does not.
    if (change.to === 'disconnecting' || change.to === 'disconnected') {
      this.tasks.letGo(this.#closed());
      this.rounds.letGo(this.#closed());
    }
    this.lifecycle.changed(change);
    this.#diagnostics?.changed(change);
    this.#subscriptionsFollow(change);
    this.listeners.emit('stateChanged', change);
    // What the server sent by itself in between went to nobody.
    if (change.to === 'connected' && this.lifecycle.isRecovering) this.listeners.emit('gap', NOTHING_MORE);
  }

  #subscriptionsFollow({ from, to, cause }: ServerEvents['stateChanged']): void {
    if (from === 'connected') this.subscriptions.disconnected(isMCPError(cause) ? cause : this.#closed());
    if (to !== 'connected') return;
    this.subscriptions.connected();
    this.serverLogLevel.connected(this.defaults, (error) => {
      // One that the end of the connection ended is asked for again on the next one.
      if (this.connection.state === 'connected') this.#fault(error);
    });
  }

  readonly #emit: Emit = (event, payload) => {
    if (event === 'taskChanged') this.tasks.told({ task: payload as Task });
    if (event === 'elicitationCompleted' && !this.hostContext.elicitations.complete((payload as ServerEvents['elicitationCompleted']).elicitationId)) return;
    if (!this.subscriptions.isEmpty) this.subscriptions.heard(event, payload);
    if (!isListEvent(event)) return this.listeners.emit(event, payload);
    this.#listChanged(event);
  };

  #listChanged(event: ListEvent): void {
    this.#changes ??= this.#newChanges();
    this.#changes.heard(event);
  }

  #closed(): ConnectionError {
    return new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.name} was closed`);
  }

  #fault(error: ServerEvents['fault']): void {
    this.#log.warn(`${this.name}: ${error.message}`, { code: error.code });
    this.listeners.emit('fault', error);
  }

  #callbackFault(what: string, cause: unknown): void {
    this.#log.error(`${what} of the host failed for ${this.name}`, { cause });
  }
}
