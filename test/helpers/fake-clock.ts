import type { CancelTimer, Clock } from '../../lib/base/clock.ts';

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

/** Lets everything that is ready to run do so: promises, and what they set off. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A {@link Clock} whose time passes only when a test says so. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  /** Begins at the first moment of 2026. */
  date(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  after(delayMs: number, action: () => void): CancelTimer {
    const timer = { due: this.#now + Math.max(0, delayMs), action };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  afterInBackground(delayMs: number, action: () => void): CancelTimer {
    return this.after(delayMs, action);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /**
   * Lets `ms` pass. Timers run in the order in which they are due, those due together in the order in which they were
   * set; before and after each, promises settle, so that a timer that is set by what another one did runs too if it is due.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#nextUntil(end); timer !== undefined; timer = this.#nextUntil(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.due);
      timer.action();
      await settle();
    }
    this.#now = end;
  }

  #nextUntil(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    return next;
  }
}
