import { orAbort } from '../base/abort.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';

/**
 * One at a time for each key, in the order in which they asked. Holds nothing of a key that nobody holds. It does not know who
 * asks: an action that asks for the key it runs under waits for itself.
 */
export class KeyedMutex {
  /** Those who wait behind the one that holds the key. */
  readonly #queues = new Map<string, Set<Deferred<void>>>();

  /**
   * Waits for the key, runs `action`, and gives the key to the next when it has settled, either way. When `signal` fires before the
   * action has begun, the action never runs, and this rejects with the signal's reason; later the signal does nothing here.
   */
  async run<T>(key: string, action: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(key, signal);
    try {
      signal.throwIfAborted();
      return await action();
    } finally {
      this.#leave(key);
    }
  }

  async #enter(key: string, signal: AbortSignal): Promise<void> {
    const queue = this.#queues.get(key);
    if (queue === undefined) {
      this.#queues.set(key, new Set());
      return;
    }
    const turn = deferred<void>();
    queue.add(turn);
    try {
      await orAbort(turn.promise, signal);
    } catch (reason) {
      // A turn that came in the same moment as the signal is handed on, or nobody would ever be next.
      if (!queue.delete(turn)) this.#leave(key);
      throw reason;
    }
  }

  #leave(key: string): void {
    const queue = this.#queues.get(key);
    const [next] = queue ?? [];
    if (next === undefined) {
      this.#queues.delete(key);
      return;
    }
    queue?.delete(next);
    next.resolve();
  }
}
