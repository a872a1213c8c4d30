/**
 * The tools of the checks: each takes `unknown` and returns it typed, the same object, unknown members kept. Nothing is
 * allocated unless something is wrong; then the place is put together on the way out.
 */

import { isObject, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import { escapeText } from '../../base/text.ts';

/** A value that is not as the protocol says: where (JSON Pointer, RFC 6901), what was expected, what came. */
export class Misfit extends Error {
  override name = 'Misfit';
  readonly pointer: string;
  readonly expected: string;

  constructor(pointer: string, expected: string) {
    super(`${pointer === '' ? 'it' : escapeText(pointer, 200)} must be ${expected}`);
    this.pointer = pointer;
    this.expected = expected;
  }

  /** The same misfit seen from one level further out. */
  within(key: string | number): Misfit {
    return new Misfit(`/${pointerToken(key)}${this.pointer}`, this.expected);
  }
}

function pointerToken(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

function misfit(key: string, expected: string, came: unknown): Misfit {
  return new Misfit(`/${pointerToken(key)}`, `${expected}; got ${describe(came)}`);
}

/** The value itself as an object. */
export function asObject(value: unknown): JSONObject {
  if (isObject(value)) return value;
  throw new Misfit('', `an object; got ${describe(value)}`);
}

/** The member `key`, a string. */
export function stringAt(object: JSONObject, key: string): string {
  const value = own(object, key);
  if (typeof value === 'string') return value;
  throw misfit(key, 'a string', value);
}

/** The member `key`, a string where it is there. Null counts as absent: many servers write it for a field they leave out. */
export function optionalStringAt(object: JSONObject, key: string): string | undefined {
  const value = own(object, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw misfit(key, 'a string', value);
}

/** The member `key`, a number where it is there. */
export function optionalNumberAt(object: JSONObject, key: string): number | undefined {
  const value = own(object, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  throw misfit(key, 'a number', value);
}

/** The member `key`, true or false where it is there. */
export function optionalBooleanAt(object: JSONObject, key: string): boolean | undefined {
  const value = own(object, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw misfit(key, 'true or false', value);
}

/** The member `key`, an object. */
export function objectAt(object: JSONObject, key: string): JSONObject {
  const value = own(object, key);
  if (isObject(value)) return value;
  throw misfit(key, 'an object', value);
}

/** The member `key`, an object where it is there. */
export function optionalObjectAt(object: JSONObject, key: string): JSONObject | undefined {
  const value = own(object, key);
  return value === undefined || value === null ? undefined : objectAt(object, key);
}

/** The member `key`, an array of which `check` accepts every item. */
export function arrayAt(object: JSONObject, key: string, check: (item: unknown) => unknown): readonly unknown[] {
  const items = own(object, key);
  if (!Array.isArray(items)) throw misfit(key, 'an array', items);
  let index = 0;
  try {
    for (; index < items.length; index++) check(items[index]);
  } catch (cause) {
    throw cause instanceof Misfit ? cause.within(index).within(key) : cause;
  }
  return items;
}

/** As {@link arrayAt}, where it is there. */
export function optionalArrayAt(object: JSONObject, key: string, check: (item: unknown) => unknown): readonly unknown[] | undefined {
  const items = own(object, key);
  return items === undefined || items === null ? undefined : arrayAt(object, key, check);
}

/** The member `key`, which `check` accepts. */
export function partAt<T>(object: JSONObject, key: string, check: (part: unknown) => T): T {
  try {
    return check(own(object, key));
  } catch (cause) {
    throw cause instanceof Misfit ? cause.within(key) : cause;
  }
}

/** The item itself as a string. */
export function asString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Misfit('', `a string; got ${describe(value)}`);
}
