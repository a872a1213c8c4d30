/** Makes up a value that a JSON Schema accepts, for calls of tools that nobody knows beforehand. */
import type { JSONObject } from '../../../lib/index.ts';

/** How deep a made-up value goes, for schemas that never end. */
const MAX_DEPTH = 8;

const BY_TYPE: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['string', 'text'],
  ['number', 2.5],
  ['integer', 2],
  ['boolean', true],
  ['null', null],
  ['array', []],
]);

/**
 * A value for `schema`: its `const`, `default`, first of `examples` or of `enum`, or one of its `type`; objects with all their
 * `properties`, required or not. Keywords that narrow a value further (`minimum`, `pattern`, `allOf` and their like) are not
 * read, so a demanding schema may refuse it.
 */
export function sampleOf(schema: unknown, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return {};
  const { const: constant, default: preset, examples, enum: choices, type, properties } = schema as JSONObject;
  for (const known of [constant, preset, first(examples), first(choices)]) if (known !== undefined) return known;
  const one = Array.isArray(type) ? first(type) : type;
  if (one !== undefined && one !== 'object') return BY_TYPE.get(one) ?? null;
  return Object.fromEntries(Object.entries(properties ?? {}).map(([name, property]) => [name, sampleOf(property, depth + 1)]));
}

function first(values: unknown): unknown {
  return Array.isArray(values) ? (values as unknown[])[0] : undefined;
}
