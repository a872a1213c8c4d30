/** A pattern that was read, as a tree. Groups are gone: without references back to them they change nothing. */

import { codePointSet } from './code-point-set.ts';
import type { CodePointSet } from './code-point-set.ts';

/** What must be true of a place between two characters: its start or end of the input, a boundary of a word, or none. */
export type PatternAssertion = 'start' | 'end' | 'boundary' | 'noBoundary';

/** One element of a pattern. `size` is about how many states it takes with its repetitions written out. */
export type PatternNode =
  | { readonly type: 'empty'; readonly size: number }
  | { readonly type: 'set'; readonly set: CodePointSet; readonly size: number }
  | { readonly type: 'assertion'; readonly assertion: PatternAssertion; readonly size: number }
  | { readonly type: 'sequence'; readonly items: readonly PatternNode[]; readonly size: number }
  | { readonly type: 'choice'; readonly options: readonly PatternNode[]; readonly size: number }
  | { readonly type: 'repeat'; readonly body: PatternNode; readonly min: number; readonly max: number; readonly size: number };

/** The node that takes nothing. */
export const EMPTY_NODE: PatternNode = Object.freeze({ type: 'empty', size: 1 });

/** The node that takes one code point of `set`. */
export function setNode(set: CodePointSet): PatternNode {
  return { type: 'set', set, size: 1 };
}

/** One node after the other. */
export function sequenceNode(items: readonly PatternNode[]): PatternNode {
  const [first, second] = items;
  if (first === undefined) return EMPTY_NODE;
  if (second === undefined) return first;
  return { type: 'sequence', items, size: items.reduce((sum, item) => sum + item.size, 0) };
}

/** One of several nodes; a single set where each of them is one. */
export function choiceNode(options: readonly PatternNode[]): PatternNode {
  const [first, second] = options;
  if (first !== undefined && second === undefined) return first;
  const ranges = options.map((option) => (option.type === 'set' && option.set.tests.length === 0 ? option.set.ranges : undefined));
  if (ranges.every((pairs) => pairs !== undefined)) return setNode(codePointSet(ranges.flat()));
  return { type: 'choice', options, size: options.reduce((sum, option) => sum + option.size + 1, 0) };
}

/** A node `min` to `max` times; `max` is `Infinity` where there is no end. */
export function repeatNode(body: PatternNode, min: number, max: number): PatternNode {
  if (max === 0 || body.type === 'empty') return EMPTY_NODE;
  if (min === 1 && max === 1) return body;
  const copies = max === Infinity ? Math.max(min, 1) : max;
  const branches = max === Infinity ? 1 : max - min;
  return { type: 'repeat', body, min, max, size: body.size * copies + branches };
}
