/** Patterns that need no automaton: plain text, and characters of sets one after the other. Most patterns of real schemas are one of both. */

import { areDisjoint, hasCodePoint, onlyMember } from './code-point-set.ts';
import type { CodePointSet } from './code-point-set.ts';
import type { PatternNode } from './pattern-node.ts';

/** Says whether a pattern matches an input. */
export type InputTest = (input: string) => boolean;

/** One set, `min` to `max` times. */
interface Span {
  readonly set: CodePointSet;
  readonly min: number;
  readonly max: number;
}

interface SpanPattern {
  readonly fromStart: boolean;
  readonly toEnd: boolean;
  readonly spans: readonly Span[];
}

/** The test for a pattern that has a short way; `undefined` for all others. */
export function shortcutFor(node: PatternNode): InputTest | undefined {
  const pattern = spanPattern(node);
  if (pattern === undefined) return undefined;
  const text = plainText(pattern.spans);
  if (text !== undefined) return textTest(text, pattern);
  return pattern.fromStart && isGreedy(pattern.spans) ? spanTest(pattern) : undefined;
}

function spanPattern(node: PatternNode): SpanPattern | undefined {
  const items = flatItems(node);
  const fromStart = isAssertion(items[0], 'start');
  const toEnd = isAssertion(items[items.length - 1], 'end');
  const between = items.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  const spans: Span[] = [];
  for (const item of between) {
    if (item.type === 'set') spans.push({ set: item.set, min: 1, max: 1 });
    else if (item.type === 'repeat' && item.body.type === 'set') spans.push({ set: item.body.set, min: item.min, max: item.max });
    else if (item.type !== 'empty') return undefined;
  }
  return { fromStart, toEnd, spans };
}

/** The elements of a sequence and of the sequences in it, in order. */
function flatItems(node: PatternNode): PatternNode[] {
  if (node.type !== 'sequence') return [node];
  const flat: PatternNode[] = [];
  const pending: PatternNode[] = [node];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (item.type !== 'sequence') flat.push(item);
    else for (let index = item.items.length - 1; index >= 0; index--) pending.push(item.items[index] as PatternNode);
  }
  return flat;
}

function isAssertion(node: PatternNode | undefined, assertion: 'start' | 'end'): boolean {
  return node?.type === 'assertion' && node.assertion === assertion;
}

/** The text that the spans are; half a surrogate pair is none, as it must not be found in a whole one. */
function plainText(spans: readonly Span[]): string | undefined {
  let text = '';
  for (const { set, min, max } of spans) {
    const codePoint = onlyMember(set);
    if (codePoint === undefined || min !== 1 || max !== 1 || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return undefined;
    text += String.fromCodePoint(codePoint);
  }
  return text;
}

function textTest(text: string, { fromStart, toEnd }: SpanPattern): InputTest {
  if (fromStart && toEnd) return (input) => input === text;
  if (fromStart) return (input) => input.startsWith(text);
  if (toEnd) return (input) => input.endsWith(text);
  return (input) => input.includes(text);
}

/**
 * Whether taking as many as there are is always right: what may follow a span of no fixed length has nothing in common with it, so that a
 * character left over for it could not be taken.
 */
function isGreedy(spans: readonly Span[]): boolean {
  return spans.every(({ set, min, max }, index) => {
    if (min === max) return true;
    const rest = spans.slice(index + 1);
    const end = rest.findIndex((span) => span.min > 0);
    return (end === -1 ? rest : rest.slice(0, end + 1)).every((span) => areDisjoint(set, span.set));
  });
}

/** A span with what its set says of the first 128 code points. */
interface ScannedSpan extends Span {
  readonly ascii: Uint8Array;
}

function scannedSpan(span: Span): ScannedSpan {
  return { ...span, ascii: Uint8Array.from({ length: 128 }, (_, code) => (hasCodePoint(span.set, code) ? 1 : 0)) };
}

function spanTest({ spans, toEnd }: SpanPattern): InputTest {
  // Made when it is first needed: most patterns of a schema are compiled and never asked.
  let scanned: readonly ScannedSpan[] | undefined;
  return (input) => {
    scanned ??= spans.map((span) => scannedSpan(span));
    let index = 0;
    for (const span of scanned) {
      index = takeSpan(span, input, index);
      if (index === -1) return false;
    }
    return !toEnd || index === input.length;
  };
}

/** The index behind the characters that a span takes; -1 where there are too few. */
function takeSpan({ set, min, max, ascii }: ScannedSpan, input: string, start: number): number {
  let index = start;
  let count = 0;
  while (count < max && index < input.length) {
    const code = input.charCodeAt(index);
    if (code < 128) {
      if (ascii[code] === 0) break;
      index++;
    } else {
      const codePoint = input.codePointAt(index) ?? code;
      if (!hasCodePoint(set, codePoint)) break;
      index += codePoint > 0xffff ? 2 : 1;
    }
    count++;
  }
  return count < min ? -1 : index;
}
