/** A regular expression that is refused. */

import { InvalidValueError } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';

/**
 * Why a pattern is refused: `syntax`, it is no regular expression; `nonLinear`, it cannot be matched in a time that grows with
 * the input only; `tooLarge`, it is longer than the bound, or its repetitions are when they are written out.
 */
export type PatternErrorKind = 'syntax' | 'nonLinear' | 'tooLarge';

/** A pattern that is not matched: what is wrong with it and where. */
export class PatternError extends InvalidValueError {
  override name = 'PatternError';
  /** The sort of refusal. */
  readonly kind: PatternErrorKind;
  /** What is wrong, without the pattern. */
  readonly reason: string;
  /** Where it is wrong: an index into the UTF-16 code units of the pattern. */
  readonly index: number;

  constructor(kind: PatternErrorKind, reason: string, source: string, index: number, cause?: unknown) {
    const message = `the pattern ${quote(source)} is refused at index ${index}: ${reason}`;
    super('ERR_MCP_INVALID_SCHEMA', message, { details: { kind, reason, index }, ...(cause === undefined ? {} : { cause }) });
    this.kind = kind;
    this.reason = reason;
    this.index = index;
  }
}
