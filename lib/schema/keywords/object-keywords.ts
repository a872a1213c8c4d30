/** Members of objects. Source: JSON Schema core (2020-12) section 10.3.2, validation section 6.5. */

import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { ANYTHING_PLAN, createPlan } from '../create-plan.ts';
import { hasMember, memberNames, OBJECT_BIT, setMember } from '../json-value.ts';
import { matchesMembers, matchesPlan } from '../match-plan.ts';
import type { Pattern } from '../pattern/compile-pattern.ts';
import type { NamedMember, Plan, SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, DefaultsFiller, EvaluationFrame, PlanningKeyword, SchemaNode, SchemaRange } from '../schema-node.ts';
import type { KeywordReader } from './keyword-reader.ts';
import { testPattern } from './string-keywords.ts';

interface PatternedMembers {
  readonly pattern: Pattern;
  readonly node: SchemaNode;
}

interface MemberRules {
  readonly named: ReadonlyMap<string, SchemaNode>;
  readonly patterned: readonly PatternedMembers[];
  /** What members are that neither are named nor match a pattern. */
  readonly others: SchemaNode | undefined;
  readonly required: ReadonlySet<string>;
}

/** `properties`, `patternProperties`, `additionalProperties` and `required`, which go over the members together. */
class MembersKeyword implements PlanningKeyword {
  readonly types: number = OBJECT_BIT;
  readonly #rules: MemberRules;

  constructor(rules: MemberRules) {
    this.#rules = rules;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const object = value as JSONObject;
    let isValid = true;
    for (const name of this.#rules.required) {
      if (!hasMember(object, name)) isValid = frame.fail('required', () => `expected a member ${quote(name)}, which is missing`);
    }
    const names = memberNames(object);
    frame.run.spendChecks(names.length + this.#rules.required.size);
    for (const name of names) {
      if (!this.#evaluateMember(name, object[name], frame)) isValid = false;
      if (!isValid && frame.place === undefined) return false;
    }
    return isValid;
  }

  #evaluateMember(name: string, value: unknown, frame: EvaluationFrame): boolean {
    const { named, patterned, others } = this.#rules;
    let isValid = true;
    let isKnown = false;
    const node = named.get(name);
    if (node !== undefined) {
      isKnown = true;
      isValid = frame.applyBelow(node, value, 'properties', name, name);
    }
    for (const row of patterned) {
      if (!testPattern(row.pattern, name, frame.run)) continue;
      isKnown = true;
      if (!frame.applyBelow(row.node, value, 'patternProperties', row.pattern.source, name)) isValid = false;
    }
    if (!isKnown && others !== undefined) isValid = evaluateStranger(others, name, value, frame);
    if (isKnown || others !== undefined) frame.evaluated?.addMember(name);
    return isValid;
  }

  makeCheck(): SchemaCheck {
    const plan = this.makePlan([], 0);
    return (value, run) => matchesMembers(plan, value as JSONObject, run);
  }

  makePlan(rest: readonly SchemaCheck[], height: number): Plan {
    const { named, patterned, others, required } = this.#rules;
    const hasPatterns = patterned.length > 0;
    const forOthers = hasPatterns || others === undefined ? undefined : others.planToUse;
    const members: NamedMember[] = [];
    for (const [name, node] of named) members.push({ name, plan: node.planToUse, isRequired: required.has(name) });
    for (const name of required) if (!named.has(name)) members.push({ name, plan: forOthers ?? ANYTHING_PLAN, isRequired: true });
    const checks = hasPatterns ? [this.#makePatternCheck(), ...rest] : rest;
    return createPlan('object', { members, others: forOthers === ANYTHING_PLAN ? undefined : forOthers, rest: checks, height });
  }

  /** What patterns ask of members, and what others are asked for when no pattern matches them. */
  #makePatternCheck(): SchemaCheck {
    const { named, others } = this.#rules;
    const rows = this.#rules.patterned.map(({ pattern, node }) => ({ pattern, plan: node.planToUse }));
    const forOthers = others?.planToUse ?? ANYTHING_PLAN;
    return (value, run) => {
      const object = value as JSONObject;
      for (const name of memberNames(object)) {
        run.spend(1);
        let isKnown = named.has(name);
        for (const { pattern, plan } of rows) {
          if (!testPattern(pattern, name, run)) continue;
          isKnown = true;
          if (!matchesPlan(plan, object[name], run)) return false;
        }
        if (!isKnown && !matchesPlan(forOthers, object[name], run)) return false;
      }
      return true;
    };
  }

  fillDefaults(value: object, filler: DefaultsFiller): void {
    if (Array.isArray(value)) return;
    const object = value as Record<string, unknown>;
    const { named, patterned, others } = this.#rules;
    for (const [name, node] of named) {
      const filled = filler.fill(node, own(object, name));
      if (filled !== undefined) setMember(object, name, filled);
    }
    for (const name of memberNames(object)) {
      const rows = patterned.filter(({ pattern }) => pattern.test(name));
      for (const { node } of rows) setMember(object, name, filler.fill(node, own(object, name)));
      if (others !== undefined && rows.length === 0 && !named.has(name)) setMember(object, name, filler.fill(others, own(object, name)));
    }
  }
}

function evaluateStranger(others: SchemaNode, name: string, value: unknown, frame: EvaluationFrame): boolean {
  if (others.value === false) return frame.fail('additionalProperties', () => `the member ${quote(name)} is not allowed`);
  return frame.applyBelow(others, value, 'additionalProperties', undefined, name);
}

class MemberCountKeyword implements CompiledKeyword {
  readonly types: number = OBJECT_BIT;
  readonly #range: SchemaRange;

  constructor(range: SchemaRange) {
    this.#range = range;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const { low, high } = this.#range;
    const count = memberNames(value as JSONObject).length;
    frame.run.spendChecks(count);
    if (count < low) return frame.fail('minProperties', () => `expected at least ${low} members; got ${count}`);
    return count <= high || frame.fail('maxProperties', () => `expected at most ${high} members; got ${count}`);
  }

  makeCheck(): SchemaCheck {
    const { low, high } = this.#range;
    return (value, run) => {
      const count = memberNames(value as JSONObject).length;
      run.spendChecks(count);
      return count >= low && count <= high;
    };
  }
}

class PropertyNamesKeyword implements CompiledKeyword {
  readonly types: number = OBJECT_BIT;
  readonly #node: SchemaNode;

  constructor(node: SchemaNode) {
    this.#node = node;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    let isValid = true;
    for (const name of memberNames(value as JSONObject)) {
      if (matchesPlan(this.#node.plan, name, frame.run)) continue;
      isValid = frame.fail('propertyNames', () => `the name ${quote(name)} is not allowed`);
      if (frame.place === undefined) return false;
      this.#node.evaluate(name, frame.run, undefined, frame.place.below('propertyNames'));
    }
    return isValid;
  }

  makeCheck(): SchemaCheck {
    const plan = this.#node.planToUse;
    return (value, run) => {
      const names = memberNames(value as JSONObject);
      run.spendChecks(names.length);
      return names.every((name) => matchesPlan(plan, name, run));
    };
  }
}

/** `dependentRequired`, and the lists of names in the `dependencies` of draft-07. */
class DependentRequiredKeyword implements CompiledKeyword {
  readonly types: number = OBJECT_BIT;
  readonly #keyword: string;
  readonly #rows: readonly (readonly [string, readonly string[]])[];
  readonly #weight: number;

  constructor(keyword: string, rows: readonly (readonly [string, readonly string[]])[]) {
    this.#keyword = keyword;
    this.#rows = rows;
    this.#weight = rows.reduce((sum, [, names]) => sum + 1 + names.length, 0);
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    let isValid = true;
    frame.run.spendChecks(this.#weight);
    for (const [name, names] of this.#rows) {
      if (!hasMember(value as JSONObject, name)) continue;
      for (const missing of names.filter((needed) => !hasMember(value as JSONObject, needed))) {
        isValid = frame.fail(this.#keyword, () => `expected a member ${quote(missing)} beside ${quote(name)}`, name);
      }
    }
    return isValid;
  }

  makeCheck(): SchemaCheck {
    return (value, run) => {
      run.spendChecks(this.#weight);
      const has = (name: string): boolean => hasMember(value as JSONObject, name);
      return this.#rows.every(([name, names]) => !has(name) || names.every(has));
    };
  }
}

/** Reads `minProperties` and `maxProperties`. */
export function readMemberCount(reader: KeywordReader): void {
  const low = reader.count('minProperties');
  const high = reader.count('maxProperties');
  if (low !== undefined || high !== undefined) reader.add(new MemberCountKeyword({ low: low ?? 0, high: high ?? Infinity }));
}

/** Reads `propertyNames`. */
export function readPropertyNames(reader: KeywordReader): void {
  const names = reader.schema('propertyNames', false);
  if (names !== undefined) reader.add(new PropertyNamesKeyword(names));
}

/** Reads `properties`, `patternProperties`, `additionalProperties` and `required`. */
export function readMembers(reader: KeywordReader): void {
  const named = reader.schemasByName('properties', false);
  const patterned = reader.schemasByName('patternProperties', false);
  const others = reader.schema('additionalProperties', false);
  const required = reader.list('required');
  if (named === undefined && patterned === undefined && others === undefined && required === undefined) return;
  const keyword = new MembersKeyword({
    named: named ?? new Map<string, SchemaNode>(),
    patterned: [...(patterned ?? [])].map(([source, node]) => ({ pattern: reader.pattern(source, 'patternProperties'), node })),
    others,
    required: required === undefined ? new Set<string>() : reader.namesIn('required', required),
  });
  reader.shape.members = keyword;
  reader.add(keyword);
}

/** Reads `dependentRequired`, and the lists of names in `dependencies`. */
export function readDependentRequired(reader: KeywordReader): void {
  readDependentNames(reader, 'dependentRequired');
  readDependentNames(reader, 'dependencies');
}

function readDependentNames(reader: KeywordReader, keyword: 'dependentRequired' | 'dependencies'): void {
  const map = reader.map(keyword);
  if (map === undefined) return;
  const rows: (readonly [string, readonly string[]])[] = [];
  for (const name of Object.keys(map)) {
    const names = own(map, name);
    if (Array.isArray(names)) rows.push([name, [...reader.namesIn(keyword, names)]]);
    else if (keyword === 'dependentRequired') throw reader.refuse(keyword, `expected names for ${quote(name)}`);
  }
  if (rows.length > 0) reader.add(new DependentRequiredKeyword(keyword, rows));
}
