/** Answers to what a server asks before it answers: by the handlers of the host, or given by the host later. */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { PeerProtocolError, RequestTimeoutError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';
import { RequestRefusal } from '../connection/incoming-requests.ts';
import type { Answerer } from '../connection/incoming-requests.ts';
import type { InputRequest, InputRequired } from '../protocol/types/input-required.ts';
import type { Root } from '../protocol/types/roots.ts';
import type { SamplingResult } from '../protocol/types/sampling.ts';
import { elicitationFeature } from './elicitation.ts';
import type { FormElicitationAnswer, URLElicitationAnswer } from './elicitation.ts';
import type { HostContext, HostFeature } from './host-feature.ts';
import { rootsFeature } from './roots.ts';
import { samplingFeature } from './sampling.ts';
import type { QuestionRecord } from './stored-question.ts';

/** What one thing that a server asks is answered with: what its handler would give; for roots an object with them. */
export type InputAnswer = FormElicitationAnswer | URLElicitationAnswer | SamplingResult | { readonly roots: readonly Root[] };

/** One answer for each thing that was asked, by the names that the server gave. */
export type QuestionAnswers = Readonly<Record<string, InputAnswer>>;

/** Who answers, and for how long. */
export interface HandlerPort {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly answerer: Answerer;
  readonly offers: (method: string) => boolean;
  readonly fault: (error: MCPError) => void;
}

/** Who asks, for messages, and what whoever waits for the answers hears when one is not given. */
export interface Asker {
  /** The method that is answered later, or the task that goes on later. */
  readonly name: string;
  /** `details`: the `key` of what was not answered, and its method, `asked`. */
  unanswered(message: string, details: { readonly key: string; readonly asked: string }, cause: unknown): MCPError;
}

const ANSWERS_NEVER: AbortSignal = new AbortController().signal;

/** Whether anything is asked, or the server only wants to be called again. */
export function isQuestion({ inputRequests }: InputRequired): boolean {
  return inputRequests !== undefined && inputRequests.size > 0;
}

/**
 * What the handlers say to all that is asked, at once.
 *
 * @throws what `asker` makes of it when one is not answered: the others are not waited for. The reason of `signal`.
 */
export async function answerByHandlers(inputRequests: ReadonlyMap<string, InputRequest>, asker: Asker, signal: AbortSignal, port: HandlerPort): Promise<JSONObject> {
  const { clock, limits } = port;
  // Before anybody is asked: an answer that cannot be sent is asked of nobody.
  for (const [key, { method }] of inputRequests) if (!port.offers(method)) throw notOffered(asker, key, method, port.fault);
  const late = () => new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `No answer within ${limits.answerTimeoutMs} ms (limits.answerTimeoutMs)`, { details: { timeoutMs: limits.answerTimeoutMs } });
  const span = timedSignal(clock, limits.answerTimeoutMs, late, signal);
  try {
    const entries = Array.from(inputRequests, async ([key, request]) => [key, await oneAnswer(asker, key, request, span.signal, signal, port.answerer)] as const);
    return Object.fromEntries(await Promise.all(entries));
  } catch (cause) {
    span.abort(cause);
    throw cause;
  } finally {
    span.release();
  }
}

async function oneAnswer(asker: Asker, key: string, { method, params }: InputRequest, signal: AbortSignal, callers: AbortSignal, answerer: Answerer): Promise<JSONObject> {
  try {
    signal.throwIfAborted();
    // The name that the server gave it takes the place of an id.
    const answering = answerer({ id: key, method, params, signal });
    if (answering === undefined) throw new TypeError(`Nothing answers ${method}`);
    return await orAbort(answering, signal);
  } catch (cause) {
    callers.throwIfAborted();
    const why = cause instanceof RequestRefusal || cause === signal.reason ? `: ${messageOf(cause)}` : '';
    throw asker.unanswered(`${asker.name} waits for an answer to ${method} ${quote(key)}, and its handler gave none${why}`, { key, asked: method }, cause);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'no reason is known';
}

/** Source: as above, "Server Requirements": a server asks for nothing that was not declared. */
function notOffered(asker: Asker, key: string, asked: string, fault: (error: MCPError) => void): MCPError {
  const details = { key, asked };
  const cause = new PeerProtocolError('ERR_MCP_UNEXPECTED_METHOD', `${asker.name} waits for an answer to the request ${asked}, which this client has not declared`, { details });
  fault(cause);
  return asker.unanswered(`${asker.name} waits for an answer to ${asked} ${quote(key)}, and there is no handler for it`, details, cause);
}

/**
 * What the host says to a question that was kept, checked against it: a form is filled in, a result of a model is one.
 *
 * @throws TypeError or RangeError, naming the answer that is missing, too much or wrong.
 */
export async function checkAnswers({ asked }: QuestionRecord, answers: unknown, context: HostContext): Promise<JSONObject | undefined> {
  if (!isObject(answers)) throw new TypeError(`answers must be "handlers" or an object with an answer for each thing that was asked; got ${describe(answers)}`);
  const requests = asked.inputRequests ?? new Map<string, InputRequest>();
  for (const key of Object.keys(answers)) if (!requests.has(key)) throw new TypeError(`answers has the member ${quote(key)}, which was not asked`);
  for (const key of requests.keys()) if (own(answers, key) === undefined) throw new TypeError(`answers must have the member ${quote(key)}, which was asked`);
  if (asked.inputRequests === undefined) return undefined;
  const entries = Array.from(requests, async ([key, request]) => [key, await checkAnswer(key, request, own(answers, key), context)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function checkAnswer(key: string, { method, params }: InputRequest, answer: unknown, context: HostContext): Promise<JSONObject> {
  try {
    const { answers } = featureThatSays(method, answer, context);
    return (await answers.get(method)?.({ id: key, method, params, signal: ANSWERS_NEVER })) ?? {};
  } catch (cause) {
    const Kind = cause instanceof RangeError ? RangeError : TypeError;
    throw new Kind(`answers ${quote(key)} is no answer to ${method}: ${messageOf(cause)}`, { cause });
  }
}

/** The handlers know what is an answer: one is made that says what was given. */
function featureThatSays(method: InputRequest['method'], answer: unknown, context: HostContext): HostFeature {
  switch (method) {
    case 'elicitation/create':
      return elicitationFeature({ form: () => answer as FormElicitationAnswer, url: () => answer as URLElicitationAnswer }, context);
    case 'sampling/createMessage':
      // What it may cost was decided by whoever answered.
      return samplingFeature({ handle: () => answer as SamplingResult, tools: true, context: true, maxTokens: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER }, context);
    case 'roots/list':
      return rootsFeature(() => (isObject(answer) ? own(answer, 'roots') : undefined) as readonly Root[], context);
  }
}
