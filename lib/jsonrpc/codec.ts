/** Message to text and back. Source: JSON-RPC 2.0; RFC 8259. */

import { LimitError, PeerProtocolError } from '../base/errors.ts';
import { isObject, isTooDeep, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import type { Decoded, SingleMessage } from './message.ts';
import { isRequestId } from './request-id.ts';
import type { RequestId } from './request-id.ts';
import { utf8Length } from './utf8.ts';

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
  if (isTooDeep(text, bounds.maxDepth)) return tooDeep(bounds.maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed(undefined, 'ERR_MCP_INVALID_JSON', `Expected a JSON text; got ${text.length} characters that are none`);
  }
  if (!Array.isArray(value)) return readMessage(value);
  if (value.length === 0) return invalid(undefined, 'a batch of at least one message', 'an empty array');
  return { kind: 'batch', messages: value.map(readMessage) };
}

function readMessage(message: unknown): SingleMessage {
  if (!isObject(message)) return invalid(undefined, 'an object', describe(message));
  const id = own(message, 'id');
  const isReply = Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error');
  if (isReply || !Object.hasOwn(message, 'method')) return readReply(message, id);
  const call = readCall(message, id);
  return call.kind === 'malformed' && isRequestId(id) ? { ...call, id: undefined, callId: id } : call;
}

function readCall(message: JSONObject, id: unknown): SingleMessage {
  const { method } = message;
  const params = own(message, 'params');
  if (own(message, 'jsonrpc') !== '2.0') return wrongVersion(message, id);
  if (typeof method !== 'string') return invalid(id, '"method" to be a string', describe(method));
  if (params !== undefined && !isObject(params)) return invalid(id, '"params" to be an object', describe(params));
  if (id === undefined && !Object.hasOwn(message, 'id')) return { kind: 'notification', method, params, message };
  if (!isRequestId(id)) return invalid(undefined, 'the "id" of a request to be a string or an integer', describe(id));
  return { kind: 'request', id, method, params, message };
}

function readReply(message: JSONObject, id: unknown): SingleMessage {
  if (own(message, 'jsonrpc') !== '2.0') return wrongVersion(message, id);
  const hasResult = Object.hasOwn(message, 'result');
  if (Object.hasOwn(message, 'method')) return invalid(id, 'a method, or one of "result" and "error"', 'a method and an outcome');
  if (hasResult === Object.hasOwn(message, 'error')) {
    return invalid(id, 'a method, or one of "result" and "error"', hasResult ? 'both "result" and "error"' : 'none of them');
  }
  if (!hasResult) return readError(message, id);
  if (!isRequestId(id)) return invalid(undefined, 'the "id" of a reply to be a string or an integer', describe(id));
  const { result } = message;
  if (!isObject(result)) return invalid(id, '"result" to be an object', describe(result));
  return { kind: 'result', id, result, message };
}

function readError(message: JSONObject, id: unknown): SingleMessage {
  const { error } = message;
  if (!isObject(error)) return invalid(id, '"error" to be an object', describe(error));
  const code = own(error, 'code');
  const text = own(error, 'message');
  if (!Number.isInteger(code)) return invalid(id, '"error.code" to be an integer', describe(code));
  if (typeof text !== 'string') return invalid(id, '"error.message" to be a string', describe(text));
  // An error may answer a request whose id could not be read: null, or (from 2025-11-25 on) no id.
  if (id !== null && id !== undefined && !isRequestId(id)) return invalid(undefined, 'the "id" of a reply to be a string or an integer', describe(id));
  return { kind: 'error', id: id ?? undefined, code: code as number, errorMessage: text, data: own(error, 'data'), message };
}

function malformed(id: unknown, code: 'ERR_MCP_INVALID_JSON' | 'ERR_MCP_INVALID_MESSAGE', text: string): SingleMessage {
  return { kind: 'malformed', id: isRequestId(id) ? id : undefined, error: new PeerProtocolError(code, text) };
}

function wrongVersion(message: JSONObject, id: unknown): SingleMessage {
  return invalid(id, '"jsonrpc" to be "2.0"', describe(own(message, 'jsonrpc')));
}

function invalid(id: unknown, expected: string, came: string): SingleMessage {
  return malformed(id, 'ERR_MCP_INVALID_MESSAGE', `Expected a JSON-RPC message with ${expected}; got ${came}`);
}

function tooLarge(size: number, most: number): SingleMessage {
  const error = new LimitError('maxMessageBytes', `Expected a message of at most ${most} bytes; got at least ${size}`, { details: { most, size } });
  return { kind: 'malformed', id: undefined, error };
}

function tooDeep(most: number): SingleMessage {
  const error = new LimitError('maxDepth', `Expected a message of at most ${most} levels of arrays and objects; got more`, { details: { most } });
  return { kind: 'malformed', id: undefined, error };
}

/**
 * The text of a request. `params` is read at once: what the caller does to it later has no effect.
 *
 * @throws TypeError when `params` has no JSON form (a cycle, a BigInt, a `toJSON` that throws); LimitError `maxMessageBytes`, `unsent`.
 */
export function encodeRequest(id: RequestId, method: string, params: JSONObject | undefined, bounds: MessageBounds): string {
  return encode({ jsonrpc: '2.0', id, method, params }, method, bounds);
}

/** The text of a notification; errors as {@link encodeRequest}. */
export function encodeNotification(method: string, params: JSONObject | undefined, bounds: MessageBounds): string {
  return encode({ jsonrpc: '2.0', method, params }, method, bounds);
}

/** The text of the answer to the peer's request `id`; errors as {@link encodeRequest}. */
export function encodeResult(id: RequestId, result: JSONObject, bounds: MessageBounds): string {
  return encode({ jsonrpc: '2.0', id, result }, 'an answer', bounds);
}

/** The text of the refusal of the peer's request `id`. */
export function encodeError(id: RequestId, code: number, message: string, bounds: MessageBounds): string {
  return encode({ jsonrpc: '2.0', id, error: { code, message } }, 'an error answer', bounds);
}

function encode(message: object, what: string, bounds: MessageBounds): string {
  let text: string;
  try {
    text = JSON.stringify(message);
  } catch (cause) {
    throw new TypeError(`The params of ${what} have no JSON form: ${cause instanceof Error ? cause.message.split('\n')[0] : 'they throw when read'}`, { cause });
  }
  // No character takes more than three bytes a unit, so short texts need no count.
  if (text.length * 3 > bounds.maxMessageBytes) refuseOversize(text, what, bounds.maxMessageBytes);
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
