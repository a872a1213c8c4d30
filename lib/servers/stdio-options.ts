/** The options of {@link StdioMCPServer}, read once. */

import { isObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { checkKeys, count, describe, durationMs, oneOf, text } from '../base/options.ts';
import { childEnvironment } from '../transport/stdio/child-environment.ts';
import { checkArgv, splitCommandLine } from '../transport/stdio/command-line.ts';
import { COMMON_OPTION_NAMES, durationOrZero, optional, resolveCommonOptions } from './common-options.ts';
import type { CommonServerOptions } from './common-options.ts';
import type { ConnectedServerOptions } from './server-parts.ts';

/** A command: one text that is split as a POSIX shell splits words, or the program and its arguments. */
export type Command = string | readonly string[];

/** What a {@link StdioMCPServer} is made with. */
export interface StdioMCPServerOptions extends CommonServerOptions {
  /** What to start. No shell is used. A function is asked before every start. */
  readonly command: Command | (() => Command | Promise<Command>);
  /** Variables of the child's environment, on top of the few that every program needs. Default: none. */
  readonly serverEnv?: Readonly<Record<string, string>> | undefined;
  /** The child's working directory. Default: the host's. */
  readonly workingDir?: string | undefined;
  /** How long a request waits for its answer, milliseconds. Default: 30 000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long one start may take, from the command to the end of the handshake, milliseconds. Default: 10 000. */
  readonly startupTimeoutMs?: number | undefined;
  /** How long the connection may be idle before the server is asked whether it is there, milliseconds; 0: never. Default: 5 000. */
  readonly healthCheckIntervalMs?: number | undefined;
  /** A child that exits within it is a failed start and reported at once: another try would end the same way. Milliseconds. Default: 100. */
  readonly processStartupDelayMs?: number | undefined;
  /** How often a failed start is tried again, where that can help. Default: 3. */
  readonly maxConnectionRetries?: number | undefined;
  /** Whether a server that ends while it is in use is started again. Requests in flight are not sent again. Default: `on-crash`. */
  readonly restart?: 'on-crash' | 'never' | undefined;
}

/** {@link StdioMCPServerOptions} with nothing left open. */
export interface ResolvedStdioOptions extends ConnectedServerOptions {
  /** The program and its arguments, asked for anew before every start. */
  readonly argv: () => Promise<readonly string[]>;
  /** The variables on top of the inherited ones. */
  readonly serverEnv: Readonly<Record<string, string>>;
  readonly workingDir: string | undefined;
  readonly processStartupDelayMs: number;
}

const RESTARTS = ['on-crash', 'never'] as const;
const STDIO_OWNER = 'StdioMCPServer';
const STDIO_OPTION_NAMES: readonly string[] = [
  ...COMMON_OPTION_NAMES,
  'command',
  'serverEnv',
  'workingDir',
  'requestTimeoutMs',
  'startupTimeoutMs',
  'healthCheckIntervalMs',
  'processStartupDelayMs',
  'maxConnectionRetries',
  'restart',
];

/**
 * Reads the options.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came.
 */
export function resolveStdioOptions(options: StdioMCPServerOptions): ResolvedStdioOptions {
  checkKeys(STDIO_OWNER, options, STDIO_OPTION_NAMES);
  const common = resolveCommonOptions(STDIO_OWNER, options);
  return Object.freeze({
    ...common,
    limits: gracesWithin(common.limits, common.shutdownTimeoutMs),
    argv: readCommand(options.command),
    serverEnv: readEnvironment(options.serverEnv),
    workingDir: options.workingDir === undefined ? undefined : text('workingDir', options.workingDir),
    requestTimeoutMs: optional('requestTimeoutMs', options.requestTimeoutMs, 30_000, durationMs),
    startupTimeoutMs: optional('startupTimeoutMs', options.startupTimeoutMs, 10_000, durationMs),
    healthCheckIntervalMs: optional('healthCheckIntervalMs', options.healthCheckIntervalMs, 5_000, durationOrZero),
    processStartupDelayMs: optional('processStartupDelayMs', options.processStartupDelayMs, 100, durationOrZero),
    maxConnectionRetries: optional('maxConnectionRetries', options.maxConnectionRetries, 3, count),
    restart: optional('restart', options.restart, 'on-crash', (name, value) => oneOf(name, value, RESTARTS)),
    maxRequestRetries: 0,
  });
}

function readCommand(command: unknown): () => Promise<readonly string[]> {
  if (typeof command === 'function') return async () => readArgv(await (command as () => unknown)());
  const argv = readArgv(command);
  return () => Promise.resolve(argv);
}

function readArgv(command: unknown): readonly string[] {
  if (typeof command === 'string') return splitCommandLine(command);
  if (Array.isArray(command)) return Object.freeze([...checkArgv(command)]);
  throw new TypeError(`command must be a string, an array of strings, or a function that gives one; got ${describe(command)}`);
}

function readEnvironment(serverEnv: unknown): Readonly<Record<string, string>> {
  if (serverEnv === undefined) return {};
  if (!isObject(serverEnv)) throw new TypeError(`serverEnv must be an object of strings; got ${describe(serverEnv)}`);
  // Checked here, at the door; put together with the host's own variables at each start, by the platform's rules.
  return Object.freeze(childEnvironment({}, serverEnv as Record<string, string>, 'any'));
}

/** The stop ladder has to fit into `shutdownTimeoutMs`: two rungs, and time to see the child gone. */
function gracesWithin(limits: Limits, shutdownTimeoutMs: number): Limits {
  const most = shutdownTimeoutMs * 0.4;
  if (limits.stdinGraceMs <= most && limits.terminateGraceMs <= most) return limits;
  return Object.freeze({
    ...limits,
    stdinGraceMs: Math.min(limits.stdinGraceMs, most),
    terminateGraceMs: Math.min(limits.terminateGraceMs, most),
  });
}
