import { codeForTypes, PLAN_CODES } from './match-plan.ts';
import type { NamedMember, Plan, PlanKind, PlannedMember, PlanParts, SchemaCheck } from './plan.ts';
import { CHECKS_A_STEP_BITS } from './schema-run.ts';

const NO_PARTS: PlanParts = {};
const NO_PLACES: ReadonlyMap<string, PlannedMember> = new Map();
const PLAN_NO_MEMBERS: readonly NamedMember[] = [];
const NO_CHECKS: readonly SchemaCheck[] = [];
const NO_BRANCHES: readonly Plan[] = [];
const NO_VALUES: readonly unknown[] = [];
const HOLDS: SchemaCheck = () => true;
// Bounds for what an engine keeps as a small whole number.
const MIN_SMALL = -(2 ** 31);
const MAX_SMALL = 2 ** 31 - 1;

/** A plan of one kind. */
export function createPlan(kind: PlanKind, parts: PlanParts = NO_PARTS): Plan {
  const { low = -Infinity, high = Infinity, types = 0, members = PLAN_NO_MEMBERS, rest = NO_CHECKS, branches = NO_BRANCHES } = parts;
  const code = kind === 'types' ? codeForTypes(types) : PLAN_CODES[kind];
  let required = 0;
  let first: PlannedMember | undefined;
  const places = members.length === 0 ? NO_PLACES : new Map<string, PlannedMember>();
  for (let index = members.length - 1; index >= 0; index--) {
    first = plannedMember(members[index] as NamedMember, first);
    (places as Map<string, PlannedMember>).set(first.name, first);
    required += first.required;
  }
  return {
    kind: code.kind,
    code,
    low,
    high,
    choices: parts.choices ?? NO_VALUES,
    types,
    branches,
    items: parts.items,
    first,
    others: parts.others,
    rest,
    check: parts.check ?? HOLDS,
    height: parts.height ?? 0,
    asksOfMembers: members.length > 0 || parts.others !== undefined,
    required,
    cost: 1 + ((members.length + rest.length + branches.length) >> CHECKS_A_STEP_BITS),
    places,
  };
}

function plannedMember({ name, plan, isRequired }: NamedMember, next: PlannedMember | undefined): PlannedMember {
  const { code, low, high, choices } = plan;
  const isWithinSmall = low <= MAX_SMALL && high >= MIN_SMALL;
  return {
    name,
    plan,
    required: isRequired ? 1 : 0,
    onString: code.onString,
    onNumber: code.onNumber,
    onBoolean: code.onBoolean,
    isArray: code === PLAN_CODES.array,
    low,
    high,
    smallLow: isWithinSmall ? Math.max(Math.ceil(low), MIN_SMALL) : MAX_SMALL,
    smallHigh: isWithinSmall ? Math.min(Math.floor(high), MAX_SMALL) : MIN_SMALL,
    choices,
    next,
  };
}

/** The plan of `true`. */
export const ANYTHING_PLAN: Plan = createPlan('anything');
/** The plan of `false`. */
export const NOTHING_PLAN: Plan = createPlan('nothing');
