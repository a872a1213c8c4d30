import { DEFAULT_LIMITS, LIMITS } from './limits.ts';
import type { LimitName, LimitOptions, Limits } from './limits.ts';
import { checkKeys, count } from './options.ts';

const NAMES = Object.keys(LIMITS) as LimitName[];

/**
 * The option `limits`, read once: the bounds that are given, defaults for the rest, frozen.
 *
 * @throws TypeError for an unknown name or a value that is not a number; RangeError for one that is not whole, or under 1.
 */
export function resolveLimits(owner: string, options: LimitOptions | undefined): Limits {
  if (options === undefined) return DEFAULT_LIMITS;
  const name = `${owner}.limits`;
  checkKeys(name, options, NAMES);
  const resolved = { ...DEFAULT_LIMITS };
  for (const limit of NAMES) {
    const value = options[limit];
    if (value !== undefined) resolved[limit] = count(`${name}.${limit}`, value, 1);
  }
  return Object.freeze(resolved);
}
