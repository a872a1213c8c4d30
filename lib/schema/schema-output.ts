import { escapeText } from '../base/text.ts';
import type { ValidationError } from './schema-node.ts';

const SHOWN_LOCATION_CHARACTERS = 200;

/** What a validation found. The basic output form of JSON Schema core (2020-12) section 12.4.2. */
export interface ValidationResult {
  readonly valid: boolean;
  /** What is wrong; empty for a valid value. An `anyOf` or `oneOf` that fails is followed by why each of its schemas did. */
  readonly errors: readonly ValidationError[];
  /** Whether there was more wrong than is told. */
  readonly truncated?: boolean;
}

/** The outcome for every value that is valid. */
export const VALID_RESULT: ValidationResult = Object.freeze({ valid: true, errors: Object.freeze([]) });

/** What a validation found, as one sentence: the first error, where it is, and how many more there are. */
export function describeFailure(result: ValidationResult): string {
  if (result.valid) return 'the value is valid';
  const [first, ...others] = result.errors;
  if (first === undefined) return 'the value is not valid';
  const more = result.truncated === true ? ' (and more)' : others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${first.instanceLocation === '' ? 'the value' : escapeText(first.instanceLocation, SHOWN_LOCATION_CHARACTERS)}: ${first.error}${more}`;
}
