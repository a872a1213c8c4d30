/** Extensions of the protocol as objects: what a host gives, read once. */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe, functionOption, oneOf, text } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { RequestOptions } from '../connection/request-settings.ts';
import type { ExtensionTerms } from '../protocol/extensions.ts';
import { METHODS } from '../protocol/methods.ts';

/**
 * An extension of the protocol. It is active on a connection when both sides declare it; nothing of one that is not active is taken from a server.
 * Source: 2026-07-28, basic, "Versioning and Compatibility", "Extension Negotiation".
 */
export interface Extension {
  /** Its identifier: a prefix of the vendor's and a name, such as `com.example/reports`. */
  readonly name: string;
  /** What is declared of it to servers, plain JSON; copied. Default: `{}`. */
  readonly settings?: JSONObject | undefined;
  /**
   * To whom it is declared: `always`, to every server, with each request or in the handshake; `offered`, with the requests to servers of 2026-07-28 or later that
   * declare it, and to nobody else. Default: `always`.
   */
  readonly declare?: 'always' | 'offered' | undefined;
  /** The requests that it has from client to server, by their methods. Default: none. */
  readonly methods?: Readonly<Record<string, ExtensionMethod>> | undefined;
  /** The kinds of result that it has, by `resultType`. Only servers of 2026-07-28 or later have such. Default: none. */
  readonly results?: Readonly<Record<string, ExtensionResult>> | undefined;
  /** The notifications that it has from server to client, by their methods. Default: none. */
  readonly notifications?: Readonly<Record<string, ExtensionNotification>> | undefined;
}

/** One request of an extension. */
export interface ExtensionMethod {
  /** The member of the params, a string, that HTTP says in the header `Mcp-Name`. Default: none. */
  readonly nameParam?: string | undefined;
}

/** One kind of result of an extension. */
export interface ExtensionResult {
  /** The methods that may be answered by it, such as `tools/call`. */
  readonly methods: readonly string[];
  /**
   * Gives the result that takes its place: what the caller gets, after the same checks as any other. What it throws the caller gets as it is.
   * `result` is unchecked, and hostile. It has the time of the call: `timeoutMs` from here on, or, with `resetTimeoutOnProgress`, what is left of `maxTotalTimeoutMs`.
   */
  complete(result: JSONObject, call: ExtendedCall): JSONObject | Promise<JSONObject>;
}

/** A call that was answered by a result of an extension. */
export interface ExtendedCall {
  readonly serverName: string;
  readonly method: string;
  /** As they were asked for, without `_meta`. */
  readonly params: JSONObject | undefined;
  /** What the call wants to become of questions: `manual`, that no handler answers them. */
  readonly rounds: 'answer' | 'manual';
  /** Fires when nobody waits any more: the caller went away, or the time of the call is over. */
  readonly signal: AbortSignal;
  /** Sends a request of the extension; ends with `signal`. */
  request(method: string, params?: JSONObject): Promise<JSONObject>;
}

/** One notification of an extension. */
export interface ExtensionNotification<T = unknown> {
  /** Reads the params. Where it throws, the notification is dropped, and told as a fault `ERR_MCP_INVALID_PARAMS`. */
  check(params: JSONObject): T;
  /** Hears what `check` gave. What it throws harms nobody; it is told to the logger. */
  heard(value: T): unknown;
}

/** An extension that both sides have declared. */
export interface ActiveExtension {
  readonly name: string;
  /** What the server declared of it; hostile. */
  readonly settings: JSONObject;
  /**
   * Sends one of its requests.
   *
   * @throws TypeError for a method that it does not have; InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD` when it is not active any more; as every request.
   */
  request(method: string, params?: JSONObject, options?: RequestOptions): Promise<JSONObject>;
}

/** {@link Extension}, read. */
export interface ResolvedExtension extends ExtensionTerms {
  readonly results: ReadonlyMap<string, ExtensionResult>;
  readonly notifications: ReadonlyMap<string, ExtensionNotification>;
}

/** The tasks of 2026-07-28, which this library has by itself. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

const KEYS: readonly (keyof Extension)[] = ['name', 'settings', 'declare', 'methods', 'results', 'notifications'];
const CORE_RESULT_TYPES: ReadonlySet<string> = new Set(['complete', 'input_required']);
// Source: 2026-07-28, basic, "_meta", "Key name format", with a prefix that has to be there.
const IDENTIFIER_LABEL = '[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const IDENTIFIER = new RegExp(`^${IDENTIFIER_LABEL}(?:\\.${IDENTIFIER_LABEL})*/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$`);
const LONGEST_IDENTIFIER = 256;

/**
 * Reads the option `extensions`.
 *
 * @throws TypeError or RangeError, naming the place, what was expected and what came.
 */
export function resolveExtensions(name: string, extensions: unknown): readonly ResolvedExtension[] {
  if (!Array.isArray(extensions)) throw new TypeError(`${name} must be an array of extensions; got ${describe(extensions)}`);
  const resolved = extensions.map((extension: unknown, index) => resolveExtension(`${name}[${index}]`, extension));
  const taken = new Map<string, string>();
  const take = (place: string, what: string): void => {
    const other = taken.get(what);
    if (other !== undefined) throw new TypeError(`${place} and ${other} have ${what} both`);
    taken.set(what, place);
  };
  resolved.forEach((extension, index) => {
    const place = `${name}[${index}]`;
    if (extension.name === TASKS_EXTENSION) throw new TypeError(`${place} must be another extension than ${quote(TASKS_EXTENSION)}, which is there by itself; the option tasksExtension turns it off`);
    take(place, `the name ${quote(extension.name)}`);
    for (const method of [...extension.methods.keys(), ...extension.notifications.keys()]) {
      if (METHODS.has(method) || method === 'tasks/update' || method.startsWith('notifications/tasks')) throw new TypeError(`${place} must leave ${quote(method)} to the protocol`);
      take(place, `the method ${quote(method)}`);
    }
    for (const kind of extension.results.keys()) {
      if (CORE_RESULT_TYPES.has(kind) || kind === 'task') throw new TypeError(`${place} must leave results of type ${quote(kind)} to the protocol`);
      take(place, `results of type ${quote(kind)}`);
    }
  });
  return Object.freeze(resolved);
}

/** Reads one extension. @throws as {@link resolveExtensions}. */
export function resolveExtension(place: string, extension: unknown): ResolvedExtension {
  checkKeys(place, extension, KEYS);
  const { settings = {}, declare } = extension;
  if (!isObject(settings)) throw new TypeError(`${place}.settings must be an object; got ${describe(settings)}`);
  const results = declaredMembers(`${place}.results`, extension['results'], readExtensionResult);
  return Object.freeze({
    name: identifier(`${place}.name`, extension['name']),
    settings: Object.freeze(structuredClone(settings)),
    declare: declare === undefined ? 'always' : oneOf(`${place}.declare`, declare, ['always', 'offered']),
    methods: declaredMembers(`${place}.methods`, extension['methods'], readMethod),
    results,
    resultTypes: new Map(Array.from(results, ([kind, { methods }]) => [kind, new Set(methods)])),
    notifications: declaredMembers(`${place}.notifications`, extension['notifications'], readNotification),
  });
}

function identifier(place: string, value: unknown): string {
  const name = text(place, value);
  if (name.length <= LONGEST_IDENTIFIER && IDENTIFIER.test(name)) return name;
  throw new RangeError(`${place} must be a prefix and a name, such as "com.example/reports"; got ${quote(name)}`);
}

function declaredMembers<T>(place: string, value: unknown, read: (place: string, value: unknown) => T): ReadonlyMap<string, T> {
  if (value === undefined) return new Map();
  if (!isObject(value)) throw new TypeError(`${place} must be an object; got ${describe(value)}`);
  return new Map(Object.keys(value).map((key) => [key, read(`${place}[${quote(key)}]`, own(value, key))]));
}

function readMethod(place: string, value: unknown): string | undefined {
  checkKeys(place, value, ['nameParam']);
  const { nameParam } = value;
  return nameParam === undefined ? undefined : text(`${place}.nameParam`, nameParam);
}

function readExtensionResult(place: string, value: unknown): ExtensionResult {
  checkKeys(place, value, ['methods', 'complete']);
  const { methods, complete } = value as Partial<ExtensionResult>;
  if (!Array.isArray(methods)) throw new TypeError(`${place}.methods must be an array of methods; got ${describe(methods)}`);
  functionOption(`${place}.complete`, complete);
  const given = value as unknown as ExtensionResult;
  return { methods: methods.map((method: unknown, index) => text(`${place}.methods[${index}]`, method)), complete: (result, call) => given.complete(result, call) };
}

function readNotification(place: string, value: unknown): ExtensionNotification {
  checkKeys(place, value, ['check', 'heard']);
  functionOption(`${place}.check`, value['check']);
  functionOption(`${place}.heard`, value['heard']);
  const given = value as unknown as ExtensionNotification;
  return { check: (params) => given.check(params), heard: (read) => given.heard(read) };
}
