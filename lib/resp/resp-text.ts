/** Bytes of a chunk to values that do not hold the chunk. */

// Up to here a loop makes a string faster than a call.
const MOST_LOOPED = 5;
const NOT_ASCII_BITS = 0x80;
const LETTER_O = 0x4f;
const LETTER_K = 0x4b;

/** `bytes` as a Buffer over the same memory. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The text from `start` to `end`, U+FFFD for what is not UTF-8; a byte order mark is a character like any other. */
export function textBetween(buffer: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > MOST_LOOPED) return buffer.toString('utf8', start, end);
  if (length === 2 && buffer[start] === LETTER_O && buffer[start + 1] === LETTER_K) return 'OK';
  let text = '';
  for (let index = start; index < end; index++) {
    const byte = buffer[index] as number;
    if (byte >= NOT_ASCII_BITS) return buffer.toString('utf8', start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** A copy of the bytes from `start` to `end`, in memory of its own. */
export function bytesBetween(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** The value of a line of the grammar of integers: exact. */
export function integerOf(text: string): number | bigint {
  // Zero is added as -0 is no integer.
  const number = Number(text) + 0;
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** The value of a line of the grammar of doubles. */
export function doubleOf(text: string): number {
  if (text.endsWith('nan')) return NaN;
  if (!text.endsWith('inf')) return Number(text);
  return text.startsWith('-') ? -Infinity : Infinity;
}
