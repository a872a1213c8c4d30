/** One request on its way through the middleware that was there when it began. */

import { orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { RequestTimeoutError, isMCPError } from '../base/errors.ts';
import type { Delivery, RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { MiddlewareStep, MiddlewareNext, RequestCall } from './middleware.ts';
import { NO_MEMBERS, frozenCopy, runSteps } from './middleware-steps.ts';
import type { MiddlewareInput, MiddlewareOnion } from './middleware-steps.ts';
import type { Requester } from './requester.ts';

/** What was asked for. */
export interface AskedRequest {
  readonly method: string;
  readonly params: JSONObject | undefined;
  readonly settings: RequestSettings;
  readonly isRepeatable: boolean | undefined;
}

/** What a run is made with. */
export interface RequestRunOptions {
  readonly serverName: string;
  readonly clock: Clock;
  /** What the request is asked through in the end. */
  readonly requester: Requester;
  readonly steps: readonly MiddlewareStep<(call: RequestCall, next: MiddlewareNext) => unknown>[];
  readonly refuse: ReplyReader<unknown>['refuse'];
}

const RUN_KNOWN_CHANGES: readonly string[] = ['params', 'meta'];

/**
 * The run. The caller's signal ends it at once, whatever the middleware does. While the request is with the server, its own deadlines count; the time
 * that middleware takes before and after that may be `timeoutMs` each.
 */
export class RequestRun implements MiddlewareOnion<RequestCall> {
  readonly steps: RequestRunOptions['steps'];
  readonly known: readonly string[] = RUN_KNOWN_CHANGES;
  readonly #options: RequestRunOptions;
  readonly #asked: AskedRequest;
  readonly #input: MiddlewareInput;
  readonly #controller = new AbortController();
  #cancelTimer: CancelTimer | undefined;
  #delivery: Delivery = 'unsent';
  #isWithServer = false;
  #isOver = false;

  /** Copies what was asked for: what the caller does to it later has no effect. @throws TypeError when it has no JSON form. */
  constructor(options: RequestRunOptions, asked: AskedRequest) {
    const { method, params, settings } = asked;
    this.steps = options.steps;
    this.#options = options;
    this.#asked = asked;
    this.#input = { params: frozenCopy(params, method), meta: frozenCopy(settings.meta, method) };
  }

  /** The result, as JSON. */
  async result(): Promise<JSONObject> {
    const { signal: callers } = this.#asked.settings;
    const { signal } = this.#controller;
    const giveUp = () => this.#controller.abort(callers?.reason);
    callers?.addEventListener('abort', giveUp, { once: true });
    this.#startTimer();
    try {
      // Behind a turn of its own: a middleware that asks the server, and so meets itself, fills no stack.
      return await orAbort(Promise.resolve().then(() => runSteps(this, 0, this.#input)), signal);
    } finally {
      this.#isOver = true;
      this.#stopTimer();
      callers?.removeEventListener('abort', giveUp);
      // Nobody waits for the answer any more: the server is told.
      if (this.#isWithServer) this.#controller.abort(new DOMException('The middleware did not wait for the answer', 'AbortError'));
    }
  }

  delivery(): Delivery {
    return this.#delivery;
  }

  throwIfOver(): void {
    this.#controller.signal.throwIfAborted();
    if (this.#isOver) throw new DOMException('The request is settled', 'AbortError');
  }

  callOf({ params, meta }: MiddlewareInput): RequestCall {
    const { method, settings } = this.#asked;
    const { timeoutMs, maxTotalTimeoutMs, resetTimeoutOnProgress, retry } = settings;
    return Object.freeze({
      serverName: this.#options.serverName,
      method,
      params,
      meta,
      options: Object.freeze({ timeoutMs, maxTotalTimeoutMs, resetTimeoutOnProgress, retry }),
      signal: this.#controller.signal,
    });
  }

  async core({ params, meta }: MiddlewareInput): Promise<JSONObject> {
    const { method, settings, isRepeatable } = this.#asked;
    this.#stopTimer();
    this.#isWithServer = true;
    this.#delivery = 'unknown';
    // What is known of the request that was asked for need not hold for another one.
    const mayRepeat = isRepeatable === true && params === this.#input.params;
    // What was left out and is left alone stays left out.
    const sentParams = params === NO_MEMBERS ? undefined : params;
    const sentSettings = { ...settings, meta: meta === NO_MEMBERS ? undefined : meta, signal: this.#controller.signal };
    try {
      const result = await this.#options.requester.request(method, sentParams, sentSettings, this.#reader(), mayRepeat);
      this.#delivery = 'answered';
      return result;
    } catch (error) {
      if (isMCPError(error) && error.delivery !== undefined) this.#delivery = error.delivery;
      throw error;
    } finally {
      this.#isWithServer = false;
      if (!this.#isOver) this.#startTimer();
    }
  }

  /** The result as it came; an error of the server as the caller would get it. */
  #reader(): ReplyReader<JSONObject> {
    const { refuse } = this.#options;
    return refuse === undefined ? { read: asItIs } : { read: asItIs, refuse: (error: RPCError) => refuse(error) };
  }

  #startTimer(): void {
    const { method, settings } = this.#asked;
    const { timeoutMs } = settings;
    this.#cancelTimer = this.#options.clock.after(timeoutMs, () => {
      const options = { details: { method, timeoutMs }, delivery: this.#delivery };
      this.#controller.abort(new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `${method} was held by middleware for ${timeoutMs} ms (timeoutMs)`, options));
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

function asItIs(result: JSONObject): JSONObject {
  return result;
}
