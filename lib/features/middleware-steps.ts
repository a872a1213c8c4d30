/** From one middleware to the next, and to what they stand around. */

import { InvalidValueError } from '../base/errors.ts';
import type { Delivery } from '../base/errors.ts';
import { deepFreeze, isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe } from '../base/options.ts';
import { settled } from '../base/quiet.ts';
import { checkMeta } from '../connection/request-settings.ts';
import { jsonForm } from '../jsonrpc/codec.ts';
import type { MiddlewareChange, MiddlewareNext, MiddlewareStep } from './middleware.ts';

/** The params or the `_meta` of what has none. */
export const NO_MEMBERS: JSONObject = Object.freeze({});

/** What is handed from one middleware to the next; frozen, so that nobody changes what is sent but through `next`. */
export interface MiddlewareInput {
  readonly params: JSONObject;
  readonly meta: JSONObject;
}

/** What several middlewares stand around. */
export interface MiddlewareOnion<Call> {
  /** The outermost first. */
  readonly steps: readonly MiddlewareStep<(call: Call, next: MiddlewareNext) => unknown>[];
  /** What `next` may change. */
  readonly known: readonly string[];
  /** Known of the request's delivery, for who breaks the rules in the middle of it. */
  delivery(): Delivery | undefined;
  /** Throws when nobody waits for the result any more. */
  throwIfOver(): void;
  callOf(input: MiddlewareInput): Call;
  core(input: MiddlewareInput): Promise<JSONObject>;
}

/** The error of a middleware that breaks its contract. */
export function brokenMiddleware(name: string, what: string, delivery: Delivery | undefined): InvalidValueError {
  return new InvalidValueError('ERR_MCP_MIDDLEWARE', `${name} ${what}`, { delivery });
}

/** A frozen copy of what is sent, or came; {@link NO_MEMBERS} where there is none. @throws TypeError when it has no JSON form. */
export function frozenCopy(part: JSONObject | undefined, method: string): JSONObject {
  return part === undefined ? NO_MEMBERS : deepFreeze(jsonForm(part, method));
}

/** What `input` becomes with what `next` was given. */
export function changedInput(input: MiddlewareInput, change: MiddlewareChange | undefined, known: readonly string[]): MiddlewareInput {
  if (change === undefined) return input;
  checkKeys('The argument of next', change, known);
  const { params, meta } = change as MiddlewareChange;
  if (params !== undefined && !isObject(params)) throw new TypeError(`params must be an object; got ${describe(params)}`);
  return {
    params: params === undefined ? input.params : frozenCopy(params, 'next'),
    meta: meta === undefined ? input.meta : frozenCopy(checkMeta('meta', meta), 'next'),
  };
}

/**
 * Runs the middlewares from number `index` on.
 *
 * @throws InvalidValueError `ERR_MCP_MIDDLEWARE` when one calls `next` twice or too late, or gives no result.
 */
export async function runSteps<Call>(onion: MiddlewareOnion<Call>, index: number, input: MiddlewareInput): Promise<JSONObject> {
  const step = onion.steps[index];
  if (step === undefined) return onion.core(input);
  let state: 'open' | 'asked' | 'over' = 'open';
  const next: MiddlewareNext = (change) =>
    settled(() => {
      if (state !== 'open') throw brokenMiddleware(step.name, state === 'asked' ? 'called next twice' : 'called next after it had settled', onion.delivery());
      onion.throwIfOver();
      const changed = changedInput(input, change, onion.known);
      state = 'asked';
      return runSteps(onion, index + 1, changed);
    });
  try {
    const result = await step.run(onion.callOf(input), next);
    if (!isObject(result)) throw brokenMiddleware(step.name, `must resolve to a result, an object; got ${describe(result)}`, onion.delivery());
    return result;
  } finally {
    state = 'over';
  }
}
