import type { Clock } from '../base/clock.ts';
import { AuthorizationError, isMCPError } from '../base/errors.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';
import { randomTokenId } from './jwt.ts';
import { decodeTokenSet, encodeTokenSet, tokenKey } from './stored-tokens.ts';
import type { TokenOwner, TokenSet } from './token-set.ts';
import type { TokenLock, TokenStore } from './token-store.ts';

/** What stands in the store for an owner. */
export interface ShelvedTokens {
  /** `undefined` where nothing stands there. */
  readonly version: string | undefined;
  /** `undefined` where nothing stands there, or nothing that is tokens of the owner. */
  readonly tokens: TokenSet | undefined;
}

/** The place of one owner in a store, in terms of tokens. Whatever fails there is an AuthorizationError `ERR_MCP_AUTH_STORE`. */
export class TokenShelf {
  readonly #store: TokenStore;
  readonly #owner: TokenOwner;
  readonly #clock: Clock;
  #key: Promise<string> | undefined;

  constructor(store: TokenStore, owner: TokenOwner, clock: Clock) {
    this.#store = store;
    this.#owner = owner;
    this.#clock = clock;
  }

  async read(): Promise<ShelvedTokens> {
    const found = await this.#ask((key) => this.#store.read(key));
    return { version: found?.version, tokens: this.#decode(found) };
  }

  /** Puts `next` in place of the version that was seen; says whether it did. */
  replace(seen: string | undefined, next: NewSecret): Promise<boolean> {
    return this.#ask((key) => this.#store.replace(key, seen, next));
  }

  /** Takes away the version that was seen. */
  async remove(seen: string): Promise<void> {
    await this.#ask((key) => this.#store.replace(key, seen, undefined));
  }

  tryLock(): Promise<TokenLock | undefined> {
    return this.#ask((key) => this.#store.tryLock(key));
  }

  /** A new version of what is to stand there. */
  static wrap(tokens: TokenSet): NewSecret {
    return { version: randomTokenId(), text: encodeTokenSet(tokens) };
  }

  #decode(found: VersionedSecret | undefined): TokenSet | undefined {
    return found?.text === undefined ? undefined : decodeTokenSet(found.text, this.#owner, this.#clock);
  }

  async #ask<T>(work: (key: string) => Promise<T>): Promise<T> {
    this.#key ??= tokenKey(this.#owner);
    const key = await this.#key;
    try {
      return await work(key);
    } catch (cause) {
      throw new AuthorizationError('ERR_MCP_AUTH_STORE', 'The store of tokens cannot be asked', { cause });
    }
  }
}

/** Whether `error` says that the store could not be asked. */
export function isStoreFailure(error: unknown): boolean {
  return isMCPError(error) && error.code === 'ERR_MCP_AUTH_STORE';
}
