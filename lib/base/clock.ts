/** Time comes through here, so that a test can turn the hands. */

import type { AbortSource } from './cancellation.ts';

/** Takes back a timer; calling it twice, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/** A source of time. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Milliseconds since 1970, for what is compared with dates of the world; may jump. */
  date(): number;
  /** Calls `action` once after `delayMs`. The timer keeps the process alive. */
  after(delayMs: number, action: () => void): CancelTimer;
  /** As {@link Clock.after}, but the timer alone does not keep the process alive. */
  afterInBackground(delayMs: number, action: () => void): CancelTimer;
}

/** Beyond this the platform's timers fire at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  date: () => Date.now(),
  after: (delayMs: number, action: () => void) => {
    const timer = setTimeout(action, Math.min(delayMs, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
  afterInBackground: (delayMs: number, action: () => void) => {
    const timer = setTimeout(action, Math.min(delayMs, LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
});

/** Resolves after `delayMs`; rejects with the signal's reason when it fires first. Leaves no timer, no listener. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSource): Promise<void> {
  return pause((action) => clock.after(delayMs, action), signal);
}

/** As {@link delay}, but the wait alone does not keep the process alive. */
export function delayInBackground(clock: Clock, delayMs: number, signal?: AbortSource): Promise<void> {
  return pause((action) => clock.afterInBackground(delayMs, action), signal);
}

function pause(start: (action: () => void) => CancelTimer, signal: AbortSource | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = start(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
