/** Bytes to lines. Source: MCP, transports, "stdio": messages are UTF-8, one a line, ended by LF. */

import { LimitError } from '../../base/errors.ts';
import type { PeerProtocolError } from '../../base/errors.ts';
import { decodeUTF8, withoutBOM } from '../../jsonrpc/utf8.ts';

/** A line's text, or what is wrong with its bytes. */
export type Line = string | PeerProtocolError;

const LINE_FEED = 0x0a;
const OPENING_BRACE = 0x7b;
const NO_LINES: readonly Line[] = Object.freeze([]);
// What a decoder that is not strict writes for bytes that are no UTF-8; a peer may also have written it itself.
const REPLACEMENT_CHARACTER = '�';

/**
 * Splits a stream of bytes at LF, and at nothing else: not at a lone CR, nor at U+2028, which stand raw inside JSON
 * strings. Lines of white space are left out; a CR before the LF is left to the JSON parser, to which it is white space. The result
 * does not depend on where the chunks are cut.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #fragments: Buffer[] = [];
  #fragmentBytes = 0;
  #overflow: LimitError | undefined;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * The lines that `chunk` completes. The chunk is kept until its last line is complete, and must not be written to.
   *
   * @throws LimitError `maxMessageBytes` when a line is longer than the bound, at once and not at its end; from then on
   *   until {@link LineSplitter.reset} it is thrown again, as there is no telling where the next message begins.
   */
  feed(chunk: Buffer): readonly Line[] {
    if (this.#overflow !== undefined) throw this.#overflow;
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end === -1) {
      this.#keep(chunk);
      return NO_LINES;
    }
    const lines: Line[] = [];
    let start = 0;
    if (this.#fragmentBytes > 0) {
      start = chunk.indexOf(LINE_FEED) + 1;
      this.#keep(chunk.subarray(0, start - 1));
      this.#pushLine(lines, this.#takeFragments());
    }
    if (start < end) this.#split(lines, chunk.subarray(start, end));
    if (end + 1 < chunk.length) this.#keep(chunk.subarray(end + 1));
    return lines;
  }

  /** Forgets what it holds. */
  reset(): void {
    this.#overflow = undefined;
    this.#takeFragments();
  }

  #keep(fragment: Buffer): void {
    this.#fragments.push(fragment);
    this.#fragmentBytes += fragment.length;
    if (this.#fragmentBytes > this.#maxLineBytes) this.#refuse(this.#fragmentBytes);
  }

  #refuse(size: number): never {
    const most = this.#maxLineBytes;
    this.#overflow = new LimitError('maxMessageBytes', `Expected lines of at most ${most} bytes; got one of at least ${size}`, { details: { most, size } });
    this.#takeFragments();
    throw this.#overflow;
  }

  #takeFragments(): Buffer {
    const [first] = this.#fragments;
    const line = first !== undefined && this.#fragments.length === 1 ? first : Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#fragmentBytes = 0;
    return line;
  }

  /** Whole lines, without the last LINE_FEED: decoded in one go, as asking for each line by itself costs more than the decoding. */
  #split(lines: Line[], bytes: Buffer): void {
    const text = bytes.toString('utf8');
    if (bytes.length > this.#maxLineBytes || text.includes(REPLACEMENT_CHARACTER)) return this.#splitBytes(lines, bytes);
    for (const line of text.split('\n')) {
      if (line.charCodeAt(0) === OPENING_BRACE) lines.push(line);
      else if (!isBlank(line)) lines.push(withoutBOM(line));
    }
  }

  #splitBytes(lines: Line[], bytes: Buffer): void {
    for (let start = 0; start <= bytes.length; ) {
      const found = bytes.indexOf(LINE_FEED, start);
      const end = found === -1 ? bytes.length : found;
      if (end - start > this.#maxLineBytes) this.#refuse(end - start);
      this.#pushLine(lines, bytes.subarray(start, end));
      start = end + 1;
    }
  }

  #pushLine(lines: Line[], bytes: Uint8Array): void {
    try {
      const line = decodeUTF8(bytes);
      if (!isBlank(line)) lines.push(line);
    } catch (error) {
      lines.push(error as PeerProtocolError);
    }
  }
}

function isBlank(line: string): boolean {
  return line.trim() === '';
}
