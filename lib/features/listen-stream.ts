/** One stream of changes: a long request, acknowledged by a notification. Source: 2026-07-28, basic, patterns, "Subscriptions". */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { PeerProtocolError, RequestTimeoutError } from '../base/errors.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { defaultRequestSettings } from '../connection/request-settings.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { listenParams } from '../protocol/checks/listen.ts';
import { checkEmptyResult } from '../protocol/checks/results.ts';
import { commonOf } from './change-filter.ts';
import type { WantedChanges } from './change-source.ts';
import { refusedRequest } from './refusals.ts';
import type { Requester } from './requester.ts';

/** How a stream ended that was not closed from here. */
export interface StreamEnd {
  /** The server said that it is over, after it had acknowledged it. */
  readonly isGraceful: boolean;
  readonly cause: unknown;
}

/** What a {@link ListenStream} is made with. */
export interface ListenStreamOptions {
  /** Asks on the connection there is, once. */
  readonly direct: Requester;
  readonly clock: Clock;
  /** How long the acknowledgement may take, milliseconds. */
  readonly timeoutMs: number;
  /** The server agreed. */
  readonly acknowledged: (stream: ListenStream) => void;
  /** It is over, and was not closed from here. */
  readonly ended: (stream: ListenStream, end: StreamEnd) => void;
}

const METHOD = 'subscriptions/listen';

/** A stream from the moment it is asked for. */
export class ListenStream {
  readonly asked: WantedChanges;
  readonly #options: ListenStreamOptions;
  readonly #closing = new AbortController();
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;
  /** The id of the request, which everything on the stream carries; `undefined` where it could not be sent. */
  id: RequestId | undefined;
  /** What the server agreed to, once it did. */
  honoured: WantedChanges | undefined;
  /** When it did. */
  acknowledgedAt = 0;
  /** Whether it has an exchange of its own, which what comes on others can overtake. */
  hasExchange = false;
  /** Whether a change came on it. */
  isHeard = false;

  constructor(asked: WantedChanges, options: ListenStreamOptions) {
    this.asked = asked;
    this.#options = options;
    const { clock, timeoutMs } = options;
    this.#cancelTimer = clock.afterInBackground(timeoutMs, () => this.#closing.abort(unacknowledged(timeoutMs)));
    void this.#ask();
  }

  /** The server acknowledged it. Only the first time counts. */
  acknowledge(agreed: WantedChanges, hasExchange: boolean): void {
    if (this.honoured !== undefined || this.#closing.signal.aborted) return;
    this.#stopTimer();
    this.honoured = commonOf(this.asked, agreed);
    this.hasExchange = hasExchange;
    this.acknowledgedAt = this.#options.clock.now();
    this.#options.acknowledged(this);
  }

  /** Nobody wants it any more: the server is told. Nothing is heard of it from here on. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#closing.abort(new DOMException('Nobody follows these changes any more', 'AbortError'));
  }

  async #ask(): Promise<void> {
    const reader: ReplyReader<void> = { read: checkEmptyResult, refuse: refusedRequest, sent: (id) => void (this.id = id) };
    const settings = { ...defaultRequestSettings(Infinity), signal: this.#closing.signal, isLong: true };
    let end: StreamEnd;
    try {
      await this.#options.direct.request(METHOD, listenParams(this.asked), settings, reader);
      end = this.honoured === undefined ? { isGraceful: false, cause: neverAcknowledged() } : { isGraceful: true, cause: undefined };
    } catch (cause) {
      end = { isGraceful: false, cause };
    }
    this.#stopTimer();
    if (!this.#isClosed) this.#options.ended(this, end);
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

function unacknowledged(timeoutMs: number): RequestTimeoutError {
  return new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `${METHOD} was not acknowledged within ${timeoutMs} ms (timeoutMs)`, { details: { method: METHOD, timeoutMs }, delivery: 'unknown' });
}

function neverAcknowledged(): PeerProtocolError {
  return new PeerProtocolError('ERR_MCP_INVALID_RESULT', `${METHOD} was answered before it was acknowledged`, { details: { method: METHOD }, delivery: 'answered' });
}
