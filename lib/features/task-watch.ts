/** How a task stands, followed: by asking, and by what the server says by itself. */

import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { ConnectionError, RPCError, RequestTimeoutError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import type { Task, TaskState } from '../protocol/types/tasks.ts';
import { backoffMs } from '../transport/backoff.ts';

/** Hears how a task goes on. */
export interface TaskWatcher {
  /** The server said how the task stands; `isNew`, when that differs from what it said before. */
  heard(task: Task, isNew: boolean): void;
  /** The task cannot be followed any more. */
  failed(cause: unknown): void;
}

/** What a {@link TaskWatch} is made with. */
export interface TaskWatchOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** How often to ask where the server does not say, milliseconds. */
  readonly pollIntervalMs: number | undefined;
  /** While there is no connection there is nothing to wait for: asking says whether one is coming. */
  readonly isConnected: () => boolean;
  /** Asks once. */
  readonly poll: (signal: AbortSignal) => Promise<TaskState>;
  /** The watch began to follow its task: it wants to hear what the server says by itself until that is taken back. */
  readonly following: (watch: TaskWatch) => Unsubscribe;
  /** The task came to its end. */
  readonly ended: () => void;
}

/** Whether nothing follows any more. */
export function hasEnded({ status }: Task): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Whether a failure to ask may pass: the task goes on without us. */
export function mayPass(error: unknown): boolean {
  if (error instanceof RequestTimeoutError) return true;
  return error instanceof ConnectionError && error.code !== 'ERR_MCP_NOT_CONNECTED' && error.code !== 'ERR_MCP_CONNECTION_CLOSED';
}

/** A server that fails inside, or that is asked too often for its taste, says nothing of the task. */
function isInternalError(error: unknown): boolean {
  return error instanceof RPCError && error.rpcCode === RPC_ERROR.internalError;
}

interface Following {
  readonly controller: AbortController;
  readonly stop: Unsubscribe;
}

/** One task. It is asked for only while somebody watches. */
export class TaskWatch {
  readonly #options: TaskWatchOptions;
  readonly #watchers = new Set<TaskWatcher>();
  #state: TaskState;
  /** When the server last said how the task stands. */
  #heardAt: number;
  #following: Following | undefined;

  /** `isFresh`: the server has said so just now. */
  constructor(state: TaskState, isFresh: boolean, options: TaskWatchOptions) {
    this.#state = state;
    this.#options = options;
    this.#heardAt = isFresh ? options.clock.now() : -Infinity;
  }

  /** What was heard last. */
  get task(): Task {
    return this.#state.task;
  }

  /** The task with what came along with it. */
  get state(): TaskState {
    return this.#state;
  }

  /** Hears of the task until that is taken back, or it has ended. */
  watch(watcher: TaskWatcher): Unsubscribe {
    this.#watchers.add(watcher);
    if (this.#following === undefined && !hasEnded(this.task)) this.#follow();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#stop();
    };
  }

  /** Takes what the server said by itself: it may be late, and what is older than what is known changes nothing. */
  told(state: TaskState): void {
    const isLate = !hasEnded(state.task) && Date.parse(state.task.lastUpdatedAt) < Date.parse(this.task.lastUpdatedAt);
    if (!isLate) this.take(state);
  }

  /** Takes what the server answered. Nothing follows an end. */
  take(state: TaskState): void {
    this.#heardAt = this.#options.clock.now();
    const before = this.task;
    const isNew = !hasEnded(before) && FACTS.some((name) => state.task[name] !== before[name]);
    if (isNew) this.#state = state;
    // What came along with it may have changed all the same, and that of an end may not have been known.
    else if (state.task.status === before.status && this.#state.outcome === undefined) this.#state = { ...state, task: before };
    for (const watcher of [...this.#watchers]) watcher.heard(this.task, isNew);
    if (!hasEnded(this.task)) return;
    this.#stop();
    this.#options.ended();
  }

  /** Ends the watch of everybody who watches. */
  fail(cause: unknown): void {
    this.#stop();
    for (const watcher of [...this.#watchers]) watcher.failed(cause);
  }

  #follow(): void {
    const controller = new AbortController();
    this.#following = { controller, stop: this.#options.following(this) };
    void this.#poll(controller.signal).catch((cause: unknown) => {
      if (!controller.signal.aborted) this.fail(cause);
    });
  }

  #stop(): void {
    const following = this.#following;
    this.#following = undefined;
    following?.stop();
    following?.controller.abort();
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { clock, limits, poll } = this.#options;
    let failures = 0;
    for (;;) {
      const pauseMs = this.#pauseMs();
      // What the server says by itself in between counts like an answer: there is nothing to ask for so soon after it.
      for (let left = this.#leftOf(pauseMs); left > 0; left = this.#leftOf(pauseMs)) await delay(clock, left, signal);
      try {
        const state = await poll(signal);
        failures = 0;
        this.take(state);
      } catch (cause) {
        if (signal.aborted || !(mayPass(cause) || isInternalError(cause)) || ++failures >= limits.maxTaskPollFailures) throw cause;
        this.#heardAt = clock.now();
      }
      if (signal.aborted) return;
    }
  }

  #leftOf(pauseMs: number): number {
    const { clock, isConnected } = this.#options;
    return isConnected() ? this.#heardAt + pauseMs - clock.now() : 0;
  }

  /** At least what the server wants, within bounds, up to half as much more by chance: many who began together do not ask together. */
  #pauseMs(): number {
    const { minTaskPollMs, taskPollMs, maxTaskPollMs } = this.#options.limits;
    const wantedMs = this.task.pollIntervalMs ?? this.#options.pollIntervalMs ?? taskPollMs;
    return Math.min(backoffMs(MIDDLE * Math.max(wantedMs, minTaskPollMs), 1, Infinity), maxTaskPollMs);
  }
}

// The pauses of backoffMs are ± 20 %: of 1.25 times as much that is 1 to 1.5 times as much.
const MIDDLE = 1.25;

const FACTS: readonly (keyof Task)[] = ['status', 'statusMessage', 'lastUpdatedAt', 'ttlMs', 'pollIntervalMs'];
