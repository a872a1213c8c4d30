import { orAbort } from '../../base/abort.ts';
import { deferred } from '../../base/deferred.ts';
import type { Deferred } from '../../base/deferred.ts';

/** How many exchanges run at once; who comes when all are taken waits in line. */
export class RequestSlots {
  #free: number;
  readonly #waiting = new Set<Deferred<void>>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot: at once, and then returns `undefined`, or when it is this caller's turn. Rejects with the signal's reason. */
  take(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return this.#wait(signal);
  }

  /** Gives a slot back: to who has waited longest, if anybody waits. */
  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next.resolve();
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const turn = deferred<void>();
    this.#waiting.add(turn);
    try {
      await orAbort(turn.promise, signal);
    } catch (reason) {
      // The turn may have come in the same moment: it goes on to the next in line.
      if (!this.#waiting.delete(turn)) this.giveBack();
      throw reason;
    }
  }
}
