/** HTTP+SSE, the first way over HTTP: one stream down, a POST for every message up. Source: 2024-11-05, transports, "HTTP with SSE". */

import { orAbort, timedSignal } from '../../base/abort.ts';
import { ConnectionError, isMCPError } from '../../base/errors.ts';
import { deferred } from '../../base/deferred.ts';
import { place } from '../../http/failure-facts.ts';
import type { BodyReader, FetchResponse } from '../../http/fetch-port.ts';
import { READ_HEADERS, SENT_HEADERS } from '../../http/header-names.ts';
import { contentKindOf } from '../../http/media-type.ts';
import { discard, letGoWith, readBodyStart, readerOf } from '../../http/response-body.ts';
import { SSEParser } from '../../sse/sse-parser.ts';
import type { SSEItem } from '../../sse/sse-event.ts';
import { PLAIN_ARRIVAL } from '../transport.ts';
import type { FrameSink, OutboundFrame, Transport } from '../transport.ts';
import { sseBounds } from './event-stream.ts';
import type { HTTPClient } from './http-client.ts';
import { contentTypeError, exchangeError, statusError } from './http-failure.ts';

/** What a {@link LegacySSETransport} is made with. */
export interface LegacySSETransportOptions {
  readonly client: HTTPClient;
  readonly url: string;
  /** How long a POST may take, milliseconds. */
  readonly timeoutMs: number;
}

/** One stream for all that the server says; opened once, never resumed. */
export class LegacySSETransport implements Transport {
  readonly channel = 'shared' as const;
  readonly #options: LegacySSETransportOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #sink: FrameSink | undefined;
  #endpoint: string | undefined;

  constructor(options: LegacySSETransportOptions) {
    this.#options = options;
  }

  /** Opens the stream; resolves when the server has said where to send messages. */
  async open(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const { client, url } = this.#options;
    const giveUp = () => this.#closing.abort(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const response = await client.request({ method: 'GET', url, headers: { [SENT_HEADERS.accept]: 'text/event-stream' } }, this.#closing.signal);
      const reader = await this.#requireStream(response);
      this.#sink = sink;
      const said = deferred<void>();
      const reading = this.#read(reader, said.resolve).catch((cause: unknown) => {
        // Before the transport is open its end is the failure of `open`, and afterwards the sink's to hear.
        if (this.#endpoint === undefined) said.reject(cause);
        else this.#end(cause);
      });
      this.#track(reading);
      await said.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  send(frame: OutboundFrame): Promise<void> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined || this.#closing.signal.aborted) {
      throw exchangeError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.client.name} is closed`, 'unsent');
    }
    const posting = this.#post(endpoint, frame);
    this.#track(posting);
    return posting;
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#sink = undefined;
    this.#closing.abort(new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.client.name} is closed`));
    // A fetch that hears no signal is not waited for longer than the caller waits.
    await orAbort(Promise.allSettled(this.#running), signal).catch(() => {});
  }

  async #requireStream(response: FetchResponse): Promise<BodyReader> {
    const { client } = this.#options;
    const contentType = response.headers.get(READ_HEADERS.contentType);
    const reader = response.status === 200 && contentKindOf(contentType) === 'event-stream' ? readerOf(response) : undefined;
    if (reader !== undefined) return reader;
    const text = new TextDecoder().decode(await readBodyStart(response, client.limits.maxErrorBodyBytes));
    throw response.status === 200 ? contentTypeError(client.name, response.status, contentType, text) : statusError(client.name, response.status, text, undefined);
  }

  async #read(reader: BodyReader, endpointSaid: () => void): Promise<void> {
    const parser = new SSEParser(sseBounds(this.#options.client.limits));
    const keep = letGoWith(this.#closing.signal, reader);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || value === undefined) break;
        const items: SSEItem[] = [];
        try {
          parser.feed(value, items);
        } finally {
          for (const item of items) this.#take(item, endpointSaid);
        }
      }
    } finally {
      keep();
      reader.cancel().catch(() => {});
    }
    throw this.#endpoint === undefined ? this.#noEndpoint('its stream ended before') : exchangeError('ERR_MCP_STREAM_LOST', `${this.#options.client.name} ended its stream`, 'unknown');
  }

  #take(event: SSEItem, endpointSaid: () => void): void {
    if (isMCPError(event)) return this.#sink?.fault(event);
    if (event.type === 'endpoint') {
      this.#setEndpoint(event.data);
      return endpointSaid();
    }
    if (event.type === 'message' && event.data !== '') this.#sink?.deliver(event.data, PLAIN_ARRIVAL);
  }

  /** The first place counts, and only one of the same origin: messages may hold what no other origin is to see. */
  #setEndpoint(reference: string): void {
    const { url } = this.#options;
    if (this.#endpoint !== undefined) {
      return this.#sink?.fault(this.#noEndpoint('it named a second place to send messages to, which is ignored'));
    }
    const target = URL.canParse(reference, url) ? new URL(reference, url) : undefined;
    if (target === undefined) throw this.#noEndpoint('the place it named is no URL');
    const own = new URL(url);
    if (target.protocol !== own.protocol || target.host !== own.host || target.username !== '' || target.password !== '') {
      const there = target.protocol === 'http:' || target.protocol === 'https:' ? place(target.href) : `a ${target.protocol} URL`;
      throw this.#noEndpoint(`the place it named, ${there}, is of another origin; nothing was sent there`);
    }
    target.hash = '';
    this.#endpoint = target.href;
  }

  #noEndpoint(why: string): ConnectionError {
    return exchangeError('ERR_MCP_LEGACY_SSE_ENDPOINT', `Expected an endpoint event of the same origin from ${this.#options.client.name}; ${why}`, 'unsent');
  }

  async #post(url: string, frame: OutboundFrame): Promise<void> {
    const { client, timeoutMs } = this.#options;
    const late = () => exchangeError('ERR_MCP_NETWORK', `${client.name} did not take a message within ${timeoutMs} ms`, 'unknown');
    const bound = timedSignal(client.clock, timeoutMs, late, this.#closing.signal);
    try {
      const headers = { ...frame.headers, [SENT_HEADERS.contentType]: 'application/json' };
      const response = await client.request({ method: 'POST', url, headers, body: frame.text }, bound.signal);
      if (response.status >= 200 && response.status <= 299) return discard(response);
      throw statusError(client.name, response.status, new TextDecoder().decode(await readBodyStart(response, client.limits.maxErrorBodyBytes)), undefined);
    } finally {
      bound.release();
    }
  }

  #end(cause: unknown): void {
    const sink = this.#sink;
    this.#sink = undefined;
    if (this.#closing.signal.aborted) return;
    const { client } = this.#options;
    sink?.ended(isMCPError(cause) ? cause : exchangeError('ERR_MCP_STREAM_LOST', `The stream of ${client.name} broke off`, 'unknown', cause));
  }

  #track(running: Promise<unknown>): void {
    const done = () => this.#running.delete(running);
    this.#running.add(running);
    running.then(done, done);
  }
}
