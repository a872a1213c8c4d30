/** Which members and items of one value were evaluated. Source: JSON Schema core (2020-12) sections 10.3, 10.4 and 11. */
export class EvaluatedParts {
  /** Every member. */
  allMembers = false;
  /** Every item. */
  allItems = false;
  /** All items before this index. */
  itemsBefore = 0;
  readonly #members = new Set<string>();
  readonly #items = new Set<number>();

  addMember(name: string): void {
    this.#members.add(name);
  }

  addItem(index: number): void {
    this.#items.add(index);
  }

  hasMember(name: string): boolean {
    return this.allMembers || this.#members.has(name);
  }

  hasItem(index: number): boolean {
    return this.allItems || index < this.itemsBefore || this.#items.has(index);
  }

  /** Adds what another subschema evaluated of the same value. */
  add(other: EvaluatedParts): void {
    if (other.allMembers) this.allMembers = true;
    if (other.allItems) this.allItems = true;
    if (other.itemsBefore > this.itemsBefore) this.itemsBefore = other.itemsBefore;
    for (const name of other.#members) this.#members.add(name);
    for (const index of other.#items) this.#items.add(index);
  }
}
