/** What a list held when it was last looked at, to say later what changed. Kept only while somebody listens: a digest for each item. */

import { settled } from '../base/quiet.ts';
import type { ListChanged } from './server-events.ts';
import { definitionDigest } from './tool-digest.ts';

/** Name (of a resource: uri) → digest. */
type Digests = ReadonlyMap<string, string>;

/** The list that changes are told against: the first one that was seen while somebody listened, and from then on the last one that was told of. */
export class ListBaseline<Item> {
  readonly #nameOf: (item: Item) => string;
  readonly #isHeard: () => boolean;
  #digests: Promise<Digests> | undefined;

  constructor(nameOf: (item: Item) => string, isHeard: () => boolean) {
    this.#nameOf = nameOf;
    this.#isHeard = isHeard;
  }

  /** The whole list, as the host was given it. */
  see(items: readonly Item[]): void {
    if (this.#digests === undefined && this.#isHeard()) this.#digests = digestsOf(items, this.#nameOf);
  }

  /** Asks for the list again, and says what changed; `undefined`, and nothing is asked, where nobody listens or the list was not seen. */
  refresh(ask: () => Promise<readonly Item[]>): Promise<ListChanged> | undefined {
    const before = this.#digests;
    if (before === undefined || !this.#isHeard()) return undefined;
    return ask().then((items) => this.#changeSince(before, items));
  }

  letGo(): void {
    this.#digests = undefined;
  }

  async #changeSince(before: Promise<Digests>, items: readonly Item[]): Promise<ListChanged> {
    const after = digestsOf(items, this.#nameOf);
    // It may have been let go of while the list was asked for.
    if (this.#digests === before) this.#digests = after;
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
