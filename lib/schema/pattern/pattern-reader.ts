/** Reads a pattern code point by code point, as ECMA-262 does with the flag `u`. */

import type { CodePointSet } from './code-point-set.ts';
import { PatternError } from './pattern-error.ts';
import type { PatternErrorKind } from './pattern-error.ts';

/** What {@link PatternReader.peek} gives at the end. */
export const END_OF_PATTERN = -1;

const isHighSurrogate = (code: number): boolean => (code & 0xfc00) === 0xd800;
const isLowSurrogate = (code: number): boolean => (code & 0xfc00) === 0xdc00;

/** A place in a pattern. */
export class PatternReader {
  /** The whole pattern. */
  readonly source: string;
  /** The index of the next code unit. */
  index = 0;
  /** The sets of the Unicode properties that were read, by how they are written: one is asked of the platform once. */
  readonly properties: Map<string, CodePointSet> = new Map<string, CodePointSet>();

  constructor(source: string) {
    this.source = source;
  }

  /** The next code point, which stays; {@link END_OF_PATTERN} at the end. */
  peek(): number {
    return this.source.codePointAt(this.index) ?? END_OF_PATTERN;
  }

  /** The next code point, which is taken; {@link END_OF_PATTERN} at the end. */
  take(): number {
    const codePoint = this.peek();
    if (codePoint !== END_OF_PATTERN) this.index += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  /** Takes `text` where it comes next, and says whether it did. */
  takeText(text: string): boolean {
    if (!this.source.startsWith(text, this.index)) return false;
    this.index += text.length;
    return true;
  }

  /** Takes the decimal digits that come next; `undefined` where there is none. */
  takeNumber(): number | undefined {
    const start = this.index;
    while (isDigit(this.source.charCodeAt(this.index))) this.index++;
    return this.index === start ? undefined : Number(this.source.slice(start, this.index));
  }

  /** Takes exactly `digits` hexadecimal digits; `undefined`, and nothing taken, where they do not come next. */
  takeHex(digits: number): number | undefined {
    const text = this.source.slice(this.index, this.index + digits);
    if (text.length !== digits || !/^[\dA-Fa-f]+$/.test(text)) return undefined;
    this.index += digits;
    return Number.parseInt(text, 16);
  }

  /**
   * The code point that a `\u` escape means, from behind its `u`: `XXXX`, a pair of surrogates, or `{X…}`.
   *
   * @throws PatternError where none of them is there.
   */
  takeUnicodeEscape(): number {
    const start = this.index;
    if (this.takeText('{')) {
      const end = this.source.indexOf('}', this.index);
      const digits = end === -1 ? '' : this.source.slice(this.index, end);
      const codePoint = /^[\dA-Fa-f]+$/.test(digits) ? Number.parseInt(digits, 16) : Infinity;
      if (codePoint > 0x10ffff) throw this.error('\\u{…} needs a hexadecimal number up to 10FFFF', start);
      this.index = end + 1;
      return codePoint;
    }
    const first = this.takeHex(4);
    if (first === undefined) throw this.error('\\u needs four hexadecimal digits or a number in braces', start);
    if (!isHighSurrogate(first)) return first;
    const afterFirst = this.index;
    const second = this.takeText('\\u') ? this.takeHex(4) : undefined;
    if (second !== undefined && isLowSurrogate(second)) return (first - 0xd800) * 0x400 + (second - 0xdc00) + 0x10000;
    this.index = afterFirst;
    return first;
  }

  /** An error that says what is wrong at `index`, the next code unit by default. */
  error(reason: string, index: number = this.index, kind: PatternErrorKind = 'syntax'): PatternError {
    return new PatternError(kind, reason, this.source, index);
  }
}

/** Whether a code unit is one of `0` to `9`. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
