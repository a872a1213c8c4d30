/** The fields of an event stream. Source: HTML Living Standard, section 9.2.6 "Interpreting an event stream". */

import { COLON, SPACE } from './characters.ts';

const DIGITS = /^[0-9]+$/;
const NUL = '\0';

/**
 * The value of the field `name` in the line from `start` to `end` of `text`: what follows the first colon, without one space;
 * empty for a line without a colon. Undefined when the line is another field. `name` is compared as it is, case included.
 */
export function readField(name: string, text: string, start: number, end: number): string | undefined {
  if (!text.startsWith(name, start)) return undefined;
  const colon = start + name.length;
  if (colon === end) return '';
  if (text.charCodeAt(colon) !== COLON) return undefined;
  const value = text.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1;
  return text.slice(value, end);
}

/** The id that an `id` field gives; undefined where there is none, or it holds a NUL and is to be ignored. */
export function readId(value: string | undefined): string | undefined {
  return value === undefined || value.includes(NUL) ? undefined : value;
}

/** The milliseconds of a `retry` field, at most `mostMs`; undefined where there is none, or it is not all digits and to be ignored. */
export function readRetryMs(value: string | undefined, mostMs: number): number | undefined {
  return value !== undefined && DIGITS.test(value) ? Math.min(Number(value), mostMs) : undefined;
}
