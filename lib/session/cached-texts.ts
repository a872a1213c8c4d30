import type { Clock } from '../base/clock.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import type { CachedText } from './session-manager.ts';

interface Entry {
  readonly group: string;
  readonly text: string;
  readonly expiresAt: number;
}

/** Results in memory, for all handles of one manager; the one stored longest ago leaves when there are too many. Sets no timer. */
export class CachedTexts {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  find(group: string, field: string): CachedText | undefined {
    const key = JSON.stringify([group, field]);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const ttlMs = entry.expiresAt - this.#clock.now();
    if (ttlMs > 0) return { text: entry.text, ttlMs };
    this.#remove(key, entry);
    return undefined;
  }

  store(group: string, field: string, text: string, ttlMs: number): void {
    const { maxCachedBytes, maxCachedResults } = DEFAULT_LIMITS;
    const key = JSON.stringify([group, field]);
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(key, before);
    this.#entries.set(key, { group, text, expiresAt: this.#clock.now() + ttlMs });
    this.#characters += text.length;
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= maxCachedResults && 2 * this.#characters <= maxCachedBytes) return;
      this.#remove(oldest, entry);
    }
  }

  drop(group: string): void {
    for (const [key, entry] of this.#entries) if (entry.group === group) this.#remove(key, entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#characters = 0;
  }

  #remove(key: string, { text }: Entry): void {
    this.#entries.delete(key);
    this.#characters -= text.length;
  }
}
