/** Lengths, patterns and formats of strings. Source: JSON Schema validation (2020-12) sections 6.3 and 7. */

import { formatTest } from '../formats/formats.ts';
import type { FormatTest } from '../formats/formats.ts';
import { hasLengthWithin, STRING_BIT } from '../json-value.ts';
import type { Pattern } from '../pattern/compile-pattern.ts';
import type { SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, EvaluationFrame, RangedKeyword, SchemaRange } from '../schema-node.ts';
import type { SchemaRun } from '../schema-run.ts';
import { showValue } from '../show-value.ts';
import type { KeywordReader } from './keyword-reader.ts';

// One step of a validation allows for so many steps of a pattern, as a power of two.
const PATTERN_STEPS_BITS = 6;

/** Whether `pattern` matches in `text`; what it takes is counted. */
export function testPattern(pattern: Pattern, text: string, run: SchemaRun): boolean {
  const before = pattern.steps;
  const isMatch = pattern.test(text);
  run.spend((pattern.steps - before) >> PATTERN_STEPS_BITS);
  return isMatch;
}

class LengthKeyword implements RangedKeyword {
  readonly types: number = STRING_BIT;
  readonly range: SchemaRange;

  constructor(range: SchemaRange) {
    this.range = range;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const { low, high } = this.range;
    const text = value as string;
    const isLong = hasLengthWithin(text, low, Infinity, frame.run);
    if (!isLong) frame.fail('minLength', () => `expected at least ${low} characters; got ${showValue(text)}`);
    const isShort = hasLengthWithin(text, 0, high, frame.run);
    if (!isShort) frame.fail('maxLength', () => `expected at most ${high} characters; got ${showValue(text)}`);
    return isLong && isShort;
  }

  makeCheck(): SchemaCheck {
    const { low, high } = this.range;
    return (value, run) => hasLengthWithin(value as string, low, high, run);
  }
}

class PatternKeyword implements CompiledKeyword {
  readonly types: number = STRING_BIT;
  readonly #pattern: Pattern;

  constructor(pattern: Pattern) {
    this.#pattern = pattern;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if (testPattern(this.#pattern, value as string, frame.run)) return true;
    return frame.fail('pattern', () => `expected a match of the pattern ${showValue(this.#pattern.source)}; got ${showValue(value)}`);
  }

  makeCheck(): SchemaCheck {
    return (value, run) => testPattern(this.#pattern, value as string, run);
  }
}

class FormatKeyword implements CompiledKeyword {
  readonly types: number = STRING_BIT;
  readonly #name: string;
  readonly #test: FormatTest;

  constructor(name: string, test: FormatTest) {
    this.#name = name;
    this.#test = test;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    if (this.#holds(value as string, frame.run)) return true;
    return frame.fail('format', () => `expected the format ${this.#name}; got ${showValue(value)}`);
  }

  makeCheck(): SchemaCheck {
    return (value, run) => this.#holds(value as string, run);
  }

  #holds(text: string, run: SchemaRun): boolean {
    run.spendChecks(text.length);
    return this.#test(text);
  }
}

/** Reads `minLength` and `maxLength`. */
export function readLength(reader: KeywordReader): void {
  const low = reader.count('minLength');
  const high = reader.count('maxLength');
  if (low === undefined && high === undefined) return;
  const keyword = new LengthKeyword({ low: low ?? 0, high: high ?? Infinity });
  reader.shape.length = keyword;
  reader.add(keyword);
}

/** Reads `pattern`. */
export function readPattern(reader: KeywordReader): void {
  const source = reader.text('pattern');
  if (source !== undefined) reader.add(new PatternKeyword(reader.pattern(source, 'pattern')));
}

/** Reads `format`, where it is an assertion. */
export function readFormat(reader: KeywordReader): void {
  const format = reader.text('format');
  if (format === undefined || !(reader.settings.assertsFormats || reader.dialect.assertsFormats)) return;
  const test = formatTest(format);
  if (test !== undefined) reader.add(new FormatKeyword(format, test));
}
