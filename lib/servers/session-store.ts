/** The session of one handle in the store: found, kept, shared, forgotten. A store that fails never fails a call. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import type { Log } from '../base/log.ts';
import type { Connection, Foreknowledge } from '../connection/connection.ts';
import { uniquePrefix } from '../connection/unique-prefix.ts';
import type { Agreement, EraName } from '../protocol/era.ts';
import { LegacyEra } from '../protocol/legacy-era.ts';
import { isProtocolVersion } from '../protocol/versions.ts';
import type { ProtocolVersion } from '../protocol/versions.ts';
import { sessionKey } from '../session/session-key.ts';
import type { SessionOwner } from '../session/session-key.ts';
import type { SessionManager } from '../session/session-manager.ts';
import { readSessionRecord } from '../session/session-record.ts';
import type { SessionRecord } from '../session/session-record.ts';

/** What a {@link SessionStore} is made with. */
export interface SessionStoreOptions {
  readonly name: string;
  readonly manager: SessionManager;
  /** Whether other handles may use the manager too. */
  readonly isShared: boolean;
  readonly offered: readonly ProtocolVersion[];
  readonly clock: Clock;
  readonly log: Log;
}

type Opened = Pick<Connection, 'agreement' | 'sessionId'>;

/** Opens a connection with what is known, and returns it agreed. */
export type OpenConnection = (known: Foreknowledge) => Promise<Opened>;

const NOTHING_KNOWN: Foreknowledge = Object.freeze({});

// A store that was away is asked again this often.
const REJOIN_MS = 5_000;
// At the end nobody waits for others for long.
const LEAVE_WAIT_MS = 500;

/** One handle's view of the session manager. */
export class SessionStore {
  readonly #options: SessionStoreOptions;
  #key: string | undefined;
  /** Who this handle is among those that share the session. */
  #member: string | undefined;
  /** What was found under the key, stored, or taken up last. */
  #record: SessionRecord | undefined;
  /** The session that this handle made last, and the one of another that it took up. */
  #ownId: string | undefined;
  #othersId: string | undefined;
  /** The session is one that nobody else can find. */
  #isAlone = false;
  #cancelRejoin: CancelTimer | undefined;
  #shared: Deferred<void> | undefined;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
  }

  /** Under which the session is stored, once it was opened. */
  get key(): string | undefined {
    return this.#key;
  }

  /** Whether the session is one that nobody else can find: the store was away when it was made, or holds another. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Resolves when a session that nobody could find was stored after all. */
  get shared(): Promise<void> {
    this.#shared ??= deferred();
    return this.#shared.promise;
  }

  /**
   * Opens a connection with what is stored for `owner`, or without, and stores what comes of it; nobody else does so for the same owner at the
   * same time. `lostId` is a session that is known to be over.
   */
  async open(owner: SessionOwner, lostId: string | undefined, signal: AbortSignal, open: OpenConnection): Promise<void> {
    // A digest keeps an address and a credential out of a store that others read; nobody reads the handle's own.
    const key = this.#options.isShared ? await sessionKey(owner) : JSON.stringify(owner);
    this.#key = key;
    this.#stopRejoining();
    let isOpening = false;
    const work = async (): Promise<EraName | undefined> => {
      const stored = await this.#find(key, lostId);
      isOpening = true;
      // Where there is no session to be made, nobody waits for anybody.
      if (stored !== undefined && stored.era === 'modern') return 'modern';
      await this.#keep(key, await open(stored === undefined ? NOTHING_KNOWN : this.#known(stored)));
      return undefined;
    };
    let era: EraName | undefined;
    try {
      era = await this.#options.manager.withLock(key, work, { signal });
    } catch (cause) {
      if (isOpening || signal.aborted) throw cause;
      this.#warn('the lock of its session could not be had', cause);
      this.#record = undefined;
      this.#othersId = undefined;
      await this.#keep(key, await open(NOTHING_KNOWN));
    }
    if (era !== undefined) await this.#keep(key, await open({ era }));
  }

  /**
   * Uses the session no more. Whether it is to be ended on the server: when `ends` says so and nobody else uses it, or when nobody else could
   * ever take it up. Once it is to be ended, nobody finds it any more. Never rejects.
   */
  async leave(ends: boolean): Promise<boolean> {
    const key = this.#key;
    const { manager, isShared } = this.#options;
    this.#key = undefined;
    this.#stopRejoining();
    if (key === undefined) return false;
    if (!isShared) {
      await this.#try('its session could not be forgotten', () => manager.deleteSession(key));
      return ends;
    }
    const member = this.#member;
    const goAway = async () => (member === undefined ? 0 : manager.leaveSession(key, member));
    const work = async () => {
      const others = await goAway();
      if (this.#isAlone) return true;
      if (!ends || others > 0) return false;
      await manager.deleteSession(key);
      return true;
    };
    // Whoever opens the session does so under its lock: nobody comes between the last one to leave and the end.
    const leave = () => (ends ? manager.withLock(key, work, { waitMs: LEAVE_WAIT_MS }) : work());
    const isToEnd = await this.#try('it could not leave its session in order', leave);
    if (isToEnd !== undefined) return isToEnd;
    await this.#try('it could not leave its session', goAway);
    return this.#isAlone;
  }

  async #find(key: string, lostId: string | undefined): Promise<SessionRecord | undefined> {
    const record = readSessionRecord(await this.#try('its session could not be read', () => this.#options.manager.getSession(key)));
    this.#record = record;
    this.#othersId = record?.sessionId === this.#ownId ? undefined : record?.sessionId;
    // Another handle may have made a new session already: that one is taken up.
    return record === undefined || (lostId !== undefined && record.sessionId === lostId) ? undefined : record;
  }

  /** The session of a record, where it has one of a revision that is offered; else the era of the server. */
  #known({ era, revision, serverInfo, capabilities, instructions, sessionId }: SessionRecord): Foreknowledge {
    if (era !== 'legacy' || sessionId === undefined || !isProtocolVersion(revision) || !this.#options.offered.includes(revision)) return { era };
    return { era, restored: { agreement: { era: new LegacyEra(revision), serverInfo, capabilities, instructions, opened: undefined }, sessionId } };
  }

  /** Stores a session that was made just now; one that was taken up is stored already. Of a server without sessions, what it is. */
  async #keep(key: string, opened: Opened): Promise<void> {
    const { agreement, sessionId } = opened;
    if (agreement === undefined) return;
    if (sessionId === undefined) {
      this.#isAlone = true;
      return this.#keepVerdict(key, agreement);
    }
    const isTakenUp = sessionId === this.#othersId || (sessionId === this.#ownId && !this.#isAlone);
    if (isTakenUp) {
      this.#isAlone = false;
      return this.#join(key);
    }
    this.#ownId = sessionId;
    this.#isAlone = true;
    await this.#offer(key, this.#toRecord(agreement, sessionId));
  }

  /** Stores what the server is, for who comes next; nothing depends on it. */
  async #keepVerdict(key: string, agreement: Agreement): Promise<void> {
    const { manager, isShared } = this.#options;
    const found = this.#record;
    const isKnown = found !== undefined && found.sessionId === undefined && found.era === agreement.era.name && found.revision === agreement.era.revision;
    if (!isShared || isKnown) return;
    const record = this.#toRecord(agreement, undefined);
    const isStored = await this.#try('what its server is could not be stored', () => manager.compareAndStore(key, record, found?.epoch));
    if (isStored === true) this.#record = record;
  }

  #toRecord({ era, serverInfo, capabilities, instructions }: Agreement, sessionId: string | undefined): SessionRecord {
    const now = this.#options.clock.date();
    return {
      version: 1,
      era: era.name,
      revision: era.revision,
      sessionId,
      serverInfo,
      capabilities,
      instructions,
      lastEventId: undefined,
      // From the date, so that a record that was forgotten and made anew does not pass for the one before.
      epoch: Math.max((this.#record?.epoch ?? 0) + 1, now),
      storedAt: now,
    };
  }

  /** Stores `record` in place of what was found, and nothing newer; again and again while the store is away. */
  async #offer(key: string, record: SessionRecord): Promise<void> {
    const { clock, name, log } = this.#options;
    const isStored = await this.#try('its session could not be stored', () => this.#storeIfNewest(key, record));
    if (this.#key !== key || this.#ownId !== record.sessionId) return;
    if (isStored === undefined) {
      this.#cancelRejoin = clock.afterInBackground(REJOIN_MS, () => void this.#offer(key, record));
    } else if (isStored) {
      this.#record = record;
      this.#isAlone = false;
      this.#shared?.resolve();
      this.#shared = undefined;
      await this.#join(key);
    } else log.warn(`${name}: another session was stored meanwhile; going on alone`);
  }

  /** Whether `record` is what is stored now. An answer that was lost on the way is made up for by reading. */
  async #storeIfNewest(key: string, record: SessionRecord): Promise<boolean> {
    const { manager } = this.#options;
    if (await manager.compareAndStore(key, record, this.#record?.epoch)) return true;
    return readSessionRecord(await manager.getSession(key))?.sessionId === record.sessionId;
  }

  async #join(key: string): Promise<void> {
    const { manager, isShared } = this.#options;
    if (!isShared) return;
    const member = (this.#member ??= uniquePrefix());
    await this.#try('it could not say that it uses its session', () => manager.joinSession(key, member));
  }

  #stopRejoining(): void {
    this.#cancelRejoin?.();
    this.#cancelRejoin = undefined;
  }

  async #try<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (cause) {
      this.#warn(what, cause);
      return undefined;
    }
  }

  #warn(what: string, cause: unknown): void {
    this.#options.log.warn(`${this.#options.name}: ${what}; going on alone`, { cause });
  }
}
