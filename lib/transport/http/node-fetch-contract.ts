/** The shapes that {@link createNodeFetch} promises: the `fetch` contract, and what it adds. */

import type { AbortSource } from '../../base/cancellation.ts';
import type { BodyReader } from '../../http/fetch-port.ts';
import type { LookupGuard } from '../../http/name-lookup.ts';

/** What a request is made with. What is not named here is not supported, and ignored. */
export interface NodeFetchInit {
  /** `GET` where none is given. */
  readonly method?: string | undefined;
  /**
   * Names and values as they go out. Those that frame the message or speak to the next hop only (`Connection`, `Transfer-Encoding`,
   * `Proxy-Authorization` and their like) are a `TypeError`; a `Content-Length` must be the body's own.
   */
  readonly headers?: Readonly<Record<string, string>> | Iterable<readonly [string, string]> | undefined;
  /** Sent with its `Content-Length`; a stream is sent in chunks as it comes. */
  readonly body?: string | Uint8Array | ArrayBuffer | URLSearchParams | ReadableStream<Uint8Array> | null | undefined;
  /** An `AbortSignal`, or what has its members. Ends the exchange at any stage: what waits for it rejects with the signal's reason, and its socket is destroyed. */
  readonly signal?: AbortSource | null | undefined;
  /** `manual` gives the redirect as the response; `error`, where nothing is said, refuses it. Redirects are never followed. */
  readonly redirect?: 'manual' | 'error' | undefined;
}

/** A response: the members of the platform's `Response` that do not need a platform, and {@link NodeFetchResponse.reader}. */
export interface NodeFetchResponse {
  readonly status: number;
  readonly statusText: string;
  /** Whether the status is one of 200 to 299. */
  readonly ok: boolean;
  /** The url that was asked for, without its fragment. */
  readonly url: string;
  readonly redirected: false;
  /** The members of the platform's `Headers`; they cannot be changed. */
  readonly headers: Headers;
  /** Whether anything of the body was read or let go. */
  readonly bodyUsed: boolean;
  /** The decoded body; null where a response of its kind has none. Made on first use. */
  readonly body: ReadableStream<Uint8Array> | null;
  /**
   * The decoded body without a stream: one promise a chunk, one read at a time. Takes the body, as `text()` does.
   *
   * @throws TypeError where the body is taken already.
   */
  reader(): BodyReader;
  text(): Promise<string>;
  json(): Promise<unknown>;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array>;
}

/**
 * A `fetch`. It rejects as the platform's does: with the signal's reason, with a `TypeError` about the arguments, or with the
 * `TypeError` `fetch failed` whose chain of causes carries the system's `code`; a body that ends too early rejects its reader with the
 * `TypeError` `terminated`, one that is decoded to more than `maxDecodedBytes` with a `LimitError`.
 */
export interface NodeFetch {
  (input: string | URL, init?: NodeFetchInit): Promise<NodeFetchResponse>;
  /** {@link NodeFetchInit.signal} need not be a signal of the platform. */
  readonly signals: 'sources';
  /**
   * The same fetch, over sockets of its own, which looks the names of servers up with what `guard` makes of the option `lookup`, or of the platform's lookup. The guard is not asked about hosts that are
   * addresses, about proxies, about what a proxy connects to, nor with `socketPath`. It is closed with this one.
   */
  guarded(guard: LookupGuard): NodeFetch;
  /** Closes the idle sockets, and every other as soon as its exchange has ended. No further request is taken. */
  close(): Promise<void>;
}
