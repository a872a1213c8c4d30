/** The options of {@link StreamableHTTPMCPServer}, read once. */

import { HoldableClock } from '../base/holdable-clock.ts';
import { isObject } from '../base/json.ts';
import { systemClock } from '../base/clock.ts';
import { functionOption, checkKeys, count, describe, durationMs, flag, text } from '../base/options.ts';
import type { MirrorPolicy } from '../features/param-mirrors.ts';
import type { Authorization } from '../http/authorizer.ts';
import { endpointURL, resolveServerURL } from '../http/endpoint.ts';
import type { Fetch } from '../http/fetch-port.ts';
import { checkUserHeaders } from '../http/header-value.ts';
import { InMemorySessionManager } from '../session/in-memory-session-manager.ts';
import { SessionManager } from '../session/session-manager.ts';
import type { UserHeaders } from '../transport/http/http-client.ts';
import { platformFetch } from '../transport/http/platform-fetch.ts';
import { COMMON_OPTION_NAMES, durationOrZero, optional, resolveCommonOptions } from './common-options.ts';
import type { CommonServerOptions } from './common-options.ts';
import type { ConnectedServerOptions } from './server-parts.ts';

/** How many sockets there may be. */
export interface ConnectionPoolLimits {
  /** Exchanges at once; further ones wait in line. Default: 256. */
  readonly maxConnections?: number | undefined;
  /** The same for one host, which a server is. Default: 256. */
  readonly maxConnectionsPerHost?: number | undefined;
}

/** What a {@link StreamableHTTPMCPServer} is made with. */
export interface StreamableHTTPMCPServerOptions extends CommonServerOptions {
  /** An absolute http or https URL without user name, password and fragment. */
  readonly serverUrl: string | URL;
  /**
   * Where messages go, resolved against `serverUrl`; a function is asked before every connection. Default: the path of `serverUrl`
   * exactly as written, or `/mcp/` where it has none. With a slash at its end and without, the other form is tried too.
   */
  readonly mcpEndpoint?: string | (() => string | Promise<string>) | undefined;
  /** Headers of every request, or a function that is asked for them before each. Default: none. */
  readonly headers?: UserHeaders | undefined;
  /**
   * How requests are let in: `createOAuth`, or `bearerToken` for hosts with a token of their own. While a human signs in the deadlines of this server's requests
   * stand. Default: none; a server that asks for it answers 401, which is an error.
   */
  readonly authorization?: Authorization | undefined;
  /** How long a request waits for its answer, milliseconds. Default: 100 000. */
  readonly timeoutMs?: number | undefined;
  /**
   * How long the stream of an answer may be silent, heartbeats included, before it counts as broken, milliseconds. A stream of changes may be
   * silent for ever. Default: no such bound.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** How long one attempt to connect may take, milliseconds. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Where the session is kept, to be taken up by another handle. Default: a manager of this handle's own. */
  readonly sessionManager?: SessionManager | undefined;
  /** Who is asking, in place of `headers`: where they do not tell, or change while the asker stays the same. */
  readonly sessionKey?: string | undefined;
  /**
   * Whether `cleanup()` ends the session on the server, when no other handle uses it. Default: true with a session manager of the handle's own;
   * else false, so that the next handle takes it up. Of handles in several processes only a manager that they share can tell.
   */
  readonly endSessionOnCleanup?: boolean | undefined;
  /** How often a connection or request that failed is tried again, where that can help and do no harm. Default: 3. */
  readonly maxRetries?: number | undefined;
  /** Default: 256 exchanges at once. Streams for what the server sends by itself are not counted. */
  readonly connectionPoolLimits?: ConnectionPoolLimits | undefined;
  /** Whether the stream for what the server sends by itself is opened; on a modern server: for listeners of lists. Default: true. */
  readonly listen?: boolean | undefined;
  /** Whether the old HTTP+SSE transport of 2024-11-05 is tried where there is no Streamable HTTP. Default: true. */
  readonly legacySSE?: boolean | undefined;
  /**
   * Whether arguments that a tool of the server marks with `x-mcp-header` go out as headers too, where everything between here and the server can
   * read them; a function is asked for each, when the list of tools comes. `parameter` is its name, or the names that lead to it joined with
   * dots; `header` the whole name, such as `Mcp-Param-Region`. A server may refuse calls that lack one. From 2026-07-28 on. Default: true.
   */
  readonly mirrorParameters?: MirrorPolicy | undefined;
  /** Sends the requests. Default: the platform's `fetch`, whichever it is at the moment; see `createNodeFetch`. */
  readonly fetch?: Fetch | undefined;
  /** How long the connection may be idle before the server is asked whether it is there, milliseconds; 0: never. Default: 0. */
  readonly healthCheckIntervalMs?: number | undefined;
}

/** {@link StreamableHTTPMCPServerOptions} with nothing left open. */
export interface ResolvedHTTPOptions extends ConnectedServerOptions {
  /** The URL of the endpoint, asked for anew before every connection. */
  readonly endpoint: () => Promise<string>;
  readonly headers: UserHeaders;
  readonly authorization: Authorization | undefined;
  /** The clock of all deadlines, which stands while a human signs in; where nobody does, `clock` is all there is. */
  readonly holdable: HoldableClock | undefined;
  readonly sessionManager: SessionManager;
  readonly sessionKey: string | undefined;
  readonly hasOwnManager: boolean;
  readonly endSessionOnCleanup: boolean;
  readonly idleTimeoutMs: number | undefined;
  readonly maxExchanges: number;
  readonly listens: boolean;
  readonly legacySSE: boolean;
  readonly fetch: Fetch;
}

const HTTP_OWNER = 'StreamableHTTPMCPServer';
const HTTP_OPTION_NAMES: readonly string[] = [
  ...COMMON_OPTION_NAMES,
  'serverUrl',
  'mcpEndpoint',
  'headers',
  'authorization',
  'timeoutMs',
  'idleTimeoutMs',
  'connectTimeoutMs',
  'sessionManager',
  'sessionKey',
  'endSessionOnCleanup',
  'maxRetries',
  'connectionPoolLimits',
  'listen',
  'legacySSE',
  'mirrorParameters',
  'fetch',
  'healthCheckIntervalMs',
];
const DEFAULT_EXCHANGES = 256;

/**
 * Reads the options.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came.
 */
export function resolveHTTPOptions(options: StreamableHTTPMCPServerOptions): ResolvedHTTPOptions {
  checkKeys(HTTP_OWNER, options, HTTP_OPTION_NAMES);
  const common = resolveCommonOptions(HTTP_OWNER, options);
  const hasOwnManager = options.sessionManager === undefined;
  const authorization = optional('authorization', options.authorization, undefined, authorizationOption);
  const holdable = authorization === undefined ? undefined : new HoldableClock(common.clock ?? systemClock);
  const maxRetries = optional('maxRetries', options.maxRetries, 3, count);
  return Object.freeze({
    ...common,
    clock: holdable ?? common.clock,
    authorization,
    holdable,
    endpoint: readEndpoint(resolveServerURL(options.serverUrl), options.mcpEndpoint),
    headers: readHeaders(options.headers),
    requestTimeoutMs: optional('timeoutMs', options.timeoutMs, 100_000, durationMs),
    startupTimeoutMs: optional('connectTimeoutMs', options.connectTimeoutMs, 10_000, durationMs),
    idleTimeoutMs: optional('idleTimeoutMs', options.idleTimeoutMs, undefined, durationMs),
    sessionManager: readManager(options.sessionManager),
    sessionKey: optional('sessionKey', options.sessionKey, undefined, text),
    hasOwnManager,
    endSessionOnCleanup: optional('endSessionOnCleanup', options.endSessionOnCleanup, hasOwnManager, flag),
    maxConnectionRetries: maxRetries,
    maxRequestRetries: maxRetries,
    restart: 'on-crash' as const,
    maxExchanges: readPool(options.connectionPoolLimits),
    listens: optional('listen', options.listen, true, flag),
    legacySSE: optional('legacySSE', options.legacySSE, true, flag),
    mirrorParameters: optional('mirrorParameters', options.mirrorParameters, true, mirrorPolicy),
    fetch: options.fetch === undefined ? platformFetch : functionOption('fetch', options.fetch as Fetch),
    healthCheckIntervalMs: optional('healthCheckIntervalMs', options.healthCheckIntervalMs, 0, durationOrZero),
  });
}

function readEndpoint(base: URL, mcpEndpoint: unknown): () => Promise<string> {
  if (typeof mcpEndpoint === 'function') return async () => endpointURL(base, (await (mcpEndpoint as () => unknown)()) as string);
  const url = endpointURL(base, mcpEndpoint as string | undefined);
  return () => Promise.resolve(url);
}

function readHeaders(headers: unknown): UserHeaders {
  if (headers === undefined) return Object.freeze({});
  if (typeof headers === 'function') return headers as UserHeaders;
  return Object.freeze(checkUserHeaders(headers));
}

function authorizationOption(name: string, value: unknown): Authorization {
  if (isObject(value) && typeof value['authorizerFor'] === 'function') return value as unknown as Authorization;
  throw new TypeError(`${name} must be made by createOAuth or bearerToken; got ${describe(value)}`);
}

function mirrorPolicy(name: string, value: unknown): MirrorPolicy {
  if (typeof value === 'boolean' || typeof value === 'function') return value as MirrorPolicy;
  throw new TypeError(`${name} must be true, false or a function; got ${describe(value)}`);
}

function readManager(manager: unknown): SessionManager {
  if (manager === undefined) return new InMemorySessionManager();
  // By what it can do, not by its class: it may come from another copy of this library.
  const isManager = isObject(manager) && ['getSession', 'storeSession', 'deleteSession', 'close', 'withLock', 'compareAndStore', 'acquireLease', 'joinSession', 'leaveSession'].every((name) => typeof manager[name] === 'function');
  if (manager instanceof SessionManager || isManager) return manager as SessionManager;
  throw new TypeError(`sessionManager must be a SessionManager; got ${describe(manager)}`);
}

function readPool(limits: unknown): number {
  if (limits === undefined) return DEFAULT_EXCHANGES;
  checkKeys('connectionPoolLimits', limits, ['maxConnections', 'maxConnectionsPerHost']);
  const read = (name: string) => optional(`connectionPoolLimits.${name}`, limits[name], DEFAULT_EXCHANGES, (label, value) => count(label, value, 1));
  return Math.min(read('maxConnections'), read('maxConnectionsPerHost'));
}
