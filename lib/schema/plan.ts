/** What a schema asks of a value, as tables: {@link Plan}s are what `match-plan.ts` goes by; everything that it does not know is a function in the table. */

import type { SchemaRun } from './schema-run.ts';

/** Decides on one value. Throws a LimitError where the validation has taken too much. */
export type SchemaCheck = (value: unknown, run: SchemaRun) => boolean;

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

/** The numbers by which `match-plan.ts` knows a kind of plans, and by which members with such a plan decide on values that need no call. */
export interface PlanCode {
  readonly kind: number;
  readonly onString: number;
  readonly onNumber: number;
  readonly onBoolean: number;
}

/** What is known of a plan. */
export interface PlanParts {
  /** The least length, value or count. */
  readonly low?: number;
  /** The greatest length, value or count. */
  readonly high?: number;
  /** Values that are no objects or arrays, few. */
  readonly choices?: readonly unknown[];
  /** Types, as bits, where nothing but one of these is asked for. */
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

/** What a schema asks of a value. Made by `createPlan`: all are literals of one shape, with numbers that an engine keeps as numbers. */
export interface Plan {
  readonly kind: number;
  /** Its kind, with what members decide by. */
  readonly code: PlanCode;
  readonly low: number;
  readonly high: number;
  readonly choices: readonly unknown[];
  /** The types, as bits, where it asks for nothing but one of these; else 0. */
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

/**
 * One named member, with what decides the most common shapes copied from its plan, to be near. An object of the shape that is expected is gone
 * through along `next`, which costs less than an array.
 */
export interface PlannedMember {
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
