/**
 * Options are read once, at the door: every key known, every value of its kind and range, the result frozen. What is
 * wrong is a `TypeError` (kind, unknown key) or a `RangeError` (size), naming the option, what was expected, what came.
 */

import { isObject } from './json.ts';
import type { JSONObject } from './json.ts';
import { quote } from './text.ts';

/** A value as an error shows it: its kind, and the value itself where it is short and cannot be a secret. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `the ${typeof value} ${value}`;
  if (typeof value === 'string') return value === '' ? 'an empty string' : `a string of ${value.length} characters`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date || value instanceof Promise || value instanceof Map || value instanceof Set) return `a ${value.constructor.name}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function wrongKind(name: string, expected: string, came: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}; got ${describe(came)}`);
}

/** Refuses anything but an object, and every key that is not in `known`, with the nearest known one. */
export function checkKeys(owner: string, options: unknown, known: readonly string[]): asserts options is JSONObject {
  if (!isObject(options)) throw wrongKind(owner, 'an object of options', options);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    throw new TypeError(`${owner} has no option ${quote(key)}${near === undefined ? '' : `; did you mean ${quote(near)}?`} Known options: ${known.join(', ')}`);
  }
}

/** A function that reads one option: the value, checked, or the default where it is absent. */
export type Reader<T> = (name: string, value: unknown) => T;

/** A duration in milliseconds: a finite number from `least` up. */
export function durationMs(name: string, value: unknown, least: number = 1): number {
  if (typeof value !== 'number') throw wrongKind(name, 'a number of milliseconds', value);
  if (!(value >= least && value < Infinity)) throw new RangeError(`${name} must be a finite number of milliseconds, at least ${least}; got ${value}`);
  return value;
}

/** A whole number from `least` to the largest safe integer. */
export function count(name: string, value: unknown, least: number = 0): number {
  if (typeof value !== 'number') throw wrongKind(name, 'a whole number', value);
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${name} must be a whole number, at least ${least}; got ${value}`);
  return value;
}

/** A string that is not empty. */
export function text(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw wrongKind(name, 'a string that is not empty', value);
  return value;
}

/** `true` or `false`. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongKind(name, 'true or false', value);
  return value;
}

/** One of `choices`. */
export function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  if (typeof value === 'string') throw new RangeError(`${name} must be one of ${choices.join(', ')}; got ${quote(value)}`);
  throw wrongKind(name, `one of ${choices.join(', ')}`, value);
}

/** A function. */
export function functionOption<T>(name: string, value: T): T {
  if (typeof value !== 'function') throw wrongKind(name, 'a function', value);
  return value;
}

/** An `AbortSignal`, or `undefined`. */
export function abortSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw wrongKind(name, 'an AbortSignal', value);
}

/** The candidate that is nearest to `word` by edit distance, when one is near enough to be a slip of the keys. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const reach = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = reach + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > reach || candidate.length > 256) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
