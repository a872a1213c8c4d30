/** Filters of changes as sets. */

import type { HonouredFilter } from './change-source.ts';

/** The filter that names nothing. */
export const NO_CHANGES: HonouredFilter = Object.freeze({ tools: false, prompts: false, resources: false, uris: Object.freeze([]) });

/** Whether a filter names nothing. */
export function isNothing({ tools, prompts, resources, uris }: HonouredFilter): boolean {
  return !tools && !prompts && !resources && uris.length === 0;
}

/** What any of `filters` names; uris once each. */
export function filterUnion(filters: Iterable<HonouredFilter>): HonouredFilter {
  let [tools, prompts, resources] = [false, false, false];
  const uris = new Set<string>();
  for (const filter of filters) {
    tools ||= filter.tools;
    prompts ||= filter.prompts;
    resources ||= filter.resources;
    for (const uri of filter.uris) uris.add(uri);
  }
  return Object.freeze({ tools, prompts, resources, uris: Object.freeze([...uris]) });
}

/** What both name, in the order of the first. */
export function commonOf(one: HonouredFilter, other: HonouredFilter): HonouredFilter {
  const others = new Set(other.uris);
  return Object.freeze({
    tools: one.tools && other.tools,
    prompts: one.prompts && other.prompts,
    resources: one.resources && other.resources,
    uris: Object.freeze(one.uris.filter((uri) => others.has(uri))),
  });
}

/** Whether `wide` names all that `narrow` names. */
export function covers(wide: HonouredFilter, narrow: HonouredFilter): boolean {
  if ((narrow.tools && !wide.tools) || (narrow.prompts && !wide.prompts) || (narrow.resources && !wide.resources)) return false;
  if (narrow.uris.length === 0) return true;
  const uris = new Set(wide.uris);
  return narrow.uris.every((uri) => uris.has(uri));
}
