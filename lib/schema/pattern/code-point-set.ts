/** Sets of Unicode code points: what one element of a pattern takes. */

/** The largest code point. */
export const MAX_CODE_POINT = 0x10ffff;

/**
 * A set of code points. Without `tests`, its members are those in `ranges`, and `inverted` is false. With them, a code point is
 * a member when one of `ranges` or one of `tests` takes it, or, where `inverted`, when none does.
 */
export interface CodePointSet {
  /** First and last code point of each range, one pair after the other, sorted, none touching the next. */
  readonly ranges: readonly number[];
  /** Expressions of the platform for one code point of a Unicode property. */
  readonly tests: readonly RegExp[];
  readonly inverted: boolean;
}

const NO_TESTS: readonly RegExp[] = Object.freeze([]);

/** Sorted, merged pairs of `pairs`, which come in any order and may overlap. */
function mergedRanges(pairs: readonly number[]): number[] {
  if (pairs.length <= 2) return [...pairs];
  const starts: [number, number][] = [];
  for (let index = 0; index < pairs.length; index += 2) starts.push([pairs[index] ?? 0, pairs[index + 1] ?? 0]);
  starts.sort((left, right) => left[0] - right[0]);
  const merged: number[] = [];
  for (const [first, last] of starts) {
    const end = merged.length - 1;
    if (end > 0 && first <= (merged[end] ?? 0) + 1) merged[end] = Math.max(merged[end] ?? 0, last);
    else merged.push(first, last);
  }
  return merged;
}

function invertedRanges(ranges: readonly number[]): number[] {
  const inverted: number[] = [];
  let next = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    const first = ranges[index] ?? 0;
    if (first > next) inverted.push(next, first - 1);
    next = (ranges[index + 1] ?? 0) + 1;
  }
  if (next <= MAX_CODE_POINT) inverted.push(next, MAX_CODE_POINT);
  return inverted;
}

/** The set of the code points in `pairs` (first, last, first, last …) and those that one of `tests` takes; all others where `inverted`. */
export function codePointSet(pairs: readonly number[], tests: readonly RegExp[] = NO_TESTS, inverted: boolean = false): CodePointSet {
  const ranges = mergedRanges(pairs);
  if (tests.length > 0) return { ranges, tests, inverted };
  return { ranges: inverted ? invertedRanges(ranges) : ranges, tests: NO_TESTS, inverted: false };
}

/** The set of one code point. */
export function singleCodePoint(codePoint: number): CodePointSet {
  return { ranges: [codePoint, codePoint], tests: NO_TESTS, inverted: false };
}

/** The one code point of `set`; `undefined` where it has none or several. */
export function onlyMember(set: CodePointSet): number | undefined {
  if (set.tests.length > 0 || set.ranges.length !== 2 || set.ranges[0] !== set.ranges[1]) return undefined;
  return set.ranges[0];
}

function inRanges(ranges: readonly number[], codePoint: number): boolean {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (codePoint > (ranges[2 * middle + 1] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return 2 * low < ranges.length && codePoint >= (ranges[2 * low] ?? 0);
}

/** Whether `codePoint` is a member of `set`. */
export function hasCodePoint(set: CodePointSet, codePoint: number): boolean {
  if (inRanges(set.ranges, codePoint)) return !set.inverted;
  if (set.tests.length === 0) return false;
  const character = String.fromCodePoint(codePoint);
  return set.tests.some((expression) => expression.test(character)) !== set.inverted;
}

/** Whether two sets certainly have no member in common; false where that is not known. */
export function areDisjoint(left: CodePointSet, right: CodePointSet): boolean {
  if (left.tests.length > 0 || right.tests.length > 0) return false;
  let [one, other] = [0, 0];
  while (one < left.ranges.length && other < right.ranges.length) {
    if ((left.ranges[one + 1] ?? 0) < (right.ranges[other] ?? 0)) one += 2;
    else if ((right.ranges[other + 1] ?? 0) < (left.ranges[one] ?? 0)) other += 2;
    else return false;
  }
  return true;
}

const ASCII_DIGITS = [0x30, 0x39];
const WORD_CHARACTERS = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
// ECMA-262 sections 12.2 and 12.3: WhiteSpace and LineTerminator.
const WHITE_SPACE = [0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff];
const LINE_TERMINATORS = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029];

/** The characters of words, for `\w` and `\b`. Source: ECMA-262 section 22.2.2.9.3, without the flag `i`. */
export const WORD_SET: CodePointSet = Object.freeze({ ranges: WORD_CHARACTERS, tests: NO_TESTS, inverted: false });

/** What `.` takes: all but the ends of lines. Source: ECMA-262 section 22.2.2.7. */
export function dotSet(): CodePointSet {
  return codePointSet(LINE_TERMINATORS, NO_TESTS, true);
}

/** The set of `\d \D \s \S \w \W`, by its letter; `undefined` for other letters. Source: ECMA-262 section 22.2.2.9. */
export function classEscapeSet(letter: string): CodePointSet | undefined {
  switch (letter) {
    case 'd':
    case 'D':
      return codePointSet(ASCII_DIGITS, NO_TESTS, letter === 'D');
    case 's':
    case 'S':
      return codePointSet(WHITE_SPACE, NO_TESTS, letter === 'S');
    case 'w':
      return WORD_SET;
    case 'W':
      return codePointSet(WORD_CHARACTERS, NO_TESTS, true);
    default:
      return undefined;
  }
}
