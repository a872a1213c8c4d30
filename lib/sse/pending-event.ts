/** The event that is not whole yet, as bytes. */

import { LimitError, PeerProtocolError } from '../base/errors.ts';
import { COLON, LETTER_E, LETTER_I, LETTER_R, LF, SPACE } from './characters.ts';
import { decodeLeniently, decodeStrictly } from './decode.ts';
import { readField, readId, readRetryMs } from './field.ts';
import type { SSEBounds } from './sse-bounds.ts';
import type { Heard, SSEItem } from './sse-event.ts';

const DATA = [0x64, 0x61, 0x74, 0x61] as const;
const EVENT_NOTHING = new Uint8Array(0);
const LEAST_CAPACITY = 512;
// Room that is kept for the next event: what an idle stream may hold on to, and no more than some times what the last event took.
const KEPT_CAPACITY = 512 * 1024;
const KEPT_TIMES = 16;
const NOT_ASCII = 0x80;
// Below this a loop is faster than a view and a call.
const SHORT = 24;

/**
 * Takes an event line by line, and each line in as many parts as it comes in. What it holds is one run of bytes: the data so far,
 * then the unfinished line. Parts are copied, so that a small part does not hold a large chunk and many small parts are not many
 * objects; a byte is copied a bounded number of times.
 */
export class PendingEvent {
  readonly #bounds: SSEBounds;
  readonly #heard: Heard;
  #bytes: Uint8Array = EVENT_NOTHING;
  #length = 0;
  #lineStart = 0;
  #dataStart = -1;
  #fields = 0;
  #type = '';
  #id: string | undefined;
  // Not less than NOT_ASCII when a byte of the data may be.
  #bits = 0;

  constructor(bounds: SSEBounds, heard: Heard) {
    this.#bounds = bounds;
    this.#heard = heard;
  }

  /** Whether nothing of it has come: what follows is the beginning of an event. */
  get isEmpty(): boolean {
    return this.#length === 0 && this.#fields === 0;
  }

  /**
   * A part of a line whose end has not come.
   *
   * @param text the chunk as text where it is ASCII, so that both have the same indexes.
   * @throws LimitError when the line or the data with it is over its bound.
   */
  keep(chunk: Uint8Array, text: string | undefined, start: number, end: number): void {
    this.#append(chunk, text, start, end);
    this.#checkBytes(this.#bytes, this.#lineStart, this.#length, false);
  }

  /** The rest of a line up to its end, which is not part of it. As {@link PendingEvent.keep}. */
  endLine(chunk: Uint8Array, text: string | undefined, start: number, end: number): void {
    if (this.#length === this.#lineStart) {
      this.#readLine(chunk, text, start, end);
    } else {
      this.#append(chunk, text, start, end);
      this.#readLine(this.#bytes, undefined, this.#lineStart, this.#length);
    }
    this.#length = this.#lineStart;
  }

  /** Forgets what it holds. */
  clear(): void {
    if (this.#bytes.length > Math.min(KEPT_CAPACITY, Math.max(LEAST_CAPACITY, KEPT_TIMES * this.#length))) this.#bytes = EVENT_NOTHING;
    this.#length = 0;
    this.#lineStart = 0;
    this.#dataStart = -1;
    this.#fields = 0;
    this.#type = '';
    this.#id = undefined;
    this.#bits = 0;
  }

  #readLine(bytes: Uint8Array, text: string | undefined, start: number, end: number): void {
    if (start === end) return this.#finish();
    this.#checkBytes(bytes, start, end, true);
    if (bytes[start] === COLON) return;
    const value = dataValueStart(bytes, start, end, true);
    if (value !== -1) this.#addData(bytes, text, value, end);
    if (++this.#fields > this.#bounds.maxEventFields) {
      const most = this.#bounds.maxEventFields;
      throw new LimitError('maxEventFields', `Expected an event of at most ${most} fields; got more`, { details: { most } });
    }
    if (value === -1) this.#readField(text === undefined ? decodeLeniently(bytes.subarray(start, end)) : text.slice(start, end));
  }

  #readField(line: string): void {
    const { length } = line;
    const first = line.charCodeAt(0);
    if (first === LETTER_E) this.#type = readField('event', line, 0, length) ?? this.#type;
    else if (first === LETTER_I) this.#id = readId(readField('id', line, 0, length)) ?? this.#id;
    else if (first === LETTER_R) {
      this.#heard.retryMs = readRetryMs(readField('retry', line, 0, length), this.#bounds.maxRetryMs) ?? this.#heard.retryMs;
    }
  }

  #addData(bytes: Uint8Array, text: string | undefined, start: number, end: number): void {
    const isHere = bytes === this.#bytes;
    if (this.#dataStart === -1) {
      this.#dataStart = isHere ? start : this.#lineStart;
    } else {
      // An unfinished line that stands here has at least the name of its field, which makes room for the LF.
      if (!isHere) this.#makeRoom(this.#length + 1);
      this.#bytes[this.#lineStart++] = LF;
    }
    if (!isHere) {
      this.#length = this.#lineStart;
      this.#append(bytes, text, start, end);
    } else if (start !== this.#dataStart) {
      this.#bytes.copyWithin(this.#lineStart, start, end);
      this.#length = this.#lineStart + (end - start);
    }
    this.#lineStart = this.#length;
  }

  #finish(): void {
    const { items } = this.#heard;
    if (this.#id !== undefined) this.#heard.lastEventId = this.#id;
    if (this.#dataStart !== -1 || this.#id !== undefined) items.push(this.#toItem());
    this.clear();
  }

  #toItem(): SSEItem {
    const type = this.#type === '' ? 'message' : this.#type;
    const bytes = this.#dataStart === -1 ? EVENT_NOTHING : this.#bytes.subarray(this.#dataStart, this.#lineStart);
    const data = this.#bits < NOT_ASCII ? decodeLeniently(bytes) : decodeStrictly(bytes);
    if (data !== undefined) return { type, data, id: this.#id };
    return new PeerProtocolError('ERR_MCP_INVALID_UTF8', `Expected an event with data in UTF-8; got ${bytes.length} bytes that are not`, {
      details: { bytes: bytes.length, eventId: this.#id, eventType: type },
    });
  }

  /** The line from `start` to `end`, its end come or not: of two bounds the one that was passed first is named. */
  #checkBytes(bytes: Uint8Array, start: number, end: number, isWhole: boolean): void {
    const { maxLineBytes, maxEventBytes } = this.#bounds;
    const overLine = end - start - maxLineBytes;
    const before = this.#dataStart === -1 ? 0 : this.#lineStart - this.#dataStart + 1;
    const value = before + end - start > maxEventBytes ? dataValueStart(bytes, start, end, isWhole) : -1;
    const overEvent = value === -1 ? 0 : before + end - value - maxEventBytes;
    if (overLine <= 0 && overEvent <= 0) return;
    const [what, most] = overLine >= overEvent ? ['a line', maxLineBytes] : ['an event', maxEventBytes];
    throw new LimitError('maxMessageBytes', `Expected ${what} of at most ${most} bytes; got more`, { details: { most } });
  }

  #append(bytes: Uint8Array, text: string | undefined, start: number, end: number): void {
    const length = this.#length + (end - start);
    this.#makeRoom(length);
    if (end - start < SHORT) {
      const mine = this.#bytes;
      let bits = this.#bits;
      for (let from = start, to = this.#length; from < end; from++, to++) bits |= mine[to] = bytes[from] as number;
      this.#bits = bits;
    } else {
      if (text === undefined) this.#bits = NOT_ASCII;
      this.#bytes.set(bytes.subarray(start, end), this.#length);
    }
    this.#length = length;
  }

  #makeRoom(length: number): void {
    if (length <= this.#bytes.length) return;
    const roomier = new Uint8Array(Math.max(LEAST_CAPACITY, 2 * length));
    roomier.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = roomier;
  }
}

/** Where the value of a `data` field begins; -1 where the line is another one, or has not come far enough to tell. */
function dataValueStart(bytes: Uint8Array, start: number, end: number, isWhole: boolean): number {
  const colon = start + DATA.length;
  for (let index = 0; index < DATA.length; index++) if (bytes[start + index] !== DATA[index]) return -1;
  if (colon >= end) return isWhole && colon === end ? end : -1;
  if (bytes[colon] !== COLON) return -1;
  return colon + 1 < end && bytes[colon + 1] === SPACE ? colon + 2 : colon + 1;
}
