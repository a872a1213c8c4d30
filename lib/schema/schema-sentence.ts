import { escapeText } from '../base/text.ts';
import type { ValidationResult } from './schema-output.ts';

const SHOWN_LOCATION_CHARACTERS = 200;
const SHOWN_ERROR_CHARACTERS = 600;

/**
 * What a validation found, as one sentence for a log line, an error or a model: where the first error is, what was expected and what came, and how
 * many more errors there are. Text of a schema and of an instance in it is escaped and cut, so that it is one line of at most some 1,000 characters
 * before escapes; values of an instance may be shown, up to 60 characters of one.
 */
export function schemaSentence(result: ValidationResult): string {
  if (result.valid) return 'the value is valid';
  const [first] = result.errors;
  if (first === undefined) return 'the value is not valid';
  const place = first.instanceLocation === '' ? 'the value' : escapeText(first.instanceLocation, SHOWN_LOCATION_CHARACTERS);
  return `${place}: ${escapeText(first.error, SHOWN_ERROR_CHARACTERS)}${moreErrors(result)}`;
}

function moreErrors({ errors, truncated }: ValidationResult): string {
  if (truncated === true) return ' (and more)';
  return errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
}
