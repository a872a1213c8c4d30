/** The way to a server over HTTP, with its session. */

import { orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectionError } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import type { Connection } from '../connection/connection.ts';
import type { Authorizer } from '../http/authorizer.ts';
import { otherSlash } from '../http/endpoint.ts';
import { checkUserHeaders } from '../http/header-value.ts';
import { capabilitiesText } from '../protocol/capabilities.ts';
import type { SessionOwner } from '../session/session-key.ts';
import { HTTPClient } from '../transport/http/http-client.ts';
import { HTTPTransport } from '../transport/http/http-transport.ts';
import type { HTTPWay } from '../transport/http/http-transport.ts';
import type { ListeningTurns } from '../transport/http/listening-turns.ts';
import { RequestSlots } from '../transport/http/request-slots.ts';
import type { FrameHeaders } from '../transport/transport.ts';
import type { NetworkFacts } from './diagnostics-attributes.ts';
import type { ResolvedHTTPOptions } from './http-options.ts';
import type { Road } from './lifecycle.ts';
import { SessionStore } from './session-store.ts';
import { StoredResults } from './stored-results.ts';
import { SharedListening } from './shared-listening.ts';

// What may pass: the server is being started, moved, or has too much to do.
const PASSING_STATUSES: ReadonlySet<unknown> = new Set([408, 425, 429, 500, 502, 503, 504]);
const PASSING_CODES: ReadonlySet<string> = new Set(['ERR_MCP_NETWORK', 'ERR_MCP_CONNECT_TIMEOUT', 'ERR_MCP_BODY_TRUNCATED', 'ERR_MCP_STREAM_LOST', 'ERR_MCP_SESSION_LOST']);

/** One server's endpoint. */
export class HTTPRoad implements Road {
  readonly recovers = 'on-demand' as const;
  readonly #options: ResolvedHTTPOptions;
  readonly #authorizer: Authorizer | undefined;
  readonly #client: HTTPClient;
  readonly #slots: RequestSlots;
  readonly #store: SessionStore;
  readonly #listens: boolean | ListeningTurns;
  #connection: Connection | undefined;
  /** Where that is the same for all requests: who asks. */
  readonly #asking: string | undefined;
  readonly results: StoredResults | undefined;
  #endpoint = '';
  #network: NetworkFacts = Object.freeze({ transport: 'tcp' });
  /** The way that worked, remembered for the endpoint it was found for. */
  #found: { readonly endpoint: string; readonly way: HTTPWay } | undefined;

  constructor(options: ResolvedHTTPOptions) {
    const { serverName: name, limits, clock: deadlines = systemClock, holdable, fetch, headers, idleTimeoutMs } = options;
    const clock = holdable?.inner ?? deadlines;
    const log = createLog(options.logger, options.logLevel);
    this.#options = options;
    this.#authorizer = options.authorization?.authorizerFor({ serverName: name, fetch, clock, limits, log, hold: () => holdable?.hold() ?? (() => {}) });
    this.#client = new HTTPClient({ name, limits, clock: deadlines, fetch, headers, idleTimeoutMs, authorizer: this.#authorizer });
    this.#slots = new RequestSlots(options.maxExchanges);
    const { sessionManager: manager } = options;
    if (typeof headers !== 'function' || options.sessionKey !== undefined) this.#asking = JSON.stringify(askerOf(options.sessionKey, headers as FrameHeaders, this.#authorizer));
    if (options.cache.shared && !options.hasOwnManager) this.results = new StoredResults({ name, manager: options.sessionManager, clock, limits, log, server: () => this.#asked() });
    this.#store = new SessionStore({ name, clock, log, manager, isShared: !options.hasOwnManager, offered: options.offer.protocolVersions });
    if (!options.listens) this.#listens = false;
    else this.#listens = options.hasOwnManager || new SharedListening({ name, clock, log, manager, store: this.#store, leaseMs: limits.streamLeaseMs });
  }

  /** The session of the connection that was opened last. */
  get sessionId(): string | undefined {
    return this.#connection?.sessionId;
  }

  asker(signal: AbortSignal | undefined): string | Promise<string> {
    return this.#asking ?? this.#asker(signal).then((asker) => JSON.stringify(asker));
  }

  async open(connection: Connection, signal: AbortSignal): Promise<void> {
    this.#connection = connection;
    const { sessionId, cause } = connection;
    const lostId = cause instanceof ConnectionError && cause.code === 'ERR_MCP_SESSION_LOST' ? sessionId : undefined;
    const endpoint = await orAbort(this.#options.endpoint(), signal);
    this.#endpoint = endpoint;
    this.#network = networkOf(endpoint);
    const asker = await this.#asker(signal);
    const capabilities = capabilitiesText(connection.capabilities);
    await this.#store.open(capabilities === undefined ? { endpoint, ...asker } : { endpoint, ...asker, capabilities }, lostId, signal, async ({ restored, era }) => {
      await connection.open(this.#newTransport(endpoint), signal, { restored, era: connection.agreement?.era.name ?? era ?? this.#options.prior?.era });
      return connection;
    });
  }

  mayRetry(cause: unknown): boolean {
    if (!(cause instanceof ConnectionError)) return false;
    return PASSING_CODES.has(cause.code) || PASSING_STATUSES.has(cause.details['status']);
  }

  hasEnded(): boolean {
    return false;
  }

  endsSession(): Promise<boolean> {
    this.#authorizer?.close?.();
    return this.#store.leave(this.#options.endSessionOnCleanup);
  }

  /** Where the connection was lost before, the session was not left yet. */
  async left(): Promise<void> {
    this.#authorizer?.close?.();
    await this.#store.leave(false);
  }

  network(): NetworkFacts {
    return this.#network;
  }

  #newTransport(endpoint: string): HTTPTransport {
    const { requestTimeoutMs: timeoutMs } = this.#options;
    return new HTTPTransport({
      client: this.#client,
      slots: this.#slots,
      timeoutMs,
      listens: this.#listens,
      ways: this.#waysTo(endpoint),
      found: (way) => {
        this.#found = { endpoint, way };
      },
    });
  }

  /** As written, as an endpoint of the old transport, and with the other end of its path. */
  #waysTo(endpoint: string): HTTPWay[] {
    if (this.#found?.endpoint === endpoint) return [this.#found.way];
    const other = otherSlash(endpoint);
    const ways: HTTPWay[] = [{ kind: 'streamable', url: endpoint }];
    if (this.#options.legacySSE) ways.push({ kind: 'legacy-sse', url: endpoint });
    if (other !== endpoint) ways.push({ kind: 'streamable', url: other });
    return ways;
  }

  /** Who is asking: as the host says, or else whoever sends these headers: each of them may be a credential. */
  async #asker(signal: AbortSignal | undefined): Promise<Asker> {
    const { headers, sessionKey } = this.#options;
    const given = typeof headers === 'function' && sessionKey === undefined ? checkUserHeaders(await orAbort(Promise.resolve(headers()), signal)) : headers;
    return askerOf(sessionKey, given as FrameHeaders, this.#authorizer);
  }

  #asked(): { endpoint: string; offer: string } {
    const { agreement, capabilities } = this.#connection ?? {};
    return { endpoint: this.#endpoint, offer: JSON.stringify([agreement?.era.revision, capabilities]) };
  }
}

type Asker = Omit<SessionOwner, 'endpoint'>;

function askerOf(sessionKey: string | undefined, headers: FrameHeaders, authorizer: Authorizer | undefined): Asker {
  if (sessionKey !== undefined) return { sessionKey };
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  // No header has such a name.
  if (authorizer !== undefined) fields.push([' asker', authorizer.asker]);
  return fields.length === 0 ? {} : { credential: JSON.stringify(fields.sort()) };
}

function networkOf(endpoint: string): NetworkFacts {
  const { hostname, port, protocol } = new URL(endpoint);
  const standard = protocol === 'https:' ? 443 : 80;
  return Object.freeze({ transport: 'tcp', address: hostname, port: port === '' ? standard : Number(port) });
}
