/** What follows a backslash, in and out of classes. Source: ECMA-262 section 22.2.1, with the flag `u`. */

import { classEscapeSet, codePointSet } from './code-point-set.ts';
import type { CodePointSet } from './code-point-set.ts';
import { END_OF_PATTERN, isDigit } from './pattern-reader.ts';
import type { PatternReader } from './pattern-reader.ts';

const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map<string, number>([
  ['t', 0x09],
  ['n', 0x0a],
  ['v', 0x0b],
  ['f', 0x0c],
  ['r', 0x0d],
]);
// SyntaxCharacter and the slash.
const IDENTITY = '^$\\.*+?()[]{}|/';
const PROPERTY = /^\w+(?:=\w+)?$/;

/** The set that an escape means, from behind its backslash; `undefined`, and nothing taken, where it means one character. */
export function takeClassEscape(reader: PatternReader): CodePointSet | undefined {
  const letter = reader.source[reader.index] ?? '';
  const set = classEscapeSet(letter);
  if (set !== undefined) {
    reader.index++;
    return set;
  }
  return letter === 'p' || letter === 'P' ? takeProperty(reader) : undefined;
}

/** A property is asked of the platform, one code point at a time: its tables are the ones that its own expressions use. */
function takeProperty(reader: PatternReader): CodePointSet {
  const start = reader.index;
  const end = reader.source.indexOf('}', start);
  const name = end === -1 || reader.source[start + 1] !== '{' ? '' : reader.source.slice(start + 2, end);
  if (!PROPERTY.test(name)) throw reader.error('a Unicode property is written \\p{Name} or \\p{Name=Value}', start);
  const written = reader.source.slice(start, end + 1);
  const set = reader.properties.get(written) ?? propertySet(reader, written);
  reader.index = end + 1;
  return set;
}

function propertySet(reader: PatternReader, written: string): CodePointSet {
  try {
    const set = codePointSet([], [new RegExp(`^\\${written}$`, 'u')]);
    reader.properties.set(written, set);
    return set;
  } catch {
    throw reader.error('there is no Unicode property of this name');
  }
}

/**
 * The code point that an escape means, from behind its backslash. In a class `\b` is a backspace and `\-` a hyphen.
 *
 * @throws PatternError where it means none; a backreference cannot be linear.
 */
export function takeCharacterEscape(reader: PatternReader, inClass: boolean): number {
  const start = reader.index - 1;
  const codePoint = reader.take();
  if (codePoint === END_OF_PATTERN) throw reader.error('a backslash stands at the end', start);
  const letter = String.fromCodePoint(codePoint);
  const control = CONTROL_ESCAPES.get(letter);
  if (control !== undefined) return control;
  if (IDENTITY.includes(letter)) return codePoint;
  if (inClass && letter === 'b') return 0x08;
  if (inClass && letter === '-') return codePoint;
  if (letter === 'c') return takeControlLetter(reader, start);
  if (letter === 'x') return takeByte(reader, start);
  if (letter === 'u') return reader.takeUnicodeEscape();
  if (letter === '0' && !isDigit(reader.source.charCodeAt(reader.index))) return 0;
  if (!inClass && (letter === 'k' || (letter !== '0' && isDigit(codePoint)))) {
    throw reader.error('a reference back to a group cannot be matched in linear time', start, 'nonLinear');
  }
  throw reader.error('this character may not stand behind a backslash', start);
}

function takeControlLetter(reader: PatternReader, start: number): number {
  const letter = reader.take();
  const isLetter = (letter >= 0x41 && letter <= 0x5a) || (letter >= 0x61 && letter <= 0x7a);
  if (!isLetter) throw reader.error('\\c needs a letter from A to Z', start);
  return letter % 32;
}

function takeByte(reader: PatternReader, start: number): number {
  const value = reader.takeHex(2);
  if (value === undefined) throw reader.error('\\x needs two hexadecimal digits', start);
  return value;
}
