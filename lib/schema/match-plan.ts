/**
 * The fast path: one function over the plain fields of plans decides the most common shapes, as a call of a closure for each member costs more than
 * the check itself.
 */

import type { JSONObject } from '../base/json.ts';
import { BOOLEAN_BIT, hasLengthWithin, INTEGER_BIT, NUMBER_BIT, STRING_BIT, typeBitsOf } from './json-value.ts';
import type { Plan, PlanCode, PlanKind, PlannedMember, SchemaCheck } from './plan.ts';
import { CHECKS_A_STEP_BITS } from './schema-run.ts';
import type { SchemaRun } from './schema-run.ts';

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
const CHOICE = 9;
const OBJECT = 10;
const ARRAY = 11;
const TYPES = 12;
const EITHER = 13;
const CHECK = 14;

// What a member decides a string, a number or a boolean by: these need no call.
const PLAN_ACCEPT = 0;
const REFUSE = 1;
const ASK_PLAN = 2;
const CHOOSE = 3;
const MEASURE = 4;
const WHOLE = 5;
const WHOLE_WITHIN = 6;
const WITHIN = 7;

const code = (kind: number, onString: number, onNumber: number, onBoolean: number): PlanCode => ({ kind, onString, onNumber, onBoolean });

/** The kinds of plans. One of the kind `types` has to be asked for what {@link codeForTypes} says. */
export const PLAN_CODES: Readonly<Record<PlanKind, PlanCode>> = Object.freeze({
  anything: code(ANYTHING, PLAN_ACCEPT, PLAN_ACCEPT, PLAN_ACCEPT),
  nothing: code(NOTHING, REFUSE, REFUSE, REFUSE),
  string: code(STRING, PLAN_ACCEPT, REFUSE, REFUSE),
  stringLength: code(STRING_LENGTH, MEASURE, REFUSE, REFUSE),
  number: code(NUMBER, REFUSE, PLAN_ACCEPT, REFUSE),
  numberRange: code(NUMBER_RANGE, REFUSE, WITHIN, REFUSE),
  integer: code(INTEGER, REFUSE, WHOLE, REFUSE),
  integerRange: code(INTEGER_RANGE, REFUSE, WHOLE_WITHIN, REFUSE),
  boolean: code(BOOLEAN, REFUSE, REFUSE, PLAN_ACCEPT),
  choice: code(CHOICE, CHOOSE, ASK_PLAN, ASK_PLAN),
  object: code(OBJECT, REFUSE, REFUSE, REFUSE),
  array: code(ARRAY, REFUSE, REFUSE, REFUSE),
  types: code(TYPES, ASK_PLAN, ASK_PLAN, ASK_PLAN),
  either: code(EITHER, ASK_PLAN, ASK_PLAN, ASK_PLAN),
  check: code(CHECK, ASK_PLAN, ASK_PLAN, ASK_PLAN),
});

/** The code for plans of the kind `types`. */
export function codeForTypes(types: number): PlanCode {
  // A whole number may be all that is asked for.
  const onWhole = (types & INTEGER_BIT) === 0 ? REFUSE : WHOLE;
  const onNumber = (types & NUMBER_BIT) === 0 ? onWhole : PLAN_ACCEPT;
  return code(TYPES, (types & STRING_BIT) === 0 ? REFUSE : PLAN_ACCEPT, onNumber, (types & BOOLEAN_BIT) === 0 ? REFUSE : PLAN_ACCEPT);
}

const NO_ARRAY: readonly unknown[] = [];
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
  return matchesObjects(plan, object, NO_ARRAY, run);
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
