/** `$ref` and `$dynamicRef`. Source: JSON Schema core (2020-12) section 8.2.3. */

import { ALL_TYPE_BITS } from '../json-value.ts';
import { matchesPlan } from '../match-plan.ts';
import type { SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, DefaultsFiller, EvaluationFrame, SchemaNode } from '../schema-node.ts';
import type { KeywordReader } from './keyword-reader.ts';

class ReferenceKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #name: '$ref' | '$dynamicRef';
  readonly #node: SchemaNode;

  constructor(name: '$ref' | '$dynamicRef', node: SchemaNode) {
    this.#name = name;
    this.#node = node;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    return frame.applyHere(this.#node, value, this.#name);
  }

  makeCheck(): SchemaCheck {
    const plan = this.#node.planToUse;
    return (value, run) => matchesPlan(plan, value, run);
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    filler.fill(this.#node, value);
  }
}

/** Reads both references; which of the places of a `$dynamicRef` is meant is known when it is compiled. */
export function readReferenceKeywords(reader: KeywordReader): void {
  for (const name of ['$ref', '$dynamicRef'] as const) {
    if (reader.get(name) === undefined) continue;
    const node = reader.referred(name);
    if (node === undefined) continue;
    reader.add(new ReferenceKeyword(name, node));
    reader.shape.reference = node;
  }
}
