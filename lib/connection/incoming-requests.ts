/** The requests of the server that are being answered. Source: MCP 2024-11-05 to 2025-11-25, client features. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { LimitError, isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quote } from '../base/text.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { Progress } from '../protocol/types/progress.ts';
import { OutgoingProgress, checkReport, tokenOf } from './outgoing-progress.ts';
import type { SendProgress } from './outgoing-progress.ts';

/** One request of the server, for who answers it. */
export interface IncomingRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JSONObject;
  /** Fires when nobody waits for the answer any more: the server took it back, it took too long, or the connection is over. */
  readonly signal: AbortSignal;
  /**
   * Tells the server how far its request has come, where it wants to hear of that and the road has a way to say it; see
   * {@link OutgoingProgress} for which reports go out.
   *
   * @throws TypeError or RangeError for what is no report.
   */
  readonly reportProgress?: ((progress: Progress) => void) | undefined;
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
  /** Sends one report of progress. */
  readonly progressed: SendProgress;
  /** The code of the host that answers failed. */
  failed(what: string, cause: unknown): void;
  /** The server asks too much. */
  fault(error: MCPError): void;
}

interface Running {
  readonly controller: AbortController;
  readonly progress: OutgoingProgress | undefined;
  cancelTimer: CancelTimer | undefined;
}

/** What is answered at the moment, on one link: one entry each, ended once. */
export class IncomingRequests {
  readonly #port: IncomingPort;
  readonly #running = new Map<RequestId, Running>();
  /** Whether a request was refused because there was no room, and none had room since. */
  #isCrowded = false;

  constructor(port: IncomingPort) {
    this.#port = port;
  }

  /** Begins to answer. A second request with the id of one that is being answered is refused. */
  begin(id: RequestId, method: string, params: JSONObject): void {
    const { clock, limits, answerer, refuse, progressed } = this.#port;
    if (this.#running.has(id)) return refuse(id, RPC_ERROR.invalidRequest, 'A request with this id is being answered');
    if (this.#running.size >= limits.maxIncomingRequests) return this.#refuseOneMore(id);
    const token = tokenOf(params);
    const progress = token === undefined ? undefined : new OutgoingProgress(token, clock, limits.progressIntervalMs, progressed);
    const running: Running = { controller: new AbortController(), progress, cancelTimer: undefined };
    // Before the handler is called: what it does may end the connection, and with it this request.
    this.#running.set(id, running);
    const { signal } = running.controller;
    const reportProgress = (report: Progress) => {
      const checked = checkReport(report);
      progress?.report(checked);
    };
    const answering = startSafely(() => answerer({ id, method, params, signal, reportProgress }));
    if (answering === undefined) return this.#notOffered(id, running);
    answering.then(
      (result) => this.#take(id, running) && this.#answer(id, method, result),
      (cause: unknown) => this.#take(id, running) && this.#refuse(id, method, cause),
    );
    if (this.#running.get(id) !== running) return;
    running.cancelTimer = clock.after(limits.answerTimeoutMs, () => this.#late(id, method, running));
    this.#isCrowded = false;
  }

  /** The server takes a request back: it is not answered any more. Source: MCP, basic, utilities, "Cancellation". */
  withdraw(id: RequestId, reason: string): void {
    this.#abort(id, new DOMException(reason, 'AbortError'));
  }

  /** Nobody waits for any answer any more. */
  abortAll(reason: unknown): void {
    for (const id of [...this.#running.keys()]) this.#abort(id, reason);
  }

  #abort(id: RequestId, reason: unknown): void {
    const running = this.#running.get(id);
    if (running !== undefined && this.#take(id, running)) running.controller.abort(reason);
  }

  /** Ends an entry, once. Another request may have its id by now: an entry is ended by whoever holds it, not by its id. */
  #take(id: RequestId, running: Running): boolean {
    if (this.#running.get(id) !== running) return false;
    this.#running.delete(id);
    running.cancelTimer?.();
    running.progress?.end();
    return true;
  }

  #notOffered(id: RequestId, running: Running): void {
    if (this.#take(id, running)) this.#port.refuse(id, RPC_ERROR.methodNotFound, 'This client does not offer the method');
  }

  /** The host hears of it once, until there is room again: a server that asks without end would fill its log. */
  #refuseOneMore(id: RequestId): void {
    const most = this.#port.limits.maxIncomingRequests;
    this.#port.refuse(id, RPC_ERROR.internalError, 'Too many requests are being answered');
    if (this.#isCrowded) return;
    this.#isCrowded = true;
    this.#port.fault(new LimitError('maxIncomingRequests', `At most ${most} requests of the server are answered at once; more are refused`, { details: { most } }));
  }

  #late(id: RequestId, method: string, running: Running): void {
    if (!this.#take(id, running)) return;
    const refusal = new RequestRefusal(RPC_ERROR.internalError, `No answer within ${this.#port.limits.answerTimeoutMs} ms`);
    this.#port.failed(`The handler of ${quote(method)}`, refusal);
    this.#port.refuse(id, refusal.rpcCode, refusal.message);
    running.controller.abort(refusal);
  }

  /** What the host answers may have no JSON form, or be too large. */
  #answer(id: RequestId, method: string, result: JSONObject): void {
    try {
      this.#port.answer(id, result);
    } catch (cause) {
      this.#refuse(id, method, cause);
    }
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
