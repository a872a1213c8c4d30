/** Streamable HTTP: every message a POST, answered by one message or by a stream. Source: 2025-03-26 to 2025-11-25, transports. */

import { orAbort, timedSignal } from '../../base/abort.ts';
import type { AbortSource } from '../../base/cancellation.ts';
import { deferred } from '../../base/deferred.ts';
import type { Deferred } from '../../base/deferred.ts';
import { ConnectionError } from '../../base/errors.ts';
import { discard } from '../../http/response-body.ts';
import type { FrameHeaders, FrameSink, OutboundFrame, Transport } from '../transport.ts';
import type { HTTPClient } from './http-client.ts';
import { PostHeaders, runExchange } from './http-exchange.ts';
import type { ExchangeContext, Refusal } from './http-exchange.ts';
import { exchangeError } from './http-failure.ts';
import { listen, listenInTurn } from './listening-stream.ts';
import type { ListeningTurns } from './listening-turns.ts';
import type { RequestSlots } from './request-slots.ts';

/** What a {@link StreamableHTTPTransport} is made with. */
export interface StreamableHTTPTransportOptions {
  readonly client: HTTPClient;
  readonly url: string;
  readonly slots: RequestSlots;
  /** How long a message that asks for no reply may take, milliseconds. */
  readonly timeoutMs: number;
  /** Whether the stream for what belongs to no request is opened: at once, or when it is this handle's turn. */
  readonly listens: boolean | ListeningTurns;
}

// "Not now": whatever the body says, what counts is the status, and how long to wait.
const NOT_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** One exchange a message; opened once. */
export class StreamableHTTPTransport implements Transport {
  readonly channel = 'exchange' as const;
  readonly #options: StreamableHTTPTransportOptions;
  readonly #postHeaders = new PostHeaders();
  readonly #closing = new AbortController();
  /** How much is under way, and who waits for the end of it all. */
  #running = 0;
  #idle: Deferred<void> | undefined;
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
    const { client, url } = this.#options;
    const context: ExchangeContext = { client, url, sink, moved: (to) => void (context.url = to) };
    this.#context = context;
    return Promise.resolve();
  }

  send(frame: OutboundFrame, signal: AbortSource | undefined): Promise<unknown> {
    return this.#exchange(this.#requireOpen(), frame, signal, true);
  }

  /** As {@link StreamableHTTPTransport.send}, but a refusal by status is returned, its body not yet delivered. */
  exchange(frame: OutboundFrame, signal: AbortSource | undefined): Promise<Refusal | undefined> {
    return this.#exchange(this.#requireOpen(), frame, signal, false);
  }

  listen(headers: FrameHeaders): void {
    const { listens } = this.#options;
    if (listens === false || this.#isListening) return;
    this.#isListening = true;
    this.#running++;
    const context = this.#requireOpen();
    const { signal } = this.#closing;
    const listening = listens === true ? listen(context, headers, signal) : listenInTurn(context, headers, signal, listens);
    void listening.finally(() => this.#ended());
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
    this.#options.client.answered.close();
    // A fetch that hears no signal is not waited for longer than the caller waits.
    if (this.#running > 0) await orAbort((this.#idle ??= deferred()).promise, signal).catch(() => {});
  }

  #requireOpen(): ExchangeContext {
    if (this.#context !== undefined && !this.#closing.signal.aborted) return this.#context;
    throw exchangeError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.client.name} is closed`, 'unsent');
  }

  #ended(): void {
    if (--this.#running === 0) this.#idle?.resolve();
  }

  /** One function for the whole of it: an async function in between costs a call over the platform's fetch half a hundredth. */
  async #exchange(context: ExchangeContext, frame: OutboundFrame, signal: AbortSource | undefined, deliversRefusal: boolean): Promise<Refusal | undefined> {
    const { slots } = this.#options;
    // A request has a signal of its own, which its connection fires; what waits for no reply is bounded here.
    const bound = signal === undefined ? this.#bound() : undefined;
    const until = signal ?? bound?.signal ?? this.#closing.signal;
    this.#running++;
    try {
      // What stays open would take a turn from everybody else, for ever.
      const turn = frame.isLong === true ? undefined : slots.take(until);
      if (turn !== undefined) await turn;
      try {
        const refusal = await runExchange(context, this.#postHeaders.of(frame.headers), frame, until);
        if (refusal !== undefined && deliversRefusal) deliverRefusal(context, frame, refusal);
        return refusal;
      } finally {
        context.client.over(until);
        if (frame.isLong !== true) slots.giveBack();
      }
    } finally {
      bound?.release();
      this.#ended();
    }
  }

  #bound(): ReturnType<typeof timedSignal> {
    const { client, timeoutMs } = this.#options;
    const late = () => exchangeError('ERR_MCP_NETWORK', `${client.name} did not take a message within ${timeoutMs} ms`, 'unknown');
    return timedSignal(client.clock, timeoutMs, late, this.#closing.signal);
  }
}

/** A refusal that holds the answer is one; any other is an error. */
function deliverRefusal({ sink }: ExchangeContext, { awaitsReply }: OutboundFrame, { status, text, arrival, error }: Refusal): void {
  if (text !== undefined && awaitsReply && !NOT_NOW.has(status) && sink.deliver(text, arrival) === 'answered') return;
  throw error;
}
