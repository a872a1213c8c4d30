/** The wait for a lock: so long, until the caller gives up, or until the manager is closed. */

import type { CancelTimer, Clock } from '../base/clock.ts';

/** Fires after `waitMs` with what `late` makes, when `signal` fires with its reason, or when it is ended. `release` lets go of timer and listener. */
export class LockWait {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #cancelTimer: CancelTimer;
  readonly #onAbort = (): void => this.end(this.#parent?.reason);

  constructor(clock: Clock, waitMs: number, late: () => unknown, signal: AbortSignal | undefined) {
    this.#parent = signal;
    this.#cancelTimer = clock.after(waitMs, () => this.end(late()));
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(reason: unknown): void {
    this.#controller.abort(reason);
  }

  release(): void {
    this.#cancelTimer();
    this.#parent?.removeEventListener('abort', this.#onAbort);
  }
}
