import type { InvalidValueError } from '../../base/errors.ts';
import { isObject, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import type { Dialect } from '../dialects.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';
import type { Pattern } from '../pattern/compile-pattern.ts';
import { PatternError } from '../pattern/pattern-error.ts';
import { invalidSchema } from '../schema-error.ts';
import type { SchemaBounds } from '../schema-bounds.ts';
import type { CompiledKeyword, KnownShape, SchemaNode } from '../schema-node.ts';
import { locationOf } from '../schema-resource.ts';
import { showValue } from '../show-value.ts';

/** How schemas are compiled. */
export interface SchemaSettings {
  readonly bounds: SchemaBounds;
  readonly assertsFormats: boolean;
  readonly allowsNonLinearPatterns: boolean;
}

/** Finds the compiled subschemas that a subschema applies. */
export interface SubschemaFinder {
  /** The subschema at a place below `owner`. */
  child(owner: SchemaNode, value: JSONObject | boolean, keyword: string, token: string | number | undefined): SchemaNode;
  /** What `owner` refers to. */
  referred(owner: SchemaNode, reference: string, keyword: '$ref' | '$dynamicRef'): SchemaNode;
}

/** Reads the keywords of one subschema, and refuses what they may not be. */
export class KeywordReader {
  readonly settings: SchemaSettings;
  readonly node: SchemaNode;
  /** What is known of the subschema, for others to add to. */
  readonly shape: KnownShape;
  readonly dialect: Dialect;
  readonly #schema: JSONObject;
  readonly #finder: SubschemaFinder;

  constructor(settings: SchemaSettings, node: SchemaNode, schema: JSONObject, finder: SubschemaFinder) {
    this.settings = settings;
    this.node = node;
    this.shape = node.shape;
    this.dialect = node.resource.dialect;
    this.#schema = schema;
    this.#finder = finder;
  }

  /** Adds a compiled keyword. */
  add(keyword: CompiledKeyword): void {
    this.node.keywords.push(keyword);
  }

  /** The error for a keyword that may not be as it is. */
  refuse(keyword: string, why: string, cause?: unknown): InvalidValueError {
    return invalidSchema(locationOf(this.node.resource, { above: this.node.path, token: keyword }), why, cause);
  }

  /** The value of a keyword of the dialect, undefined where it is absent. */
  get(keyword: string): unknown {
    return this.dialect.keywords.has(keyword) ? own(this.#schema, keyword) : undefined;
  }

  /** The error for a value of another kind. */
  #unexpected(keyword: string, expected: string, value: unknown): InvalidValueError {
    return this.refuse(keyword, `expected ${expected}; got ${showValue(value)}`);
  }

  /** A length or count: a whole number from 0. */
  count(keyword: string): number | undefined {
    const value = this.get(keyword);
    if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 0)) return value;
    throw this.#unexpected(keyword, 'a whole number from 0', value);
  }

  number(keyword: string): number | undefined {
    const value = this.get(keyword);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.#unexpected(keyword, 'a number', value);
  }

  text(keyword: string): string | undefined {
    const value = this.get(keyword);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#unexpected(keyword, 'a string', value);
  }

  flag(keyword: string): boolean | undefined {
    const value = this.get(keyword);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#unexpected(keyword, 'true or false', value);
  }

  list(keyword: string): readonly unknown[] | undefined {
    const value = this.get(keyword);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.#unexpected(keyword, 'an array', value);
  }

  /** An object. */
  map(keyword: string): JSONObject | undefined {
    const value = this.get(keyword);
    if (value === undefined || isObject(value)) return value;
    throw this.#unexpected(keyword, 'an object', value);
  }

  /** The strings of `list`, each once. */
  namesIn(keyword: string, list: readonly unknown[]): ReadonlySet<string> {
    const names = new Set<string>();
    for (const name of list) {
      if (typeof name !== 'string') throw this.refuse(keyword, `expected names; got ${showValue(name)}`);
      names.add(name);
    }
    return names;
  }

  /** The subschema that a keyword is. */
  schema(keyword: string, isInPlace: boolean): SchemaNode | undefined {
    const value = this.get(keyword);
    return value === undefined ? undefined : this.child(value, isInPlace, keyword);
  }

  /** The subschemas in the array that a keyword is. */
  schemas(keyword: string, isInPlace: boolean): readonly SchemaNode[] | undefined {
    const values = this.list(keyword);
    if (values === undefined) return undefined;
    if (values.length === 0) throw this.refuse(keyword, 'expected an array of schemas; got an empty one');
    return values.map((value, index) => this.child(value, isInPlace, keyword, index));
  }

  /** The subschemas in the object that a keyword is, by their names. */
  schemasByName(keyword: string, isInPlace: boolean): ReadonlyMap<string, SchemaNode> | undefined {
    const values = this.map(keyword);
    if (values === undefined) return undefined;
    const nodes = new Map<string, SchemaNode>();
    for (const name of Object.keys(values)) nodes.set(name, this.child(own(values, name), isInPlace, keyword, name));
    return nodes;
  }

  /** The subschema `value` below a keyword. */
  child(value: unknown, isInPlace: boolean, keyword: string, token?: string | number): SchemaNode {
    if (typeof value !== 'boolean' && !isObject(value)) throw this.refuse(keyword, `expected a schema; got ${showValue(value)}`);
    const node = this.#finder.child(this.node, value, keyword, token);
    this.node.edges.push({ node, isInPlace });
    return node;
  }

  /** What a keyword refers to. */
  referred(keyword: '$ref' | '$dynamicRef'): SchemaNode | undefined {
    const reference = this.text(keyword);
    if (reference === undefined) return undefined;
    const node = this.#finder.referred(this.node, reference, keyword);
    this.node.edges.push({ node, isInPlace: true });
    return node;
  }

  /** A regular expression that a keyword is or names. */
  pattern(source: string, keyword: string): Pattern {
    const { bounds, allowsNonLinearPatterns } = this.settings;
    try {
      return compilePattern(source, {
        maxSourceCharacters: bounds.maxPatternCharacters,
        maxInputCharacters: bounds.maxPatternInputCharacters,
        dangerouslyAllowNonLinear: allowsNonLinearPatterns,
      });
    } catch (error) {
      if (error instanceof PatternError) throw this.refuse(keyword, error.message, error);
      throw error;
    }
  }
}
