/** The options of {@link StdioMCPServer}, read once. */

import type { Clock } from '../base/clock.ts';
import { isObject } from '../base/json.ts';
import type { LimitOptions } from '../base/limits.ts';
import { LOG_LEVELS } from '../base/log.ts';
import type { LogLevel, Logger } from '../base/log.ts';
import { checkKeys, count, describe, durationMs, flag, oneOf, text } from '../base/options.ts';
import { resolveLimits } from '../base/resolve-limits.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import { PROTOCOL_VERSIONS } from '../protocol/versions.ts';
import type { ProtocolVersion } from '../protocol/versions.ts';
import { childEnvironment } from '../transport/stdio/child-environment.ts';
import { checkArgv, splitCommandLine } from '../transport/stdio/command-line.ts';
import { CLIENT_INFO } from './client-info.ts';
import type { ConnectedServerOptions } from './connected-server.ts';

/** A command: one text that is split as a POSIX shell splits words, or the program and its arguments. */
export type Command = string | readonly string[];

/** What a {@link StdioMCPServer} is made with. */
export interface StdioMCPServerOptions {
  /** How the host calls the server, in messages and logs. */
  readonly serverName: string;
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
  /** How long `cleanup()` may take, milliseconds; a child that is still there then is killed. Default: 5 000. */
  readonly shutdownTimeoutMs?: number | undefined;
  /** What the logger hears: this level and above. Default: `INFO`. */
  readonly logLevel?: LogLevel | undefined;
  /** How long the connection may be idle before the server is asked whether it is there, milliseconds; 0: never. Default: 5 000. */
  readonly healthCheckIntervalMs?: number | undefined;
  /** A child that exits within it is a failed start and reported at once: another try would end the same way. Milliseconds. Default: 100. */
  readonly processStartupDelayMs?: number | undefined;
  /** How often a failed start is tried again, where that can help. Default: 3. */
  readonly maxConnectionRetries?: number | undefined;
  /** The pause before the first further try, milliseconds; 1.6 times as long each time, ± 20 %. Default: 1 000. */
  readonly retryDelayMs?: number | undefined;
  /** Whether a server that ends while it is in use is started again. Requests in flight are not sent again. Default: `on-crash`. */
  readonly restart?: 'on-crash' | 'never' | undefined;
  /** The revisions to agree on, in order of preference. Default: all, newest first. */
  readonly protocolVersions?: readonly string[] | undefined;
  /** Who the client says it is. Default: this library. */
  readonly clientInfo?: Implementation | undefined;
  /** Whether unknown tools and missing required arguments are refused before a call is sent. Default: true. */
  readonly checkArguments?: boolean | undefined;
  /** Hears what the library has to say. Default: nobody. */
  readonly logger?: Logger | undefined;
  /** Bounds to change; see `docs/limits.md`. */
  readonly limits?: LimitOptions | undefined;
  /** A source of time, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined;
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
const OWNER = 'StdioMCPServer';
const OPTION_NAMES: readonly (keyof StdioMCPServerOptions)[] = [
  'serverName',
  'command',
  'serverEnv',
  'workingDir',
  'requestTimeoutMs',
  'startupTimeoutMs',
  'shutdownTimeoutMs',
  'logLevel',
  'healthCheckIntervalMs',
  'processStartupDelayMs',
  'maxConnectionRetries',
  'retryDelayMs',
  'restart',
  'protocolVersions',
  'clientInfo',
  'checkArguments',
  'logger',
  'limits',
  'clock',
];

/**
 * Reads the options.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came.
 */
export function resolveStdioOptions(options: StdioMCPServerOptions): ResolvedStdioOptions {
  checkKeys(OWNER, options, OPTION_NAMES);
  const limits = resolveLimits(OWNER, options.limits);
  const shutdownTimeoutMs = optional('shutdownTimeoutMs', options.shutdownTimeoutMs, 5_000, durationMs);
  return Object.freeze({
    serverName: text('serverName', options.serverName),
    argv: readCommand(options.command),
    serverEnv: readEnvironment(options.serverEnv),
    workingDir: options.workingDir === undefined ? undefined : text('workingDir', options.workingDir),
    requestTimeoutMs: optional('requestTimeoutMs', options.requestTimeoutMs, 30_000, durationMs),
    startupTimeoutMs: optional('startupTimeoutMs', options.startupTimeoutMs, 10_000, durationMs),
    shutdownTimeoutMs,
    healthCheckIntervalMs: optional('healthCheckIntervalMs', options.healthCheckIntervalMs, 5_000, durationOrZero),
    processStartupDelayMs: optional('processStartupDelayMs', options.processStartupDelayMs, 100, durationOrZero),
    maxConnectionRetries: optional('maxConnectionRetries', options.maxConnectionRetries, 3, count),
    retryDelayMs: optional('retryDelayMs', options.retryDelayMs, 1_000, durationOrZero),
    restart: optional('restart', options.restart, 'on-crash', (name, value) => oneOf(name, value, RESTARTS)),
    checkArguments: optional('checkArguments', options.checkArguments, true, flag),
    logLevel: optional('logLevel', options.logLevel, 'INFO', (name, value) => oneOf(name, value, LOG_LEVELS)),
    logger: optional('logger', options.logger, undefined, objectOf<Logger>('an object with debug, info, warn, error')),
    clock: optional('clock', options.clock, undefined, objectOf<Clock>('a clock')),
    limits: gracesWithin(limits, shutdownTimeoutMs),
    offer: {
      protocolVersions: readVersions(options.protocolVersions),
      clientInfo: readClientInfo(options.clientInfo),
      capabilities: {},
    },
  });
}

function optional<T>(name: string, value: unknown, otherwise: T, read: (name: string, value: unknown) => T): T {
  return value === undefined ? otherwise : read(name, value);
}

const durationOrZero = (name: string, value: unknown): number => durationMs(name, value, 0);

function objectOf<T>(expected: string): (name: string, value: unknown) => T {
  return (name, value) => {
    if (typeof value === 'object' && value !== null) return value as T;
    throw new TypeError(`${name} must be ${expected}; got ${describe(value)}`);
  };
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

function readVersions(versions: unknown): readonly ProtocolVersion[] {
  if (versions === undefined) return PROTOCOL_VERSIONS;
  if (!Array.isArray(versions) || versions.length === 0) throw new TypeError(`protocolVersions must be an array of at least one version; got ${describe(versions)}`);
  return Object.freeze(versions.map((version, index) => oneOf(`protocolVersions[${index}]`, version, PROTOCOL_VERSIONS)));
}

function readClientInfo(info: unknown): Implementation {
  if (info === undefined) return CLIENT_INFO;
  if (!isObject(info)) throw new TypeError(`clientInfo must be an object; got ${describe(info)}`);
  text('clientInfo.name', info['name']);
  text('clientInfo.version', info['version']);
  return Object.freeze(structuredClone(info)) as unknown as Implementation;
}

/** The stop ladder has to fit into `shutdownTimeoutMs`: two rungs, and time to see the child gone. */
function gracesWithin(limits: ReturnType<typeof resolveLimits>, shutdownTimeoutMs: number): ReturnType<typeof resolveLimits> {
  const most = shutdownTimeoutMs * 0.4;
  if (limits.stdinGraceMs <= most && limits.terminateGraceMs <= most) return limits;
  return Object.freeze({
    ...limits,
    stdinGraceMs: Math.min(limits.stdinGraceMs, most),
    terminateGraceMs: Math.min(limits.terminateGraceMs, most),
  });
}
