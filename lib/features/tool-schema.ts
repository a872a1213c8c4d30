/** A schema of a tool: kept as text, which is smaller than what it says, and compiled when it is first needed. */

import { LimitError } from '../base/errors.ts';
import type { Delivery } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { escapeText, quote } from '../base/text.ts';
import { schemaSentence } from '../schema/schema-sentence.ts';
import { compileSchema } from '../schema/schema.ts';
import type { CompiledSchema } from '../schema/schema.ts';
import type { ValidationError } from '../schema/schema-node.ts';
import type { ValidationResult } from '../schema/schema-output.ts';

const MOST_LOCATION_CHARACTERS = 1_024;
// What follows in the engine's sentences is a value.
const VALUE_MARK = '; got ';

/** The schema of the arguments or of the results of one tool. */
export class ToolSchema {
  readonly text: string;
  readonly #limits: Limits;
  #compiled: CompiledSchema | undefined;
  #refusal: { readonly cause: unknown } | undefined;

  constructor(text: string, limits: Limits) {
    this.text = text;
    this.#limits = limits;
  }

  /** Compiled, once. @throws what `compileSchema` threw, the same each time: a schema that cannot be used takes nothing. */
  get compiled(): CompiledSchema {
    return this.#compiled ?? this.#compile();
  }

  /** Whether it is known to take `value`. False too where that cannot be told. */
  accepts(value: unknown): boolean {
    try {
      return this.compiled.isValid(value);
    } catch {
      return false;
    }
  }

  #compile(): CompiledSchema {
    if (this.#refusal !== undefined) throw this.#refusal.cause;
    const { maxDepth, maxSchemaErrors } = this.#limits;
    try {
      this.#compiled = compileSchema(JSON.parse(this.text), { bounds: { maxDepth, maxSchemaErrors } });
      return this.#compiled;
    } catch (cause) {
      this.#refusal = { cause };
      throw cause;
    }
  }
}

/** The text of a schema as {@link ToolSchema} keeps it. */
export function schemaText(schema: JSONObject): string {
  return JSON.stringify(schema);
}

/** What a validation found, for an error: values of the instance, which may be secrets, are left out, and places are cut. */
export interface Complaint {
  readonly sentence: string;
  readonly details: { readonly instanceLocation: string; readonly errors: readonly ValidationError[]; readonly truncated?: true };
}

/** Makes a {@link Complaint} of a result that is not valid. */
export function complaintOf(result: ValidationResult): Complaint {
  const errors = result.errors.map(withoutValue);
  const details = { instanceLocation: errors[0]?.instanceLocation ?? '', errors };
  return {
    sentence: schemaSentence({ ...result, errors }),
    details: result.truncated === true ? { ...details, truncated: true } : details,
  };
}

function withoutValue({ keywordLocation, absoluteKeywordLocation, instanceLocation, error }: ValidationError): ValidationError {
  const [told = error] = error.split(VALUE_MARK, 1);
  const unit = { keywordLocation: shownLocation(keywordLocation), instanceLocation: shownLocation(instanceLocation), error: told };
  return absoluteKeywordLocation === undefined ? unit : { ...unit, absoluteKeywordLocation: shownLocation(absoluteKeywordLocation) };
}

function shownLocation(location: string): string {
  return escapeText(location, MOST_LOCATION_CHARACTERS);
}

/** Why a schema cannot be used, in words. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'it cannot be compiled';
}

/** The error for a check that passed a bound; `what` it is of the tool that was checked. */
export function checkTakesTooMuch(toolName: string, what: string, cause: LimitError, delivery: Delivery): LimitError {
  const message = `Checking the ${what} the tool ${quote(toolName)} takes more than is allowed: ${cause.message}`;
  return new LimitError(String(cause.details['limit']), message, { details: { ...cause.details, toolName }, cause, delivery });
}
