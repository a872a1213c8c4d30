/** The last bytes of a child's stderr. */
export class StderrTail {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a chunk and forgets what is too old. */
  feed(chunk: Uint8Array): void {
    // A copy of its own: a slice would keep the whole pool that it was read into.
    const kept = new Uint8Array(chunk.length > this.#maxBytes ? chunk.subarray(chunk.length - this.#maxBytes) : chunk);
    this.#chunks.push(kept);
    this.#bytes += kept.length;
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= this.#maxBytes) this.#bytes -= this.#chunks.shift()?.length ?? 0;
  }

  /** The tail as text: what is no UTF-8 is shown as U+FFFD, and a line that was cut at the front stays cut. */
  get text(): string {
    const bytes = Buffer.concat(this.#chunks);
    return bytes.subarray(Math.max(0, bytes.length - this.#maxBytes)).toString('utf8');
  }
}
