/** The book of requests that wait: one entry each, settled once, with the first cause. */

import type { Cancellation } from '../base/cancellation.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { RequestTimeoutError, forRequest, isMCPError } from '../base/errors.ts';
import type { MCPError, RPCError } from '../base/errors.ts';

import type { JSONObject } from '../base/json.ts';
import { quiet } from '../base/quiet.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { Misfit } from '../protocol/checks/check.ts';
import type { ResultKind } from '../protocol/era.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';
import type { RequestSettings } from './request-settings.ts';

/** Reads the reply to one kind of request. */
export interface ReplyReader<T> {
  /** The typed value of a result, or a throw. */
  read(result: JSONObject): T;
  /** What the caller gets for a result that is no answer yet, by its kind; without it, such a result is refused. */
  interim?(result: JSONObject, kind: ResultKind): T;
  /** What the caller gets for an error of the peer; without it, that error itself. */
  refuse?(error: RPCError): MCPError;
  /** Hears the id of the request when it is sent. */
  sent?(id: RequestId): void;
}

/**
 * One request that waits for its reply. Fields are declared and not initialised, and moments are whole milliseconds: there is one of
 * these a call, and both make it smaller.
 */
export class PendingRequest<T = unknown> {
  declare readonly id: RequestId;
  declare readonly method: string;
  declare readonly settings: RequestSettings;
  declare readonly token: ProgressToken | undefined;
  declare readonly openedAt: number;
  declare readonly promise: Promise<T>;
  /** Since when it waits: since it was opened, or since progress began its deadline anew. */
  declare waitsSince: number;
  /** Takes the caller's abort listener off its signal; set while there is one. */
  declare forgetSignal: (() => void) | undefined;
  /** Ends the exchange that it travels on, where it has one of its own. */
  declare exchange: Cancellation | undefined;
  declare private readonly reader: ReplyReader<T>;
  declare private onResult: (value: T) => void;
  declare private onError: (reason: unknown) => void;

  constructor(id: RequestId, method: string, settings: RequestSettings, token: ProgressToken | undefined, reader: ReplyReader<T>, now: number) {
    this.id = id;
    this.method = method;
    this.settings = settings;
    this.token = token;
    this.openedAt = now;
    this.waitsSince = now;
    this.forgetSignal = undefined;
    this.exchange = undefined;
    this.reader = reader;
    this.promise = new Promise<T>((resolve, reject) => {
      this.onResult = resolve;
      this.onError = reject;
    });
  }

  /** When it expires, whatever happens. */
  get totalAt(): number {
    return this.openedAt + this.settings.maxTotalTimeoutMs;
  }

  /** When it expires, unless progress moves that. */
  get idleAt(): number {
    return this.waitsSince + this.settings.timeoutMs;
  }

  /** Only for who has taken it out of the book. Throws what reading the result throws; it is not settled then. */
  resolve(result: JSONObject): void {
    this.onResult(this.reader.read(result));
  }

  /** As {@link PendingRequest.resolve}, with a result that is no answer yet. @throws Misfit where its caller does not know what to do with it. */
  resolveInterim(result: JSONObject, kind: ResultKind): void {
    if (this.reader.interim === undefined) throw notComplete();
    this.onResult(this.reader.interim(result, kind));
  }

  /** Only for who has taken it out of the book: the peer answered with an error. */
  refuse(error: RPCError): void {
    this.reject(this.reader.refuse?.(error) ?? error);
  }

  /** Only for who has taken it out of the book: no answer is waited for any more. */
  giveUp(reason: unknown): void {
    this.reject(reason);
    this.exchange?.abort(reason);
  }

  /** Only for who has taken it out of the book. */
  reject(reason: unknown): void {
    // A caller that went away without awaiting is not to be hit by an unhandled rejection of ours.
    quiet(this.promise);
    this.onError(reason);
  }
}

/** What the book tells its connection. */
export interface PendingEvents {
  /** A deadline passed; the request is out of the book and rejected. */
  expired(request: PendingRequest, error: RequestTimeoutError): void;
}

/** The book. It has one timer, for the nearest deadline of all. */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #events: PendingEvents;
  readonly #byId = new Map<RequestId, PendingRequest>();
  readonly #byToken = new Map<ProgressToken, PendingRequest>();
  #cancelTimer: CancelTimer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock, events: PendingEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether a request waits whose deadline will say that there was no answer. */
  get hasDeadline(): boolean {
    for (const { idleAt, totalAt } of this.#byId.values()) if (Math.min(idleAt, totalAt) !== Infinity) return true;
    return false;
  }

  /** The method of a request that waits. */
  methodOf(id: RequestId): string | undefined {
    return this.#byId.get(id)?.method;
  }

  /** Whether a request that waits has this token. */
  hasToken(token: ProgressToken): boolean {
    return this.#byToken.has(token);
  }

  /** The present moment, in whole milliseconds. */
  now(): number {
    return Math.floor(this.#clock.now());
  }

  /** The requests that wait, oldest first. */
  values(): IterableIterator<PendingRequest> {
    return this.#byId.values();
  }

  /** Enters a request; from here on its deadlines count. */
  open(request: PendingRequest): void {
    this.#byId.set(request.id, request);
    if (request.token !== undefined) this.#byToken.set(request.token, request);
    this.#wakeAt(Math.min(request.idleAt, request.totalAt));
  }

  /** Takes a request out to be settled: whoever gets it settles it, nobody else can. */
  take(id: RequestId): PendingRequest | undefined {
    const request = this.#byId.get(id);
    if (request === undefined) return undefined;
    this.#byId.delete(id);
    if (request.token !== undefined) this.#byToken.delete(request.token);
    request.forgetSignal?.();
    return request;
  }

  /** The request that `token` reports on, its idle deadline moved where it asked for that. */
  progressed(token: ProgressToken): PendingRequest | undefined {
    const request = this.#byToken.get(token);
    if (request !== undefined && request.settings.resetTimeoutOnProgress) request.waitsSince = this.now();
    return request;
  }

  /** Rejects every request with `cause`, each with an error of its own; the peer may have acted on any of them. */
  rejectAll(cause: unknown): void {
    for (const { id } of [...this.#byId.values()]) this.take(id)?.giveUp(isMCPError(cause) ? forRequest(cause, 'unknown') : cause);
    this.#stopTimer();
  }

  #wakeAt(at: number): void {
    if (at >= this.#timerAt) return;
    this.#stopTimer();
    this.#timerAt = at;
    // In the background: what the requests wait for keeps the process alive, or nothing will ever answer them.
    this.#cancelTimer = this.#clock.afterInBackground(Math.max(0, at - this.#clock.now()), () => this.#expire());
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Infinity;
  }

  /** The timer rang: it may be early for every request, as those that it was set for may be settled or may have progressed. */
  #expire(): void {
    this.#stopTimer();
    // Timers of the platform ring up to a millisecond early.
    const now = this.#clock.now() + 1;
    let next = Infinity;
    for (const request of [...this.#byId.values()]) {
      const at = Math.min(request.idleAt, request.totalAt);
      if (at > now) next = Math.min(next, at);
      else this.#reject(request);
    }
    if (next !== Infinity) this.#wakeAt(next);
  }

  #reject(request: PendingRequest): void {
    if (this.take(request.id) === undefined) return;
    const error = timeoutError(request);
    request.giveUp(error);
    this.#events.expired(request, error);
  }
}

/** What is wrong with a result that its caller can do nothing with. */
export function notComplete(): Misfit {
  return new Misfit('/resultType', '"complete", as this request cannot be answered in any other way');
}

function timeoutError(request: PendingRequest): RequestTimeoutError {
  const { timeoutMs, maxTotalTimeoutMs } = request.settings;
  const isTotal = request.totalAt <= request.idleAt;
  const details = { method: request.method, requestId: request.id, timeoutMs: isTotal ? maxTotalTimeoutMs : timeoutMs };
  const message = isTotal
    ? `${request.method} was not answered within ${maxTotalTimeoutMs} ms in all (maxTotalTimeoutMs)`
    : `${request.method} was not answered within ${timeoutMs} ms (timeoutMs)`;
  return new RequestTimeoutError(isTotal ? 'ERR_MCP_TOTAL_TIMEOUT' : 'ERR_MCP_REQUEST_TIMEOUT', message, { details, delivery: 'unknown' });
}

/** One waiting request, as a host sees it. */
export interface PendingRequestInfo {
  readonly id: RequestId;
  readonly method: string;
  readonly ageMs: number;
}

/** What a host hears of a request's progress, whoever asked for it. */
export interface ProgressEvent extends Progress {
  readonly requestId: RequestId;
  readonly method: string;
}

