/** Calls that a server answers with questions first. Source: 2026-07-28, basic, patterns, "Multi Round-Trip Requests". */

import { timedSignal } from '../base/abort.ts';
import type { EndableSignal } from '../base/abort.ts';
import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { LimitError, RequestTimeoutError } from '../base/errors.ts';
import type { MCPError, RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quiet } from '../base/quiet.ts';
import type { Answerer } from '../connection/incoming-requests.ts';
import { notComplete } from '../connection/pending-requests.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkInputRequired } from '../protocol/checks/input-required.ts';
import type { AskingMethod, InputRequired } from '../protocol/types/input-required.ts';
import { answerByHandlers, isQuestion } from './input-answers.ts';
import type { Asker } from './input-answers.ts';
import { InputRequiredError } from './input-required-error.ts';
import type { Requester } from './requester.ts';
import { asksInNoSuchWay, storedQuestion, withAnswers } from './stored-question.ts';
import type { QuestionRecord } from './stored-question.ts';

/** What the rounds are made with. */
export interface InputRoundsOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** What each round is asked through. */
  readonly requester: Requester;
  /** Whether the server may ask before it answers `method`, or nobody knows: it is being connected again. */
  readonly mayAskBack: (method: string) => boolean;
  /** Resolves when no connection is being made. */
  readonly reconnected: (what: string, settings: RequestSettings) => Promise<void>;
  /** What answers the requests of servers that ask by themselves answers here too. */
  readonly answerer: Answerer;
  /** Whether there is a handler for what is asked by this method. */
  readonly offers: (method: string) => boolean;
  /** The server asks what it may not. */
  readonly fault: (error: MCPError) => void;
}

/** What a call comes to whose server asks first. It never leaves this file. */
class AskedBack {
  readonly asked: InputRequired;

  constructor(asked: InputRequired) {
    this.asked = asked;
  }
}

/** One call, as it was asked for. */
interface RoundedCall<T> {
  readonly method: AskingMethod;
  readonly params: JSONObject;
  readonly settings: RequestSettings;
  readonly reader: ReplyReader<T>;
  readonly startedAt: number;
}

/**
 * The requester that goes on until there is an answer. What cannot be answered with a question passes untouched. The params are sent
 * again in each round as they are then: who asks leaves them alone.
 */
export class InputRounds implements Requester {
  readonly #options: InputRoundsOptions;
  // Readers are constants, nearly all: one more for each of them, and none for a request.
  readonly #asking = new WeakMap<ReplyReader<unknown>, ReplyReader<unknown>>();
  readonly #spans = new Set<EndableSignal>();

  constructor(options: InputRoundsOptions) {
    this.#options = options;
  }

  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, isRepeatable?: boolean): Promise<T> {
    const { requester, mayAskBack, clock } = this.#options;
    if (!mayAskBack(method)) return requester.request(method, params, settings, reader, isRepeatable);
    const startedAt = clock.now();
    const result: Promise<T> = requester.request(method, params, settings, this.#readerFor(reader), isRepeatable).then(
      (value) => {
        if (!(value instanceof AskedBack)) return value;
        quiet(result);
        return this.#goOn({ method: method as AskingMethod, params: params ?? {}, settings, reader, startedAt }, value.asked);
      },
      // Made quiet here and not above: a call that goes well is one promise more, and not two.
      (reason: unknown) => {
        quiet(result);
        throw reason;
      },
    );
    return result;
  }

  /** Answers a question that was kept, by the handlers, within the time that `settings` give. */
  async answer(record: QuestionRecord, settings: RequestSettings): Promise<JSONObject | undefined> {
    const span = this.#begin(record.method, settings, this.#options.clock.now());
    try {
      return await this.#responses(record, span.signal);
    } finally {
      this.#end(span);
    }
  }

  /** No further round is possible: whoever is being asked hears it. */
  letGo(reason: unknown): void {
    for (const span of this.#spans) span.abort(reason);
  }

  async #goOn<T>(call: RoundedCall<T>, first: InputRequired): Promise<T> {
    const { limits, requester, reconnected, mayAskBack } = this.#options;
    const { method, params, settings } = call;
    const span = this.#begin(method, settings, call.startedAt);
    const again = { ...settings, signal: span.signal };
    const reader = this.#readerFor(call.reader);
    let asked = first;
    try {
      for (let round = 1, silent = 0; round <= limits.maxRounds; round++) {
        const record = { method, params, asked };
        if (isQuestion(asked) && settings.rounds === 'manual') throw handedOut(record);
        silent = isQuestion(asked) ? 0 : silent + 1;
        if (silent > 0) await this.#pause(silent, span.signal);
        const responses = await this.#responses(record, span.signal);
        // The server may have come back as one that knows nothing of answers.
        await reconnected(method, again);
        if (!mayAskBack(method)) throw asksInNoSuchWay(method);
        // What was sent with answers is not sent twice by itself, unless it never left or only reads.
        const value: T | AskedBack = await requester.request(method, withAnswers(params, responses, asked.requestState), again, reader, false);
        if (!(value instanceof AskedBack)) return value;
        asked = value.asked;
      }
    } finally {
      this.#end(span);
    }
    throw new LimitError('maxRounds', `${method} was sent again ${limits.maxRounds} times, and its server still asks`, { details: { most: limits.maxRounds, method }, delivery: 'answered' });
  }

  async #responses(record: QuestionRecord, signal: AbortSignal): Promise<JSONObject | undefined> {
    const { inputRequests } = record.asked;
    return inputRequests === undefined ? undefined : answerByHandlers(inputRequests, questionerOf(record), signal, this.#options);
  }

  /** Servers that want nothing but to be called again would be asked without a rest. */
  #pause(silent: number, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#options;
    return delay(clock, Math.min(limits.roundPauseMs * 2 ** (silent - 1), limits.maxRetryDelayMs), signal);
  }

  #begin(method: string, { maxTotalTimeoutMs, signal }: RequestSettings, startedAt: number): EndableSignal {
    const { clock, limits } = this.#options;
    const leftMs = Math.max(0, startedAt + maxTotalTimeoutMs - clock.now());
    const late = () => (leftMs <= limits.maxRoundsMs ? totalTimeout(method, maxTotalTimeoutMs) : roundsTooLong(method, limits.maxRoundsMs));
    const span = timedSignal(clock, Math.min(leftMs, limits.maxRoundsMs), late, signal);
    this.#spans.add(span);
    return span;
  }

  #end(span: EndableSignal): void {
    span.release();
    this.#spans.delete(span);
  }

  #readerFor<T>(reader: ReplyReader<T>): ReplyReader<T | AskedBack> {
    const known = this.#asking.get(reader) as ReplyReader<T | AskedBack> | undefined;
    if (known !== undefined) return known;
    const { maxInputRequests } = this.#options.limits;
    const made: ReplyReader<T | AskedBack> = {
      read: (result) => reader.read(result),
      interim: (result, kind) => {
        if (kind === 'input_required') return new AskedBack(checkInputRequired(result, maxInputRequests));
        if (reader.interim === undefined) throw notComplete();
        return reader.interim(result, kind);
      },
      refuse: (error: RPCError) => reader.refuse?.(error) ?? error,
    };
    this.#asking.set(reader, made);
    return made;
  }
}

function questionerOf(record: QuestionRecord): Asker {
  const { method } = record;
  return { name: method, unanswered: (message, details, cause) => new InputRequiredError(message, storedQuestion(record), { details: { method, ...details }, cause }) };
}

function handedOut(record: QuestionRecord): InputRequiredError {
  const { method } = record;
  return new InputRequiredError(`${method} was answered with a question, which the call wanted to be given`, storedQuestion(record), { details: { method } });
}

function totalTimeout(method: string, timeoutMs: number): RequestTimeoutError {
  const message = `${method} was not answered within ${timeoutMs} ms in all (maxTotalTimeoutMs)`;
  return new RequestTimeoutError('ERR_MCP_TOTAL_TIMEOUT', message, { details: { method, timeoutMs }, delivery: 'unknown' });
}

function roundsTooLong(method: string, most: number): LimitError {
  return new LimitError('maxRoundsMs', `${method} was not answered within ${most} ms from the first question of its server on`, { details: { most, method }, delivery: 'unknown' });
}
