/**
 * Parameters of a tool that are said in headers too: which ones an input schema marks with `x-mcp-header`, and what is said of
 * arguments. Source: 2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters"; server, "Tools", "x-mcp-header".
 */

import { InvalidValueError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';
import { isToken } from '../http/field-syntax.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import { encodeHeaderValue } from '../http/value-encoding.ts';
import { Misfit } from './checks/check.ts';

/** One parameter that is said in a header too. */
export interface ParamHeader {
  /** The members that lead to it from the arguments. */
  readonly path: readonly string[];
  /** The whole name of the header. */
  readonly header: string;
  readonly type: ParamType;
}

/** What a parameter that is said in a header may be. */
export type ParamType = 'string' | 'integer' | 'boolean';

/** The members on the way to a parameter as one name, for people. */
export function parameterName({ path }: ParamHeader): string {
  return path.join('.');
}

const ANNOTATION = 'x-mcp-header';
const PARAM_TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);

// Members of a schema that are values and no schemas: what looks like a mark in there is none. Source: JSON Schema 2020-12 Validation, sections 6.1 and 9.
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required', 'dependentRequired', 'type']);
// Members whose own members are named by the author of the schema, so that none of these names is a keyword.
const NAMED_SCHEMAS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas', 'dependencies', '$defs', 'definitions']);

/** A part of a schema that is still to be looked at. */
interface Place {
  readonly value: unknown;
  /** Its place in the schema. */
  readonly pointer: readonly string[];
  /** The path of the parameter that it is the schema of; `undefined` where a mark may not stand. */
  readonly path: readonly string[] | undefined;
  /** Whether its members are schemas by names of the author's. */
  readonly isNamed: boolean;
}

/**
 * The parameters that `inputSchema` marks; empty for none.
 *
 * A mark stands on a property of type `string`, `integer` or `boolean` that is reached from the root through `properties` alone; it is a
 * token, and none is there twice but for its case. What is looked at is bounded by the message that the schema came in.
 *
 * @throws Misfit with the place of a mark that breaks one of these rules.
 */
export function paramHeaders(inputSchema: JSONObject): readonly ParamHeader[] {
  const headers: ParamHeader[] = [];
  const names = new Set<string>();
  const places: Place[] = [{ value: inputSchema, pointer: [], path: [], isNamed: false }];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    if (typeof place.value !== 'object' || place.value === null) continue;
    const isSchema = !Array.isArray(place.value) && !place.isNamed;
    if (isSchema && Object.hasOwn(place.value, ANNOTATION)) headers.push(readMark(place, names));
    // From the last to the first, so that they are taken up in the order of the schema.
    for (const key of Object.keys(place.value).reverse()) {
      if (isSchema && DATA_KEYWORDS.has(key)) continue;
      const value = (place.value as Readonly<Record<string, unknown>>)[key];
      if (typeof value === 'object' && value !== null) places.push(atParam(place, key, value, isSchema));
    }
  }
  return headers;
}

function atParam({ pointer, path, isNamed }: Place, key: string, value: unknown, isSchema: boolean): Place {
  const there = [...pointer, key];
  if (isNamed) return { value, pointer: there, path: path === undefined ? undefined : [...path, key], isNamed: false };
  const staysOnPath = isSchema && key === 'properties';
  return { value, pointer: there, path: staysOnPath ? path : undefined, isNamed: isSchema && NAMED_SCHEMAS.has(key) && !Array.isArray(value) };
}

function readMark({ value, pointer, path }: Place, names: Set<string>): ParamHeader {
  const schema = value as JSONObject;
  if (path === undefined || path.length === 0) throw misfitAt(pointer, ANNOTATION, 'on a property that is reached through "properties" alone');
  const name = own(schema, ANNOTATION);
  if (typeof name !== 'string') throw misfitAt(pointer, ANNOTATION, `a string; got ${describe(name)}`);
  if (!isToken(name)) throw misfitAt(pointer, ANNOTATION, `the name of a header, of A-Z, a-z, 0-9 and !#$%&'*+-.^_\`|~; got ${quote(name)}`);
  const lower = name.toLowerCase();
  if (names.has(lower)) throw misfitAt(pointer, ANNOTATION, `a name that no other parameter has, whatever its case; got ${quote(name)}`);
  names.add(lower);
  const type = own(schema, 'type');
  if (!PARAM_TYPES.has(type)) {
    const came = typeof type === 'string' ? quote(type) : describe(type);
    throw misfitAt(pointer, 'type', `"string", "integer" or "boolean" where ${ANNOTATION} stands; got ${came}`);
  }
  return { path, header: `${SENT_HEADERS.parameterPrefix}${name}`, type: type as ParamType };
}

function misfitAt(pointer: readonly string[], key: string, expected: string): Misfit {
  return pointer.reduceRight((misfit, part) => misfit.within(part), new Misfit('', expected).within(key));
}

/**
 * What is said of `args`, in the form in which they are sent; `undefined` when nothing is. A parameter that is absent or null is left out.
 * One of another type than the schema says is said as it is, as the body says it too, so that the server answers what is wrong with it.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS`, `unsent`, for a value that no header can carry: an array, an object, a number that is no
 *   safe integer, a string that is no Unicode. It never shows the value.
 */
export function headersOfArguments(headers: readonly ParamHeader[], args: JSONObject): Record<string, string> | undefined {
  let fields: Record<string, string> | undefined;
  for (const param of headers) {
    const value = valueAt(args, param.path);
    if (value === undefined || value === null) continue;
    fields ??= {};
    fields[param.header] = mirroredValue(value, `the argument ${quote(parameterName(param))}`);
  }
  return fields;
}

function valueAt(args: JSONObject, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    value = own(value, key);
  }
  return value;
}

/**
 * The header form of something that the body says too; `what` names it.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS`, `unsent`, for what no header can carry.
 */
export function mirroredValue(value: unknown, what: string): string {
  try {
    return encodeHeaderValue(value as string);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new InvalidValueError('ERR_MCP_INVALID_ARGUMENTS', `HTTP says ${what} in a header too, and no header can carry it: ${cause.message}`, { cause, delivery: 'unsent' });
  }
}
