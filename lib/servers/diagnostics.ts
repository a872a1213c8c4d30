/** What a handle tells on `node:diagnostics_channel`, to whoever in the process listens. */

import type { JSONObject } from '../base/json.ts';
import type { StateChange } from '../connection/connection-state.ts';
import type { IncomingRequest } from '../connection/incoming-requests.ts';
import type { RequestWatch, WatchedRequest } from '../connection/request-watch.ts';
import { readTraceContext } from '../features/trace-context.ts';
import type { TraceContext } from '../features/trace-context.ts';
import { addError, addOutcome, attributesOf } from './diagnostics-attributes.ts';
import type { DiagnosticsAttributes, NetworkFacts } from './diagnostics-attributes.ts';
import { diagnosticsModule } from './diagnostics-builtin.ts';
import type { DiagnosticsChannel } from './diagnostics-builtin.ts';

/** What is published on the tracing channels `barewire.request` and `barewire.answer`: one object a request, the same on each of their channels. */
export interface RequestDiagnostics {
  /** By OpenTelemetry's names; `error.type` and `rpc.response.status_code` come with the end. */
  readonly attributes: Readonly<DiagnosticsAttributes>;
  /** On `barewire.answer`: the trace that the server says its request belongs to. */
  readonly traceContext?: TraceContext | undefined;
  /** What the request rejected with; set before `error` is published. */
  readonly error?: unknown;
}

/** What is published on the channel `barewire.notification`: a notification of the server, before anybody else hears of it. */
export interface NotificationDiagnostics {
  readonly attributes: Readonly<DiagnosticsAttributes>;
  readonly traceContext?: TraceContext | undefined;
}

/** What is published on the channel `barewire.connection`. */
export interface ConnectionDiagnostics extends StateChange {
  readonly serverName: string;
}

interface Mutable {
  readonly attributes: DiagnosticsAttributes;
  traceContext?: TraceContext | undefined;
  error?: unknown;
}

/** The five channels of one tracing channel. Held here: a channel that nobody holds may be collected, and another one made in its place. */
class TracingChannels {
  readonly #start: DiagnosticsChannel;
  readonly #end: DiagnosticsChannel;
  readonly #asyncStart: DiagnosticsChannel;
  readonly #asyncEnd: DiagnosticsChannel;
  readonly #error: DiagnosticsChannel;

  constructor(channel: (name: string) => DiagnosticsChannel, name: string) {
    this.#start = channel(`tracing:${name}:start`);
    this.#end = channel(`tracing:${name}:end`);
    this.#asyncStart = channel(`tracing:${name}:asyncStart`);
    this.#asyncEnd = channel(`tracing:${name}:asyncEnd`);
    this.#error = channel(`tracing:${name}:error`);
  }

  get hasSubscribers(): boolean {
    return this.#start.hasSubscribers || this.#asyncEnd.hasSubscribers || this.#end.hasSubscribers || this.#asyncStart.hasSubscribers || this.#error.hasSubscribers;
  }

  /** Calls `begin` between `start` and `end`, as `tracePromise` does, but the promise that comes back is the one that `begin` made. */
  trace<T>(event: Mutable, begin: () => Promise<T>): Promise<T> {
    return this.#start.runStores(event, () => {
      try {
        const promise = begin();
        promise.then(
          (value) => this.#settled(event, () => addOutcome(event.attributes, value)),
          (error: unknown) => this.#settled(event, () => this.#failed(event, error)),
        );
        return promise;
      } catch (error) {
        this.#failed(event, error);
        throw error;
      } finally {
        this.#end.publish(event);
      }
    });
  }

  #settled(event: Mutable, note: () => void): void {
    note();
    this.#asyncStart.publish(event);
    this.#asyncEnd.publish(event);
  }

  #failed(event: Mutable, error: unknown): void {
    addError(event.attributes, error);
    event.error = error;
    this.#error.publish(event);
  }
}

/** What the channels of one handle are made with. */
export interface DiagnosticsOptions {
  readonly serverName: string;
  readonly network: () => NetworkFacts;
  readonly revision: () => string | undefined;
}

/** The channels of one handle. Where nobody listens, nothing is made. */
export class Diagnostics implements RequestWatch {
  readonly #options: DiagnosticsOptions;
  readonly #requests: TracingChannels;
  readonly #answers: TracingChannels;
  readonly #notifications: DiagnosticsChannel;
  readonly #connections: DiagnosticsChannel;

  /** Made with {@link newDiagnostics}. */
  constructor(options: DiagnosticsOptions, channel: (name: string) => DiagnosticsChannel) {
    this.#options = options;
    this.#requests = new TracingChannels(channel, 'barewire.request');
    this.#answers = new TracingChannels(channel, 'barewire.answer');
    this.#notifications = channel('barewire.notification');
    this.#connections = channel('barewire.connection');
  }

  get isWatched(): boolean {
    return this.#requests.hasSubscribers;
  }

  during<T>({ id, method, params, revision }: WatchedRequest, send: () => Promise<T>): Promise<T> {
    const { serverName, network } = this.#options;
    return this.#requests.trace({ attributes: attributesOf(serverName, network(), revision, method, params, id) }, send);
  }

  /** A request of the server is answered. */
  answering(request: IncomingRequest, answer: () => Promise<JSONObject>): Promise<JSONObject> {
    if (!this.#answers.hasSubscribers) return answer();
    return this.#answers.trace({ attributes: this.#attributes(request.method, request.params, request), traceContext: readTraceContext(request.params) }, answer);
  }

  /** A notification of the server came. */
  notified(method: string, params: JSONObject): void {
    if (this.#notifications.hasSubscribers) this.#notifications.publish({ attributes: this.#attributes(method, params), traceContext: readTraceContext(params) });
  }

  /** The state of the connection changed. */
  changed(change: StateChange): void {
    if (this.#connections.hasSubscribers) this.#connections.publish({ serverName: this.#options.serverName, ...change });
  }

  #attributes(method: string, params: JSONObject, request?: IncomingRequest): DiagnosticsAttributes {
    const { serverName, network, revision } = this.#options;
    return attributesOf(serverName, network(), revision(), method, params, request?.id);
  }
}

/** The channels of a handle, or `undefined` on a platform that has none. */
export function newDiagnostics(options: DiagnosticsOptions): Diagnostics | undefined {
  const diagnostics = diagnosticsModule();
  return diagnostics === undefined ? undefined : new Diagnostics(options, (name) => diagnostics.channel(name));
}
