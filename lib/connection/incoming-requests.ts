/** The requests of the server that are being answered. Source: MCP 2024-11-05 to 2025-11-25, client features. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { isMCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quote } from '../base/text.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';

/** One request of the server, for who answers it. */
export interface IncomingRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JSONObject;
  /** Fires when nobody waits for the answer any more: the server took it back, it took too long, or the connection is over. */
  readonly signal: AbortSignal;
}

/** Refuses a request of the server: what it rejects with is what the server is told. */
export class RequestRefusal extends Error {
  override name = 'RequestRefusal';
  /** The `code` of the error object. */
  readonly rpcCode: number;
  /** The `data` of the error object. */
  readonly data: JSONObject | undefined;

  constructor(rpcCode: number, message: string, data?: JSONObject) {
    super(message);
    this.rpcCode = rpcCode;
    this.data = data;
  }
}

/** Answers requests of the server; `undefined` for a method that is not offered. */
export type Answerer = (request: IncomingRequest) => Promise<JSONObject> | undefined;

/** What {@link IncomingRequests} need of their connection. */
export interface IncomingPort {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly answerer: Answerer;
  answer(id: RequestId, result: JSONObject): void;
  refuse(id: RequestId, code: number, message: string, data?: JSONObject): void;
  /** The code of the host that answers failed. */
  failed(what: string, cause: unknown): void;
}

interface Running {
  readonly controller: AbortController;
  readonly cancelTimer: CancelTimer;
}

/** What is answered at the moment, on one link: one entry each, ended once. */
export class IncomingRequests {
  readonly #port: IncomingPort;
  readonly #running = new Map<RequestId, Running>();

  constructor(port: IncomingPort) {
    this.#port = port;
  }

  /** Begins to answer. A second request with the id of one that is being answered is refused. */
  begin(id: RequestId, method: string, params: JSONObject): void {
    const { clock, limits, answerer, refuse } = this.#port;
    if (this.#running.has(id)) return refuse(id, RPC_ERROR.invalidRequest, 'A request with this id is being answered');
    if (this.#running.size >= limits.maxIncomingRequests) return refuse(id, RPC_ERROR.internalError, 'Too many requests are being answered');
    const controller = new AbortController();
    const answering = startSafely(() => answerer({ id, method, params, signal: controller.signal }));
    if (answering === undefined) return refuse(id, RPC_ERROR.methodNotFound, 'This client does not offer the method');
    const late = () => this.#end(id, new RequestRefusal(RPC_ERROR.internalError, `No answer within ${limits.answerTimeoutMs} ms`));
    this.#running.set(id, { controller, cancelTimer: clock.after(limits.answerTimeoutMs, late) });
    answering.then(
      (result) => this.#take(id) && this.#port.answer(id, result),
      (cause: unknown) => this.#take(id) && this.#refuse(id, method, cause),
    );
  }

  /** The server takes a request back: it is not answered any more. Source: MCP, basic, utilities, "Cancellation". */
  withdraw(id: RequestId, reason: string): void {
    this.#take(id)?.controller.abort(new DOMException(reason, 'AbortError'));
  }

  /** Nobody waits for any answer any more. */
  abortAll(reason: unknown): void {
    for (const id of [...this.#running.keys()]) this.#take(id)?.controller.abort(reason);
  }

  #take(id: RequestId): Running | undefined {
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.cancelTimer();
    return running;
  }

  #end(id: RequestId, refusal: RequestRefusal): void {
    const running = this.#take(id);
    if (running === undefined) return;
    this.#port.refuse(id, refusal.rpcCode, refusal.message);
    running.controller.abort(refusal);
  }

  /** What the host's code says in an error is its own business: the server hears that something failed, not what. */
  #refuse(id: RequestId, method: string, cause: unknown): void {
    if (cause instanceof RequestRefusal) return this.#port.refuse(id, cause.rpcCode, cause.message, cause.data);
    this.#port.failed(`The handler of ${quote(method)}`, cause);
    const message = isMCPError(cause) ? `The answer could not be given (${cause.code})` : 'The handler failed';
    this.#port.refuse(id, RPC_ERROR.internalError, message);
  }
}

/** Code of the host may throw before there is a promise. */
function startSafely(start: () => Promise<JSONObject> | undefined): Promise<JSONObject> | undefined {
  try {
    return start();
  } catch (cause) {
    return Promise.reject(cause);
  }
}
