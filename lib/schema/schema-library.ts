import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { dialectByVocabulary, DIALECTS, roleOf, standardDialect } from './dialects.ts';
import type { Dialect, DialectName } from './dialects.ts';
import { tokensOf } from './json-pointer.ts';
import type { Descent } from './json-pointer.ts';
import { standardMetaschema } from './metaschemas.ts';
import type { SchemaBounds } from './schema-bounds.ts';
import { invalidSchema, schemaLimit } from './schema-error.ts';
import type { SchemaRegistry } from './schema-registry.ts';
import { locationOf, SchemaResource } from './schema-resource.ts';
import type { RawSchema, SchemaPoint } from './schema-resource.ts';
import { resolveURI, splitFragment } from './uri-reference.ts';

// A metaschema without a vocabulary is in the dialect of its own metaschema, and so on: so far is looked.
const MOST_METASCHEMAS = 8;

/**
 * The documents that one schema is compiled from, and what their references mean. Documents of the registry are looked into when
 * they are referred to.
 */
export class SchemaLibrary {
  readonly #bounds: SchemaBounds;
  readonly #registry: SchemaRegistry | undefined;
  readonly #defaultDialect: Dialect;
  readonly #resources = new Map<string, SchemaResource>();
  readonly #resourcesByRoot = new Map<RawSchema, SchemaResource>();
  readonly #scanned = new Set<RawSchema>();
  readonly #loaded = new Set<string>();
  #subschemas = 0;
  #isRegistryScanned = false;

  constructor(bounds: SchemaBounds, registry: SchemaRegistry | undefined, dialect: DialectName) {
    this.#bounds = bounds;
    this.#registry = registry;
    this.#defaultDialect = DIALECTS[dialect];
  }

  /** Takes in a document; `uri` is where it was found, empty where that has no name. @throws as `compileSchema`. */
  addDocument(root: RawSchema, uri: string): SchemaResource {
    const dialect = this.#dialectFor(root, this.#defaultDialect, uri);
    const id = isObject(root) && Object.hasOwn(root, '$id') ? this.#idOf(root, dialect, uri) : undefined;
    const base = id === undefined ? uri : resolveURI(uri, splitFragment(id).uri);
    const resource = new SchemaResource(base, dialect, root);
    this.#register(resource);
    // Found under another name than its own: under that as well.
    if (!this.#resources.has(uri)) this.#resources.set(uri, resource);
    if (isObject(root)) this.#scan(root, resource, undefined, 1);
    return resource;
  }

  /** The resource that `schema` is the root of, where it has an `$id`. */
  resourceOf(schema: JSONObject): SchemaResource | undefined {
    return this.#resourcesByRoot.get(schema);
  }

  /**
   * What `reference` means, in a schema of `from`.
   *
   * @param place gives the place of the reference, for errors.
   * @throws InvalidValueError `ERR_MCP_INVALID_SCHEMA` where it means nothing that is here.
   */
  resolve(from: SchemaResource, reference: string, place: () => string): SchemaPoint & { readonly dynamicName?: string } {
    const split = splitFragment(reference);
    const uri = split.uri === '' ? from.uri : resolveURI(from.uri, split.uri);
    const resource = uri === from.uri ? from : this.#find(uri);
    if (resource === undefined) throw invalidSchema(place(), `${quote(reference)} refers to a schema that is not here, and nothing is ever fetched`);
    const fragment = split.fragment.includes('%') ? decodedFragment(split.fragment) : split.fragment;
    if (fragment === undefined) throw invalidSchema(place(), `${quote(reference)} is no URI reference`);
    if (fragment === '' || fragment.startsWith('/')) return this.#follow(resource, fragment, reference, place);
    const point = resource.anchors.get(fragment);
    if (point === undefined) throw invalidSchema(place(), `${quote(reference)} refers to an anchor that is not there`);
    return resource.dynamicAnchors.has(fragment) ? { ...point, dynamicName: fragment } : point;
  }

  #find(uri: string): SchemaResource | undefined {
    const known = this.#resources.get(uri);
    if (known !== undefined) return known;
    const document = this.#registry?.get(uri) ?? standardMetaschema(uri);
    if (document !== undefined) {
      this.#loaded.add(uri);
      return this.addDocument(document, uri);
    }
    this.#scanRegistry();
    return this.#resources.get(uri);
  }

  /** Looks into every document for an `$id` that it is not registered under. One that cannot be read has none. */
  #scanRegistry(): void {
    if (this.#isRegistryScanned || this.#registry === undefined) return;
    this.#isRegistryScanned = true;
    for (const uri of this.#registry.uris()) {
      const document = this.#registry.get(uri);
      if (document === undefined || this.#loaded.has(uri) || !isObject(document)) continue;
      const before = this.#subschemas;
      try {
        this.addDocument(document, uri);
      } catch {
        // It is not what is looked for, and it is not referred to.
        this.#subschemas = before;
      }
    }
  }

  #register(resource: SchemaResource): void {
    if (!this.#resources.has(resource.uri)) this.#resources.set(resource.uri, resource);
    this.#resourcesByRoot.set(resource.root, resource);
  }

  /** Follows a JSON Pointer, over the roots of other resources on its way. */
  #follow(resource: SchemaResource, pointer: string, reference: string, place: () => string): SchemaPoint {
    const tokens = tokensOf(pointer);
    const nowhere = (): Error => invalidSchema(place(), `${quote(reference)} refers to a place that is not there`);
    if (tokens === undefined) throw nowhere();
    let value: unknown = resource.root;
    let path: Descent | undefined;
    let here = resource;
    for (const token of tokens) {
      value = partOf(value, token);
      path = { above: path, token };
      const inner = isObject(value) ? this.resourceOf(value) : undefined;
      if (inner !== undefined) [here, path] = [inner, undefined];
    }
    if (typeof value !== 'boolean' && !isObject(value)) {
      throw value === undefined ? nowhere() : invalidSchema(place(), `${quote(reference)} refers to a place where no schema is`);
    }
    // Below a keyword that holds no subschemas nothing was looked at yet.
    if (isObject(value) && !this.#scanned.has(value)) this.#scan(value, here, path, 1);
    return { value, resource: here, path };
  }

  /** Finds the resources and anchors below `schema`, and counts subschemas. */
  #scan(schema: JSONObject, around: SchemaResource, path: Descent | undefined, depth: number): void {
    this.#scanned.add(schema);
    const { maxSubschemas, maxSchemaDepth } = this.#bounds;
    if (++this.#subschemas > maxSubschemas) throw schemaLimit('maxSubschemas', maxSubschemas, 'subschemas');
    if (depth > maxSchemaDepth) throw schemaLimit('maxSchemaDepth', maxSchemaDepth, 'subschemas inside of each other');
    const resource = schema !== around.root && Object.hasOwn(schema, '$id') ? this.#embedded(schema, around, path) : around;
    const here = resource === around ? path : undefined;
    const keywords = Object.keys(schema);
    for (let index = 0; index < keywords.length; index++) {
      const keyword = keywords[index] as string;
      const role = roleOf(resource.dialect, keyword);
      if (role === undefined) continue;
      const held = schema[keyword];
      const at: Descent = { above: here, token: keyword };
      if (role === 'name') this.#addAnchor(keyword, schema, resource, here);
      else if (Array.isArray(held)) {
        if (role === 'list' || role === 'schema or list') held.forEach((part, place) => this.#scanPart(part, resource, { above: at, token: place }, depth));
      } else if (role !== 'list' && isObject(held)) {
        if (role === 'schema' || role === 'schema or list') this.#scan(held, resource, at, depth + 1);
        else Object.keys(held).forEach((name) => this.#scanPart(held[name], resource, { above: at, token: name }, depth));
      }
    }
  }

  #scanPart(part: unknown, resource: SchemaResource, path: Descent, depth: number): void {
    if (isObject(part)) this.#scan(part, resource, path, depth + 1);
  }

  /** The resource that a subschema with an `$id` begins; the one around it where it begins none. */
  #embedded(schema: JSONObject, around: SchemaResource, path: Descent | undefined): SchemaResource {
    const where = locationOf(around, path);
    const dialect = this.#dialectFor(schema, around.dialect, where);
    const id = this.#idOf(schema, dialect, where);
    const uri = id === undefined ? '' : splitFragment(id).uri;
    if (uri === '') return around;
    const resource = new SchemaResource(resolveURI(around.uri, uri), dialect, schema);
    this.#register(resource);
    return resource;
  }

  #idOf(schema: JSONObject, dialect: Dialect, where: string): string | undefined {
    const id = own(schema, '$id');
    if (id === undefined || (dialect.family === 'draft-07' && Object.hasOwn(schema, '$ref'))) return undefined;
    if (typeof id !== 'string') throw invalidSchema(where, '$id has to be a string');
    if (dialect.family === '2020-12' && splitFragment(id).fragment !== '') throw invalidSchema(where, `$id has a fragment: ${quote(id)}`);
    return id;
  }

  /** Takes in the name that `keyword` gives to a subschema. */
  #addAnchor(keyword: string, schema: JSONObject, resource: SchemaResource, path: Descent | undefined): void {
    const point = { value: schema, resource, path };
    if (keyword === '$id') {
      const { fragment } = splitFragment(this.#idOf(schema, resource.dialect, resource.uri) ?? '');
      if (fragment !== '' && !fragment.startsWith('/')) resource.anchors.set(fragment, point);
      return;
    }
    const name = schema[keyword];
    if (typeof name !== 'string') throw invalidSchema(locationOf(resource, path), `${keyword} has to be a string`);
    resource.anchors.set(name, point);
    if (keyword === '$dynamicAnchor') resource.dynamicAnchors.set(name, point);
  }

  /** The dialect of the root of a resource. @throws InvalidValueError `ERR_MCP_INVALID_SCHEMA` for one that is not known. */
  #dialectFor(root: RawSchema, otherwise: Dialect, where: string): Dialect {
    const named = isObject(root) ? own(root, '$schema') : undefined;
    if (named === undefined) return otherwise;
    if (typeof named !== 'string') throw invalidSchema(where, '$schema has to be a string');
    return this.#dialectNamed(named, where);
  }

  #dialectNamed(name: string, where: string): Dialect {
    let uri = splitFragment(name).uri;
    for (let asked = 0; asked < MOST_METASCHEMAS; asked++) {
      const dialect = standardDialect(uri);
      if (dialect !== undefined) return dialect;
      const metaschema = this.#registry?.get(uri);
      if (!isObject(metaschema)) break;
      const vocabulary = own(metaschema, '$vocabulary');
      if (isObject(vocabulary)) {
        const refuse = (unknown: string): Error => invalidSchema(where, `$schema ${quote(name)} requires the vocabulary ${quote(unknown)}, which is not known`);
        return dialectByVocabulary(uri, vocabulary, refuse);
      }
      const above = own(metaschema, '$schema');
      if (typeof above !== 'string') return this.#defaultDialect;
      uri = splitFragment(above).uri;
    }
    throw invalidSchema(where, `the dialect ${quote(name)} is not known: expected 2020-12, draft-07 or a metaschema of the registry`);
  }
}

function partOf(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(token) ? (value as readonly unknown[])[Number(token)] : undefined;
  return isObject(value) ? own(value, token) : undefined;
}

function decodedFragment(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
