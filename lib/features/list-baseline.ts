/** What a list held when it was last looked at, to say later what changed. Kept only while somebody listens: a digest for each item. */

import { settled } from '../base/quiet.ts';
import type { ListChanged } from './server-events.ts';
import { definitionDigest } from './tool-digest.ts';

/** Name (of a resource: uri) → digest. */
type Digests = ReadonlyMap<string, string>;

/** The list that changes are told against: the first one that was seen, and from then on the last one that was told of. */
export class ListBaseline<Item> {
  readonly #nameOf: (item: Item) => string;
  #digests: Promise<Digests>;

  constructor(nameOf: (item: Item) => string, items: readonly Item[]) {
    this.#nameOf = nameOf;
    this.#digests = digestsOf(items, nameOf);
  }

  /** What changed up to now. */
  async changeTo(items: readonly Item[]): Promise<ListChanged> {
    const before = this.#digests;
    const after = digestsOf(items, this.#nameOf);
    this.#digests = after;
    return difference(await before, await after);
  }
}

function digestsOf<Item>(items: readonly Item[], nameOf: (item: Item) => string): Promise<Digests> {
  return settled(async () => {
    const digests = new Map<string, string>();
    for (const item of items) digests.set(nameOf(item), await definitionDigest(item));
    return digests;
  });
}

function difference(before: Digests, after: Digests): ListChanged {
  const names = Array.from(after.keys());
  return {
    added: names.filter((name) => !before.has(name)),
    removed: Array.from(before.keys()).filter((name) => !after.has(name)),
    changed: names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}
