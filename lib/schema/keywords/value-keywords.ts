/** `type`, `enum`, `const`. Source: JSON Schema validation (2020-12) section 6.1. */

import { ALL_TYPE_BITS, canonicalText, TYPE_BITS_BY_NAME, typeBitsOf } from '../json-value.ts';
import type { SchemaCheck } from '../plan.ts';
import type { SchemaBounds } from '../schema-bounds.ts';
import type { ChoosingKeyword, CompiledKeyword, EvaluationFrame } from '../schema-node.ts';
import { SchemaRun } from '../schema-run.ts';
import { showValue, showValues } from '../show-value.ts';
import type { KeywordReader } from './keyword-reader.ts';

// Up to here comparing one after the other is faster than looking up.
const MOST_COMPARED = 8;
const NO_TEXTS: ReadonlySet<string> = new Set();

function isComposed(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

class TypeKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #allowed: number;
  readonly #names: readonly unknown[];

  constructor(allowed: number, names: readonly unknown[]) {
    this.#allowed = allowed;
    this.#names = names;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if ((typeBitsOf(value) & this.#allowed) !== 0) return true;
    return frame.fail('type', () => `expected ${this.#names.join(' or ')}; got ${showValue(value)}`);
  }

  makeCheck(): SchemaCheck {
    return (value) => (typeBitsOf(value) & this.#allowed) !== 0;
  }
}

class ChoiceKeyword implements ChoosingKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly choices: readonly unknown[];
  readonly #name: 'enum' | 'const';
  /** The canonical texts of those that are objects or arrays. */
  readonly #texts: ReadonlySet<string>;
  #plain: ReadonlySet<unknown> | undefined;

  constructor(name: 'enum' | 'const', choices: readonly unknown[], texts: ReadonlySet<string>) {
    this.#name = name;
    this.choices = choices;
    this.#texts = texts;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if (this.#includes(value, frame.run)) return true;
    return frame.fail(this.#name, () => `expected ${this.#name === 'enum' ? 'one of ' : ''}${showValues(this.choices)}; got ${showValue(value)}`);
  }

  makeCheck(): SchemaCheck {
    return (value, run) => this.#includes(value, run);
  }

  #includes(value: unknown, run: SchemaRun): boolean {
    if (isComposed(value)) return this.#texts.size > 0 && this.#texts.has(canonicalText(value, run));
    this.#plain ??= new Set(this.choices);
    return this.#plain.has(value);
  }
}

/** Reads `type`. */
export function readType(reader: KeywordReader): void {
  const type = reader.get('type');
  if (type === undefined) return;
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  let allowed = 0;
  for (const name of names) {
    const bits = TYPE_BITS_BY_NAME.get(name);
    if (bits === undefined) throw reader.refuse('type', `expected the name of a type; got ${showValue(name)}`);
    allowed |= bits;
  }
  const keyword = new TypeKeyword(allowed, names);
  reader.shape.types = allowed;
  reader.shape.type = keyword;
  reader.add(keyword);
}

/** Reads `enum` and `const`. */
export function readChoices(reader: KeywordReader): void {
  const choices = reader.list('enum');
  if (choices !== undefined) addChoice(reader, 'enum', choices);
  const only = reader.get('const');
  if (only !== undefined) addChoice(reader, 'const', [only]);
}

function addChoice(reader: KeywordReader, name: 'enum' | 'const', choices: readonly unknown[]): void {
  const hasComposed = choices.some(isComposed);
  const keyword = new ChoiceKeyword(name, choices, hasComposed ? textsOf(choices.filter(isComposed), reader.settings.bounds) : NO_TEXTS);
  if (!hasComposed && choices.length <= MOST_COMPARED) reader.shape.choice ??= keyword;
  reader.add(keyword);
}

/** Their canonical texts. What a schema says is bounded by its own size, not by the steps of a validation. */
function textsOf(values: readonly unknown[], bounds: SchemaBounds): ReadonlySet<string> {
  const run = new SchemaRun({ ...bounds, maxSchemaSteps: Number.MAX_SAFE_INTEGER });
  return new Set(values.map((value) => canonicalText(value, run)));
}
