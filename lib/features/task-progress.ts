/** Reports of progress of calls that go on as tasks, after their requests were answered. */

import { callSafely } from '../base/listeners.ts';
import type { ListenerFault, Unsubscribe } from '../base/listeners.ts';
import type { OnProgress } from '../connection/request-settings.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';

/** Who hears of which token. Source: 2025-11-25, basic, utilities, "Tasks", "Task Progress Notifications". */
export class TaskProgress {
  readonly #most: number;
  readonly #onFault: ListenerFault;
  /** In the order in which they came: the oldest gives way. */
  readonly #listeners = new Map<OnProgressEntry, ProgressToken>();
  readonly #byToken = new Map<ProgressToken, Set<OnProgressEntry>>();

  constructor(most: number, onFault: ListenerFault) {
    this.#most = most;
    this.#onFault = onFault;
  }

  /** Calls `onProgress` for every report with `token`, until it is taken back, or gives way to newer ones than may be kept. */
  listen(token: ProgressToken, onProgress: OnProgress): Unsubscribe {
    const entry: OnProgressEntry = { onProgress };
    this.#listeners.set(entry, token);
    const entries = this.#byToken.get(token) ?? new Set();
    this.#byToken.set(token, entries.add(entry));
    const [oldest] = this.#listeners.keys();
    if (this.#listeners.size > this.#most && oldest !== undefined) this.#forget(oldest);
    return () => this.#forget(entry);
  }

  /** One report that no waiting request takes. */
  hear(token: ProgressToken, progress: Progress): void {
    for (const { onProgress } of [...(this.#byToken.get(token) ?? [])]) callSafely(onProgress, progress, this.#onFault, 'onProgress');
  }

  #forget(entry: OnProgressEntry): void {
    const token = this.#listeners.get(entry);
    if (token === undefined) return;
    this.#listeners.delete(entry);
    const entries = this.#byToken.get(token);
    entries?.delete(entry);
    if (entries?.size === 0) this.#byToken.delete(token);
  }
}

/** The same function may listen twice. */
interface OnProgressEntry {
  readonly onProgress: OnProgress;
}
