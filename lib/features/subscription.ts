/** One subscription as a host holds it. */

/// <reference lib="esnext.disposable" preserve="true" />
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import type { HonouredFilter, SubscriptionEnd } from './change-source.ts';

/**
 * What a subscription tells. A `gap` says that changes may have come to nobody: ask again for all that you keep. It is told after a
 * reconnect, when the server was asked anew; where the stream of a server was lost; and where the host was too slow.
 */
export type ServerChange =
  | { readonly kind: 'toolsChanged' }
  | { readonly kind: 'promptsChanged' }
  | { readonly kind: 'resourcesChanged' }
  | { readonly kind: 'resourceUpdated'; readonly uri: string }
  | { readonly kind: 'gap' };

/**
 * Changes of a server, as they come; `for await (const change of subscription)`. For one reader: of several, each change goes to one.
 * A change that waits to be read is not told twice, and `limits.maxQueuedChanges` may wait: beyond, all of them become one `gap`.
 * Leaving the loop closes the subscription. It ends with {@link Subscription.ended}, whatever the reason; it throws nothing.
 */
export interface Subscription extends AsyncIterable<ServerChange, void, undefined> {
  /** What the server agreed to tell. After a reconnect, what it agreed to then. What it tells beyond that is passed on if it was asked for. */
  readonly honoured: HonouredFilter;
  /** Resolves when it is over; never rejects. */
  readonly ended: Promise<SubscriptionEnd>;
  /** Ends it at once; what waits to be read is dropped. Resolves when the server was told, or could not be within `limits.unsubscribeMs`. Idempotent. */
  close(): Promise<void>;
  /** {@link Subscription.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The change that says that others may be lost. */
export const GAP: ServerChange = Object.freeze({ kind: 'gap' });

const DONE: IteratorResult<ServerChange, void> = Object.freeze({ done: true, value: undefined });
const LOCAL: SubscriptionEnd = Object.freeze({ how: 'local' });

/** What an {@link OpenSubscription} is made with. */
export interface OpenSubscriptionOptions {
  readonly filter: HonouredFilter;
  /** Of how many changes may wait to be read. */
  readonly maxQueuedChanges: number;
  /** Nobody reads any more. Never rejects. */
  readonly release: () => Promise<void>;
}

/** A {@link Subscription} with what feeds it. */
export class OpenSubscription implements Subscription {
  readonly #options: OpenSubscriptionOptions;
  /** By uri, or by kind: neither has the form of the other. */
  readonly #queue = new Map<string, ServerChange>();
  readonly #readers: Deferred<IteratorResult<ServerChange, void>>[] = [];
  readonly #ended = deferred<SubscriptionEnd>();
  readonly #uris: ReadonlySet<string>;
  #honoured: HonouredFilter;
  #end: SubscriptionEnd | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: OpenSubscriptionOptions) {
    this.#options = options;
    this.#uris = new Set(options.filter.uris);
    this.#honoured = options.filter;
  }

  get honoured(): HonouredFilter {
    return this.#honoured;
  }

  get ended(): Promise<SubscriptionEnd> {
    return this.#ended.promise;
  }

  close(): Promise<void> {
    this.finish(LOCAL);
    this.#closed ??= this.#options.release();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerChange, void, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        await this.close();
        return DONE;
      },
    };
  }

  /** The filter as it was asked for. */
  get filter(): HonouredFilter {
    return this.#options.filter;
  }

  /** Takes what the server agreed to. */
  honour(honoured: HonouredFilter): void {
    this.#honoured = honoured;
  }

  /** Tells a change, if it was asked for. */
  hear(change: ServerChange): void {
    if (this.#end !== undefined) return;
    const key = change.kind === 'resourceUpdated' ? change.uri : change.kind;
    // First what costs nothing, for servers that tell the same again and again.
    if (this.#queue.has(key) || !this.#wants(change)) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: change });
    if (this.#queue.size < this.#options.maxQueuedChanges) return void this.#queue.set(key, change);
    this.#queue.clear();
    this.#queue.set(GAP.kind, GAP);
  }

  /** Ends it; only the first end counts. What waits can still be read, unless the host itself ended it. */
  finish(end: SubscriptionEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (end.how === 'local') this.#queue.clear();
    for (const reader of this.#readers.splice(0)) reader.resolve(DONE);
    this.#ended.resolve(end);
  }

  async #next(): Promise<IteratorResult<ServerChange, void>> {
    for (const [key, change] of this.#queue) {
      this.#queue.delete(key);
      return { done: false, value: change };
    }
    if (this.#end !== undefined) return DONE;
    const reader = deferred<IteratorResult<ServerChange, void>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  #wants(change: ServerChange): boolean {
    const { tools, prompts, resources } = this.#options.filter;
    switch (change.kind) {
      case 'toolsChanged':
        return tools;
      case 'promptsChanged':
        return prompts;
      case 'resourcesChanged':
        return resources;
      case 'resourceUpdated':
        return this.#uris.has(change.uri) || this.#isBelow(change.uri);
      case 'gap':
        return true;
    }
  }

  /** Source: `schema.ts`, ResourceUpdatedNotification: the uri may be that of a part of the resource that was subscribed to. */
  #isBelow(uri: string): boolean {
    for (const held of this.#uris) {
      if (uri.length > held.length && uri.startsWith(held) && (held.endsWith('/') || '/?#'.includes(uri.charAt(held.length)))) return true;
    }
    return false;
  }
}
