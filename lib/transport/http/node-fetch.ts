import type { LookupGuard } from '../../http/name-lookup.ts';
import { loadBuiltins } from './node-fetch-builtins.ts';
import type { NodeFetch, NodeFetchInit, NodeFetchResponse } from './node-fetch-contract.ts';
import { ACCEPTED_CODINGS } from './node-fetch-decoding.ts';
import { Exchange } from './node-fetch-exchange.ts';
import type { ExchangeSettings } from './node-fetch-exchange.ts';
import { resolveNodeFetchOptions } from './node-fetch-options.ts';
import type { NodeFetchOptions, ResolvedNodeFetchOptions } from './node-fetch-options.ts';
import { checkTarget, RequestReader } from './node-fetch-request.ts';
import { ExchangeSlots } from './node-fetch-slots.ts';
import { Sockets } from './node-fetch-sockets.ts';
import type { Road } from './node-fetch-sockets.ts';

const NO_INIT: NodeFetchInit = Object.freeze({});

/** So many urls are remembered with their roads. */
const MOST_ROADS = 64;

/**
 * A `fetch` over `node:http` and `node:https`: for hosts that need a proxy, authorities of their own, a client certificate, a Unix socket, pinned
 * addresses, a bound on sockets, or streams that are silent for hours; and faster than the platform's. Nothing is loaded before the first request.
 *
 * @throws TypeError, RangeError for options that cannot be.
 */
export function createNodeFetch(options: NodeFetchOptions = {}): NodeFetch {
  return new NodeFetchClient(resolveNodeFetchOptions(options)).nodeFetch;
}

class NodeFetchClient {
  readonly #options: ResolvedNodeFetchOptions;
  readonly #requests: RequestReader;
  readonly #roads = new Map<string, { readonly url: string; readonly road: Road }>();
  #loading: Promise<ExchangeSettings> | undefined;
  #settings: ExchangeSettings | undefined;
  readonly #guard: LookupGuard | undefined;
  readonly #guarded = new Map<LookupGuard, NodeFetchClient>();
  #isClosed = false;
  readonly nodeFetch: NodeFetch;

  constructor(options: ResolvedNodeFetchOptions, guard?: LookupGuard) {
    this.#options = options;
    this.#guard = guard;
    this.#requests = new RequestReader(options.compression ? ACCEPTED_CODINGS : undefined);
    const nodeFetch = (input: string | URL, init: NodeFetchInit = NO_INIT) => this.#fetch(input, init);
    this.nodeFetch = Object.assign(nodeFetch, { signals: 'sources' as const, guarded: (further: LookupGuard) => this.#guardedBy(further).nodeFetch, close: async () => this.#close() });
  }

  #fetch(input: string | URL, init: NodeFetchInit): Promise<NodeFetchResponse> {
    if (this.#settings !== undefined) return this.#begin(this.#settings, input, init);
    this.#loading ??= this.#load();
    return this.#loading.then((settings) => this.#begin(settings, input, init));
  }

  #close(): void {
    this.#isClosed = true;
    this.#settings?.sockets.close();
    for (const guarded of this.#guarded.values()) guarded.#close();
  }

  /** A guard that comes on top lets through what both let through. Sockets are not shared: they were opened without it. */
  #guardedBy(further: LookupGuard): NodeFetchClient {
    const own = this.#guard;
    const client = this.#guarded.get(further) ?? new NodeFetchClient(this.#options, own === undefined ? further : (lookup) => further(own(lookup)));
    this.#guarded.set(further, client);
    if (this.#isClosed) client.#close();
    return client;
  }

  async #load(): Promise<ExchangeSettings> {
    const builtins = await loadBuiltins();
    const { maxSocketsPerHost, maxSockets, maxDecodedBytes, maxInterimResponses } = this.#options;
    const slots = new ExchangeSlots(maxSocketsPerHost, maxSockets);
    const sockets = new Sockets(this.#options, builtins, this.#guard);
    const { setMaxListeners } = builtins.events();
    this.#settings = { slots, sockets, zlib: () => builtins.zlib(), setMaxListeners, maxDecodedBytes, maxInterimResponses };
    return this.#settings;
  }

  /** What is thrown here is a rejection. */
  #begin(settings: ExchangeSettings, input: string | URL, init: NodeFetchInit): Promise<NodeFetchResponse> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#requests.read(init);
      const { url, road } = this.#roadTo(settings.sockets, input);
      if (this.#isClosed) throw new TypeError('fetch failed', { cause: new Error('This fetch is closed') });
      new Exchange(settings, url, road, outgoing, { resolve, reject }).open();
    });
  }

  #roadTo(sockets: Sockets, input: string | URL): { readonly url: string; readonly road: Road } {
    const text = String(input);
    const known = this.#roads.get(text);
    if (known !== undefined) return known;
    const url = checkTarget(text);
    const found = { url: url.href, road: sockets.roadTo(url) };
    if (this.#roads.size >= MOST_ROADS) this.#roads.clear();
    this.#roads.set(text, found);
    return found;
  }
}
