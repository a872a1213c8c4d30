/** One listener for all handles that share a session. */

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
  readonly store: Pick<SessionStore, 'key' | 'isAlone'>;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

// So often in the time of a lease is it asked for: whoever takes over does so soon after it has expired.
const TRIES_PER_LEASE = 3;

const FREE_TURN: ListeningTurn = Object.freeze({ isTakenOver: false, signal: new AbortController().signal, release: () => Promise.resolve() });

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
      if (this.#options.store.isAlone) return FREE_TURN;
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

  #hold(first: Lease, signal: AbortSignal, isTakenOver: boolean): ListeningTurn {
    const over = new AbortController();
    let lease: Lease | undefined = first;
    const follow = (held: Lease): void => {
      held.signal.addEventListener('abort', () => void again(), { once: true });
    };
    // A lease that is lost while the store is away is lost to nobody: this handle listens on until somebody else can have it.
    const again = async (): Promise<void> => {
      if (lease === undefined) return;
      try {
        for (let next = await this.#acquire(); ; next = await this.#acquire()) {
          if (next === undefined) return over.abort();
          if (next !== 'away') {
            if (lease === undefined) return void next.release();
            lease = next;
            return follow(next);
          }
          await this.#pause(signal);
        }
      } catch {
        over.abort();
      }
    };
    follow(first);
    const release = async (): Promise<void> => {
      const held = lease;
      lease = undefined;
      await held?.release();
    };
    return { isTakenOver, signal: over.signal, release };
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, leaseMs } = this.#options;
    return delayInBackground(clock, leaseMs / TRIES_PER_LEASE, signal);
  }
}
