/** The extension io.modelcontextprotocol/tasks as an object like those of a host. */

import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { checkDetailedTask } from '../protocol/checks/detailed-task.ts';
import type { TaskState } from '../protocol/types/tasks.ts';
import { TASKS_EXTENSION } from './extension.ts';
import type { ExtendedCall, Extension, ExtensionMethod, ExtensionNotification } from './extension.ts';

/** Who follows tasks. */
export interface TasksExtensionPort {
  /** What the call comes to that was answered with a task. */
  completed(result: JSONObject, call: ExtendedCall): Promise<JSONObject>;
  /** The server says by itself how a task stands. */
  told(state: TaskState): void;
}

/**
 * It is declared to servers that declare it. Only what a handle of a task is made of stands elsewhere, as both forms of tasks share it. Source: the extension
 * io.modelcontextprotocol/tasks, "Capability Negotiation", "Supported Methods", "Streamable HTTP: Routing Headers".
 */
export function tasksExtension({ maxInputRequests }: Limits, port: TasksExtensionPort): Extension {
  const ofTask: ExtensionMethod = { nameParam: 'taskId' };
  const heard: ExtensionNotification<TaskState> = { check: (params) => checkDetailedTask(params, maxInputRequests), heard: (state) => port.told(state) };
  return {
    name: TASKS_EXTENSION,
    declare: 'offered',
    methods: { 'tasks/get': ofTask, 'tasks/update': ofTask, 'tasks/cancel': ofTask },
    results: { task: { methods: ['tools/call'], complete: (result, call) => port.completed(result, call) } },
    notifications: { 'notifications/tasks': heard },
  };
}
