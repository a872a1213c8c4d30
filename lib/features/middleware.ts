/** Code of the host around what is asked, answered and heard. */

import type { JSONObject } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { RetryChoice } from '../connection/request-settings.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { TraceContext } from './trace-context.ts';

/** What `next` may be given: what takes the place of what came; what is left out stays as it is. */
export interface MiddlewareChange {
  /** The params, without `_meta`. */
  readonly params?: JSONObject | undefined;
  /** The members of `_meta`. Only for requests that go out. */
  readonly meta?: JSONObject | undefined;
}

/** Goes on to the next middleware, or to the server. Once a call. */
export type MiddlewareNext = (change?: MiddlewareChange) => Promise<JSONObject>;

/** A request that goes out, as a middleware sees it. Frozen. */
export interface RequestCall {
  /** How the host calls the server. */
  readonly serverName: string;
  readonly method: string;
  /** Copies, as they would be sent; `{}` where there are none. */
  readonly params: JSONObject;
  /** The `_meta` that the host gave, without what the library adds; `{}` where it gave none. */
  readonly meta: JSONObject;
  /** The options of the request, for reading. */
  readonly options: {
    readonly timeoutMs: number;
    /** `Infinity` where there is no such bound. */
    readonly maxTotalTimeoutMs: number;
    readonly resetTimeoutOnProgress: boolean;
    readonly retry: RetryChoice;
  };
  /** Fires when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** A request of the server that is answered, as a middleware sees it. Frozen. */
export interface AnswerCall {
  /** How the host calls the server. */
  readonly serverName: string;
  readonly id: RequestId;
  readonly method: string;
  /** As the server sent them, `_meta` included; hostile, like everything a peer sends. Copies. */
  readonly params: JSONObject;
  /** The trace that the server says its request belongs to. */
  readonly traceContext: TraceContext | undefined;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A notification of the server, as a middleware sees it. Frozen. */
export interface IncomingNotification {
  /** How the host calls the server. */
  readonly serverName: string;
  readonly method: string;
  /** As the server sent them, `_meta` included; hostile, like everything a peer sends. Copies. */
  readonly params: JSONObject;
  /** The trace that the server says its notification belongs to. */
  readonly traceContext: TraceContext | undefined;
}

/** Hands a notification on. Once a notification. */
export type NotificationNext = (change?: Pick<MiddlewareChange, 'params'>) => void;

/**
 * Code of the host around what is asked, answered and heard; at least one of the three. What was added first is outermost: it is asked
 * first, and hears the outcome last.
 */
export interface Middleware {
  /** For messages. */
  readonly name?: string | undefined;
  /**
   * Around every request that goes out once the server is connected, but for the pings of the health check: one run for what the
   * caller asked for, with all the times it is sent again inside. Resolves to the JSON result, which is checked as the
   * server's own would be. What it throws is what the caller gets.
   */
  request?(call: RequestCall, next: MiddlewareNext): JSONObject | Promise<JSONObject>;
  /** Around every request of the server that a handler of the host answers. Resolves to the answer. */
  answer?(call: AnswerCall, next: MiddlewareNext): JSONObject | Promise<JSONObject>;
  /**
   * Around every notification of the server but progress and cancellations, which belong to requests. One that is not handed on is
   * dropped. What it throws is told to the logger.
   */
  notification?(event: IncomingNotification, next: NotificationNext): unknown;
}

/** One middleware's part in one of the three, with the name that messages call it by. */
export interface MiddlewareStep<Run> {
  readonly name: string;
  readonly run: Run;
}

/** The parts of a middleware, read once. */
export interface MiddlewareSteps {
  readonly request: MiddlewareStep<(call: RequestCall, next: MiddlewareNext) => unknown> | undefined;
  readonly answer: MiddlewareStep<(call: AnswerCall, next: MiddlewareNext) => unknown> | undefined;
  readonly notification: MiddlewareStep<(event: IncomingNotification, next: NotificationNext) => unknown> | undefined;
}

/**
 * Reads a middleware. It may be an object of any class; beside the known members it has its own.
 *
 * @throws TypeError, naming what was expected and what came.
 */
export function readMiddleware(middleware: Middleware): MiddlewareSteps {
  const given: unknown = middleware;
  if (!isObject(given)) throw new TypeError(`middleware must be an object; got ${describe(given)}`);
  const { name } = given;
  if (name !== undefined && typeof name !== 'string') throw new TypeError(`middleware.name must be a string; got ${describe(name)}`);
  const called = name === undefined || name === '' ? 'A middleware' : `The middleware ${quote(name)}`;
  const step = <Run>(part: 'request' | 'answer' | 'notification'): MiddlewareStep<Run> | undefined => {
    const run = given[part];
    if (run === undefined) return undefined;
    if (typeof run !== 'function') throw new TypeError(`middleware.${part} must be a function; got ${describe(run)}`);
    return { name: called, run: run.bind(given) as Run };
  };
  const steps: MiddlewareSteps = { request: step('request'), answer: step('answer'), notification: step('notification') };
  if (Object.values(steps).every((one) => one === undefined)) throw new TypeError('middleware must have a function request, answer or notification; it has none of them');
  return steps;
}
