/** The port behind which sessions are stored: what outlives a connection, and, with a store that is shared, a process. */

import { timedSignal } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { SessionStoreError } from '../base/errors.ts';
import { abortSignal, functionOption, checkKeys, count, durationMs, text } from '../base/options.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { DEFAULT_LEASE_MS } from './lease.ts';
import type { Lease, LeaseOptions } from './lease.ts';
import { checkSessionRecord, readSessionRecord } from './session-record.ts';
import type { SessionRecord } from './session-record.ts';

/** How long to wait for a lock. */
export interface LockOptions {
  /** Milliseconds until the wait is given up. Default: 30 000. */
  readonly waitMs?: number | undefined;
  /** Gives up the wait, and is what the action is handed. */
  readonly signal?: AbortSignal | undefined;
}

/** A result in a store. */
export interface CachedText {
  /** The result as JSON, as it came from a server. */
  readonly text: string;
  /** For how long it is fresh still, milliseconds. */
  readonly ttlMs: number;
}

/** What a {@link SessionManager} can be made with. */
export interface SessionManagerOptions {
  /** Times the waits for locks; the machine's clock where it is left out. */
  readonly clock?: Clock | undefined;
}

/** The wait for a lock that somebody holds: as long as a slow handshake of another worker may take, and not for ever. */
export const DEFAULT_LOCK_WAIT_MS: number = 30_000;

const SECRET_VERSION = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Where sessions are kept. A manager of your own needs the four abstract methods only; it may be shared by any number of handles,
 * and who made it closes it. What it rejects with never fails a call: the handle goes on without it and tells the logger.
 *
 * The other methods work as they stand for as long as one instance sees every change. A store that several processes share
 * should replace `withLock` by a lock that they share too; `compareAndStore` is built on it.
 */
export abstract class SessionManager {
  readonly #mutex = new KeyedMutex();
  readonly #clock: Clock;
  readonly #leases = new Set<string>();
  readonly #members = new Map<string, Set<string>>();
  #fence = 0;

  constructor(options: SessionManagerOptions = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * The record that is stored under `key`, or `undefined` when there is none (any more). What is returned is checked by who asked,
   * so a store may return what it read as it is.
   */
  abstract getSession(key: string): Promise<SessionRecord | undefined>;

  /** Stores a record under `key`, in place of the one that is there. A later change to the object must not change what is stored. */
  abstract storeSession(key: string, record: SessionRecord): Promise<void>;

  /** Forgets what is stored under `key`; that there is nothing is fine. */
  abstract deleteSession(key: string): Promise<void>;

  /** Lets go of everything the manager holds open. Closing twice is fine. */
  abstract close(): Promise<void>;

  /**
   * Runs `action` while nobody else runs one under the same key, and returns what it returns; the lock is free again when the action
   * has settled, either way. The action is handed the fence of its turn: higher than that of every turn before. Those who wait get their turn in the order in which they came. Here the lock is known to this instance alone.
   *
   * The wait for the lock ends after `waitMs` or when `signal` fires; once it runs, the action is not interrupted: it is handed a
   * signal that fires with `signal`, and, in a manager whose locks can be lost, when the lock is lost. The lock is not reentrant: an
   * action that asks for its own key waits in vain, until `waitMs` have passed.
   *
   * @throws SessionStoreError `ERR_MCP_SESSION_STORE` when the lock is not free in time; the reason of `signal` when that fires first; what
   * the action throws; TypeError and RangeError for wrong arguments.
   */
  async withLock<T>(key: string, action: (signal: AbortSignal, fence?: number) => Promise<T>, options: LockOptions = {}): Promise<T> {
    text('key', key);
    functionOption('action', action);
    checkKeys('options', options as unknown, ['waitMs', 'signal']);
    const waitMs = durationMs('options.waitMs', options.waitMs ?? DEFAULT_LOCK_WAIT_MS, 0);
    const signal = abortSignal('options.signal', options.signal);
    const late = () => new SessionStoreError('ERR_MCP_SESSION_STORE', `The lock of a session was not free within ${waitMs} ms`, { details: { waitMs } });
    const wait = timedSignal(this.#clock, waitMs, late, signal);
    const begin = (): Promise<T> => {
      wait.release();
      return action(signal ?? new AbortController().signal, ++this.#fence);
    };
    try {
      return await this.#mutex.run(key, begin, wait.signal);
    } finally {
      wait.release();
    }
  }

  /**
   * Stores `record` if the epoch of what is stored under `key` is `expectedEpoch`, or if nothing is stored and that is `undefined`; says
   * whether it did. Of many who expect one epoch and store the next, one wins. What is stored but is no session record counts as
   * nothing. Works under a lock of its own, named after the key, so it may be called while `withLock` holds the key.
   *
   * @throws SessionStoreError `ERR_MCP_SESSION_RECORD` for what is no record; RangeError for an epoch lower than the one expected; what
   * the store itself throws.
   */
  async compareAndStore(key: string, record: SessionRecord, expectedEpoch: number | undefined): Promise<boolean> {
    text('key', key);
    const next = checkSessionRecord(record);
    if (expectedEpoch !== undefined && next.epoch < count('expectedEpoch', expectedEpoch)) {
      throw new RangeError(`The epoch of a session never goes back: expected ${expectedEpoch}, to be stored ${next.epoch}`);
    }
    return this.withLock(`${key}:store`, async () => {
      const stored = readSessionRecord(await this.getSession(key));
      if (stored?.epoch !== expectedEpoch) return false;
      await this.storeSession(key, next);
      return true;
    });
  }

  /**
   * Takes the lease `name`, or nothing when somebody holds it. Whoever has it does what one worker does for all, such as listening to
   * what a server sends by itself. Here the lease is known to this instance alone, and is never lost.
   *
   * @throws TypeError, RangeError for wrong arguments; what the store itself throws.
   */
  async acquireLease(name: string, options: LeaseOptions = {}): Promise<Lease | undefined> {
    checkLease('name', name, options);
    if (this.#leases.has(name)) return undefined;
    this.#leases.add(name);
    let isHeld = true;
    const release = async (): Promise<void> => {
      if (isHeld) this.#leases.delete(name);
      isHeld = false;
    };
    return { signal: new AbortController().signal, fence: ++this.#fence, release };
  }

  /**
   * Says that `member` uses the session under `key`, from now on until {@link SessionManager.leaveSession}; in a store that several
   * processes share, a member whose process is gone is forgotten after `leaseMs`.
   *
   * @throws TypeError, RangeError for wrong arguments; what the store itself throws.
   */
  async joinSession(key: string, member: string, options: LeaseOptions = {}): Promise<void> {
    checkLease('key', key, options);
    text('member', member);
    const members = this.#members.get(key);
    if (members === undefined) this.#members.set(key, new Set([member]));
    else members.add(member);
  }

  /** Says that `member` uses the session no more, and tells how many others do. */
  async leaveSession(key: string, member: string): Promise<number> {
    text('member', member);
    const members = this.#members.get(text('key', key));
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(key);
    return members?.size ?? 0;
  }

  /**
   * The result that is stored under `field` of `group`, and for how many milliseconds it is fresh still; `undefined` when there is none (any
   * more). What is returned is checked by who asked. Here nothing is ever stored.
   */
  async getCached(group: string, field: string): Promise<CachedText | undefined> {
    text('group', group);
    text('field', field);
    return undefined;
  }

  /** Stores a result for `ttlMs` milliseconds, in place of the one that is there; a store may forget it earlier. Here it is not stored. */
  async storeCached(group: string, field: string, result: string, ttlMs: number): Promise<void> {
    checkCached(group, field, result, ttlMs);
  }

  /** Forgets every result of `group`; that there is none is fine. */
  async dropCached(group: string): Promise<void> {
    text('group', group);
  }

  /** Whether secrets are kept such that nobody can read them but who has a key of the host: sealed, or in the memory of this process. Here `false`: nothing is known of the store. */
  get keepsSecrets(): boolean {
    return false;
  }

  /** The secret under `key`, such as the tokens of a user; `undefined` when there is none (any more). What it holds is checked by who asked. @throws SessionStoreError `ERR_MCP_SESSION_STORE` where none are kept. */
  async getSecret(key: string): Promise<VersionedSecret | undefined> {
    text('key', key);
    throw keepsNone();
  }

  /**
   * Puts `next`, or nothing, in place of the version `expectedVersion`, `undefined` being nothing, for `keepMs` milliseconds. Resolves with whether `next` stands there now, also when it was
   * put there before; `false` where another version stands, which stays.
   *
   * @throws SessionStoreError `ERR_MCP_SESSION_STORE` where none are kept; TypeError and RangeError for wrong arguments.
   */
  async replaceSecret(key: string, expectedVersion: string | undefined, next: NewSecret | undefined, keepMs: number): Promise<boolean> {
    checkNewSecret(key, expectedVersion, next, keepMs);
    throw keepsNone();
  }
}

function keepsNone(): SessionStoreError {
  return new SessionStoreError('ERR_MCP_SESSION_STORE', 'This session manager keeps no secrets');
}

/** @throws TypeError, RangeError for wrong arguments of `replaceSecret`; they never show the secret. */
export function checkNewSecret(key: string, expectedVersion: string | undefined, next: NewSecret | undefined, keepMs: number): void {
  text('key', key);
  durationMs('keepMs', keepMs);
  for (const version of [expectedVersion, next?.version]) {
    if (version !== undefined && !SECRET_VERSION.test(text('version', version))) throw new RangeError('version must be 1 to 64 letters, digits, - or _');
  }
  // Not by its class: a process may hold two copies of the library.
  if (next !== undefined) functionOption('next.text.reveal', next.text.reveal);
}

/** How long a lease is to last, milliseconds; `what` is called `name`. @throws TypeError, RangeError for wrong arguments. */
export function checkLease(what: string, name: string, options: LeaseOptions): number {
  text(what, name);
  checkKeys('options', options as unknown, ['leaseMs']);
  return options.leaseMs === undefined ? DEFAULT_LEASE_MS : durationMs('options.leaseMs', options.leaseMs);
}

/** @throws TypeError, RangeError for wrong arguments of `storeCached`. */
export function checkCached(group: string, field: string, result: string, ttlMs: number): void {
  text('group', group);
  text('field', field);
  text('result', result);
  durationMs('ttlMs', ttlMs);
}
