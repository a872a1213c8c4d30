/** An error as the last thing that is said: one line of JSON for programs, a readable line and a hint for people. */

import { isMCPError } from '../index.ts';
import type { ErrorCode, MCPError } from '../index.ts';
import { EXIT_CODES, exitCodeOf, statusOf } from './exit-codes.ts';
import { Failure, Interruption } from './failure.ts';
import { hideDeep } from './hide.ts';
import type { Hide } from './hide.ts';
import type { Paint } from './paint.ts';
import { printableBlock, printableJSON, printableLine } from './printable.ts';

/** What is known of an error, whoever made it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly hint: string | undefined;
  readonly exitCode: number;
}

/** By the library's code: what a person can do about it. */
const HINTS: ReadonlyMap<ErrorCode, string> = new Map<ErrorCode, string>([
  ['ERR_MCP_SPAWN_FAILED', 'the program is started directly, without a shell; its full path may help'],
  ['ERR_MCP_WORKING_DIR', 'does the folder of --cwd exist?'],
  ['ERR_MCP_PERMISSION_DENIED', 'may this program start others? see node --allow-child-process'],
  ['ERR_MCP_PROCESS_EXITED', 'run the server command by itself to see what it needs; --env NAME passes a variable on to it'],
  ['ERR_MCP_STDOUT_CLOSED', 'run the server command by itself to see what it does'],
  ['ERR_MCP_STDIN_CLOSED', 'run the server command by itself to see what it does'],
  ['ERR_MCP_CONNECT_TIMEOUT', 'is it an MCP server? --timeout gives it more time'],
  ['ERR_MCP_REQUEST_TIMEOUT', '--timeout gives it more time'],
  ['ERR_MCP_TOTAL_TIMEOUT', '--timeout gives it more time'],
  ['ERR_MCP_UNKNOWN_TOOL', 'the command tools lists what there is'],
  ['ERR_MCP_INVALID_ARGUMENTS', 'the commands tools and prompts list names and arguments'],
  ['ERR_MCP_RESOURCE_NOT_FOUND', 'the command resources lists what there is'],
  ['ERR_MCP_TASK_NOT_FOUND', 'the command tasks lists what there is'],
  ['ERR_MCP_TASK_UNSUPPORTED', 'without --task it is called as it is'],
  ['ERR_MCP_INVALID_URI', 'the command resources lists what there is'],
  ['ERR_MCP_UNSUPPORTED_METHOD', 'the command info says what it can do'],
  ['ERR_MCP_AUTH_REQUIRED', '--oauth signs you in, --token-env VARIABLE sends the token that the variable holds'],
  ['ERR_MCP_AUTH_DISCOVERY', 'it does not say where to sign in; --token-env VARIABLE sends a token that you have'],
  ['ERR_MCP_AUTH_REGISTRATION', 'register a client there, and give --client-id'],
  ['ERR_MCP_AUTH_RESPONSE', 'sign in once more'],
  ['ERR_MCP_NETWORK', 'is the server running, and is this its address?'],
  ['ERR_MCP_HTTP_CONTENT_TYPE', 'is this the address of its MCP endpoint?'],
  ['ERR_MCP_HTTP_REDIRECT', 'give the address that it redirects to, if you trust it'],
  ['ERR_MCP_REDIS_CONNECTION', 'is Redis running, and is this its address?'],
  ['ERR_MCP_REDIS_TIMEOUT', 'is it Redis that listens there?'],
  ['ERR_MCP_REDIS_PROTOCOL', 'is it Redis that listens there?'],
  ['ERR_MCP_REDIS_AUTH', 'user and password stand in the url: the variable BAREWIRE_REDIS_URL keeps them out of the history of the shell'],
  ['ERR_MCP_UNSUPPORTED_VERSION', 'leave --protocol out to let client and server agree'],
]);

/** By the status with which a server refused a request. */
const STATUS_HINTS: ReadonlyMap<number, string> = new Map([
  [401, 'it wants credentials: --oauth signs you in, --token-env VARIABLE sends the token that the variable holds'],
  [403, 'the credentials do not allow this, or there are none: --oauth signs you in, --token-env VARIABLE sends a token'],
  [404, 'is this the address of its MCP endpoint?'],
  [405, 'is this the address of its MCP endpoint?'],
]);

/** The message; of a network error also what is wrong with the variable of the proxy, which does not show what it holds. */
function messageOf({ code, message, cause }: MCPError): string {
  return code === 'ERR_MCP_NETWORK' && cause instanceof TypeError && /^HTTPS?_PROXY /.test(cause.message) ? `${message}: ${cause.message}` : message;
}

/** What there is to say about `error`, and the exit code. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Failure) {
    return { code: error.code, message: error.message, details: error.details, hint: error.hint, exitCode: error.exitCode };
  }
  if (error instanceof Interruption) {
    return { code: 'ERR_CLI_INTERRUPTED', message: error.message, details: undefined, hint: undefined, exitCode: error.exitCode };
  }
  if (isMCPError(error)) {
    const details = Object.keys(error.details).length === 0 ? undefined : error.details;
    const hint = STATUS_HINTS.get(statusOf(error) ?? 0) ?? HINTS.get(error.code);
    return { code: error.code, message: messageOf(error), details, hint, exitCode: exitCodeOf(error) };
  }
  const message = error instanceof Error ? error.message : String(error);
  // The library refuses options with these two, before anything is started.
  const isRefusal = error instanceof TypeError || error instanceof RangeError;
  return { code: isRefusal ? 'ERR_CLI_USAGE' : 'ERR_CLI_UNEXPECTED', message, details: undefined, hint: undefined, exitCode: EXIT_CODES.usage };
}

/** `problem` without the secrets in it. */
export function hideInProblem(problem: Problem, hide: Hide): Problem {
  return { ...problem, message: hide(problem.message), details: hideDeep(problem.details, hide) as Problem['details'] };
}

/** `{"error":{"code","message","details"?}}` on one line. */
export function renderProblemAsJSON({ code, message, details }: Problem): string {
  return printableJSON({ error: details === undefined ? { code, message } : { code, message, details } });
}

/** The message, its code, and the hint on a line of its own. */
export function renderProblem({ code, message, hint }: Problem, paint: Paint): string {
  const line = `${paint.bad('error:')} ${printableBlock(message)} ${paint.faint(`(${code})`)}`;
  return hint === undefined ? line : `${line}\n${paint.faint(`hint: ${printableLine(hint)}`)}`;
}
