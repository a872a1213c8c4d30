/** What a list held when it was last looked at, to say later what changed. Kept only while somebody listens: a digest for each item. */

import { quiet } from '../base/quiet.ts';
import { NOTHING_MORE } from './server-events.ts';
import type { ListChanged } from './server-events.ts';
import { definitionDigest } from './tool-digest.ts';

/** Name (of a resource: uri) → digest. */
type Digests = ReadonlyMap<string, string>;

/** The last list of one kind that changes are told against. */
export class ListBaseline<Item> {
  readonly #nameOf: (item: Item) => string;
  readonly #isHeard: () => boolean;
  #digests: Promise<Digests> | undefined;

  /** `isHeard`: whether anybody listens for changes of the list. */
  constructor(nameOf: (item: Item) => string, isHeard: () => boolean) {
    this.#nameOf = nameOf;
    this.#isHeard = isHeard;
  }

  /** Whether there is a list to tell changes against, and somebody to tell them to. */
  get isOfUse(): boolean {
    return this.#digests !== undefined && this.#isHeard();
  }

  /** The host has seen the whole list. Changes are told against the first one, and from then on against the last one they were told of. */
  saw(items: readonly Item[]): void {
    if (this.#digests === undefined && this.#isHeard()) this.#digests = quiet(this.#digestsOf(items));
  }

  /** What changed up to now; nothing is told where there was no list before, or nobody listens. */
  async changeTo(items: readonly Item[]): Promise<ListChanged> {
    const before = this.#digests;
    if (!this.#isHeard()) return NOTHING_MORE;
    const after = quiet(this.#digestsOf(items));
    this.#digests = after;
    return before === undefined ? NOTHING_MORE : difference(await before, await after);
  }

  /** The host has let go. */
  forget(): void {
    this.#digests = undefined;
  }

  async #digestsOf(items: readonly Item[]): Promise<Digests> {
    const digests = new Map<string, string>();
    for (const item of items) digests.set(this.#nameOf(item), await definitionDigest(item));
    return digests;
  }
}

function difference(before: Digests, after: Digests): ListChanged {
  const names = Array.from(after.keys());
  return {
    added: names.filter((name) => !before.has(name)),
    removed: Array.from(before.keys()).filter((name) => !after.has(name)),
    changed: names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}
