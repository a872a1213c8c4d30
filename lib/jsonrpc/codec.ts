/** Message to text and back. Source: JSON-RPC 2.0; RFC 8259. */

import { LimitError, PeerProtocolError } from '../base/errors.ts';
import { isDeeper, isObject, isTooDeep, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import type { Decoded, MalformedMessage, SingleMessage } from './message.ts';
import { isRequestId } from './request-id.ts';
import type { RequestId } from './request-id.ts';
import { utf8Length } from './utf8.ts';

// A text of this length can hold at most 32,768 levels, which the parser builds in a few MiB: it is parsed, and looked at before
// anybody sees it, at a quarter of the cost of a scan. A longer one is scanned first.
const LONGEST_PARSED_FIRST = 65_536;
// The walk is recursive: with a bound beyond this, the text is scanned.
const DEEPEST_WALK = 1_000;

/** What a message may be at most. */
export interface MessageBounds {
  readonly maxMessageBytes: number;
  readonly maxDepth: number;
}

/**
 * Reads one frame. Never throws: what is wrong with a peer's text comes back as `malformed`, with the id of the request that it
 * answers, or meant to be, where it names one. Of two members with one name the last counts, as in every JSON parser of the platform.
 */
export function decodeMessage(text: string, bounds: MessageBounds): Decoded {
  // Length in UTF-16 units is never more than length in bytes: nothing above the bound passes a transport that counted.
  if (text.length > bounds.maxMessageBytes) return tooLarge(text.length, bounds.maxMessageBytes);
  const { maxDepth } = bounds;
  const isParsedFirst = text.length <= LONGEST_PARSED_FIRST && maxDepth <= DEEPEST_WALK;
  if (!isParsedFirst && isTooDeep(text, maxDepth)) return tooDeep(undefined, maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed(undefined, 'ERR_MCP_INVALID_JSON', `Expected a JSON text; got ${text.length} characters that are none`);
  }
  const mayBeDeep = isParsedFirst && text.length >= 2 * (maxDepth + 1);
  if (mayBeDeep && isDeeper(value, maxDepth)) return tooDeep(isObject(value) ? messageMembers(value).id : undefined, maxDepth);
  if (!Array.isArray(value)) return readMessage(value);
  if (value.length === 0) return invalid(undefined, 'a batch of at least one message', 'an empty array');
  return { kind: 'batch', messages: value.map(readMessage) };
}

/** The members of a message. JSON has no `undefined`: what is `undefined` here is not there. */
interface Members {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

const INHERITED = Object.prototype as Members;

/**
 * The own members of `message`. Plain reads are three times as fast as asking for own keys, and the same as long as nobody
 * has written one of these six names into `Object.prototype`.
 */
function messageMembers(message: JSONObject): Members {
  const isClean =
    INHERITED.jsonrpc === undefined &&
    INHERITED.id === undefined &&
    INHERITED.method === undefined &&
    INHERITED.params === undefined &&
    INHERITED.result === undefined &&
    INHERITED.error === undefined;
  return isClean ? message : (Object.assign(Object.create(null), message) as Members);
}

function readMessage(message: unknown): SingleMessage {
  if (!isObject(message)) return invalid(undefined, 'an object', describe(message));
  const members = messageMembers(message);
  const { id, jsonrpc, method, result, error } = members;
  const isReply = method === undefined || result !== undefined || error !== undefined;
  if (jsonrpc !== '2.0') return wrong(isReply, id, '"jsonrpc" to be "2.0"', describe(jsonrpc));
  if (!isReply) return readCall(message, members);
  if (method !== undefined) return invalid(id, 'a method, or one of "result" and "error"', 'a method and an outcome');
  return result !== undefined && error === undefined ? readResult(message, id, result) : readError(message, members);
}

function readCall(message: JSONObject, { id, method, params }: Members): SingleMessage {
  if (typeof method !== 'string') return wrong(false, id, '"method" to be a string', describe(method));
  if (params !== undefined && !isObject(params)) return wrong(false, id, '"params" to be an object', describe(params));
  if (id === undefined) return { kind: 'notification', method, params, message };
  if (!isRequestId(id)) return invalid(undefined, 'the "id" of a request to be a string or an integer', describe(id));
  return { kind: 'request', id, method, params, message };
}

function readResult(message: JSONObject, id: unknown, result: unknown): SingleMessage {
  if (!isRequestId(id)) return invalid(undefined, 'the "id" of a reply to be a string or an integer', describe(id));
  if (!isObject(result)) return invalid(id, '"result" to be an object', describe(result));
  return { kind: 'result', id, result, message };
}

function readError(message: JSONObject, { id, result, error }: Members): SingleMessage {
  if (error === undefined || result !== undefined) {
    return invalid(id, 'a method, or one of "result" and "error"', error === undefined ? 'none of them' : 'both "result" and "error"');
  }
  if (!isObject(error)) return invalid(id, '"error" to be an object', describe(error));
  const code = own(error, 'code');
  const text = own(error, 'message');
  if (!Number.isInteger(code)) return invalid(id, '"error.code" to be an integer', describe(code));
  if (typeof text !== 'string') return invalid(id, '"error.message" to be a string', describe(text));
  // An error may answer a request whose id could not be read: null, or (from 2025-11-25 on) no id.
  if (id !== null && id !== undefined && !isRequestId(id)) return invalid(undefined, 'the "id" of a reply to be a string or an integer', describe(id));
  return { kind: 'error', id: id ?? undefined, code: code as number, errorMessage: text, data: own(error, 'data'), message };
}

function malformed(id: unknown, code: 'ERR_MCP_INVALID_JSON' | 'ERR_MCP_INVALID_MESSAGE', text: string): MalformedMessage {
  return { kind: 'malformed', id: isRequestId(id) ? id : undefined, error: new PeerProtocolError(code, text) };
}

/** A malformed message that is a reply, to a request of ours, or a call, which is the peer's own. */
function wrong(isReply: boolean, id: unknown, expected: string, came: string): SingleMessage {
  const message = invalid(isReply ? id : undefined, expected, came);
  return isReply || !isRequestId(id) ? message : { ...message, callId: id };
}

function invalid(id: unknown, expected: string, came: string): MalformedMessage {
  return malformed(id, 'ERR_MCP_INVALID_MESSAGE', `Expected a JSON-RPC message with ${expected}; got ${came}`);
}

function tooLarge(size: number, most: number): SingleMessage {
  const error = new LimitError('maxMessageBytes', `Expected a message of at most ${most} bytes; got at least ${size}`, { details: { most, size } });
  return { kind: 'malformed', id: undefined, error };
}

function tooDeep(id: unknown, most: number): SingleMessage {
  const error = new LimitError('maxDepth', `Expected a message of at most ${most} levels of arrays and objects; got more`, { details: { most } });
  return { kind: 'malformed', id: isRequestId(id) ? id : undefined, error };
}

/**
 * The text of a request. `params` is read at once: what the caller does to it later has no effect.
 *
 * @throws TypeError when `params` has no JSON form (a cycle, a BigInt, a `toJSON` that throws); LimitError `maxMessageBytes`, `unsent`.
 */
export function encodeRequest(id: RequestId, method: string, params: JSONObject | undefined, bounds: MessageBounds): string {
  const head = `{"jsonrpc":"2.0","id":${encodeWord(id)},"method":${encodeWord(method)}`;
  return bounded(params === undefined ? `${head}}` : `${head},"params":${encodePart(params, method)}}`, method, bounds);
}

/** The text of a notification; errors as {@link encodeRequest}. */
export function encodeNotification(method: string, params: JSONObject | undefined, bounds: MessageBounds): string {
  const head = `{"jsonrpc":"2.0","method":${encodeWord(method)}`;
  return bounded(params === undefined ? `${head}}` : `${head},"params":${encodePart(params, method)}}`, method, bounds);
}

/**
 * The text of the answer to the peer's request `id`; errors as {@link encodeRequest}, and LimitError `maxDepth`: the peer has a right to
 * answers that it can read.
 */
export function encodeResult(id: RequestId, result: JSONObject, bounds: MessageBounds): string {
  const text = bounded(`{"jsonrpc":"2.0","id":${encodeWord(id)},"result":${encodePart(result, 'an answer')}}`, 'an answer', bounds);
  if (!isTooDeep(text, bounds.maxDepth)) return text;
  const details = { most: bounds.maxDepth };
  throw new LimitError('maxDepth', `A message may have at most ${bounds.maxDepth} levels of arrays and objects; an answer has more`, { details, delivery: 'unsent' });
}

/** The text of the refusal of the peer's request `id`. */
export function encodeError(id: RequestId, code: number, message: string, bounds: MessageBounds, data?: JSONObject): string {
  const error = encodePart(data === undefined ? { code, message } : { code, message, data }, 'an error answer');
  return bounded(`{"jsonrpc":"2.0","id":${encodeWord(id)},"error":${error}}`, 'an error answer', bounds);
}

/**
 * A copy of `params` as they would be sent now.
 *
 * @throws TypeError when they have no JSON form.
 */
export function jsonForm(params: JSONObject, method: string): JSONObject {
  return JSON.parse(encodePart(params, method)) as JSONObject;
}

/** An id or a method as JSON. */
function encodeWord(word: string | number): string {
  if (typeof word === 'number') return `${word}`;
  return isPlain(word) ? `"${word}"` : JSON.stringify(word);
}

/** Whether every character stands in a JSON string as it is. A loop: on words so short it is faster than a pattern. */
function isPlain(word: string): boolean {
  for (let index = 0; index < word.length; index++) {
    const unit = word.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return false;
  }
  return true;
}

function encodePart(part: JSONObject, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(part) as string | undefined;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : 'they throw when read';
    throw new TypeError(`The params of ${what} have no JSON form: ${why}`, { cause });
  }
  if (text?.startsWith('{')) return text;
  throw new TypeError(`The params of ${what} must have the form of a JSON object; their toJSON gives another`);
}

function bounded(text: string, what: string, { maxMessageBytes }: MessageBounds): string {
  // No character takes more than three bytes a unit, so short texts need no count.
  if (text.length * 3 > maxMessageBytes) refuseOversize(text, what, maxMessageBytes);
  return text;
}

function refuseOversize(text: string, what: string, most: number): void {
  const size = utf8Length(text);
  if (size <= most) return;
  throw new LimitError('maxMessageBytes', `A message may have at most ${most} bytes; ${what} has ${size}`, {
    details: { most, size },
    delivery: 'unsent',
  });
}
