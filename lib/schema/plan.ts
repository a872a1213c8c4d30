/**
 * The fast path: what a schema asks of a value, as tables. The most common shapes are decided by one function over plain fields, as a call of
 * a closure for each member costs more than the check itself; everything else is a function in the table.
 */

import type { JSONObject } from '../base/json.ts';
import { hasLengthWithin, typeBitsOf } from './json-value.ts';
import { CHECKS_A_STEP_BITS } from './schema-run.ts';
import type { SchemaRun } from './schema-run.ts';

/** Decides on one value. Throws a LimitError where the validation has taken too much. */
export type SchemaCheck = (value: unknown, run: SchemaRun) => boolean;

// What a plan decides by.
/** Everything is right. */
export const PLAN_ANYTHING = 0;
/** Nothing is right. */
export const PLAN_NOTHING = 1;
/** A string. */
export const PLAN_STRING = 2;
/** A string with from `low` to `high` code points. */
export const PLAN_STRING_LENGTH = 3;
/** A number. */
export const PLAN_NUMBER = 4;
/** A number from `low` to `high`. */
export const PLAN_NUMBER_RANGE = 5;
/** A whole number. */
export const PLAN_INTEGER = 6;
/** A whole number from `low` to `high`. */
export const PLAN_INTEGER_RANGE = 7;
/** `true` or `false`. */
export const PLAN_BOOLEAN = 8;
/** `null`. */
export const PLAN_NULL = 9;
/** One of `choices`. */
export const PLAN_CHOICE = 10;
/** An object, by `members`, `others` and `rest`. */
export const PLAN_OBJECT = 11;
/** An array with from `low` to `high` items, by `items` and `rest`. */
export const PLAN_ARRAY = 12;
/** One of `types`. */
export const PLAN_TYPES = 13;
/** What one of `branches` takes. */
export const PLAN_EITHER = 14;
/** What `check` says. */
export const PLAN_CHECK = 15;

/** The fields of a plan, all of them in every plan, so that all have one shape. */
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
  readonly members?: readonly PlannedMember[];
  /** What every member has to be that is not named; absent where that does not matter. */
  readonly others?: Plan | undefined;
  /** What else has to hold of an object or array. */
  readonly rest?: readonly SchemaCheck[];
  readonly check?: SchemaCheck;
  /** Levels of plans below this one. */
  readonly height?: number;
}

const NO_PARTS: PlanParts = {};
const NO_PLACES: ReadonlyMap<string, number> = new Map();
const NO_MEMBERS: readonly PlannedMember[] = [];
const NO_CHECKS: readonly SchemaCheck[] = [];
const NO_BRANCHES: readonly Plan[] = [];
const NO_CHOICES: readonly unknown[] = [];
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
  readonly members: readonly PlannedMember[];
  readonly others: Plan | undefined;
  readonly rest: readonly SchemaCheck[];
  readonly check: SchemaCheck;
  readonly height: number;
  /** How many members have to be there. */
  readonly required: number;
  /** Steps that applying it costs, but for what depends on the value. */
  readonly cost: number;
  /** Where each member stands, by its name. */
  readonly places: ReadonlyMap<string, number>;
}

/** A plan. */
export function createPlan(kind: number, parts: PlanParts = NO_PARTS): Plan {
  const members = parts.members ?? NO_MEMBERS;
  const rest = parts.rest ?? NO_CHECKS;
  const branches = parts.branches ?? NO_BRANCHES;
  let required = 0;
  for (const member of members) required += member.required;
  return {
    kind,
    low: parts.low ?? -Infinity,
    high: parts.high ?? Infinity,
    choices: parts.choices ?? NO_CHOICES,
    types: parts.types ?? 0,
    branches,
    items: parts.items,
    members,
    others: parts.others,
    rest,
    check: parts.check ?? HOLDS,
    height: parts.height ?? 0,
    required,
    cost: 1 + ((members.length + rest.length + branches.length) >> CHECKS_A_STEP_BITS),
    places: memberPlaces(members),
  };
}

function memberPlaces(members: readonly PlannedMember[]): ReadonlyMap<string, number> {
  if (members.length === 0) return NO_PLACES;
  const places = new Map<string, number>();
  for (const member of members) places.set(member.name, places.size);
  return places;
}

/** One named member of a {@link PLAN_OBJECT}; the fields of its plan that decide the most common shapes stand here again, to be near. */
export interface PlannedMember {
  readonly name: string;
  readonly plan: Plan;
  /** 1 where it has to be there, else 0. */
  readonly required: number;
  readonly kind: number;
  readonly low: number;
  readonly high: number;
  readonly choices: readonly unknown[];
  readonly types: number;
}

/** A named member. */
export function plannedMember(name: string, plan: Plan, isRequired: boolean): PlannedMember {
  const { kind, low, high, choices, types } = plan;
  return { name, plan, required: isRequired ? 1 : 0, kind, low, high, choices, types };
}

const hasOwnMember = Object.prototype.hasOwnProperty;

/** Whether `value` is what `plan` asks for. */
export function matchesPlan(plan: Plan, value: unknown, run: SchemaRun): boolean {
  switch (plan.kind) {
    case PLAN_ANYTHING:
      return true;
    case PLAN_NOTHING:
      return false;
    case PLAN_STRING:
      return typeof value === 'string';
    case PLAN_STRING_LENGTH:
      return typeof value === 'string' && hasLengthWithin(value, plan.low, plan.high, run);
    case PLAN_NUMBER:
      return typeof value === 'number';
    case PLAN_NUMBER_RANGE:
      return typeof value === 'number' && value >= plan.low && value <= plan.high;
    case PLAN_INTEGER:
      return Number.isInteger(value);
    case PLAN_INTEGER_RANGE:
      return typeof value === 'number' && Number.isInteger(value) && value >= plan.low && value <= plan.high;
    case PLAN_BOOLEAN:
      return typeof value === 'boolean';
    case PLAN_NULL:
      return value === null;
    case PLAN_CHOICE:
      return isChosen(plan.choices, value);
    case PLAN_OBJECT:
      return typeof value === 'object' && value !== null && !Array.isArray(value) && matchesMembers(plan, value as JSONObject, run);
    case PLAN_ARRAY:
      return Array.isArray(value) && matchesItems(plan, value, run);
    case PLAN_TYPES:
      return (typeBitsOf(value) & plan.types) !== 0;
    case PLAN_EITHER:
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

/**
 * Whether the members of an object are what a {@link PLAN_OBJECT} asks for. Goes over the members that are there: those that are
 * expected next are found by comparing one name.
 */
export function matchesMembers(plan: Plan, object: JSONObject, run: SchemaRun): boolean {
  if ((run.left -= plan.cost) < 0) throw run.overspent();
  const { members, others } = plan;
  if (members.length === 0 && others === undefined) return holdsAll(plan.rest, object, run);
  let next = 0;
  let required = 0;
  let strangers = 0;
  for (const name in object) {
    // Written so, an engine knows it inside of this loop and makes next to nothing of it.
    if (!hasOwnMember.call(object, name)) continue;
    const value = object[name];
    if (next >= members.length || (members[next] as PlannedMember).name !== name) {
      const place = placeOf(plan, name, next);
      if (place === -1) {
        strangers++;
        if (others !== undefined && !matchesOther(others, value, run)) return false;
        continue;
      }
      next = place;
    }
    const member = members[next++] as PlannedMember;
    if (matchesMember(member, value, run)) required += member.required;
    else if (value !== undefined) return false;
  }
  if (strangers > 0) run.spendChecks(strangers);
  return required === plan.required && holdsAll(plan.rest, object, run);
}

/** {@link matchesPlan} for a member that is not named. */
function matchesOther(others: Plan, value: unknown, run: SchemaRun): boolean {
  return value === undefined || matchesPlan(others, value, run);
}

/** {@link matchesPlan} for the plan of a member, its fields read from the member; false for one that is undefined. */
function matchesMember(member: PlannedMember, value: unknown, run: SchemaRun): boolean {
  switch (member.kind) {
    case PLAN_STRING:
      return typeof value === 'string';
    case PLAN_STRING_LENGTH:
      return typeof value === 'string' && hasLengthWithin(value, member.low, member.high, run);
    case PLAN_NUMBER:
      return typeof value === 'number';
    case PLAN_NUMBER_RANGE:
      return typeof value === 'number' && value >= member.low && value <= member.high;
    case PLAN_INTEGER:
      return Number.isInteger(value);
    case PLAN_INTEGER_RANGE:
      return typeof value === 'number' && Number.isInteger(value) && value >= member.low && value <= member.high;
    case PLAN_BOOLEAN:
      return typeof value === 'boolean';
    case PLAN_CHOICE:
      return isChosen(member.choices, value);
    case PLAN_TYPES:
      return (typeBitsOf(value) & member.types) !== 0;
    case PLAN_OBJECT:
      return typeof value === 'object' && value !== null && !Array.isArray(value) && matchesMembers(member.plan, value as JSONObject, run);
    case PLAN_ARRAY:
      return Array.isArray(value) && matchesItems(member.plan, value, run);
    default:
      return value !== undefined && matchesPlan(member.plan, value, run);
  }
}

/** Where the member of that name stands: where optional ones are left out, mostly just behind the one that was expected. */
function placeOf(plan: Plan, name: string, expected: number): number {
  const after = expected + 1;
  if (after < plan.members.length && (plan.members[after] as PlannedMember).name === name) return after;
  return plan.places.get(name) ?? -1;
}

/** Whether the items of an array are what a {@link PLAN_ARRAY} asks for. */
export function matchesItems(plan: Plan, array: readonly unknown[], run: SchemaRun): boolean {
  const length = array.length;
  if ((run.left -= plan.cost + (length >> CHECKS_A_STEP_BITS)) < 0) throw run.overspent();
  if (length < plan.low || length > plan.high) return false;
  const items = plan.items;
  if (items === undefined) return holdsAll(plan.rest, array, run);
  switch (items.kind) {
    case PLAN_STRING:
      for (let index = 0; index < length; index++) if (typeof array[index] !== 'string') return false;
      break;
    case PLAN_NUMBER:
      for (let index = 0; index < length; index++) if (typeof array[index] !== 'number') return false;
      break;
    case PLAN_CHOICE:
      for (let index = 0; index < length; index++) if (!isChosen(items.choices, array[index])) return false;
      break;
    case PLAN_OBJECT:
      for (let index = 0; index < length; index++) {
        const item = array[index];
        if (typeof item !== 'object' || item === null || Array.isArray(item) || !matchesMembers(items, item as JSONObject, run)) return false;
      }
      break;
    default:
      for (let index = 0; index < length; index++) if (!matchesPlan(items, array[index], run)) return false;
  }
  return holdsAll(plan.rest, array, run);
}

/** The plan of `true`. */
export const ANYTHING_PLAN: Plan = createPlan(PLAN_ANYTHING);
/** The plan of `false`. */
export const NOTHING_PLAN: Plan = createPlan(PLAN_NOTHING);
