import { isEmbeddedResource, isTextContent, isTextResource } from '../protocol/checks/content-guards.ts';
import type { ContentBlock } from '../protocol/types/content.ts';

/**
 * What a result says in words: the text of its text blocks and of the text resources embedded in it, in their order, with a line end between them.
 * Pictures, sound, links and bytes are left out, as is `structuredContent`; empty where there is no text. It is the server's text: hostile, like everything a peer
 * sends, and not escaped.
 */
export function resultText(result: { readonly content: readonly ContentBlock[] }): string {
  return result.content.flatMap(blockText).join('\n');
}

function blockText(block: ContentBlock): readonly string[] {
  if (isTextContent(block)) return [block.text];
  return isEmbeddedResource(block) && isTextResource(block.resource) ? [block.resource.text] : [];
}
