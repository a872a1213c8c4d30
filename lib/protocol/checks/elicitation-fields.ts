/** The restricted schemas of forms, checked and read as fields. Source: `schema.ts`, PrimitiveSchemaDefinition, of every revision that has it. */

import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import type { ElicitationChoice, ElicitationField, ElicitationFieldBase } from '../types/elicitation.ts';
import { Misfit, arrayAt, asObject, asString, objectAt, optionalArrayAt, optionalBooleanAt, optionalNumberAt, optionalStringAt, partAt, stringAt } from './check.ts';

/** How large a form may be. */
export interface FormBounds {
  readonly maxFields: number;
  /** Of all fields together. */
  readonly maxChoices: number;
}

// What puts schemas together out of schemas. A flat form has none of it; what else is not known is kept.
const COMPOUND = ['$ref', '$dynamicRef', '$recursiveRef', 'allOf', 'anyOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies'] as const;

/** The fields that `schema` asks for. @throws Misfit where it is not of the restricted form, or too large. */
export function checkFields(schema: JSONObject, bounds: FormBounds): readonly ElicitationField[] {
  if (stringAt(schema, 'type') !== 'object') throw new Misfit('/type', '"object"; got another string');
  refuseCompounds(schema, [...COMPOUND, 'oneOf', 'patternProperties']);
  const properties = objectAt(schema, 'properties');
  const required = new Set<unknown>(optionalArrayAt(schema, 'required', asString));
  const names = Object.keys(properties);
  if (names.length > bounds.maxFields) throw new Misfit('/properties', `an object of at most ${bounds.maxFields} members; got ${names.length}`);
  for (const name of required) if (!Object.hasOwn(properties, name as string)) throw new Misfit('/required', 'names of properties; got one that no property has');
  const fields = partAt(schema, 'properties', () => names.map((name) => partAt(properties, name, (field) => checkField(name, field, required.has(name)))));
  const choices = fields.reduce((sum, field) => sum + ('choices' in field ? field.choices.length : 0), 0);
  if (choices > bounds.maxChoices) throw new Misfit('/properties', `an object with at most ${bounds.maxChoices} choices; got ${choices}`);
  return fields;
}

function refuseCompounds(schema: JSONObject, keywords: readonly string[]): void {
  for (const keyword of keywords) if (own(schema, keyword) !== undefined) throw new Misfit(`/${keyword}`, 'absent: a form is flat');
}

function checkField(name: string, value: unknown, required: boolean): ElicitationField {
  const schema = asObject(value);
  refuseCompounds(schema, COMPOUND);
  const base = { name, title: optionalStringAt(schema, 'title'), description: optionalStringAt(schema, 'description'), required };
  const type = stringAt(schema, 'type');
  switch (type) {
    case 'string':
      return checkTextField(base, schema);
    case 'number':
    case 'integer':
      return { ...base, type, minimum: optionalNumberAt(schema, 'minimum'), maximum: optionalNumberAt(schema, 'maximum'), default: optionalNumberAt(schema, 'default') };
    case 'boolean':
      return { ...base, type, default: optionalBooleanAt(schema, 'default') };
    case 'array':
      return checkChoices(base, schema);
    default:
      throw new Misfit('/type', '"string", "number", "integer", "boolean" or "array"; got another string');
  }
}

function checkTextField(base: ElicitationFieldBase, schema: JSONObject): ElicitationField {
  const preset = optionalStringAt(schema, 'default');
  if (isThere(schema, 'enum')) return { ...base, type: 'choice', choices: plainChoices(schema, optionalArrayAt(schema, 'enumNames', asString)), default: preset };
  if (isThere(schema, 'oneOf')) return { ...base, type: 'choice', choices: titledChoices(schema, 'oneOf'), default: preset };
  return {
    ...base,
    type: 'string',
    format: optionalStringAt(schema, 'format'),
    minLength: optionalNumberAt(schema, 'minLength'),
    maxLength: optionalNumberAt(schema, 'maxLength'),
    pattern: optionalStringAt(schema, 'pattern'),
    default: preset,
  };
}

function checkChoices(base: ElicitationFieldBase, schema: JSONObject): ElicitationField {
  if (isThere(schema, 'oneOf')) throw new Misfit('/oneOf', 'absent: a form is flat');
  return {
    ...base,
    type: 'choices',
    choices: partAt(schema, 'items', checkItems),
    minItems: optionalNumberAt(schema, 'minItems'),
    maxItems: optionalNumberAt(schema, 'maxItems'),
    default: optionalArrayAt(schema, 'default', asString) as readonly string[] | undefined,
  };
}

function checkItems(value: unknown): readonly ElicitationChoice[] {
  const items = asObject(value);
  refuseCompounds(items, [...COMPOUND.filter((keyword) => keyword !== 'anyOf'), 'oneOf']);
  if (isThere(items, 'anyOf')) return titledChoices(items, 'anyOf');
  if (stringAt(items, 'type') !== 'string') throw new Misfit('/type', '"string"; got another string');
  return plainChoices(items, undefined);
}

function isThere(schema: JSONObject, keyword: string): boolean {
  const value = own(schema, keyword);
  return value !== undefined && value !== null;
}

/** `enum`; `enumNames`, which the first revision with forms had, names its values where it is long enough. */
function plainChoices(schema: JSONObject, names: readonly unknown[] | undefined): readonly ElicitationChoice[] {
  const values = arrayAt(schema, 'enum', asString) as readonly string[];
  if (values.length === 0) throw new Misfit('/enum', 'an array of at least one string');
  return values.map((value, index) => ({ value, title: (names?.[index] as string | undefined) ?? value }));
}

/** A list of `{ const, title }`. The title is required, and the value where a server leaves it out all the same. */
function titledChoices(schema: JSONObject, keyword: 'oneOf' | 'anyOf'): readonly ElicitationChoice[] {
  const choices: ElicitationChoice[] = [];
  arrayAt(schema, keyword, (item) => {
    const choice = asObject(item);
    const value = own(choice, 'const');
    if (typeof value !== 'string') throw new Misfit('/const', `a string; got ${describe(value)}`);
    refuseCompounds(choice, [...COMPOUND, 'oneOf']);
    choices.push({ value, title: optionalStringAt(choice, 'title') ?? value });
  });
  if (choices.length === 0) throw new Misfit(`/${keyword}`, 'an array of at least one choice');
  return choices;
}
