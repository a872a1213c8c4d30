/** A server that wants a model to say something. Source: MCP, client, "Sampling"; `schema.ts`, CreateMessageRequest, CreateMessageResult. */

import type { JSONObject } from '../../base/json.ts';
import type { AudioContent, ContentBlock, ImageContent, TextContent } from './content.ts';
import type { WithMeta } from './metadata.ts';
import type { Tool } from './tools.ts';

/** The model wants a tool to be called; since 2025-11-25. */
export interface ToolUseContent extends WithMeta {
  readonly type: 'tool_use';
  /** What the {@link ToolResultContent} that answers it names. */
  readonly id: string;
  readonly name: string;
  readonly input: JSONObject;
}

/** What a tool that the model wanted to be called has answered; since 2025-11-25. */
export interface ToolResultContent extends WithMeta {
  readonly type: 'tool_result';
  /** The `id` of the {@link ToolUseContent} that it answers. */
  readonly toolUseId: string;
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: JSONObject;
  readonly isError?: boolean;
}

/** One block of what is said to a model, or by it; `type` tells which. */
export type SamplingContent = TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent;

/** One turn of a conversation with a model. */
export interface SamplingMessage extends WithMeta {
  readonly role: 'user' | 'assistant';
  /** One block, or several; several since 2025-11-25. */
  readonly content: SamplingContent | readonly SamplingContent[];
}

/** A name, or a part of one, of a model that the server has in mind. */
export interface ModelHint {
  readonly name?: string;
}

/** Which model the server would like; each number from 0, of no importance, to 1. Advice, nothing more. */
export interface ModelPreferences {
  /** The first that fits counts. */
  readonly hints?: readonly ModelHint[];
  readonly costPriority?: number;
  readonly speedPriority?: number;
  readonly intelligencePriority?: number;
}

/** Whether the model may call tools (`auto`, the default), has to (`required`), or must not (`none`); since 2025-11-25. */
export interface ToolChoice {
  readonly mode?: 'auto' | 'required' | 'none';
}

/** What a server asks of a model. Hostile, like everything a peer sends: it is a prompt that somebody else wrote. */
export interface SamplingRequest extends WithMeta {
  readonly messages: readonly SamplingMessage[];
  readonly modelPreferences?: ModelPreferences;
  readonly systemPrompt?: string;
  /** Whose context the server would like to be added; left out unless the host declares `context`. */
  readonly includeContext?: 'none' | 'thisServer' | 'allServers';
  readonly temperature?: number;
  /** The most tokens that may be made: what the server asks for, or what the host's bounds leave of it. */
  readonly maxTokens: number;
  readonly stopSequences?: readonly string[];
  /** For the provider of the model. */
  readonly metadata?: JSONObject;
  /** Tools of the server, which it runs itself; only where the host declares `tools`. */
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
}

/** What the model said. */
export interface SamplingResult extends WithMeta {
  readonly role: 'user' | 'assistant';
  /** `tool_use` only in answer to a request with tools. A list of one block is sent as that block, which every revision knows. */
  readonly content: SamplingContent | readonly SamplingContent[];
  /** The name of the model. */
  readonly model: string;
  /** Why it stopped: `endTurn`, `stopSequence`, `maxTokens`, `toolUse`, or a word of its provider. */
  readonly stopReason?: string;
}
