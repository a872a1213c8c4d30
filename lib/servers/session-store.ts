/** The session of one handle in the store: found, kept, forgotten. A store that fails never fails a call. */

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Connection, Restored } from '../connection/connection.ts';
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
  readonly offered: readonly ProtocolVersion[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens a connection with what was restored, or without, and returns it agreed. */
export type OpenConnection = (restored: Restored | undefined) => Promise<Pick<Connection, 'agreement' | 'sessionId'>>;

/** One handle's view of the session manager. */
export class SessionStore {
  readonly #options: SessionStoreOptions;
  #key: string | undefined;
  /** What was stored or taken up last. */
  #record: SessionRecord | undefined;
  /** The session that this handle made last, and the one of another that it took up. */
  #ownId: string | undefined;
  #othersId: string | undefined;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
  }

  /** Whether the session is one that this handle made. */
  owns(sessionId: string | undefined): boolean {
    return sessionId !== undefined && sessionId !== this.#othersId;
  }

  /**
   * Opens a connection with what is stored for `owner`, or without, and stores what comes of it; nobody else does so for the same owner at the
   * same time. `lostId` is a session that is known to be over.
   */
  async open(owner: SessionOwner, lostId: string | undefined, signal: AbortSignal, open: OpenConnection): Promise<void> {
    const key = await sessionKey(owner);
    this.#key = key;
    let isOpening = false;
    const work = async () => {
      const stored = await this.#find(key, lostId);
      isOpening = true;
      const connection = await open(stored === undefined ? undefined : this.#restored(stored));
      await this.#keep(key, connection);
    };
    try {
      await this.#options.manager.withLock(key, work, { signal });
    } catch (cause) {
      if (isOpening || signal.aborted) throw cause;
      this.#warn('the lock of its session could not be had', cause);
      await open(undefined);
    }
  }

  /** Forgets the session: it is over, or nobody else is to take it up. */
  async forget(): Promise<void> {
    const key = this.#key;
    this.#record = undefined;
    this.#ownId = undefined;
    this.#othersId = undefined;
    if (key !== undefined) await this.#try('its session could not be forgotten', () => this.#options.manager.deleteSession(key));
  }

  async #find(key: string, lostId: string | undefined): Promise<SessionRecord | undefined> {
    const record = readSessionRecord(await this.#try('its session could not be read', () => this.#options.manager.getSession(key)));
    this.#record = record;
    this.#othersId = record?.sessionId === this.#ownId ? undefined : record?.sessionId;
    // Another handle may have made a new session already: that one is taken up.
    return record === undefined || (lostId !== undefined && record.sessionId === lostId) ? undefined : record;
  }

  #restored({ era, revision, serverInfo, capabilities, instructions, sessionId }: SessionRecord): Restored | undefined {
    if (era !== 'legacy' || !isProtocolVersion(revision) || !this.#options.offered.includes(revision)) return undefined;
    return { agreement: { era: new LegacyEra(revision), serverInfo, capabilities, instructions, opened: undefined }, sessionId };
  }

  async #keep(key: string, { agreement, sessionId }: Pick<Connection, 'agreement' | 'sessionId'>): Promise<void> {
    if (agreement === undefined || !this.owns(sessionId) || sessionId === this.#ownId) return;
    this.#ownId = sessionId;
    const record: SessionRecord = {
      version: 1,
      era: agreement.era.name,
      revision: agreement.era.revision,
      sessionId,
      serverInfo: agreement.serverInfo,
      capabilities: agreement.capabilities,
      instructions: agreement.instructions,
      lastEventId: undefined,
      // From the date, so that a record that was forgotten and made anew does not pass for the one before.
      epoch: Math.max((this.#record?.epoch ?? 0) + 1, this.#options.clock.date()),
      storedAt: this.#options.clock.date(),
    };
    await this.#try('its session could not be stored', () => this.#options.manager.storeSession(key, record));
    this.#record = record;
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
