/** What comes in: each frame to whom it is for. */

import { LimitError, PeerProtocolError, RPCError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { JSONObject } from '../base/json.ts';
import { escapeText, quote } from '../base/text.ts';
import { decodeMessage } from '../jsonrpc/codec.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import type { BatchMessage, ErrorMessage, MalformedMessage, RequestMessage, ResultMessage, SingleMessage } from '../jsonrpc/message.ts';
import type { RequestId, RequestIds } from '../jsonrpc/request-id.ts';
import type { Era } from '../protocol/era.ts';
import type { Arrival, FrameSink } from '../transport/transport.ts';
import { invalidResult } from './misfit-errors.ts';
import type { PendingRequest, PendingRequests } from './pending-requests.ts';

const EMPTY_PARAMS: JSONObject = Object.freeze({});

/** What the routing of frames needs of its connection. */
export interface InboundPort {
  readonly pending: PendingRequests;
  readonly ids: RequestIds;
  /** Whether the reply to `id` is one that nobody waits for any more, and that may come nevertheless. */
  isAbandoned(id: RequestId): boolean;
  readonly limits: Limits;
  /** The era, once it is agreed on. */
  era(): Era | undefined;
  /** A notification of the peer; `exchange`: the request on whose exchange it came, if it came on one. */
  notified(method: string, params: JSONObject | undefined, exchange: RequestId | undefined): void;
  /** A response named a session. */
  named(sessionId: string): void;
  /** Whether an error with this HTTP status and code says that the session is over. */
  isSessionLost(status: number, rpcCode: number): boolean;
  sessionLost(id: RequestId | undefined): void;
  answer(id: RequestId, result: JSONObject): void;
  /** A request of the peer that it may send. */
  asked(id: RequestId, method: string, params: JSONObject): void;
  refuse(id: RequestId, code: number, message: string): void;
  /** Something is wrong, but the connection goes on. */
  fault(error: MCPError): void;
  /** What the server sent by itself may be lost. */
  gap(): void;
  /** The connection does not go on. */
  lost(cause: MCPError): void;
  /** The channel is gone. */
  ended(cause: MCPError | undefined): void;
}

/** The sink of one opened transport. After {@link Inbound.stop} it hears nothing any more. */
export class Inbound implements FrameSink {
  readonly #port: InboundPort;
  #isStopped = false;
  #strayFrames = 0;
  #frames = 0;

  constructor(port: InboundPort) {
    this.#port = port;
  }

  /** How many frames came in, whatever they held. */
  get frames(): number {
    return this.#frames;
  }

  /** From here on whatever comes is dropped: the connection is over. */
  stop(): void {
    this.#isStopped = true;
  }

  deliver(text: string, arrival: Arrival): 'more' | 'answered' {
    if (this.#isStopped) return 'more';
    this.#frames++;
    const isRefusal = arrival.status !== undefined && arrival.status >= 400;
    if (arrival.sessionId !== undefined && !isRefusal) this.#port.named(arrival.sessionId);
    const decoded = decodeMessage(text, this.#port.limits);
    // The body of a refusal may be anything; who sent the request hears of its status.
    if (isRefusal && decoded.kind === 'malformed') return 'more';
    return decoded.kind === 'batch' ? this.#routeBatch(decoded, arrival) : this.#route(decoded, arrival);
  }

  fault(error: MCPError): void {
    if (!this.#isStopped) this.#stray(error);
  }

  gap(): void {
    if (!this.#isStopped) this.#port.gap();
  }

  ended(cause: MCPError | undefined): void {
    if (!this.#isStopped) this.#port.ended(cause);
  }

  #routeBatch(batch: BatchMessage, arrival: Arrival): 'more' | 'answered' {
    if (this.#port.era()?.acceptsBatches !== true) {
      const error = new PeerProtocolError('ERR_MCP_UNEXPECTED_BATCH', `Expected one message; got a batch of ${batch.messages.length}, which this protocol version does not have`);
      this.#stray(error);
      for (const message of batch.messages) if (message.kind === 'result' || message.kind === 'error') this.#rejectWith(message.id ?? '', error);
      return 'more';
    }
    let answered: 'more' | 'answered' = 'more';
    for (const message of batch.messages) if (this.#route(message, arrival) === 'answered') answered = 'answered';
    return answered;
  }

  #route(message: SingleMessage, arrival: Arrival): 'more' | 'answered' {
    if (message.kind !== 'malformed') this.#strayFrames = 0;
    switch (message.kind) {
      case 'result':
        return this.#settle(message, arrival);
      case 'error':
        return this.#reject(message, arrival);
      case 'notification':
        this.#port.notified(message.method, message.params, arrival.requestId);
        return 'more';
      case 'request':
        this.#answer(message);
        return 'more';
      case 'malformed':
        return this.#refuse(message, arrival);
    }
  }

  #settle({ id, result }: ResultMessage, arrival: Arrival): 'more' | 'answered' {
    const request = this.#port.pending.take(id);
    if (request === undefined) return this.#unexpectedReply(id);
    try {
      const kind = this.#port.era()?.resultKind(request.method, result) ?? 'complete';
      if (kind === 'complete') request.resolve(result);
      else request.resolveInterim(result, kind);
    } catch (cause) {
      request.reject(invalidResult(request.method, cause));
    }
    return this.#answered(request, arrival);
  }

  #reject({ id, code, errorMessage, data }: ErrorMessage, arrival: Arrival): 'more' | 'answered' {
    const { status } = arrival;
    // An error without an id, on the exchange of a request, is that request's: the server could not read it.
    const named = id ?? arrival.requestId;
    if (status !== undefined && this.#port.isSessionLost(status, code)) {
      this.#port.sessionLost(named);
      return 'answered';
    }
    const text = escapeText(errorMessage, this.#port.limits.maxErrorTextCharacters);
    if (named === undefined) {
      this.#port.fault(new PeerProtocolError('ERR_MCP_ERROR_WITHOUT_ID', `The server sent an error that answers no request: ${code} ${text}`, { details: { rpcCode: code } }));
      return 'more';
    }
    const request = this.#port.pending.take(named);
    if (request === undefined) return this.#unexpectedReply(named);
    const details = status === undefined ? { method: request.method } : { method: request.method, status };
    request.refuse(new RPCError(code, `${request.method} was answered with error ${code}: ${text}`, data, { details }));
    return this.#answered(request, arrival);
  }

  /** Whether the exchange that the reply came on was waiting for it. A reply may come on another one: its own is let go then. */
  #answered(request: PendingRequest, { requestId }: Arrival): 'more' | 'answered' {
    if (requestId === request.id) return 'answered';
    request.exchange?.abort();
    return requestId === undefined ? 'answered' : 'more';
  }

  #unexpectedReply(id: RequestId): 'more' {
    if (this.#port.isAbandoned(id)) return 'more';
    const isOurs = this.#port.ids.issued(id);
    const name = typeof id === 'string' ? quote(id) : `${id}`;
    this.#port.fault(
      isOurs
        ? new PeerProtocolError('ERR_MCP_DUPLICATE_REPLY', `A reply came for request ${name}, which was answered or given up before; it is dropped`, { details: { id } })
        : new PeerProtocolError('ERR_MCP_UNKNOWN_REPLY', `A reply came for the id ${name} (a ${typeof id}), which no request has; it is dropped`, { details: { id } }),
    );
    return 'more';
  }

  #answer({ id, method, params = EMPTY_PARAMS }: RequestMessage): void {
    const era = this.#port.era();
    if (era?.answersServer === false) return this.#port.fault(unexpectedMethod(method, era));
    if (method === 'ping') return this.#port.answer(id, {});
    if (era === undefined) return this.#port.refuse(id, RPC_ERROR.methodNotFound, 'Nothing is agreed on yet');
    if (era.mayTravel(method, 'server')) return this.#port.asked(id, method, params);
    this.#port.fault(unexpectedMethod(method, era));
    this.#port.refuse(id, RPC_ERROR.methodNotFound, 'This client does not offer the method');
  }

  /** A malformed reply ends the wait of the request it names; anything else malformed is counted and reported. */
  #refuse(message: MalformedMessage, { requestId, isWhole }: Arrival): 'more' | 'answered' {
    // What is all that an exchange brings is its answer, whatever it is.
    const named = message.id ?? (isWhole ? requestId : undefined);
    const isAnswer = named !== undefined && this.#rejectWith(named, message.error);
    if (message.callId !== undefined && this.#port.era()?.answersServer !== false) this.#port.refuse(message.callId, RPC_ERROR.invalidRequest, message.error.message);
    this.#stray(message.error);
    return isAnswer ? 'answered' : 'more';
  }

  #rejectWith(id: RequestId, error: MCPError): boolean {
    const request = this.#port.pending.take(id);
    if (request === undefined) return false;
    const options = { cause: error, delivery: 'answered', details: error.details } as const;
    const message = `${request.method} was answered with no valid reply: ${error.message}`;
    const isLimit = error instanceof LimitError;
    request.reject(isLimit ? new LimitError(String(error.details['limit']), message, options) : new PeerProtocolError(error.code, message, options));
    return true;
  }

  /** Servers print a line or two where only messages belong; one that does nothing else is no server. */
  #stray(error: MCPError): void {
    this.#port.fault(error);
    const most = this.#port.limits.maxStrayLines;
    if (++this.#strayFrames <= most) return;
    this.#port.lost(new LimitError('maxStrayLines', `Expected messages; got ${this.#strayFrames} frames in a row that are none`, { cause: error, details: { most } }));
  }
}

function unexpectedMethod(method: string, era: Era): PeerProtocolError {
  return new PeerProtocolError('ERR_MCP_UNEXPECTED_METHOD', `The server sent the request ${quote(method)}, which a server may not send in ${era.revision}`, { details: { method } });
}
