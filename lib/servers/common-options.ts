/** The options that every kind of server has, read once. */

import type { Clock } from '../base/clock.ts';
import { isObject } from '../base/json.ts';
import type { LimitOptions, Limits } from '../base/limits.ts';
import { LOG_LEVELS } from '../base/log.ts';
import type { LogLevel, Logger } from '../base/log.ts';
import { describe, durationMs, flag, functionOption, oneOf, text } from '../base/options.ts';
import { resolveLimits } from '../base/resolve-limits.ts';
import { quote } from '../base/text.ts';
import type { Offer } from '../connection/negotiation.ts';
import { resolveExtensions } from '../features/extension.ts';
import type { Extension, ResolvedExtension } from '../features/extension.ts';
import { resolveHandlers } from '../features/handlers.ts';
import type { Handlers, ResolvedHandlers } from '../features/handlers.ts';
import type { ArgumentChecks } from '../features/tools.ts';
import type { TraceContextHook } from '../features/trace-context.ts';
import { SERVER_LOG_LEVELS } from '../protocol/types/logging.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import { PROTOCOL_VERSIONS } from '../protocol/versions.ts';
import type { ProtocolVersion } from '../protocol/versions.ts';
import { readCacheOptions } from './cache-options.ts';
import type { CacheOptions, ResolvedCacheOptions } from './cache-options.ts';
import { CLIENT_INFO } from './client-info.ts';
import { checkVerdict } from './server-verdict.ts';
import type { ServerVerdict } from './server-verdict.ts';

/** What a server of any kind is made with. */
export interface CommonServerOptions {
  /** How the host calls the server, in messages and logs. */
  readonly serverName: string;
  /** How long `cleanup()` may take, milliseconds. Default: 5 000. */
  readonly shutdownTimeoutMs?: number | undefined;
  /** What the logger hears: this level and above. Default: `INFO`. */
  readonly logLevel?: LogLevel | undefined;
  /** Hears what the library has to say. Default: nobody. */
  readonly logger?: Logger | undefined;
  /** The pause before the first further try, milliseconds; 1.6 times as long each time, ± 20 %. Default: 1 000. */
  readonly retryDelayMs?: number | undefined;
  /** The revisions to agree on, in order of preference. Default: all, newest first. */
  readonly protocolVersions?: readonly string[] | undefined;
  /**
   * What another handle found out of the server, its `verdict`: a server of its era is what this one is taken for at first. Where that does not
   * hold any more, it is found out anew. Default: nothing is known. Source: 2026-07-28, basic, "Versioning and Compatibility".
   */
  readonly prior?: ServerVerdict | undefined;
  /** Who the client says it is. Default: this library. */
  readonly clientInfo?: Implementation | undefined;
  /**
   * Whether `clientInfo` goes out with every request to a modern server. Default: true. The handshake with a legacy server always has it.
   * Source: 2026-07-28, basic, "_meta".
   */
  readonly sendClientInfo?: boolean | undefined;
  /**
   * What is refused before a call is sent. `true`: unknown tools and missing required arguments; `'schema'`: besides, arguments that the tool's
   * `inputSchema` does not take; `false`: nothing. Anything but `false` asks for the list of tools at the first call. Default: true.
   */
  readonly checkArguments?: ArgumentChecks | undefined;
  /**
   * Whether `structuredContent` is checked against the tool's `outputSchema`. The tool has to be known: by `listTools()`, or by
   * `checkArguments`; nothing is asked for to check a result. Default: true.
   */
  readonly checkResults?: boolean | undefined;
  /**
   * Whether a list that the server says has changed is asked for again by itself: tools, where they were listed or checked on this connection; tools,
   * prompts and resources, where somebody listens for the event and the host listed them while it did. Default: true.
   */
  readonly refreshLists?: boolean | undefined;
  /**
   * Whether lists and resources that the server lets be used again for a while are kept for so long, in memory, and not asked for again; an object
   * says how. Servers before 2026-07-28 have no such results. Default: true.
   */
  readonly cache?: boolean | CacheOptions | undefined;
  /** Answers what the server asks of the host. Default: nothing is answered, and nothing declared. */
  readonly handlers?: Handlers | undefined;
  /** What the host knows beyond the protocol; see `docs/extensions.md`. Default: none. */
  readonly extensions?: readonly Extension[] | undefined;
  /**
   * Whether tasks of the extension io.modelcontextprotocol/tasks are taken from servers that declare it: to those, and to nobody else, it is declared. Tasks of
   * 2025-11-25 do not ask for it. Default: true.
   */
  readonly tasksExtension?: boolean | undefined;
  /** Says for every request which trace it belongs to; it goes out in `_meta`, below what `options.meta` gives. Default: none. */
  readonly traceContext?: TraceContextHook | undefined;
  /**
   * The log messages that the server is asked for on every connection: of this level and above. Default: the server is asked for
   * nothing, and decides itself. A server that does not log is not asked; one that refuses is a `fault`. To a modern server every
   * request says it, unless its `meta` says another one; by default such a server sends no messages.
   */
  readonly serverLogLevel?: ServerLogLevel | undefined;
  /** Bounds to change; see `docs/limits.md`. */
  readonly limits?: LimitOptions | undefined;
  /** A source of time, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** The names of {@link CommonServerOptions}. */
export const COMMON_OPTION_NAMES: readonly (keyof CommonServerOptions)[] = [
  'serverName',
  'shutdownTimeoutMs',
  'logLevel',
  'logger',
  'retryDelayMs',
  'protocolVersions',
  'prior',
  'clientInfo',
  'sendClientInfo',
  'checkArguments',
  'checkResults',
  'refreshLists',
  'cache',
  'handlers',
  'extensions',
  'tasksExtension',
  'traceContext',
  'serverLogLevel',
  'limits',
  'clock',
];

/** {@link CommonServerOptions} with nothing left open. */
export interface ResolvedCommonOptions {
  readonly serverName: string;
  readonly shutdownTimeoutMs: number;
  readonly logLevel: LogLevel;
  readonly logger: Logger | undefined;
  readonly retryDelayMs: number;
  readonly offer: Omit<Offer, 'capabilities' | 'extensions'>;
  readonly prior: ServerVerdict | undefined;
  readonly checkArguments: ArgumentChecks;
  readonly checkResults: boolean;
  readonly refreshLists: boolean;
  readonly cache: ResolvedCacheOptions;
  readonly handlers: ResolvedHandlers;
  readonly extensions: readonly ResolvedExtension[];
  readonly tasksExtension: boolean;
  readonly traceContext: TraceContextHook | undefined;
  readonly serverLogLevel: ServerLogLevel | undefined;
  readonly limits: Limits;
  readonly clock: Clock | undefined;
}

/**
 * Reads what every kind of server has; keys that nobody knows are the caller's to refuse.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came.
 */
export function resolveCommonOptions(owner: string, options: CommonServerOptions): ResolvedCommonOptions {
  return {
    serverName: text('serverName', options.serverName),
    shutdownTimeoutMs: optional('shutdownTimeoutMs', options.shutdownTimeoutMs, 5_000, durationMs),
    logLevel: optional('logLevel', options.logLevel, 'INFO', (name, value) => oneOf(name, value, LOG_LEVELS)),
    logger: optional('logger', options.logger, undefined, objectOf<Logger>('an object with debug, info, warn, error')),
    retryDelayMs: optional('retryDelayMs', options.retryDelayMs, 1_000, durationOrZero),
    offer: {
      protocolVersions: readVersions(options.protocolVersions),
      clientInfo: readClientInfo(options.clientInfo),
      sendsClientInfo: optional('sendClientInfo', options.sendClientInfo, true, flag),
    },
    prior: optional('prior', options.prior, undefined, checkVerdict),
    checkArguments: optional('checkArguments', options.checkArguments, true, argumentChecks),
    checkResults: optional('checkResults', options.checkResults, true, flag),
    refreshLists: optional('refreshLists', options.refreshLists, true, flag),
    cache: readCacheOptions('cache', options.cache),
    handlers: resolveHandlers(options.handlers),
    extensions: optional('extensions', options.extensions, [], resolveExtensions),
    tasksExtension: optional('tasksExtension', options.tasksExtension, true, flag),
    traceContext: optional('traceContext', options.traceContext, undefined, (name, value) => functionOption(name, value as TraceContextHook)),
    serverLogLevel: optional('serverLogLevel', options.serverLogLevel, undefined, (name, value) => oneOf(name, value, SERVER_LOG_LEVELS)),
    limits: resolveLimits(owner, options.limits),
    clock: optional('clock', options.clock, undefined, objectOf<Clock>('a clock')),
  };
}

/** The value as `read` has it, or `otherwise` where it is left out. */
export function optional<T>(name: string, value: unknown, otherwise: T, read: (name: string, value: unknown) => T): T {
  return value === undefined ? otherwise : read(name, value);
}

/** A duration in milliseconds; 0 turns something off. */
export function durationOrZero(name: string, value: unknown): number {
  return durationMs(name, value, 0);
}

/** Reads an object whose members are the host's own business. */
export function objectOf<T>(expected: string): (name: string, value: unknown) => T {
  return (name, value) => {
    if (typeof value === 'object' && value !== null) return value as T;
    throw new TypeError(`${name} must be ${expected}; got ${describe(value)}`);
  };
}

function argumentChecks(name: string, value: unknown): ArgumentChecks {
  if (typeof value === 'boolean' || value === 'schema') return value;
  if (typeof value === 'string') throw new RangeError(`${name} must be true, false or "schema"; got ${quote(value)}`);
  throw new TypeError(`${name} must be true, false or "schema"; got ${describe(value)}`);
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
