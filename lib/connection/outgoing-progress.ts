/** Reports of progress on their way to a server that asked for them. Source: MCP, basic, utilities, "Progress". */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe } from '../base/options.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';

/** Hands one report on. */
export type SendProgress = (params: JSONObject) => void;

/** The token that a request of a server carries, if it wants to hear of progress. */
export function tokenOf(params: JSONObject): ProgressToken | undefined {
  const meta = own(params, '_meta');
  const token = typeof meta === 'object' && meta !== null ? own(meta as JSONObject, 'progressToken') : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}

/**
 * The progress of one request. A handler may report as often as it likes: the first report goes out at once, then the newest one
 * each `intervalMs`; one that is not further than the last is dropped, as is what comes after {@link OutgoingProgress.end}.
 */
export class OutgoingProgress {
  readonly #token: ProgressToken;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #send: SendProgress;
  #furthest = -Infinity;
  #waiting: Progress | undefined;
  #cancelTimer: CancelTimer | undefined;
  #hasEnded = false;

  constructor(token: ProgressToken, clock: Clock, intervalMs: number, send: SendProgress) {
    this.#token = token;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#send = send;
  }

  /** Takes a report. */
  report(progress: Progress): void {
    // Source: 2025-11-25, basic, utilities, "Progress": the value MUST increase with each notification.
    if (this.#hasEnded || progress.progress <= this.#furthest) return;
    this.#furthest = progress.progress;
    this.#waiting = progress;
    if (this.#cancelTimer === undefined) this.#sendWaiting();
  }

  /** The request is over: nothing more is said of it. */
  end(): void {
    this.#hasEnded = true;
    this.#cancelTimer?.();
  }

  #sendWaiting(): void {
    const progress = this.#waiting;
    this.#cancelTimer = undefined;
    if (progress === undefined) return;
    this.#waiting = undefined;
    this.#cancelTimer = this.#clock.after(this.#intervalMs, () => this.#sendWaiting());
    this.#send({ progressToken: this.#token, ...progress });
  }
}

/**
 * A report of the host, copied.
 *
 * @throws TypeError or RangeError, naming what was expected and what came.
 */
export function checkReport(report: unknown): Progress {
  checkKeys('progress', report, ['progress', 'total', 'message']);
  const { progress, total, message } = report;
  if (message !== undefined && typeof message !== 'string') throw new TypeError(`progress.message must be a string; got ${describe(message)}`);
  const much = finiteNumber('progress.progress', progress);
  return {
    progress: much,
    ...(total === undefined ? undefined : { total: finiteNumber('progress.total', total) }),
    ...(message === undefined ? undefined : { message }),
  };
}

function finiteNumber(name: string, value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number; got ${describe(value)}`);
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a finite number; got ${value}`);
  return value;
}
