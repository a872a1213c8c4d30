/** A form that a server wants filled in, and what the host fills in. Source: MCP, client, "Elicitation", "Form Mode Security". */

import { LimitError, isMCPError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import { escapeText, quote } from '../base/text.ts';
import { RequestRefusal } from '../connection/incoming-requests.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import type { ElicitationField, ElicitationValue, FormElicitation } from '../protocol/types/elicitation.ts';
import { compileSchema } from '../schema/schema.ts';
import type { CompiledSchema } from '../schema/schema.ts';
import type { ValidationResult } from '../schema/schema-output.ts';
import { showValue } from '../schema/show-value.ts';

/** One form, with the schema that its answer is validated against. */
export class ElicitationForm {
  /** What the host is handed: a default that the schema itself refuses is left out. */
  readonly request: FormElicitation;
  readonly #schema: CompiledSchema;

  /** @throws RequestRefusal for a schema that cannot be compiled. */
  constructor(request: FormElicitation) {
    this.#schema = compileProperties(request);
    const fields = request.fields.map((field) => (this.#acceptsDefault(field) ? field : Object.freeze({ ...field, default: undefined })));
    this.request = Object.freeze({ ...request, fields: Object.freeze(fields) });
  }

  /**
   * The content as it is sent: the host's values, and defaults for what it left out.
   *
   * @throws TypeError where the host's values are not what the form asks for; it names the field, and shows no value.
   */
  fill(given: unknown): JSONObject {
    const values = readValues(given, this.request.fields);
    for (const field of this.request.fields) {
      if (!values.has(field.name) && field.default !== undefined) values.set(field.name, field.default);
      if (field.required && !values.has(field.name)) throw new TypeError(`content must have ${quote(field.name)}, which the form requires; got ${describe(undefined)}`);
    }
    // Own members, whatever they are called: assigning would not make one of `__proto__`.
    const content: JSONObject = Object.fromEntries(values);
    const result = this.#schema.validate(content);
    if (!result.valid) throw new TypeError(`content must be what the form asks for; got ${whatIsWrong(result, this.request)}`);
    return content;
  }

  #acceptsDefault({ name, default: preset }: ElicitationField): boolean {
    if (preset === undefined) return true;
    try {
      return this.#schema.isValid(Object.fromEntries([[name, preset]]));
    } catch (cause) {
      // One that takes too much to validate is the server's, and not the host's mistake.
      if (cause instanceof LimitError) return false;
      throw cause;
    }
  }
}

/** Only the properties: which of them are required is known, and the dialect makes no difference to what a form may hold. */
function compileProperties({ requestedSchema, fields }: FormElicitation): CompiledSchema {
  const choices = fields.reduce((sum, field) => sum + ('choices' in field ? field.choices.length : 0), 0);
  // Each titled choice is a schema of its own, and each value that is chosen is tried on each of them.
  const bounds = { maxSubschemas: 4 * fields.length + 2 * choices + 1, maxSchemaSteps: 10_000 + choices * choices };
  try {
    return compileSchema({ type: 'object', properties: own(requestedSchema, 'properties') }, { formats: 'assert', bounds });
  } catch (cause) {
    if (!isMCPError(cause)) throw cause;
    throw new RequestRefusal(RPC_ERROR.invalidParams, `The form is refused: ${escapeText(cause.message)}`);
  }
}

/** A copy of what the host filled in, by field: what it does to its own afterwards has no effect. */
function readValues(given: unknown, fields: readonly ElicitationField[]): Map<string, ElicitationValue> {
  const values = new Map<string, ElicitationValue>();
  if (given === undefined) return values;
  if (!isObject(given)) throw new TypeError(`content must be an object; got ${describe(given)}`);
  const names = new Set(fields.map(({ name }) => name));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) throw new TypeError(`content must have members that are fields of the form; got ${quote(name)}`);
    const value = given[name];
    if (value !== undefined) values.set(name, readValue(name, value));
  }
  return values;
}

function readValue(name: string, value: unknown): ElicitationValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return [...value];
  throw new TypeError(`content member ${quote(name)} must be a string, a finite number, true or false, or an array of strings; got ${describe(value)}`);
}

/** The first thing that is wrong: which field fails which keyword, and what that says. The user's own words stay out of it. */
function whatIsWrong({ errors }: ValidationResult, { fields, requestedSchema }: FormElicitation): string {
  const location = errors[0]?.keywordLocation ?? '';
  const keyword = location.slice(location.lastIndexOf('/') + 1);
  const failing = fields.find(({ name }) => location.startsWith(`/properties/${name.replaceAll('~', '~0').replaceAll('/', '~1')}/`));
  if (failing === undefined) return 'something else';
  const schema = own(own(requestedSchema, 'properties') as JSONObject, failing.name) as JSONObject;
  const wanted = own(schema, keyword);
  return `a ${quote(failing.name)} that fails ${quote(keyword)}${wanted === undefined ? '' : ` ${showValue(wanted)}`}`;
}
