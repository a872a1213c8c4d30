import { PeerProtocolError } from '../base/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of one frame: strict UTF-8, one byte order mark at the beginning left out.
 * Source: RFC 8259 section 8.1 (JSON between systems is UTF-8; a parser may ignore a byte order mark).
 *
 * @throws PeerProtocolError `ERR_MCP_INVALID_UTF8`
 */
export function decodeUTF8(bytes: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new PeerProtocolError('ERR_MCP_INVALID_UTF8', `Expected a message in UTF-8; got ${bytes.length} bytes that are not`, {
      details: { bytes: bytes.length },
    });
  }
  return withoutBOM(text);
}

/** `text` without one byte order mark at its beginning. */
export function withoutBOM(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The number of bytes of `text` in UTF-8; a lone surrogate counts as the three bytes of its replacement. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      bytes += 2;
      index++;
    } else bytes += 2;
  }
  return bytes;
}
