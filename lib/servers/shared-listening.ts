/** One listener for all handles that share a session. */

import { orAbort } from '../base/abort.ts';
import { delayInBackground } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Lease } from '../session/lease.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { ListeningTurn, ListeningTurns } from '../transport/http/listening-turns.ts';
import type { SessionStore } from './session-store.ts';

/** What {@link SharedListening} is made with. */
export interface SharedListeningOptions {
  readonly name: string;
  readonly manager: SessionManager;
  readonly store: Pick<SessionStore, 'key' | 'isAlone' | 'shared'>;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

// So often in the time of a lease is it asked for: whoever takes over does so soon after it has expired.
const TRIES_PER_LEASE = 3;

/** Turns by a lease of the session manager. */
export class SharedListening implements ListeningTurns {
  readonly #options: SharedListeningOptions;

  constructor(options: SharedListeningOptions) {
    this.#options = options;
  }

  async take(signal: AbortSignal): Promise<ListeningTurn> {
    for (let isTakenOver = false; ; ) {
      signal.throwIfAborted();
      // A session that nobody else can find has nobody else to listen.
      if (this.#options.store.isAlone) return this.#hold(undefined, signal, false);
      const lease = await this.#acquire();
      if (lease !== undefined && lease !== 'away') return this.#hold(lease, signal, isTakenOver);
      isTakenOver ||= lease === undefined;
      await this.#pause(signal);
    }
  }

  async #acquire(): Promise<Lease | 'away' | undefined> {
    const { manager, store, leaseMs, log, name } = this.#options;
    if (store.key === undefined) return undefined;
    try {
      return await manager.acquireLease(`${store.key}/stream`, { leaseMs });
    } catch (cause) {
      log.debug(`${name}: nobody can say whose turn it is to listen`, { cause });
      return 'away';
    }
  }

  #hold(first: Lease | undefined, signal: AbortSignal, isTakenOver: boolean): ListeningTurn {
    const over = new AbortController();
    let lease = first;
    let isReleased = false;
    const follow = (held: Lease): void => {
      lease = held;
      held.signal.addEventListener('abort', () => void again().catch(() => over.abort()), { once: true });
    };
    // A lease that is lost while the store is away is lost to nobody: this handle listens on until somebody else can have it.
    const again = async (): Promise<void> => {
      for (;;) {
        const next = await this.#next(signal);
        const isHad = next !== undefined && next !== 'away';
        if (isReleased) return isHad ? next.release() : undefined;
        if (next === undefined) return over.abort();
        if (isHad) return follow(next);
        await this.#pause(signal);
      }
    };
    if (first === undefined) void again().catch(() => over.abort());
    else follow(first);
    const release = async (): Promise<void> => {
      isReleased = true;
      await lease?.release();
    };
    return { isTakenOver, signal: over.signal, release };
  }

  /** The lease, once there is anything to share. */
  async #next(signal: AbortSignal): Promise<Lease | 'away' | undefined> {
    const { store } = this.#options;
    if (store.isAlone) await orAbort(store.shared, signal);
    return this.#acquire();
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, leaseMs } = this.#options;
    return delayInBackground(clock, leaseMs / TRIES_PER_LEASE, signal);
  }
}
