/** Messages as they stand decoded. Source: JSON-RPC 2.0 sections 4 to 6; MCP, basic, "Messages". */

import type { LimitError, PeerProtocolError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { RequestId } from './request-id.ts';

/** A message that asks for a reply. */
export interface RequestMessage {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: JSONObject | undefined;
  /** The whole message, members that nobody knows included. */
  readonly message: JSONObject;
}

/** A message that asks for none. */
export interface NotificationMessage {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JSONObject | undefined;
  readonly message: JSONObject;
}

/** A reply that went well. */
export interface ResultMessage {
  readonly kind: 'result';
  readonly id: RequestId;
  readonly result: JSONObject;
  readonly message: JSONObject;
}

/** A reply that says what went wrong; without an id it belongs to no request, or to one that could not be read. */
export interface ErrorMessage {
  readonly kind: 'error';
  readonly id: RequestId | undefined;
  readonly code: number;
  readonly errorMessage: string;
  readonly data: unknown;
  readonly message: JSONObject;
}

/** Several messages in one frame, each read by itself. */
export interface BatchMessage {
  readonly kind: 'batch';
  readonly messages: readonly SingleMessage[];
}

/** Not a message. */
export interface MalformedMessage {
  readonly kind: 'malformed';
  /** The request of ours that it answers, where it names one: that need not wait any longer. */
  readonly id: RequestId | undefined;
  /** The peer's own request that it meant to be, where it names one: that waits for an answer. */
  readonly callId?: RequestId | undefined;
  readonly error: PeerProtocolError | LimitError;
}

/** What one frame holds when it is no batch. */
export type SingleMessage = RequestMessage | NotificationMessage | ResultMessage | ErrorMessage | MalformedMessage;

/** What one frame holds. */
export type Decoded = SingleMessage | BatchMessage;
