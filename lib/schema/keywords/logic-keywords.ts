/** Subschemas for the same value: all, some, one or none of them, or one on a condition. Source: JSON Schema core (2020-12) section 10.2. */

import { isObject, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { ANYTHING_PLAN } from '../create-plan.ts';
import { ALL_TYPE_BITS, hasMember, OBJECT_BIT } from '../json-value.ts';
import { matchesPlan } from '../match-plan.ts';
import type { SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, DefaultsFiller, EvaluationFrame, SchemaNode } from '../schema-node.ts';
import type { KeywordReader } from './keyword-reader.ts';

type Nodes = readonly SchemaNode[];

class AllOfKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #nodes: Nodes;

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    let isValid = true;
    frame.run.spendChecks(this.#nodes.length);
    for (const [index, node] of this.#nodes.entries()) {
      if (frame.applyHere(node, value, 'allOf', index)) continue;
      if (frame.place === undefined) return false;
      isValid = false;
    }
    return isValid;
  }

  makeCheck(): SchemaCheck {
    const plans = this.#nodes.map((node) => node.planToUse);
    return (value, run) => {
      run.spendChecks(plans.length);
      for (let index = 0; index < plans.length; index++) if (!matchesPlan(plans[index] ?? ANYTHING_PLAN, value, run)) return false;
      return true;
    };
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    for (const node of this.#nodes) filler.fill(node, value);
  }
}

/** `anyOf` and `oneOf`. */
class SomeOfKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #name: 'anyOf' | 'oneOf';
  readonly #nodes: Nodes;
  readonly #most: number;

  constructor(name: 'anyOf' | 'oneOf', nodes: Nodes) {
    this.#name = name;
    this.#nodes = nodes;
    this.#most = name === 'oneOf' ? 1 : Infinity;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const fitting: number[] = [];
    frame.run.spendChecks(this.#nodes.length);
    for (const [index, node] of this.#nodes.entries()) if (frame.tryHere(node, value)) fitting.push(index);
    if (fitting.length > this.#most) {
      return frame.fail(this.#name, () => `expected a value for exactly one of ${this.#nodes.length} schemas; got one for those at ${fitting.join(', ')}`);
    }
    if (fitting.length > 0) return true;
    frame.fail(this.#name, () => `expected a value for one of ${this.#nodes.length} schemas; got one for none of them`);
    if (frame.place !== undefined) for (const [index, node] of this.#nodes.entries()) frame.applyHere(node, value, this.#name, index);
    return false;
  }

  makeCheck(): SchemaCheck {
    const plans = this.#nodes.map((node) => node.planToUse);
    const isExclusive = this.#name === 'oneOf';
    return (value, run) => {
      run.spendChecks(plans.length);
      let fitting = 0;
      for (let index = 0; index < plans.length; index++) {
        if (!matchesPlan(plans[index] ?? ANYTHING_PLAN, value, run)) continue;
        if (!isExclusive) return true;
        if (++fitting > 1) return false;
      }
      return fitting === 1;
    };
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    const node = this.#nodes.find((one) => filler.takes(one, value));
    if (node !== undefined) filler.fill(node, value);
  }
}

class NotKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #node: SchemaNode;

  constructor(node: SchemaNode) {
    this.#node = node;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    return !matchesPlan(this.#node.plan, value, frame.run) || frame.fail('not', () => 'expected a value that the schema below does not allow');
  }

  makeCheck(): SchemaCheck {
    const plan = this.#node.planToUse;
    return (value, run) => !matchesPlan(plan, value, run);
  }
}

/** `if`, `then` and `else`. */
class ConditionKeyword implements CompiledKeyword {
  readonly types: number = ALL_TYPE_BITS;
  readonly #condition: SchemaNode;
  readonly #whenTrue: SchemaNode | undefined;
  readonly #whenFalse: SchemaNode | undefined;

  constructor(condition: SchemaNode, whenTrue: SchemaNode | undefined, whenFalse: SchemaNode | undefined) {
    this.#condition = condition;
    this.#whenTrue = whenTrue;
    this.#whenFalse = whenFalse;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const holds = frame.tryHere(this.#condition, value);
    const node = holds ? this.#whenTrue : this.#whenFalse;
    return node === undefined || frame.applyHere(node, value, holds ? 'then' : 'else');
  }

  makeCheck(): SchemaCheck {
    const condition = this.#condition.planToUse;
    const whenTrue = this.#whenTrue?.planToUse ?? ANYTHING_PLAN;
    const whenFalse = this.#whenFalse?.planToUse ?? ANYTHING_PLAN;
    return (value, run) => matchesPlan(matchesPlan(condition, value, run) ? whenTrue : whenFalse, value, run);
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    const node = filler.takes(this.#condition, value) ? this.#whenTrue : this.#whenFalse;
    if (node !== undefined) filler.fill(node, value);
  }
}

/** `dependentSchemas`, and the schemas in the `dependencies` of draft-07. */
class DependentSchemasKeyword implements CompiledKeyword {
  readonly types: number = OBJECT_BIT;
  readonly #keyword: string;
  readonly #rows: readonly (readonly [string, SchemaNode])[];

  constructor(keyword: string, rows: readonly (readonly [string, SchemaNode])[]) {
    this.#keyword = keyword;
    this.#rows = rows;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    let isValid = true;
    frame.run.spendChecks(this.#rows.length);
    for (const [name, node] of this.#rows) {
      if (!hasMember(value as JSONObject, name) || frame.applyHere(node, value, this.#keyword, name)) continue;
      if (frame.place === undefined) return false;
      isValid = false;
    }
    return isValid;
  }

  makeCheck(): SchemaCheck {
    const rows = this.#rows.map(([name, node]) => ({ name, plan: node.planToUse }));
    return (value, run) => {
      run.spendChecks(rows.length);
      return rows.every(({ name, plan }) => !hasMember(value as JSONObject, name) || matchesPlan(plan, value, run));
    };
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    for (const [name, node] of this.#rows) if (hasMember(value as JSONObject, name)) filler.fill(node, value);
  }
}

/** Reads `allOf`. */
export function readAllOf(reader: KeywordReader): void {
  const all = reader.schemas('allOf', true);
  if (all !== undefined) reader.add(new AllOfKeyword(all));
}

/** Reads `anyOf` and `oneOf`. */
export function readSomeOf(reader: KeywordReader): void {
  for (const name of ['anyOf', 'oneOf'] as const) {
    const some = reader.schemas(name, true);
    if (some === undefined) continue;
    const keyword = new SomeOfKeyword(name, some);
    if (name === 'anyOf') reader.shape.either = { keyword, nodes: some };
    reader.add(keyword);
  }
}

/** Reads `not`. */
export function readNot(reader: KeywordReader): void {
  const not = reader.schema('not', true);
  if (not !== undefined) reader.add(new NotKeyword(not));
}

/** Reads `if`, `then` and `else`; without `if` the two others say nothing. */
export function readCondition(reader: KeywordReader): void {
  const condition = reader.schema('if', true);
  if (condition !== undefined) reader.add(new ConditionKeyword(condition, reader.schema('then', true), reader.schema('else', true)));
}

/** Reads `dependentSchemas`, and the schemas in `dependencies`. */
export function readDependentSchemas(reader: KeywordReader): void {
  readSchemasByMember(reader, 'dependentSchemas');
  readSchemasByMember(reader, 'dependencies');
}

function readSchemasByMember(reader: KeywordReader, keyword: 'dependentSchemas' | 'dependencies'): void {
  const map = reader.map(keyword);
  if (map === undefined) return;
  const names = Object.keys(map).filter((name) => keyword === 'dependentSchemas' || isObject(own(map, name)) || typeof own(map, name) === 'boolean');
  const rows = names.map((name) => [name, reader.child(own(map, name), true, keyword, name)] as const);
  if (rows.length > 0) reader.add(new DependentSchemasKeyword(keyword, rows));
}
