/** Waiting with a way out. */

import type { AbortSource } from './cancellation.ts';
import type { Clock } from './clock.ts';

/**
 * The outcome of `promise`, or a rejection with the signal's reason if that fires first. What becomes of the promise
 * afterwards is heard by nobody, and harms nobody. Leaves no listener behind.
 */
export function orAbort<T>(promise: PromiseLike<T>, signal: AbortSource | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    const forget = () => signal?.removeEventListener('abort', onAbort);
    promise.then(
      (value) => (forget(), resolve(value)),
      (reason: unknown) => (forget(), reject(reason)),
    );
  });
}

/** A signal that fires after `delayMs` with what `reason` makes then; `release` takes the timer back. */
export interface TimedSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/** A {@link TimedSignal} that its maker can fire before. */
export interface EndableSignal extends TimedSignal {
  abort(reason: unknown): void;
}

/** Makes an {@link EndableSignal}; it fires with the reason of `parent` too, when that fires first. */
export function timedSignal(clock: Clock, delayMs: number, reason: () => unknown, parent?: AbortSource): EndableSignal {
  const controller = new AbortController();
  const onParent = () => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  parent?.addEventListener('abort', onParent, { once: true });
  const cancel = clock.after(delayMs, () => controller.abort(reason()));
  return {
    signal: controller.signal,
    abort: (cause) => controller.abort(cause),
    release: () => {
      cancel();
      parent?.removeEventListener('abort', onParent);
    },
  };
}
