import { isObject } from './json.ts';

/**
 * One text for every way to write a JSON value: members in the order of their names by UTF-16 code units, no white space, numbers and strings as
 * `JSON.stringify` writes them. Members that are undefined are none. A lone surrogate is written as its escape. Source: RFC 8785 section 3.2.
 */
export function canonicalJSON(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJSON(item)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${names.sort().map((name) => `${JSON.stringify(name)}:${canonicalJSON(value[name])}`).join(',')}}`;
}
