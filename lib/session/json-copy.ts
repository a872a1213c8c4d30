/** Copies of JSON values that share nothing with what they were made of. */

import { Misfit } from '../protocol/checks/check.ts';

/** How much a copy may hold. */
export interface CopyBounds {
  /** Characters of text and names, and eight for every value and every name. */
  readonly maxCharacters: number;
  /** Levels of arrays and objects. */
  readonly maxDepth: number;
}

const COST_OF_A_VALUE = 8;

/**
 * A deep copy of a JSON value. Own enumerable members of plain objects only, each read once; one that is
 * `undefined`, or is named `__proto__`, is left out. Walks no further than the bounds, whatever it is given.
 *
 * @throws Misfit for what JSON does not have (functions, symbols, big integers, NaN and infinities, objects of a class) and for
 * what is beyond a bound. What a getter or a proxy throws goes through.
 */
export function copyJSON(value: unknown, bounds: CopyBounds): unknown {
  let left = bounds.maxCharacters;
  const spend = (characters: number): void => {
    left -= characters + COST_OF_A_VALUE;
    if (left < 0) throw new Misfit('', `no larger than ${bounds.maxCharacters} characters`);
  };
  const copy = (part: unknown, levels: number): unknown => {
    spend(typeof part === 'string' ? part.length : 0);
    if (part === null || typeof part === 'string' || typeof part === 'boolean') return part;
    if (typeof part === 'number') return finite(part);
    if (typeof part !== 'object') throw new Misfit('', `a JSON value; got a ${typeof part}`);
    if (levels === 0) throw new Misfit('', `nested no deeper than ${bounds.maxDepth} levels`);
    return Array.isArray(part) ? copyArray(part, levels - 1) : copyObject(part, levels - 1);
  };
  const copyArray = (items: readonly unknown[], levels: number): unknown[] => {
    const copied: unknown[] = [];
    for (let index = 0; index < items.length; index++) copied.push(keptWithin(index, () => copy(items[index], levels)));
    return copied;
  };
  const copyObject = (object: object, levels: number): object => {
    if (!isCopyable(object)) throw new Misfit('', 'a plain object');
    const copied: Record<string, unknown> = {};
    for (const name of Object.keys(object)) {
      spend(name.length);
      if (name === '__proto__') continue;
      const member = (object as Record<string, unknown>)[name];
      if (member !== undefined) copied[name] = keptWithin(name, () => copy(member, levels));
    }
    return copied;
  };
  return copy(value, bounds.maxDepth);
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Misfit('', `a finite number; got ${value}`);
}

function keptWithin<T>(key: string | number, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    throw cause instanceof Misfit ? cause.within(key) : cause;
  }
}

/** Whether an object is of no class, in whichever realm it was made. */
function isCopyable(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
