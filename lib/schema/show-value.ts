import { quote } from '../base/text.ts';

const SHOWN_VALUE_CHARACTERS = 60;
const SHOWN_VALUES = 8;

/** A value of an instance or schema in a sentence: itself where it is short, cut and escaped; else its kind. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return quote(value, SHOWN_VALUE_CHARACTERS);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value);
}

/** Some values in a sentence, as {@link showValue}; how many there are beyond the first few. */
export function showValues(values: readonly unknown[]): string {
  const shown = values.slice(0, SHOWN_VALUES).map(showValue).join(', ');
  return values.length > SHOWN_VALUES ? `${shown} and ${values.length - SHOWN_VALUES} more` : shown;
}
