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

// Nobody waits for longer to be spared one request.
const FIND_MS = 1_000;
// What was asked for lately, so that it can be forgotten there.
const MOST_ASKERS = 64;

/** See the head of this file. */
export class StoredResults implements SharedResults {
  readonly #options: StoredResultsOptions;
  readonly #askers = new Set<string | undefined>();

  constructor(options: StoredResultsOptions) {
    this.#options = options;
  }

  async find(address: ResultAddress, signal: AbortSignal | undefined): Promise<SharedResult | undefined> {
    const { clock, manager, limits } = this.#options;
    const late = () => new SessionStoreError('ERR_MCP_SESSION_STORE', `The store did not answer within ${FIND_MS} ms`);
    const timed = timedSignal(clock, FIND_MS, late, signal);
    try {
      // A manager of another make may not have it.
      const ask = async (): Promise<unknown> => manager.getCached?.(await this.#group(address), address.field);
      return readShared(await orAbort(settled(ask), timed.signal), address.method, limits);
    } catch (cause) {
      if (signal?.aborted !== true) this.#warn('a result could not be read from the store', cause);
      return undefined;
    } finally {
      timed.release();
    }
  }

  store(address: ResultAddress, text: string, freshMs: number): void {
    const { manager, limits } = this.#options;
    if (2 * text.length > limits.maxCachedBytes) return;
    const beganAt = this.#options.clock.now();
    this.#try('a result could not be stored', async () => {
      const group = await this.#group(address);
      const leftMs = Math.floor(freshMs - (this.#options.clock.now() - beganAt));
      if (leftMs > 0) await manager.storeCached?.(group, address.field, text, leftMs);
    });
  }

  drop(methods: readonly string[]): void {
    for (const who of [undefined, ...this.#askers]) {
      for (const method of methods) this.#try('results could not be forgotten', async () => this.#options.manager.dropCached?.(await this.#group({ who, method, field: '' })));
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

  #try(what: string, work: () => Promise<void>): void {
    work().catch((cause: unknown) => this.#warn(what, cause));
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
