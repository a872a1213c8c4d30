/** Content blocks and resource contents for people. */

import type { CallToolResult, ContentBlock, GetPromptResult, ResourceContents, ResourceLink } from '../index.ts';
import type { Paint } from './paint.ts';
import { indent, printableBlock, printableJSON, printableLine, readableSize } from './printable.ts';

/** The bytes that a base64 text stands for. */
export function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

function label(kind: string, parts: ReadonlyArray<string | undefined>): string {
  const facts = parts.filter((part) => part !== undefined && part !== '').map((part) => printableLine(part ?? ''));
  return facts.length === 0 ? `[${kind}]` : `[${kind} ${facts.join(', ')}]`;
}

function sizeOf(base64: string): string {
  return readableSize(decodeBase64(base64).length);
}

/** One part of a resource: a line that names it, and its text. */
export function renderResourceContents(contents: ResourceContents, paint: Paint): string {
  if (contents.blob !== undefined) return paint.faint(label('resource', [contents.uri, contents.mimeType, sizeOf(contents.blob)]));
  return `${paint.faint(label('resource', [contents.uri, contents.mimeType]))}\n${printableBlock(contents.text)}`;
}

function renderLink(link: ResourceLink, paint: Paint): string {
  const size = link.size === undefined ? undefined : readableSize(link.size);
  const line = paint.faint(label('resource link', [link.uri, link.mimeType, size]));
  return `${line} ${printableLine(link.title ?? link.name)}`;
}

/** One content block. A block of a kind that is not known here is shown as JSON. */
export function renderContentBlock(block: ContentBlock, paint: Paint): string {
  switch (block.type) {
    case 'text':
      return printableBlock(block.text);
    case 'image':
    case 'audio':
      return paint.faint(label(block.type, [block.mimeType, sizeOf(block.data)]));
    case 'resource_link':
      return renderLink(block, paint);
    case 'resource':
      return renderResourceContents(block.resource, paint);
    default:
      return printableJSON(block, 'indented');
  }
}

/** What a tool answered: its blocks, then `structuredContent` as JSON. */
export function renderToolResult(result: CallToolResult, paint: Paint): string {
  const blocks = result.content.map((block) => renderContentBlock(block, paint));
  const structured = result.structuredContent;
  if (structured !== undefined) blocks.push(`${paint.faint('[structured content]')}\n${printableJSON(structured, 'indented')}`);
  return blocks.length === 0 ? paint.faint('[no content]') : blocks.join('\n');
}

/** All parts of a resource. One part of text stands alone, without the line that names it. */
export function renderResource(contents: readonly ResourceContents[], paint: Paint): string {
  const [first] = contents;
  if (first === undefined) return paint.faint('[no content]');
  if (contents.length === 1 && first.text !== undefined) return printableBlock(first.text);
  return contents.map((part) => renderResourceContents(part, paint)).join('\n');
}

/** A prompt: each message under the name of its role. */
export function renderPrompt(prompt: GetPromptResult, paint: Paint): string {
  const description = prompt.description === undefined ? [] : [paint.faint(printableBlock(prompt.description))];
  const messages = prompt.messages.map(({ role, content }) => {
    return `${paint.heading(`${printableLine(role)}:`)}\n${indent(renderContentBlock(content, paint))}`;
  });
  return [...description, ...messages].join('\n');
}

/** The first bytes among content blocks: a picture, a sound, or an embedded resource. */
export function firstBytes(blocks: readonly ContentBlock[]): Uint8Array | undefined {
  for (const block of blocks) {
    if (block.type === 'image' || block.type === 'audio') return decodeBase64(block.data);
    if (block.type === 'resource') return resourceBytes(block.resource);
  }
  return undefined;
}

/** The bytes of a part of a resource; text as UTF-8. */
export function resourceBytes(contents: ResourceContents): Uint8Array {
  return contents.blob !== undefined ? decodeBase64(contents.blob) : new TextEncoder().encode(contents.text);
}
