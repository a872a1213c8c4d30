/** Completion of arguments. Source: MCP, server, utilities, "Completion"; `schema.ts`, CompleteRequest, CompleteResult. */

/** Whose argument is being completed. */
export type CompletionReference =
  | { readonly type: 'ref/prompt'; readonly name: string; readonly title?: string }
  | { readonly type: 'ref/resource'; readonly uri: string };

/** The argument and what was typed of it. */
export interface CompletionArgument {
  readonly name: string;
  readonly value: string;
}

/** What could follow. */
export interface Completion {
  /** At most 100. */
  readonly values: readonly string[];
  readonly total?: number;
  readonly hasMore?: boolean;
}
