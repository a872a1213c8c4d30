/** What the HTTP transports ask of a `fetch`: less than the platform's gives, so that any of them fits. */

import type { LookupGuard } from './name-lookup.ts';

/** One request. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Redirects are decided on here, never followed by the fetch. */
  readonly redirect: 'manual';
}

/** Reads a body chunk by chunk. */
export interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  /** Lets go of the rest. */
  cancel(reason?: unknown): Promise<void>;
}

/** A body that was not read yet. */
export interface FetchBody {
  getReader(): BodyReader;
  cancel(reason?: unknown): Promise<void>;
}

/** One response, its headers read. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: FetchBody | null;
  /** A reader without the cost of a web stream, where there is one. */
  reader?(): BodyReader;
}

/** The contract; the platform's `fetch` keeps it. */
export interface Fetch {
  (url: string, init: FetchInit): Promise<FetchResponse>;
  /**
   * What `init.signal` may be beyond a fresh signal for each request: `reused`, one that requests had which are over; `sources`, no
   * signal of the platform at all but an `AbortSource`, which costs less.
   */
  readonly signals?: 'reused' | 'sources';
  /**
   * The same fetch, which looks the names of servers up with what `guard` makes of its own lookup: an address that the guard refuses is not connected to, and the rejection has the
   * guard's error among its causes. With one and the same guard it is one and the same fetch. Authorization uses it for every request of its own. A fetch without this member cannot check what a name stands for.
   */
  readonly guarded?: (guard: LookupGuard) => Fetch;
}
