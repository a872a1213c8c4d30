/** `type`, `enum`, `const`. Source: JSON Schema validation (2020-12) section 6.1. */

import { ALL_TYPE_BITS, canonicalText, TYPE_BITS_BY_NAME, typeBitsOf } from '../json-value.ts';
import type { SchemaCheck } from '../plan.ts';
import type { SchemaBounds } from '../schema-bounds.ts';
import type { CompiledKeyword, EvaluationFrame } from '../schema-node.ts';
import { SchemaRun } from '../schema-run.ts';
import { showValue, showValues } from '../show-value.ts';
import type { KeywordReader } from './keyword-reader.ts';

// Up to here comparing one after the other is faster than looking up.
const MOST_COMPARED = 8;

function isComposed(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

class TypeKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly allowed: number;
  readonly #names: string;

  constructor(allowed: number, names: readonly unknown[]) {
    this.allowed = allowed;
    this.#names = names.join(' or ');
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if ((typeBitsOf(value) & this.allowed) !== 0) return true;
    return frame.fail('type', () => `expected ${this.#names}; got ${showValue(value)}`);
  }

  makeCheck(): SchemaCheck {
    const { allowed } = this;
    return (value) => (typeBitsOf(value) & allowed) !== 0;
  }
}

class ChoiceKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #name: 'enum' | 'const';
  readonly #choices: readonly unknown[];
  /** What is no object and no array; a set where there is much of it. */
  readonly #plain: readonly unknown[] | ReadonlySet<unknown>;
  /** The canonical texts of the objects and arrays; undefined where there are none. */
  readonly #composed: ReadonlySet<string> | undefined;

  constructor(name: 'enum' | 'const', choices: readonly unknown[], bounds: SchemaBounds) {
    this.#name = name;
    this.#choices = choices;
    const composed = choices.filter(isComposed);
    const plain = composed.length === 0 ? choices : choices.filter((choice) => !isComposed(choice));
    this.#plain = plain.length > MOST_COMPARED ? new Set(plain) : plain;
    if (composed.length === 0) return;
    // Values of a schema are bounded by its own size, not by the steps of a validation.
    const run = new SchemaRun({ ...bounds, maxSchemaSteps: Number.MAX_SAFE_INTEGER });
    this.#composed = new Set(composed.map((choice) => canonicalText(choice, run)));
  }

  /** Every choice, where there are few and none is an object or array. */
  get few(): readonly unknown[] | undefined {
    return this.#composed === undefined && Array.isArray(this.#plain) ? this.#choices : undefined;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if (this.#includes(value, frame.run)) return true;
    return frame.fail(this.#name, () => `expected ${this.#name === 'enum' ? 'one of ' : ''}${showValues(this.#choices)}; got ${showValue(value)}`);
  }

  makeCheck(): SchemaCheck {
    return (value, run) => this.#includes(value, run);
  }

  #includes(value: unknown, run: SchemaRun): boolean {
    if (isComposed(value)) return this.#composed !== undefined && this.#composed.has(canonicalText(value, run));
    return this.#plain instanceof Set ? this.#plain.has(value) : (this.#plain as readonly unknown[]).includes(value);
  }
}

/** Reads `type`, `enum` and `const`. */
export function readValueKeywords(reader: KeywordReader): void {
  const type = reader.get('type');
  if (type !== undefined) {
    const names: readonly unknown[] = Array.isArray(type) ? type : [type];
    let allowed = 0;
    for (const name of names) {
      const bits = TYPE_BITS_BY_NAME.get(name);
      if (bits === undefined) throw reader.refuse('type', `expected the name of a type; got ${showValue(name)}`);
      allowed |= bits;
    }
    const keyword = new TypeKeyword(allowed, names);
    reader.shape.types = allowed;
    reader.shape.type = { keyword };
    reader.add(keyword);
  }
  const choices = reader.list('enum');
  if (choices !== undefined) addChoice(reader, 'enum', choices);
  const only = reader.get('const');
  if (only !== undefined) addChoice(reader, 'const', [only]);
}

function addChoice(reader: KeywordReader, name: 'enum' | 'const', choices: readonly unknown[]): void {
  const keyword = new ChoiceKeyword(name, choices, reader.settings.bounds);
  const values = keyword.few;
  if (values !== undefined) reader.shape.choice ??= { keyword, values };
  reader.add(keyword);
}
