/** Which values a URI was made with, for simple templates. RFC 6570 section 1.4 leaves the way back to others; this is ours. */

import type { TemplatePart } from './template-syntax.ts';

const MAX_MATCHED_CHARACTERS = 65_536;
// What a value of {name} expands to, and one of {+name}: RFC 3986 sections 2.1 to 2.3.
const UNRESERVED_RUN = /(?:[\w.~-]|%[\dA-Fa-f]{2})*/;
const URI_RUN = /[\w.~%:/?#[\]@!$&'()*+,;=-]*/;

/** A template that can be matched: texts and variables in turn. */
interface Step {
  readonly name: string;
  readonly allowsReserved: boolean;
  /** The text behind the variable; empty at the end. */
  readonly after: string;
}

/** The variables of a template with the text behind each; `undefined` for a template that is not matched. */
function stepsOf(parts: readonly TemplatePart[]): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (part === undefined || typeof part === 'string') continue;
    const [variable, ...others] = part.variables;
    const { first, separator, allowsReserved } = part.operator;
    const isPlain = variable !== undefined && others.length === 0 && !variable.isExploded && variable.length === undefined;
    if (!isPlain || first !== '' || separator !== ',') return undefined;
    const after = parts[index + 1] ?? '';
    if (typeof after !== 'string') return undefined;
    steps.push({ name: variable.name, allowsReserved, after });
  }
  return steps;
}

/** Where the value of a step ends; `undefined` where that is nowhere, or more than one place is possible. */
function endOfValue(uri: string, start: number, { allowsReserved, after }: Step, isLast: boolean): number | undefined {
  // One of our own: it remembers where it looks.
  const run = new RegExp(allowsReserved ? URI_RUN : UNRESERVED_RUN, 'y');
  run.lastIndex = start;
  const runEnd = start + (run.exec(uri)?.[0].length ?? 0);
  const end = isLast ? uri.length - after.length : uri.indexOf(after, start);
  if (end < start || end > runEnd || !uri.startsWith(after, end)) return undefined;
  const another = isLast ? -1 : uri.indexOf(after, end + 1);
  return another === -1 || another > runEnd ? end : undefined;
}

function decodedValue(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Values with which `parts` may expand to `uri`: the only candidate there is, to be tried. */
export function matchParts(parts: readonly TemplatePart[], uri: string): Record<string, string> | undefined {
  const steps = stepsOf(parts);
  if (steps === undefined || typeof uri !== 'string' || uri.length > MAX_MATCHED_CHARACTERS) return undefined;
  const before = typeof parts[0] === 'string' ? parts[0] : '';
  const values = Object.create(null) as Record<string, string>;
  if (!uri.startsWith(before)) return undefined;
  let index = before.length;
  for (const [count, step] of steps.entries()) {
    const end = endOfValue(uri, index, step, count === steps.length - 1);
    if (end === undefined) return undefined;
    const text = uri.slice(index, end);
    const value = step.allowsReserved ? text : decodedValue(text);
    if (value === undefined || (Object.hasOwn(values, step.name) && values[step.name] !== value)) return undefined;
    values[step.name] = value;
    index = end + step.after.length;
  }
  return index === uri.length ? values : undefined;
}
