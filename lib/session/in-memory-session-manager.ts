import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { SessionStoreError } from '../base/errors.ts';
import { checkKeys, count, text } from '../base/options.ts';
import { VersionedSecrets } from '../base/versioned-secrets.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';
import { CachedTexts } from './cached-texts.ts';
import { SessionManager, checkCached, checkNewSecret } from './session-manager.ts';
import type { CachedText, LockOptions } from './session-manager.ts';
import { checkSessionRecord } from './session-record.ts';
import type { SessionRecord } from './session-record.ts';

/** What an {@link InMemorySessionManager} can be made with. */
export interface InMemorySessionManagerOptions {
  /** Seconds after its last use (stored or read) that a session is forgotten; 3600 where it is left out. */
  readonly expirationSeconds?: number | undefined;
  /** How many sessions are kept, and how many secrets; when there is one more, the one unused for the longest time leaves. 1000 where it is left out. */
  readonly maxSessions?: number | undefined;
  /** The machine's clock where it is left out. */
  readonly clock?: Clock | undefined;
}

interface Entry {
  readonly record: SessionRecord;
  readonly expiresAt: number;
}

/**
 * Sessions in the memory of this process. What is stored is a copy, and what is returned is frozen, so nobody's later change reaches it.
 * Sets no timer: what has expired leaves when the manager is next used. After `close()` everything but another `close()`
 * rejects with `ERR_MCP_SESSION_STORE`.
 *
 * @throws TypeError or RangeError for options that are not as they should be.
 */
export class InMemorySessionManager extends SessionManager {
  /** The one unused for the longest time first, and so, as all live equally long, the next to expire first. */
  readonly #entries = new Map<string, Entry>();
  readonly #results: CachedTexts;
  readonly #secrets: VersionedSecrets;
  readonly #clock: Clock;
  readonly #expirationMs: number;
  readonly #maxSessions: number;
  #closed = false;

  constructor(options: InMemorySessionManagerOptions = {}) {
    checkKeys('InMemorySessionManager', options as unknown, ['expirationSeconds', 'maxSessions', 'clock']);
    const { expirationSeconds = 3_600, maxSessions = 1_000, clock = systemClock } = options;
    super({ clock });
    this.#clock = clock;
    this.#results = new CachedTexts(clock);
    this.#expirationMs = 1_000 * count('expirationSeconds', expirationSeconds, 1);
    this.#maxSessions = count('maxSessions', maxSessions, 1);
    this.#secrets = new VersionedSecrets(this.#maxSessions);
  }

  /** The record under `key`, frozen; reading it counts as a use. */
  override async getSession(key: string): Promise<SessionRecord | undefined> {
    this.#requireOpen(key);
    this.#sweep();
    const record = this.#entries.get(key)?.record;
    if (record !== undefined) this.#keep(key, record);
    return record;
  }

  /** Stores a copy of `record`. @throws SessionStoreError `ERR_MCP_SESSION_RECORD` for what is no record; what was stored stays. */
  override async storeSession(key: string, record: SessionRecord): Promise<void> {
    this.#requireOpen(key);
    this.#sweep();
    this.#keep(key, checkSessionRecord(record));
  }

  /** Forgets what is stored under `key`. */
  override async deleteSession(key: string): Promise<void> {
    this.#requireOpen(key);
    this.#entries.delete(key);
  }

  /** As {@link SessionManager.withLock}; an action whose turn comes after the manager was closed never runs. */
  override async withLock<T>(key: string, action: (signal: AbortSignal, fence?: number) => Promise<T>, options: LockOptions = {}): Promise<T> {
    this.#requireOpen(key);
    const begin = (signal: AbortSignal, fence?: number): Promise<T> => {
      this.#requireOpen(key);
      return action(signal, fence);
    };
    return super.withLock(key, typeof action === 'function' ? begin : action, options);
  }

  /** As {@link SessionManager.getCached}, for all handles of this manager. */
  override async getCached(group: string, field: string): Promise<CachedText | undefined> {
    this.#requireOpen(group);
    return this.#results.find(group, text('field', field));
  }

  /** As {@link SessionManager.storeCached}; the results of all handles together have the default bounds `maxCachedResults` and `maxCachedBytes`. */
  override async storeCached(group: string, field: string, result: string, ttlMs: number): Promise<void> {
    checkCached(group, field, result, ttlMs);
    this.#requireOpen(group);
    this.#results.store(group, field, result, ttlMs);
  }

  /** As {@link SessionManager.dropCached}. */
  override async dropCached(group: string): Promise<void> {
    this.#requireOpen(group);
    this.#results.drop(group);
  }

  /** As {@link SessionManager.keepsSecrets}: they never leave the memory of this process. */
  override get keepsSecrets(): boolean {
    return true;
  }

  /** As {@link SessionManager.getSecret}. */
  override async getSecret(key: string): Promise<VersionedSecret | undefined> {
    this.#requireOpen(key);
    return this.#secrets.find(key, this.#clock.now());
  }

  /** As {@link SessionManager.replaceSecret}; of more than `maxSessions` secrets the one unused for the longest time leaves. */
  override async replaceSecret(key: string, expectedVersion: string | undefined, next: NewSecret | undefined, keepMs: number): Promise<boolean> {
    checkNewSecret(key, expectedVersion, next, keepMs);
    this.#requireOpen(key);
    const now = this.#clock.now();
    return this.#secrets.replace(key, expectedVersion, next, now, now + keepMs);
  }

  /** Forgets every session, every result and every secret. */
  override async close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    this.#results.clear();
    this.#secrets.clear();
  }

  /** Puts the record last in line, its time begun anew, and lets the first one go when there are too many. */
  #keep(key: string, record: SessionRecord): void {
    this.#entries.delete(key);
    this.#entries.set(key, { record, expiresAt: this.#clock.now() + this.#expirationMs });
    if (this.#entries.size <= this.#maxSessions) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  #requireOpen(key: string): void {
    text('key', key);
    if (this.#closed) throw new SessionStoreError('ERR_MCP_SESSION_STORE', 'The session manager is closed');
  }

  /** Lets go what has expired. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [name, entry] of this.#entries) {
      if (entry.expiresAt > now) return;
      this.#entries.delete(name);
    }
  }
}
