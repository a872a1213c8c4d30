/**
 * How a value of a message travels as a header: as it is where it can, else as Base64 between two marks.
 * Source: MCP 2026-07-28, Streamable HTTP, "Value Encoding".
 */

import { describe } from '../base/options.ts';
import { describeKind, isPlainHeaderValue } from './header-value.ts';

const OPENING_MARK = '=?base64?';
const CLOSING_MARK = '?=';
const LONE_SURROGATE = /\p{Surrogate}/u;

const headerEncoder = new TextEncoder();
// A byte order mark is part of a value like any other character.
const headerDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The header form of a value of `Mcp-Name` or `Mcp-Param-…`. A string of ASCII that is a field value travels as it is,
 * the empty one too; one with other characters, with white space at an end, or that itself looks encoded, travels as
 * `=?base64?…?=` of its UTF-8 bytes. An integer travels in decimal, a boolean as `true` or `false`.
 *
 * @throws TypeError for a string with a lone surrogate, which has no UTF-8 form, for a number that is no safe integer,
 * and for any other kind of value. It never shows the value.
 */
export function encodeHeaderValue(value: string | number | boolean): string {
  const text = textOfValue(value);
  if (isPlainHeaderValue(text) && !looksEncoded(text)) return text;
  if (LONE_SURROGATE.test(text)) {
    throw new TypeError(`A header value must be well-formed Unicode; got ${describe(text)} with a lone surrogate`);
  }
  return `${OPENING_MARK}${toBase64(headerEncoder.encode(text))}${CLOSING_MARK}`;
}

/** The string that {@link encodeHeaderValue} makes `header` of; `undefined` when `header` is neither a plain value nor well encoded. */
export function decodeHeaderValue(header: string): string | undefined {
  if (!isPlainHeaderValue(header)) return undefined;
  if (!looksEncoded(header)) return header;
  // Marks that share their question mark have nothing between them, not even the empty text.
  if (header.length < OPENING_MARK.length + CLOSING_MARK.length) return undefined;
  const bytes = fromBase64(header.slice(OPENING_MARK.length, -CLOSING_MARK.length));
  if (bytes === undefined) return undefined;
  try {
    return headerDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function textOfValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  throw new TypeError(`A value that travels as a header must be a string, a safe integer or a boolean; got ${describeKind(value)}`);
}

function looksEncoded(text: string): boolean {
  return text.startsWith(OPENING_MARK) && text.endsWith(CLOSING_MARK);
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The bytes of strict Base64; `atob` alone would take white space and missing padding too. Source: RFC 4648 section 3. */
function fromBase64(text: string): Uint8Array | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  return btoa(binary) === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined;
}
