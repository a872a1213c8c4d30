/** Filters of changes as sets. */

import type { HonouredFilter, WantedChanges } from './change-source.ts';

/** The filter that names nothing. */
export const NO_CHANGES: HonouredFilter = Object.freeze({ tools: false, prompts: false, resources: false, uris: Object.freeze([]) });

/** Whether a filter names nothing. */
export function isNothing({ tools, prompts, resources, uris, taskIds = [] }: WantedChanges): boolean {
  return !tools && !prompts && !resources && uris.length === 0 && taskIds.length === 0;
}

/** What any of `filters` names; uris and tasks once each. */
export function filterUnion(filters: Iterable<WantedChanges>): WantedChanges {
  let [tools, prompts, resources] = [false, false, false];
  const uris = new Set<string>();
  const taskIds = new Set<string>();
  for (const filter of filters) {
    tools ||= filter.tools;
    prompts ||= filter.prompts;
    resources ||= filter.resources;
    for (const uri of filter.uris) uris.add(uri);
    for (const taskId of filter.taskIds ?? []) taskIds.add(taskId);
  }
  return Object.freeze({ tools, prompts, resources, uris: Object.freeze([...uris]), ...tasksOf([...taskIds]) });
}

/** What both name, in the order of the first. */
export function commonOf(one: WantedChanges, other: WantedChanges): WantedChanges {
  const others = new Set(other.uris);
  const otherTasks = new Set(other.taskIds);
  return Object.freeze({
    tools: one.tools && other.tools,
    prompts: one.prompts && other.prompts,
    resources: one.resources && other.resources,
    uris: Object.freeze(one.uris.filter((uri) => others.has(uri))),
    ...tasksOf((one.taskIds ?? []).filter((taskId) => otherTasks.has(taskId))),
  });
}

/** Whether `wide` names all that `narrow` names. */
export function covers(wide: WantedChanges, narrow: WantedChanges): boolean {
  if ((narrow.tools && !wide.tools) || (narrow.prompts && !wide.prompts) || (narrow.resources && !wide.resources)) return false;
  return includesAll(wide.uris, narrow.uris) && includesAll(wide.taskIds ?? [], narrow.taskIds ?? []);
}

function includesAll(wide: readonly string[], narrow: readonly string[]): boolean {
  if (narrow.length === 0) return true;
  const names = new Set(wide);
  return narrow.every((name) => names.has(name));
}

/** Hosts do not see what is not there for them. */
function tasksOf(taskIds: readonly string[]): Pick<WantedChanges, 'taskIds'> {
  return taskIds.length === 0 ? {} : { taskIds: Object.freeze(taskIds) };
}
