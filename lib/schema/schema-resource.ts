import type { JSONObject } from '../base/json.ts';
import type { Dialect } from './dialects.ts';
import { fragmentOf } from './json-pointer.ts';
import type { Descent } from './json-pointer.ts';

/** A schema as it stands in a document. */
export type RawSchema = JSONObject | boolean;

/** A place in a schema document. */
export interface SchemaPoint {
  readonly value: RawSchema;
  readonly resource: SchemaResource;
  /** The way from the root of the resource. */
  readonly path: Descent | undefined;
}

/** A schema with a URI of its own: a document, or a part of one that has an `$id`. Source: JSON Schema core (2020-12) section 4.3.5. */
export class SchemaResource {
  /** Its base URI, without a fragment; empty where nobody gave it one. */
  readonly uri: string;
  readonly dialect: Dialect;
  readonly root: RawSchema;
  /** Names for places, from `$anchor` and `$dynamicAnchor`; in draft-07 from an `$id` that is a fragment. */
  readonly anchors: Map<string, SchemaPoint> = new Map();
  /** Those of `$dynamicAnchor`. */
  readonly dynamicAnchors: Map<string, SchemaPoint> = new Map();

  constructor(uri: string, dialect: Dialect, root: RawSchema) {
    this.uri = uri;
    this.dialect = dialect;
    this.root = root;
  }
}

/** A place as a URI with a JSON Pointer as its fragment. */
export function locationOf(resource: SchemaResource, path: Descent | undefined): string {
  return `${resource.uri}#${fragmentOf(path)}`;
}
