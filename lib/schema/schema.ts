/** JSON Schema: 2020-12 in full, and draft-07. No code is generated and nothing is ever fetched. */

import { checkKeys, flag, oneOf } from '../base/options.ts';
import { LimitError } from '../base/errors.ts';
import { DIALECT_NAMES } from './dialects.ts';
import type { DialectName } from './dialects.ts';
import type { SchemaSettings } from './keywords/keyword-reader.ts';
import { matchesPlan } from './match-plan.ts';
import type { Plan } from './plan.ts';
import { DEFAULT_SCHEMA_BOUNDS, resolveSchemaBounds } from './schema-bounds.ts';
import type { SchemaBounds } from './schema-bounds.ts';
import { SchemaCompiler } from './schema-compiler.ts';
import { SchemaDefaults } from './schema-defaults.ts';
import { SchemaLibrary } from './schema-library.ts';
import { ErrorCollector, EvaluationPlace } from './schema-node.ts';
import type { SchemaNode } from './schema-node.ts';
import type { ValidationResult } from './schema-output.ts';
import { copyOfSchema } from './schema-registry.ts';
import type { SchemaRegistry } from './schema-registry.ts';
import { SchemaRun } from './schema-run.ts';

/** How a schema is compiled. */
export interface SchemaOptions {
  /** The dialect of a schema without `$schema`; `2020-12` by default, as MCP has it. */
  readonly dialect?: DialectName | undefined;
  /** Whether `format` is only an annotation, which is the default, or an assertion. */
  readonly formats?: 'annotate' | 'assert' | undefined;
  /** What `$ref` and `$schema` may name beside the schema itself and the standard's metaschemas. */
  readonly registry?: SchemaRegistry | undefined;
  /** Lets patterns run that no linear matcher takes: whoever writes the schema can stop this process for as long as he likes. */
  readonly dangerouslyAllowNonLinearPatterns?: boolean | undefined;
  /** Bounds to change; those left out keep their defaults. */
  readonly bounds?: Partial<SchemaBounds> | undefined;
}

/** A schema to validate values against. Values are what JSON has; only their own members count, and one that is undefined is none. */
export interface CompiledSchema {
  /** The URI of its dialect. */
  readonly dialect: string;
  /** Whether `instance` is valid. The fast way. @throws LimitError where the validation takes more than the bounds allow. */
  isValid(instance: unknown): boolean;
  /** Whether `instance` is valid, and what is wrong with it. @throws LimitError as `isValid`. */
  validate(instance: unknown): ValidationResult;
  /**
   * A copy of `instance` where members that are missing have the value of their `default`. Subschemas are followed that apply: of `anyOf`
   * and `oneOf` the first that takes the instance as it is. `undefined` stands for a missing instance.
   *
   * @throws LimitError as `isValid`.
   */
  withDefaults(instance: unknown): unknown;
}

const SCHEMA_OWNER = 'compileSchema';
const SCHEMA_OPTION_NAMES = ['dialect', 'formats', 'registry', 'dangerouslyAllowNonLinearPatterns', 'bounds'];
const DEFAULT_DIALECT: DialectName = '2020-12';
const DEFAULT_SETTINGS: SchemaSettings = Object.freeze({ bounds: DEFAULT_SCHEMA_BOUNDS, assertsFormats: false, allowsNonLinearPatterns: false });

/** The settings that `options` mean, checked. */
function readSettings(options: SchemaOptions): SchemaSettings {
  const given: unknown = options;
  checkKeys(SCHEMA_OWNER, given, SCHEMA_OPTION_NAMES);
  const { dialect, formats, bounds, dangerouslyAllowNonLinearPatterns } = options;
  oneOf(`${SCHEMA_OWNER}.dialect`, dialect ?? DEFAULT_DIALECT, DIALECT_NAMES);
  return {
    bounds: resolveSchemaBounds(`${SCHEMA_OWNER}.bounds`, bounds),
    assertsFormats: oneOf(`${SCHEMA_OWNER}.formats`, formats ?? 'annotate', ['annotate', 'assert']) === 'assert',
    allowsNonLinearPatterns: flag(`${SCHEMA_OWNER}.dangerouslyAllowNonLinearPatterns`, dangerouslyAllowNonLinearPatterns ?? false),
  };
}

/**
 * Compiles a schema, once for many validations. What its owner changes later changes nothing. Keywords that are not known are kept and say nothing.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_SCHEMA` for a schema that cannot be compiled, with where and why in `details`: a keyword that is malformed, a
 *   dialect that is not known, a reference to what is not here or to itself, a pattern that is refused. LimitError for one that passes a bound.
 *   TypeError or RangeError for wrong options.
 */
export function compileSchema(schema: unknown, options?: SchemaOptions): CompiledSchema {
  const settings = options === undefined ? DEFAULT_SETTINGS : readSettings(options);
  const { bounds } = settings;
  const library = new SchemaLibrary(bounds, options?.registry, options?.dialect ?? DEFAULT_DIALECT);
  const resource = library.addDocument(copyOfSchema(schema, '', bounds.maxSchemaDepth), '');
  return new Validator(new SchemaCompiler(settings, library).compile(resource), bounds);
}

const VALID_RESULT: ValidationResult = Object.freeze({ valid: true, errors: Object.freeze([]) });

class Validator implements CompiledSchema {
  readonly dialect: string;
  readonly #root: SchemaNode;
  readonly #plan: Plan;
  readonly #bounds: SchemaBounds;
  // One for all validations: nothing of a host runs during one.
  readonly #run: SchemaRun;

  constructor(root: SchemaNode, bounds: SchemaBounds) {
    this.dialect = root.resource.dialect.uri;
    this.#root = root;
    this.#plan = root.plan;
    this.#bounds = bounds;
    this.#run = new SchemaRun(bounds);
  }

  isValid(instance: unknown): boolean {
    this.#run.restart();
    return matchesPlan(this.#plan, instance, this.#run);
  }

  validate(instance: unknown): ValidationResult {
    return this.isValid(instance) ? VALID_RESULT : this.#explain(instance);
  }

  withDefaults(instance: unknown): unknown {
    return new SchemaDefaults(new SchemaRun(this.#bounds)).copyWithDefaults(this.#root, instance);
  }

  /** Goes over an instance again that is not valid, now telling why. What that takes is bounded as well. */
  #explain(instance: unknown): ValidationResult {
    const collector = new ErrorCollector(this.#bounds.maxSchemaErrors);
    try {
      this.#root.evaluate(instance, new SchemaRun(this.#bounds), undefined, new EvaluationPlace(collector));
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      collector.isTruncated = true;
    }
    const { errors, isTruncated } = collector;
    if (errors.length === 0) errors.push({ keywordLocation: '', instanceLocation: '', error: 'it is not valid, and telling why takes too much' });
    return isTruncated ? { valid: false, errors, truncated: true } : { valid: false, errors };
  }
}
