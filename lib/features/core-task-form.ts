/** Tasks as one revision of the protocol itself has them. */

import type { JSONObject } from '../base/json.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkTask } from '../protocol/checks/tasks.ts';
import type { TaskState } from '../protocol/types/tasks.ts';
import type { Requester } from './requester.ts';
import type { TaskFormName } from './stored-task.ts';
import { checkSameTask, refusedTask } from './task-form.ts';
import type { TaskResultWait } from './task-form.ts';
import { awaitTaskResult } from './task-result.ts';
import type { ResultTaskForm } from './task-result.ts';

/** `tasks/get`, `tasks/result`, `tasks/cancel`. Source: 2025-11-25, basic, utilities, "Tasks". */
export class CoreTaskForm implements ResultTaskForm {
  readonly name: TaskFormName = 'core';
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  get(taskId: string, settings: RequestSettings): Promise<TaskState> {
    return this.#requester.request('tasks/get', { taskId }, settings, { read: stateReader(taskId), refuse: refusedTask(taskId) });
  }

  cancel(taskId: string, settings: RequestSettings): Promise<TaskState> {
    return this.#requester.request('tasks/cancel', { taskId }, settings, { read: stateReader(taskId) });
  }

  outcome<T>(wait: TaskResultWait<T>): Promise<T> {
    return awaitTaskResult(this, wait);
  }

  result<T>(taskId: string, settings: RequestSettings, read: (result: JSONObject) => T): Promise<T> {
    // Asking twice gives the same result: "exactly what the underlying request would have returned".
    return this.#requester.request('tasks/result', { taskId }, settings, { read }, true);
  }
}

function stateReader(taskId: string): (result: JSONObject) => TaskState {
  return (result) => checkSameTask({ task: checkTask(result) }, taskId);
}
