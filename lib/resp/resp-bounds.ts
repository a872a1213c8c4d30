/** The bounds of one stream of replies. */
export interface RESPBounds {
  /** Bytes of one bulk, verbatim or streamed string or bulk error. Below 512 MiB: longer text than that no engine can hold. */
  readonly maxBulkBytes: number;
  /** Elements of one whole reply or push, of all its levels together; of a map keys and values, attributes and what is in them included. */
  readonly maxElements: number;
  /** Aggregates inside each other. A reply that is an array of strings is one level deep. */
  readonly maxDepth: number;
  /** Bytes of a line between its type and its end: simple strings, errors, numbers and lengths. */
  readonly maxLineBytes: number;
}

/** What holds where no bounds are given. */
export const DEFAULT_RESP_BOUNDS: RESPBounds = Object.freeze({
  maxBulkBytes: 16 * 1024 * 1024,
  maxElements: 1_000_000,
  maxDepth: 32,
  maxLineBytes: 64 * 1024,
});
