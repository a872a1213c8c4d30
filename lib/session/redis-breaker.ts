/** Keeps what has to wait for Redis from waiting for one that is away. */

import { timedSignal, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { RedisError, SessionStoreError, isMCPError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { settled } from '../base/quiet.ts';
import { backoffMs } from '../transport/backoff.ts';
import { isRedisAnswer, redisCodeOf } from './redis-reply.ts';

/** How Redis stands, as JSON. */
export interface RedisAvailability {
  /** `down`: operations fail at once, but for one now and then that looks whether Redis is back. */
  readonly state: 'up' | 'down';
  /** When that began, in milliseconds since 1970. */
  readonly since: number;
  /** Operations in a row that failed. */
  readonly failures: number;
  /** What the last failure was: the code of the reply, or of the error. `undefined` when none has failed yet. */
  readonly lastFailure: string | undefined;
}

type BreakerState = 'closed' | 'open' | 'probing';
type BreakerEvent = 'tripped' | 'due' | 'answered';

/** What becomes of each state; a pair that is not here changes nothing. */
const TRANSITIONS: Readonly<Record<BreakerState, Readonly<Partial<Record<BreakerEvent, BreakerState>>>>> = Object.freeze({
  closed: { tripped: 'open' },
  open: { due: 'probing', answered: 'closed' },
  probing: { tripped: 'open', answered: 'closed' },
});

const FAILURES_IN_A_ROW = 3;
const BREAKER_FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * A circuit breaker around every operation. Three failures in a row, or one that took too long, open it; then operations fail at once. After a pause, which grows
 * from 250 ms to 5 s, the next operation is let through alone: if it is answered, all are again. Says so through the log once per change.
 */
export class RedisBreaker {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timeoutMs: number;
  #state: BreakerState = 'closed';
  #since: number;
  #failures = 0;
  /** How often in a row it opened. */
  #trips = 0;
  #retryAt = 0;
  #lastFailure: unknown;

  /** `timeoutMs` is how long one operation may take. */
  constructor(clock: Clock, log: Log, timeoutMs: number) {
    this.#clock = clock;
    this.#log = log;
    this.#timeoutMs = timeoutMs;
    this.#since = clock.date();
  }

  get availability(): RedisAvailability {
    const lastFailure = this.#lastFailure === undefined ? undefined : codeOfFailure(this.#lastFailure);
    return Object.freeze({ state: this.#state === 'closed' ? 'up' : 'down', since: this.#since, failures: this.#failures, lastFailure });
  }

  /**
   * What `work` comes to. What it does after its time is up is heard by nobody. One that `insists` asks Redis even while it is away: for what nobody waits for
   * and what comes too late after the pause.
   *
   * @throws SessionStoreError `ERR_MCP_SESSION_STORE`, its cause what Redis, or the road to it, said; at once while Redis is away.
   */
  async run<T>(work: () => Promise<T>, insists: boolean = false): Promise<T> {
    this.#admit(insists);
    try {
      const outcome = await this.bounded(work);
      this.#answered();
      return outcome;
    } catch (cause) {
      if (isRedisAnswer(cause)) this.#answered();
      else this.#failed(cause);
      throw storeFailure(`Redis failed: ${codeOfFailure(cause)}`, cause);
    }
  }

  /** What `work` comes to, in the time of one operation, whether Redis is away or not; its outcome says nothing about that. */
  async bounded<T>(work: () => Promise<T>): Promise<T> {
    const late = () => new RedisError('ERR_MCP_REDIS_TIMEOUT', `Redis did not answer within ${this.#timeoutMs} ms`, { details: { timeoutMs: this.#timeoutMs } });
    const timed = timedSignal(this.#clock, this.#timeoutMs, late);
    try {
      return await orAbort(settled(work), timed.signal);
    } finally {
      timed.release();
    }
  }

  #admit(insists: boolean): void {
    if (this.#state === 'closed') return;
    const retryInMs = Math.ceil(this.#retryAt - this.#clock.now());
    if (insists || (this.#state === 'open' && retryInMs <= 0)) return this.#apply('due');
    const next = this.#state === 'probing' ? 'just now one operation looks whether it is back' : `the next try is in ${retryInMs} ms`;
    throw storeFailure(`Redis is away; ${next}`, this.#lastFailure);
  }

  #answered(): void {
    this.#failures = 0;
    this.#trips = 0;
    this.#apply('answered');
  }

  #failed(cause: unknown): void {
    this.#failures++;
    this.#lastFailure = cause;
    const isTimeout = isMCPError(cause) && cause.code === 'ERR_MCP_REDIS_TIMEOUT';
    if (this.#state === 'closed' && !isTimeout && this.#failures < FAILURES_IN_A_ROW) return;
    // One that was let through before, and fails while it is open, says nothing new.
    if (this.#state === 'open') return;
    this.#retryAt = this.#clock.now() + backoffMs(BREAKER_FIRST_PAUSE_MS, ++this.#trips, LONGEST_PAUSE_MS);
    this.#apply('tripped');
  }

  #apply(event: BreakerEvent): void {
    const before = this.availability;
    this.#state = TRANSITIONS[this.#state][event] ?? this.#state;
    const { state } = this.availability;
    if (state === before.state) return;
    this.#since = this.#clock.date();
    if (state === 'up') this.#log.info('Redis is back: sessions are shared again', { awayMs: Math.max(0, this.#since - before.since) });
    else this.#log.warn('Redis is away: sessions are not shared until it is back', { failure: before.lastFailure, cause: this.#lastFailure });
  }
}

function storeFailure(message: string, cause: unknown): SessionStoreError {
  return new SessionStoreError('ERR_MCP_SESSION_STORE', message, { cause });
}

/** What a failure is called: the code of an error reply, else that of the error; never its text, which may be anything. */
function codeOfFailure(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return redisCodeOf(cause) ?? (typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,59}$/.test(code) ? code : 'an error of the client');
}
