/** What a call was answered with that was to be a task: a task of either form, or what the call came to. */

import type { MCPError, RPCError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { uniquePrefix } from '../connection/unique-prefix.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { checkTaskResult } from '../protocol/checks/detailed-task.ts';
import { checkCreatedTask, isCreatedTask } from '../protocol/checks/tasks.ts';
import type { TaskState } from '../protocol/types/tasks.ts';
import type { CallToolResult } from '../protocol/types/tools.ts';
import type { TaskFormName } from './stored-task.ts';
import { tasksUnsupported } from './task-form.ts';

/** What a call came to that was to be a task. */
export interface StartedTask {
  readonly form: TaskFormName;
  readonly state: TaskState;
  readonly immediateResponse?: string | undefined;
}

/** How it is read. */
export interface StartedReading {
  /** The tool. */
  readonly name: string;
  /** How a call of the tool is read. */
  readonly calls: ReplyReader<CallToolResult>;
  /** Whether the server that answers makes a task where it is asked to: it may have come back as one of the other era while the call waited for it. */
  readonly isAsked: () => boolean;
  /** The time of day, milliseconds. */
  readonly date: () => number;
}

/** Reads the answer to a call that was to be a task, in the way of the server that gave it. */
export function startedReader({ name, calls, isAsked, date }: StartedReading): ReplyReader<StartedTask> {
  const refuse = (error: RPCError): MCPError => {
    const isNoTask = error.rpcCode === RPC_ERROR.methodNotFound || error.rpcCode === RPC_ERROR.invalidRequest;
    return isAsked() && isNoTask ? tasksUnsupported(error.message, { ...error.details, toolName: name }, error) : calls.refuse?.(error) ?? error;
  };
  const read = (result: JSONObject): StartedTask => {
    const isTask = isAsked() ? isCreatedTask(result) : own(result, 'resultType') === 'task';
    if (!isTask) return answeredTask(result, date());
    if (!isAsked()) return { form: 'extension', state: checkTaskResult(result) };
    const { task, immediateResponse } = checkCreatedTask(result);
    return { form: 'core', state: { task }, immediateResponse };
  };
  return { read, refuse };
}

/** A call that was answered at once. There is no task, so its id is one of ours. */
function answeredTask(result: JSONObject, at: number): StartedTask {
  const now = new Date(at).toISOString();
  return { form: 'answered', state: { task: { taskId: uniquePrefix(), status: 'completed', createdAt: now, lastUpdatedAt: now, ttlMs: null }, outcome: { result } } };
}
