/** Signals of the platform for exchanges that need one. */

import { Cancellation } from '../../base/cancellation.ts';
import type { AbortSource, BorrowedController } from '../../base/cancellation.ts';

const MOST_KEPT = 64;

/**
 * Lends signals to exchanges, one at a time to each. A new `AbortController` for each would be a tenth of a call over the platform's
 * fetch. One that has fired is not lent again; that one fires which earlier exchanges were lent harms none of them, as they are over: a
 * signal that fires late is what every `AbortSignal.timeout` is.
 */
export class SignalPool {
  readonly #kept: BorrowedController[] = [];
  readonly #mostUses: number;

  /** @param mostUses how many exchanges may have one, each after the other. */
  constructor(mostUses: number) {
    this.#mostUses = mostUses;
  }

  /** A signal that fires with `source`: lent until {@link SignalPool.takeBack}. */
  lend(source: AbortSource): AbortSignal {
    if (!(source instanceof Cancellation)) return source as AbortSignal;
    const borrowed = source.borrow(() => this.#kept.pop() ?? { controller: new AbortController(), uses: 0 });
    return borrowed.controller.signal;
  }

  /** The exchange of `source` is over. */
  takeBack(source: AbortSource): void {
    if (!(source instanceof Cancellation)) return;
    const borrowed = source.giveBack();
    if (borrowed === undefined || borrowed.controller.signal.aborted) return;
    borrowed.uses++;
    if (borrowed.uses < this.#mostUses && this.#kept.length < MOST_KEPT) this.#kept.push(borrowed);
  }
}
