/** Streams whose answer came. */

import type { CancelTimer, Clock } from '../../base/clock.ts';
import type { BodyReader } from '../../http/fetch-port.ts';

/**
 * Reads streams on behind their answer for a little, so that their sockets can be used again. One timer for all of them: one for each
 * would be a twentieth of a call.
 */
export class AnsweredStreams {
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** Until when each is read; all have the same time, so the first is the next. */
  readonly #until = new Map<BodyReader, number>();
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** Reads to the end, or until the time is over. What comes is nobody's, and so is what breaks. Never rejects. */
  async readToEnd(reader: BodyReader): Promise<void> {
    this.#until.set(reader, this.#clock.now() + this.#graceMs);
    this.#cancelTimer ??= this.#wakeAfter(this.#graceMs);
    try {
      while (!(await reader.read()).done);
    } catch {
      // Nobody waits for what would have come.
    } finally {
      this.#until.delete(reader);
    }
  }

  /** Takes the timer back; what is being read then is let go. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const reader of this.#until.keys()) letGo(reader);
  }

  #wakeAfter(delayMs: number): CancelTimer {
    return this.#clock.afterInBackground(delayMs, () => this.#wake());
  }

  /** Lets go of those whose time is over. */
  #wake(): void {
    this.#cancelTimer = undefined;
    // Timers of the platform ring up to a millisecond early.
    const now = this.#clock.now() + 1;
    for (const [reader, until] of this.#until) {
      if (until > now) {
        this.#cancelTimer = this.#wakeAfter(until - now + 1);
        return;
      }
      this.#until.delete(reader);
      letGo(reader);
    }
  }
}

function letGo(reader: BodyReader): void {
  reader.cancel().catch(() => {});
}
