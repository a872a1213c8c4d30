/** Who answers whom: requests and replies over one opened transport after another. */

import type { Clock } from '../base/clock.ts';
import { ConnectionError, InvalidValueError, PeerProtocolError, isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { ListenerFault } from '../base/listeners.ts';
import { quiet } from '../base/quiet.ts';
import { encodeError, encodeNotification, encodeResult } from '../jsonrpc/codec.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { Misfit } from '../protocol/checks/check.ts';
import { checkCancelledId, checkProgress, checkProgressToken } from '../protocol/checks/notifications.ts';
import type { ClientCapabilities } from '../protocol/capabilities.ts';
import type { Agreement, EraName } from '../protocol/era.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';
import type { Transport } from '../transport/transport.ts';
import { ConnectionState, ConnectionStateMachine } from './connection-state.ts';
import type { ConnectionEvent, StateChange } from './connection-state.ts';
import { Inbound } from './inbound.ts';
import { IncomingRequests } from './incoming-requests.ts';
import type { Answerer } from './incoming-requests.ts';
import type { InboundPort } from './inbound.ts';
import { Link } from './link.ts';
import { invalidParams } from './misfit-errors.ts';
import type { Offer } from './negotiation.ts';
import { Opening } from './opening.ts';
import type { Restored } from './opening.ts';
import { endedByProbe } from './probe-verdict.ts';
import { Outgoing } from './outgoing.ts';
import type { PendingRequest, PendingRequestInfo, ReplyReader } from './pending-requests.ts';
import { reportProgress } from './progress.ts';
import type { RequestSettings } from './request-settings.ts';
import type { RequestWatch } from './request-watch.ts';

/** What a connection tells who holds it. */
export interface ConnectionEvents {
  /** The state changed; every request that this ends is settled before. */
  changed(change: StateChange): void;
  /**
   * A notification that reports no progress; `exchange`: the request on whose exchange it came, if it came on one. May throw a Misfit when its
   * params are not what the protocol says.
   */
  notified(method: string, params: JSONObject, exchange: RequestId | undefined): void;
  /** Progress of a request that waits. */
  progressed(request: PendingRequest, progress: Progress): void;
  /** Progress of no request that waits: it is late, or of a call that goes on after its answer. */
  unclaimedProgress(token: ProgressToken, progress: Progress): void;
  /** Something is wrong, but the connection goes on. */
  fault(error: MCPError): void;
  /** What the server sent by itself may be lost. */
  gap(): void;
  /** A callback of the host threw or rejected. */
  readonly callbackFault: ListenerFault;
}

/** What a connection is made with. */
export interface ConnectionOptions {
  /** The server's name, for messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly offer: Offer;
  readonly events: ConnectionEvents;
  /** Answers what the server asks. */
  readonly answerer: Answerer;
  /** Sees every request go and settle, where somebody looks. */
  readonly watch?: RequestWatch | undefined;
  /** What a request carries as `_meta`, from what its caller gave; asked once for each that goes out after the agreement. */
  readonly metaFor?: ((meta: JSONObject | undefined) => JSONObject | undefined) | undefined;
}

/** What is known of the server before it is asked. */
export interface Foreknowledge {
  readonly restored?: Restored | undefined;
  /** The era that it was found to be of before. */
  readonly era?: EraName | undefined;
}

const NO_PARAMS: JSONObject = Object.freeze({});

/** A connection that can be opened, lost and opened again; one transport at a time. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #machine = new ConnectionStateMachine();
  readonly #outgoing: Outgoing;
  #link: Link | undefined;
  #inbound: Inbound | undefined;
  #incoming: IncomingRequests | undefined;
  /** What was agreed on last; kept after the end, for display. */
  #agreement: Agreement | undefined;
  /** How the last attempt began. */
  #opening: Opening | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { name, clock, limits, watch, metaFor, events } = options;
    this.#outgoing = new Outgoing({
      name,
      clock,
      limits,
      watch,
      metaFor,
      link: () => this.#link,
      isInUse: (link) => link === this.#link && this.#machine.state === ConnectionState.CONNECTED,
      sessionLost: (link, id) => this.#sessionLost(link, id),
      fault: (error) => events.fault(error),
    });
  }

  get state(): ConnectionState {
    return this.#machine.state;
  }

  get cause(): unknown {
    return this.#machine.cause;
  }

  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  /** Whether the last attempt ended because the server did not bear to be probed: a legacy one may, at its start. */
  get endedByProbe(): boolean {
    return this.#opening?.isProbing === true && endedByProbe(this.cause);
  }

  /** What is declared to the server. */
  get capabilities(): ClientCapabilities {
    return this.#options.offer.capabilities;
  }

  /** How many frames came in on the present transport. */
  get framesReceived(): number {
    return this.#inbound?.frames ?? 0;
  }

  /** The session that the server named, on a road that has sessions. */
  get sessionId(): string | undefined {
    return this.#link?.sessionId;
  }

  /** Whether a request waits whose deadline watches over the connection. */
  get isWatched(): boolean {
    return this.#outgoing.pending.hasDeadline;
  }

  /** What every request says from here on of the log messages that it wants, in an era in which it says so. */
  set logLevel(level: ServerLogLevel | undefined) {
    this.#outgoing.logLevel = level;
  }

  /** Whether params that a server marks are said in headers too. */
  get mirrorsParams(): boolean {
    const link = this.#link;
    return link?.agreement?.era.mirrorsParams === true && link.transport.channel === 'exchange';
  }

  /** The requests that wait, oldest first. */
  get pendingRequests(): readonly PendingRequestInfo[] {
    const now = this.#outgoing.pending.now();
    return Array.from(this.#outgoing.pending.values(), ({ id, method, openedAt }) => ({ id, method, ageMs: now - openedAt }));
  }

  /**
   * Opens `transport` and agrees with the server. One attempt: whatever goes wrong, or `signal` firing, ends it with the
   * state `failed`; the rejection is the first cause. What the transport has left then is for {@link Connection.sweep}. What was
   * `restored` is proven before it is trusted; where it does not hold, the server is negotiated with after all.
   */
  async open(transport: Transport, signal: AbortSignal, { restored, era }: Foreknowledge = {}): Promise<void> {
    this.#apply('open');
    this.#opening = undefined;
    const link = new Link(transport);
    const inbound = new Inbound(this.#inboundPort(link, this.#incomingOn(link)));
    this.#link = link;
    this.#inbound = inbound;
    const { opening } = link;
    const giveUp = () => opening.abort(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await transport.open(inbound, opening.signal);
      opening.signal.throwIfAborted();
      this.#apply('opened');
      const agreeing = new Opening(link, this.#outgoing, this.#options);
      this.#opening = agreeing;
      if (restored === undefined || !(await agreeing.takesUp(restored))) await agreeing.agree(era);
      opening.signal.throwIfAborted();
      this.#agreement = link.agreement;
      this.#apply('agreed');
      if (link.agreement?.era.hasStandaloneStream === true) transport.listen?.(link.headers);
    } catch (cause) {
      throw this.#openingFailed(inbound, opening, cause);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /**
   * Closes, from any state; resolves when nothing is left of the transport, or `signal` fired. Requests in flight are
   * rejected first. During {@link Connection.open} it wins: the attempt ends. Where `endsSession` says so, the
   * server is told that its session is over; it is asked behind everything else.
   */
  async close(signal: AbortSignal, endsSession: () => Promise<boolean>): Promise<void> {
    const { state } = this.#machine;
    if (state === ConnectionState.DISCONNECTED || state === ConnectionState.DISCONNECTING) return;
    const closed = new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.name} was closed`);
    const link = this.#link;
    this.#apply('close', undefined, closed);
    this.#inbound?.stop();
    link?.opening.abort(closed);
    if (link?.sessionId !== undefined && (await endsSession())) await link.transport.endSession?.(link.headers, signal);
    await link?.transport.close(signal);
    this.#apply('ended');
  }

  /** Ends the connection because it is of no use any more. What the transport has left then is for {@link Connection.sweep}. */
  lose(cause: MCPError): void {
    if (this.#link !== undefined) this.#ended(this.#link, cause);
  }

  /** Closes what a lost connection left behind. Resolves when nothing is left, or `signal` fired. */
  async sweep(signal: AbortSignal): Promise<void> {
    await this.#link?.transport.close(signal);
  }

  /**
   * Sends a request. The promise settles once: with what `reader` makes of the reply, or with the first of answer, abort,
   * deadline and end of the connection.
   */
  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>): Promise<T> {
    try {
      settings.signal?.throwIfAborted();
      const link = this.#requireLink(method);
      return this.#outgoing.request(link, method, params, settings, reader);
    } catch (error) {
      return quiet(Promise.reject(error));
    }
  }

  /**
   * Gives up the request `id`: it rejects with an `AbortError` that carries `reason`, and the server is told. False when no
   * such request waits.
   */
  cancel(id: RequestId, reason: string): boolean {
    return this.#outgoing.giveUp(id, new DOMException(reason, 'AbortError'), reason);
  }

  /**
   * What was agreed on, where `method` may be sent.
   *
   * @throws ConnectionError `ERR_MCP_NOT_CONNECTED`; InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD`.
   */
  agreedFor(method: string): Agreement {
    return this.#requireLink(method).agreement as Agreement;
  }

  /** Ends the connection with `cause`: its server is not the one that was agreed with. */
  giveUp(cause: ConnectionError): void {
    if (this.#link !== undefined && this.#machine.state === ConnectionState.CONNECTED) this.#ended(this.#link, cause);
  }

  /** Sends a notification. One that cannot be sent harms nobody; it is told as a fault. */
  notify(method: string, params: JSONObject | undefined): void {
    const link = this.#requireLink(method);
    this.#outgoing.transmit(link, encodeNotification(method, params, this.#options.limits));
  }

  #incomingOn(link: Link): IncomingRequests {
    const { clock, limits, answerer, events } = this.#options;
    const incoming = new IncomingRequests({
      clock,
      limits,
      answerer,
      answer: (id, result) => this.#outgoing.transmit(link, encodeResult(id, result, limits)),
      refuse: (id, code, message, data) => this.#outgoing.transmit(link, encodeError(id, code, message, limits, data)),
      progressed: (params) => this.#outgoing.tell(link, 'notifications/progress', params),
      failed: (what, cause) => events.callbackFault(what, cause),
      fault: (error) => events.fault(error),
    });
    this.#incoming = incoming;
    return incoming;
  }

  #inboundPort(link: Link, incoming: IncomingRequests): InboundPort {
    const { limits, events } = this.#options;
    return {
      pending: this.#outgoing.pending,
      ids: link.ids,
      isAbandoned: (id) => link.isAbandoned(id),
      limits,
      era: () => link.agreement?.era,
      notified: (method, params, exchange) => this.#notified(method, params, incoming, exchange),
      asked: (id, method, params) => incoming.begin(id, method, params),
      answer: (id, result) => this.#outgoing.transmit(link, encodeResult(id, result, limits)),
      refuse: (id, code, message) => this.#outgoing.transmit(link, encodeError(id, code, message, limits)),
      named: (sessionId) => this.#named(link, sessionId),
      isSessionLost: (status, rpcCode) => link.isSessionLost(status, rpcCode),
      sessionLost: (id) => this.#sessionLost(link, id),
      fault: (error) => events.fault(error),
      gap: () => events.gap(),
      lost: (cause) => this.#ended(link, cause),
      ended: (cause) => this.#ended(link, cause),
    };
  }

  #openingFailed(inbound: Inbound, opening: AbortController, cause: unknown): unknown {
    inbound.stop();
    const first = opening.signal.aborted ? opening.signal.reason : cause;
    // A close that came in between has changed the state already, and closes the transport itself.
    if (this.#machine.state === ConnectionState.CONNECTING || this.#machine.state === ConnectionState.INITIALIZING) this.#apply('lost', first);
    return first;
  }

  #requireLink(method: string): Link {
    const link = this.#link;
    if (this.#machine.state !== ConnectionState.CONNECTED || link === undefined) throw this.#notConnected(method);
    const refusal = link.refusal(method);
    if (refusal !== undefined) throw this.#unsupported(method, refusal);
    return link;
  }

  #notConnected(method: string): ConnectionError {
    const { name } = this.#options;
    const { state, cause } = this.#machine;
    const why = isMCPError(cause) ? `: ${cause.message}` : '';
    return new ConnectionError('ERR_MCP_NOT_CONNECTED', `${method} needs a connection; the connection to ${name} is ${state}${why}`, {
      details: { state, method },
      cause,
      delivery: 'unsent',
    });
  }

  #unsupported(method: string, why: string): InvalidValueError {
    return new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', `${this.#options.name} cannot be asked for ${method}: ${why}`, {
      details: { method },
      delivery: 'unsent',
    });
  }

  #named(link: Link, sessionId: string): void {
    if (link.nameSession(sessionId)) return;
    this.#options.events.fault(new PeerProtocolError('ERR_MCP_HTTP_HEADER', `${this.#options.name} named another session in the middle of one; it is ignored`));
  }

  /** The server does not know the session of the request `id`: that one was not acted on, and there is no use in any other. */
  #sessionLost(link: Link, id: RequestId | undefined): void {
    const lost = new ConnectionError('ERR_MCP_SESSION_LOST', `${this.#options.name} does not know the session any more`, { delivery: 'answered' });
    if (id !== undefined) this.#outgoing.pending.take(id)?.reject(lost);
    // While a restored session is being proven, this is the answer.
    if (this.#machine.state === ConnectionState.CONNECTED) this.#ended(link, lost);
  }

  #notified(method: string, params: JSONObject = NO_PARAMS, incoming: IncomingRequests, exchange: RequestId | undefined): void {
    const { events } = this.#options;
    try {
      if (method === 'notifications/cancelled') return this.#withdrawn(checkCancelledId(params), incoming);
      if (method !== 'notifications/progress') return events.notified(method, params, exchange);
      const progress = checkProgress(params);
      const token = checkProgressToken(params);
      const request = reportProgress(progress, token, this.#outgoing.pending, events.callbackFault);
      if (request !== undefined) events.progressed(request, progress);
      else events.unclaimedProgress(token, progress);
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause;
      events.fault(invalidParams(method, cause));
    }
  }

  /** The server takes back what it asked, or, of what it was asked, what it may. Anything else is late, or nothing. */
  #withdrawn(id: RequestId, incoming: IncomingRequests): void {
    const { name } = this.#options;
    const era = this.#link?.agreement?.era;
    const cause = new ConnectionError('ERR_MCP_STREAM_LOST', `${name} ended the stream by itself`, { details: { requestId: id }, delivery: 'answered' });
    if (era === undefined || !this.#outgoing.ended(id, era, cause)) incoming.withdraw(id, 'The server took the request back');
  }

  /** The channel of `link` ended, or has to: during the opening that is the attempt's failure, afterwards the connection's. */
  #ended(link: Link, ended: MCPError | undefined): void {
    if (link !== this.#link) return;
    const cause = ended ?? new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `${this.#options.name} closed the connection`);
    link.opening.abort(cause);
    if (this.#machine.state !== ConnectionState.CONNECTED) return;
    this.#inbound?.stop();
    this.#apply('lost', cause);
  }

  /** The one door for changes of state. What waits is settled before anybody hears of it. */
  #apply(event: ConnectionEvent, cause?: unknown, settleWith: unknown = cause): void {
    const change = this.#machine.apply(event, cause);
    if (event === 'lost' || event === 'close') {
      this.#outgoing.pending.rejectAll(settleWith);
      this.#incoming?.abortAll(settleWith);
    }
    this.#options.events.changed(change);
  }
}
