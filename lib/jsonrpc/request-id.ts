/** A request's id: a string or an integer; 7 and "7" are two ids. Source: MCP, basic, "Requests". */
export type RequestId = string | number;

/**
 * Whether `value` can be an id. A fraction, or an integer that a double does not hold exactly, is none: two of them
 * could become equal by rounding.
 */
export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

/** Makes the ids of one connection. */
export interface RequestIds {
  /** An id that was not there before. */
  next(): RequestId;
  /** Whether `id` is one of those that {@link RequestIds.next} gave: a reply to it is late or doubled, not unknown. */
  issued(id: RequestId): boolean;
}

/** Ids of a channel that belongs to this process alone: 1, 2, 3, … */
export class CountedIds implements RequestIds {
  #issued = 0;

  next(): number {
    return ++this.#issued;
  }

  issued(id: RequestId): boolean {
    return typeof id === 'number' && id >= 1 && id <= this.#issued;
  }
}

/** Ids of a session that several processes may share: a prefix nobody else has, and a counter. */
export class PrefixedIds implements RequestIds {
  readonly #prefix: string;
  #issued = 0;

  /** `prefix` has to be unguessable and unique to the connection. */
  constructor(prefix: string) {
    this.#prefix = `${prefix}.`;
  }

  next(): string {
    return this.#prefix + ++this.#issued;
  }

  issued(id: RequestId): boolean {
    if (typeof id !== 'string' || !id.startsWith(this.#prefix)) return false;
    const digits = id.slice(this.#prefix.length);
    return /^[1-9][0-9]{0,15}$/.test(digits) && Number(digits) <= this.#issued;
  }
}
