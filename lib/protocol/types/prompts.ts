/** Prompts. Source: MCP, server, "Prompts"; `schema.ts`, Prompt, GetPromptResult. */

import type { ContentBlock } from './content.ts';
import type { Icon } from './implementation.ts';
import type { WithMeta } from './metadata.ts';

/** One argument of a prompt. */
export interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required?: boolean;
}

/** One prompt as the server describes it. */
export interface Prompt extends WithMeta {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly arguments?: readonly PromptArgument[];
  readonly icons?: readonly Icon[];
}

/** One message of a prompt. */
export interface PromptMessage {
  readonly role: 'user' | 'assistant';
  readonly content: ContentBlock;
}

/** One page of the list of prompts. */
export interface ListPromptsResult extends WithMeta {
  readonly prompts: readonly Prompt[];
  readonly nextCursor?: string;
}

/** A prompt with its arguments filled in. */
export interface GetPromptResult extends WithMeta {
  readonly description?: string;
  readonly messages: readonly PromptMessage[];
}
