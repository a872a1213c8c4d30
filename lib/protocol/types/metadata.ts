import type { JSONObject } from '../../base/json.ts';

/** Members that every result and many parts of one may carry. Source: MCP, basic, "_meta". */
export interface WithMeta {
  readonly _meta?: JSONObject;
}

/** Hints for who shows or uses a thing. Source: `schema.ts`, Annotations; `lastModified` since 2025-06-18. */
export interface Annotations {
  readonly audience?: readonly ('user' | 'assistant')[];
  /** 0, least important, to 1, required. */
  readonly priority?: number;
  /** ISO 8601. */
  readonly lastModified?: string;
}
