import type { JSONObject } from '../../base/json.ts';
import type { ContentBlock, ResourceContents } from '../types/content.ts';
import { Misfit, asObject, optionalStringAt, partAt, stringAt } from './check.ts';

/** One block of content. A block of an unknown type is passed on as it came. */
export function checkContentBlock(value: unknown): ContentBlock {
  const block = asObject(value);
  switch (stringAt(block, 'type')) {
    case 'text':
      stringAt(block, 'text');
      break;
    case 'image':
    case 'audio':
      stringAt(block, 'data');
      stringAt(block, 'mimeType');
      break;
    case 'resource_link':
      stringAt(block, 'uri');
      stringAt(block, 'name');
      break;
    case 'resource':
      partAt(block, 'resource', checkResourceContents);
      break;
  }
  return block as unknown as ContentBlock;
}

/** One part of a resource's contents: a uri, and text or a blob. */
export function checkResourceContents(value: unknown): ResourceContents {
  const contents = asObject(value);
  stringAt(contents, 'uri');
  optionalStringAt(contents, 'mimeType');
  if (!hasString(contents, 'text') && !hasString(contents, 'blob')) throw new Misfit('', 'contents with "text" or "blob", a string');
  return contents as unknown as ResourceContents;
}

function hasString(object: JSONObject, key: string): boolean {
  return Object.hasOwn(object, key) && typeof object[key] === 'string';
}
