/**
 * Checks messages against the protocol's own JSON Schemas (draft-07 with `definitions`, 2020-12 with `$defs`). It knows the
 * keywords those documents use and refuses a document with any other, so that it cannot pass a message out of ignorance.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findCorpus } from './corpora.ts';

type JSONObject = Readonly<Record<string, unknown>>;

/** Who sends a message. */
export type Side = 'client' | 'server';

/** How to look at a value. */
export interface CheckOptions {
  /**
   * Also report members that a definition with `properties` and without `additionalProperties` does not name. The
   * schemas themselves allow them; a fixture with a misspelt optional member is still a mistake. Members of `_meta`,
   * and of schemas inside messages, stay free.
   */
  readonly closed?: boolean;
}

function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(object: unknown, key: string): unknown {
  return isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

// ---- The document ------------------------------------------------------------------------------------------------

const ANNOTATIONS = new Set(['description', 'title', 'default', '$schema', '$comment', 'examples', 'deprecated']);
const CHILDREN_BY_NAME = new Set(['properties', 'definitions', '$defs']);
const CHILD = new Set(['items', 'additionalProperties']);
const CHILDREN_IN_ORDER = new Set(['anyOf', 'allOf', 'oneOf']);
const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);

const isTypeName = (value: unknown): boolean => typeof value === 'string' && TYPES.has(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** The keywords with a plain value, and what that value has to be. */
const PLAIN: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['$ref', (value: unknown) => typeof value === 'string' && /^#\/(definitions|\$defs)\/\w+$/.test(value)],
  ['type', (value: unknown) => isTypeName(value) || (Array.isArray(value) && value.length > 0 && value.every(isTypeName))],
  ['const', () => true],
  ['enum', (value: unknown) => Array.isArray(value) && value.length > 0],
  ['required', isStrings],
  ['minimum', isNumber],
  ['maximum', isNumber],
  ['minItems', isCount],
  ['maxItems', isCount],
  ['format', (value: unknown) => typeof value === 'string' && FORMATS.has(value)],
]);

// RFC 4648 section 4, padded; RFC 3986 section 3, an absolute one; RFC 6570 section 2, braces that pair up.
const FORMATS: ReadonlyMap<string, RegExp> = new Map([
  ['byte', /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/],
  ['uri', /^[A-Za-z][A-Za-z0-9+.-]*:(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/],
  ['uri-template', /^(?:[^{}\s]|\{[^{}\s]+\})*$/],
]);

/** A schema document whose every keyword this checker knows. */
export interface SchemaDocument {
  /** The named definitions, without the word `definitions` or `$defs` before them. */
  readonly definitions: ReadonlyMap<string, JSONObject>;
}

/**
 * Reads a schema document.
 *
 * @throws Error at a keyword, a format, a reference or a value of a keyword that this checker does not know.
 */
export function readSchemaDocument(root: unknown): SchemaDocument {
  assert.ok(isObject(root), 'a schema document is an object');
  const named = member(root, '$defs') ?? member(root, 'definitions');
  assert.ok(isObject(named), 'a schema document has $defs or definitions');
  const definitions = new Map(Object.entries(named) as [string, JSONObject][]);
  refuseUnknown(root, '#', definitions);
  return { definitions };
}

function refuseUnknown(schema: unknown, place: string, definitions: SchemaDocument['definitions']): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) throw new Error(`${place}: a schema is an object or a boolean`);
  for (const [keyword, value] of Object.entries(schema)) {
    const at = `${place}/${keyword}`;
    if (ANNOTATIONS.has(keyword)) continue;
    if (CHILD.has(keyword)) refuseUnknown(value, at, definitions);
    else if (CHILDREN_BY_NAME.has(keyword) || CHILDREN_IN_ORDER.has(keyword)) {
      if (CHILDREN_BY_NAME.has(keyword) ? !isObject(value) : !Array.isArray(value) || value.length === 0) throw new Error(`${at}: wrong value`);
      for (const [name, child] of Object.entries(value as object)) refuseUnknown(child, `${at}/${name}`, definitions);
    } else if (!PLAIN.has(keyword)) throw new Error(`${at}: the checker does not know this keyword`);
    else if (!PLAIN.get(keyword)?.(value)) throw new Error(`${at}: the checker does not know this value`);
  }
  const target = referenced(schema);
  if (target !== undefined && !definitions.has(target)) throw new Error(`${place}/$ref: there is no definition ${target}`);
}

function referenced(schema: JSONObject): string | undefined {
  return textOf(member(schema, '$ref')).split('/').pop() || undefined;
}

// ---- The value ---------------------------------------------------------------------------------------------------

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeOf(value) === type;
}

/**
 * What is wrong with `value` as the definition `name` says: one line an error, each beginning with the place in the
 * value as a JSON pointer (`/params/uri`, or `(whole)`); none where it is valid.
 */
export function checkAgainst(document: SchemaDocument, name: string, value: unknown, options: CheckOptions = {}): string[] {
  assert.ok(document.definitions.has(name), `there is no definition ${name}`);
  return new Check(document, options.closed ?? false).definition(name, value, '');
}

class Check {
  readonly #document: SchemaDocument;
  readonly #closed: boolean;

  constructor(document: SchemaDocument, closed: boolean) {
    this.#document = document;
    this.#closed = closed;
  }

  definition(name: string, value: unknown, path: string, declaredBeside: readonly string[] = []): string[] {
    return this.#schema(this.#document.definitions.get(name), value, path, declaredBeside);
  }

  /** `declaredBeside`: the members that the other parts of an `allOf` declare. */
  #schema(schema: unknown, value: unknown, path: string, declaredBeside: readonly string[] = []): string[] {
    if (schema === true) return [];
    if (!isObject(schema)) return [say(path, 'nothing is allowed here')];
    const target = referenced(schema);
    return [
      ...(target === undefined ? [] : this.definition(target, value, path, declaredBeside)),
      ...plainErrors(schema, value, path),
      ...this.#applied(schema, value, path),
      ...(isObject(value) ? this.#members(schema, value, path, declaredBeside) : []),
      ...(Array.isArray(value) ? this.#items(schema, value, path) : []),
    ];
  }

  #applied(schema: JSONObject, value: unknown, path: string): string[] {
    const errors: string[] = [];
    const all = member(schema, 'allOf');
    if (Array.isArray(all)) {
      const declared = all.flatMap((part) => this.#declared(part));
      for (const part of all) errors.push(...this.#schema(part, value, path, declared));
    }
    for (const keyword of ['anyOf', 'oneOf']) {
      const choices = member(schema, keyword);
      if (!Array.isArray(choices)) continue;
      const outcomes = choices.map((choice) => this.#schema(choice, value, path));
      const matches = outcomes.filter((outcome) => outcome.length === 0).length;
      if (matches === 0) errors.push(say(path, `fits none of ${choices.length}: ${outcomes.map((outcome) => outcome[0]).join(' | ')}`));
      if (keyword === 'oneOf' && matches > 1) errors.push(say(path, `fits ${matches} of ${choices.length} where one is allowed`));
    }
    return errors;
  }

  #declared(schema: unknown): string[] {
    const target = isObject(schema) ? referenced(schema) : undefined;
    const declared = Object.keys(member(schema, 'properties') ?? {});
    return target === undefined ? declared : [...declared, ...this.#declared(this.#document.definitions.get(target))];
  }

  #members(schema: JSONObject, value: JSONObject, path: string, declaredBeside: readonly string[]): string[] {
    const errors: string[] = [];
    const properties = member(schema, 'properties');
    const rest = member(schema, 'additionalProperties');
    for (const [key, child] of Object.entries(value)) {
      const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const declared = member(properties, key);
      if (declared !== undefined) errors.push(...this.#schema(declared, child, at));
      else if (rest !== undefined) errors.push(...this.#schema(rest, child, at));
      else if (this.#closed && properties !== undefined && !declaredBeside.includes(key) && !isFree(key, path)) errors.push(say(at, 'is not declared'));
    }
    for (const key of (member(schema, 'required') ?? []) as string[]) {
      if (!Object.hasOwn(value, key)) errors.push(say(path, `lacks ${key}`));
    }
    return errors;
  }

  #items(schema: JSONObject, value: readonly unknown[], path: string): string[] {
    const errors: string[] = [];
    const items = member(schema, 'items');
    const least = Number(member(schema, 'minItems') ?? 0);
    const most = Number(member(schema, 'maxItems') ?? Infinity);
    if (value.length < least || value.length > most) errors.push(say(path, `has ${value.length} items, not ${least} to ${most}`));
    if (items !== undefined) value.forEach((item, index) => errors.push(...this.#schema(items, item, `${path}/${index}`)));
    return errors;
  }
}

/** The members that older revisions declare on a base type only, and the schemas that travel inside messages. */
function isFree(key: string, path: string): boolean {
  if (key === '_meta' || path.includes('/_meta')) return true;
  return path === '' ? key === 'jsonrpc' || key === 'id' : /\/(inputSchema|outputSchema)(\/|$)/.test(path);
}

const WHOLE = '(whole)';

function say(path: string, what: string): string {
  return `${path === '' ? WHOLE : path} ${what}`;
}

/** An error about a part, as an error about the whole that has the part at `path`. */
function below(path: string, error: string): string {
  return path + (error.startsWith(WHOLE) ? error.slice(WHOLE.length) : error);
}

function plainErrors(schema: JSONObject, value: unknown, path: string): string[] {
  const errors: string[] = [];
  const { type, minimum, maximum, format } = schema as { type?: unknown; minimum?: number; maximum?: number; format?: string };
  if (type !== undefined && ![type].flat().some((one) => isOfType(value, one))) {
    errors.push(say(path, `is ${typeOf(value)}, not ${[type].flat().join(' or ')}`));
  }
  if (Object.hasOwn(schema, 'const') && !isDeepStrictEqual(value, schema['const'])) {
    errors.push(say(path, `is not ${JSON.stringify(schema['const'])}`));
  }
  const choices = member(schema, 'enum');
  if (Array.isArray(choices) && !choices.some((choice) => isDeepStrictEqual(choice, value))) {
    errors.push(say(path, `is not one of ${JSON.stringify(choices)}`));
  }
  if (typeof value === 'number' && minimum !== undefined && value < minimum) errors.push(say(path, `is under ${minimum}`));
  if (typeof value === 'number' && maximum !== undefined && value > maximum) errors.push(say(path, `is over ${maximum}`));
  if (typeof value === 'string' && format !== undefined && !FORMATS.get(format)?.test(value)) errors.push(say(path, `is not a ${format}`));
  return errors;
}

// ---- The protocol ------------------------------------------------------------------------------------------------

const documents = new Map<string, SchemaDocument>();

/** Why the protocol's schemas cannot be used, or `false`: the value of a test's `skip`. */
export function schemasMissing(): string | false {
  return findCorpus('mcp-schema').missing ?? false;
}

/**
 * The schema of a revision.
 *
 * @throws Error where the schemas are absent, or hold what this checker does not know.
 */
export function protocolSchema(revision: string): SchemaDocument {
  const known = documents.get(revision);
  if (known !== undefined) return known;
  const corpus = findCorpus('mcp-schema');
  if (corpus.folder === undefined) throw new Error(corpus.missing);
  const document = readSchemaDocument(JSON.parse(readFileSync(join(corpus.folder, revision, 'schema.json'), 'utf8')));
  documents.set(revision, document);
  return document;
}

/** What a message is, beside its text. */
export interface MessageFacts extends CheckOptions {
  /** Who sends it. */
  readonly from: Side;
  /** For a result: the method of the request that it answers. Left out, a result is only checked as a result. */
  readonly answers?: string | undefined;
}

/** The definitions of the messages with a method that `side` sends in this revision, by method. */
export function methodsOf(revision: string, side: Side, kind: 'Request' | 'Notification'): ReadonlyMap<string, string> {
  const { definitions } = protocolSchema(revision);
  const union = definitions.get(`${side === 'client' ? 'Client' : 'Server'}${kind}`);
  const choices = union === undefined ? [] : (member(union, 'anyOf') ?? [union]);
  const byMethod = new Map<string, string>();
  for (const choice of choices as JSONObject[]) {
    const name = referenced(choice);
    if (name !== undefined) byMethod.set(methodConst(definitions.get(name), name), name);
  }
  return byMethod;
}

function methodConst(definition: unknown, name: string): string {
  const method = member(member(member(definition, 'properties'), 'method'), 'const');
  assert.equal(typeof method, 'string', `${name} names its method`);
  return textOf(method);
}

/**
 * What is wrong with `message` in `revision`: as a JSON-RPC message, and as the request, notification, result or error
 * that its shape says it is. A method that `from` does not send in this revision is an error. A batch is checked
 * message by message where the revision has batches.
 */
export function checkMessage(revision: string, message: unknown, facts: MessageFacts): string[] {
  const document = protocolSchema(revision);
  const errors = checkAgainst(document, 'JSONRPCMessage', message);
  if (errors.length > 0) return errors;
  if (Array.isArray(message)) return message.flatMap((one, index) => checkOne(revision, one, facts).map((error) => below(`/${index}`, error)));
  return checkOne(revision, message, facts);
}

function checkOne(revision: string, message: unknown, facts: MessageFacts): string[] {
  const document = protocolSchema(revision);
  const has = (key: string): boolean => isObject(message) && Object.hasOwn(message, key);
  if (has('method')) {
    const kind = has('id') ? 'Request' : 'Notification';
    const method = textOf(member(message, 'method'));
    const name = methodsOf(revision, facts.from, kind).get(method);
    if (name === undefined) return [say('/method', `is no ${kind.toLowerCase()} that a ${facts.from} of ${revision} sends: ${method}`)];
    return checkAgainst(document, name, message, facts);
  }
  if (has('result') === has('error')) return [say('', 'is neither request, notification, result nor error')];
  if (has('error')) return checkAgainst(document, errorDefinition(document, message), message, facts);
  return facts.answers === undefined ? [] : checkResult(revision, member(message, 'result'), facts, facts.answers);
}

// An error object of its own kind stands in the schema under its code (2025-11-25 basic, "URL Elicitation Required").
function errorDefinition(document: SchemaDocument, message: unknown): string {
  const code = member(member(message, 'error'), 'code');
  if (code === -32042 && document.definitions.has('URLElicitationRequiredError')) return 'URLElicitationRequiredError';
  return document.definitions.has('JSONRPCErrorResponse') ? 'JSONRPCErrorResponse' : 'JSONRPCError';
}

function checkResult(revision: string, result: unknown, facts: MessageFacts, method: string): string[] {
  const document = protocolSchema(revision);
  const request = methodsOf(revision, facts.from === 'client' ? 'server' : 'client', 'Request').get(method);
  if (request === undefined) return [say('/result', `answers ${method}, which nobody asks a ${facts.from} of ${revision}`)];
  return checkAgainst(document, resultDefinition(document, request, result), result, facts).map((error) => below('/result', error));
}

function resultDefinition(document: SchemaDocument, request: string, result: unknown): string {
  if (member(result, 'task') !== undefined && document.definitions.has('CreateTaskResult')) return 'CreateTaskResult';
  if (member(result, 'resultType') === 'input_required') return 'InputRequiredResult';
  const name = request.replace(/Request$/, 'Result');
  return document.definitions.has(name) ? name : 'EmptyResult';
}

/**
 * Asserts that every frame that a client sent is valid in `revision`. Results are checked as answers to the requests
 * among the frames in `received`, by their id. Where the protocol's schemas are absent it asserts only that every frame is
 * one line of JSON; with `CORPORA=required` it fails instead.
 */
export function assertValidOutbound(revision: string, texts: readonly string[], received: readonly string[] = []): void {
  const frames = texts.map((text) => ({ text, message: parseFrame(text) }));
  if (schemasMissing() !== false) return;
  const asked = new Map<unknown, string>();
  for (const text of received) for (const [id, method] of requestsIn(text)) asked.set(id, method);
  for (const { text, message } of frames) {
    const answers = asked.get(member(message, 'id'));
    assert.deepEqual(checkMessage(revision, message, { from: 'client', answers }), [], `sent in ${revision}: ${text.slice(0, 500)}`);
  }
}

function parseFrame(text: string): unknown {
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  assert.ok(!/[\n\r]/.test(body), `a frame is one line: ${JSON.stringify(body.slice(0, 500))}`);
  return JSON.parse(body) as unknown;
}

// What the peer sent may be anything; only its requests matter here.
function requestsIn(text: string): [unknown, string][] {
  try {
    const decoded: unknown = JSON.parse(text);
    return [decoded].flat().flatMap((one) => {
      const method = member(one, 'method');
      return typeof method === 'string' && member(one, 'id') !== undefined ? [[member(one, 'id'), method] as [unknown, string]] : [];
    });
  } catch {
    return [];
  }
}
