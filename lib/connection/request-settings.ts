/** The options of one request, read once. */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { abortSignal, functionOption, checkKeys, describe, durationMs, flag, oneOf } from '../base/options.ts';
import type { HeaderFields, ResultKind } from '../protocol/era.ts';
import type { Progress } from '../protocol/types/progress.ts';

/** Hears of progress; what it throws or returns harms nobody. */
export type OnProgress = (progress: Progress) => unknown;

/** What every request takes. */
export interface RequestOptions {
  /** Gives the request up: the call rejects with the signal's reason, and the server is told. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the answer, milliseconds. Default: the server's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Whether a report of progress begins `timeoutMs` anew. Default: false. */
  readonly resetTimeoutOnProgress?: boolean | undefined;
  /** How long to wait at most, progress or not, milliseconds. Default: no such bound. */
  readonly maxTotalTimeoutMs?: number | undefined;
  /** Hears of progress, in order, until the call is settled. */
  readonly onProgress?: OnProgress | undefined;
  /**
   * What is sent again by itself after a failure that may pass, over HTTP. What never left this process always is, but for `never`;
   * `safe`: requests that only read as well; `idempotent`: also calls of tools whose annotations say that they are read-only or
   * idempotent, which is the server's word. Default: `safe`.
   */
  readonly retry?: RetryChoice | undefined;
  /**
   * What becomes of the questions that a server asks before it answers `callTool`, `getPrompt` or `listResourceContents` (since 2026-07-28):
   * `answer`, the handlers answer them; `manual`, the call rejects with `InputRequiredError`, whose `question` can be kept as JSON and
   * answered with `answerQuestion`. Servers of earlier revisions ask in another way, and the handlers answer. Default: `answer`.
   */
  readonly rounds?: RoundsChoice | undefined;
  /**
   * Lists and resources that the server lets be used again for a while. `use`: what is still fresh is not asked for; `refresh`: it is asked for,
   * and what comes is kept; `bypass`: it is asked for, and nothing is kept. Means nothing to other requests. Default: `use`.
   * Source: 2026-07-28, server, utilities, "Caching".
   */
  readonly cache?: CacheChoice | undefined;
  /** Members of the request's `_meta`. A `progressToken` among them is used in place of one of ours. */
  readonly meta?: JSONObject | undefined;
}

/** {@link RequestOptions} with nothing left open. */
export interface RequestSettings {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly resetTimeoutOnProgress: boolean;
  readonly maxTotalTimeoutMs: number;
  readonly onProgress: OnProgress | undefined;
  readonly meta: JSONObject | undefined;
  readonly retry: RetryChoice;
  /** `answer` where it is left out. */
  readonly rounds?: RoundsChoice | undefined;
  /** Left out: `use`. */
  readonly cache?: CacheChoice | undefined;
  /** Called before an answer that was known already; for a feature, not for the caller. */
  readonly onCached?: (() => void) | undefined;
  /** What of the params is said in headers too, on a road that has them; found by a feature, not by the caller. */
  readonly mirror?: Mirror | undefined;
  /** The kind of result of an extension that a feature takes as it comes; others, and by default all, are completed first. */
  readonly takes?: ResultKind | undefined;
  /** Its answer is the end of a stream that is to stay open: it takes nobody's turn, and silence on it means nothing. */
  readonly isLong?: boolean | undefined;
}

/** Says params in headers too. */
export interface Mirror {
  /** The headers that belong to `params`, which are what is sent; `undefined` for none. Throws what keeps the request from being sent. */
  headersOf(params: JSONObject | undefined): HeaderFields | undefined;
}

/** The choices of {@link RequestOptions.retry}. */
export type RetryChoice = 'never' | 'safe' | 'idempotent';

/** The choices of {@link RequestOptions.rounds}. */
export type RoundsChoice = 'answer' | 'manual';

const ROUNDS_CHOICES: readonly RoundsChoice[] = ['answer', 'manual'];
const RETRY_CHOICES: readonly RetryChoice[] = ['never', 'safe', 'idempotent'];
const REQUEST_OPTION_NAMES = ['signal', 'timeoutMs', 'resetTimeoutOnProgress', 'maxTotalTimeoutMs', 'onProgress', 'meta', 'retry', 'rounds', 'cache'];

/** The choices of {@link RequestOptions.cache}. */
export type CacheChoice = 'use' | 'refresh' | 'bypass';

const CACHE_CHOICES: readonly CacheChoice[] = ['use', 'refresh', 'bypass'];

/** The settings of a request that was given no options. */
export function defaultRequestSettings(timeoutMs: number): RequestSettings {
  return Object.freeze({
    signal: undefined,
    timeoutMs,
    resetTimeoutOnProgress: false,
    maxTotalTimeoutMs: Infinity,
    onProgress: undefined,
    meta: undefined,
    retry: 'safe' as const,
  });
}

/**
 * Reads {@link RequestOptions}; `alsoKnown` are keys that the caller reads itself.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came.
 */
export function resolveRequestOptions(
  options: RequestOptions | undefined,
  defaults: RequestSettings,
  alsoKnown: readonly string[] = [],
): RequestSettings {
  if (options === undefined) return defaults;
  checkKeys('options', options, alsoKnown.length === 0 ? REQUEST_OPTION_NAMES : [...REQUEST_OPTION_NAMES, ...alsoKnown]);
  const { signal, timeoutMs, resetTimeoutOnProgress, maxTotalTimeoutMs, onProgress, meta, retry, rounds, cache } = options;
  return {
    signal: abortSignal('options.signal', signal),
    timeoutMs: timeoutMs === undefined ? defaults.timeoutMs : durationMs('options.timeoutMs', timeoutMs),
    resetTimeoutOnProgress: resetTimeoutOnProgress === undefined ? false : flag('options.resetTimeoutOnProgress', resetTimeoutOnProgress),
    maxTotalTimeoutMs: maxTotalTimeoutMs === undefined ? Infinity : durationMs('options.maxTotalTimeoutMs', maxTotalTimeoutMs),
    onProgress: onProgress === undefined ? undefined : functionOption('options.onProgress', onProgress as OnProgress),
    meta: meta === undefined ? undefined : checkMeta('options.meta', meta),
    retry: retry === undefined ? 'safe' : oneOf('options.retry', retry, RETRY_CHOICES),
    rounds: rounds === undefined ? 'answer' : oneOf('options.rounds', rounds, ROUNDS_CHOICES),
    cache: cache === undefined ? 'use' : oneOf('options.cache', cache, CACHE_CHOICES),
  };
}

/** Reads what is to be a request's `_meta`. */
export function checkMeta(name: string, meta: unknown): JSONObject {
  if (!isObject(meta)) throw new TypeError(`${name} must be an object; got ${describe(meta)}`);
  const token = own(meta, 'progressToken');
  if (token !== undefined && typeof token !== 'string' && !Number.isSafeInteger(token)) {
    throw new TypeError(`${name}.progressToken must be a string or an integer; got ${describe(token)}`);
  }
  return meta;
}
