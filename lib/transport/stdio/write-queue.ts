import type { Writable } from 'node:stream';

import { LimitError } from '../../base/errors.ts';

/** Frames on their way to a child's stdin: those of one turn are one write, and nothing is written while the pipe is full. */
export class WriteQueue {
  readonly #stdin: Writable;
  readonly #maxQueuedBytes: number;
  #batch = '';
  #isScheduled = false;
  #isFull = false;

  constructor(stdin: Writable, maxQueuedBytes: number) {
    this.#stdin = stdin;
    this.#maxQueuedBytes = maxQueuedBytes;
    stdin.on('drain', () => {
      this.#isFull = false;
      this.flush();
    });
  }

  /**
   * Takes one frame.
   *
   * @throws LimitError `maxQueuedBytes`, `unsent`, when the child does not read what waits for it already.
   */
  push(text: string): void {
    if (this.#isFull || this.#batch.length + text.length > this.#maxQueuedBytes) this.#checkRoom(text);
    this.#batch += text;
    this.#batch += '\n';
    if (this.#isScheduled || this.#isFull) return;
    this.#isScheduled = true;
    // Behind the promises of this turn: all that the host sends in answer to one chunk goes out in one write.
    process.nextTick(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Hands what waits to the pipe, unless that is full. */
  flush(): void {
    if (this.#batch === '' || this.#isFull || !this.#stdin.writable) return;
    const batch = this.#batch;
    this.#batch = '';
    this.#isFull = !this.#stdin.write(batch);
  }

  /** Hands over what waits, full or not, and ends stdin behind it. */
  end(): void {
    if (!this.#stdin.writable) return;
    this.#stdin.end(this.#batch);
    this.#batch = '';
  }

  #checkRoom(text: string): void {
    // A bound on memory: the units of a string are counted, as counting its bytes each time would be quadratic.
    const waiting = this.#batch.length + this.#stdin.writableLength;
    if (waiting + text.length <= this.#maxQueuedBytes) return;
    throw new LimitError('maxQueuedBytes', `The child does not read its stdin: ${waiting} bytes wait for it, of at most ${this.#maxQueuedBytes}`, {
      details: { most: this.#maxQueuedBytes, waiting },
      delivery: 'unsent',
    });
  }
}
