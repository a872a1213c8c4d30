/** The port behind which tokens are stored, and the store in memory. */

import { VersionedSecrets } from '../base/versioned-secrets.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';

/** What who has a lock has of it. A store that several processes share renews it by itself for as long as it is held. */
export interface TokenLock {
  /** Lets go. Releasing twice is fine, and so is releasing what is lost. */
  release(): Promise<void>;
}

/**
 * Where tokens are kept, each under the key of its owner. Who may read a store can use what is in it: what leaves the process must be sealed. What a store rejects with is
 * told as `ERR_MCP_AUTH_STORE`: tokens that are not known for certain are not renewed.
 */
export interface TokenStore {
  /** What stands under `key`; what it holds is checked by who asked. */
  read(key: string): Promise<VersionedSecret | undefined>;
  /**
   * In one step for all who share the store: puts `next`, or nothing, in place of the version `expectedVersion`, `undefined` being nothing. Resolves with whether `next` stands there
   * now, also when it was put there before; `false` where another version stands, which stays.
   */
  replace(key: string, expectedVersion: string | undefined, next: NewSecret | undefined): Promise<boolean>;
  /** The lock of `key`, or nothing when somebody has it. It is free again when its holder is gone, at the latest after some seconds. */
  tryLock(key: string): Promise<TokenLock | undefined>;
}

const MOST_IN_MEMORY = 1_000;

/** Tokens in the memory of this process, of 1000 owners at most: of more, those unused for the longest time leave, and have to sign in again. */
export class InMemoryTokenStore implements TokenStore {
  readonly #secrets = new VersionedSecrets(MOST_IN_MEMORY);
  readonly #locked = new Set<string>();

  async read(key: string): Promise<VersionedSecret | undefined> {
    return this.#secrets.find(key, 0);
  }

  async replace(key: string, expectedVersion: string | undefined, next: NewSecret | undefined): Promise<boolean> {
    return this.#secrets.replace(key, expectedVersion, next, 0);
  }

  async tryLock(key: string): Promise<TokenLock | undefined> {
    if (this.#locked.has(key)) return undefined;
    this.#locked.add(key);
    let isHeld = true;
    const release = async (): Promise<void> => {
      if (isHeld) this.#locked.delete(key);
      isHeld = false;
    };
    return { release };
  }
}
