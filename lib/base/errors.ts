/**
 * The error tree: the class says who is to blame, the code says what happened, the message says what was
 * expected and what came. Bodies and secrets never enter a message. Every code has a heading in `docs/errors.md`.
 */

/** Every code that an error of this library can carry. */
export const ERROR_CODES = [
  'ERR_MCP_NOT_CONNECTED',
  'ERR_MCP_CONNECTION_CLOSED',
  'ERR_MCP_CONNECT_TIMEOUT',
  'ERR_MCP_STATE',
  'ERR_MCP_SPAWN_FAILED',
  'ERR_MCP_WORKING_DIR',
  'ERR_MCP_PERMISSION_DENIED',
  'ERR_MCP_PROCESS_EXITED',
  'ERR_MCP_STDIN_CLOSED',
  'ERR_MCP_STDOUT_CLOSED',
  'ERR_MCP_HEALTH_CHECK',
  'ERR_MCP_CLEANUP_TIMEOUT',
  'ERR_MCP_RESTART_LIMIT',
  'ERR_MCP_REQUEST_TIMEOUT',
  'ERR_MCP_TOTAL_TIMEOUT',
  'ERR_MCP_RPC',
  'ERR_MCP_URL_ELICITATION_REQUIRED',
  'ERR_MCP_INVALID_UTF8',
  'ERR_MCP_INVALID_JSON',
  'ERR_MCP_INVALID_MESSAGE',
  'ERR_MCP_UNEXPECTED_BATCH',
  'ERR_MCP_UNKNOWN_REPLY',
  'ERR_MCP_DUPLICATE_REPLY',
  'ERR_MCP_ERROR_WITHOUT_ID',
  'ERR_MCP_UNEXPECTED_METHOD',
  'ERR_MCP_UNKNOWN_SUBSCRIPTION',
  'ERR_MCP_INVALID_RESULT',
  'ERR_MCP_INVALID_PARAMS',
  'ERR_MCP_UNSUPPORTED_VERSION',
  'ERR_MCP_UNSUPPORTED_METHOD',
  'ERR_MCP_CURSOR_LOOP',
  'ERR_MCP_UNKNOWN_TOOL',
  'ERR_MCP_INVALID_ARGUMENTS',
  'ERR_MCP_INVALID_TOOL',
  'ERR_MCP_INVALID_STRUCTURED_CONTENT',
  'ERR_MCP_INVALID_URI',
  'ERR_MCP_RESOURCE_NOT_FOUND',
  'ERR_MCP_TASK_UNSUPPORTED',
  'ERR_MCP_TASK_REQUIRED',
  'ERR_MCP_TASK_NOT_FOUND',
  'ERR_MCP_TASK_CANCELLED',
  'ERR_MCP_TASK_INPUT_REQUIRED',
  'ERR_MCP_STORED_TASK',
  'ERR_MCP_INPUT_REQUIRED',
  'ERR_MCP_STORED_QUESTION',
  'ERR_MCP_MISSING_CAPABILITY',
  'ERR_MCP_MIDDLEWARE',
  'ERR_MCP_LIMIT',
  'ERR_MCP_NETWORK',
  'ERR_MCP_HTTP_STATUS',
  'ERR_MCP_HTTP_CONTENT_TYPE',
  'ERR_MCP_HTTP_REDIRECT',
  'ERR_MCP_HTTP_HEADER',
  'ERR_MCP_BODY_TRUNCATED',
  'ERR_MCP_EMPTY_RESPONSE',
  'ERR_MCP_STREAM_LOST',
  'ERR_MCP_STALE_RESULT',
  'ERR_MCP_LEGACY_SSE_ENDPOINT',
  'ERR_MCP_SESSION_LOST',
  'ERR_MCP_SESSION_RECORD',
  'ERR_MCP_SESSION_STORE',
  'ERR_MCP_INVALID_SCHEMA',
  'ERR_MCP_REDIS_CONNECTION',
  'ERR_MCP_REDIS_TIMEOUT',
  'ERR_MCP_REDIS_REPLY',
  'ERR_MCP_REDIS_AUTH',
  'ERR_MCP_REDIS_PROTOCOL',
  'ERR_MCP_AUTH_REQUIRED',
  'ERR_MCP_AUTH_ENDPOINT',
  'ERR_MCP_AUTH_NETWORK',
  'ERR_MCP_AUTH_DISCOVERY',
  'ERR_MCP_AUTH_RESOURCE',
  'ERR_MCP_AUTH_ISSUER',
  'ERR_MCP_AUTH_PKCE',
  'ERR_MCP_AUTH_REGISTRATION',
  'ERR_MCP_AUTH_RESPONSE',
  'ERR_MCP_AUTH_DENIED',
  'ERR_MCP_AUTH_TOKEN',
  'ERR_MCP_AUTH_REFUSED',
  'ERR_MCP_AUTH_SCOPE',
  'ERR_MCP_AUTH_DPOP',
  'ERR_MCP_AUTH_STORE',
] as const;
Object.freeze(ERROR_CODES);

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * What is known of a failed request's delivery: `unsent`, it never left this process; `unknown`, the peer may or
 * may not have acted on it; `answered`, the peer answered it.
 */
export type Delivery = 'unsent' | 'unknown' | 'answered';

/** Facts about an error, for programs: plain values, never a body, never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What an {@link MCPError} is made with beside its message. */
export interface MCPErrorOptions {
  readonly details?: ErrorDetails | undefined;
  readonly cause?: unknown;
  readonly delivery?: Delivery | undefined;
}

const NO_DETAILS: ErrorDetails = Object.freeze({});
const BRAND = Symbol.for('barewire.error');

/**
 * The root of every error this library makes by itself. Wrong arguments are `TypeError` or `RangeError`; an aborted
 * call rejects with its signal's own reason.
 */
export class MCPError extends Error {
  override name = 'MCPError';
  /** What happened; stable across versions. */
  readonly code: ErrorCode;
  /** Facts for programs. */
  readonly details: ErrorDetails;
  /** For a failed request, what is known of its delivery; absent where no request is meant. */
  readonly delivery: Delivery | undefined;

  constructor(code: ErrorCode, message: string, options: MCPErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? NO_DETAILS;
    this.delivery = options.delivery;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** The road: no connection, or one that was refused, lost or closed. */
export class ConnectionError extends MCPError {
  override name = 'ConnectionError';
}

/** A deadline passed before the peer answered. */
export class RequestTimeoutError extends MCPError {
  override name = 'RequestTimeoutError';
}

/** The peer broke the protocol. */
export class PeerProtocolError extends MCPError {
  override name = 'PeerProtocolError';
}

/** Nobody let this client in: no token could be had, or the one it has is refused. Says nothing of what a server wrote before that server was proven. */
export class AuthorizationError extends MCPError {
  override name = 'AuthorizationError';
}

/** What you asked for is not there, or not valid: an unknown tool, a missing argument, an unknown uri. */
export class InvalidValueError extends MCPError {
  override name = 'InvalidValueError';
}

/** The store of sessions failed; calls go on without it. */
export class SessionStoreError extends MCPError {
  override name = 'SessionStoreError';
}

/** Redis: the road to it, what it answered, or what it sent that is no reply. Never fails a call: sessions go on without their store. */
export class RedisError extends MCPError {
  override name = 'RedisError';
}

/** A named limit of `docs/limits.md` was reached; `details.limit` names it. */
export class LimitError extends MCPError {
  override name = 'LimitError';

  constructor(limit: string, message: string, options: MCPErrorOptions = {}) {
    super('ERR_MCP_LIMIT', message, { ...options, details: { ...options.details, limit } });
  }
}

/** The peer's own answer to a request: a JSON-RPC error object. Source: JSON-RPC 2.0 section 5.1. */
export class RPCError extends MCPError {
  override name = 'RPCError';
  /** The `code` member of the error object. */
  readonly rpcCode: number;
  /** The `data` member of the error object, as it came; hostile, like everything a peer sends. */
  readonly data: unknown;

  constructor(rpcCode: number, message: string, data?: unknown, options: MCPErrorOptions = {}) {
    super('ERR_MCP_RPC', message, { delivery: 'answered', ...options, details: { ...options.details, rpcCode } });
    this.rpcCode = rpcCode;
    this.data = data;
    // What a peer sends is there for a program that asks, and not printed with every stack trace.
    Object.defineProperty(this, 'data', { enumerable: false });
  }
}

/** Whether `value` is an error of this library, whichever copy of it in the process made it. */
export function isMCPError(value: unknown): value is MCPError {
  return value instanceof Error && BRAND in value;
}

/**
 * The same failure as `error`, as one request saw it: class, code, message and details as they were, a stack and a delivery
 * of its own, the original as cause. What differs from request to request is not written into what they share. Only for the
 * classes that can end a connection.
 */
export function forRequest(error: MCPError, delivery: Delivery): MCPError {
  const options = { details: error.details, cause: error, delivery };
  if (error instanceof ConnectionError) return new ConnectionError(error.code, error.message, options);
  if (error instanceof PeerProtocolError) return new PeerProtocolError(error.code, error.message, options);
  if (error instanceof RequestTimeoutError) return new RequestTimeoutError(error.code, error.message, options);
  if (error instanceof LimitError) return new LimitError(String(error.details['limit']), error.message, options);
  return new MCPError(error.code, error.message, options);
}
