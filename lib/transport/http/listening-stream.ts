/** The stream for what belongs to no request. Source: 2025-11-25, transports, "Listening for Messages from the Server". */

import type { AbortSource } from '../../base/cancellation.ts';
import { delay } from '../../base/clock.ts';
import { isMCPError } from '../../base/errors.ts';
import type { ConnectionError, MCPError } from '../../base/errors.ts';
import type { FetchResponse } from '../../http/fetch-port.ts';
import { READ_HEADERS, SENT_HEADERS } from '../../http/header-names.ts';
import { contentKindOf } from '../../http/media-type.ts';
import { discard } from '../../http/response-body.ts';
import type { Arrival, FrameHeaders } from '../transport.ts';
import { EventStream, reconnectDelayMs } from './event-stream.ts';
import type { ExchangeContext } from './http-exchange.ts';
import type { ListeningTurns } from './listening-turns.ts';
import { exchangeError } from './http-failure.ts';

const ARRIVAL: Arrival = Object.freeze({ status: 200, sessionId: undefined, requestId: undefined, isWhole: false });

/**
 * Listens until `signal` fires, the server says that it has no such stream, or too many tries in a row came to nothing. Opens
 * the stream again when it ends, behind the last event where the server gave it an id; where it did not, `gap` is said.
 * Never rejects.
 */
export async function listen(context: ExchangeContext, headers: FrameHeaders, signal: AbortSource): Promise<void> {
  try {
    await keepListening(context, headers, signal);
  } catch (cause) {
    if (!signal.aborted && isMCPError(cause)) context.sink.fault(cause);
  }
}

/**
 * As {@link listen}, whenever it is this handle's turn. What came before its turn is lost to it, and `gap` says so. Never rejects.
 */
export async function listenInTurn(context: ExchangeContext, headers: FrameHeaders, signal: AbortSignal, turns: ListeningTurns): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const turn = await turns.take(signal).catch(() => undefined);
    if (turn === undefined) return;
    if (!isFirst || turn.isTakenOver) context.sink.gap();
    await listen(context, headers, AbortSignal.any([signal, turn.signal]));
    const isOver = turn.signal.aborted;
    await turn.release();
    // Where the server has no such stream, or it was given up, there is nothing to take turns at.
    if (!isOver) return;
  }
}

async function keepListening(context: ExchangeContext, headers: FrameHeaders, signal: AbortSource): Promise<void> {
  const { client, sink } = context;
  const { clock, limits } = client;
  const stream = new EventStream({ clock, limits, answered: client.answered, deliver: (data) => sink.deliver(data, ARRIVAL), fault: (error) => sink.fault(error) });
  let wasOpen = false;
  for (let failures = 0; ; ) {
    const response = await openStream(context, stream.lastEventId, headers, signal);
    if (response === 'not-found' && wasOpen && SENT_HEADERS.sessionId in headers) return sink.ended(sessionLost(client.name));
    if (response === 'never' || response === 'not-found') return;
    const before = stream.messages;
    const openedAt = clock.now();
    if (response !== 'later') {
      if (wasOpen && stream.lastEventId === undefined) sink.gap();
      wasOpen = true;
      await readToEnd(stream, response, signal);
    }
    const isAlive = stream.messages > before || (response !== 'later' && clock.now() - openedAt >= limits.streamProgressMs);
    failures = isAlive ? 0 : failures + 1;
    if (failures > limits.maxReconnects) {
      sink.gap();
      throw givenUp(client.name, failures);
    }
    await delay(clock, reconnectDelayMs(stream.retryMs, failures, limits.maxRetryDelayMs), signal);
  }
}

function givenUp(name: string, failures: number): MCPError {
  return exchangeError('ERR_MCP_STREAM_LOST', `The stream for what ${name} sends by itself ended ${failures} times in a row and is not opened again`, 'answered');
}

/** A stream that was there, and is not found any more: the session is. */
function sessionLost(name: string): ConnectionError {
  return exchangeError('ERR_MCP_SESSION_LOST', `${name} does not know the session any more`, 'answered');
}

async function openStream({ client, url }: ExchangeContext, lastEventId: string | undefined, headers: FrameHeaders, signal: AbortSource): Promise<FetchResponse | 'never' | 'not-found' | 'later'> {
  const resume = lastEventId === undefined ? {} : { [SENT_HEADERS.lastEventId]: lastEventId };
  let response: FetchResponse;
  try {
    response = await client.request({ method: 'GET', url, headers: { ...headers, [SENT_HEADERS.accept]: 'text/event-stream', ...resume } }, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (isMCPError(cause) && cause.code === 'ERR_MCP_NETWORK') return 'later';
    throw cause;
  }
  if (response.status === 200 && contentKindOf(response.headers.get(READ_HEADERS.contentType)) === 'event-stream') return response;
  discard(response);
  if (response.status === 404) return 'not-found';
  // 405 says that there is no such stream; servers without a route for it say so in other ways. A server in trouble says 5xx.
  // 409 says that somebody else listens, or that the server has not noticed yet that nobody does any more.
  return response.status === 409 || (response.status >= 500 && response.status !== 501) ? 'later' : 'never';
}

async function readToEnd(stream: EventStream, response: FetchResponse, signal: AbortSource): Promise<void> {
  try {
    await stream.read(response, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (isMCPError(cause)) throw cause;
  }
}
