/** Bytes to events. Source: HTML Living Standard, sections 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream". */

import { LimitError } from '../base/errors.ts';
import { CR, LF } from './characters.ts';
import { decodeASCII, decodeStrictly } from './decode.ts';
import { readWholeEvents } from './event-text.ts';
import { PendingEvent } from './pending-event.ts';
import { toResumableId } from './resumable-id.ts';
import type { SSEBounds } from './sse-bounds.ts';
import type { Heard, SSEItem } from './sse-event.ts';

const BOM = new Uint8Array([0xef, 0xbb, 0xbf]);
const NOWHERE: SSEItem[] = [];
// Below this a chunk is searched as bytes; from here on decoding it first is faster, as text is searched many times faster.
const LEAST_DECODED_BYTES = 128;
// What is decoded at once: longer text is several times slower to make, and every event that is cut out of it holds it.
const MOST_DECODED_BYTES = 96 * 1024;
// Up to here a loop finds a byte faster than a call.
const MOST_LOOPED_BYTES = 24;
// A short rest that is kept as text is copied once for the next chunk. That has to be short as well, or it costs more than it saves.
const MOST_TAIL = 2_048;
const MOST_JOINED = 8_192;
// After a chunk that was not ASCII, so many are not asked.
const CHUNKS_UNTOLD = 31;
// A character of UTF-16 comes from three bytes of UTF-8 at most.
const MOST_BYTES_A_CHARACTER = 3;
// An engine copies what is shorter when it cuts it out of a longer string.
const LEAST_SHARED_CHARACTERS = 13;

const encoder = new TextEncoder();

/**
 * A feed parser of one event stream, as the HTML standard has it but for two points: an event with an `id` and no data is delivered, as servers of
 * MCP send one so that the stream can be resumed from there; and data that is not UTF-8 is reported, not replaced. What
 * it gives does not depend on where the chunks are cut. Its time is linear in the bytes and the chunks, and what it holds is bounded
 * by the bounds, however long the stream.
 */
export class SSEParser {
  readonly #bounds: SSEBounds;
  readonly #mostCharacters: number;
  readonly #heard: Heard = { items: NOWHERE, lastEventId: '', retryMs: undefined };
  readonly #pending: PendingEvent;
  readonly #mostTail: number;
  // The event that is not whole, as text, while that is short; or else it is pending.
  #tail = '';
  #bomBytes = 0;
  #isAfterCR = false;
  #chunksUntold = 0;
  #overflow: LimitError | undefined;

  constructor(bounds: SSEBounds) {
    this.#bounds = bounds;
    this.#mostCharacters = Math.min(bounds.maxLineBytes, bounds.maxEventBytes);
    // No bound is passed by what is not longer than it, so none has to be looked at.
    this.#mostTail = Math.min(MOST_TAIL, this.#mostCharacters, bounds.maxEventFields);
    this.#pending = new PendingEvent(bounds, this.#heard);
  }

  /**
   * The id of the last event that had one, empty where none had. It outlives the end of a stream. For a header there is
   * {@link SSEParser.resumableId}.
   */
  get lastEventId(): string {
    return this.#heard.lastEventId;
  }

  /** {@link SSEParser.lastEventId} where it can travel in a `Last-Event-ID` header; else undefined. */
  get resumableId(): string | undefined {
    return toResumableId(this.#heard.lastEventId, this.#bounds.maxEventIdCharacters);
  }

  /** The reconnection time that the last valid `retry` field asked for, at most `maxRetryMs`. It outlives the end of a stream. */
  get retryMs(): number | undefined {
    return this.#heard.retryMs;
  }

  /**
   * The events that `chunk` completes, in order, pushed to `items`, which is returned. The chunk is not kept.
   *
   * @throws LimitError `maxMessageBytes` for a line or an event, `maxEventFields` for an event, as soon as the bound is passed;
   *   `items` then holds the events before it. From then on until {@link SSEParser.reset} it is thrown again.
   */
  feed(chunk: Uint8Array, items: SSEItem[] = []): readonly SSEItem[] {
    if (this.#overflow !== undefined) throw this.#overflow;
    const before = this.#heard.lastEventId;
    this.#heard.items = items;
    try {
      if (chunk.length <= MOST_DECODED_BYTES) this.#read(chunk);
      else for (let at = 0; at < chunk.length; at += MOST_DECODED_BYTES) this.#read(chunk.subarray(at, at + MOST_DECODED_BYTES));
    } catch (error) {
      this.#pending.clear();
      if (error instanceof LimitError) this.#overflow = error;
      throw error;
    } finally {
      this.#heard.items = NOWHERE;
      if (this.#heard.lastEventId !== before) this.#heard.lastEventId = withoutText(this.#heard.lastEventId);
    }
    return items;
  }

  /** The stream ended: an event that is not whole is discarded, and what is fed next is the beginning of a stream. */
  end(): void {
    this.#pending.clear();
    this.#tail = '';
    this.#bomBytes = 0;
    this.#isAfterCR = false;
  }

  /** As if it were new: forgets the overflow, the id and the reconnection time too. */
  reset(): void {
    this.end();
    this.#overflow = undefined;
    this.#heard.lastEventId = '';
    this.#heard.retryMs = undefined;
  }

  #read(chunk: Uint8Array): void {
    const { length } = chunk;
    let from = this.#bomBytes < BOM.length ? this.#skipBOM(chunk) : 0;
    if (this.#isAfterCR && chunk[0] === LF) from = 1;
    if (from === length) {
      if (length > 0) this.#isAfterCR = false;
      return;
    }
    this.#isAfterCR = chunk[length - 1] === CR;
    const text = length < LEAST_DECODED_BYTES ? undefined : this.#textOf(chunk);
    if (this.#tail !== '') {
      const end = this.#readAfterTail(text, from);
      if (end !== -1) return this.#keepRest(chunk, text, end);
    }
    let start = from;
    if (!this.#pending.isEmpty) start = this.#readLines(chunk, text, start, true);
    if (start === length) return;
    if (text !== undefined) start = readWholeEvents(text, start, this.#mostCharacters, this.#bounds, this.#heard);
    else if (start + LEAST_DECODED_BYTES < length) start = this.#readWholeUTF8(chunk, start);
    this.#keepRest(chunk, text, start);
  }

  /**
   * Reads on with `text` behind the tail, which is copied for that, so it must not be longer. Gives the index in the chunk after the last whole
   * event; where there is none, -1, and the tail is pending.
   */
  #readAfterTail(text: string | undefined, from: number): number {
    const tail = this.#tail;
    this.#tail = '';
    if (text !== undefined && tail.length <= text.length && text.length <= MOST_JOINED) {
      const joined = tail + (from === 0 ? text : text.slice(from));
      const end = readWholeEvents(joined, 0, this.#mostCharacters, this.#bounds, this.#heard);
      if (end > 0) return end - tail.length + from;
    }
    this.#readLines(encoder.encode(tail), tail, 0, false);
    return -1;
  }

  /** What follows the whole events: as text where that is short, as then it costs least to go on with it. */
  #keepRest(chunk: Uint8Array, text: string | undefined, start: number): void {
    if (start === chunk.length) return;
    if (text !== undefined && chunk.length <= MOST_JOINED && chunk.length - start <= this.#mostTail) this.#tail = text.slice(start);
    else this.#readLines(chunk, text, start, false);
  }

  /** The chunk as text when it is ASCII. After one that was not, the next few are taken not to be either, as decoding them in vain costs. */
  #textOf(chunk: Uint8Array): string | undefined {
    if (this.#chunksUntold > 0) {
      this.#chunksUntold -= 1;
      return undefined;
    }
    const text = decodeASCII(chunk);
    if (text === undefined) this.#chunksUntold = CHUNKS_UNTOLD;
    return text;
  }

  /** Whole lines are whole characters. Where some are not UTF-8, all are left to be read one by one. */
  #readWholeUTF8(chunk: Uint8Array, from: number): number {
    const end = endOfLastLine(chunk, from);
    const text = decodeStrictly(chunk.subarray(from, end));
    if (text === undefined) return from;
    const mostCharacters = Math.floor(this.#mostCharacters / MOST_BYTES_A_CHARACTER);
    const done = readWholeEvents(text, 0, mostCharacters, this.#bounds, this.#heard);
    return done === text.length ? end : end - encoder.encode(text.slice(done)).length;
  }

  /**
   * Gives the pending event its lines. Stops after a line with nothing pending when that `isEnough`; else the unfinished line is
   * kept. Gives the index where it stopped.
   */
  #readLines(chunk: Uint8Array, text: string | undefined, from: number, isEnough: boolean): number {
    const source = text ?? chunk;
    let start = from;
    let lf = find(source, LF, start);
    let cr = find(source, CR, start);
    while (true) {
      const endsWithLF = cr === -1 || (lf !== -1 && lf < cr);
      const end = endsWithLF ? lf : cr;
      if (end === -1) break;
      this.#pending.endLine(chunk, text, start, end);
      start = !endsWithLF && lf === cr + 1 ? end + 2 : end + 1;
      if (isEnough && this.#pending.isEmpty) return start;
      if (lf !== -1 && lf < start) lf = find(source, LF, start);
      if (cr !== -1 && cr < start) cr = find(source, CR, start);
    }
    if (start < chunk.length) this.#pending.keep(chunk, text, start, chunk.length);
    return chunk.length;
  }

  /** One byte order mark at the beginning is left out, however it is cut. Gives the index where the rest begins. */
  #skipBOM(chunk: Uint8Array): number {
    const held = this.#bomBytes;
    let index = 0;
    while (this.#bomBytes < BOM.length && index < chunk.length && chunk[index] === BOM[this.#bomBytes]) {
      index += 1;
      this.#bomBytes += 1;
    }
    if (this.#bomBytes === BOM.length || index === chunk.length) return index;
    // It was none: what has been held back is the beginning of the first line.
    this.#bomBytes = BOM.length;
    if (held > 0) this.#pending.keep(BOM, undefined, 0, held);
    return 0;
  }
}

function find(source: string | Uint8Array, byte: number, from: number): number {
  if (typeof source === 'string') return source.indexOf(byte === LF ? '\n' : '\r', from);
  const { length } = source;
  if (length - from > MOST_LOOPED_BYTES) return source.indexOf(byte, from);
  for (let index = from; index < length; index++) if (source[index] === byte) return index;
  return -1;
}

/** The index after the last line end of `chunk` from `from` on; `from` where there is none. */
function endOfLastLine(chunk: Uint8Array, from: number): number {
  const afterLF = Math.max(from, chunk.lastIndexOf(LF) + 1);
  return afterLF + chunk.subarray(afterLF).lastIndexOf(CR) + 1;
}

/** A copy of `id`: cut out of the text of a chunk, it would hold all of that text for as long as the stream is idle. */
function withoutText(id: string): string {
  return id.length < LEAST_SHARED_CHARACTERS ? id : ` ${id}`.slice(1);
}
