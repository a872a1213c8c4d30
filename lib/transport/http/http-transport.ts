/** Whichever way over HTTP the server speaks. Source: 2025-11-25, transports, "Backwards Compatibility". */

import type { AbortSource } from '../../base/cancellation.ts';
import { ConnectionError, isMCPError } from '../../base/errors.ts';
import type { MCPError } from '../../base/errors.ts';
import { NO_HEADERS } from '../transport.ts';
import type { FrameHeaders, FrameSink, OutboundFrame, Transport } from '../transport.ts';
import type { Refusal } from './http-exchange.ts';
import { LegacySSETransport } from './legacy-sse-transport.ts';
import type { LegacySSETransportOptions } from './legacy-sse-transport.ts';
import { StreamableHTTPTransport } from './streamable-http-transport.ts';
import type { StreamableHTTPTransportOptions } from './streamable-http-transport.ts';

/** What a server turned out to speak, and where. */
export interface HTTPWay {
  readonly kind: 'streamable' | 'legacy-sse';
  readonly url: string;
}

/** What an {@link HTTPTransport} is made with. */
export interface HTTPTransportOptions extends Omit<StreamableHTTPTransportOptions, 'url'> {
  /** The ways to try, in order; not empty. */
  readonly ways: readonly HTTPWay[];
  /** Hears which one it is. */
  readonly found: (way: HTTPWay) => void;
}

// "If it fails with 400, 404 or 405": the endpoint is not there, or is not one of this kind.
const ANOTHER_WAY: ReadonlySet<number> = new Set([400, 404, 405]);

const TRANSPORT_NEVER = new AbortController().signal;

/**
 * Tries the ways in order with the first message that waits for a reply: a refusal that says there is no such endpoint leads to the
 * next one, anything else is the answer. When all fail, the first failure is told, with the second one as its cause.
 */
export class HTTPTransport implements Transport {
  readonly #options: HTTPTransportOptions;
  #active: StreamableHTTPTransport | LegacySSETransport;
  #sink: FrameSink | undefined;
  #signal: AbortSignal | undefined;
  #isFound = false;

  constructor(options: HTTPTransportOptions) {
    this.#options = options;
    this.#active = this.#transportFor(0);
  }

  get channel(): Transport['channel'] {
    return this.#active.channel;
  }

  open(sink: FrameSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    this.#signal = signal;
    return this.#active.open(sink, signal);
  }

  send(frame: OutboundFrame, signal: AbortSource | undefined): Promise<unknown> {
    // A frame with headers belongs to a session: its refusal is the end of that, and says nothing of the endpoint.
    if (this.#isFound || !frame.awaitsReply || frame.headers !== NO_HEADERS) return this.#active.send(frame, signal);
    return this.#search(frame, signal);
  }

  listen(headers: FrameHeaders): void {
    if (this.#active instanceof StreamableHTTPTransport) this.#active.listen(headers);
  }

  async endSession(headers: FrameHeaders, signal: AbortSignal): Promise<void> {
    if (this.#active instanceof StreamableHTTPTransport) await this.#active.endSession(headers, signal);
  }

  close(signal: AbortSignal): Promise<void> {
    return this.#active.close(signal);
  }

  #transportFor(index: number): StreamableHTTPTransport | LegacySSETransport {
    const { ways, client, slots, timeoutMs, listens } = this.#options;
    const way = ways[index];
    if (way === undefined) throw new TypeError('ways must hold at least one way');
    if (way.kind === 'streamable') return new StreamableHTTPTransport({ client, slots, timeoutMs, listens, url: way.url });
    return new LegacySSETransport({ client, timeoutMs, url: way.url } satisfies LegacySSETransportOptions);
  }

  async #search(frame: OutboundFrame, signal: AbortSource | undefined): Promise<void> {
    const { ways, found } = this.#options;
    const failures: { error: MCPError; refusal: Refusal | undefined }[] = [];
    for (const [index, way] of ways.entries()) {
      const outcome = await this.#try(index, frame, signal);
      if (outcome === undefined) {
        this.#isFound = true;
        return found(this.#active instanceof StreamableHTTPTransport ? { kind: way.kind, url: this.#active.url } : way);
      }
      failures.push(outcome);
    }
    const [first] = failures;
    const answered = failures.findIndex(({ refusal }) => refusal?.text !== undefined);
    const refused = failures[answered]?.refusal;
    // A refusal may be a message: the server's own answer is worth more than its status. What is asked next goes to whoever gave it, or is asked at the first place.
    if (ways.length > 1) await this.#turnTo(Math.max(answered, 0));
    if (refused?.text !== undefined && this.#sink?.deliver(refused.text, refused.arrival) === 'answered') return;
    throw failures.length === 1 || first === undefined ? first?.error : withCause(first.error, failures[1]?.error);
  }

  /** Tries one way: nothing when it is the right one, or why it is not. Throws when that cannot be said. */
  async #try(index: number, frame: OutboundFrame, signal: AbortSource | undefined): Promise<{ error: MCPError; refusal: Refusal | undefined } | undefined> {
    if (index > 0) await this.#turnTo(index);
    if (this.#active instanceof StreamableHTTPTransport) {
      const refusal = await this.#active.exchange(frame, signal);
      if (refusal === undefined) return undefined;
      if (ANOTHER_WAY.has(refusal.status)) return { error: refusal.error, refusal };
      if (refusal.text !== undefined && this.#sink?.deliver(refusal.text, refusal.arrival) === 'answered') return undefined;
      throw refusal.error;
    }
    try {
      // The first way was opened with the transport.
      if (index > 0) await this.#open();
      await this.#active.send(frame);
      return undefined;
    } catch (error) {
      if (!isMCPError(error)) throw error;
      return { error, refusal: undefined };
    }
  }

  async #turnTo(index: number): Promise<void> {
    await this.#active.close(this.#signal ?? TRANSPORT_NEVER);
    this.#active = this.#transportFor(index);
    if (this.#active instanceof StreamableHTTPTransport) await this.#open();
  }

  async #open(): Promise<void> {
    if (this.#sink !== undefined && this.#signal !== undefined) await this.#active.open(this.#sink, this.#signal);
  }
}

function withCause(error: MCPError, cause: MCPError | undefined): MCPError {
  return new ConnectionError(error.code, error.message, { details: error.details, delivery: error.delivery, cause });
}
