import type { BodyReader } from '../../http/fetch-port.ts';
import type { BodySource } from './node-fetch-body.ts';
import type { IncomingMessage } from './node-fetch-builtins.ts';
import type { NodeFetchResponse } from './node-fetch-contract.ts';
import { ResponseHeaders } from './node-fetch-headers.ts';

const NO_BODY: BodyReader = Object.freeze({
  read: () => Promise.resolve({ done: true }),
  cancel: () => Promise.resolve(),
});

/** A response over `node:http`. {@link NodeFetchResponse} is the contract. */
export class ReceivedResponse implements NodeFetchResponse {
  readonly url: string;
  readonly redirected = false;
  readonly #message: IncomingMessage;
  readonly #source: BodySource | undefined;
  #headers: ResponseHeaders | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;
  #use: 'none' | 'by a reader' | 'by a stream' = 'none';

  /** @param source the body; `undefined` where a response of this kind has none. */
  constructor(url: string, message: IncomingMessage, source: BodySource | undefined) {
    this.url = url;
    this.#message = message;
    this.#source = source;
  }

  get status(): number {
    return this.#message.statusCode ?? 0;
  }

  get statusText(): string {
    return this.#message.statusMessage ?? '';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get headers(): ResponseHeaders {
    return (this.#headers ??= new ResponseHeaders(this.#message.rawHeaders));
  }

  get bodyUsed(): boolean {
    return this.#use !== 'none';
  }

  get body(): ReadableStream<Uint8Array> | null {
    const source = this.#source;
    if (source === undefined) return null;
    // Not a stream of bytes in the sense of the standard: that would take the memory away from chunks that share it.
    // Not one of type `bytes`: that would take the memory away from chunks that share it.
    this.#stream ??= new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(source, controller), cancel: () => this.#cancel(source) },
      { highWaterMark: 0 },
    );
    return this.#stream;
  }

  reader(): BodyReader {
    if (this.#source === undefined) return NO_BODY;
    if (this.#use !== 'none' || this.#stream?.locked) throw usedAlready();
    this.#use = 'by a reader';
    return this.#source;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#read());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#read();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#read()).buffer;
  }

  async #pull(source: BodySource, controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#use === 'by a reader') throw usedAlready();
    this.#use = 'by a stream';
    const { done, value } = await source.read();
    if (done || value === undefined) controller.close();
    else controller.enqueue(value);
  }

  #cancel(source: BodySource): Promise<void> {
    this.#use = 'by a stream';
    return source.cancel();
  }

  /** The whole body, in memory of its own. */
  async #read(): Promise<Uint8Array<ArrayBuffer>> {
    const reader = this.reader();
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      chunks.push(value);
      length += value.length;
    }
    const all = new Uint8Array(length);
    let offset = 0;
    for (const chunk of chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  }
}

function usedAlready(): TypeError {
  return new TypeError('The body is used already');
}
