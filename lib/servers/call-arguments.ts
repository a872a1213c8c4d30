/** What the methods of a handle are called with, read at the door. Each throws a `TypeError` that names the argument. */

import { isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe, durationMs, functionOption, oneOf } from '../base/options.ts';
import type { CompletionContext } from '../features/completion.ts';
import type { TaskSettings } from '../features/tasks.ts';
import type { CompletionReference } from '../protocol/types/completion.ts';

/** A string. */
export function checkString(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${name} must be a string; got ${describe(value)}`);
}

/** A cursor, where there is one. */
export function checkCursor(cursor: unknown): string | undefined {
  return cursor === undefined ? undefined : checkString('cursor', cursor);
}

/** An object of strings, where there is one. */
export function checkStrings(name: string, values: unknown): Readonly<Record<string, string>> | undefined {
  if (values === undefined) return undefined;
  if (!isObject(values)) throw new TypeError(`${name} must be an object of strings; got ${describe(values)}`);
  for (const [key, value] of Object.entries(values)) checkString(`${name}.${key}`, value);
  return values as Readonly<Record<string, string>>;
}

/** What is completed: a prompt, or a resource template. */
export function checkReference(reference: unknown): asserts reference is CompletionReference {
  if (!isObject(reference)) throw new TypeError(`reference must be an object; got ${describe(reference)}`);
  const type = oneOf('reference.type', reference['type'], ['ref/prompt', 'ref/resource']);
  if (type === 'ref/prompt') checkString('reference.name', reference['name']);
  else checkString('reference.uri', reference['uri']);
}

/** What was filled in before. */
export function checkContext(context: unknown): CompletionContext | undefined {
  if (context === undefined) return undefined;
  checkKeys('options.context', context, ['arguments']);
  const args = checkStrings('options.context.arguments', context['arguments']);
  return args === undefined ? {} : { arguments: args };
}

/** The arguments of a tool, where there are any. */
export function checkArgs(args: unknown): JSONObject | undefined {
  if (args === undefined || isObject(args)) return args;
  throw new TypeError(`args must be an object; got ${describe(args)}`);
}

/** The options of a task beside those of a request. */
export const TASK_OPTION_NAMES: readonly string[] = ['ttlMs', 'pollIntervalMs'];

/** What is asked of a task; unknown keys are the caller's to refuse. */
export function checkTaskSettings({ ttlMs, pollIntervalMs, onProgress }: TaskSettings = {}): TaskSettings {
  return {
    ttlMs: ttlMs === undefined ? undefined : durationMs('options.ttlMs', ttlMs),
    pollIntervalMs: pollIntervalMs === undefined ? undefined : durationMs('options.pollIntervalMs', pollIntervalMs),
    onProgress: onProgress === undefined ? undefined : functionOption('options.onProgress', onProgress),
  };
}
