import { isMCPError } from '../index.ts';
import type { ErrorCode } from '../index.ts';

/** What the program's exit code says. A signal adds 128 + its number, as a shell does: 130 for Ctrl-C. */
export const EXIT_CODES = {
  /** It worked. */
  ok: 0,
  /** What was asked for is wrong: an option, an argument, a name that the server does not have, a file. */
  usage: 1,
  /** The server, or Redis, wants an authorization that is not there. */
  authorization: 3,
  /** No server, no longer one, or none that answered in time; for the sessions in Redis: no Redis. */
  unreachable: 4,
  /** The server answered, and the answer is an error or cannot be used. */
  toolError: 5,
} as const;

/** One of {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

// By the error's name: the class says who is to blame, and that is what an exit code tells.
const BY_NAME: ReadonlyMap<string, ExitCode> = new Map([
  ['TypeError', EXIT_CODES.usage],
  ['RangeError', EXIT_CODES.usage],
  ['InvalidValueError', EXIT_CODES.usage],
  ['AuthorizationError', EXIT_CODES.authorization],
  ['ConnectionError', EXIT_CODES.unreachable],
  ['RedisError', EXIT_CODES.unreachable],
  ['SessionStoreError', EXIT_CODES.unreachable],
  ['RequestTimeoutError', EXIT_CODES.unreachable],
  ['RPCError', EXIT_CODES.toolError],
  ['URLElicitationRequiredError', EXIT_CODES.toolError],
  ['PeerProtocolError', EXIT_CODES.toolError],
  ['LimitError', EXIT_CODES.toolError],
  ['MCPError', EXIT_CODES.toolError],
]);

// Where one class has several to blame.
const BY_CODE: ReadonlyMap<string, ExitCode> = new Map<ErrorCode, ExitCode>([
  ['ERR_MCP_REDIS_AUTH', EXIT_CODES.authorization],
  ['ERR_MCP_REDIS_REPLY', EXIT_CODES.toolError],
  ['ERR_MCP_REDIS_PROTOCOL', EXIT_CODES.toolError],
  ['ERR_MCP_SESSION_RECORD', EXIT_CODES.toolError],
]);

/** The status with which a server refused a request, where that is what `error` says. */
export function statusOf(error: unknown): number | undefined {
  if (!isMCPError(error) || error.code !== 'ERR_MCP_HTTP_STATUS') return undefined;
  const { status } = error.details;
  return typeof status === 'number' ? status : undefined;
}

/** The exit code for an error of the library; one that is not known counts as {@link EXIT_CODES.usage}. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof Error)) return EXIT_CODES.usage;
  // RFC 9110 sections 15.5.2 and 15.5.4: no credentials, or not enough of them.
  if ([401, 403].includes(statusOf(error) ?? 0)) return EXIT_CODES.authorization;
  return (isMCPError(error) ? BY_CODE.get(error.code) : undefined) ?? BY_NAME.get(error.name) ?? EXIT_CODES.usage;
}
