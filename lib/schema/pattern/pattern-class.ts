/** A class of characters in brackets. Source: ECMA-262 section 22.2.1, CharacterClass, with the flag `u`. */

import { codePointSet, singleCodePoint } from './code-point-set.ts';
import type { CodePointSet } from './code-point-set.ts';
import { takeCharacterEscape, takeClassEscape } from './pattern-escape.ts';
import { END_OF_PATTERN } from './pattern-reader.ts';
import type { PatternReader } from './pattern-reader.ts';

const CLASS_CLOSE = 0x5d;
const CLASS_BACKSLASH = 0x5c;

/**
 * The set of a class, from behind its opening bracket to behind its closing one.
 *
 * @throws PatternError where it is not well-formed.
 */
export function takeClass(reader: PatternReader): CodePointSet {
  const start = reader.index - 1;
  const inverted = reader.takeText('^');
  const pairs: number[] = [];
  const tests: RegExp[] = [];
  for (;;) {
    const at = reader.index;
    if (reader.peek() === END_OF_PATTERN) throw reader.error('this class is not closed', start);
    if (reader.takeText(']')) return codePointSet(pairs, tests, inverted);
    const first = takeClassAtom(reader);
    if (!startsRange(reader)) {
      addMembers(first, pairs, tests);
      continue;
    }
    reader.index++;
    const last = takeClassAtom(reader);
    if (typeof first !== 'number' || typeof last !== 'number') throw reader.error('a range goes from one character to another, not from or to a set', at);
    if (first > last) throw reader.error('a range goes from a lower character to a higher one', at);
    pairs.push(first, last);
  }
}

/** A hyphen makes a range unless it is the last character of the class. */
function startsRange(reader: PatternReader): boolean {
  const { source, index } = reader;
  return source[index] === '-' && index + 1 < source.length && source.charCodeAt(index + 1) !== CLASS_CLOSE;
}

function takeClassAtom(reader: PatternReader): number | CodePointSet {
  const codePoint = reader.take();
  if (codePoint !== CLASS_BACKSLASH) return codePoint;
  return takeClassEscape(reader) ?? takeCharacterEscape(reader, true);
}

function addMembers(atom: number | CodePointSet, pairs: number[], tests: RegExp[]): void {
  const set = typeof atom === 'number' ? singleCodePoint(atom) : atom;
  pairs.push(...set.ranges);
  tests.push(...set.tests);
}
