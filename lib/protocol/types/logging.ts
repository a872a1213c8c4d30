/** Log messages of a server. Source: MCP, server, utilities, "Logging"; levels as in RFC 5424 section 6.2.1. */

/** Least severe first. */
export const SERVER_LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
Object.freeze(SERVER_LOG_LEVELS);

/** One of {@link SERVER_LOG_LEVELS}. */
export type ServerLogLevel = (typeof SERVER_LOG_LEVELS)[number];

/** One log message. Its data is whatever the server wanted to say; hostile, like everything a peer sends. */
export interface LogMessage {
  readonly level: ServerLogLevel;
  /** The name of the logger within the server. */
  readonly logger?: string;
  readonly data: unknown;
}
