/** How far a request has come. Source: MCP, basic, utilities, "Progress"; `message` since 2025-03-26. */
export interface Progress {
  /** Grows with every report. */
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** What links reports to their request; 7 and "7" are two tokens. */
export type ProgressToken = string | number;
