/**
 * What may stand between a type and the end of its line, byte by byte, so that a wrong byte is refused where it stands.
 * Source: RESP, the section on each type.
 */

import {
  TYPE_ARRAY,
  TYPE_ATTRIBUTE,
  TYPE_BIG_NUMBER,
  TYPE_BOOLEAN,
  TYPE_BULK_ERROR,
  TYPE_BULK_STRING,
  TYPE_DOUBLE,
  TYPE_INTEGER,
  TYPE_MAP,
  TYPE_NULL,
  TYPE_PUSH,
  TYPE_SET,
  TYPE_SIMPLE_ERROR,
  TYPE_SIMPLE_STRING,
  TYPE_STREAM_END,
  TYPE_STRING_PART,
  TYPE_VERBATIM_STRING,
} from './resp-types.ts';

/** Characters that may come next, and the state they lead to. */
type LineWay = readonly [characters: string, state: number];

/** The lines of one type. */
export interface LineGrammar {
  /** What it is, for messages. */
  readonly what: string;
  /** What the line says: text of whatever kind, a value, a length. */
  readonly kind: 'text' | 'value' | 'length';
  /** The ways out of each state; the first one is where a line begins. */
  readonly states: readonly (readonly LineWay[])[];
  /** The states a line may end in. */
  readonly ends: readonly number[];
}

const DECIMAL_DIGITS = '0123456789';

const INTEGER_STATES: readonly (readonly LineWay[])[] = [[['+-', 1], [DECIMAL_DIGITS, 2]], [[DECIMAL_DIGITS, 2]], [[DECIMAL_DIGITS, 2]]];

// [+|-] digits [. [digits]] [e [+|-] digits], or [+|-] inf, or [+|-] nan
const DOUBLE_STATES: readonly (readonly LineWay[])[] = [
  [['+-', 1], [DECIMAL_DIGITS, 2], ['i', 7], ['n', 9]],
  [[DECIMAL_DIGITS, 2], ['i', 7], ['n', 9]],
  [[DECIMAL_DIGITS, 2], ['.', 3], ['eE', 4]],
  [[DECIMAL_DIGITS, 3], ['eE', 4]],
  [['+-', 5], [DECIMAL_DIGITS, 6]],
  [[DECIMAL_DIGITS, 6]],
  [[DECIMAL_DIGITS, 6]],
  [['n', 8]],
  [['f', 11]],
  [['a', 10]],
  [['n', 11]],
  [],
];

const textGrammar = (what: string): LineGrammar => ({ what, kind: 'text', states: [], ends: [] });
const valueGrammar = (what: string, states: readonly (readonly LineWay[])[], ends: readonly number[]): LineGrammar => ({ what, kind: 'value', states, ends });

/** Digits; `also` says what else: `-`, as -1 for null; `?`, for a value in parts. */
function lengthGrammar(what: string, also: '' | '?' | '-?' = ''): LineGrammar {
  const others: LineWay[] = [];
  if (also.includes('-')) others.push(['-', 2]);
  if (also.includes('?')) others.push(['?', 3]);
  const states: readonly (readonly LineWay[])[] = [[[DECIMAL_DIGITS, 1], ...others], [[DECIMAL_DIGITS, 1]], [['1', 3]], []];
  return { what: `the length of ${what}`, kind: 'length', states, ends: [1, 3] };
}

/** The grammar of every type's line. */
export const LINE_GRAMMARS: ReadonlyMap<number, LineGrammar> = new Map([
  [TYPE_SIMPLE_STRING, textGrammar('a simple string')],
  [TYPE_SIMPLE_ERROR, textGrammar('an error')],
  [TYPE_INTEGER, valueGrammar('an integer', INTEGER_STATES, [2])],
  [TYPE_BIG_NUMBER, valueGrammar('a big number', INTEGER_STATES, [2])],
  [TYPE_DOUBLE, valueGrammar('a double', DOUBLE_STATES, [2, 3, 6, 11])],
  [TYPE_BOOLEAN, valueGrammar('a boolean', [[['tf', 1]], []], [1])],
  [TYPE_NULL, valueGrammar('a null', [[]], [0])],
  [TYPE_STREAM_END, valueGrammar('the end of a streamed aggregate', [[]], [0])],
  [TYPE_BULK_STRING, lengthGrammar('a bulk string', '-?')],
  [TYPE_BULK_ERROR, lengthGrammar('a bulk error')],
  [TYPE_VERBATIM_STRING, lengthGrammar('a verbatim string')],
  [TYPE_STRING_PART, lengthGrammar('a part of a string')],
  [TYPE_ARRAY, lengthGrammar('an array', '-?')],
  [TYPE_MAP, lengthGrammar('a map', '?')],
  [TYPE_SET, lengthGrammar('a set', '?')],
  [TYPE_PUSH, lengthGrammar('a push')],
  [TYPE_ATTRIBUTE, lengthGrammar('an attribute')],
]);

/** The state after `byte`, or -1 where it may not come. */
export function lineStateAfter(grammar: LineGrammar, state: number, byte: number): number {
  for (const [characters, next] of grammar.states[state] ?? []) if (characters.includes(String.fromCharCode(byte))) return next;
  return -1;
}
