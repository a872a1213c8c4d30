/**
 * A compiled subschema, and the slow path: applying it keyword by keyword, to learn which members and items were evaluated (for
 * `unevaluatedProperties` and `unevaluatedItems`) and what to tell of a value that is not valid.
 */

import { createPlan } from './create-plan.ts';
import { EvaluatedParts } from './evaluated-parts.ts';
import { fragmentOf, pointerOf } from './json-pointer.ts';
import type { Descent } from './json-pointer.ts';
import { ALL_TYPE_BITS, typeBitsOf } from './json-value.ts';
import { matchesPlan } from './match-plan.ts';
import type { Plan, SchemaCheck } from './plan.ts';
import type { SchemaResource } from './schema-resource.ts';
import type { SchemaRun } from './schema-run.ts';
import { isAbsoluteURI } from './uri-reference.ts';

/** What is wrong at one place. The output unit of JSON Schema core (2020-12) section 12.4.2. */
export interface ValidationError {
  /** The way through the schema as it was taken, references included, as a JSON Pointer. */
  readonly keywordLocation: string;
  /** Where the keyword stands, as a URI; absent where its document has none. */
  readonly absoluteKeywordLocation?: string;
  /** Where in the instance, as a JSON Pointer. */
  readonly instanceLocation: string;
  /** One sentence: what was expected and what came. Values are cut and escaped. */
  readonly error: string;
}

/** Gathers what is wrong, up to a bound. */
export class ErrorCollector {
  readonly errors: ValidationError[] = [];
  readonly #most: number;
  /** Whether there was more than was gathered. */
  isTruncated = false;

  constructor(most: number) {
    this.#most = most;
  }

  add(error: ValidationError): void {
    if (this.errors.length < this.#most) this.errors.push(error);
    else this.isTruncated = true;
  }
}

/** Where an evaluation is. */
export class EvaluationPlace {
  readonly collector: ErrorCollector;
  readonly instance: Descent | undefined;
  readonly keywords: Descent | undefined;

  constructor(collector: ErrorCollector, instance?: Descent, keywords?: Descent) {
    this.collector = collector;
    this.instance = instance;
    this.keywords = keywords;
  }

  /** The place below a keyword (and below `token` of it), at the same value or at the member or item `step` of it. */
  below(keyword: string, token?: string | number, step?: string | number): EvaluationPlace {
    const at: Descent = { above: this.keywords, token: keyword };
    const keywords = token === undefined ? at : { above: at, token };
    const instance = step === undefined ? this.instance : { above: this.instance, token: step };
    return new EvaluationPlace(this.collector, instance, keywords);
  }
}

/** One application of one subschema in the slow path. */
export class EvaluationFrame {
  readonly node: SchemaNode;
  readonly run: SchemaRun;
  /** What was evaluated of the value so far; absent where nobody asks. */
  readonly evaluated: EvaluatedParts | undefined;
  /** Absent where errors are not gathered: then the first one ends the evaluation. */
  readonly place: EvaluationPlace | undefined;

  constructor(node: SchemaNode, run: SchemaRun, evaluated: EvaluatedParts | undefined, place: EvaluationPlace | undefined) {
    this.node = node;
    this.run = run;
    this.evaluated = evaluated;
    this.place = place;
  }

  /** Tells of `keyword` that it failed, where errors are gathered; always false. */
  fail(keyword: string, error: () => string, token?: string | number): false {
    const place = this.place;
    if (place === undefined) return false;
    const { node } = this;
    const { keywords } = keyword === '' ? place : place.below(keyword, token);
    const instanceLocation = pointerOf(place.instance);
    const keywordLocation = pointerOf(keywords);
    const base = node.resource.uri;
    const unit = { keywordLocation, instanceLocation, error: error() };
    if (!isAbsoluteURI(base)) place.collector.add(unit);
    else place.collector.add({ ...unit, absoluteKeywordLocation: `${base}#${fragmentOf(wayTo(node.path, keyword, token))}` });
    return false;
  }

  /** Applies `child` to the member or item `step` of this value. */
  applyBelow(child: SchemaNode, value: unknown, keyword: string, token: string | number | undefined, step: string | number): boolean {
    if (this.place === undefined) return matchesPlan(child.plan, value, this.run);
    return child.evaluate(value, this.run, undefined, this.place.below(keyword, token, step));
  }

  /** Applies `child` to this same value; what it evaluates counts where it succeeds. */
  applyHere(child: SchemaNode, value: unknown, keyword: string, token?: string | number): boolean {
    if (this.evaluated === undefined && this.place === undefined) return matchesPlan(child.plan, value, this.run);
    return child.evaluate(value, this.run, this.evaluated, this.place?.below(keyword, token));
  }

  /** As {@link EvaluationFrame.applyHere}, telling of no errors: for a schema that may fail. */
  tryHere(child: SchemaNode, value: unknown): boolean {
    if (this.evaluated === undefined) return matchesPlan(child.plan, value, this.run);
    return child.evaluate(value, this.run, this.evaluated, undefined);
  }
}

function wayTo(path: Descent | undefined, keyword: string, token: string | number | undefined): Descent | undefined {
  if (keyword === '') return path;
  const at = { above: path, token: keyword };
  return token === undefined ? at : { above: at, token };
}

/** One keyword of one subschema, or several that only make sense together. */
export interface CompiledKeyword {
  /** The types of values of which it says something, as bits; nothing is asked of it for others. */
  readonly types: number;
  /** The slow path. */
  evaluate(value: unknown, frame: EvaluationFrame): boolean;
  /** The fast path, made when the plans of all subschemas below are there. */
  makeCheck(): SchemaCheck;
  /** Fills defaults into `value`, an object or array of the host's own, in place. */
  fillDefaults?(value: object, filler: DefaultsFiller): void;
}

/** Fills defaults in. */
export interface DefaultsFiller {
  /** The value with its defaults, where `undefined` stands for one that is not there. */
  fill(node: SchemaNode, value: unknown): unknown;
  /** Whether `node` takes the value as it is now. */
  takes(node: SchemaNode, value: unknown): boolean;
}

/** Lengths, values or counts between two bounds, which belong to them. */
export interface SchemaRange {
  readonly low: number;
  readonly high: number;
}

/** A keyword that asks for what is within a range, and for nothing more. */
export interface RangedKeyword extends CompiledKeyword {
  readonly range: SchemaRange;
}

/** A keyword that asks for one of some values. */
export interface ChoosingKeyword extends CompiledKeyword {
  readonly choices: readonly unknown[];
}

/** A keyword that knows the plan of an object of which it asks something. */
export interface PlanningKeyword extends CompiledKeyword {
  /** The plan of an object of which `rest` holds as well. */
  makePlan(rest: readonly SchemaCheck[], height: number): Plan;
}

/** What is known of a subschema beside its keywords, for plans without a function. */
export interface KnownShape {
  /** The types that are allowed, as bits. */
  types: number;
  /** The keyword that allows them: the first of all. */
  type?: CompiledKeyword;
  /** The keyword for code points between bounds. */
  length?: RangedKeyword;
  /** The keyword for numbers between bounds that belong to them. */
  range?: RangedKeyword;
  /** The keyword for a count of items between bounds. */
  count?: RangedKeyword;
  /** The keyword for one of a few values that are no objects or arrays. */
  choice?: ChoosingKeyword;
  /** The keyword for named members. */
  members?: PlanningKeyword;
  /** The keyword for items that all obey one schema. */
  items?: { readonly keyword: CompiledKeyword; readonly node: SchemaNode };
  /** The keyword `anyOf`. */
  either?: { readonly keyword: CompiledKeyword; readonly nodes: readonly SchemaNode[] };
  /** What it refers to. */
  reference?: SchemaNode;
}

/** Another subschema that a subschema applies. */
export interface SchemaEdge {
  readonly node: SchemaNode;
  /** Whether it is applied to the same value, and not to a member, item or name. */
  readonly isInPlace: boolean;
}

const UNPLANNED: Plan = createPlan('check', {
  height: -1,
  check: () => {
    throw new TypeError('a subschema is used before it is compiled');
  },
});

/** A plan that asks for that of `node` when it is used. */
function planFor(node: SchemaNode): Plan {
  return createPlan('check', {
    check: (value, run) => {
      const { plan } = node;
      run.descend(plan.height + 1);
      const isValid = matchesPlan(plan, value, run);
      run.depth -= plan.height + 1;
      return isValid;
    },
  });
}

/** One subschema, compiled. */
export class SchemaNode {
  readonly value: unknown;
  readonly resource: SchemaResource;
  /** The way to it from the root of its resource. */
  readonly path: Descent | undefined;
  /** Its number among the nodes of one compilation. */
  readonly index: number;
  readonly keywords: CompiledKeyword[] = [];
  readonly edges: SchemaEdge[] = [];
  readonly shape: KnownShape = { types: ALL_TYPE_BITS };
  /** Whether it has a keyword that asks what others evaluated. */
  hasUnevaluated = false;
  /** What it asks of a value; there when all is compiled. Its height is -1 until then. */
  plan: Plan = UNPLANNED;

  constructor(value: unknown, resource: SchemaResource, path: Descent | undefined, index: number) {
    this.value = value;
    this.resource = resource;
    this.path = path;
    this.index = index;
  }

  /** {@link SchemaNode.plan} for a plan that is being made: one that asks for it later where it is not there yet, as a schema refers back to itself. */
  get planToUse(): Plan {
    return this.plan === UNPLANNED ? planFor(this) : this.plan;
  }

  /** Where it stands: a URI with a JSON Pointer as its fragment. */
  get location(): string {
    return `${this.resource.uri}#${fragmentOf(this.path)}`;
  }

  /** The slow path: whether `value` is valid; what of it was evaluated goes to `evaluated` where it is. */
  evaluate(value: unknown, run: SchemaRun, evaluated: EvaluatedParts | undefined, place: EvaluationPlace | undefined): boolean {
    run.spend(1);
    run.descend(1);
    const parts = evaluated !== undefined || this.hasUnevaluated ? new EvaluatedParts() : undefined;
    const frame = new EvaluationFrame(this, run, parts, place);
    const isValid = typeof this.value === 'boolean' ? this.#verdict(frame) : this.#evaluateKeywords(value, frame);
    run.depth -= 1;
    if (isValid && evaluated !== undefined && parts !== undefined) evaluated.add(parts);
    return isValid;
  }

  #verdict(frame: EvaluationFrame): boolean {
    return this.value === true || frame.fail('', () => 'nothing is allowed here');
  }

  #evaluateKeywords(value: unknown, frame: EvaluationFrame): boolean {
    const types = typeBitsOf(value);
    let isValid = true;
    for (const keyword of this.keywords) {
      if ((keyword.types & types) === 0 || keyword.evaluate(value, frame)) continue;
      if (frame.place === undefined) return false;
      isValid = false;
    }
    return isValid;
  }
}
