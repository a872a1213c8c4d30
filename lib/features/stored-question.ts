/** A question of a server as it is kept by the host, and answered by another process. */

import { InvalidValueError, isMCPError } from '../base/errors.ts';
import { copyAsJSON, isDeeper, isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import { Misfit, objectAt, optionalObjectAt } from '../protocol/checks/check.ts';
import { checkAskingMethod, checkInputRequired } from '../protocol/checks/input-required.ts';
import type { AskingMethod, InputRequest, InputRequired } from '../protocol/types/input-required.ts';

/**
 * A call that its server answered with a question: what `InputRequiredError.question` is and `answerQuestion` takes. Plain JSON, with
 * the arguments of the call in it. It names no server: the host knows which one it belongs to. Whoever has `requestState` may be able to go on with the call.
 */
export interface StoredQuestion<Method extends AskingMethod = AskingMethod> {
  /** The version of this shape. */
  readonly version: 1;
  /** What was called. */
  readonly method: Method;
  /** The params of the call, without `_meta`. */
  readonly params: JSONObject;
  /** What is asked, by the names that the server gave; absent where it asks nothing and wants to be called again. */
  readonly inputRequests?: Readonly<Record<string, InputRequest>>;
  /** What the server wants back, byte for byte. */
  readonly requestState?: string;
}

/** What a stored question comes to. */
export interface QuestionRecord {
  readonly method: AskingMethod;
  readonly params: JSONObject;
  readonly asked: InputRequired;
}

/** Puts a question into the shape that is stored, as an object of its own. */
export function storedQuestion({ method, params, asked: { inputRequests, requestState } }: QuestionRecord): StoredQuestion {
  return copyAsJSON({
    version: 1,
    method,
    params: withoutAnswers(params),
    // By fromEntries, which makes a member of whatever name.
    ...(inputRequests === undefined ? {} : { inputRequests: Object.fromEntries(inputRequests) }),
    ...(requestState === undefined ? {} : { requestState }),
  }) as StoredQuestion;
}

/** The params of a call as they were before anything was asked. */
export function withoutAnswers(params: JSONObject): JSONObject {
  if (!Object.hasOwn(params, 'inputResponses') && !Object.hasOwn(params, 'requestState')) return params;
  const { inputResponses: _responses, requestState: _state, ...original } = params;
  return original;
}

/** The params of the next round: exactly those of the call, with what the server asked for and nothing that it did not. */
export function withAnswers(params: JSONObject, responses: JSONObject | undefined, requestState: string | undefined): JSONObject {
  return {
    ...withoutAnswers(params),
    ...(responses === undefined ? {} : { inputResponses: responses }),
    ...(requestState === undefined ? {} : { requestState }),
  };
}

/**
 * Reads what was stored, which may come from anywhere.
 *
 * @throws TypeError for what is no object; InvalidValueError `ERR_MCP_STORED_QUESTION`, `unsent`, for what is no stored question.
 */
export function checkStoredQuestion(stored: unknown, limits: Limits): QuestionRecord {
  if (!isObject(stored)) throw new TypeError(`stored must be an object; got ${describe(stored)}`);
  try {
    if (isDeeper(stored, limits.maxDepth)) throw new Misfit('', `at most ${limits.maxDepth} levels deep`);
    return readQuestion(asPlain(stored), limits);
  } catch (cause) {
    const why = cause instanceof Misfit || isMCPError(cause) ? cause.message : 'it cannot be read';
    throw new InvalidValueError('ERR_MCP_STORED_QUESTION', `Not a stored question: ${why}`, { cause, delivery: 'unsent' });
  }
}

/** A server that asks by itself would take the answers for a new call. */
export function asksInNoSuchWay(method: string): InvalidValueError {
  const message = `A question of a server that was called by ${method} is answered with the next call, which came with a later revision than the one agreed on`;
  return new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', message, { details: { method }, delivery: 'unsent' });
}

/** What the host does to it later has no effect. */
function asPlain(stored: JSONObject): JSONObject {
  return copyAsJSON(stored) as JSONObject;
}

function readQuestion(stored: JSONObject, limits: Limits): QuestionRecord {
  const version = own(stored, 'version');
  if (version !== 1) throw new Misfit('/version', `1; got ${describe(version)}`);
  const method = checkAskingMethod(stored);
  const params = withoutAnswers(objectAt(stored, 'params'));
  if (optionalObjectAt(params, '_meta') !== undefined) throw new Misfit('/params/_meta', 'absent');
  const name = method === 'resources/read' ? 'uri' : 'name';
  if (typeof own(params, name) !== 'string') throw new Misfit(`/params/${name}`, `a string; got ${describe(own(params, name))}`);
  return { method, params, asked: checkInputRequired(stored, limits.maxInputRequests) };
}
