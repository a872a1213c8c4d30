/** One stream of events, over as many responses as it takes. Source: 2025-11-25, transports, "Resumability and Redelivery". */

import type { AbortSource } from '../../base/cancellation.ts';
import type { Clock } from '../../base/clock.ts';
import { PeerProtocolError } from '../../base/errors.ts';
import type { MCPError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { FetchResponse } from '../../http/fetch-port.ts';
import { letGoWith, readerOf, withIdleTimeout } from '../../http/response-body.ts';
import type { SSEBounds } from '../../sse/sse-bounds.ts';
import type { SSEEvent, SSEItem } from '../../sse/sse-event.ts';
import { SSEParser } from '../../sse/sse-parser.ts';
import { backoffMs } from '../backoff.ts';
import type { AnsweredStreams } from './answered-streams.ts';

/** What a stream is read with. */
export interface EventStreamOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** Takes the data of one message. */
  readonly deliver: (data: string) => 'more' | 'answered';
  /** One event is wrong; the stream goes on. */
  readonly fault: (error: MCPError) => void;
  /** Reads on behind the answer. */
  readonly answered: AnsweredStreams;
  /** How long nothing may come, milliseconds, comments included, before the stream counts as broken; `undefined`: for ever. */
  readonly idleTimeoutMs?: number | undefined;
}

/** The parser's bounds for streams of messages. */
export function sseBounds({ maxMessageBytes, maxEventFields, maxRetryDelayMs, maxEventIdCharacters }: Limits): SSEBounds {
  // Room for the name of the field beside the longest data.
  return { maxLineBytes: maxMessageBytes + 64, maxEventBytes: maxMessageBytes, maxEventFields, maxRetryMs: maxRetryDelayMs, maxEventIdCharacters };
}

const FIRST_RECONNECT_MS = 1_000;

/** The pause before a stream is opened again, milliseconds: what the server asked for where nothing failed, or growing from 1 s. */
export function reconnectDelayMs(askedMs: number | undefined, failures: number, longestMs: number): number {
  if (askedMs !== undefined && failures === 0) return Math.min(askedMs, longestMs);
  return Math.max(Math.min(askedMs ?? 0, longestMs), backoffMs(FIRST_RECONNECT_MS, failures, longestMs));
}

/** Reads events; keeps what it takes to resume. */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #parser: SSEParser;
  /** The event that the present response was asked to go on behind. */
  #behind: string | undefined;
  /** How many messages came. */
  messages = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#parser = new SSEParser(sseBounds(options.limits));
  }

  /** The id to resume behind, if the server gave one that can travel in a header. */
  get lastEventId(): string | undefined {
    return this.#parser.resumableId;
  }

  /** The pause before a new connection that the server asked for, milliseconds. */
  get retryMs(): number | undefined {
    return this.#parser.retryMs;
  }

  /**
   * Reads one response to its end, or until its answer came and nothing follows soon. Rejects with what the reader rejects
   * with, with the reason of `signal`, and with LimitErrors of the parser.
   */
  async read(response: FetchResponse, signal: AbortSource): Promise<'answered' | 'ended'> {
    const body = readerOf(response);
    if (body === undefined) return 'ended';
    const { idleTimeoutMs, clock } = this.#options;
    const reader = idleTimeoutMs === undefined ? body : withIdleTimeout(body, idleTimeoutMs, clock);
    this.#behind = this.lastEventId;
    const keep = letGoWith(signal, reader);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done || value === undefined) return 'ended';
        if (this.#take(value) === 'answered') break;
      }
    } catch (error) {
      reader.cancel().catch(() => {});
      throw error;
    } finally {
      keep();
      this.#parser.end();
    }
    await this.#options.answered.readToEnd(reader);
    return 'answered';
  }

  #take(chunk: Uint8Array): 'more' | 'answered' {
    const items: SSEItem[] = [];
    try {
      this.#parser.feed(chunk, items);
      return this.#hear(items);
    } catch (error) {
      // What came whole before the stream went wrong is heard all the same.
      this.#hear(items);
      throw error;
    }
  }

  #hear(items: readonly SSEItem[]): 'more' | 'answered' {
    let outcome: 'more' | 'answered' = 'more';
    for (const item of items) {
      if (item instanceof PeerProtocolError) this.#options.fault(item);
      else if (this.#deliver(item) === 'answered') outcome = 'answered';
    }
    return outcome;
  }

  #deliver({ id, type, data }: SSEEvent): 'more' | 'answered' {
    // A server that replays the event it was asked to go on behind says nothing new.
    if (id !== undefined && id === this.#behind) return 'more';
    if (data === '' || type !== 'message') return 'more';
    this.messages++;
    return this.#options.deliver(data);
  }
}
