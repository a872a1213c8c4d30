/** Which kind of content a block is. Each looks at the members that the kind has to have, so that it may be asked about anything at all. */

import { isObject, own } from '../../base/json.ts';
import type { AudioContent, BlobResourceContents, EmbeddedResource, ImageContent, ResourceLink, TextContent, TextResourceContents } from '../types/content.ts';

function hasStrings(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof own(value, name) === 'string');
}

function isBlock(value: unknown, type: string, ...names: readonly string[]): boolean {
  return isObject(value) && own(value, 'type') === type && hasStrings(value, ...names);
}

/** Whether a block is text. */
export function isTextContent(block: unknown): block is TextContent {
  return isBlock(block, 'text', 'text');
}

/** Whether a block is a picture, base64. */
export function isImageContent(block: unknown): block is ImageContent {
  return isBlock(block, 'image', 'data', 'mimeType');
}

/** Whether a block is sound, base64; since 2025-03-26. */
export function isAudioContent(block: unknown): block is AudioContent {
  return isBlock(block, 'audio', 'data', 'mimeType');
}

/** Whether a block names a resource that can be read; since 2025-06-18. The resource need not be in the server's list. */
export function isResourceLink(block: unknown): block is ResourceLink {
  return isBlock(block, 'resource_link', 'uri', 'name');
}

/** Whether a block holds the contents of a resource. */
export function isEmbeddedResource(block: unknown): block is EmbeddedResource {
  if (!isBlock(block, 'resource')) return false;
  const contents = own(block as Readonly<Record<string, unknown>>, 'resource');
  return isTextResource(contents) || isBlobResource(contents);
}

/** Whether the contents of a resource are text. */
export function isTextResource(contents: unknown): contents is TextResourceContents {
  return hasStrings(contents, 'uri', 'text');
}

/** Whether the contents of a resource are bytes, base64. */
export function isBlobResource(contents: unknown): contents is BlobResourceContents {
  return hasStrings(contents, 'uri', 'blob') && !isTextResource(contents);
}
