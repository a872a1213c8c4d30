/** One server's HTTP: requests with our own policy for headers, redirects and errors. */

import { orAbort } from '../../base/abort.ts';
import type { AbortSource } from '../../base/cancellation.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectionError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { describe } from '../../base/options.ts';
import type { Admission, Authorizer } from '../../http/authorizer.ts';
import type { Fetch, FetchInit, FetchResponse } from '../../http/fetch-port.ts';
import { READ_HEADERS } from '../../http/header-names.ts';
import { checkUserHeaders } from '../../http/header-value.ts';
import { decideRedirect } from '../../http/redirect.ts';
import { discard } from '../../http/response-body.ts';
import type { FrameHeaders } from '../transport.ts';
import { AnsweredStreams } from './answered-streams.ts';
import { networkError } from './http-failure.ts';
import { SignalPool } from './signal-pool.ts';

/** The host's own headers: the same for all requests, or asked for at each. */
export type UserHeaders = FrameHeaders | (() => FrameHeaders | Promise<FrameHeaders>);

/** What an {@link HTTPClient} is made with. */
export interface HTTPClientOptions {
  /** The server's name, for messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly fetch: Fetch;
  /** Checked already where they are no function. */
  readonly headers: UserHeaders;
  /** How long the stream of an answer may be silent, milliseconds; `undefined`: as long as its request may wait. */
  readonly idleTimeoutMs: number | undefined;
  /** Lets requests in, where the server asks for that. */
  readonly authorizer?: Authorizer | undefined;
}

/** One request to the server. */
export interface HTTPRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly url: string;
  readonly headers: FrameHeaders;
  readonly body?: string;
  /** Hears where a redirect led. */
  readonly moved?: (url: string) => void;
}

// RFC 9110 section 15.4: those that name another place for this request.
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

// A fetch leaves its listeners on a signal until they are collected, and each further one is compared with all of them.
const MOST_USES = 8;

/** Sends requests. */
export class HTTPClient {
  readonly #options: HTTPClientOptions;
  readonly #signals: SignalPool;
  /** Streams that are read on behind their answer. */
  readonly answered: AnsweredStreams;
  /** The last frame headers seen, and what they became: they are the same object for all frames of a connection. */
  #lastHeaders: FrameHeaders | undefined;
  #lastMerged: FrameHeaders = {};

  constructor(options: HTTPClientOptions) {
    this.#options = options;
    this.answered = new AnsweredStreams(options.clock, options.limits.afterAnswerMs);
    this.#signals = new SignalPool(options.fetch.signals === 'reused' ? MOST_USES : 1);
  }

  get name(): string {
    return this.#options.name;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get idleTimeoutMs(): number | undefined {
    return this.#options.idleTimeoutMs;
  }

  /**
   * The response to one request, its body unread. Redirects are followed where the policy allows it.
   *
   * @throws ConnectionError `ERR_MCP_NETWORK`, `ERR_MCP_HTTP_REDIRECT`; AuthorizationError; the signal's reason; what the function of headers throws.
   */
  async request(request: HTTPRequest, signal: AbortSource): Promise<FetchResponse> {
    const { name, fetch, authorizer, headers: userHeaders } = this.#options;
    const { method, body } = request;
    const headers = typeof userHeaders === 'function' ? await this.#ask(userHeaders, request.headers, signal) : this.#merge(userHeaders, request.headers);
    const admission = authorizer?.admit(method);
    let { url } = request;
    for (let hops = 0; ; ) {
      const sent = admission === undefined ? headers : { ...headers, ...(await admission.headersFor(url, signal)) };
      const init = { method, headers: sent, body, signal: fetch.signals === 'sources' ? signal : this.#signals.lend(signal), redirect: 'manual' };
      let response: FetchResponse;
      try {
        // Neither an absent body nor a source for a fetch that takes one is written in the contract.
        response = await fetch(url, init as FetchInit);
      } catch (cause) {
        signal.throwIfAborted();
        throw networkError(name, url, cause);
      }
      if (!isResponse(response)) throw networkError(name, url, new TypeError(`fetch must resolve to a response; got ${describe(response)}`));
      if (admission !== undefined && (await isRefused(admission, response, signal))) continue;
      if (!REDIRECT_STATUSES.has(response.status)) {
        if (hops > 0) request.moved?.(url);
        return response;
      }
      discard(response);
      url = this.#follow(url, method, response, hops++);
    }
  }

  async #ask(userHeaders: () => FrameHeaders | Promise<FrameHeaders>, frameHeaders: FrameHeaders, signal: AbortSource): Promise<FrameHeaders> {
    const given = await orAbort(asked(userHeaders), signal);
    return { ...checkUserHeaders(given), ...frameHeaders };
  }

  /** The exchange of `signal` is over: nothing of what its requests brought is read any more. */
  over(signal: AbortSource): void {
    this.#signals.takeBack(signal);
  }

  #merge(userHeaders: FrameHeaders, frameHeaders: FrameHeaders): FrameHeaders {
    if (frameHeaders !== this.#lastHeaders) {
      this.#lastHeaders = frameHeaders;
      this.#lastMerged = Object.freeze({ ...userHeaders, ...frameHeaders });
    }
    return this.#lastMerged;
  }

  #follow(from: string, method: string, { status, headers }: FetchResponse, hops: number): string {
    const { name, limits } = this.#options;
    const decision = decideRedirect({ from, method, status, location: headers.get(READ_HEADERS.location), hops, maxRedirects: limits.maxRedirects });
    if (decision.follow) return decision.url;
    const details = { status, refusal: decision.refusal, target: decision.target };
    throw new ConnectionError('ERR_MCP_HTTP_REDIRECT', `${name} redirects, which is not followed: ${decision.reason}`, { details, delivery: 'answered' });
  }
}

/** Whether the request is to be tried once more, with other headers; the body of this response is let go of then. */
async function isRefused(admission: Admission, response: FetchResponse, signal: AbortSource): Promise<boolean> {
  let isTriedAgain = true;
  try {
    isTriedAgain = await admission.answered(response, signal);
  } finally {
    // A throw means that nobody reads it either.
    if (isTriedAgain) discard(response);
  }
  return isTriedAgain;
}

function isResponse(value: unknown): value is FetchResponse {
  const { status, headers } = (value ?? {}) as Partial<FetchResponse>;
  return typeof status === 'number' && typeof headers?.get === 'function';
}

/** Asks the function; what it throws is a rejection. */
async function asked(headers: () => FrameHeaders | Promise<FrameHeaders>): Promise<FrameHeaders> {
  return headers();
}
