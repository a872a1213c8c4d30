/** Items of arrays. Source: JSON Schema core (2020-12) section 10.3.1, validation section 6.4; draft-07 validation section 6.4. */

import { ANYTHING_PLAN } from '../create-plan.ts';
import { ARRAY_BIT, hasUniqueItems } from '../json-value.ts';
import { matchesPlan } from '../match-plan.ts';
import type { SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, DefaultsFiller, EvaluationFrame, RangedKeyword, SchemaNode, SchemaRange } from '../schema-node.ts';
import type { KeywordReader } from './keyword-reader.ts';

interface ItemRules {
  /** What the first items are, and the keyword that says so. */
  readonly first: readonly SchemaNode[];
  readonly firstKeyword: 'prefixItems' | 'items';
  /** What all items behind them are, and the keyword that says so. */
  readonly others: SchemaNode | undefined;
  readonly othersKeyword: 'items' | 'additionalItems';
}

class ItemsKeyword implements CompiledKeyword {
  readonly types: number = ARRAY_BIT;
  readonly #rules: ItemRules;

  constructor(rules: ItemRules) {
    this.#rules = rules;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const array = value as readonly unknown[];
    const { first, firstKeyword, others, othersKeyword } = this.#rules;
    let isValid = true;
    frame.run.spendChecks(array.length);
    for (let index = 0; index < array.length; index++) {
      const node = first[index];
      if (node !== undefined) isValid = frame.applyBelow(node, array[index], firstKeyword, index, index) && isValid;
      else if (others !== undefined) isValid = frame.applyBelow(others, array[index], othersKeyword, undefined, index) && isValid;
      else break;
      if (!isValid && frame.place === undefined) return false;
    }
    if (frame.evaluated !== undefined) {
      frame.evaluated.itemsBefore = first.length;
      if (others !== undefined) frame.evaluated.allItems = true;
    }
    return isValid;
  }

  makeCheck(): SchemaCheck {
    const first = this.#rules.first.map((node) => node.planToUse);
    const others = this.#rules.others?.planToUse ?? ANYTHING_PLAN;
    return (value, run) => {
      const array = value as readonly unknown[];
      run.spendChecks(array.length);
      const end = others === ANYTHING_PLAN ? Math.min(array.length, first.length) : array.length;
      for (let index = 0; index < end; index++) if (!matchesPlan(first[index] ?? others, array[index], run)) return false;
      return true;
    };
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    if (!Array.isArray(value)) return;
    const { first, others } = this.#rules;
    for (let index = 0; index < value.length; index++) {
      const node = first[index] ?? others;
      if (node !== undefined) (value as unknown[])[index] = filler.fill(node, (value as unknown[])[index]);
    }
  }
}

class ItemCountKeyword implements RangedKeyword {
  readonly types: number = ARRAY_BIT;
  readonly range: SchemaRange;

  constructor(range: SchemaRange) {
    this.range = range;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const { low, high } = this.range;
    const { length } = value as readonly unknown[];
    if (length < low) return frame.fail('minItems', () => `expected at least ${low} items; got ${length}`);
    return length <= high || frame.fail('maxItems', () => `expected at most ${high} items; got ${length}`);
  }

  makeCheck(): SchemaCheck {
    const { low, high } = this.range;
    return (value) => (value as readonly unknown[]).length >= low && (value as readonly unknown[]).length <= high;
  }
}

class UniqueItemsKeyword implements CompiledKeyword {
  readonly types: number = ARRAY_BIT;

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    return hasUniqueItems(value as readonly unknown[], frame.run) || frame.fail('uniqueItems', () => 'expected items that all differ; two are equal');
  }

  makeCheck(): SchemaCheck {
    return (value, run) => hasUniqueItems(value as readonly unknown[], run);
  }
}

/** `contains` with `minContains` and `maxContains`. */
class ContainsKeyword implements CompiledKeyword {
  readonly types: number = ARRAY_BIT;
  readonly #node: SchemaNode;
  readonly #range: SchemaRange;

  constructor(node: SchemaNode, range: SchemaRange) {
    this.#node = node;
    this.#range = range;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const array = value as readonly unknown[];
    const { low, high } = this.#range;
    let found = 0;
    frame.run.spendChecks(array.length);
    for (let index = 0; index < array.length; index++) {
      if (!matchesPlan(this.#node.plan, array[index], frame.run)) continue;
      found++;
      frame.evaluated?.addItem(index);
    }
    if (found < low) return frame.fail(low === 1 ? 'contains' : 'minContains', () => `expected at least ${low} items that fit; got ${found}`);
    return found <= high || frame.fail('maxContains', () => `expected at most ${high} items that fit; got ${found}`);
  }

  makeCheck(): SchemaCheck {
    const plan = this.#node.planToUse;
    const { low, high } = this.#range;
    return (value, run) => {
      const array = value as readonly unknown[];
      run.spendChecks(array.length);
      let found = 0;
      for (let index = 0; index < array.length; index++) {
        if (matchesPlan(plan, array[index], run) && ++found > high) return false;
        if (found >= low && high === Infinity) return true;
      }
      return found >= low;
    };
  }
}

/** Reads `minItems` and `maxItems`. */
export function readItemCount(reader: KeywordReader): void {
  const low = reader.count('minItems');
  const high = reader.count('maxItems');
  if (low === undefined && high === undefined) return;
  const keyword = new ItemCountKeyword({ low: low ?? 0, high: high ?? Infinity });
  reader.shape.count = keyword;
  reader.add(keyword);
}

/** Reads `uniqueItems`. */
export function readUniqueItems(reader: KeywordReader): void {
  if (reader.flag('uniqueItems') === true) reader.add(new UniqueItemsKeyword());
}

/** Reads `contains`, `minContains` and `maxContains`. */
export function readContains(reader: KeywordReader): void {
  const least = reader.count('minContains') ?? 1;
  const most = reader.count('maxContains') ?? Infinity;
  const contained = reader.schema('contains', false);
  if (contained !== undefined) reader.add(new ContainsKeyword(contained, { low: least, high: most }));
}

/** Reads what says what items have to be. */
export function readItems(reader: KeywordReader): void {
  const rules = readItemRules(reader);
  if (rules.first.length === 0 && rules.others === undefined) return;
  const keyword = new ItemsKeyword(rules);
  if (rules.first.length === 0 && rules.others !== undefined) reader.shape.items = { keyword, node: rules.others };
  reader.add(keyword);
}

function readItemRules(reader: KeywordReader): ItemRules {
  if (reader.dialect.family === 'draft-07' && Array.isArray(reader.get('items'))) return readListedItems(reader);
  const first = reader.get('prefixItems') === undefined ? [] : (reader.schemas('prefixItems', false) ?? []);
  return { first, firstKeyword: 'prefixItems', others: reader.schema('items', false), othersKeyword: 'items' };
}

/** The form of draft-07, where `items` is a list and `additionalItems` says what follows. */
function readListedItems(reader: KeywordReader): ItemRules {
  const first = (reader.list('items') ?? []).map((value, index) => reader.child(value, false, 'items', index));
  return { first, firstKeyword: 'items', others: reader.schema('additionalItems', false), othersKeyword: 'additionalItems' };
}
