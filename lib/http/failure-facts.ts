/** What may be told of a request that failed: where it went, and what the system said. */

import { escapeText } from '../base/text.ts';

const DEEPEST_CAUSE = 5;

/** Origin and path of a URL, escaped: a query may hold secrets. */
export function place(url: string): string {
  if (!URL.canParse(url)) return 'a place that is no URL';
  const { origin, pathname } = new URL(url);
  return escapeText(`${origin}${pathname}`, 300);
}

/** The code that the system or the platform gave, wherever in the chain of causes it stands. */
export function systemCodeOf(error: unknown): string | undefined {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < DEEPEST_CAUSE; cause = cause.cause, depth++) {
    const { code, errors } = cause as { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string') return code;
    const inner = Array.isArray(errors) ? systemCodeOf(errors[0]) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Whether `error`, or what caused it, holds the query of `url` in a text of its own: some platforms write the whole URL there, and a query may be a key. */
export function tellsQuery(error: unknown, url: string): boolean {
  const query = URL.canParse(url) ? new URL(url).search : '';
  if (query === '') return false;
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < DEEPEST_CAUSE; cause = cause.cause, depth++) {
    const texts: readonly unknown[] = [cause.message, ...Object.values(Object.getOwnPropertyDescriptors(cause)).map(({ value }): unknown => value)];
    if (texts.some((text) => typeof text === 'string' && text.includes(query))) return true;
  }
  return false;
}
