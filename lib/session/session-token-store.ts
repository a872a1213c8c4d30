import { AuthorizationError } from '../base/errors.ts';
import { checkKeys, count, describe, durationMs } from '../base/options.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';
import type { TokenLock, TokenStore } from '../oauth/token-store.ts';
import { DEFAULT_LEASE_MS } from './lease.ts';
import type { SessionManager } from './session-manager.ts';

/** What a {@link SessionTokenStore} can be made with. */
export interface SessionTokenStoreOptions {
  /** Seconds after they were last stored that tokens are forgotten, and somebody has to sign in again; 30 days where it is left out. */
  readonly expirationSeconds?: number | undefined;
  /** Milliseconds after which the lock of a process that is gone is free again; 15,000 where it is left out. A process that lives renews its locks. */
  readonly lockLeaseMs?: number | undefined;
}

const DEFAULT_TOKEN_EXPIRATION_SECONDS = 30 * 24 * 3_600;
// As long as Redis can count.
const LONGEST_TOKEN_EXPIRATION_SECONDS = 1_000_000_000;

/**
 * Tokens where the sessions are kept: over a `RedisSessionManager`, sealed, for all processes over one Redis. Who made the manager closes it.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_STORE` for a manager that would keep them readable for others; TypeError, RangeError for wrong arguments.
 */
export class SessionTokenStore implements TokenStore {
  readonly #manager: SessionManager;
  readonly #keepMs: number;
  readonly #leaseMs: number;

  constructor(manager: SessionManager, options: SessionTokenStoreOptions = {}) {
    if (typeof manager !== 'object' || manager === null) throw new TypeError(`manager must be a SessionManager; got ${describe(manager)}`);
    checkKeys('SessionTokenStore', options as unknown, ['expirationSeconds', 'lockLeaseMs']);
    const seconds = count('expirationSeconds', options.expirationSeconds ?? DEFAULT_TOKEN_EXPIRATION_SECONDS, 1);
    if (seconds > LONGEST_TOKEN_EXPIRATION_SECONDS) throw new RangeError(`expirationSeconds must be at most ${LONGEST_TOKEN_EXPIRATION_SECONDS}; got ${seconds}`);
    if (!manager.keepsSecrets) {
      throw new AuthorizationError('ERR_MCP_AUTH_STORE', 'The session manager keeps no secrets: give a RedisSessionManager sealingKeys, or use an InMemorySessionManager');
    }
    this.#manager = manager;
    this.#keepMs = 1_000 * seconds;
    this.#leaseMs = durationMs('lockLeaseMs', options.lockLeaseMs ?? DEFAULT_LEASE_MS);
  }

  read(key: string): Promise<VersionedSecret | undefined> {
    return this.#manager.getSecret(key);
  }

  replace(key: string, expectedVersion: string | undefined, next: NewSecret | undefined): Promise<boolean> {
    return this.#manager.replaceSecret(key, expectedVersion, next, this.#keepMs);
  }

  /** A lease of the manager: it is renewed while it is held, and free again soon after its holder is gone. */
  tryLock(key: string): Promise<TokenLock | undefined> {
    return this.#manager.acquireLease(`${key}/tokens`, { leaseMs: this.#leaseMs });
  }
}
