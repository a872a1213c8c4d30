/**
 * Bytes to replies. Source: the Redis serialization protocol specification, RESP2 and RESP3,
 * https://redis.io/docs/latest/develop/reference/protocol-spec/.
 */

import { ElementReader } from './element-reader.ts';
import type { AggregateType } from './open-aggregate.ts';
import { ReplyBuilder } from './reply-builder.ts';
import type { RESPHearer } from './reply-builder.ts';
import type { RESPBounds } from './resp-bounds.ts';
import { RESPError } from './resp-error.ts';
import { bufferOver, bytesBetween, textBetween } from './resp-text.ts';
import {
  BYTE_CR,
  BYTE_LF,
  BYTE_MINUS,
  BYTE_ZERO,
  TYPE_ARRAY,
  TYPE_BULK_STRING,
  TYPE_INTEGER,
  TYPE_MAP,
  TYPE_NULL,
  TYPE_SET,
  TYPE_SIMPLE_ERROR,
  TYPE_SIMPLE_STRING,
} from './resp-types.ts';

export type { RESPHearer } from './reply-builder.ts';

const ELSEWHERE = -1;
// So many digits are exact in a number, whatever they are.
const MOST_QUICK_DIGITS = 15;
// `-1` and its CRLF.
const NULL_LENGTH_BYTES = 4;
// A length or an ordinary number always fits.
const LEAST_LINE_BYTES = 32;

/**
 * A feed parser of the replies of one connection. What it gives does not depend on where the chunks are cut; its time is linear in the bytes and
 * the chunks, and what it holds is bounded by the bounds. Depth costs no stack.
 *
 * Strings are UTF-8; what is not becomes U+FFFD, so who stores bytes asks for bytes.
 */
export class RESPDecoder {
  /** What bulk, verbatim and streamed strings become: text, or copies of their bytes. Read when a reply begins. */
  strings: 'text' | 'bytes' = 'text';
  readonly #bounds: RESPBounds;
  readonly #builder: ReplyBuilder;
  readonly #reader: ElementReader;
  #afterNumber = 0;
  #resets = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `maxLineBytes` below 32 counts as 32. */
  constructor(bounds: RESPBounds, hearer: RESPHearer) {
    this.#bounds = { ...bounds, maxLineBytes: Math.max(bounds.maxLineBytes, LEAST_LINE_BYTES) };
    this.#builder = new ReplyBuilder(this.#bounds, hearer);
    this.#reader = new ElementReader(this.#bounds, this.#builder);
  }

  /**
   * Hands out every reply and push that `chunk` completes, before it returns. The chunk is not kept.
   *
   * @throws RedisError `ERR_MCP_REDIS_PROTOCOL` at the first byte that no reply may have where it stands.
   * @throws LimitError `maxRedisBulkBytes`, `maxRedisElements`, `maxRedisDepth`, `maxRedisLineBytes`, as soon as the bound is passed or
   *   something is announced that passes it.
   *
   * Whole replies before that are handed out. From then on until {@link RESPDecoder.reset} the same is thrown again, as there is no telling where
   * the next reply begins.
   */
  feed(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    const buffer = bufferOver(chunk);
    const resets = this.#resets;
    const reader = this.#reader;
    try {
      for (let at = 0; at < buffer.length && resets === this.#resets; ) {
        if (reader.isAtType) {
          this.#builder.begin(this.strings);
          const next = this.#readWhole(buffer, at);
          at = next === ELSEWHERE ? reader.read(buffer, at) : next;
        } else {
          at = reader.read(buffer, at);
        }
      }
    } catch (error) {
      this.#forget();
      this.#failure = { error };
      throw error;
    }
  }

  /** As if it were new, but for `strings`. */
  reset(): void {
    this.#forget();
    this.#failure = undefined;
    this.#resets += 1;
  }

  #forget(): void {
    this.#builder.clear();
    this.#reader.clear();
  }

  /**
   * The quick way, for the common types where they are whole in the chunk and ordinary. Gives the index after them, or ELSEWHERE: then
   * nothing has happened, and the reader takes it from its type on and says what is wrong, if anything is.
   */
  #readWhole(buffer: Buffer, at: number): number {
    const type = buffer[at] as number;
    switch (type) {
      case TYPE_BULK_STRING:
        return buffer[at + 1] === BYTE_MINUS ? this.#readNull(buffer, at + 1) : this.#readBulk(buffer, at + 1);
      case TYPE_SIMPLE_STRING:
      case TYPE_SIMPLE_ERROR:
        return this.#readLine(buffer, type, at + 1);
      case TYPE_INTEGER:
        return this.#readInteger(buffer, at + 1);
      case TYPE_NULL:
        if (buffer[at + 1] !== BYTE_CR || buffer[at + 2] !== BYTE_LF) return ELSEWHERE;
        this.#builder.settle(null);
        return at + 3;
      case TYPE_ARRAY:
      case TYPE_MAP:
      case TYPE_SET:
        return buffer[at + 1] === BYTE_MINUS && type === TYPE_ARRAY ? this.#readNull(buffer, at + 1) : this.#readAggregate(buffer, type, at + 1);
      default:
        return ELSEWHERE;
    }
  }

  #readBulk(buffer: Buffer, at: number): number {
    const length = this.#numberAt(buffer, at);
    const start = this.#afterNumber;
    const end = start + length;
    if (length === ELSEWHERE || length > this.#bounds.maxBulkBytes || buffer[end] !== BYTE_CR || buffer[end + 1] !== BYTE_LF) return ELSEWHERE;
    this.#builder.settle(this.#builder.wantsBytes ? bytesBetween(buffer, start, end) : textBetween(buffer, start, end));
    return end + 2;
  }

  #readLine(buffer: Buffer, type: number, at: number): number {
    const last = Math.min(buffer.length, at + this.#bounds.maxLineBytes + 1);
    let end = at;
    while (end < last && buffer[end] !== BYTE_CR && buffer[end] !== BYTE_LF) end++;
    if (end === last || buffer[end] !== BYTE_CR || buffer[end + 1] !== BYTE_LF) return ELSEWHERE;
    const text = textBetween(buffer, at, end);
    this.#builder.settle(type === TYPE_SIMPLE_STRING ? text : new RESPError(text));
    return end + 2;
  }

  #readInteger(buffer: Buffer, at: number): number {
    const isNegative = buffer[at] === BYTE_MINUS;
    const number = this.#numberAt(buffer, isNegative ? at + 1 : at);
    if (number === ELSEWHERE) return ELSEWHERE;
    const next = this.#afterNumber;
    this.#builder.settle(isNegative ? 0 - number : number);
    return next;
  }

  #readNull(buffer: Buffer, at: number): number {
    if (buffer[at + 1] !== BYTE_ZERO + 1 || buffer[at + 2] !== BYTE_CR || buffer[at + 3] !== BYTE_LF) return ELSEWHERE;
    this.#builder.settle(null);
    return at + NULL_LENGTH_BYTES;
  }

  #readAggregate(buffer: Buffer, type: AggregateType, at: number): number {
    const length = this.#numberAt(buffer, at);
    if (length === ELSEWHERE || length > this.#builder.mostLength(type)) return ELSEWHERE;
    const next = this.#afterNumber;
    this.#builder.open(type, length);
    return next;
  }

  /** The number whose digits begin at `at` and end with CRLF, where there are not many; else ELSEWHERE. The index after it is left in a field. */
  #numberAt(buffer: Buffer, at: number): number {
    const last = at + MOST_QUICK_DIGITS;
    let number = 0;
    let index = at;
    for (; index < last; index++) {
      const digit = (buffer[index] as number) - BYTE_ZERO;
      // Past the end it is not a number, and neither below zero nor above nine.
      if (!(digit >= 0 && digit <= 9)) break;
      number = 10 * number + digit;
    }
    if (index === at || buffer[index] !== BYTE_CR || buffer[index + 1] !== BYTE_LF) return ELSEWHERE;
    this.#afterNumber = index + 2;
    return number;
  }
}
