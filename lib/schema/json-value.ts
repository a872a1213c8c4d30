/** Values as JSON Schema sees them: their types, when they are equal, and their texts. Source: JSON Schema core (2020-12) section 4.2. */

import type { JSONObject } from '../base/json.ts';
import type { SchemaRun } from './schema-run.ts';

// The types of the data model, one bit each. A whole number has the bits of a number and of an integer.
/** `null`. */
export const NULL_BIT = 1;
/** `true` or `false`. */
export const BOOLEAN_BIT = 2;
/** A string. */
export const STRING_BIT = 4;
/** A number. */
export const NUMBER_BIT = 8;
/** A whole number. */
export const INTEGER_BIT = 16;
/** An array. */
export const ARRAY_BIT = 32;
/** An object. */
export const OBJECT_BIT = 64;
/** What JSON does not have. */
export const FOREIGN_BIT = 128;
/** Every type at once, and what JSON does not have. */
export const ALL_TYPE_BITS = 255;

/** The types by the names that the keyword `type` gives them. */
export const TYPE_BITS_BY_NAME: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['null', NULL_BIT],
  ['boolean', BOOLEAN_BIT],
  ['string', STRING_BIT],
  ['number', NUMBER_BIT],
  ['integer', INTEGER_BIT],
  ['array', ARRAY_BIT],
  ['object', OBJECT_BIT],
]);

/** The types of `value`. */
export function typeBitsOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING_BIT;
    case 'number':
      return Number.isInteger(value) ? NUMBER_BIT | INTEGER_BIT : NUMBER_BIT;
    case 'boolean':
      return BOOLEAN_BIT;
    case 'object':
      if (value === null) return NULL_BIT;
      return Array.isArray(value) ? ARRAY_BIT : OBJECT_BIT;
    default:
      return FOREIGN_BIT;
  }
}

/** The names of the own members of `object`. A member that is undefined is none, as it is none in JSON. */
export function memberNames(object: JSONObject): string[] {
  const names = Object.keys(object);
  for (let index = 0; index < names.length; index++) {
    if (object[names[index] as string] === undefined) return names.filter((name) => object[name] !== undefined);
  }
  return names;
}

/** Whether `object` has an own member of that name. */
export function hasMember(object: JSONObject, name: string): boolean {
  return Object.hasOwn(object, name) && object[name] !== undefined;
}

/** Sets an own member, whatever its name. */
export function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}

/**
 * A copy of a value of the data model, own members only, that shares nothing with the original.
 *
 * @param levels how deep it may be.
 * @param tooDeep makes the error for one that is deeper.
 */
export function copyOfJSON(value: unknown, levels: number, tooDeep: () => Error): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) throw tooDeep();
  if (Array.isArray(value)) return value.map((item) => copyOfJSON(item, levels - 1, tooDeep));
  const copy: Record<string, unknown> = {};
  const names = Object.keys(value);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const member = (value as JSONObject)[name];
    if (member !== undefined) setMember(copy, name, copyOfJSON(member, levels - 1, tooDeep));
  }
  return copy;
}

/**
 * A text that equal values share, and no others: members in order of their names, numbers by their value. Linear but for the sorting of names.
 *
 * @throws LimitError `maxDepth` for a value that is too deep, `maxSchemaSteps` for one that is too large.
 */
export function canonicalText(value: unknown, run: SchemaRun): string {
  const parts: string[] = [];
  writeCanonical(value, run.bounds.maxDepth, parts, run);
  return parts.join('');
}

function writeCanonical(value: unknown, levels: number, parts: string[], run: SchemaRun): void {
  // A thousand parts at once, as each alone would round to nothing.
  if ((parts.length & 1023) === 1023) run.spendChecks(1024);
  if (typeof value === 'string') {
    run.spendChecks(value.length >> 2);
    parts.push(JSON.stringify(value));
  } else if (typeof value !== 'object' || value === null) parts.push(String(value));
  else if (levels === 0) throw run.tooDeepToCompare();
  else if (Array.isArray(value)) {
    parts.push('[');
    for (const item of value) {
      writeCanonical(item, levels - 1, parts, run);
      parts.push(',');
    }
    parts.push(']');
  } else {
    parts.push('{');
    for (const name of memberNames(value as JSONObject).sort()) {
      parts.push(JSON.stringify(name), ':');
      writeCanonical((value as JSONObject)[name], levels - 1, parts, run);
      parts.push(',');
    }
    parts.push('}');
  }
}

/**
 * Whether no two items are equal. Linear in the size of the array.
 *
 * @throws LimitError as {@link canonicalText}.
 */
export function hasUniqueItems(array: readonly unknown[], run: SchemaRun): boolean {
  if (array.length < 2) return true;
  run.spendChecks(array.length);
  const primitives = new Set<unknown>();
  const texts = new Set<string>();
  let seen = 0;
  for (const item of array) {
    if (typeof item === 'object' && item !== null) texts.add(canonicalText(item, run));
    else primitives.add(item);
    if (primitives.size + texts.size !== ++seen) return false;
  }
  return true;
}

/** Code points from the first to before the last, both included; surrogates in pairs count as one. */
function countCodePoints(text: string): number {
  let points = text.length;
  for (let index = 1; index < text.length; index++) {
    // A low surrogate behind a high one.
    if ((text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800) points--;
  }
  return points;
}

/** Whether `text` has from `low` to `high` code points. Counts them only where the code units leave it open. */
export function hasLengthWithin(text: string, low: number, high: number, run: SchemaRun): boolean {
  const units = text.length;
  return (units >= 2 * low && units <= high) || hasCountedLength(text, low, high, run);
}

function hasCountedLength(text: string, low: number, high: number, run: SchemaRun): boolean {
  const units = text.length;
  if (units < low || units > 2 * high) return false;
  run.spendChecks(units >> 2);
  const points = countCodePoints(text);
  return points >= low && points <= high;
}
