/** What tools and prompts answer with. Source: `schema.ts`, ContentBlock, ResourceContents. */

import type { Icon } from './implementation.ts';
import type { Annotations, WithMeta } from './metadata.ts';

/** Plain text. */
export interface TextContent extends WithMeta {
  readonly type: 'text';
  readonly text: string;
  readonly annotations?: Annotations;
}

/** A picture, base64. */
export interface ImageContent extends WithMeta {
  readonly type: 'image';
  readonly data: string;
  readonly mimeType: string;
  readonly annotations?: Annotations;
}

/** Sound, base64; since 2025-03-26. */
export interface AudioContent extends WithMeta {
  readonly type: 'audio';
  readonly data: string;
  readonly mimeType: string;
  readonly annotations?: Annotations;
}

/** A resource to be read by its uri; since 2025-06-18. */
export interface ResourceLink extends WithMeta {
  readonly type: 'resource_link';
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  readonly size?: number;
  readonly icons?: readonly Icon[];
  readonly annotations?: Annotations;
}

/** A resource's contents within the answer. */
export interface EmbeddedResource extends WithMeta {
  readonly type: 'resource';
  readonly resource: ResourceContents;
  readonly annotations?: Annotations;
}

/** One block of an answer; `type` tells which. A block of a kind that is newer than this client comes as the server sent it. */
export type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource;

/** A resource's contents as text. */
export interface TextResourceContents extends WithMeta {
  readonly uri: string;
  readonly mimeType?: string;
  readonly text: string;
  readonly blob?: never;
}

/** A resource's contents as bytes, base64. */
export interface BlobResourceContents extends WithMeta {
  readonly uri: string;
  readonly mimeType?: string;
  readonly blob: string;
  readonly text?: never;
}

/** A resource's contents: `text` or `blob`. */
export type ResourceContents = TextResourceContents | BlobResourceContents;
