/** Content codings of responses: gzip, deflate and br. Source: RFC 9110 section 8.4.1, RFC 7932. */

import type { IncomingMessage, Readable, Transform, ZlibModule } from './node-fetch-builtins.ts';

/**
 * What `compression` asks for. Not deflate, which some servers send without its zlib wrapper (RFC 9110 section 8.4.1.2); with it, it is decoded.
 */
export const ACCEPTED_CODINGS = 'gzip, br';

// A chain of decoders costs its sender nothing.
const MOST_CODINGS = 3;

/** The decoders by coding. What is flushed by the server is given at once: an event does not wait for the next one. */
const DECODERS: ReadonlyMap<string, (zlib: ZlibModule) => Transform> = new Map([
  ['gzip', ({ createGunzip, constants }) => createGunzip({ flush: constants.Z_SYNC_FLUSH })],
  ['x-gzip', ({ createGunzip, constants }) => createGunzip({ flush: constants.Z_SYNC_FLUSH })],
  ['deflate', ({ createInflate, constants }) => createInflate({ flush: constants.Z_SYNC_FLUSH })],
  ['br', ({ createBrotliDecompress, constants }) => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
]);

/** The codings of a `Content-Encoding`, in the order they were applied; none where one of them is unknown: then the bytes are given as they came. */
export function codingsOf(contentEncoding: string | null): readonly string[] {
  if (contentEncoding === null) return [];
  const codings = contentEncoding.toLowerCase().split(',').map((coding) => coding.trim()).filter((coding) => coding !== '' && coding !== 'identity');
  return codings.every((coding) => DECODERS.has(coding)) && codings.length <= MOST_CODINGS ? codings : [];
}

/** The message's body, decoded as it is read. What breaks the message or a decoder breaks the stream. */
export function decoded(message: IncomingMessage, codings: readonly string[], zlib: ZlibModule): Readable {
  return codings.toReversed().reduce<Readable>((source, coding) => {
    const decoder = DECODERS.get(coding)?.(zlib);
    return decoder === undefined ? source : joined(source, decoder);
  }, message);
}

/** Servers that mark everything as compressed do not compress nothing: an empty body is whole. */
function joined(source: Readable, decoder: Transform): Transform {
  let isEmpty = true;
  source.once('data', () => (isEmpty = false));
  source.on('error', (cause) => decoder.destroy(cause));
  source.on('end', () => (isEmpty ? decoder.push(null) : decoder.end()));
  return source.pipe(decoder, { end: false });
}
