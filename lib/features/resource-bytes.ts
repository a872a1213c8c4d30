/** The bytes of what was read. */

import { base64ToBytes } from '../base/base64.ts';
import { LimitError, PeerProtocolError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { count, describe } from '../base/options.ts';
import type { ResourceContents } from '../protocol/types/content.ts';

const QUAD = 4;
const BYTES_OF_QUAD = 3;

/**
 * The bytes of one part of a resource: those that `blob` stands for, or `text` in UTF-8. The host is not made to hold more than `maxBytes` of them;
 * default: what one message may have, `LIMITS.maxMessageBytes`. `mimeType` is the server's word and is not looked at.
 *
 * @throws PeerProtocolError `ERR_MCP_INVALID_RESULT` for a `blob` that is not base64 with its padding (RFC 4648 section 4): no other alphabet, no
 * white space, no bits behind the last byte.
 * @throws LimitError `maxMessageBytes` for more than `maxBytes`.
 * @throws TypeError for what is no part of a resource.
 */
export function resourceBytes(contents: ResourceContents, maxBytes: number = LIMITS.maxMessageBytes.value): Uint8Array {
  if (!isObject(contents)) throw new TypeError(`contents must be one part of a resource; got ${describe(contents)}`);
  count('maxBytes', maxBytes);
  const { text, blob } = contents as ResourceContents;
  if (typeof blob === 'string') return blobBytes(blob, maxBytes);
  if (typeof text !== 'string') throw new TypeError(`contents must have "text" or "blob", a string; got ${describe(text)}`);
  // A character of UTF-16 is at least one byte: what cannot fit is not encoded.
  if (text.length > maxBytes) throw resourceTooLarge(text.length, maxBytes);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > maxBytes) throw resourceTooLarge(bytes.length, maxBytes);
  return bytes;
}

function blobBytes(blob: string, maxBytes: number): Uint8Array {
  const padding = blob.endsWith('==') ? 2 : blob.endsWith('=') ? 1 : 0;
  const size = Math.ceil(blob.length / QUAD) * BYTES_OF_QUAD - padding;
  if (size > maxBytes) throw resourceTooLarge(size, maxBytes);
  const bytes = base64ToBytes(blob);
  // Bits behind the last byte are dropped by the decoder; only without them is the text the one form of these bytes.
  const last = blob.slice(-QUAD);
  if (bytes !== undefined && btoa(atob(last)) === last) return bytes;
  throw new PeerProtocolError('ERR_MCP_INVALID_RESULT', `The blob of a resource must be base64 with its padding; got another text of ${blob.length} characters`, {
    details: { pointer: '/blob', characters: blob.length },
  });
}

function resourceTooLarge(size: number, most: number): LimitError {
  return new LimitError('maxMessageBytes', `A part of a resource of at least ${size} bytes is more than the ${most} that are taken`, { details: { most } });
}
