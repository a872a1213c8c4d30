import { DEFAULT_LIMITS } from '../base/limits.ts';

/** The bounds of one event stream. What is said of bytes is said of the stream, before it is decoded. */
export interface SSEBounds {
  /** Bytes of one line without its end, comments included. Not less than `maxEventBytes` and six, or it is what ends a long event. */
  readonly maxLineBytes: number;
  /** Bytes of one event's data, the LF between its lines included. */
  readonly maxEventBytes: number;
  /** Fields of one event, unknown ones included; comments are none. */
  readonly maxEventFields: number;
  /** The longest reconnection time that is believed, in milliseconds. */
  readonly maxRetryMs: number;
  /** Characters of an id that is sent back. A longer one is still an event's id. */
  readonly maxEventIdCharacters: number;
}

const { maxMessageBytes, maxEventFields, maxRetryDelayMs, maxEventIdCharacters } = DEFAULT_LIMITS;
// The name of the field, a colon and a space, with room to spare.
const FIELD_NAME_BYTES = 64;

/** What holds where no limits are given. */
export const DEFAULT_SSE_BOUNDS: SSEBounds = Object.freeze({
  maxLineBytes: maxMessageBytes + FIELD_NAME_BYTES,
  maxEventBytes: maxMessageBytes,
  maxEventFields,
  maxRetryMs: maxRetryDelayMs,
  maxEventIdCharacters,
});
