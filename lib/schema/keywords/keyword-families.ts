import type { JSONObject } from '../../base/json.ts';
import { readContains, readItemCount, readItems, readUniqueItems } from './array-keywords.ts';
import type { KeywordReader } from './keyword-reader.ts';
import { readAllOf, readCondition, readDependentSchemas, readNot, readSomeOf } from './logic-keywords.ts';
import { readMultiple, readRange } from './number-keywords.ts';
import { readDependentRequired, readMemberCount, readMembers, readPropertyNames } from './object-keywords.ts';
import { readReferenceKeywords } from './reference-keywords.ts';
import { readFormat, readLength, readPattern } from './string-keywords.ts';
import { readUnevaluatedKeywords } from './unevaluated-keywords.ts';
import { readChoices, readType } from './value-keywords.ts';

interface KeywordFamily {
  readonly keywords: string;
  readonly read: (reader: KeywordReader) => void;
}

// In this order they are evaluated: types come first, what asks what others evaluated comes last.
const FAMILIES: readonly KeywordFamily[] = [
  { keywords: 'type', read: readType },
  { keywords: 'enum const', read: readChoices },
  { keywords: 'minimum maximum exclusiveMinimum exclusiveMaximum', read: readRange },
  { keywords: 'multipleOf', read: readMultiple },
  { keywords: 'minLength maxLength', read: readLength },
  { keywords: 'pattern', read: readPattern },
  { keywords: 'format', read: readFormat },
  { keywords: 'properties patternProperties additionalProperties required', read: readMembers },
  { keywords: 'minProperties maxProperties', read: readMemberCount },
  { keywords: 'propertyNames', read: readPropertyNames },
  { keywords: 'dependentRequired dependencies', read: readDependentRequired },
  { keywords: 'prefixItems items additionalItems', read: readItems },
  { keywords: 'minItems maxItems', read: readItemCount },
  { keywords: 'uniqueItems', read: readUniqueItems },
  { keywords: 'contains minContains maxContains', read: readContains },
  { keywords: '$ref $dynamicRef', read: readReferenceKeywords },
  { keywords: 'allOf', read: readAllOf },
  { keywords: 'anyOf oneOf', read: readSomeOf },
  { keywords: 'not', read: readNot },
  { keywords: 'if then else', read: readCondition },
  { keywords: 'dependentSchemas dependencies', read: readDependentSchemas },
  { keywords: 'unevaluatedItems unevaluatedProperties', read: readUnevaluatedKeywords },
];

/** The families of each keyword, one bit each. */
const FAMILY_BITS: ReadonlyMap<string, number> = familyBits();

function familyBits(): ReadonlyMap<string, number> {
  const bits = new Map<string, number>();
  FAMILIES.forEach(({ keywords }, index) => {
    for (const keyword of keywords.split(' ')) bits.set(keyword, (bits.get(keyword) ?? 0) | (1 << index));
  });
  return bits;
}

/** Reads every keyword of one subschema; those that are not known say nothing. */
export function readKeywords(reader: KeywordReader, schema: JSONObject): void {
  if (reader.dialect.family === 'draft-07' && reader.get('$ref') !== undefined) {
    // In draft-07, section 8.3 of its core, nothing beside a reference counts.
    readReferenceKeywords(reader);
    return;
  }
  let present = 0;
  const keywords = Object.keys(schema);
  for (let index = 0; index < keywords.length; index++) present |= FAMILY_BITS.get(keywords[index] as string) ?? 0;
  // From the lowest bit that is set to the highest.
  for (; present !== 0; present &= present - 1) FAMILIES[31 - Math.clz32(present & -present)]?.read(reader);
}
