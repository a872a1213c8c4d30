/** Streamable HTTP: every message a POST, answered by one message or by a stream. Source: 2025-03-26 to 2025-11-25, transports. */

import { orAbort, timedSignal } from '../../base/abort.ts';
import { ConnectionError } from '../../base/errors.ts';
import type { FrameHeaders, FrameSink, OutboundFrame, Transport } from '../transport.ts';
import type { HTTPClient } from './http-client.ts';
import { PostHeaders, runExchange } from './http-exchange.ts';
import type { ExchangeContext, Refusal } from './http-exchange.ts';
import { exchangeError } from './http-failure.ts';
import { listen } from './listening-stream.ts';
import type { RequestSlots } from './request-slots.ts';
import { discard } from './response-body.ts';

/** What a {@link StreamableHTTPTransport} is made with. */
export interface StreamableHTTPTransportOptions {
  readonly client: HTTPClient;
  readonly url: string;
  readonly slots: RequestSlots;
  /** How long a message that asks for no reply may take, milliseconds. */
  readonly timeoutMs: number;
  /** Whether the stream for what belongs to no request is opened. */
  readonly listens: boolean;
}

// "Not now": whatever the body says, what counts is the status, and how long to wait.
const NOT_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** One exchange a message; opened once. */
export class StreamableHTTPTransport implements Transport {
  readonly channel = 'exchange' as const;
  readonly #options: StreamableHTTPTransportOptions;
  readonly #postHeaders = new PostHeaders();
  readonly #closing = new AbortController();
  /** What is under way, so that the end can be waited for. */
  readonly #running = new Set<Promise<unknown>>();
  #context: ExchangeContext | undefined;
  #isListening = false;

  constructor(options: StreamableHTTPTransportOptions) {
    this.#options = options;
  }

  /** Where messages go: as given, or where a redirect led. */
  get url(): string {
    return this.#context?.url ?? this.#options.url;
  }

  open(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#context = { client: this.#options.client, url: this.#options.url, sink };
    return Promise.resolve();
  }

  send(frame: OutboundFrame, signal: AbortSignal | undefined): Promise<void> {
    const context = this.#requireOpen();
    return this.exchange(frame, signal).then((refusal) => {
      if (refusal === undefined) return;
      const { status, text, arrival, error } = refusal;
      if (text !== undefined && frame.awaitsReply && !NOT_NOW.has(status) && context.sink.deliver(text, arrival) === 'answered') return;
      throw error;
    });
  }

  /** As {@link StreamableHTTPTransport.send}, but a refusal by status is returned, its body not yet delivered. */
  exchange(frame: OutboundFrame, signal: AbortSignal | undefined): Promise<Refusal | undefined> {
    const running = this.#exchange(this.#requireOpen(), frame, signal);
    this.#track(running);
    return running;
  }

  listen(headers: FrameHeaders): void {
    if (!this.#options.listens || this.#isListening) return;
    this.#isListening = true;
    this.#track(listen(this.#requireOpen(), headers, this.#closing.signal));
  }

  async endSession(headers: FrameHeaders, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const late = () => new ConnectionError('ERR_MCP_CLEANUP_TIMEOUT', `${client.name} did not answer the end of its session`);
    const bound = timedSignal(client.clock, client.limits.sessionEndMs, late, signal);
    try {
      // Any answer will do, 405 included: the server may keep its sessions.
      discard(await orAbort(client.request({ method: 'DELETE', url: this.url, headers }, bound.signal), bound.signal));
    } catch {
      // The session ends on the server when it likes to; nothing more can be done from here.
    } finally {
      bound.release();
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#closing.abort(new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.client.name} is closed`));
    // A fetch that hears no signal is not waited for longer than the caller waits.
    await orAbort(Promise.allSettled(this.#running), signal).catch(() => {});
  }

  #requireOpen(): ExchangeContext {
    if (this.#context !== undefined && !this.#closing.signal.aborted) return this.#context;
    throw exchangeError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.client.name} is closed`, 'unsent');
  }

  #track(running: Promise<unknown>): void {
    const done = () => this.#running.delete(running);
    this.#running.add(running);
    running.then(done, done);
  }

  async #exchange(context: ExchangeContext, frame: OutboundFrame, signal: AbortSignal | undefined): Promise<Refusal | undefined> {
    const { slots } = this.#options;
    // A request has a signal of its own, which its connection fires; what waits for no reply is bounded here.
    const bound = signal === undefined ? this.#bound() : undefined;
    const until = signal ?? bound?.signal ?? this.#closing.signal;
    try {
      const turn = slots.take(until);
      if (turn !== undefined) await turn;
      try {
        return await runExchange(context, this.#postHeaders.of(frame.headers), frame, until);
      } finally {
        slots.giveBack();
      }
    } finally {
      bound?.release();
    }
  }

  #bound(): ReturnType<typeof timedSignal> {
    const { client, timeoutMs } = this.#options;
    const late = () => exchangeError('ERR_MCP_NETWORK', `${client.name} did not take a message within ${timeoutMs} ms`, 'unknown');
    return timedSignal(client.clock, timeoutMs, late, this.#closing.signal);
  }
}
