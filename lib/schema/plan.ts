/**
 * The fast path: what a schema asks of a value, as tables. The most common shapes are decided by one function over plain fields, as a call of
 * a closure for each member costs more than the check itself; everything else is a function in the table.
 */

import type { JSONObject } from '../base/json.ts';
import { BOOLEAN_BIT, hasLengthWithin, INTEGER_BIT, NULL_BIT, NUMBER_BIT, STRING_BIT, typeBitsOf } from './json-value.ts';
import { CHECKS_A_STEP_BITS } from './schema-run.ts';
import type { SchemaRun } from './schema-run.ts';

/** Decides on one value. Throws a LimitError where the validation has taken too much. */
export type SchemaCheck = (value: unknown, run: SchemaRun) => boolean;

// What a plan decides by. These are no exports, as an engine takes the value of an export for one that may change, and reads it each time.
const ANYTHING = 0;
const NOTHING = 1;
const STRING = 2;
const STRING_LENGTH = 3;
const NUMBER = 4;
const NUMBER_RANGE = 5;
const INTEGER = 6;
const INTEGER_RANGE = 7;
const BOOLEAN = 8;
const PLAN_NULL = 9;
const CHOICE = 10;
const OBJECT = 11;
const ARRAY = 12;
const TYPES = 13;
const EITHER = 14;
const CHECK = 15;

/** What a plan decides by. */
export type PlanKind =
  | 'anything'
  | 'nothing'
  | 'string'
  /** A string with from `low` to `high` code points. */
  | 'stringLength'
  | 'number'
  /** A number from `low` to `high`. */
  | 'numberRange'
  | 'integer'
  /** A whole number from `low` to `high`. */
  | 'integerRange'
  | 'boolean'
  | 'null'
  /** One of `choices`. */
  | 'choice'
  /** An object, by `members`, `others` and `rest`. */
  | 'object'
  /** An array with from `low` to `high` items, by `items` and `rest`. */
  | 'array'
  /** One of `types`. */
  | 'types'
  /** What one of `branches` takes. */
  | 'either'
  /** What `check` says. */
  | 'check';

const KIND_NUMBERS: Readonly<Record<PlanKind, number>> = Object.freeze({
  ...{ anything: ANYTHING, nothing: NOTHING, string: STRING, stringLength: STRING_LENGTH, number: NUMBER, numberRange: NUMBER_RANGE },
  ...{ integer: INTEGER, integerRange: INTEGER_RANGE, boolean: BOOLEAN, null: PLAN_NULL, choice: CHOICE, object: OBJECT, array: ARRAY },
  ...{ types: TYPES, either: EITHER, check: CHECK },
});

// What a member decides a string, a number or a boolean by: these need no call.
const PLAN_ACCEPT = 0;
const REFUSE = 1;
const ASK_PLAN = 2;
const CHOOSE = 3;
const MEASURE = 4;
const WHOLE = 5;
const WHOLE_WITHIN = 6;
const WITHIN = 7;

/** What is known of a plan. */
export interface PlanParts {
  /** The least length, value or count. */
  readonly low?: number;
  /** The greatest length, value or count. */
  readonly high?: number;
  /** Values that are no objects or arrays, few. */
  readonly choices?: readonly unknown[];
  /** Types, as bits. */
  readonly types?: number;
  /** Of which one has to hold. */
  readonly branches?: readonly Plan[];
  /** What every item has to be. */
  readonly items?: Plan | undefined;
  /** Members by name, in the order in which they are likely to come. */
  readonly members?: readonly NamedMember[];
  /** What every member has to be that is not named; absent where that does not matter. */
  readonly others?: Plan | undefined;
  /** What else has to hold of an object or array. */
  readonly rest?: readonly SchemaCheck[];
  readonly check?: SchemaCheck;
  /** Levels of plans below this one. */
  readonly height?: number;
}

/** A member that has a name in a schema. */
export interface NamedMember {
  readonly name: string;
  readonly plan: Plan;
  readonly isRequired: boolean;
}

const NO_PARTS: PlanParts = {};
const NO_PLACES: ReadonlyMap<string, PlannedMember> = new Map();
const PLAN_NO_MEMBERS: readonly NamedMember[] = [];
const NO_CHECKS: readonly SchemaCheck[] = [];
const NO_BRANCHES: readonly Plan[] = [];
const NO_VALUES: readonly unknown[] = [];
const HOLDS: SchemaCheck = () => true;

/** What a schema asks of a value. Made by {@link createPlan}: all are literals of one shape, with numbers that an engine keeps as numbers. */
export interface Plan {
  readonly kind: number;
  readonly low: number;
  readonly high: number;
  readonly choices: readonly unknown[];
  readonly types: number;
  readonly branches: readonly Plan[];
  readonly items: Plan | undefined;
  /** The member that is expected first. */
  readonly first: PlannedMember | undefined;
  readonly others: Plan | undefined;
  readonly rest: readonly SchemaCheck[];
  readonly check: SchemaCheck;
  readonly height: number;
  /** Whether the members of an object matter. */
  readonly asksOfMembers: boolean;
  /** How many members have to be there. */
  readonly required: number;
  /** Steps that applying it costs, but for what depends on the value. */
  readonly cost: number;
  /** The named members. */
  readonly places: ReadonlyMap<string, PlannedMember>;
}

/** A plan of one kind. */
export function createPlan(kind: PlanKind, parts: PlanParts = NO_PARTS): Plan {
  const members = parts.members ?? PLAN_NO_MEMBERS;
  const rest = parts.rest ?? NO_CHECKS;
  const branches = parts.branches ?? NO_BRANCHES;
  let required = 0;
  let first: PlannedMember | undefined;
  const places = members.length === 0 ? NO_PLACES : new Map<string, PlannedMember>();
  for (let index = members.length - 1; index >= 0; index--) {
    const { name, plan, isRequired } = members[index] as NamedMember;
    first = plannedMember(name, plan, isRequired ? 1 : 0, first);
    (places as Map<string, PlannedMember>).set(name, first);
    required += first.required;
  }
  return {
    kind: KIND_NUMBERS[kind],
    low: parts.low ?? -Infinity,
    high: parts.high ?? Infinity,
    choices: parts.choices ?? NO_VALUES,
    types: parts.types ?? 0,
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

/** The types, as bits, that `plan` decides by alone; undefined for one that asks for more. */
export function typesOfPlan(plan: Plan): number | undefined {
  return plan.kind === TYPES ? plan.types : TYPES_OF_KINDS[plan.kind];
}

const TYPES_OF_KINDS: Readonly<Record<number, number>> = Object.freeze({
  ...{ [STRING]: STRING_BIT, [NUMBER]: NUMBER_BIT, [INTEGER]: INTEGER_BIT, [BOOLEAN]: BOOLEAN_BIT, [PLAN_NULL]: NULL_BIT },
});

/**
 * One named member, with what decides the most common shapes copied from its plan, to be near. An object of the shape that is expected is gone
 * through along `next`, which costs less than an array.
 */
interface PlannedMember {
  readonly name: string;
  readonly plan: Plan;
  /** 1 where it has to be there, else 0. */
  readonly required: number;
  /** What decides on a string. */
  readonly onString: number;
  /** What decides on a number. */
  readonly onNumber: number;
  /** What decides on `true` and `false`. */
  readonly onBoolean: number;
  /** Whether its plan is one for arrays. */
  readonly isArray: boolean;
  readonly low: number;
  readonly high: number;
  /** The bounds for what an engine keeps as a small whole number. */
  readonly smallLow: number;
  readonly smallHigh: number;
  readonly choices: readonly unknown[];
  /** The member that is expected behind it. */
  readonly next: PlannedMember | undefined;
}

const MIN_SMALL = -(2 ** 31);
const MAX_SMALL = 2 ** 31 - 1;

function plannedMember(name: string, plan: Plan, required: number, next: PlannedMember | undefined): PlannedMember {
  const { kind, low, high, choices } = plan;
  const isWithinSmall = low <= MAX_SMALL && high >= MIN_SMALL;
  return {
    name,
    plan,
    required,
    onString: actionOnString(plan),
    onNumber: actionOnNumber(plan),
    onBoolean: actionOnBoolean(plan),
    isArray: kind === ARRAY,
    low,
    high,
    smallLow: isWithinSmall ? Math.max(Math.ceil(low), MIN_SMALL) : MAX_SMALL,
    smallHigh: isWithinSmall ? Math.min(Math.floor(high), MAX_SMALL) : MIN_SMALL,
    choices,
    next,
  };
}

/** The action for values of a type by a plan that neither is for that type nor refuses it. */
function actionOnOthers({ kind, types }: Plan, bits: number): number {
  if (kind === ANYTHING) return PLAN_ACCEPT;
  if (kind === TYPES) return (types & bits) === 0 ? REFUSE : PLAN_ACCEPT;
  return kind === CHECK || kind === EITHER ? ASK_PLAN : REFUSE;
}

function actionOnString(plan: Plan): number {
  if (plan.kind === STRING) return PLAN_ACCEPT;
  if (plan.kind === STRING_LENGTH) return MEASURE;
  return plan.kind === CHOICE ? CHOOSE : actionOnOthers(plan, STRING_BIT);
}

function actionOnNumber(plan: Plan): number {
  switch (plan.kind) {
    case NUMBER:
      return PLAN_ACCEPT;
    case NUMBER_RANGE:
      return WITHIN;
    case INTEGER:
      return WHOLE;
    case INTEGER_RANGE:
      return WHOLE_WITHIN;
    case CHOICE:
      return ASK_PLAN;
    default:
      // A whole number is all that is asked for.
      return plan.kind === TYPES && (plan.types & (NUMBER_BIT | INTEGER_BIT)) === INTEGER_BIT ? WHOLE : actionOnOthers(plan, NUMBER_BIT);
  }
}

function actionOnBoolean(plan: Plan): number {
  if (plan.kind === BOOLEAN) return PLAN_ACCEPT;
  return plan.kind === CHOICE ? ASK_PLAN : actionOnOthers(plan, BOOLEAN_BIT);
}

const hasOwnMember = Object.prototype.hasOwnProperty;

/** Whether `value` is what `plan` asks for. */
export function matchesPlan(plan: Plan, value: unknown, run: SchemaRun): boolean {
  switch (plan.kind) {
    case ANYTHING:
      return true;
    case NOTHING:
      return false;
    case STRING:
      return typeof value === 'string';
    case STRING_LENGTH:
      return typeof value === 'string' && hasLengthWithin(value, plan.low, plan.high, run);
    case NUMBER:
      return typeof value === 'number';
    case NUMBER_RANGE:
      return typeof value === 'number' && value >= plan.low && value <= plan.high;
    case INTEGER:
      return Number.isInteger(value);
    case INTEGER_RANGE:
      return typeof value === 'number' && Number.isInteger(value) && value >= plan.low && value <= plan.high;
    case BOOLEAN:
      return typeof value === 'boolean';
    case PLAN_NULL:
      return value === null;
    case CHOICE:
      return isChosen(plan.choices, value);
    case OBJECT:
      return typeof value === 'object' && value !== null && !Array.isArray(value) && matchesMembers(plan, value as JSONObject, run);
    case ARRAY:
      return Array.isArray(value) && matchesItems(plan, value, run);
    case TYPES:
      return (typeBitsOf(value) & plan.types) !== 0;
    case EITHER:
      return matchesBranch(plan, value, run);
    default:
      if ((run.left -= plan.cost) < 0) throw run.overspent();
      return plan.check(value, run);
  }
}

function matchesBranch(plan: Plan, value: unknown, run: SchemaRun): boolean {
  if ((run.left -= plan.cost) < 0) throw run.overspent();
  const { branches } = plan;
  for (let index = 0; index < branches.length; index++) if (matchesPlan(branches[index] as Plan, value, run)) return true;
  return false;
}

function isChosen(choices: readonly unknown[], value: unknown): boolean {
  for (let index = 0; index < choices.length; index++) if (choices[index] === value) return true;
  return false;
}

function holdsAll(checks: readonly SchemaCheck[], value: unknown, run: SchemaRun): boolean {
  for (let index = 0; index < checks.length; index++) if (!(checks[index] as SchemaCheck)(value, run)) return false;
  return true;
}

/** Whether the members of `object` are what a plan for objects asks for. */
export function matchesMembers(plan: Plan, object: JSONObject, run: SchemaRun): boolean {
  return matchesObjects(plan, object, NO_VALUES, run);
}

/**
 * Whether `first` and all items of `array` but its first one are what a plan for objects asks for, which `first` is known to be. One call for all
 * objects of an array, as a call for each costs as much as the checks of a few members.
 *
 * Goes over the members that are there: those that are expected next are found by comparing one name.
 */
function matchesObjects(plan: Plan, first: JSONObject, array: readonly unknown[], run: SchemaRun): boolean {
  let object = first;
  for (let index = 1; ; index++) {
    if ((run.left -= plan.cost) < 0) throw run.overspent();
    if (plan.asksOfMembers) {
      let expected = plan.first;
      let required = 0;
      let strangers = 0;
      for (const name in object) {
        // Written so, an engine knows it inside of this loop and makes next to nothing of it.
        if (!hasOwnMember.call(object, name)) continue;
        const value = object[name];
        let member = expected;
        if (member === undefined || member.name !== name) {
          member = memberBehind(plan, member, name);
          if (member === undefined) {
            strangers++;
            if (plan.others !== undefined && value !== undefined && !matchesPlan(plan.others, value, run)) return false;
            continue;
          }
        }
        expected = member.next;
        if (typeof value === 'string') {
          const action = member.onString;
          if (action !== PLAN_ACCEPT && (action === REFUSE || !(action === CHOOSE ? isChosen(member.choices, value) : holdsForString(member, action, value, run)))) return false;
        } else if (typeof value === 'number') {
          const action = member.onNumber;
          if (action !== PLAN_ACCEPT) {
            if (action === WHOLE_WITHIN) {
              if ((value | 0) === value ? value < member.smallLow || value > member.smallHigh : !isWholeWithin(member, value)) return false;
            } else if (action === WHOLE) {
              if (!Number.isInteger(value)) return false;
            } else if (action === REFUSE || !(action === WITHIN ? value >= member.low && value <= member.high : matchesPlan(member.plan, value, run))) return false;
          }
        } else if (value === true || value === false) {
          if (member.onBoolean !== PLAN_ACCEPT && (member.onBoolean === REFUSE || !matchesPlan(member.plan, value, run))) return false;
        } else if (value === undefined) continue;
        else if (!(member.isArray && Array.isArray(value) ? matchesItems(member.plan, value, run) : matchesPlan(member.plan, value, run))) return false;
        required += member.required;
      }
      if (strangers > 0) run.spendChecks(strangers);
      if (required !== plan.required) return false;
    }
    if (plan.rest.length > 0 && !holdsAll(plan.rest, object, run)) return false;
    if (index >= array.length) return true;
    const next = array[index];
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return false;
    object = next as JSONObject;
  }
}

function holdsForString(member: PlannedMember, action: number, value: string, run: SchemaRun): boolean {
  return action === MEASURE ? hasLengthWithin(value, member.low, member.high, run) : matchesPlan(member.plan, value, run);
}

function isWholeWithin({ low, high }: PlannedMember, value: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

/** The member of that name: where optional ones are left out, mostly just behind the one that was expected. */
function memberBehind(plan: Plan, expected: PlannedMember | undefined, name: string): PlannedMember | undefined {
  const next = expected?.next;
  return next !== undefined && next.name === name ? next : plan.places.get(name);
}

/** Whether the items of an array are what a plan for arrays asks for. */
export function matchesItems(plan: Plan, array: readonly unknown[], run: SchemaRun): boolean {
  const length = array.length;
  if ((run.left -= plan.cost + (length >> CHECKS_A_STEP_BITS)) < 0) throw run.overspent();
  if (length < plan.low || length > plan.high) return false;
  const items = plan.items;
  if (items === undefined) return holdsAll(plan.rest, array, run);
  switch (items.kind) {
    case STRING:
      for (let index = 0; index < length; index++) if (typeof array[index] !== 'string') return false;
      break;
    case NUMBER:
      for (let index = 0; index < length; index++) if (typeof array[index] !== 'number') return false;
      break;
    case CHOICE:
      for (let index = 0; index < length; index++) if (!isChosen(items.choices, array[index])) return false;
      break;
    case OBJECT: {
      if (length === 0) break;
      const first = array[0];
      if (typeof first !== 'object' || first === null || Array.isArray(first) || !matchesObjects(items, first as JSONObject, array, run)) return false;
      break;
    }
    default:
      for (let index = 0; index < length; index++) if (!matchesPlan(items, array[index], run)) return false;
  }
  return holdsAll(plan.rest, array, run);
}

/** The plan of `true`. */
export const ANYTHING_PLAN: Plan = createPlan('anything');
/** The plan of `false`. */
export const NOTHING_PLAN: Plan = createPlan('nothing');
