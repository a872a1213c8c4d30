/** The metaschemas of the known dialects, as data, so that a `$ref` to one needs no network. Source: JSON Schema 2020-12 and draft-07. */

import type { JSONObject } from '../base/json.ts';

const BASE = 'https://json-schema.org/draft/2020-12/';
const VOCABULARIES = ['core', 'applicator', 'unevaluated', 'validation', 'meta-data', 'format-annotation', 'content'] as const;

const SELF: JSONObject = { $dynamicRef: '#meta' };
const SELF_MAP: JSONObject = { type: 'object', additionalProperties: SELF };
const SELF_LIST: JSONObject = { $ref: '#/$defs/schemaArray' };
const A_BOOLEAN: JSONObject = { type: 'boolean' };
const A_STRING: JSONObject = { type: 'string' };
const A_NUMBER: JSONObject = { type: 'number' };
const COUNT: JSONObject = { type: 'integer', minimum: 0 };
const STRINGS: JSONObject = { type: 'array', items: A_STRING, uniqueItems: true };
const TYPE_NAMES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
const A_TYPE: JSONObject = { anyOf: [{ enum: TYPE_NAMES }, { type: 'array', items: { enum: TYPE_NAMES }, minItems: 1, uniqueItems: true }] };
const REFERENCE: JSONObject = { type: 'string', format: 'uri-reference' };
const URI_TEXT: JSONObject = { type: 'string', format: 'uri' };
const PATTERN_TEXT: JSONObject = { type: 'string', format: 'regex' };

const all = (names: string, schema: unknown): Record<string, unknown> => Object.fromEntries(names.split(' ').map((name) => [name, schema]));

function vocabularySchema(name: string, properties: JSONObject, more: JSONObject = {}): JSONObject {
  return {
    $schema: `${BASE}schema`,
    $id: `${BASE}meta/${name}`,
    $dynamicAnchor: 'meta',
    type: ['object', 'boolean'],
    properties,
    ...more,
  };
}

const SCHEMA_LIST: JSONObject = { $defs: { schemaArray: { type: 'array', minItems: 1, items: SELF } } };

const MAKERS: Readonly<Record<string, () => JSONObject>> = Object.freeze({
  [`${BASE}schema`]: () => ({
    $schema: `${BASE}schema`,
    $id: `${BASE}schema`,
    $vocabulary: Object.fromEntries(VOCABULARIES.map((name) => [`${BASE}vocab/${name}`, true])),
    $dynamicAnchor: 'meta',
    allOf: VOCABULARIES.map((name) => ({ $ref: `meta/${name}` })),
    type: ['object', 'boolean'],
    properties: {
      definitions: { ...SELF_MAP, deprecated: true, default: {} },
      dependencies: { type: 'object', additionalProperties: { anyOf: [SELF, { $ref: 'meta/validation#/$defs/stringArray' }] }, deprecated: true, default: {} },
      $recursiveAnchor: { $ref: 'meta/core#/$defs/anchorString', deprecated: true },
      $recursiveRef: { $ref: 'meta/core#/$defs/uriReferenceString', deprecated: true },
    },
  }),
  [`${BASE}meta/core`]: () =>
    vocabularySchema(
      'core',
      {
        $id: { $ref: '#/$defs/uriReferenceString', pattern: '^[^#]*#?$' },
        $schema: { $ref: '#/$defs/uriString' },
        ...all('$ref $dynamicRef', { $ref: '#/$defs/uriReferenceString' }),
        ...all('$anchor $dynamicAnchor', { $ref: '#/$defs/anchorString' }),
        $vocabulary: { type: 'object', propertyNames: { $ref: '#/$defs/uriString' }, additionalProperties: A_BOOLEAN },
        $comment: A_STRING,
        $defs: SELF_MAP,
      },
      { $defs: { anchorString: { type: 'string', pattern: '^[A-Za-z_][-A-Za-z0-9._]*$' }, uriString: URI_TEXT, uriReferenceString: REFERENCE } },
    ),
  [`${BASE}meta/applicator`]: () =>
    vocabularySchema(
      'applicator',
      {
        ...all('prefixItems allOf anyOf oneOf', SELF_LIST),
        ...all('items contains additionalProperties propertyNames if then else not', SELF),
        properties: { ...SELF_MAP, default: {} },
        patternProperties: { ...SELF_MAP, propertyNames: { format: 'regex' }, default: {} },
        dependentSchemas: { ...SELF_MAP, default: {} },
      },
      SCHEMA_LIST,
    ),
  [`${BASE}meta/unevaluated`]: () => vocabularySchema('unevaluated', all('unevaluatedItems unevaluatedProperties', SELF)),
  [`${BASE}meta/validation`]: () =>
    vocabularySchema(
      'validation',
      {
        type: A_TYPE,
        const: true,
        enum: { type: 'array', items: true },
        multipleOf: { type: 'number', exclusiveMinimum: 0 },
        ...all('maximum exclusiveMaximum minimum exclusiveMinimum', A_NUMBER),
        ...all('maxLength maxItems maxProperties maxContains', { $ref: '#/$defs/nonNegativeInteger' }),
        ...all('minLength minItems minProperties', { $ref: '#/$defs/nonNegativeIntegerDefault0' }),
        minContains: { $ref: '#/$defs/nonNegativeInteger', default: 1 },
        pattern: PATTERN_TEXT,
        uniqueItems: { type: 'boolean', default: false },
        required: { $ref: '#/$defs/stringArray' },
        dependentRequired: { type: 'object', additionalProperties: { $ref: '#/$defs/stringArray' } },
      },
      {
        $defs: {
          nonNegativeInteger: COUNT,
          nonNegativeIntegerDefault0: { $ref: '#/$defs/nonNegativeInteger', default: 0 },
          simpleTypes: { enum: TYPE_NAMES },
          stringArray: { ...STRINGS, default: [] },
        },
      },
    ),
  [`${BASE}meta/meta-data`]: () =>
    vocabularySchema('meta-data', {
      ...all('title description', A_STRING),
      default: true,
      ...all('deprecated readOnly writeOnly', { type: 'boolean', default: false }),
      examples: { type: 'array', items: true },
    }),
  [`${BASE}meta/format-annotation`]: () => vocabularySchema('format-annotation', { format: A_STRING }),
  [`${BASE}meta/format-assertion`]: () => vocabularySchema('format-assertion', { format: A_STRING }),
  [`${BASE}meta/content`]: () => vocabularySchema('content', { ...all('contentEncoding contentMediaType', A_STRING), contentSchema: SELF }),
  'http://json-schema.org/draft-07/schema': draft07,
});

function draft07(): JSONObject {
  const self = { $ref: '#' };
  const map = { type: 'object', additionalProperties: self };
  const list = { $ref: '#/definitions/schemaArray' };
  const names = { $ref: '#/definitions/stringArray' };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'http://json-schema.org/draft-07/schema#',
    definitions: {
      schemaArray: { type: 'array', minItems: 1, items: self },
      nonNegativeInteger: COUNT,
      nonNegativeIntegerDefault0: { allOf: [{ $ref: '#/definitions/nonNegativeInteger' }, { default: 0 }] },
      simpleTypes: { enum: TYPE_NAMES },
      stringArray: { ...STRINGS, default: [] },
    },
    type: ['object', 'boolean'],
    properties: {
      ...all('$id $ref', REFERENCE),
      $schema: URI_TEXT,
      ...all('$comment title description format contentMediaType contentEncoding', A_STRING),
      default: true,
      ...all('readOnly writeOnly uniqueItems', { type: 'boolean', default: false }),
      examples: { type: 'array', items: true },
      multipleOf: { type: 'number', exclusiveMinimum: 0 },
      ...all('maximum exclusiveMaximum minimum exclusiveMinimum', A_NUMBER),
      ...all('maxLength maxItems maxProperties', { $ref: '#/definitions/nonNegativeInteger' }),
      ...all('minLength minItems minProperties', { $ref: '#/definitions/nonNegativeIntegerDefault0' }),
      pattern: PATTERN_TEXT,
      ...all('additionalItems contains additionalProperties propertyNames if then else not', self),
      items: { anyOf: [self, list], default: true },
      required: names,
      ...all('definitions properties', { ...map, default: {} }),
      patternProperties: { ...map, propertyNames: { format: 'regex' }, default: {} },
      dependencies: { type: 'object', additionalProperties: { anyOf: [self, names] } },
      const: true,
      enum: { type: 'array', items: true },
      type: A_TYPE,
      ...all('allOf anyOf oneOf', list),
    },
    default: true,
  };
}

/** The metaschema at `uri`, which has no fragment, made anew; undefined where it is not one of the standard's. */
export function standardMetaschema(uri: string): JSONObject | undefined {
  return Object.hasOwn(MAKERS, uri) ? MAKERS[uri]?.() : undefined;
}
