/** One element, byte by byte: what a chunk holds only a part of, what is rare, and what is wrong. */

import { lineStateAfter, LINE_GRAMMARS } from './line-grammar.ts';
import type { LineGrammar } from './line-grammar.ts';
import type { AggregateType } from './open-aggregate.ts';
import { PartialBytes } from './partial-bytes.ts';
import type { ReplyBuilder } from './reply-builder.ts';
import type { RESPBounds } from './resp-bounds.ts';
import { RESPError } from './resp-error.ts';
import { malformedReply, misplacedValue, overRESPLimit } from './resp-refusal.ts';
import type { RESPReply } from './resp-reply.ts';
import { bufferOver, doubleOf, integerOf, textBetween } from './resp-text.ts';
import {
  BYTE_CR,
  BYTE_LF,
  BYTE_MINUS,
  BYTE_UNKNOWN_LENGTH,
  BYTE_ZERO,
  TYPE_BIG_NUMBER,
  TYPE_BOOLEAN,
  TYPE_BULK_ERROR,
  TYPE_BULK_STRING,
  TYPE_DOUBLE,
  TYPE_INTEGER,
  TYPE_PUSH,
  TYPE_SIMPLE_ERROR,
  TYPE_SIMPLE_STRING,
  TYPE_STREAM_END,
  TYPE_STRING_PART,
  TYPE_VERBATIM_STRING,
} from './resp-types.ts';

/** What the next byte is. */
type ReaderPlace = 'type' | 'part' | 'line' | 'line end' | 'body' | 'body CR' | 'body LF';

const NULL_LENGTH = -1;
// Three characters that say what it is, and a colon. Source: RESP, "Verbatim strings".
const VERBATIM_PREFIX = 4;
const BYTE_COLON = 0x3a;

/**
 * Reads elements in as many pieces as they come in, and gives them to a builder. A byte that may not come is refused where it stands, so what is
 * thrown depends on the bytes and not on the pieces.
 */
export class ElementReader {
  readonly #bounds: RESPBounds;
  readonly #builder: ReplyBuilder;
  readonly #bytes = new PartialBytes();
  #place: ReaderPlace = 'type';
  #type = 0;
  #grammar: LineGrammar | undefined;
  #lineState = 0;
  #lineBytes = 0;
  #length = 0;
  #missing = 0;
  #isStreamed = false;

  constructor(bounds: RESPBounds, builder: ReplyBuilder) {
    this.#bounds = bounds;
    this.#builder = builder;
  }

  /** Whether the next byte is the first of an element. */
  get isAtType(): boolean {
    return this.#place === 'type';
  }

  /**
   * Reads from `at` on until an element is whole or a place is passed; gives the index of the byte that is next.
   *
   * @throws RedisError `ERR_MCP_REDIS_PROTOCOL`
   * @throws LimitError of a bound.
   */
  read(chunk: Uint8Array, at: number): number {
    switch (this.#place) {
      case 'type':
      case 'part':
        this.#readType(chunk[at] as number);
        return at + 1;
      case 'line':
        return this.#grammar?.kind === 'text' ? this.#readText(chunk, at) : this.#readGrammar(chunk, at);
      case 'line end':
        this.#expectByte(chunk[at] as number, BYTE_LF, 'LF after CR');
        this.#endLine();
        return at + 1;
      case 'body':
        return this.#readBody(chunk, at);
      case 'body CR':
        this.#expectByte(chunk[at] as number, BYTE_CR, 'CRLF after the bytes of a string');
        this.#place = 'body LF';
        return at + 1;
      case 'body LF':
        this.#expectByte(chunk[at] as number, BYTE_LF, 'CRLF after the bytes of a string');
        this.#endBody();
        return at + 1;
    }
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#bytes.clear();
    this.#place = 'type';
    this.#isStreamed = false;
  }

  #expectByte(byte: number, expected: number, what: string): void {
    if (byte !== expected) throw malformedReply(what, byte);
  }

  #readType(type: number): void {
    const grammar = LINE_GRAMMARS.get(type);
    if (this.#place === 'part') this.#expectByte(type, TYPE_STRING_PART, 'the next part of a streamed string');
    else if (grammar === undefined || type === TYPE_STRING_PART) throw malformedReply('the type of a reply', type);
    if (type === TYPE_PUSH && !this.#builder.isBetweenReplies) throw malformedReply('an element, as a push stands between replies', type);
    if (type === TYPE_STREAM_END && !this.#builder.mayEndStream) throw malformedReply('an element', type);
    this.#type = type;
    this.#grammar = grammar;
    this.#lineState = 0;
    this.#lineBytes = 0;
    this.#length = 0;
    this.#place = 'line';
  }

  /** A line that may hold anything but CR and LF. */
  #readText(chunk: Uint8Array, at: number): number {
    const most = this.#bounds.maxLineBytes;
    const last = Math.min(chunk.length, at + most - this.#bytes.length + 1);
    let end = at;
    while (end < last && chunk[end] !== BYTE_CR && chunk[end] !== BYTE_LF) end++;
    if (this.#bytes.length + (end - at) > most) throw overRESPLimit('maxRedisLineBytes', 'a line of bytes', most);
    this.#bytes.append(chunk, at, end, most);
    if (end === chunk.length) return end;
    if (chunk[end] === BYTE_LF) throw malformedReply(`CR before LF after ${this.#grammar?.what ?? ''}`, BYTE_LF);
    this.#place = 'line end';
    return end + 1;
  }

  #readGrammar(chunk: Uint8Array, at: number): number {
    const grammar = this.#grammar as LineGrammar;
    const { maxLineBytes } = this.#bounds;
    for (let index = at; index < chunk.length; index++) {
      const byte = chunk[index] as number;
      if (byte === BYTE_CR && grammar.ends.includes(this.#lineState)) {
        this.#place = 'line end';
        return index + 1;
      }
      const next = lineStateAfter(grammar, this.#lineState, byte);
      if (next === -1) throw malformedReply(grammar.what, byte);
      if (++this.#lineBytes > maxLineBytes) throw overRESPLimit('maxRedisLineBytes', 'a line of bytes', maxLineBytes);
      if (grammar.kind === 'length') this.#addToLength(byte);
      else this.#bytes.append(chunk, index, index + 1, maxLineBytes);
      this.#lineState = next;
    }
    return chunk.length;
  }

  #addToLength(byte: number): void {
    if (byte === BYTE_MINUS) this.#length = NULL_LENGTH;
    else if (byte === BYTE_UNKNOWN_LENGTH) this.#length = Infinity;
    else if (this.#length !== NULL_LENGTH) {
      this.#length = 10 * this.#length + byte - BYTE_ZERO;
      this.#checkLength();
    }
  }

  /** At every digit, as no digit makes it less. */
  #checkLength(): void {
    const { maxBulkBytes, maxElements } = this.#bounds;
    if (isBulk(this.#type)) {
      const before = this.#isStreamed ? this.#bytes.length : 0;
      if (before + this.#length > maxBulkBytes) throw overRESPLimit('maxRedisBulkBytes', 'a string of bytes', maxBulkBytes);
    } else if (this.#length > this.#builder.mostLength(this.#type as AggregateType)) {
      throw overRESPLimit('maxRedisElements', 'a reply with elements', maxElements);
    }
  }

  #endLine(): void {
    this.#place = 'type';
    if (this.#grammar?.kind === 'length') return this.#endLength();
    if (this.#type === TYPE_STREAM_END) return this.#builder.endStream();
    const text = this.#takeText(0);
    this.#builder.settle(valueOfLine(this.#type, text));
  }

  #endLength(): void {
    if (this.#length === NULL_LENGTH) return this.#builder.settle(null);
    if (!isBulk(this.#type)) return this.#builder.open(this.#type as AggregateType, this.#length);
    if (this.#length === Infinity) {
      this.#isStreamed = true;
      this.#place = 'part';
    } else if (this.#type === TYPE_STRING_PART && this.#length === 0) {
      this.#isStreamed = false;
      this.#settleBytes(0);
    } else {
      if (this.#type === TYPE_VERBATIM_STRING && this.#length < VERBATIM_PREFIX) {
        throw misplacedValue(`a verbatim string of at least ${VERBATIM_PREFIX} bytes`);
      }
      if (!this.#isStreamed) this.#bytes.expect(this.#length);
      this.#missing = this.#length;
      this.#place = this.#length === 0 ? 'body CR' : 'body';
    }
  }

  #readBody(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#missing);
    const before = this.#bytes.length;
    this.#bytes.append(chunk, at, end, this.#isStreamed ? this.#bounds.maxBulkBytes : before + this.#missing);
    this.#missing -= end - at;
    if (this.#type === TYPE_VERBATIM_STRING && before < VERBATIM_PREFIX && this.#bytes.length >= VERBATIM_PREFIX) {
      this.#expectByte(chunk[at + VERBATIM_PREFIX - 1 - before] as number, BYTE_COLON, 'a colon after the format of a verbatim string');
    }
    if (this.#missing === 0) this.#place = 'body CR';
    return end;
  }

  #endBody(): void {
    this.#place = this.#isStreamed ? 'part' : 'type';
    if (this.#isStreamed) return;
    if (this.#type === TYPE_BULK_ERROR) this.#builder.settle(new RESPError(this.#takeText(0)));
    else this.#settleBytes(this.#type === TYPE_VERBATIM_STRING ? VERBATIM_PREFIX : 0);
  }

  #settleBytes(start: number): void {
    this.#place = 'type';
    this.#builder.settle(this.#builder.wantsBytes ? this.#bytes.take(start) : this.#takeText(start));
  }

  #takeText(start: number): string {
    const bytes = bufferOver(this.#bytes.view);
    const text = textBetween(bytes, start, bytes.length);
    this.#bytes.clear();
    return text;
  }
}

function isBulk(type: number): boolean {
  return type === TYPE_BULK_STRING || type === TYPE_STRING_PART || type === TYPE_VERBATIM_STRING || type === TYPE_BULK_ERROR;
}

/** What a line says that its grammar let through. */
function valueOfLine(type: number, text: string): RESPReply {
  if (type === TYPE_SIMPLE_STRING) return text;
  if (type === TYPE_SIMPLE_ERROR) return new RESPError(text);
  if (type === TYPE_INTEGER) return integerOf(text);
  if (type === TYPE_DOUBLE) return doubleOf(text);
  if (type === TYPE_BIG_NUMBER) return BigInt(text);
  return type === TYPE_BOOLEAN ? text === 't' : null;
}
