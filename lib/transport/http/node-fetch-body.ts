/** The bytes of one response as they come, for one reader. */

import { LimitError } from '../../base/errors.ts';
import type { BodyReader } from '../../http/fetch-port.ts';
import type { Readable } from './node-fetch-builtins.ts';

type Chunk = Awaited<ReturnType<BodyReader['read']>>;

interface Reading {
  readonly resolve: (chunk: Chunk) => void;
  readonly reject: (reason: unknown) => void;
}

type End = 'ended' | 'cancelled' | { readonly error: unknown };

const BODY_DONE: Chunk = Object.freeze({ done: true, value: undefined });

/** Hears what becomes of a body. */
export interface BodyOwner {
  /** All of it came. */
  bodyEnded(): void;
  /** The rest is not wanted: its socket can be freed. */
  bodyUnwanted(): void;
}

/** So many bytes are taken from the socket before anybody reads them: short bodies free their socket by themselves. */
const MOST_WAITING_BYTES = 64 * 1024;

/**
 * Reads a stream from the moment it is made, and pauses it when nobody takes what came. What came before a failure is read before the
 * failure is thrown.
 */
export class BodySource implements BodyReader {
  readonly #stream: Readable;
  readonly #mostBytes: number;
  readonly #owner: BodyOwner;
  #chunks: Uint8Array[] = [];
  #next = 0;
  #waitingBytes = 0;
  #allBytes = 0;
  #reading: Reading | undefined;
  #isPaused = false;
  #end: 'open' | End = 'open';

  /** @param mostBytes more than so many fail with a `LimitError` `maxDecodedBytes`. */
  constructor(stream: Readable, mostBytes: number, owner: BodyOwner) {
    this.#stream = stream;
    this.#mostBytes = mostBytes;
    this.#owner = owner;
    stream.on('data', (chunk: Uint8Array) => this.#take(chunk));
    stream.on('end', () => {
      this.#finish('ended');
      owner.bodyEnded();
    });
    stream.on('error', (cause) => this.#giveUp({ error: terminated(cause) }));
  }

  /** The next chunk, or the end. One at a time. Rejects with what the body failed with. */
  read(): Promise<Chunk> {
    if (this.#reading !== undefined) return Promise.reject(new TypeError('The chunk before is not read yet'));
    const value = this.#chunks[this.#next];
    if (value !== undefined) return Promise.resolve(this.#give(value));
    if (this.#end === 'open') return new Promise((resolve, reject) => (this.#reading = { resolve, reject }));
    return typeof this.#end === 'object' ? Promise.reject(this.#end.error) : Promise.resolve(BODY_DONE);
  }

  /** Lets go of the rest and of the socket it may still come on. */
  async cancel(): Promise<void> {
    this.#forget();
    this.#giveUp('cancelled');
  }

  /** Ends the body with an error, unless it has ended. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  /** Ends the body with the error, at once: what came and was not read is gone. */
  abort(error: unknown): void {
    if (this.#end === 'open') this.#forget();
    this.#giveUp({ error });
  }

  #take(chunk: Uint8Array): void {
    if (this.#end !== 'open') return;
    this.#allBytes += chunk.length;
    if (this.#allBytes > this.#mostBytes) return this.#overflow();
    // A plain array over the same bytes: a Buffer's slice() is not what a reader of Uint8Array expects.
    const value = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const reading = this.#reading;
    if (reading !== undefined) {
      this.#reading = undefined;
      return reading.resolve({ done: false, value });
    }
    this.#chunks.push(value);
    this.#waitingBytes += value.length;
    if (this.#waitingBytes < MOST_WAITING_BYTES) return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  #give(value: Uint8Array): Chunk {
    this.#next++;
    this.#waitingBytes -= value.length;
    if (this.#next === this.#chunks.length) {
      this.#forget();
      if (this.#isPaused) {
        this.#isPaused = false;
        this.#stream.resume();
      }
    }
    return { done: false, value };
  }

  #forget(): void {
    this.#chunks = [];
    this.#next = 0;
    this.#waitingBytes = 0;
  }

  #overflow(): void {
    const most = this.#mostBytes;
    const message = `Expected a compressed body of at most ${most} bytes when decoded; got more`;
    this.#giveUp({ error: new LimitError('maxDecodedBytes', message, { details: { most }, delivery: 'answered' }) });
  }

  /** Ends the body and takes no more of it. */
  #giveUp(end: End): void {
    if (this.#end !== 'open') return;
    this.#finish(end);
    this.#owner.bodyUnwanted();
  }

  #finish(end: End): void {
    if (this.#end !== 'open') return;
    this.#end = end;
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading === undefined) return;
    if (typeof end === 'object') reading.reject(end.error);
    else reading.resolve(BODY_DONE);
  }
}

/** A body that broke off, as the platform's fetch says it. */
export function terminated(cause: unknown): TypeError {
  return new TypeError('terminated', { cause });
}
