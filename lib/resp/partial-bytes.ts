/** Bytes of one value that comes in more than one piece. */

const EMPTY_BYTES = new Uint8Array(0);
const LEAST_BYTES_MADE = 512;
// What is made at once for a length that a peer only announces; from there on memory grows with what has come.
const MOST_BYTES_ANNOUNCED = 1024 * 1024;
const MEMORY_GROWTH = 4;
// Memory that is kept for the next value.
const MOST_BYTES_KEPT = 4_096;
// Below this a loop copies faster than a view and a call.
const MOST_LOOPED_COPY = 24;

/**
 * Collects pieces in one run of bytes. They are copied, so that no chunk is held and many small pieces are not many objects; as memory grows by a
 * factor, a byte is copied a bounded number of times.
 */
export class PartialBytes {
  #bytes: Uint8Array = EMPTY_BYTES;
  #length = 0;

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  /** What has come, in the memory that is written on. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes memory for `more` bytes that are announced, or for a part of them where they are many. */
  expect(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#bytes.length) this.#grow(Math.min(needed, Math.max(MOST_BYTES_ANNOUNCED, MEMORY_GROWTH * this.#length)));
  }

  /** Adds what stands from `start` to `end`. `most`: how long the whole may become, where that is known. */
  append(chunk: Uint8Array, start: number, end: number, most: number = Infinity): void {
    const length = this.#length + (end - start);
    if (length > this.#bytes.length) this.#grow(Math.min(most, Math.max(LEAST_BYTES_MADE, MEMORY_GROWTH * length)));
    if (end - start < MOST_LOOPED_COPY) {
      for (let from = start, to = this.#length; from < end; from++, to++) this.#bytes[to] = chunk[from] as number;
    } else {
      this.#bytes.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.#length);
    }
    this.#length = length;
  }

  /** What has come from `start` on, in memory that nobody else has, and forgets it. */
  take(start: number): Uint8Array {
    const isExact = start === 0 && this.#length === this.#bytes.length;
    const taken = isExact ? this.#bytes : new Uint8Array(this.#bytes.subarray(start, this.#length));
    if (isExact) this.#bytes = EMPTY_BYTES;
    this.clear();
    return taken;
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > MOST_BYTES_KEPT) this.#bytes = EMPTY_BYTES;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(bytes);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
