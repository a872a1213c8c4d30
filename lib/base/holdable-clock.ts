import type { CancelTimer, Clock } from './clock.ts';

type StartTimer = (delayMs: number, action: () => void) => CancelTimer;

/** One timer: when it is due by the clock that can be held, and what sets it going by the one underneath. */
interface HeldTimer {
  readonly dueAt: number;
  readonly action: () => void;
  readonly start: StartTimer;
  cancel: CancelTimer;
}

/**
 * A clock that can be made to stand: while somebody has a hold on it, its time does not pass and none of its timers rings. For
 * deadlines that must not count while a human is being waited for.
 */
export class HoldableClock implements Clock {
  /** The clock underneath, which never stands. */
  readonly inner: Clock;
  #holds = 0;
  #heldSince = 0;
  #heldMs = 0;
  /** Timers that rang underneath while time stood, or before theirs had come. */
  readonly #stopped = new Set<HeldTimer>();

  constructor(inner: Clock) {
    this.inner = inner;
  }

  now(): number {
    return (this.#holds > 0 ? this.#heldSince : this.inner.now()) - this.#heldMs;
  }

  date(): number {
    return this.inner.date();
  }

  after(delayMs: number, action: () => void): CancelTimer {
    return this.#set(delayMs, action, (ms, rung) => this.inner.after(ms, rung));
  }

  afterInBackground(delayMs: number, action: () => void): CancelTimer {
    return this.#set(delayMs, action, (ms, rung) => this.inner.afterInBackground(ms, rung));
  }

  /** Time stands until every hold was let go of; the function does that, once. */
  hold(): () => void {
    if (this.#holds++ === 0) this.#heldSince = this.inner.now();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#holds === 0) this.#goOn();
    };
  }

  #goOn(): void {
    this.#heldMs += this.inner.now() - this.#heldSince;
    const stopped = [...this.#stopped];
    this.#stopped.clear();
    for (const timer of stopped) this.#start(timer);
  }

  #set(delayMs: number, action: () => void, start: StartTimer): CancelTimer {
    const timer: HeldTimer = { dueAt: this.now() + delayMs, action, start, cancel: () => {} };
    this.#start(timer);
    return () => {
      timer.cancel();
      this.#stopped.delete(timer);
    };
  }

  #start(timer: HeldTimer): void {
    timer.cancel = timer.start(Math.max(0, timer.dueAt - this.now()), () => this.#rung(timer));
  }

  #rung(timer: HeldTimer): void {
    if (this.#holds > 0) this.#stopped.add(timer);
    // Timers of the platform ring up to a millisecond early.
    else if (timer.dueAt > this.now() + 1) this.#start(timer);
    else timer.action();
  }
}
