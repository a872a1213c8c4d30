/** What one server may ask of the host's model: how often, how many at once, how much. */

import type { Clock } from '../base/clock.ts';
import { LimitError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { RequestRefusal } from '../connection/incoming-requests.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';

/** The bounds, all of them. */
export interface SamplingBoundOptions {
  readonly maxTokens: number;
  /** For the life of the handle; `Infinity` for none. */
  readonly maxTokensTotal: number;
  readonly maxRequestsPerMinute: number;
  readonly maxConcurrent: number;
  readonly maxBytes: number;
}

const MINUTE_MS = 60_000;

/** The account of one server. Tokens are counted as they are granted: what a model really made is known to nobody here. */
export class SamplingBounds {
  readonly #bounds: SamplingBoundOptions;
  readonly #clock: Clock;
  readonly #fault: (error: MCPError) => void;
  /** When the requests of the last minute were admitted, oldest first. */
  readonly #admittedAt: number[] = [];
  /** The bounds that the host heard of since the last request that was admitted. */
  readonly #told = new Set<string>();
  #running = 0;
  #tokensLeft: number;

  constructor(bounds: SamplingBoundOptions, clock: Clock, fault: (error: MCPError) => void) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#fault = fault;
    this.#tokensLeft = bounds.maxTokensTotal;
  }

  /** @throws RequestRefusal for a request of more than `maxBytes`. */
  checkSize(bytes: number): void {
    const { maxBytes } = this.#bounds;
    if (bytes <= maxBytes) return;
    throw this.#refuse('maxSamplingBytes', maxBytes, RPC_ERROR.invalidParams, `The request may have at most ${maxBytes} bytes; it has ${bytes}`);
  }

  /**
   * Takes in a request for `wanted` tokens: gives the tokens it may have, at most `maxTokens` and what is left of the total. One that was
   * admitted has to be released.
   *
   * @throws RequestRefusal when there is no room.
   */
  admit(wanted: number): number {
    const { maxConcurrent, maxTokens, maxTokensTotal } = this.#bounds;
    if (this.#running >= maxConcurrent) {
      throw this.#refuse('maxSamplingsAtOnce', maxConcurrent, RPC_ERROR.internalError, `At most ${maxConcurrent} requests for a model are worked on at once`);
    }
    this.#checkRate();
    if (this.#tokensLeft <= 0) throw this.#refuse('maxTokensTotal', maxTokensTotal, RPC_ERROR.internalError, 'The tokens that this client grants are used up');
    const granted = Math.min(wanted, maxTokens, this.#tokensLeft);
    this.#admittedAt.push(this.#clock.now());
    this.#running++;
    this.#tokensLeft -= granted;
    this.#told.clear();
    return granted;
  }

  /** A request that was admitted is over; `unused` of its tokens come back. */
  release(unused: number): void {
    this.#running--;
    this.#tokensLeft += unused;
  }

  #checkRate(): void {
    const { maxRequestsPerMinute } = this.#bounds;
    const now = this.#clock.now();
    const times = this.#admittedAt;
    while (times[0] !== undefined && times[0] <= now - MINUTE_MS) times.shift();
    if (times.length < maxRequestsPerMinute) return;
    const retryAfterMs = Math.ceil((times[0] ?? now) + MINUTE_MS - now);
    const message = `At most ${maxRequestsPerMinute} requests for a model are taken a minute`;
    throw this.#refuse('maxSamplingsPerMinute', maxRequestsPerMinute, RPC_ERROR.internalError, message, { retryAfterMs });
  }

  /** The host hears of each bound once, until a request is admitted again: a server that asks without end would fill its log. */
  #refuse(limit: string, most: number, code: number, message: string, data?: { readonly retryAfterMs: number }): RequestRefusal {
    if (!this.#told.has(limit)) {
      this.#told.add(limit);
      this.#fault(new LimitError(limit, `A request of the server for a model was refused: ${message}`, { details: { most, method: 'sampling/createMessage' } }));
    }
    return new RequestRefusal(code, message, data === undefined ? undefined : { ...data });
  }
}
