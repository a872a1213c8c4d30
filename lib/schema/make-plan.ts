import { ALL_TYPE_BITS, ARRAY_BIT, BOOLEAN_BIT, INTEGER_BIT, NULL_BIT, NUMBER_BIT, OBJECT_BIT, STRING_BIT, typeBitsOf } from './json-value.ts';
import { ANYTHING_PLAN, createPlan, NOTHING_PLAN, typesOfPlan } from './plan.ts';
import type { Plan, PlanKind, SchemaCheck } from './plan.ts';
import type { CompiledKeyword, SchemaNode, SchemaRange } from './schema-node.ts';

/** Plans for nothing but one type. */
const PLAIN_KINDS: ReadonlyMap<number, PlanKind> = new Map<number, PlanKind>([
  [STRING_BIT, 'string'],
  [NUMBER_BIT, 'number'],
  [NUMBER_BIT | INTEGER_BIT, 'number'],
  [INTEGER_BIT, 'integer'],
  [BOOLEAN_BIT, 'boolean'],
  [NULL_BIT, 'null'],
  [ARRAY_BIT, 'array'],
  [OBJECT_BIT, 'object'],
]);

type Keywords = readonly CompiledKeyword[];

/** The plan of a node whose keywords are read, and of whose subschemas all are planned but those that it refers back to. */
export function makePlan(node: SchemaNode): Plan {
  if (node.value === true) return ANYTHING_PLAN;
  if (node.value === false) return NOTHING_PLAN;
  const { reference } = node.shape;
  if (reference !== undefined && node.keywords.length === 1) return reference.planToUse;
  const height = heightOf(node);
  if (node.hasUnevaluated) return createPlan('check', { height, check: (value, run) => node.evaluate(value, run, undefined, undefined) });
  const { type, types } = node.shape;
  const keywords = node.keywords.filter((keyword) => keyword !== type?.keyword);
  const simple = plainPlan(node, types, keywords) ?? eitherPlan(node, types, keywords, height);
  return simple ?? structuredPlan(node, types, keywords, height) ?? checkedPlan(types, keywords, height);
}

/** Levels of plans below. What a node refers back to is counted when it is entered. */
function heightOf(node: SchemaNode): number {
  let height = 0;
  for (const edge of node.edges) if (edge.node.isPlanned) height = Math.max(height, edge.node.plan.height + 1);
  return height;
}

/** The plan of a node that says one simple thing of what is no object or array; undefined for others. */
function plainPlan(node: SchemaNode, types: number, keywords: Keywords): Plan | undefined {
  const kind = PLAIN_KINDS.get(types);
  if (keywords.length === 0) {
    if (types === ALL_TYPE_BITS) return ANYTHING_PLAN;
    return kind === undefined ? createPlan('types', { types }) : createPlan(kind);
  }
  if (keywords.length > 1) return undefined;
  const [only] = keywords;
  const { choice, length, range } = node.shape;
  if (choice !== undefined && only === choice.keyword) {
    return createPlan('choice', { choices: choice.values.filter((value) => (typeBitsOf(value) & types) !== 0) });
  }
  if (only === length?.keyword && kind === 'string') return createPlan('stringLength', length?.range);
  if (only === range?.keyword && kind === 'number') return createPlan('numberRange', range?.range);
  if (only === range?.keyword && kind === 'integer') return createPlan('integerRange', range?.range);
  return undefined;
}

/** The plan of a node that is an `anyOf` and nothing else; undefined for others. */
function eitherPlan(node: SchemaNode, types: number, keywords: Keywords, height: number): Plan | undefined {
  const { either } = node.shape;
  if (either === undefined || types !== ALL_TYPE_BITS || keywords.length !== 1 || keywords[0] !== either.keyword) return undefined;
  const branches = either.nodes.map((one) => one.planToUse);
  let bits = 0;
  for (const branch of branches) {
    const ofBranch = typesOfPlan(branch);
    if (ofBranch === undefined) return createPlan('either', { branches, height });
    bits |= ofBranch;
  }
  return createPlan('types', { types: bits });
}

/** The plan of a node for objects or arrays alone; undefined for others. */
function structuredPlan(node: SchemaNode, types: number, keywords: Keywords, height: number): Plan | undefined {
  const { members, items, count } = node.shape;
  if (types === OBJECT_BIT) {
    const rest = checksFor(OBJECT_BIT, keywords.filter((keyword) => keyword !== members?.keyword));
    return members?.makePlan(rest, height) ?? createPlan('object', { rest, height });
  }
  if (types !== ARRAY_BIT) return undefined;
  const rest = checksFor(ARRAY_BIT, keywords.filter((keyword) => keyword !== items?.keyword && keyword !== count?.keyword));
  const plan = items?.node.planToUse;
  const range: Partial<SchemaRange> = count?.range ?? {};
  return createPlan('array', { ...range, items: plan === ANYTHING_PLAN ? undefined : plan, rest, height });
}

function checksFor(types: number, keywords: Keywords): readonly SchemaCheck[] {
  return keywords.filter((keyword) => (keyword.types & types) !== 0).map((keyword) => keyword.makeCheck());
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
