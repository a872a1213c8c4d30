/** The ports between a connection and the road: a transport carries frames and never reads them. */

import type { AbortSource } from '../base/cancellation.ts';
import type { MCPError } from '../base/errors.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';

/** One message on its way out. */
export interface OutboundFrame {
  /** The message: one JSON text without a line break. */
  readonly text: string;
  /** Whether a reply is expected. */
  readonly awaitsReply: boolean;
  /** Headers, ready-made, for a transport that has headers. */
  readonly headers: FrameHeaders;
  /** The request that it is, so that what comes back on its exchange can be told to belong to it. */
  readonly requestId?: RequestId | undefined;
  /** Whether an answer whose stream broke is not gone on with behind its last event. */
  readonly isLostWithItsStream?: boolean | undefined;
  /** Whether its exchange is a stream that stays open: it takes nobody's turn, and may be silent. */
  readonly isLong?: boolean | undefined;
}

/** Header fields by name. */
export type FrameHeaders = Readonly<Record<string, string>>;

/** What a frame came with. */
export interface Arrival {
  /** The HTTP status, on a transport that has one. */
  readonly status: number | undefined;
  /** The session that the response names, on a transport that has sessions. */
  readonly sessionId: string | undefined;
  /** The request on whose exchange it came, if it came on one. */
  readonly requestId: RequestId | undefined;
  /** Whether it is all that the exchange brings. */
  readonly isWhole: boolean;
}

/** Where a transport delivers. After `ended` nothing more comes. */
export interface FrameSink {
  /** One frame came in. `answered`: the exchange it came on has its reply. */
  deliver(text: string, arrival: Arrival): 'more' | 'answered';
  /** Something is wrong, but the channel goes on. */
  fault(error: MCPError): void;
  /** The channel was interrupted and goes on: what was sent meanwhile may be lost. */
  gap(): void;
  /** The channel does not go on; `undefined` when it was closed from here. Called once at most. */
  ended(cause: MCPError | undefined): void;
}

/** A road to one peer, opened once. */
export interface Transport {
  /** `shared`: one channel for all messages, so that a request is taken back by a message. `exchange`: one a request. */
  readonly channel: 'shared' | 'exchange';
  /**
   * Opens the channel. When `signal` fires it rejects with the signal's reason and leaves nothing behind once
   * {@link Transport.close} was called.
   *
   * @throws ConnectionError saying why there is no road.
   */
  open(sink: FrameSink, signal: AbortSignal): Promise<void>;
  /**
   * Takes one frame. `undefined`: taken; what becomes of it is heard through the sink. A promise: settles with the
   * exchange, and rejects when it failed. Throws when the frame cannot be taken at all; it is `unsent` then.
   */
  send(frame: OutboundFrame, signal: AbortSource | undefined): Promise<unknown> | undefined;
  /** Opens the stream for what belongs to no request, on a road where that is a stream of its own. `headers` are those of every frame. */
  listen?(headers: FrameHeaders): void;
  /** Tells the peer that the session is over, on a road that has sessions. Never rejects. */
  endSession?(headers: FrameHeaders, signal: AbortSignal): Promise<void>;
  /** Closes; idempotent; resolves when nothing is left, or when `signal` fires and everything that can be done was done. */
  close(signal: AbortSignal): Promise<void>;
}

/** What a frame came with on a road that has nothing but frames. */
export const PLAIN_ARRIVAL: Arrival = Object.freeze({ status: undefined, sessionId: undefined, requestId: undefined, isWhole: false });

/** No headers. */
export const NO_HEADERS: FrameHeaders = Object.freeze({});
