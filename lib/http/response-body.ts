import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import { LimitError } from '../base/errors.ts';
import type { LimitName } from '../base/limits.ts';
import type { BodyReader, FetchResponse } from './fetch-port.ts';

/** A reader of the body, the cheap one where there is one; `undefined` when there is no body. */
export function readerOf(response: FetchResponse): BodyReader | undefined {
  return response.reader?.() ?? response.body?.getReader();
}

/** A reader that gives up when nothing comes for `idleTimeoutMs`: the read rejects, and the body is let go. */
export function withIdleTimeout(reader: BodyReader, idleTimeoutMs: number, clock: Clock): BodyReader {
  const read = () => {
    const { promise, resolve, reject } = deferred<Awaited<ReturnType<BodyReader['read']>>>();
    const cancelTimer = clock.afterInBackground(idleTimeoutMs, () => {
      reject(new Error(`Nothing came for ${idleTimeoutMs} ms (idleTimeoutMs)`));
      reader.cancel().catch(() => {});
    });
    reader.read().then(resolve, reject).finally(cancelTimer);
    return promise;
  };
  return { read, cancel: (reason) => reader.cancel(reason) };
}

/**
 * Lets go of the body when `signal` fires, so that a read which waits ends: a fetch may have heard of the signal and do nothing, as Deno's
 * does when what it hung on the signal was collected. Gives what takes that back.
 */
export function letGoWith(signal: AbortSource, reader: BodyReader): () => void {
  const letGo = () => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', letGo, { once: true });
  return () => signal.removeEventListener('abort', letGo);
}

/** Lets go of a body that nobody wants, so that its socket can be used again. Never rejects. */
export function discard(response: FetchResponse): void {
  const cancelled = response.reader === undefined ? response.body?.cancel() : response.reader().cancel();
  cancelled?.catch(() => {});
}

/**
 * The whole body.
 *
 * @throws LimitError `limit` as soon as it is longer than `most`; the rest is not read. What `failure` makes of what the reader throws.
 */
export async function readBody(
  response: FetchResponse,
  most: number,
  failure: (cause: unknown) => unknown,
  limit: LimitName = 'maxMessageBytes',
): Promise<Uint8Array> {
  if (Number(response.headers.get('content-length')) > most) {
    discard(response);
    throw bodyTooLong(limit, most);
  }
  const reader = readerOf(response);
  if (reader === undefined) return new Uint8Array(0);
  // A body in one piece is the usual one: no list is made for it.
  let first: Uint8Array | undefined;
  let chunks: Uint8Array[] | undefined;
  try {
    for (let size = 0; size <= most; ) {
      const { done, value } = await reader.read();
      if (done || value === undefined) return chunks === undefined ? first ?? new Uint8Array(0) : Buffer.concat(chunks);
      size += value.length;
      if (first === undefined) first = value;
      else (chunks ??= [first]).push(value);
    }
  } catch (cause) {
    throw failure(cause);
  }
  await reader.cancel().catch(() => {});
  throw bodyTooLong(limit, most);
}

function bodyTooLong(limit: LimitName, most: number): LimitError {
  return new LimitError(limit, `Expected a body of at most ${most} bytes; got more`, { details: { most }, delivery: 'answered' });
}

/** The beginning of a body, at most `most` bytes; the rest is not read. What breaks while reading ends it. */
export async function readBodyStart(response: FetchResponse, most: number): Promise<Uint8Array> {
  try {
    const { chunks, isCut, reader } = await readUpTo(response, most);
    if (isCut) await reader?.cancel().catch(() => {});
    return joinChunks(chunks).subarray(0, most);
  } catch {
    return new Uint8Array(0);
  }
}

async function readUpTo(response: FetchResponse, most: number): Promise<{ chunks: Uint8Array[]; isCut: boolean; reader: BodyReader | undefined }> {
  const reader = readerOf(response);
  const chunks: Uint8Array[] = [];
  for (let size = 0; reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    chunks.push(value);
    size += value.length;
    if (size > most) return { chunks, isCut: true, reader };
  }
  return { chunks, isCut: false, reader };
}

function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first === undefined) return new Uint8Array(0);
  return chunks.length === 1 ? first : Buffer.concat(chunks);
}
