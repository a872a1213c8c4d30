/** A task as it is kept by the host, and taken up by another process. */

import { InvalidValueError } from '../base/errors.ts';
import { copyAsJSON, isDeeper, isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import { Misfit, objectAt, optionalStringAt, stringAt } from '../protocol/checks/check.ts';
import { checkTaskStatus, durationAt } from '../protocol/checks/tasks.ts';
import type { ProgressToken } from '../protocol/types/progress.ts';
import type { Task, TaskState, TaskStatus } from '../protocol/types/tasks.ts';

/**
 * How a server is asked about a task: `core`, as the protocol of 2025-11-25 has it; `extension`, as the extension io.modelcontextprotocol/tasks has it. `answered`: there
 * is no task, as the call was answered at once.
 */
export type TaskFormName = (typeof TASK_FORMS)[number];

const TASK_FORMS = ['core', 'extension', 'answered'] as const;

/**
 * What `TaskHandle.toJSON` gives and `resumeTask` takes: plain JSON. It names no server: the host knows which one it belongs to.
 * Whoever has `taskId` may be able to read the result.
 */
export interface StoredTask {
  /** The version of this shape. */
  readonly version: 1;
  readonly form: TaskFormName;
  readonly taskId: string;
  /** The tool that runs, where it is known. */
  readonly toolName?: string;
  /** What reports of progress carry. */
  readonly progressToken?: ProgressToken;
  readonly status: TaskStatus;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  readonly ttlMs: number | null;
  readonly pollIntervalMs?: number;
  /** What the call came to, where it was answered at once. */
  readonly result?: JSONObject;
}

/** What a stored task comes to. */
export interface TaskRecord {
  readonly form: TaskFormName;
  readonly state: TaskState;
  readonly toolName: string | undefined;
  readonly progressToken: ProgressToken | undefined;
}

/** Puts a task into the shape that is stored. What the server said in words stays behind: it may be long, and is asked for again. */
export function storedTask({ form, state, toolName, progressToken }: TaskRecord): StoredTask {
  const { taskId, status, createdAt, lastUpdatedAt, ttlMs, pollIntervalMs } = state.task;
  const { outcome } = state;
  return {
    version: 1,
    form,
    taskId,
    ...(toolName === undefined ? {} : { toolName }),
    ...(progressToken === undefined ? {} : { progressToken }),
    status,
    createdAt,
    lastUpdatedAt,
    ttlMs,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    // Nobody else can be asked for it.
    ...(form === 'answered' && outcome !== undefined && 'result' in outcome ? { result: outcome.result } : {}),
  };
}

/**
 * Reads a stored task, which may come from anywhere.
 *
 * @throws TypeError for what is no object; InvalidValueError `ERR_MCP_STORED_TASK`.
 */
export function checkStoredTask(stored: unknown, limits: Limits): TaskRecord {
  if (!isObject(stored)) throw new TypeError(`stored must be what a task handle gave as JSON; got ${describe(stored)}`);
  try {
    return readRecord(stored, limits);
  } catch (cause) {
    const why = cause instanceof Misfit ? cause.message : 'it cannot be read';
    throw new InvalidValueError('ERR_MCP_STORED_TASK', `Not a stored task: ${why}`, { cause, delivery: 'unsent' });
  }
}

function readRecord(stored: JSONObject, { maxTaskIdCharacters: most, maxDepth }: Limits): TaskRecord {
  const version = own(stored, 'version');
  if (version !== 1) throw new Misfit('/version', `1; got ${describe(version)}`);
  const form = TASK_FORMS.find((known) => known === own(stored, 'form'));
  if (form === undefined) throw new Misfit('/form', `one of ${TASK_FORMS.join(', ')}; got ${describe(own(stored, 'form'))}`);
  const taskId = boundedTaskText(stringAt(stored, 'taskId'), 'taskId', most);
  if (taskId === '') throw new Misfit('/taskId', 'a string that is not empty');
  const toolName = optionalStringAt(stored, 'toolName');
  const pollIntervalMs = durationAt(stored, 'pollIntervalMs');
  const task: Task = {
    taskId,
    status: checkTaskStatus(stored),
    createdAt: boundedTaskText(stringAt(stored, 'createdAt'), 'createdAt', most),
    lastUpdatedAt: boundedTaskText(stringAt(stored, 'lastUpdatedAt'), 'lastUpdatedAt', most),
    ttlMs: durationAt(stored, 'ttlMs') ?? null,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
  };
  const state = form === 'answered' ? { task: { ...task, status: 'completed' as const }, outcome: { result: resultAt(stored, maxDepth) } } : { task };
  return { form, state, toolName: toolName === undefined ? undefined : boundedTaskText(toolName, 'toolName', most), progressToken: tokenAt(stored, most) };
}

/** A copy: what the host does to it later has no effect. */
function resultAt(stored: JSONObject, most: number): JSONObject {
  const result = objectAt(stored, 'result');
  if (isDeeper(result, most)) throw new Misfit('/result', `at most ${most} levels deep`);
  return copyAsJSON(result) as JSONObject;
}

function tokenAt(stored: JSONObject, most: number): ProgressToken | undefined {
  const token = own(stored, 'progressToken');
  if (token === undefined || token === null || Number.isSafeInteger(token)) return (token ?? undefined) as number | undefined;
  if (typeof token === 'string') return boundedTaskText(token, 'progressToken', most);
  throw new Misfit('/progressToken', `a string or an integer; got ${describe(token)}`);
}

function boundedTaskText(text: string, name: string, most: number): string {
  if (text.length <= most) return text;
  throw new Misfit(`/${name}`, `at most ${most} characters long; got ${text.length}`);
}
