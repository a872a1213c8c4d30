import { isObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { copyOfJSON } from './json-value.ts';
import { DEFAULT_SCHEMA_BOUNDS } from './schema-bounds.ts';
import { invalidSchema, schemaLimit } from './schema-error.ts';
import type { RawSchema } from './schema-resource.ts';
import { isAbsoluteURI, splitFragment } from './uri-reference.ts';

// A subschema in a map or list is two levels of JSON below the one around it; on top of that the values of `const` and `default`.
const LEVELS_A_SUBSCHEMA = 2;

/**
 * A copy of a schema, so that what its owner changes later changes nothing here, and so that every part stands at one place only.
 *
 * @param where how errors name it.
 * @throws InvalidValueError `ERR_MCP_INVALID_SCHEMA` for what is neither an object nor a boolean; LimitError `maxSchemaDepth`.
 */
export function copyOfSchema(schema: unknown, where: string, maxSchemaDepth: number): RawSchema {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema)) throw invalidSchema(where, 'expected an object or a boolean');
  const levels = LEVELS_A_SUBSCHEMA * maxSchemaDepth + DEFAULT_SCHEMA_BOUNDS.maxDepth;
  return copyOfJSON(schema, levels, () => schemaLimit('maxSchemaDepth', maxSchemaDepth, 'subschemas inside of each other')) as RawSchema;
}

/**
 * Schemas that others may refer to by URI. A reference to what is not here is an error: nothing is ever fetched. The metaschemas of the
 * known dialects need not be added.
 */
export class SchemaRegistry {
  readonly #documents = new Map<string, RawSchema>();

  /**
   * Adds a copy of `schema` under `uri`; its `$id`s are found as well. A schema without `$schema` is in the dialect of the one that refers to it.
   *
   * @throws TypeError where `uri` is not absolute, has a fragment or is there already; InvalidValueError `ERR_MCP_INVALID_SCHEMA` for what is
   *   neither an object nor a boolean; LimitError `maxSchemaDepth`.
   */
  add(uri: string, schema: unknown): this {
    const { uri: name, fragment } = splitFragment(uri);
    if (fragment !== '' || !isAbsoluteURI(name)) throw new TypeError(`a schema is added under an absolute URI without a fragment; got ${quote(uri)}`);
    if (this.#documents.has(name)) throw new TypeError(`there is a schema under ${quote(uri)} already`);
    this.#documents.set(name, copyOfSchema(schema, uri, DEFAULT_SCHEMA_BOUNDS.maxSchemaDepth));
    return this;
  }

  /** The schema under `uri`, which has no fragment. */
  get(uri: string): RawSchema | undefined {
    return this.#documents.get(uri);
  }

  /** Every URI under which there is a schema, in the order in which they were added. */
  uris(): string[] {
    return [...this.#documents.keys()];
  }
}
