/** What goes out: requests into the book and onto the link, and what waits for no reply. */

import { Cancellation } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { LimitError, isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { encodeNotification, encodeRequest } from '../jsonrpc/codec.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { Era, HeaderFields } from '../protocol/era.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import type { Link } from './link.ts';
import { PendingRequest, PendingRequests } from './pending-requests.ts';
import type { ReplyReader } from './pending-requests.ts';
import { progressTokenFor } from './progress.ts';
import type { RequestSettings } from './request-settings.ts';
import type { RequestWatch } from './request-watch.ts';

/** What {@link Outgoing} needs of its connection. */
export interface OutgoingPort {
  /** The server's name, for messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Sees every request go and settle, where somebody looks. */
  readonly watch: RequestWatch | undefined;
  /** What a request carries as `_meta`, from what its caller gave; asked once for each that goes out after the agreement. */
  readonly metaFor: ((meta: JSONObject | undefined) => JSONObject | undefined) | undefined;
  /** The link of the connection, whatever its state. */
  link(): Link | undefined;
  /** Whether the connection is in use, over this link. */
  isInUse(link: Link): boolean;
  sessionLost(link: Link, id: RequestId): void;
  fault(error: MCPError): void;
}

/** The way out of one connection, over one link after another. */
export class Outgoing {
  readonly pending: PendingRequests;
  /** What every request says of the log messages that it wants, in an era in which it says so. */
  logLevel: ServerLogLevel | undefined;
  readonly #port: OutgoingPort;

  constructor(port: OutgoingPort) {
    this.#port = port;
    this.pending = new PendingRequests(port.clock, {
      expired: (request) => this.#withdraw(request.id, request.method, 'The request timed out'),
    });
  }

  /** Sends a request in the way of `era`, which is the one agreed on but before there is an agreement. */
  request<T>(
    link: Link,
    method: string,
    params: JSONObject | undefined,
    settings: RequestSettings,
    reader: ReplyReader<T>,
    era: Era | undefined = link.agreement?.era,
  ): Promise<T> {
    const { limits, watch } = this.#port;
    if (this.pending.size >= limits.maxPendingRequests) throw this.#tooManyPending();
    const id = link.ids.next();
    if (watch === undefined || !watch.isWatched) return this.#send(link, id, method, params, settings, reader, era);
    return watch.during({ id, method, params, revision: era?.revision }, () => this.#send(link, id, method, params, settings, reader, era));
  }

  /** Gives a request up: it rejects with `reason`, and the server is told why in the words of `told`. False when no such request waits. */
  giveUp(id: RequestId, reason: unknown, told: string): boolean {
    const request = this.pending.take(id);
    if (request === undefined) return false;
    request.giveUp(reason);
    this.#withdraw(id, request.method, told);
    return true;
  }

  /** The server takes a request back, which not every request bears: it rejects with `reason`. False when none was ended. */
  ended(id: RequestId, era: Era, reason: MCPError): boolean {
    const method = this.pending.methodOf(id);
    if (method === undefined || !era.mayBeEnded(method)) return false;
    this.pending.take(id)?.giveUp(reason);
    return true;
  }

  /** Sends what asks for no reply. A road that cannot take it any more says so itself. */
  transmit(link: Link, text: string): void {
    const { isInUse, fault } = this.#port;
    try {
      link.transport.send({ text, awaitsReply: false, headers: link.headers }, undefined)?.catch((error: unknown) => {
        if (isInUse(link)) fault(error as MCPError);
      });
    } catch (error) {
      fault(error as MCPError);
    }
  }

  /** As {@link Outgoing.transmit}, for a notification that nobody waits for: one that is too large is told as a fault. */
  tell(link: Link, method: string, params: JSONObject): void {
    try {
      this.transmit(link, encodeNotification(method, params, this.#port.limits));
    } catch (error) {
      this.#port.fault(error as MCPError);
    }
  }

  #send<T>(link: Link, id: RequestId, method: string, given: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, era: Era | undefined): Promise<T> {
    const { limits, metaFor } = this.#port;
    const progressToken = progressTokenFor(id, settings);
    // Source: MCP, basic, utilities, "Progress": tokens MUST be unique across active requests.
    if (progressToken !== undefined && this.pending.hasToken(progressToken)) {
      throw new TypeError('options.meta.progressToken must be unique; a request that waits has the same one');
    }
    const meta = metaFor === undefined || link.agreement === undefined ? settings.meta : metaFor(settings.meta);
    const params = era === undefined ? given : era.stamp(given, { meta, progressToken, logLevel: this.logLevel });
    const text = encodeRequest(id, method, params, limits);
    const request = new PendingRequest<T>(id, method, settings, progressToken, reader, this.pending.now());
    const exchange = link.transport.channel === 'exchange' ? new Cancellation() : undefined;
    request.exchange = exchange;
    const headers = exchange === undefined || era === undefined ? link.headers : requestHeaders(link, era, method, params, settings.mirror?.headersOf(params));
    const sent = link.transport.send({ text, awaitsReply: true, headers, requestId: id, isLostWithItsStream: era?.resumesStreams === false, isLong: settings.isLong }, exchange);
    this.pending.open(request as PendingRequest);
    sent?.catch((error: unknown) => this.#exchangeFailed(link, id, error));
    if (settings.signal !== undefined) this.#followSignal(request as PendingRequest, settings.signal);
    reader.sent?.(id);
    return request.promise;
  }

  #tooManyPending(): LimitError {
    const { maxPendingRequests } = this.#port.limits;
    const message = `At most ${maxPendingRequests} requests may wait for ${this.#port.name}; so many do`;
    return new LimitError('maxPendingRequests', message, { details: { most: maxPendingRequests }, delivery: 'unsent' });
  }

  #followSignal(request: PendingRequest, signal: AbortSignal): void {
    const onAbort = () => this.giveUp(request.id, signal.reason, 'The caller aborted the request');
    signal.addEventListener('abort', onAbort, { once: true });
    request.forgetSignal = () => signal.removeEventListener('abort', onAbort);
  }

  /** Tells the server that nobody waits for the reply any more. Source: MCP, basic, utilities, "Cancellation". */
  #withdraw(id: RequestId, method: string, reason: string): void {
    const link = this.#port.link();
    const call = link?.agreement?.era.withdraw(id, method, reason, link.transport.channel);
    if (link !== undefined && call !== undefined) this.transmit(link, encodeNotification(call.method, call.params, this.#port.limits));
  }

  /** The exchange of a request ended without its answer. */
  #exchangeFailed(link: Link, id: RequestId, error: unknown): void {
    const status = isMCPError(error) ? error.details['status'] : undefined;
    if (typeof status === 'number' && link.isSessionLost(status, undefined)) return this.#port.sessionLost(link, id);
    this.pending.take(id)?.reject(error);
  }
}

function requestHeaders(link: Link, era: Era, method: string, params: JSONObject | undefined, mirrored: HeaderFields | undefined): HeaderFields {
  // Before there is an agreement a link has no headers of its own.
  const base = link.agreement === undefined ? era.headers(undefined) : link.headers;
  return era.requestHeaders(base, method, params, mirrored);
}
