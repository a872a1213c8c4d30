/** Tools. Source: MCP, server, "Tools"; `schema.ts`, Tool, CallToolResult. */

import type { JSONObject } from '../../base/json.ts';
import type { ContentBlock } from './content.ts';
import type { Icon } from './implementation.ts';
import type { WithMeta } from './metadata.ts';

/** Hints about a tool, given by the server and not to be trusted; since 2025-03-26. */
export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** One tool as the server describes it. */
export interface Tool extends WithMeta {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** A JSON Schema of the arguments. */
  readonly inputSchema: JSONObject;
  /** A JSON Schema of `structuredContent`; since 2025-06-18. */
  readonly outputSchema?: JSONObject;
  readonly annotations?: ToolAnnotations;
  readonly icons?: readonly Icon[];
  readonly execution?: { readonly taskSupport?: 'forbidden' | 'optional' | 'required' };
}

/** One page of the list of tools. */
export interface ListToolsResult extends WithMeta {
  readonly tools: readonly Tool[];
  readonly nextCursor?: string;
}

/** What a tool answered. With `isError` the tool itself failed, and `content` says how. */
export interface CallToolResult extends WithMeta {
  readonly content: readonly ContentBlock[];
  readonly isError?: boolean;
  /** Since 2025-06-18. */
  readonly structuredContent?: JSONObject;
}
