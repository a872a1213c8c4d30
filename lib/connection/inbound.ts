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
import { Misfit } from '../protocol/checks/check.ts';
import type { Era } from '../protocol/era.ts';
import type { Arrival, FrameSink } from '../transport/transport.ts';
import type { PendingRequests } from './pending-requests.ts';

/** What the routing of frames needs of its connection. */
export interface InboundPort {
  readonly pending: PendingRequests;
  readonly ids: RequestIds;
  readonly limits: Limits;
  /** The era, once it is agreed on. */
  era(): Era | undefined;
  /** A notification of the peer. */
  notified(method: string, params: JSONObject | undefined): void;
  answer(id: RequestId, result: JSONObject): void;
  refuse(id: RequestId, code: number, message: string): void;
  /** Something is wrong, but the connection goes on. */
  fault(error: MCPError): void;
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

  deliver(text: string, _arrival: Arrival): 'more' | 'answered' {
    if (this.#isStopped) return 'more';
    this.#frames++;
    const decoded = decodeMessage(text, this.#port.limits);
    return decoded.kind === 'batch' ? this.#routeBatch(decoded) : this.#route(decoded);
  }

  fault(error: MCPError): void {
    if (!this.#isStopped) this.#stray(error);
  }

  ended(cause: MCPError | undefined): void {
    if (!this.#isStopped) this.#port.ended(cause);
  }

  #routeBatch(batch: BatchMessage): 'more' | 'answered' {
    if (this.#port.era()?.acceptsBatches !== true) {
      const error = new PeerProtocolError('ERR_MCP_UNEXPECTED_BATCH', `Expected one message; got a batch of ${batch.messages.length}, which this protocol version does not have`);
      this.#stray(error);
      for (const message of batch.messages) this.#rejectNamed(message, error);
      return 'more';
    }
    let answered: 'more' | 'answered' = 'more';
    for (const message of batch.messages) if (this.#route(message) === 'answered') answered = 'answered';
    return answered;
  }

  #route(message: SingleMessage): 'more' | 'answered' {
    if (message.kind !== 'malformed') this.#strayFrames = 0;
    switch (message.kind) {
      case 'result':
        return this.#settle(message);
      case 'error':
        return this.#reject(message);
      case 'notification':
        this.#port.notified(message.method, message.params);
        return 'more';
      case 'request':
        this.#answer(message);
        return 'more';
      case 'malformed':
        return this.#refuse(message);
    }
  }

  #settle({ id, result }: ResultMessage): 'more' | 'answered' {
    const request = this.#port.pending.take(id);
    if (request === undefined) return this.#unexpectedReply(id);
    try {
      request.resolve(result);
    } catch (cause) {
      request.reject(readingFailed(request.method, cause));
    }
    return 'answered';
  }

  #reject({ id, code, errorMessage, data }: ErrorMessage): 'more' | 'answered' {
    const text = escapeText(errorMessage, this.#port.limits.maxErrorTextCharacters);
    if (id === undefined) {
      this.#port.fault(new PeerProtocolError('ERR_MCP_ERROR_WITHOUT_ID', `The server sent an error that answers no request: ${code} ${text}`, { details: { rpcCode: code } }));
      return 'more';
    }
    const request = this.#port.pending.take(id);
    if (request === undefined) return this.#unexpectedReply(id);
    request.refuse(new RPCError(code, `${request.method} was answered with error ${code}: ${text}`, data, { details: { method: request.method } }));
    return 'answered';
  }

  #unexpectedReply(id: RequestId): 'more' {
    const isOurs = this.#port.ids.issued(id);
    const name = typeof id === 'string' ? quote(id) : `${id}`;
    this.#port.fault(
      isOurs
        ? new PeerProtocolError('ERR_MCP_DUPLICATE_REPLY', `A reply came for request ${name}, which was answered or given up before; it is dropped`, { details: { id } })
        : new PeerProtocolError('ERR_MCP_UNKNOWN_REPLY', `A reply came for the id ${name} (a ${typeof id}), which no request has; it is dropped`, { details: { id } }),
    );
    return 'more';
  }

  #answer({ id, method }: RequestMessage): void {
    const era = this.#port.era();
    if (method === 'ping') return this.#port.answer(id, {});
    if (era !== undefined && !era.mayTravel(method, 'server')) {
      this.#port.fault(new PeerProtocolError('ERR_MCP_UNEXPECTED_METHOD', `The server sent the request ${quote(method)}, which a server may not send in ${era.revision}`, { details: { method } }));
    }
    this.#port.refuse(id, RPC_ERROR.methodNotFound, 'This client does not offer the method');
  }

  /** A malformed reply ends the wait of the request it names; anything else malformed is counted and reported. */
  #refuse(message: MalformedMessage): 'more' | 'answered' {
    const isAnswer = this.#rejectNamed(message, message.error);
    if (message.callId !== undefined) this.#port.refuse(message.callId, RPC_ERROR.invalidRequest, message.error.message);
    this.#stray(message.error);
    return isAnswer ? 'answered' : 'more';
  }

  #rejectNamed(message: SingleMessage, error: MCPError): boolean {
    if (message.kind === 'notification' || message.kind === 'request' || message.id === undefined) return false;
    const request = this.#port.pending.take(message.id);
    if (request === undefined) return false;
    request.reject(new PeerProtocolError('ERR_MCP_INVALID_MESSAGE', `${request.method} was answered with no valid reply: ${error.message}`, { cause: error, delivery: 'answered' }));
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

function readingFailed(method: string, cause: unknown): unknown {
  if (cause instanceof Misfit) {
    return new PeerProtocolError('ERR_MCP_INVALID_RESULT', `The result of ${method} is not valid: ${cause.message}`, {
      details: { method, pointer: cause.pointer },
      delivery: 'answered',
    });
  }
  return cause;
}
