/** Sessions in Redis, shared by any number of processes. */

import { delay } from '../base/clock.ts';
import { SessionStoreError } from '../base/errors.ts';
import { abortSignal, checkKeys, count, durationMs, functionOption, text } from '../base/options.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';
import { backoffMs } from '../transport/backoff.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import type { Lease, LeaseOptions } from './lease.ts';
import { RedisBreaker } from './redis-breaker.ts';
import type { RedisAvailability } from './redis-breaker.ts';
import { RedisResults } from './redis-results.ts';
import { LockWait } from './redis-lock-wait.ts';
import { RedisLocks, wholeMs } from './redis-locks.ts';
import type { HeldLock } from './redis-locks.ts';
import { RedisMembers } from './redis-members.ts';
import { replyNumber, replyText, wrongTypeAsNothing } from './redis-reply.ts';
import { RedisKeyNames, escapeRedisName } from './redis-session-keys.ts';
import type { RedisLockKeys, RedisSessionKeys } from './redis-session-keys.ts';
import { resolveRedisSessionOptions } from './redis-session-options.ts';
import type { RedisSessionManagerOptions, ResolvedRedisSessionOptions } from './redis-session-options.ts';
import { RedisSecrets } from './redis-secrets.ts';
import { SET_ASIDE_FLAWED, STORE_IF_EPOCH } from './redis-session-scripts.ts';
import { SessionValues } from './redis-session-value.ts';
import type { ValueFlaw } from './redis-session-value.ts';
import { RedisStore } from './redis-store.ts';
import { DEFAULT_LOCK_WAIT_MS, SessionManager, checkCached, checkLease, checkNewSecret } from './session-manager.ts';
import type { CachedText, LockOptions } from './session-manager.ts';
import { checkSessionRecord } from './session-record.ts';
import type { SessionRecord } from './session-record.ts';

/** How a {@link RedisSessionManager} stands, as JSON. */
export interface RedisSessionStatus extends RedisAvailability {
  /** Values that stood in place of a record and were set aside by this manager. */
  readonly setAside: number;
  /** Values that stood in place of a result and were not used by this manager. */
  readonly flawedResults: number;
  /** Locks and leases that this manager holds. */
  readonly locks: number;
  /** Memberships that this manager keeps up. */
  readonly members: number;
}

// One process asks for a lock this often, and, where somebody else has asked in vain, gives way for longer than their longest pause.
const FIRST_LOCK_POLL_MS = 10;
const LONGEST_LOCK_POLL_MS = 50;
const GIVE_WAY_MS = 75;

/**
 * Sessions in Redis. Locks, leases and memberships are shared by all managers over the same server, database and prefix, and expire when their process is gone. What a key holds
 * and is no session record of ours is set aside, counted and logged, and counts as nothing.
 *
 * Every operation ends within `operationTimeoutMs`; while Redis is away they fail at once, with `ERR_MCP_SESSION_STORE` and what Redis or the road to it said as
 * cause. After `close()` everything but another `close()` rejects with `ERR_MCP_SESSION_STORE`. The process may end while nothing is asked.
 *
 * @throws TypeError or RangeError for options that are not as they should be; a wrong url is told without its password.
 */
export class RedisSessionManager extends SessionManager {
  readonly #options: ResolvedRedisSessionOptions;
  readonly #breaker: RedisBreaker;
  readonly #store: RedisStore;
  readonly #names: RedisKeyNames;
  readonly #values: SessionValues;
  readonly #results: RedisResults;
  readonly #secrets: RedisSecrets | undefined;
  readonly #locks: RedisLocks;
  readonly #members: RedisMembers;
  /** One contender of this process at a time asks Redis for a lock. */
  readonly #queue = new KeyedMutex();
  readonly #waits = new Set<LockWait>();
  /** Locks that somebody else waits for. */
  readonly #givesWay = new Set<string>();
  #setAside = 0;
  #closing: Promise<void> | undefined;

  constructor(options: RedisSessionManagerOptions = {}) {
    const resolved = resolveRedisSessionOptions(options);
    super({ clock: resolved.clock });
    const { clock, log, operationTimeoutMs, send, keyPrefix, maxRecordBytes, seal, expirationMs } = resolved;
    this.#options = resolved;
    this.#breaker = new RedisBreaker(clock, log, operationTimeoutMs);
    this.#store = new RedisStore(send, this.#breaker);
    this.#names = new RedisKeyNames(keyPrefix);
    this.#values = new SessionValues(maxRecordBytes, seal);
    this.#results = new RedisResults({ store: this.#store, names: this.#names, log, seal, maxBytes: maxRecordBytes });
    this.#secrets = seal === undefined ? undefined : new RedisSecrets({ store: this.#store, names: this.#names, log, seal, maxBytes: maxRecordBytes });
    this.#locks = new RedisLocks(this.#store, clock);
    this.#members = new RedisMembers(this.#store, clock, expirationMs);
  }

  /** How Redis stands, and what this manager holds there. */
  get status(): RedisSessionStatus {
    return Object.freeze({ ...this.#breaker.availability, setAside: this.#setAside, flawedResults: this.#results.flawed, locks: this.#locks.size, members: this.#members.size });
  }

  /** The record under `key`, frozen; reading it counts as a use. @throws SessionStoreError `ERR_MCP_SESSION_STORE`. */
  override async getSession(key: string): Promise<SessionRecord | undefined> {
    this.#requireOpen(key);
    const keys = await this.#names.ofSession(key);
    const found = await this.#read(keys);
    return typeof found === 'string' ? undefined : found;
  }

  /** Stores `record`. @throws SessionStoreError `ERR_MCP_SESSION_RECORD` for what is no record, or too large: what was stored stays; `ERR_MCP_SESSION_STORE`. */
  override async storeSession(key: string, record: SessionRecord): Promise<void> {
    this.#requireOpen(key);
    const checked = checkSessionRecord(record);
    const { record: name } = await this.#names.ofSession(key);
    const value = await this.#values.encode(checked, name);
    await this.#store.operate(({ send }) => send(['SET', name, value, 'PX', this.#lifeMs], false));
  }

  /** Forgets what is stored under `key`. @throws SessionStoreError `ERR_MCP_SESSION_STORE`. */
  override async deleteSession(key: string): Promise<void> {
    this.#requireOpen(key);
    const { record } = await this.#names.ofSession(key);
    await this.#store.operate(({ send }) => send(['DEL', record], false));
  }

  /**
   * As {@link SessionManager.withLock}, for all processes. Those of one process have their turns in the order in which they came; between processes
   * nobody is passed over for long. The signal fires when the lock is lost: Redis was away for longer than the lease, or the process was stopped for so long.
   */
  override async withLock<T>(key: string, action: (signal: AbortSignal, fence?: number) => Promise<T>, options: LockOptions = {}): Promise<T> {
    text('key', key);
    functionOption('action', action);
    checkKeys('options', options as unknown, ['waitMs', 'signal']);
    const waitMs = durationMs('options.waitMs', options.waitMs ?? DEFAULT_LOCK_WAIT_MS, 0);
    const signal = abortSignal('options.signal', options.signal);
    this.#requireOpen(key);
    const { lock: keys } = await this.#names.ofSession(key);
    const late = () => new SessionStoreError('ERR_MCP_SESSION_STORE', `The lock of a session was not free within ${waitMs} ms`, { details: { waitMs } });
    const wait = new LockWait(this.#options.clock, waitMs, late, signal);
    this.#waits.add(wait);
    const settle = (): void => {
      wait.release();
      this.#waits.delete(wait);
    };
    const turn = async (): Promise<T> => {
      const lock = await this.#obtain(keys, wait, waitMs, signal);
      settle();
      return this.#holdFor(lock, action, signal);
    };
    try {
      return await this.#queue.run(keys.lock, turn, wait.signal);
    } finally {
      settle();
    }
  }

  /**
   * As {@link SessionManager.compareAndStore}, in one step for all processes.
   *
   * @throws SessionStoreError `ERR_MCP_SESSION_RECORD`, `ERR_MCP_SESSION_STORE`; when the connection was lost meanwhile, nobody knows whether the record was stored.
   */
  override async compareAndStore(key: string, record: SessionRecord, expectedEpoch: number | undefined): Promise<boolean> {
    this.#requireOpen(key);
    const next = checkSessionRecord(record);
    if (expectedEpoch !== undefined && next.epoch < count('expectedEpoch', expectedEpoch)) {
      throw new RangeError(`The epoch of a session never goes back: expected ${expectedEpoch}, to be stored ${next.epoch}`);
    }
    const keys = await this.#names.ofSession(key);
    const args = [expectedEpoch === undefined ? '' : String(expectedEpoch), await this.#values.encode(next, keys.record), this.#lifeMs];
    const isStored = await this.#storeIf(keys, args);
    if (isStored || expectedEpoch !== undefined) return isStored;
    // What stands there looks like one of ours; if it turns out to be none, it counts as nothing.
    return (await this.#read(keys)) === 'set aside' && this.#storeIf(keys, args);
  }

  /** As {@link SessionManager.acquireLease}, for all processes; the lease is lost when Redis was away for longer than it lasts. */
  override async acquireLease(name: string, options: LeaseOptions = {}): Promise<Lease | undefined> {
    const leaseMs = this.#readLease('name', name, options);
    const lock = await this.#locks.take(await this.#names.ofLease(name), leaseMs);
    if (lock === undefined) return undefined;
    await this.#requireStillOpen(lock);
    return { signal: lock.signal, fence: lock.fence, release: async () => void (await lock.release()) };
  }

  /** As {@link SessionManager.joinSession}, for all processes; while somebody uses a session, its record does not expire. */
  override async joinSession(key: string, member: string, options: LeaseOptions = {}): Promise<void> {
    const leaseMs = this.#readLease('key', key, options);
    const name = await escapeRedisName(text('member', member));
    await this.#members.join(await this.#names.ofSession(key), name, leaseMs);
    if (this.#closing !== undefined) await this.#members.leaveAll();
  }

  /** As {@link SessionManager.leaveSession}. @throws SessionStoreError `ERR_MCP_SESSION_STORE`; the member is then forgotten after its lease. */
  override async leaveSession(key: string, member: string): Promise<number> {
    this.#requireOpen(key);
    const name = await escapeRedisName(text('member', member));
    return this.#members.leave(await this.#names.ofSession(key), name);
  }

  /** As {@link SessionManager.getCached}, for all processes. What stands there and is none of ours is counted, logged, and nothing. @throws SessionStoreError `ERR_MCP_SESSION_STORE`. */
  override async getCached(group: string, field: string): Promise<CachedText | undefined> {
    this.#requireOpen(group);
    return this.#results.find(group, text('field', field));
  }

  /** As {@link SessionManager.storeCached}, for all processes; a result that takes more than `maxRecordBytes` is not stored. @throws SessionStoreError `ERR_MCP_SESSION_STORE`. */
  override async storeCached(group: string, field: string, result: string, ttlMs: number): Promise<void> {
    checkCached(group, field, result, ttlMs);
    this.#requireOpen(group);
    await this.#results.store(group, field, result, ttlMs);
  }

  /** As {@link SessionManager.dropCached}, for all processes. @throws SessionStoreError `ERR_MCP_SESSION_STORE`. */
  override async dropCached(group: string): Promise<void> {
    this.#requireOpen(group);
    await this.#results.drop(group);
  }

  /** As {@link SessionManager.keepsSecrets}: `true` with `sealingKeys`. */
  override get keepsSecrets(): boolean {
    return this.#secrets !== undefined;
  }

  /** As {@link SessionManager.getSecret}, for all processes. @throws SessionStoreError `ERR_MCP_SESSION_STORE`, also without `sealingKeys`. */
  override async getSecret(key: string): Promise<VersionedSecret | undefined> {
    this.#requireOpen(key);
    return this.#requireSecrets().find(key);
  }

  /** As {@link SessionManager.replaceSecret}, in one step for all processes. @throws SessionStoreError `ERR_MCP_SESSION_STORE`, also without `sealingKeys`; RangeError for more than `maxRecordBytes`. */
  override async replaceSecret(key: string, expectedVersion: string | undefined, next: NewSecret | undefined, keepMs: number): Promise<boolean> {
    checkNewSecret(key, expectedVersion, next, keepMs);
    this.#requireOpen(key);
    return this.#requireSecrets().replace(key, expectedVersion, next, wholeMs(keepMs));
  }

  /**
   * Gives back every lock and lease, whose signals fire, leaves every session, and closes the connection, unless the client is the host's. What
   * cannot be said to Redis in the time of one operation expires by itself. Stored sessions stay. Never rejects.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    for (const wait of this.#waits) wait.end(isClosed());
    await Promise.all([this.#locks.revokeAll('the session manager was closed'), this.#members.leaveAll()]);
    await this.#options.disconnect().catch(() => {});
  }

  get #lifeMs(): string {
    return wholeMs(this.#options.expirationMs);
  }

  /** The record, `absent`, or `set aside` when what stood there was none. */
  async #read({ record: name, quarantine }: RedisSessionKeys): Promise<SessionRecord | 'absent' | 'set aside'> {
    const value = await this.#store.operate(async ({ send }) => {
      // No more is read than a record may have; sent together they are one round trip.
      const reading = send(['GETRANGE', name, '0', String(this.#values.readBytes - 1)], true).catch(wrongTypeAsNothing);
      const [reply] = await Promise.all([reading, send(['PEXPIRE', name, this.#lifeMs], true)]);
      return reply === undefined ? undefined : replyText(reply);
    });
    if (value === '') return 'absent';
    const found = value === undefined ? ({ flaw: 'no session record' } as const) : await this.#values.decode(value, name);
    if ('record' in found) return found.record;
    const args = [value ?? '', String(this.#options.maxRecordBytes)];
    const count = await this.#store.operate(async (road) => replyNumber(await road.run(SET_ASIDE_FLAWED, [name, quarantine], args))).catch(() => 0);
    if (count > 0) this.#countSetAside(quarantine, found.flaw);
    return 'set aside';
  }

  async #storeIf({ record, quarantine }: RedisSessionKeys, args: readonly string[]): Promise<boolean> {
    const answer = await this.#store.operate(async (road) => replyNumber(await road.run(STORE_IF_EPOCH, [record, quarantine], args)));
    if (answer === 2) this.#countSetAside(quarantine, 'no session record');
    return answer !== 0;
  }

  #countSetAside(quarantine: string, flaw: ValueFlaw): void {
    this.#setAside++;
    this.#options.log.warn(`A stored session was set aside: ${flaw}`, { flaw, quarantine });
  }

  /** Takes the lock when it is free, within the wait; the first try is made in any case. */
  async #obtain(keys: RedisLockKeys, wait: LockWait, waitMs: number, signal: AbortSignal | undefined): Promise<HeldLock> {
    const { clock, lockLeaseMs } = this.#options;
    if (this.#givesWay.has(keys.lock) && waitMs > 2 * GIVE_WAY_MS) await delay(clock, GIVE_WAY_MS, wait.signal);
    for (let tries = 1; ; tries++) {
      const lock = await this.#locks.take(keys, lockLeaseMs);
      if (signal?.aborted) await lock?.release();
      signal?.throwIfAborted();
      if (lock !== undefined) {
        await this.#requireStillOpen(lock);
        return lock;
      }
      wait.signal.throwIfAborted();
      await delay(clock, backoffMs(FIRST_LOCK_POLL_MS, tries, LONGEST_LOCK_POLL_MS), wait.signal);
    }
  }

  async #holdFor<T>(lock: HeldLock, action: (signal: AbortSignal, fence?: number) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const controller = new AbortController();
    const onCaller = (): void => controller.abort(signal?.reason);
    const onLoss = (): void => controller.abort(lock.signal.reason);
    signal?.addEventListener('abort', onCaller, { once: true });
    lock.signal.addEventListener('abort', onLoss, { once: true });
    try {
      return await action(controller.signal, lock.fence);
    } finally {
      signal?.removeEventListener('abort', onCaller);
      lock.signal.removeEventListener('abort', onLoss);
      if (await lock.release()) this.#giveWay(lock.key);
    }
  }

  #giveWay(key: string): void {
    this.#givesWay.add(key);
    this.#options.clock.afterInBackground(GIVE_WAY_MS, () => this.#givesWay.delete(key));
  }

  #readLease(what: string, name: string, options: LeaseOptions): number {
    const leaseMs = checkLease(what, name, options);
    this.#requireOpen(name);
    return leaseMs;
  }

  #requireOpen(key: string): void {
    text('key', key);
    if (this.#closing !== undefined) throw isClosed();
  }

  #requireSecrets(): RedisSecrets {
    if (this.#secrets !== undefined) return this.#secrets;
    throw new SessionStoreError('ERR_MCP_SESSION_STORE', 'No secret goes into Redis unsealed: give sealingKeys');
  }

  /** A lock that was had while the manager was closed is given back. */
  async #requireStillOpen(lock: HeldLock): Promise<void> {
    if (this.#closing === undefined) return;
    await lock.release();
    throw isClosed();
  }
}

function isClosed(): SessionStoreError {
  return new SessionStoreError('ERR_MCP_SESSION_STORE', 'The session manager is closed');
}
