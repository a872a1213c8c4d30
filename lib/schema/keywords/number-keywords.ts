/** Numbers between bounds, and multiples. Source: JSON Schema validation (2020-12) section 6.2. */

import { isMultipleOf, nextUp } from '../decimal.ts';
import { NUMBER_BIT } from '../json-value.ts';
import type { SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, EvaluationFrame, RangedKeyword, SchemaRange } from '../schema-node.ts';
import type { KeywordReader } from './keyword-reader.ts';

const BOUND_NAMES_OF_NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;
type NumberBoundName = (typeof BOUND_NAMES_OF_NUMBERS)[number];

const BOUND_WORDS: Readonly<Record<NumberBoundName, string>> = Object.freeze({
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
});

/** Whether a number is within one bound. */
function isWithin(number: number, name: NumberBoundName, bound: number): boolean {
  if (name === 'minimum') return number >= bound;
  if (name === 'maximum') return number <= bound;
  return name === 'exclusiveMinimum' ? number > bound : number < bound;
}

class RangeKeyword implements RangedKeyword {
  readonly types: number = NUMBER_BIT;
  readonly range: SchemaRange;
  readonly #bounds: ReadonlyMap<NumberBoundName, number>;

  constructor(bounds: ReadonlyMap<NumberBoundName, number>, range: SchemaRange) {
    this.#bounds = bounds;
    this.range = range;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const number = value as number;
    let isValid = true;
    for (const [name, bound] of this.#bounds) {
      if (isWithin(number, name, bound)) continue;
      isValid = frame.fail(name, () => `expected ${BOUND_WORDS[name]} ${bound}; got ${number}`);
    }
    return isValid;
  }

  makeCheck(): SchemaCheck {
    const { low, high } = this.range;
    return (value) => (value as number) >= low && (value as number) <= high;
  }
}

class MultipleKeyword implements CompiledKeyword {
  readonly types: number = NUMBER_BIT;
  readonly #divisor: number;

  constructor(divisor: number) {
    this.#divisor = divisor;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if (isMultipleOf(value as number, this.#divisor)) return true;
    return frame.fail('multipleOf', () => `expected a multiple of ${this.#divisor}; got ${String(value)}`);
  }

  makeCheck(): SchemaCheck {
    return (value) => isMultipleOf(value as number, this.#divisor);
  }
}

/** Reads `minimum`, `maximum`, `exclusiveMinimum` and `exclusiveMaximum`. */
export function readRange(reader: KeywordReader): void {
  const bounds = new Map<NumberBoundName, number>();
  let low = -Infinity;
  let high = Infinity;
  for (const name of BOUND_NAMES_OF_NUMBERS) {
    const bound = reader.number(name);
    if (bound === undefined) continue;
    bounds.set(name, bound);
    // The ends of a range belong to it: what is more than a double is at least the next one.
    if (name === 'minimum') low = Math.max(low, bound);
    else if (name === 'maximum') high = Math.min(high, bound);
    else if (name === 'exclusiveMinimum') low = Math.max(low, nextUp(bound));
    else high = Math.min(high, -nextUp(-bound));
  }
  if (bounds.size === 0) return;
  const keyword = new RangeKeyword(bounds, { low, high });
  reader.shape.range = keyword;
  reader.add(keyword);
}

/** Reads `multipleOf`. */
export function readMultiple(reader: KeywordReader): void {
  const divisor = reader.number('multipleOf');
  if (divisor === undefined) return;
  if (divisor <= 0) throw reader.refuse('multipleOf', `expected a number above 0; got ${divisor}`);
  reader.add(new MultipleKeyword(divisor));
}
