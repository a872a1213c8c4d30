import type { AbortSource } from '../../base/cancellation.ts';

/** How many exchanges run at once; who comes when all are taken waits in line. */
export class RequestSlots {
  #free: number;
  /** What lets each of them begin, in the order they came. */
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot: at once, and then returns `undefined`, or when it is this caller's turn. Rejects with the signal's reason. */
  take(signal: AbortSource): Promise<void> | undefined {
    if (this.#free === 0) return this.#wait(signal);
    this.#free--;
    return undefined;
  }

  /** Gives a slot back: to who has waited longest, if anybody waits. */
  giveBack(): void {
    const [begin] = this.#waiting;
    if (begin === undefined) this.#free++;
    else begin();
  }

  #wait(signal: AbortSource): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = () => {
        this.#waiting.delete(begin);
        reject(signal.reason);
      };
      const begin = () => {
        this.#waiting.delete(begin);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      this.#waiting.add(begin);
      signal.addEventListener('abort', giveUp);
    });
  }
}
