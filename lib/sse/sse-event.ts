import type { PeerProtocolError } from '../base/errors.ts';

/** One event of an event stream. Source: HTML Living Standard, section 9.2.6 "Interpreting an event stream". */
export interface SSEEvent {
  /** The value of its last `event` field; `message` when there was none, or an empty one. */
  readonly type: string;
  /** The values of its `data` fields, joined with LF; empty when it had an `id` only. */
  readonly data: string;
  /** The value of its last `id` field; undefined when none stood in it. Hostile: see `toResumableId` before it enters a header. */
  readonly id: string | undefined;
}

/**
 * What a stream gave: an event, or in the place of an event whose data is not UTF-8 an error `ERR_MCP_INVALID_UTF8` with
 * `details` `{ bytes, eventId, eventType }`. The stream goes on after it.
 */
export type SSEItem = SSEEvent | PeerProtocolError;

/** What the parser and its two readers write to: the items of the present chunk, and what outlives an event. */
export interface Heard {
  items: SSEItem[];
  lastEventId: string;
  retryMs: number | undefined;
}
