/**
 * Regular expressions of ECMA-262 with the flag `u`, matched in a time that grows with the length of the input and the size of the
 * pattern only, whoever wrote both.
 */

import { LimitError } from '../../base/errors.ts';
import { checkKeys, count, flag } from '../../base/options.ts';
import { PatternAutomaton } from './pattern-automaton.ts';
import { PatternError } from './pattern-error.ts';
import type { PatternNode } from './pattern-node.ts';
import { parsePattern } from './pattern-parser.ts';
import { patternProgram } from './pattern-program.ts';
import { shortcutFor } from './pattern-shortcut.ts';
import type { InputTest } from './pattern-shortcut.ts';

/** How {@link compilePattern} compiles. */
export interface PatternOptions {
  /** Code units that a pattern may have; 1,024 by default. */
  readonly maxSourceCharacters?: number | undefined;
  /** Code units that an input may have; 65,536 by default. */
  readonly maxInputCharacters?: number | undefined;
  /** Elements that a pattern may have with its repetitions written out; 1,024 by default, 10,000 at most. */
  readonly maxElements?: number | undefined;
  /**
   * Gives a pattern that cannot be linear (references back, looking ahead or behind) or has too many elements to the platform's
   * own engine. Whoever writes such a pattern can stop this process for as long as he likes.
   */
  readonly dangerouslyAllowNonLinear?: boolean | undefined;
}

/** A compiled pattern. */
export interface Pattern {
  /** The pattern as it was written. */
  readonly source: string;
  /** False for one that the platform's engine runs, in a time that nobody knows. */
  readonly isLinear: boolean;
  /** How much work all calls of `test` did so far: one for each character of an input, and one for each state that was looked at. */
  readonly steps: number;
  /**
   * Whether the pattern matches anywhere in `input`, which is read as code points, as with the flag `u`.
   *
   * @throws LimitError `maxPatternInputCharacters` for an input that is longer than the bound.
   */
  test(input: string): boolean;
}

/** The bounds of patterns: their defaults. */
export const PATTERN_BOUNDS: Readonly<Record<'maxSourceCharacters' | 'maxInputCharacters' | 'maxElements', number>> = Object.freeze({ maxSourceCharacters: 1_024, maxInputCharacters: 65_536, maxElements: 1_024 });

// States are numbered with 16 bits, and an element makes up to three of them.
const MOST_ELEMENTS = 10_000;
const KNOWN_OPTIONS: readonly string[] = ['maxSourceCharacters', 'maxInputCharacters', 'maxElements', 'dangerouslyAllowNonLinear'];

/** A pattern whose automaton is built when the first input needs it. */
class LinearPattern implements Pattern {
  readonly source: string;
  readonly isLinear = true;
  readonly #node: PatternNode;
  readonly #maxInput: number;
  readonly #shortcut: InputTest | undefined;
  #automaton: PatternAutomaton | undefined;
  #steps = 0;

  constructor(source: string, node: PatternNode, shortcut: InputTest | undefined, maxInput: number) {
    this.source = source;
    this.#node = node;
    this.#shortcut = shortcut;
    this.#maxInput = maxInput;
  }

  get steps(): number {
    return this.#steps + (this.#automaton?.steps ?? 0);
  }

  test(input: string): boolean {
    if (input.length > this.#maxInput) throw tooLong(input, this.#maxInput);
    if (this.#shortcut !== undefined) {
      this.#steps += input.length;
      return this.#shortcut(input);
    }
    this.#automaton ??= new PatternAutomaton(patternProgram(this.#node));
    return this.#automaton.test(input);
  }
}

/** A pattern that the platform runs. */
class PlatformPattern implements Pattern {
  readonly source: string;
  readonly isLinear = false;
  readonly #expression: RegExp;
  readonly #maxInput: number;
  #steps = 0;

  constructor(source: string, expression: RegExp, maxInput: number) {
    this.source = source;
    this.#expression = expression;
    this.#maxInput = maxInput;
  }

  get steps(): number {
    return this.#steps;
  }

  test(input: string): boolean {
    if (input.length > this.#maxInput) throw tooLong(input, this.#maxInput);
    this.#steps += input.length;
    return this.#expression.test(input);
  }
}

function tooLong(input: string, max: number): LimitError {
  return new LimitError('maxPatternInputCharacters', `a pattern is matched against at most ${max} characters; the input has ${input.length}`);
}

/** The platform's own expression for a pattern that was refused with `refusal`. */
function platformPattern(source: string, refusal: PatternError, maxInput: number): Pattern {
  try {
    return new PlatformPattern(source, new RegExp(source, 'u'), maxInput);
  } catch (cause) {
    throw new PatternError('syntax', 'it is no regular expression for the platform either', source, refusal.index, cause);
  }
}

function linearPattern(source: string, maxElements: number, maxInput: number): Pattern {
  const { node, oversizeAt } = parsePattern(source, maxElements);
  const shortcut = shortcutFor(node);
  if (shortcut === undefined && oversizeAt !== undefined) {
    throw new PatternError('tooLarge', `its repetitions, written out, have more than ${maxElements} elements`, source, oversizeAt);
  }
  return new LinearPattern(source, node, shortcut, maxInput);
}

interface ResolvedPatternOptions {
  readonly maxSource: number;
  readonly maxInput: number;
  readonly maxElements: number;
  readonly allowsNonLinear: boolean;
}

function resolvePatternOptions(options: PatternOptions): ResolvedPatternOptions {
  const given: unknown = options;
  checkKeys('compilePattern', given, KNOWN_OPTIONS);
  const { maxSourceCharacters, maxInputCharacters, maxElements, dangerouslyAllowNonLinear } = options;
  return {
    maxSource: count('maxSourceCharacters', maxSourceCharacters ?? PATTERN_BOUNDS.maxSourceCharacters),
    maxInput: count('maxInputCharacters', maxInputCharacters ?? PATTERN_BOUNDS.maxInputCharacters),
    maxElements: Math.min(MOST_ELEMENTS, count('maxElements', maxElements ?? PATTERN_BOUNDS.maxElements, 1)),
    allowsNonLinear: flag('dangerouslyAllowNonLinear', dangerouslyAllowNonLinear ?? false),
  };
}

/**
 * Compiles a pattern of JSON Schema: a regular expression of ECMA-262 with the flag `u`, which is not anchored. All of its syntax is
 * known; what no automaton can match is refused: references back to groups, looking ahead and behind.
 *
 * @throws PatternError for what is no regular expression, cannot be linear, or is too large, each with the index of what is wrong.
 * @throws TypeError RangeError for an option that is unknown or out of range, and a `source` that is no string.
 */
export function compilePattern(source: string, options: PatternOptions = {}): Pattern {
  if (typeof source !== 'string') throw new TypeError('a pattern must be a string');
  const { maxSource, maxInput, maxElements, allowsNonLinear } = resolvePatternOptions(options);
  if (source.length > maxSource) {
    throw new PatternError('tooLarge', `it has ${source.length} characters, and at most ${maxSource} are read`, source, maxSource);
  }
  try {
    return linearPattern(source, maxElements, maxInput);
  } catch (error) {
    if (!allowsNonLinear || !(error instanceof PatternError) || error.kind === 'syntax') throw error;
    return platformPattern(source, error, maxInput);
  }
}
