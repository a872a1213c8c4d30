/** What a server says of tasks by the extension. Source: the extension io.modelcontextprotocol/tasks, "Tasks", "Task Status". */

import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import type { TaskError, TaskState } from '../types/tasks.ts';
import { Misfit, asObject, objectAt, partAt, stringAt } from './check.ts';
import { checkInputRequests } from './input-required.ts';
import { checkTask } from './tasks.ts';
import type { TaskKeys } from './tasks.ts';

const EXTENSION_KEYS: TaskKeys = { ttl: 'ttlMs', pollInterval: 'pollIntervalMs' };

/** A task as a result of kind `task` has it: how it began, and nothing of what it came to. */
export function checkTaskResult(result: JSONObject): TaskState {
  return { task: checkTask(result, EXTENSION_KEYS) };
}

/**
 * A task with all that belongs to its status: the result of `tasks/get`, the params of `notifications/tasks`.
 *
 * @throws Misfit; LimitError `maxInputRequests`, when it asks for more than `mostRequests` things at once.
 */
export function checkDetailedTask(value: JSONObject, mostRequests: number): TaskState {
  const task = checkTask(value, EXTENSION_KEYS);
  switch (task.status) {
    case 'input_required': {
      const inputRequests = checkInputRequests(value, mostRequests);
      if (inputRequests === undefined) throw new Misfit('/inputRequests', 'there, as the task needs input');
      return { task, inputRequests };
    }
    case 'completed':
      return { task, outcome: { result: objectAt(value, 'result') } };
    case 'failed':
      return { task, outcome: { error: partAt(value, 'error', checkTaskError) } };
    default:
      return { task };
  }
}

function checkTaskError(value: unknown): TaskError {
  const error = asObject(value);
  const code = own(error, 'code');
  if (!Number.isInteger(code)) throw new Misfit('/code', `an integer; got ${describe(code)}`);
  return { code: code as number, message: stringAt(error, 'message'), data: own(error, 'data') };
}
