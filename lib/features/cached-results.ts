/** Results of a server that may be used again, in memory, and how long. Source: 2026-07-28, server, utilities, "Caching". */

import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkListPromptsResult, checkListResourceTemplatesResult, checkListResourcesResult, checkListToolsResult, checkReadResourceResult, checkTool } from '../protocol/checks/results.ts';

/** One result, as text: whoever gets it gets an object of their own. */
export interface CachedResult {
  readonly text: string;
  readonly method: string;
  /** Which resource it is of; the result of a list has none. */
  readonly uri: string | undefined;
  /** Until when it is fresh, and until when it is worth keeping, by the clock of the cache. */
  readonly freshUntil: number;
  readonly keptUntil: number;
  /** Which request in a row brought it: of two answers the one that was asked for later is the newer one. */
  readonly order: number;
}

/** How much is kept. */
export interface CacheBounds {
  readonly maxCachedResults: number;
  readonly maxCachedBytes: number;
}

type Check = (result: JSONObject) => unknown;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['tools/list', (result) => checkListToolsResult(result, checkTool, () => {})],
  ['prompts/list', checkListPromptsResult],
  ['resources/list', checkListResourcesResult],
  ['resources/templates/list', checkListResourceTemplatesResult],
  ['resources/read', checkReadResourceResult],
]);

/** Whether results of `method` may be used again at all. */
export function isCacheable(method: string): boolean {
  return CHECKS.has(method);
}

/** Throws a Misfit for what is no result of `method`: it is neither kept nor taken from a store that others write to. */
export function checkCacheable(method: string, result: JSONObject): void {
  CHECKS.get(method)?.(result);
}

/** For how long a result says that it is fresh, at most `mostMs`; 0 where it does not say, or not as the protocol wants it. */
export function freshMsOf(result: JSONObject, mostMs: number): number {
  const kind = own(result, 'resultType');
  const ttlMs = own(result, 'ttlMs');
  if (kind !== undefined && kind !== 'complete') return 0;
  return Number.isInteger(ttlMs) && (ttlMs as number) > 0 ? Math.min(ttlMs as number, mostMs) : 0;
}

/** Whether the server says that a result is the same for everybody. */
export function isPublic(result: JSONObject): boolean {
  return own(result, 'cacheScope') === 'public';
}

/** The results of one handle; beyond the bounds those unused for the longest time leave. */
export class CachedResults {
  readonly #bounds: CacheBounds;
  /** The one unused for the longest time first. */
  readonly #entries = new Map<string, CachedResult>();
  #bytes = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is kept under `key`; what is not worth keeping any more leaves. Looking counts as a use. */
  find(key: string, now: number): CachedResult | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    if (entry.keptUntil <= now) return undefined;
    this.#add(key, entry);
    return entry;
  }

  /** Keeps a result, unless a newer one is there, or it alone is beyond the bounds. */
  keep(key: string, entry: CachedResult): void {
    const before = this.#entries.get(key);
    if (before !== undefined && before.order > entry.order) return;
    if (before !== undefined) this.#remove(key, before);
    if (bytesOf(key, entry) > this.#bounds.maxCachedBytes) return;
    this.#add(key, entry);
    for (const [oldest, old] of this.#entries) {
      if (this.#entries.size <= this.#bounds.maxCachedResults && this.#bytes <= this.#bounds.maxCachedBytes) return;
      this.#remove(oldest, old);
    }
  }

  /** Forgets whatever `isMeant`. */
  drop(isMeant: (entry: CachedResult) => boolean): void {
    for (const [key, entry] of this.#entries) if (isMeant(entry)) this.#remove(key, entry);
  }

  #add(key: string, entry: CachedResult): void {
    this.#entries.set(key, entry);
    this.#bytes += bytesOf(key, entry);
  }

  #remove(key: string, entry: CachedResult): void {
    this.#entries.delete(key);
    this.#bytes -= bytesOf(key, entry);
  }
}

/** As engines keep text at most. */
function bytesOf(key: string, { text }: CachedResult): number {
  return 2 * (key.length + text.length);
}
