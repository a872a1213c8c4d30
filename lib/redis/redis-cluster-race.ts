import { timedSignal } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';

/** How candidates are asked. */
export interface RaceOptions<C> {
  readonly clock: Clock;
  /** How long one is waited for before the next one is asked beside it. */
  readonly headStartMs: number;
  /** How long one may take. */
  readonly timeoutMs: number;
  /** What the signal of one that took too long fires with. */
  readonly late: (candidate: C) => unknown;
  /** Ends it all. */
  readonly signal?: AbortSource | undefined;
}

/** The first answer, or what every candidate failed with, in the order in which they failed. */
export type RaceOutcome<T> = { readonly answer: T } | { readonly failures: readonly unknown[] };

/**
 * Asks candidates in their order until one answers: the next one as soon as one failed, or has not answered in its head start, so that one that is
 * gone without a trace does not hold up the others. `ask` must end when its signal fires, as it does for all that are not needed any more.
 */
export function firstAnswer<C, T>(candidates: readonly C[], ask: (candidate: C, signal: AbortSignal) => Promise<T>, options: RaceOptions<C>): Promise<RaceOutcome<T>> {
  const { clock, headStartMs, timeoutMs, late, signal } = options;
  return new Promise((resolve) => {
    const all = new AbortController();
    const onAbort = () => all.abort(signal?.reason);
    const failures: unknown[] = [];
    let begun = 0;
    let cancelNext: CancelTimer = () => {};
    const settle = (outcome: RaceOutcome<T>) => {
      cancelNext();
      signal?.removeEventListener('abort', onAbort);
      resolve(outcome);
      all.abort(new Error('Another one has answered'));
    };
    const begin = (): void => {
      cancelNext();
      const candidate = candidates[begun];
      if (candidate === undefined) return;
      begun += 1;
      if (begun < candidates.length) cancelNext = clock.after(headStartMs, begin);
      askInTime(candidate).then(
        (answer) => settle({ answer }),
        (failure: unknown) => {
          failures.push(failure);
          if (failures.length === candidates.length) settle({ failures });
          else if (!all.signal.aborted) begin();
          else if (failures.length === begun) settle({ failures });
        },
      );
    };
    const askInTime = async (candidate: C): Promise<T> => {
      const timed = timedSignal(clock, timeoutMs, () => late(candidate), all.signal);
      try {
        return await ask(candidate, timed.signal);
      } finally {
        timed.release();
      }
    };
    if (candidates.length === 0) return settle({ failures });
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    begin();
  });
}
