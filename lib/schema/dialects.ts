/** The dialects that are known: their keywords, by vocabulary. Source: JSON Schema core and validation (2020-12); draft-07. */

import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';

/** The name of a dialect, for the option that says which one a schema without `$schema` is in. */
export type DialectName = '2020-12' | 'draft-07';

/** The names of the known dialects. */
export const DIALECT_NAMES: readonly DialectName[] = ['2020-12', 'draft-07'];

/** How a keyword matters where subschemas are looked for: as what holds them, or as a name for the one that it stands in. */
export type KeywordRole = 'schema' | 'list' | 'map' | 'schema or list' | 'map of schemas or names' | 'name';

/** What a schema means by its keywords. */
export interface Dialect {
  /** The URI that `$schema` names it by, without an empty fragment. */
  readonly uri: string;
  readonly family: DialectName;
  /** The keywords that mean something; all others are kept and mean nothing. */
  readonly keywords: ReadonlySet<string>;
  /** Whether `format` is an assertion, whatever the options say. */
  readonly assertsFormats: boolean;
}

const VOCABULARY = 'https://json-schema.org/draft/2020-12/vocab/';
const SCHEMA_2020_12 = 'https://json-schema.org/draft/2020-12/schema';
const SCHEMA_DRAFT_07 = 'http://json-schema.org/draft-07/schema';

const words = (text: string): readonly string[] => text.split(' ');

const CORE = words('$id $schema $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs');
const APPLICATOR = words(
  'prefixItems items contains additionalProperties properties patternProperties dependentSchemas propertyNames if then else allOf anyOf oneOf not',
);
const UNEVALUATED = words('unevaluatedItems unevaluatedProperties');
const VALIDATION = words(
  'type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems ' +
    'maxContains minContains maxProperties minProperties required dependentRequired',
);
const META_DATA = words('title description default deprecated readOnly writeOnly examples');
const CONTENT = words('contentEncoding contentMediaType contentSchema');
// The metaschema of 2020-12 still names `definitions`, outside of its vocabularies: subschemas are looked for there, and nothing more.
const LEFT_FROM_DRAFT_07 = words('definitions');

const KEYWORDS_BY_VOCABULARY: ReadonlyMap<string, readonly string[]> = new Map([
  ['core', CORE],
  ['applicator', APPLICATOR],
  ['unevaluated', UNEVALUATED],
  ['validation', VALIDATION],
  ['meta-data', META_DATA],
  ['format-annotation', ['format']],
  ['format-assertion', ['format']],
  ['content', CONTENT],
]);

const KEYWORD_ROLES_IN_BOTH: readonly (readonly [string, KeywordRole])[] = [
  ...words('additionalProperties contains propertyNames if then else not').map((keyword) => [keyword, 'schema'] as const),
  ...words('allOf anyOf oneOf').map((keyword) => [keyword, 'list'] as const),
  ...words('properties patternProperties definitions').map((keyword) => [keyword, 'map'] as const),
];

const KEYWORD_ROLES: Readonly<Record<DialectName, ReadonlyMap<string, KeywordRole>>> = Object.freeze({
  '2020-12': new Map<string, KeywordRole>([
    ...KEYWORD_ROLES_IN_BOTH,
    ...words('items unevaluatedItems unevaluatedProperties contentSchema').map((keyword) => [keyword, 'schema'] as const),
    ['prefixItems', 'list'],
    ['$defs', 'map'],
    ['dependentSchemas', 'map'],
    ['$anchor', 'name'],
    ['$dynamicAnchor', 'name'],
  ]),
  'draft-07': new Map<string, KeywordRole>([
    ...KEYWORD_ROLES_IN_BOTH,
    // Where it is a fragment.
    ['$id', 'name'],
    ['additionalItems', 'schema'],
    ['items', 'schema or list'],
    ['dependencies', 'map of schemas or names'],
  ]),
});

const LEFT_OUT_OF_DRAFT_07: ReadonlySet<string> = new Set(
  words('$anchor $dynamicRef $dynamicAnchor $vocabulary $defs prefixItems dependentSchemas maxContains minContains dependentRequired deprecated contentSchema'),
);

/** The known dialects by their names. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = Object.freeze({
  '2020-12': {
    uri: SCHEMA_2020_12,
    family: '2020-12',
    keywords: new Set([...CORE, ...APPLICATOR, ...UNEVALUATED, ...VALIDATION, ...META_DATA, 'format', ...CONTENT, ...LEFT_FROM_DRAFT_07]),
    assertsFormats: false,
  },
  'draft-07': {
    uri: SCHEMA_DRAFT_07,
    family: 'draft-07',
    keywords: new Set([
      ...[...CORE, ...APPLICATOR, ...VALIDATION, ...META_DATA, ...CONTENT].filter((keyword) => !LEFT_OUT_OF_DRAFT_07.has(keyword)),
      ...words('format definitions additionalItems dependencies'),
    ]),
    assertsFormats: false,
  },
});

/** The dialect that `uri`, the value of `$schema` without an empty fragment, names; undefined where it is not one of the standard's. */
export function standardDialect(uri: string): Dialect | undefined {
  return DIALECT_NAMES.map((name) => DIALECTS[name]).find((dialect) => dialect.uri === uri);
}

/** How `keyword` matters in `dialect`; undefined where it holds no subschemas and is no name, or means nothing. */
export function roleOf(dialect: Dialect, keyword: string): KeywordRole | undefined {
  const role = KEYWORD_ROLES[dialect.family].get(keyword);
  return role !== undefined && dialect.keywords.has(keyword) ? role : undefined;
}

/**
 * The dialect of a metaschema by its `$vocabulary`. Source: JSON Schema core (2020-12) section 8.1.2.
 *
 * @param refuse makes the error for a vocabulary that is required and not known.
 */
export function dialectByVocabulary(uri: string, vocabulary: JSONObject, refuse: (vocabulary: string) => Error): Dialect {
  const keywords = new Set<string>([...CORE, ...LEFT_FROM_DRAFT_07]);
  let assertsFormats = false;
  for (const name of Object.keys(vocabulary)) {
    const short = name.startsWith(VOCABULARY) ? name.slice(VOCABULARY.length) : '';
    const known = KEYWORDS_BY_VOCABULARY.get(short);
    if (known === undefined && own(vocabulary, name) === true) throw refuse(name);
    for (const keyword of known ?? []) keywords.add(keyword);
    if (short === 'format-assertion') assertsFormats = true;
  }
  return { uri, family: '2020-12', keywords, assertsFormats };
}
