/** What a server says of tasks, checked. Source: 2025-11-25, basic, utilities, "Tasks", "Data Types". */

import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import { TASK_STATUSES } from '../types/tasks.ts';
import type { ListTasksResult, Task, TaskStatus } from '../types/tasks.ts';
import { Misfit, arrayAt, asObject, optionalObjectAt, optionalStringAt, partAt, stringAt } from './check.ts';

/** What a model may be told at once. Source: the same, "Creating Tasks", note. */
const IMMEDIATE_RESPONSE = 'io.modelcontextprotocol/model-immediate-response';

/** The answer to a request that was made a task. */
export interface CreatedTask {
  readonly task: Task;
  readonly immediateResponse: string | undefined;
}

/** What durations are called on the wire. */
export interface TaskKeys {
  readonly ttl: string;
  readonly pollInterval: string;
}

const CORE_KEYS: TaskKeys = { ttl: 'ttl', pollInterval: 'pollInterval' };

/** A task: the result of `tasks/get` and `tasks/cancel`, the params of `notifications/tasks/status`, an item of a list. */
export function checkTask(value: unknown, keys: TaskKeys = CORE_KEYS): Task {
  const task = asObject(value);
  const taskId = stringAt(task, 'taskId');
  if (taskId === '') throw new Misfit('/taskId', 'a string that is not empty');
  const statusMessage = optionalStringAt(task, 'statusMessage');
  const pollIntervalMs = durationAt(task, keys.pollInterval);
  const meta = optionalObjectAt(task, '_meta');
  return {
    taskId,
    status: checkTaskStatus(task),
    ...(statusMessage === undefined ? {} : { statusMessage }),
    createdAt: stringAt(task, 'createdAt'),
    lastUpdatedAt: stringAt(task, 'lastUpdatedAt'),
    ttlMs: durationAt(task, keys.ttl) ?? null,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    ...(meta === undefined ? {} : { _meta: meta }),
  };
}

/** The member `status`. */
export function checkTaskStatus(task: JSONObject): TaskStatus {
  const status = stringAt(task, 'status') as TaskStatus;
  if (TASK_STATUSES.includes(status)) return status;
  throw new Misfit('/status', `one of ${TASK_STATUSES.join(', ')}; got another string`);
}

/** The member `key`, a duration in milliseconds where it is there. */
export function durationAt(object: JSONObject, key: string): number | undefined {
  const value = own(object, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && value >= 0 && value < Infinity) return value;
  throw new Misfit(`/${key}`, `a number of milliseconds; got ${describe(value)}`);
}

/** Whether the result of a request says that it was made a task, or is what it came to already. */
export function isCreatedTask(result: JSONObject): boolean {
  return own(result, 'task') !== undefined || !Array.isArray(own(result, 'content'));
}

/** The result of a request that was made a task. */
export function checkCreatedTask(result: JSONObject): CreatedTask {
  const immediate = own(optionalObjectAt(result, '_meta') ?? {}, IMMEDIATE_RESPONSE);
  return { task: partAt(result, 'task', checkTask), immediateResponse: typeof immediate === 'string' ? immediate : undefined };
}

/** One page of `tasks/list`. */
export function checkListTasksResult(result: JSONObject): ListTasksResult {
  const tasks: Task[] = [];
  arrayAt(result, 'tasks', (item) => tasks.push(checkTask(item)));
  optionalStringAt(result, 'nextCursor');
  return { ...result, tasks } as ListTasksResult;
}
