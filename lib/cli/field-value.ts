/** What a person writes into one field of a form, as the value that is sent. */

import { compileSchema, schemaSentence } from '../index.ts';
import type { ElicitationField, ElicitationValue } from '../index.ts';
import { printableLine } from './printable.ts';

/** The value, or what is wrong with the text, in words that a person can act on; of the server's words in them, hidden characters are escaped. */
export type FieldValue = { readonly value: ElicitationValue } | { readonly problem: string };

/** How a choice is named: by its number in the list that is shown, or by what it is. */
export type ChoiceNaming = 'number' | 'name';

type Choices = ReadonlyArray<{ readonly value: string; readonly title: string }>;

const YES = ['y', 'yes', 'true'];
const NO = ['n', 'no', 'false'];

/** Yes, no, or neither. */
function readYesOrNo(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (YES.includes(word)) return true;
  return NO.includes(word) ? false : undefined;
}

/** Reads `text` as a value of `field`, and checks it against the schema that the server sent for it. */
export function readFieldValue(field: ElicitationField, text: string, schema: unknown, naming: ChoiceNaming): FieldValue {
  const read = readByType(field, text, naming);
  return 'problem' in read ? read : checked(read, schema);
}

function readByType(field: ElicitationField, text: string, naming: ChoiceNaming): FieldValue {
  if (field.type === 'string') return { value: text };
  if (field.type === 'boolean') return orProblem(readYesOrNo(text), 'answer yes or no');
  if (field.type === 'choice') return orProblem(findChoice(field.choices, text, naming), wantedChoice(field.choices, naming));
  if (field.type === 'choices') return readChoices(field.choices, text, naming);
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(text.trim()) ? Number(text) : NaN;
  if (!Number.isFinite(number)) return { problem: 'that is no number' };
  return field.type === 'integer' && !Number.isInteger(number) ? { problem: 'that is no whole number' } : { value: number };
}

function orProblem(value: ElicitationValue | undefined, problem: string): FieldValue {
  return value === undefined ? { problem } : { value };
}

function readChoices(choices: Choices, text: string, naming: ChoiceNaming): FieldValue {
  const words = text.split(',').map((word) => word.trim()).filter((word) => word !== '');
  const values = words.map((word) => findChoice(choices, word, naming));
  if (values.includes(undefined)) return { problem: `${wantedChoice(choices, naming)}; several with commas between them` };
  return { value: [...new Set(values as string[])] };
}

function findChoice(choices: Choices, text: string, naming: ChoiceNaming): string | undefined {
  const word = text.trim();
  if (naming === 'number') return /^\d{1,6}$/.test(word) ? choices[Number(word) - 1]?.value : undefined;
  return (choices.find(({ value }) => value === word) ?? choices.find(({ title }) => title === word))?.value;
}

function wantedChoice(choices: Choices, naming: ChoiceNaming): string {
  return naming === 'number' ? `give a number from 1 to ${choices.length}` : `it must be one of ${choices.map(({ value }) => printableLine(value)).join(', ')}`;
}

/** What the library would refuse to send is told here, where it can still be corrected. */
function checked(read: { readonly value: ElicitationValue }, schema: unknown): FieldValue {
  try {
    const result = compileSchema(schema, { formats: 'assert' }).validate(read.value);
    return result.valid ? read : { problem: schemaSentence(result) };
  } catch {
    // A schema that cannot be compiled, or takes too long: the form as a whole is for the library to judge.
    return read;
  }
}
