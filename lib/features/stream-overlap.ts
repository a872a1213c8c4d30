/** Two streams of changes at once, while one takes the place of the other. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { ListenStream } from './listen-stream.ts';

/**
 * From the acknowledgement of the second stream on, the server tells a change on both, and no order is kept between them. Of what both
 * tell each change is told once: how often it was told is how often the stream has told it that told it more often.
 */
export class StreamOverlap {
  readonly before: ListenStream;
  readonly #ended: () => void;
  readonly #most: number;
  readonly #cancelTimer: CancelTimer;
  /** Change → how often it came on the earlier stream, and on the later one. */
  readonly #heard = new Map<string, [before: number, now: number]>();

  /** Ends by itself after `limits.streamOverlapMs`. */
  constructor(before: ListenStream, clock: Clock, limits: Limits, ended: () => void) {
    this.before = before;
    this.#ended = ended;
    this.#most = limits.maxQueuedChanges;
    this.#cancelTimer = clock.afterInBackground(limits.streamOverlapMs, () => this.#ended());
  }

  /** Whether the other stream has not told this already. */
  isNew(stream: ListenStream, method: string, params: JSONObject): boolean {
    const uri = own(params, 'uri');
    const key = typeof uri === 'string' ? uri : method;
    const counts = this.#heard.get(key) ?? [0, 0];
    // Told twice is better than kept without end.
    if (this.#heard.size >= this.#most && !this.#heard.has(key)) return true;
    this.#heard.set(key, counts);
    const told = Math.max(...counts);
    const mine = ++counts[stream === this.before ? 0 : 1];
    return mine > told;
  }

  /** Ends it now. */
  end(): void {
    this.#cancelTimer();
    this.#ended();
  }
}
