import { DEFAULT_LIMITS } from '../base/limits.ts';
import { checkKeys, count } from '../base/options.ts';

/** The bounds of schemas and of their validations. Each is at least 1. */
export interface SchemaBounds {
  /** Subschemas of one schema and of all that it refers to. */
  readonly maxSubschemas: number;
  /** Subschemas inside of each other in one document. */
  readonly maxSchemaDepth: number;
  /** Work of one validation: a subschema applied to a value counts one, sixteen plain checks count one. */
  readonly maxSchemaSteps: number;
  /** Subschemas applied inside of each other in one validation, over references and into the instance. */
  readonly maxSchemaRecursion: number;
  /** Errors that one validation tells of. */
  readonly maxSchemaErrors: number;
  /** Characters of one pattern. */
  readonly maxPatternCharacters: number;
  /** Characters of a text that a pattern is tried on. */
  readonly maxPatternInputCharacters: number;
  /** Levels of a value that is compared as a whole, or copied to be given its defaults. */
  readonly maxDepth: number;
}

/** What holds where no bounds are given. */
export const DEFAULT_SCHEMA_BOUNDS: SchemaBounds = Object.freeze({
  maxSubschemas: 10_000,
  maxSchemaDepth: 64,
  maxSchemaSteps: 100_000,
  maxSchemaRecursion: 1_024,
  maxSchemaErrors: 100,
  maxPatternCharacters: 1_024,
  maxPatternInputCharacters: 65_536,
  maxDepth: DEFAULT_LIMITS.maxDepth,
});

const BOUND_NAMES = Object.keys(DEFAULT_SCHEMA_BOUNDS) as (keyof SchemaBounds)[];

/**
 * The bounds that are given, defaults for the rest, frozen.
 *
 * @throws TypeError for an unknown name or a value that is not a number; RangeError for one that is not whole, or under 1.
 */
export function resolveSchemaBounds(owner: string, bounds: Partial<SchemaBounds> | undefined): SchemaBounds {
  if (bounds === undefined) return DEFAULT_SCHEMA_BOUNDS;
  const given: unknown = bounds;
  checkKeys(owner, given, BOUND_NAMES);
  const resolved: { -readonly [Name in keyof SchemaBounds]: number } = { ...DEFAULT_SCHEMA_BOUNDS };
  for (const name of BOUND_NAMES) {
    const value = bounds[name];
    if (value !== undefined) resolved[name] = count(`${owner}.${name}`, value, 1);
  }
  return Object.freeze(resolved);
}
