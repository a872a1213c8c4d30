/** An array, map, set, push or attribute whose elements are still coming. */

import type { RESPReply } from './resp-reply.ts';
import { TYPE_ARRAY, TYPE_ATTRIBUTE, TYPE_MAP, TYPE_PUSH, TYPE_SET } from './resp-types.ts';

/** The types of aggregates. */
export type AggregateType = typeof TYPE_ARRAY | typeof TYPE_MAP | typeof TYPE_SET | typeof TYPE_PUSH | typeof TYPE_ATTRIBUTE;

/** How many elements an aggregate of `type` has that announces `length`: keys and values are two. */
export function elementsOf(type: AggregateType, length: number): number {
  return type === TYPE_MAP || type === TYPE_ATTRIBUTE ? 2 * length : length;
}

/** One level of a reply that is being read. */
export class OpenAggregate {
  readonly type: AggregateType;
  /** Elements that are still to come; Infinity where that is not announced. */
  remaining: number;
  /** The elements so far; none for an attribute, which nobody sees. */
  readonly items: RESPReply[] = [];
  /** Whether an attribute came last: its element has to follow. */
  isAttributed = false;

  constructor(type: AggregateType, remaining: number) {
    this.type = type;
    this.remaining = remaining;
  }

  /** Takes the next element, and says whether that was the last. */
  add(element: RESPReply): boolean {
    this.isAttributed = false;
    if (this.type !== TYPE_ATTRIBUTE) this.items.push(element);
    this.remaining -= 1;
    return this.remaining === 0;
  }

  /** Whether its stream may end here. */
  get mayEnd(): boolean {
    return this.remaining === Infinity && !this.isAttributed && (this.type !== TYPE_MAP || this.items.length % 2 === 0);
  }

  /** What it is, once all its elements are there. */
  toReply(): RESPReply {
    if (this.type === TYPE_SET) return new Set(this.items);
    if (this.type !== TYPE_MAP) return this.items;
    const map = new Map<RESPReply, RESPReply>();
    for (let index = 0; index < this.items.length; index += 2) map.set(this.items[index] as RESPReply, this.items[index + 1] as RESPReply);
    return map;
  }
}
