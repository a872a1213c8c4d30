/** Which requests are sent again by themselves, and when. What may be sent again follows what is known of its delivery. */

import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { ConnectionError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { METHODS } from '../protocol/methods.ts';
import { backoffMs } from '../transport/backoff.ts';

/** How often and how long. */
export interface RequestRetryPolicy {
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly limits: Limits;
  readonly clock: Clock;
  /** What a failed request comes to in the end, where more is known than its error says. */
  readonly judge?: ((error: unknown) => Promise<unknown>) | undefined;
}

// Statuses that say "not now": the request was not acted on, but only what reads is sent again without being asked to.
const BUSY_STATUSES: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);

// Failures of the road that may pass, beside those by status.
const PASSING: ReadonlySet<string> = new Set(['ERR_MCP_NETWORK', 'ERR_MCP_BODY_TRUNCATED', 'ERR_MCP_STREAM_LOST']);

/** Sends again. */
export class RequestRetries {
  readonly #policy: RequestRetryPolicy;

  constructor(policy: RequestRetryPolicy) {
    this.#policy = policy;
  }

  /** What `ask` comes to, asked as often as it takes and is allowed; the rejection is the last one. */
  async run<T>(method: string, settings: RequestSettings, isRepeatable: boolean, ask: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await ask();
      } catch (cause) {
        const { judge } = this.#policy;
        const error = judge === undefined ? cause : await judge(cause);
        const pauseMs = this.#pauseMs(error, failures, method, settings, isRepeatable);
        if (pauseMs === undefined) throw error;
        if (pauseMs > 0) await delay(this.#policy.clock, pauseMs, settings.signal);
      }
    }
  }

  /** How long to wait before asking again; `undefined` when it is not asked again. */
  #pauseMs(error: unknown, failures: number, method: string, { retry }: RequestSettings, isRepeatable: boolean): number | undefined {
    const { maxRetries, limits } = this.#policy;
    if (retry === 'never' || failures > maxRetries || !(error instanceof ConnectionError)) return undefined;
    const isSafe = isRepeatable || METHODS.get(method)?.isRead === true;
    // A new session is being made, and the request waits for it; one that is lost too is not gone after.
    if (error.code === 'ERR_MCP_SESSION_LOST') return isSafe && failures === 1 ? 0 : undefined;
    const isPassing = PASSING.has(error.code) || BUSY_STATUSES.has(error.details['status']);
    if (!isPassing || !(isSafe || error.delivery === 'unsent')) return undefined;
    const asked = error.details['retryAfterMs'];
    if (typeof asked === 'number') return Math.min(asked, limits.maxRetryAfterMs);
    return backoffMs(this.#policy.retryDelayMs, failures, limits.maxRetryDelayMs);
  }
}
