/** Results shared through the session manager. What comes from there is checked: others write to it. A store that fails never fails a call. */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { SessionStoreError } from '../base/errors.ts';
import { isObject, isTooDeep, own } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { settled } from '../base/quiet.ts';
import { checkCacheable } from '../features/cached-results.ts';
import type { ResultAddress, SharedResult, SharedResults } from '../features/shared-results.ts';
import { sessionKey } from '../session/session-key.ts';
import type { SessionManager } from '../session/session-manager.ts';

/** Where the results of one server stand. */
export interface StoredResultsOptions {
  readonly name: string;
  readonly manager: SessionManager;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
  /** The server as it is asked, as an endpoint and a text: revision and what the client declares. */
  readonly server: () => { readonly endpoint: string; readonly offer: string };
}

// Nobody waits for longer to be spared one request, or for what is forgotten.
const STORE_MS = 1_000;
// What was asked for lately, so that it can be forgotten there.
const MOST_ASKERS = 64;

/** See the head of this file. */
export class StoredResults implements SharedResults {
  readonly #options: StoredResultsOptions;
  readonly #askers = new Set<string | undefined>();
  /** The methods whose results are being forgotten, or could not be: what stands there is out of date. */
  readonly #drops = new Map<string, Promise<boolean>>();

  constructor(options: StoredResultsOptions) {
    this.#options = options;
  }

  async find(address: ResultAddress, signal: AbortSignal | undefined): Promise<SharedResult | undefined> {
    const { manager, limits } = this.#options;
    if (this.#drops.has(address.method)) return undefined;
    try {
      // A manager of another make may not have it.
      const ask = async (): Promise<unknown> => manager.getCached?.(await this.#group(address), address.field);
      return readShared(await this.#inTime(ask, signal), address.method, limits);
    } catch (cause) {
      if (signal?.aborted !== true) this.#warn('a result could not be read from the store', cause);
      return undefined;
    }
  }

  store(address: ResultAddress, text: string, freshMs: number): void {
    const { manager, limits } = this.#options;
    if (2 * text.length > limits.maxCachedBytes) return;
    const beganAt = this.#options.clock.now();
    const keep = async (): Promise<void> => {
      // What is stored before the rest is forgotten would be forgotten with it.
      if ((await this.#drops.get(address.method)) === false) return;
      const group = await this.#group(address);
      const leftMs = Math.floor(freshMs - (this.#options.clock.now() - beganAt));
      if (leftMs > 0) await manager.storeCached?.(group, address.field, text, leftMs);
    };
    keep().catch((cause: unknown) => this.#warn('a result could not be stored', cause));
  }

  drop(methods: readonly string[]): void {
    for (const method of methods) {
      const dropped = this.#dropAll(method);
      this.#drops.set(method, dropped);
      void dropped.then((isGone) => {
        if (isGone && this.#drops.get(method) === dropped) this.#drops.delete(method);
      });
    }
  }

  /** Whether all results of `method` are gone, of whoever was asked for here. Never rejects. */
  async #dropAll(method: string): Promise<boolean> {
    const dropOf = async (who: string | undefined): Promise<void> => this.#options.manager.dropCached?.(await this.#group({ who, method, field: '' }));
    try {
      await this.#inTime(() => Promise.all([undefined, ...this.#askers].map(dropOf)), undefined);
      return true;
    } catch (cause) {
      this.#warn('results could not be forgotten', cause);
      return false;
    }
  }

  /** What the store comes to, or a rejection when it takes too long. */
  async #inTime(ask: () => Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
    const late = () => new SessionStoreError('ERR_MCP_SESSION_STORE', `The store did not answer within ${STORE_MS} ms`);
    const timed = timedSignal(this.#options.clock, STORE_MS, late, signal);
    try {
      return await orAbort(settled(ask), timed.signal);
    } finally {
      timed.release();
    }
  }

  /** All results of one method for one asker. The digest of a session key keeps address and credential out of the store. */
  async #group({ who, method }: ResultAddress): Promise<string> {
    const { endpoint, offer } = this.#options.server();
    this.#askers.delete(who);
    this.#askers.add(who);
    for (const oldest of this.#askers) {
      if (this.#askers.size <= MOST_ASKERS) break;
      this.#askers.delete(oldest);
    }
    return `${await sessionKey({ endpoint, credential: who, capabilities: offer })}/${method}`;
  }

  #warn(what: string, cause: unknown): void {
    this.#options.log.warn(`${this.#options.name}: ${what}; going on without`, { cause });
  }
}

function readShared(found: unknown, method: string, { maxDepth, maxCacheMs, maxCachedBytes }: Limits): SharedResult | undefined {
  if (!isObject(found)) return undefined;
  const text = own(found, 'text');
  const ttlMs = own(found, 'ttlMs');
  if (typeof text !== 'string' || 2 * text.length > maxCachedBytes || typeof ttlMs !== 'number' || !(ttlMs > 0) || isTooDeep(text, maxDepth)) return undefined;
  const result: unknown = JSON.parse(text);
  if (!isObject(result)) return undefined;
  checkCacheable(method, result);
  return { text, freshMs: Math.min(ttlMs, maxCacheMs) };
}
