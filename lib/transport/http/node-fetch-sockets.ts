/** The roads to servers: direct, over a Unix socket, through a proxy; and the sockets that are kept for the next exchange. */

import { LONGEST_TIMER_MS } from '../../base/clock.ts';
import type { LookupGuard, NameLookup } from '../../http/name-lookup.ts';
import type { Agent, Builtins, Duplex, RequestOptions, Socket } from './node-fetch-builtins.ts';
import type { ResolvedNodeFetchOptions } from './node-fetch-options.ts';
import { hostOf, portOf, withoutDot } from './node-fetch-proxy-url.ts';
import type { Proxy } from './node-fetch-proxy-url.ts';
import { proxyFromEnvironment } from './node-fetch-proxy.ts';
import type { ProxyChoice } from './node-fetch-proxy.ts';
import { openTunnel } from './node-fetch-tunnel.ts';
import type { MakeRequest, RoadOptions } from './node-fetch-tunnel.ts';

/** How requests to one url are made. */
export interface Road {
  /** Names the sockets that may carry the requests. */
  readonly key: string;
  readonly request: MakeRequest;
  /** What is the same for every request; `method`, `headers` and `owner` are those of the latest. */
  readonly options: RoadOptions;
  /** The value of `Host`. */
  readonly host: string;
  /** Further headers, name, value: those for a proxy, and only where a proxy reads them. */
  readonly headers: readonly string[];
}

/** As an agent has it: makes a socket for a request, and gives it back or calls back with it. */
type Connect = (options: RoadOptions, callback: (error: Error | null, socket?: Duplex) => void) => Duplex | undefined;

type AgentKind = 'plain' | 'tls' | 'tls to a proxy' | 'tunnel';

// The first probe of a silent connection; after it, the system sets the pace.
const FIRST_PROBE_MS = 60_000;

/** The sockets of one fetch. */
export class Sockets {
  readonly #options: ResolvedNodeFetchOptions;
  readonly #builtins: Builtins;
  readonly #proxyFor: ProxyChoice;
  /** For names of servers, where it is another one than for proxies. */
  readonly #lookup: NameLookup | undefined;
  readonly #agents = new Map<AgentKind, Agent>();
  /** Those there are, and a stand-in for each that is still being made through a proxy. */
  readonly #open = new Set<object>();
  #isClosed = false;

  /** @param guard of the names of servers that are connected to directly. */
  constructor(options: ResolvedNodeFetchOptions, builtins: Builtins, guard?: LookupGuard) {
    this.#options = options;
    this.#lookup = guard?.(options.lookup ?? ((hostname, asked, callback) => builtins.dns().lookup(hostname, asked, callback)));
    this.#builtins = builtins;
    this.#proxyFor = chooseProxy(options, builtins);
  }

  /**
   * The road to a url.
   *
   * @throws TypeError when the environment names a proxy that is none.
   */
  roadTo(url: URL): Road {
    const proxy = this.#proxyFor(url);
    if (proxy === undefined) return this.#directRoad(url, url.protocol === 'https:' ? 'tls' : 'plain', '');
    if (url.protocol === 'https:') return this.#directRoad(url, 'tunnel', ` through ${proxy.protocol}//${proxy.host}:${proxy.port}`, proxy);
    return this.#proxiedRoad(url, proxy);
  }

  /** Closes the idle sockets, and from now on every other when its exchange ends. */
  close(): void {
    this.#isClosed = true;
    while (this.#closeIdle());
  }

  /**
   * How long a socket may be idle after a response with this `Keep-Alive` (RFC 2068 section 19.7.1.1): shorter than its peer keeps it, or a
   * request would meet its end.
   */
  idleMs(keepAlive: string | null): number {
    const most = Math.min(this.#options.keepAliveMs, LONGEST_TIMER_MS);
    const hint = keepAlive === null ? null : /\btimeout=(\d{1,6})\b/i.exec(keepAlive);
    if (hint === null) return most;
    const peerMs = Number(hint[1]) * 1_000;
    return Math.max(1, Math.min(most, Math.max(peerMs - 1_000, peerMs / 2)));
  }

  #directRoad(url: URL, kind: AgentKind, suffix: string, proxy?: Proxy): Road {
    const { servername, socketPath } = this.#options;
    const [host, port] = [hostOf(url), portOf(url)];
    const key = `${url.protocol}//${host}:${port}${suffix}`;
    const toSocket = socketPath === undefined ? {} : { socketPath };
    const common = this.#common(key, host, port, this.#agent(kind, proxy), this.#lookup);
    return {
      key,
      request: kind === 'plain' ? this.#builtins.http().request : this.#builtins.https().request,
      options: { ...common, ...toSocket, servername: servername ?? this.#nameOf(host), path: url.pathname + url.search },
      host: url.host,
      headers: [],
    };
  }

  /** RFC 9112 section 3.2.2: a proxy is asked for the whole url. */
  #proxiedRoad(url: URL, proxy: Proxy): Road {
    const { protocol, host, port, authorization } = proxy;
    const key = `proxy ${protocol}//${host}:${port}`;
    const common = this.#common(key, host, port, this.#agent(protocol === 'https:' ? 'tls to a proxy' : 'plain'));
    return {
      key,
      request: protocol === 'https:' ? this.#builtins.https().request : this.#builtins.http().request,
      options: { ...common, servername: this.#nameOf(host), path: url.href },
      host: url.host,
      headers: authorization === undefined ? [] : ['Proxy-Authorization', authorization],
    };
  }

  #common(socketKey: string, host: string, port: number, agent: Agent, lookup: NameLookup | undefined = this.#options.lookup): RoadOptions {
    const { maxHeaderBytes } = this.#options;
    const options: RoadOptions = { socketKey, host, port, agent, maxHeaderSize: maxHeaderBytes, insecureHTTPParser: false, method: 'GET', headers: [], owner: undefined };
    // Both sides of a lookup are node's own, however its type writes them.
    return lookup === undefined ? options : { ...options, lookup: lookup as NonNullable<RequestOptions['lookup']> };
  }

  /** The name for TLS (RFC 6066 section 3): an address is none. The `Host` header is not asked, as the caller may have written it. */
  #nameOf(host: string): string {
    return this.#builtins.net().isIP(host) === 0 ? withoutDot(host) : '';
  }

  #agent(kind: AgentKind, proxy?: Proxy): Agent {
    const known = this.#agents.get(kind);
    if (known !== undefined) return known;
    // No limit on sockets here: exchanges wait before they get this far.
    const common = { keepAlive: true, keepAliveMsecs: FIRST_PROBE_MS, maxFreeSockets: this.#options.maxSocketsPerHost };
    const tlsOptions = () => this.#tlsOptions(kind !== 'tls to a proxy');
    const agent = kind === 'plain' ? new (this.#builtins.http().Agent)(common) : new (this.#builtins.https().Agent)({ ...common, ...tlsOptions() });
    this.#adopt(agent, proxy);
    this.#agents.set(kind, agent);
    return agent;
  }

  #tlsOptions(isToServer: boolean): Record<string, unknown> {
    const { ca, cert, key, passphrase, dangerouslyAllowInvalidCertificates } = this.#options;
    const given = isToServer ? { ca, cert, key, passphrase } : { ca };
    const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { ...options, rejectUnauthorized: !dangerouslyAllowInvalidCertificates };
  }

  /**
   * Makes an agent name its sockets as we do, make them with us, and drop them when we are closed. A socket has one timer for its whole
   * life, which an agent hears of while the socket is idle; the agent's own option would set and clear a timer with every request.
   */
  #adopt(agent: Agent, proxy: Proxy | undefined): void {
    const connect = (agent as unknown as { createConnection: Connect }).createConnection.bind(agent);
    const createConnection: Connect = (options, callback) => {
      if (this.#open.size >= this.#options.maxSockets) this.#closeIdle();
      if (proxy === undefined) return this.#prepare(connect(options, callback));
      this.#connectThrough(proxy, options, connect, callback);
      return undefined;
    };
    const keepSocketAlive = (socket: Socket) => {
      socket.unref();
      return true;
    };
    Object.assign(agent, { createConnection, keepSocketAlive, getName: ({ socketKey }: RoadOptions) => socketKey });
    agent.on('free', (socket: Duplex) => {
      if (this.#isClosed) socket.destroy();
    });
  }

  #connectThrough(proxy: Proxy, options: RoadOptions, connect: Connect, callback: Parameters<Connect>[1]): void {
    const { lookup, maxHeaderBytes } = this.#options;
    const settings = {
      proxy,
      request: proxy.protocol === 'https:' ? this.#builtins.https().request : this.#builtins.http().request,
      host: String(options.host),
      port: Number(options.port),
      options: {
        ...(proxy.protocol === 'https:' ? { ...this.#tlsOptions(false), servername: this.#nameOf(proxy.host) } : {}),
        ...(lookup === undefined ? {} : { lookup: lookup as NonNullable<RequestOptions['lookup']> }),
        maxHeaderSize: maxHeaderBytes,
        insecureHTTPParser: false,
        keepAlive: true,
        keepAliveInitialDelay: FIRST_PROBE_MS,
      },
    };
    this.#open.add(settings);
    openTunnel(settings, options.owner, (error, socket) => {
      this.#open.delete(settings);
      if (socket === undefined) callback(error);
      else callback(null, this.#prepare(connect({ ...options, socket } as RoadOptions, callback)));
    });
  }

  /** A silent peer is asked from time to time whether it is still there; an idle socket is closed in time. */
  #prepare(socket: Duplex | undefined): Duplex | undefined {
    if (socket === undefined) return undefined;
    const connection = socket as Socket;
    connection.setTimeout(this.idleMs(null));
    connection.once('connect', () => connection.setKeepAlive(true, FIRST_PROBE_MS));
    this.#open.add(connection);
    return connection.once('close', () => this.#open.delete(connection));
  }

  /** Closes the socket that has been idle for longest, of one agent; false when there is none. */
  #closeIdle(): boolean {
    for (const agent of this.#agents.values()) {
      for (const sockets of Object.values(agent.freeSockets)) {
        const idle = sockets?.find((socket) => !socket.destroyed);
        if (idle === undefined) continue;
        idle.destroy();
        // It is gone for us already; its event comes later.
        this.#open.delete(idle);
        return true;
      }
    }
    return false;
  }
}

function chooseProxy({ proxy, environment, socketPath }: ResolvedNodeFetchOptions, builtins: Builtins): ProxyChoice {
  if (proxy === false || socketPath !== undefined) return () => undefined;
  return proxy === undefined ? proxyFromEnvironment(environment, builtins.net()) : () => proxy;
}
