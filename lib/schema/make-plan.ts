import { ANYTHING_PLAN, createPlan, NOTHING_PLAN } from './create-plan.ts';
import { ALL_TYPE_BITS, ARRAY_BIT, BOOLEAN_BIT, INTEGER_BIT, NULL_BIT, NUMBER_BIT, OBJECT_BIT, STRING_BIT, typeBitsOf } from './json-value.ts';
import type { Plan, SchemaCheck } from './plan.ts';
import type { CompiledKeyword, KnownShape, SchemaEdge, SchemaNode } from './schema-node.ts';

/** The plans of schemas that ask for nothing but one type, by its bits: those that are met most. */
const PLAIN_PLANS: ReadonlyMap<number, Plan> = new Map([
  [ALL_TYPE_BITS, ANYTHING_PLAN],
  [STRING_BIT, createPlan('string', { types: STRING_BIT })],
  [NUMBER_BIT, createPlan('number', { types: NUMBER_BIT })],
  [INTEGER_BIT, createPlan('integer', { types: INTEGER_BIT })],
  [BOOLEAN_BIT, createPlan('boolean', { types: BOOLEAN_BIT })],
]);

type Keywords = readonly CompiledKeyword[];

/** The plan of a node whose keywords are read, and of whose subschemas all are planned but those that it refers back to. */
export function makePlan(node: SchemaNode): Plan {
  if (node.value === true) return ANYTHING_PLAN;
  if (node.value === false) return NOTHING_PLAN;
  const { reference } = node.shape;
  if (reference !== undefined && node.keywords.length === 1) return reference.planToUse;
  const height = heightOf(node.edges);
  if (node.hasUnevaluated) return evaluatingPlan(node, height);
  const { type, types, either } = node.shape;
  const keywords = type === undefined ? node.keywords : node.keywords.slice(1);
  if (keywords.length === 0) {
    const plain = PLAIN_PLANS.get(types);
    if (plain !== undefined) return plain;
  } else if (keywords.length === 1) {
    const simple = either === undefined ? plainPlan(node.shape, types) : eitherPlan(either.nodes, types, height);
    if (simple !== undefined) return simple;
  }
  if (types === OBJECT_BIT) return objectPlan(node, keywords, height);
  if (types === ARRAY_BIT) return arrayPlan(node, keywords, height);
  return keywords.length === 0 ? createPlan('types', { types }) : checkedPlan(types, keywords, height);
}

/** The plan of a node that has to know what of a value was evaluated. */
function evaluatingPlan(node: SchemaNode, height: number): Plan {
  return createPlan('check', { height, check: (value, run) => node.evaluate(value, run, undefined, undefined) });
}

/** Levels of plans below. What a node refers back to is counted when it is entered. */
function heightOf(edges: readonly SchemaEdge[]): number {
  let height = 0;
  for (let index = 0; index < edges.length; index++) height = Math.max(height, (edges[index] as SchemaEdge).node.plan.height + 1);
  return height;
}

/** The plan of a node that beside its types has one keyword, which asks one simple thing of what is no object or array; undefined for others. */
function plainPlan({ choice, length, range }: KnownShape, types: number): Plan | undefined {
  if (choice !== undefined) return createPlan('choice', { choices: choice.choices.filter((value) => (typeBitsOf(value) & types) !== 0) });
  if (length !== undefined && types === STRING_BIT) return createPlan('stringLength', length.range);
  if (range === undefined) return undefined;
  if (types === INTEGER_BIT) return createPlan('integerRange', range.range);
  return (types & ~INTEGER_BIT) === NUMBER_BIT ? createPlan('numberRange', range.range) : undefined;
}

/** The plan of a node that is an `anyOf` and nothing else; undefined where types are asked for as well. */
function eitherPlan(nodes: readonly SchemaNode[], types: number, height: number): Plan | undefined {
  if (types !== ALL_TYPE_BITS) return undefined;
  let bits = 0;
  for (const { plan } of nodes) {
    if (plan.types === 0) return createPlan('either', { branches: nodes.map((one) => one.planToUse), height });
    bits |= plan.types;
  }
  return createPlan('types', { types: bits });
}

function objectPlan(node: SchemaNode, keywords: Keywords, height: number): Plan {
  const { members } = node.shape;
  const rest = checksFor(OBJECT_BIT, keywords, members);
  return members === undefined ? createPlan('object', { rest, height }) : members.makePlan(rest, height);
}

function arrayPlan(node: SchemaNode, keywords: Keywords, height: number): Plan {
  const { items, count } = node.shape;
  const rest = checksFor(ARRAY_BIT, keywords, items?.keyword, count);
  const plan = items?.node.planToUse;
  return createPlan('array', { ...count?.range, items: plan === ANYTHING_PLAN ? undefined : plan, rest, height });
}

/** The checks of those keywords that say something of the type, but for those that the plan decides by itself. */
function checksFor(type: number, keywords: Keywords, ...planned: readonly (CompiledKeyword | undefined)[]): readonly SchemaCheck[] {
  const checks: SchemaCheck[] = [];
  for (const keyword of keywords) if ((keyword.types & type) !== 0 && !planned.includes(keyword)) checks.push(keyword.makeCheck());
  return checks;
}

/** The plan of any other node: the checks for the type of the value, one after the other. */
function checkedPlan(types: number, keywords: Keywords, height: number): Plan {
  const [only] = keywords;
  if (keywords.length === 1 && only?.types === ALL_TYPE_BITS && types === ALL_TYPE_BITS) return createPlan('check', { check: only.makeCheck(), height });
  const made = keywords.map((keyword) => ({ types: keyword.types, check: keyword.makeCheck() }));
  const forType = (bit: number): readonly SchemaCheck[] => made.filter((one) => (one.types & bit) !== 0).map((one) => one.check);
  const [strings, numbers, arrays, objects, others] = [forType(STRING_BIT), forType(NUMBER_BIT), forType(ARRAY_BIT), forType(OBJECT_BIT), forType(NULL_BIT)];
  const check: SchemaCheck = (value, run) => {
    const bits = typeBitsOf(value);
    if ((bits & types) === 0) return false;
    let checks = others;
    if ((bits & STRING_BIT) !== 0) checks = strings;
    else if ((bits & OBJECT_BIT) !== 0) checks = objects;
    else if ((bits & NUMBER_BIT) !== 0) checks = numbers;
    else if ((bits & ARRAY_BIT) !== 0) checks = arrays;
    for (let index = 0; index < checks.length; index++) if (!(checks[index] as SchemaCheck)(value, run)) return false;
    return true;
  };
  return createPlan('check', { check, height });
}
