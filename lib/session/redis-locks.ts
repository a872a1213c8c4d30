/** Locks and leases that every process over one Redis shares: held under a random token, renewed while they are held, given back by who holds them only. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { SessionStoreError } from '../base/errors.ts';
import { randomToken } from './redis-digest.ts';
import { replyNumber } from './redis-reply.ts';
import type { RedisLockKeys } from './redis-session-keys.ts';
import { RELEASE_LOCK, RENEW_LOCK, TAKE_LOCK } from './redis-session-scripts.ts';
import type { RedisStore } from './redis-store.ts';

/** So that two renewals in a row may fail. */
export const RENEWALS_PER_LEASE: number = 3;
const HURRIED_RENEWALS_PER_LEASE = 10;

/** What a lock is made of. */
interface Holding {
  readonly store: RedisStore;
  readonly clock: Clock;
  readonly keys: RedisLockKeys;
  readonly token: string;
  readonly leaseMs: number;
  readonly fence: number;
  /** Until when it certainly is ours, by our clock: counted from before Redis was asked. */
  readonly validUntil: number;
  readonly onEnd: (lock: HeldLock) => void;
}

/** A lock that is held. Its timers let the process end. */
export class HeldLock {
  readonly #holding: Holding;
  readonly #loss = new AbortController();
  #cancelRenewal: CancelTimer | undefined;
  #cancelExpiry: CancelTimer | undefined;
  #isHeld = true;

  constructor(holding: Holding) {
    this.#holding = holding;
    this.#keepUntil(holding.validUntil);
  }

  /** Fires when the lock is lost, with a SessionStoreError. */
  get signal(): AbortSignal {
    return this.#loss.signal;
  }

  /** Higher than that of every earlier holder. */
  get fence(): number {
    return this.#holding.fence;
  }

  /** The key that is locked. */
  get key(): string {
    return this.#holding.keys.lock;
  }

  /** Gives it back; says whether somebody else has lately asked in vain. Never rejects: what cannot be given back expires. */
  async release(): Promise<boolean> {
    if (!this.#end()) return false;
    const { store, keys, token } = this.#holding;
    try {
      return (await store.operate(async (road) => replyNumber(await road.run(RELEASE_LOCK, [keys.lock, keys.wanted], [token])))) === 2;
    } catch {
      return false;
    }
  }

  /** As {@link HeldLock.release}, and the signal fires: who works under the lock works on without it. */
  async revoke(why: string): Promise<void> {
    const released = this.release();
    this.#fire(why);
    await released;
  }

  #keepUntil(validUntil: number): void {
    const { clock, leaseMs } = this.#holding;
    this.#cancelExpiry?.();
    this.#cancelExpiry = clock.afterInBackground(validUntil - clock.now(), () => this.#lose());
    this.#renewAfter(leaseMs / RENEWALS_PER_LEASE);
  }

  #renewAfter(delayMs: number): void {
    this.#cancelRenewal = this.#holding.clock.afterInBackground(delayMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { store, clock, keys, token, leaseMs } = this.#holding;
    const sentAt = clock.now();
    try {
      const isOurs = await store.insist(async (road) => replyNumber(await road.run(RENEW_LOCK, [keys.lock, keys.fence], [token, wholeMs(leaseMs)])));
      if (!this.#isHeld) return;
      if (isOurs === 1) this.#keepUntil(sentAt + leaseMs);
      else this.#lose();
    } catch {
      // Until it expires it is ours, and Redis may be back before that.
      if (this.#isHeld) this.#renewAfter(leaseMs / HURRIED_RENEWALS_PER_LEASE);
    }
  }

  #lose(): void {
    if (this.#end()) this.#fire('it expired, or somebody else took it');
  }

  #fire(why: string): void {
    this.#loss.abort(new SessionStoreError('ERR_MCP_SESSION_STORE', `The lock of a session was lost: ${why}`));
  }

  /** Whether it was held until now. */
  #end(): boolean {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    this.#cancelRenewal?.();
    this.#cancelExpiry?.();
    this.#holding.onEnd(this);
    return true;
  }
}

/** All locks of one manager. */
export class RedisLocks {
  readonly #store: RedisStore;
  readonly #clock: Clock;
  readonly #held = new Set<HeldLock>();

  constructor(store: RedisStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes a lock for `leaseMs`, or nothing when somebody has it. @throws SessionStoreError `ERR_MCP_SESSION_STORE` when Redis cannot be asked. */
  async take(keys: RedisLockKeys, leaseMs: number): Promise<HeldLock | undefined> {
    const token = randomToken();
    const sentAt = this.#clock.now();
    const names = [keys.lock, keys.fence, keys.wanted];
    let fence: number;
    try {
      fence = await this.#store.operate(async (road) => replyNumber(await road.run(TAKE_LOCK, names, [token, wholeMs(leaseMs)])));
    } catch (cause) {
      this.#giveUp(keys, token);
      throw cause;
    }
    if (fence === 0) return undefined;
    const lock = new HeldLock({
      store: this.#store,
      clock: this.#clock,
      keys,
      token,
      leaseMs,
      fence,
      validUntil: sentAt + leaseMs,
      onEnd: (ended) => void this.#held.delete(ended),
    });
    this.#held.add(lock);
    return lock;
  }

  /** Gives all of them back, and their signals fire. */
  async revokeAll(why: string): Promise<void> {
    await Promise.all([...this.#held].map((lock) => lock.revoke(why)));
  }

  /** Nobody knows whether Redis gave the lock: it is given back in case it did, or expires. */
  #giveUp(keys: RedisLockKeys, token: string): void {
    void this.#store.attempt((road) => road.run(RELEASE_LOCK, [keys.lock, keys.wanted], [token]));
  }
}

/** Milliseconds as Redis takes them. */
export function wholeMs(ms: number): string {
  return String(Math.ceil(ms));
}
