/** Results of servers in Redis, shared by all processes: one hash for each group, one field for each result. What stands there is checked, and what is none of ours is nothing. */

import type { Log } from '../base/log.ts';
import { isTooDeep } from '../base/json.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import { hexDigest } from './redis-digest.ts';
import { replyText } from './redis-reply.ts';
import type { RedisKeyNames } from './redis-session-keys.ts';
import { DROP_RESULTS, FIND_RESULT, STORE_RESULT } from './redis-result-scripts.ts';
import type { RedisStore } from './redis-store.ts';
import type { CachedText } from './session-manager.ts';
import type { SessionSeal } from './session-seal.ts';

/** What {@link RedisResults} are made with. */
export interface RedisResultsOptions {
  readonly store: RedisStore;
  readonly names: RedisKeyNames;
  readonly log: Log;
  readonly seal: SessionSeal | undefined;
  /** The most bytes of one value. */
  readonly maxBytes: number;
}

// Of one method for one asker; a group that would grow beyond is begun anew.
const MOST_RESULTS = 1_000;
const FLAWED = '!';
const VALUE = /^(\d{1,16}):([js]):/;
const RESULTS_OUTSIDE_ASCII = /[\u007f-\uffff]/g;

/** See the head of this file. */
export class RedisResults {
  readonly #options: RedisResultsOptions;
  /** Values that stood in place of a result and were none. */
  flawed = 0;

  constructor(options: RedisResultsOptions) {
    this.#options = options;
  }

  async find(group: string, field: string): Promise<CachedText | undefined> {
    const { store, maxBytes } = this.#options;
    const [key, name] = await this.#place(group, field);
    const value = replyText(await store.operate((road) => road.run(FIND_RESULT, [key], [name, String(maxBytes)])));
    if (value === '') return undefined;
    const found = await this.#decode(value, `${key}\n${name}`);
    if (found === undefined) this.#countFlawed(key);
    return found;
  }

  /** Stores a result that is small enough. */
  async store(group: string, field: string, text: string, ttlMs: number): Promise<void> {
    const { store, maxBytes, seal } = this.#options;
    const [key, name] = await this.#place(group, field);
    const json = text.replace(RESULTS_OUTSIDE_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const value = seal === undefined ? `j:${json}` : `s:${await seal.seal(json, `${key}\n${name}`)}`;
    const wholeMs = Math.floor(ttlMs);
    if (value.length + 17 > maxBytes || wholeMs < 1) return;
    await store.operate((road) => road.run(STORE_RESULT, [key], [name, value, String(wholeMs), String(MOST_RESULTS)]));
  }

  async drop(group: string): Promise<void> {
    const key = await this.#options.names.ofResults(group);
    await this.#options.store.operate((road) => road.run(DROP_RESULTS, [key], []));
  }

  async #place(group: string, field: string): Promise<[key: string, name: string]> {
    return [await this.#options.names.ofResults(group), await hexDigest('SHA-256', field)];
  }

  /** `<milliseconds left>:j:<JSON>`, or `:s:` and what is sealed, bound to where it stands. */
  async #decode(value: string, boundTo: string): Promise<CachedText | undefined> {
    const [head, left, kind] = VALUE.exec(value) ?? [];
    const { seal } = this.#options;
    if (value === FLAWED || head === undefined || (kind === 's') !== (seal !== undefined)) return undefined;
    const body = value.slice(head.length);
    const json = seal === undefined ? body : await seal.open(body, boundTo);
    return json === undefined || !isJSON(json) ? undefined : { text: json, ttlMs: Number(left) };
  }

  #countFlawed(key: string): void {
    this.flawed++;
    this.#options.log.warn('A stored result is none of ours, and is not used', { key });
  }
}

function isJSON(text: string): boolean {
  if (isTooDeep(text, DEFAULT_LIMITS.maxDepth)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
