/** Resources. Source: MCP, server, "Resources"; `schema.ts`, Resource, ResourceTemplate. */

import type { ResourceContents } from './content.ts';
import type { Icon } from './implementation.ts';
import type { Annotations, WithMeta } from './metadata.ts';

/** One resource as the server describes it. */
export interface Resource extends WithMeta {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  /** Bytes. */
  readonly size?: number;
  readonly annotations?: Annotations;
  readonly icons?: readonly Icon[];
}

/** A family of resources: an RFC 6570 template of their uris. */
export interface ResourceTemplate extends WithMeta {
  readonly uriTemplate: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  readonly annotations?: Annotations;
  readonly icons?: readonly Icon[];
}

/** One page of the list of resources. */
export interface ListResourcesResult extends WithMeta {
  readonly resources: readonly Resource[];
  readonly nextCursor?: string;
}

/** One page of the list of resource templates. */
export interface ListResourceTemplatesResult extends WithMeta {
  readonly resourceTemplates: readonly ResourceTemplate[];
  readonly nextCursor?: string;
}

/** What a resource holds: often one part, sometimes several. */
export interface ReadResourceResult extends WithMeta {
  readonly contents: readonly ResourceContents[];
}
