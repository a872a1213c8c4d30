import { InvalidValueError, LimitError } from '../base/errors.ts';
import { quote } from '../base/text.ts';

/**
 * The error for a schema that cannot be compiled: nothing may be validated against it. `details` say where and why.
 *
 * @param where a URI with a JSON Pointer as its fragment, as the schema spells it.
 * @param why what was expected and what came.
 */
export function invalidSchema(where: string, why: string, cause?: unknown): InvalidValueError {
  return new InvalidValueError('ERR_MCP_INVALID_SCHEMA', `invalid JSON Schema at ${quote(where)}: ${why}`, { details: { where, why }, cause });
}

/** The error for a bound of a schema or of a validation that was passed. */
export function schemaLimit(name: string, value: number, what: string): LimitError {
  return new LimitError(name, `${what}: more than ${name} = ${value}`, { details: { value } });
}
