/** Lets a server tell by itself how tasks stand. Source: the extension io.modelcontextprotocol/tasks, "Task Status Notifications". */

import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { NO_CHANGES } from './change-filter.ts';
import type { WantedChanges } from './change-source.ts';

/** What {@link TaskListening} is made with. */
export interface TaskListeningOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** Asks the server to tell of `filter` in place of what was asked for before; `refused` hears where it cannot be asked. */
  readonly want: (filter: WantedChanges, refused: () => void) => void;
}

/**
 * The tasks that are followed at the moment, of which the server is asked to tell. That is only a help: they are asked for all the same, and a server that refuses
 * is not asked again on the same connection.
 */
export class TaskListening {
  readonly #options: TaskListeningOptions;
  readonly #taskIds = new Set<string>();
  #cancelTimer: CancelTimer | undefined;
  #isRefused = false;

  constructor(options: TaskListeningOptions) {
    this.#options = options;
  }

  /** Somebody follows the task. Those that came first are told of where there are too many. */
  add(taskId: string): void {
    if (this.#isRefused || this.#taskIds.has(taskId) || this.#taskIds.size >= this.#options.limits.maxTaskListeners) return;
    this.#taskIds.add(taskId);
    this.#askSoon();
  }

  /** Nobody follows the task any more. */
  remove(taskId: string): void {
    if (this.#taskIds.delete(taskId)) this.#askSoon();
  }

  /** There is another connection, maybe to another server. */
  restart(): void {
    this.#isRefused = false;
  }

  /** Nobody follows any task. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#taskIds.size === 0) return;
    this.#taskIds.clear();
    this.#options.want(NO_CHANGES, () => {});
  }

  /** Most tasks are short, and many begin and end together: each change asks the server for another stream. */
  #askSoon(): void {
    const { clock, limits } = this.#options;
    this.#cancelTimer ??= clock.afterInBackground(limits.taskListenMs, () => {
      this.#cancelTimer = undefined;
      this.#ask();
    });
  }

  #ask(): void {
    const taskIds = [...this.#taskIds];
    const refused = (): void => {
      this.#isRefused = true;
      this.stop();
    };
    this.#options.want(taskIds.length === 0 ? NO_CHANGES : { ...NO_CHANGES, taskIds }, refused);
  }
}
