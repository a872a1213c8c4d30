/**
 * Tasks: requests that are answered later. Source: 2025-11-25, basic, utilities, "Tasks"; `schema.ts`, Task, ListTasksResult. Since 2026-07-28 the extension
 * io.modelcontextprotocol/tasks.
 */

import type { JSONObject } from '../../base/json.ts';
import type { InputRequest } from './input-required.ts';
import type { WithMeta } from './metadata.ts';

/** Where a task stands. The last three are final: nothing follows them. */
export const TASK_STATUSES = ['working', 'input_required', 'completed', 'failed', 'cancelled'] as const;
Object.freeze(TASK_STATUSES);

/** One of `working`, `input_required`, `completed`, `failed`, `cancelled`. */
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** A task as the server describes it. Durations carry their unit in the name, whatever they are called on the wire. */
export interface Task extends WithMeta {
  /** Made by the server. Whoever has it may be able to read the result: keep it as you keep a password. */
  readonly taskId: string;
  readonly status: TaskStatus;
  /** For a person to read; hostile, like everything a peer sends. */
  readonly statusMessage?: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly lastUpdatedAt: string;
  /** How long after `createdAt` the server keeps the task and its result, milliseconds; null: without end. On the wire of 2025-11-25 `ttl`. */
  readonly ttlMs: number | null;
  /** How often the server wants to be asked, milliseconds. On the wire of 2025-11-25 `pollInterval`. */
  readonly pollIntervalMs?: number;
}

/** The error that a call came to which went on as a task. */
export interface TaskError {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

/** What a call came to which went on as a task. */
export type TaskOutcome = { readonly result: JSONObject } | { readonly error: TaskError };

/** A task with what came along with it. */
export interface TaskState {
  readonly task: Task;
  /** What the call came to, where the server says that with the task. */
  readonly outcome?: TaskOutcome;
  /** What the server asks at the moment, by the names that it gave. */
  readonly inputRequests?: ReadonlyMap<string, InputRequest>;
}

/** One page of the list of tasks. */
export interface ListTasksResult extends WithMeta {
  readonly tasks: readonly Task[];
  readonly nextCursor?: string;
}
