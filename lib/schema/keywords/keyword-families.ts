import type { JSONObject } from '../../base/json.ts';
import { readArrayKeywords } from './array-keywords.ts';
import type { KeywordReader } from './keyword-reader.ts';
import { readLogicKeywords } from './logic-keywords.ts';
import { readNumberKeywords } from './number-keywords.ts';
import { readObjectKeywords } from './object-keywords.ts';
import { readReferenceKeywords } from './reference-keywords.ts';
import { readStringKeywords } from './string-keywords.ts';
import { readUnevaluatedKeywords } from './unevaluated-keywords.ts';
import { readValueKeywords } from './value-keywords.ts';

interface KeywordFamily {
  readonly keywords: string;
  readonly read: (reader: KeywordReader) => void;
}

// In this order they are evaluated: what asks what others evaluated comes last.
const FAMILIES: readonly KeywordFamily[] = [
  { keywords: 'type enum const', read: readValueKeywords },
  { keywords: 'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf', read: readNumberKeywords },
  { keywords: 'minLength maxLength pattern format', read: readStringKeywords },
  {
    keywords: 'properties patternProperties additionalProperties required minProperties maxProperties propertyNames dependentRequired dependencies',
    read: readObjectKeywords,
  },
  { keywords: 'prefixItems items additionalItems minItems maxItems uniqueItems contains minContains maxContains', read: readArrayKeywords },
  { keywords: '$ref $dynamicRef', read: readReferenceKeywords },
  { keywords: 'allOf anyOf oneOf not if then else dependentSchemas dependencies', read: readLogicKeywords },
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
  for (const keyword of Object.keys(schema)) present |= FAMILY_BITS.get(keyword) ?? 0;
  for (let index = 0; present !== 0; index++, present >>= 1) if ((present & 1) !== 0) FAMILIES[index]?.read(reader);
}
