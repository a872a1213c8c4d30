/** Secrets that several hold and each may replace: who replaces says which version was seen, so nobody undoes what somebody else has done meanwhile. */

import type { Secret } from './secret.ts';

/** A secret as it stands in a store. */
export interface VersionedSecret {
  /** Different from every other one that ever stood there: its writer makes it up, of letters, digits, `-` and `_`. */
  readonly version: string;
  /** `undefined` where something stands there that cannot be opened: it counts as nothing, and can be replaced by its version. */
  readonly text: Secret | undefined;
}

/** A secret that is to be stored. */
export interface NewSecret extends VersionedSecret {
  readonly text: Secret;
}

interface KeptSecret {
  readonly secret: NewSecret;
  readonly expiresAt: number;
}

/** Secrets in memory. The one unused for the longest time leaves when there are too many. Sets no timer. */
export class VersionedSecrets {
  readonly #kept = new Map<string, KeptSecret>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** What stands under `key` at the moment `now`. */
  find(key: string, now: number): NewSecret | undefined {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept === undefined || kept.expiresAt <= now) return undefined;
    this.#kept.set(key, kept);
    return kept.secret;
  }

  /**
   * Puts `next`, or nothing, in place of the version `expected`, `undefined` being nothing, until `expiresAt`. Says whether `next` stands there now, which it also does when
   * it was put there before.
   */
  replace(key: string, expected: string | undefined, next: NewSecret | undefined, now: number, expiresAt: number = Infinity): boolean {
    const version = this.find(key, now)?.version;
    if (version === next?.version) return true;
    if (version !== expected) return false;
    this.#kept.delete(key);
    if (next !== undefined) this.#kept.set(key, { secret: next, expiresAt });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest);
    return true;
  }

  clear(): void {
    this.#kept.clear();
  }
}
