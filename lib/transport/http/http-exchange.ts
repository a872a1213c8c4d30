/** One POST and all that is answered on it. Source: 2025-11-25, transports, "Sending Messages to the Server". */

import type { FetchResponse } from '../../http/fetch-port.ts';
import { SENT_HEADERS, READ_HEADERS } from '../../http/header-names.ts';
import { contentKindOf } from '../../http/media-type.ts';
import { discard, readBody, readBodyStart } from '../../http/response-body.ts';
import { retryAfterMs } from '../../http/retry-after.ts';
import { checkSessionId } from '../../http/session-id.ts';
import type { AbortSource } from '../../base/cancellation.ts';
import { delay } from '../../base/clock.ts';
import { isMCPError } from '../../base/errors.ts';
import type { MCPError } from '../../base/errors.ts';
import { decodeUTF8 } from '../../jsonrpc/utf8.ts';
import type { Arrival, FrameHeaders, FrameSink, OutboundFrame } from '../transport.ts';
import { EventStream, reconnectDelayMs } from './event-stream.ts';
import type { HTTPClient } from './http-client.ts';
import { contentTypeError, exchangeError, headerError, statusError } from './http-failure.ts';

/** What an exchange works with. */
export interface ExchangeContext {
  readonly client: HTTPClient;
  /** Where messages go; moves with a redirect. */
  url: string;
  /** Hears where a redirect led. */
  readonly moved: (url: string) => void;
  readonly sink: FrameSink;
}

/** A response whose status is a refusal; the sink has not seen its body. */
export class Refusal {
  readonly status: number;
  readonly error: MCPError;
  /** The body, where it may hold a message. */
  readonly text: string | undefined;
  readonly arrival: Arrival;

  constructor(status: number, error: MCPError, text: string | undefined, arrival: Arrival) {
    this.status = status;
    this.error = error;
    this.text = text;
    this.arrival = arrival;
  }
}

const POST_HEADERS: FrameHeaders = Object.freeze({
  [SENT_HEADERS.accept]: 'application/json, text/event-stream',
  [SENT_HEADERS.contentType]: 'application/json',
});

/** Frame headers → those with what every POST has; the frames of a connection all have the same object. */
export class PostHeaders {
  #last: FrameHeaders | undefined;
  #merged: FrameHeaders = POST_HEADERS;

  /** The headers of a POST with `headers` of the frame. */
  of(headers: FrameHeaders): FrameHeaders {
    if (headers !== this.#last) {
      this.#last = headers;
      this.#merged = Object.freeze({ ...POST_HEADERS, ...headers });
    }
    return this.#merged;
  }
}

/**
 * Sends one frame and hands on all that is answered; resolves when the exchange is over and its request answered. A refusal by
 * status is returned.
 *
 * @throws ConnectionError, PeerProtocolError, LimitError: what became of the exchange, with what is known of its delivery.
 */
export async function runExchange(context: ExchangeContext, headers: FrameHeaders, frame: OutboundFrame, signal: AbortSource): Promise<Refusal | undefined> {
  const { client, url, moved } = context;
  const response = await client.request({ method: 'POST', url, headers, body: frame.text, moved }, signal);
  const { status } = response;
  const kind = contentKindOf(response.headers.get(READ_HEADERS.contentType));
  const arrival: Arrival = { status, sessionId: sessionOf(response), requestId: frame.requestId, isWhole: kind === 'json' };
  if (!frame.awaitsReply && status >= 200 && status <= 299) {
    discard(response);
    return undefined;
  }
  // "Accepted" and "no content" are for what waits for no answer.
  if (status === 202 || status === 204) {
    discard(response);
    throw noAnswer(client.name, status);
  }
  if (status !== 200) return refusalOf(client, response, arrival);
  switch (kind) {
    case 'json': {
      const bytes = await readBody(response, client.limits.maxMessageBytes, (cause) => bodyFailed(client.name, cause, signal));
      if (bytes.length === 0 || context.sink.deliver(decodeUTF8(bytes), arrival) === 'more') throw noAnswer(client.name, status);
      return undefined;
    }
    case 'event-stream':
      return takeStream(context, frame, response, arrival, signal);
    default:
      throw await unreadable(client, response);
  }
}

function sessionOf(response: FetchResponse): string | undefined {
  const answer = checkSessionId(response.headers.get(READ_HEADERS.sessionId));
  if (answer.kind === 'given') return answer.sessionId;
  if (answer.kind === 'none') return undefined;
  discard(response);
  throw headerError(answer.reason);
}

async function refusalOf({ name, limits, clock }: HTTPClient, response: FetchResponse, arrival: Arrival): Promise<Refusal> {
  const bytes = await readBodyStart(response, limits.maxErrorBodyBytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const wait = retryAfterMs(response.headers.get(READ_HEADERS.retryAfter), clock.date());
  return new Refusal(response.status, statusError(name, response.status, text, wait), arrival.isWhole ? text : undefined, arrival);
}

/** The body is of a kind that holds no answer, or there is none. */
async function unreadable({ name, limits }: HTTPClient, response: FetchResponse): Promise<MCPError> {
  const bytes = await readBodyStart(response, limits.maxErrorBodyBytes);
  const contentType = response.headers.get(READ_HEADERS.contentType);
  if (bytes.length === 0) return noAnswer(name, response.status);
  return contentTypeError(name, response.status, contentType, new TextDecoder().decode(bytes));
}

function noAnswer(name: string, status: number): MCPError {
  return exchangeError('ERR_MCP_EMPTY_RESPONSE', `Expected an answer from ${name}; got status ${status} without one`, 'unknown');
}

/** What reading a body failed with, as an error of the exchange. */
function bodyFailed(name: string, cause: unknown, signal: AbortSource): unknown {
  if (signal.aborted) return signal.reason;
  return isMCPError(cause) ? cause : exchangeError('ERR_MCP_BODY_TRUNCATED', `The answer of ${name} broke off`, 'unknown', cause);
}

/** Reads the stream to the answer, over new connections where the server gave an id to resume behind. */
async function takeStream(context: ExchangeContext, frame: OutboundFrame, response: FetchResponse, arrival: Arrival, signal: AbortSource): Promise<undefined> {
  const { client, sink } = context;
  const { clock, limits } = client;
  const idleTimeoutMs = frame.isLong === true ? undefined : client.idleTimeoutMs;
  const stream = new EventStream({ clock, limits, answered: client.answered, idleTimeoutMs, deliver: (data) => sink.deliver(data, arrival), fault: (error) => sink.fault(error) });
  // The answer to the handshake may itself have to be resumed, in the session that it begins.
  const headers = arrival.sessionId === undefined ? frame.headers : { ...frame.headers, [SENT_HEADERS.sessionId]: arrival.sessionId };
  let next: FetchResponse | undefined = response;
  for (let failures = 0; ; ) {
    const end = next === undefined ? 'ended' : await readQuietly(stream, next, signal);
    if (end === 'answered') return undefined;
    if (frame.isLostWithItsStream === true || stream.lastEventId === undefined) throw lost(client.name, 'and cannot be resumed', end);
    // A server that closes at will and lets itself be asked again is alive, however long it takes: the request has a deadline.
    failures = next === undefined ? failures + 1 : 0;
    if (failures > limits.maxReconnects) throw lost(client.name, `and ${failures} tries to resume it failed`, end);
    await delay(clock, reconnectDelayMs(stream.retryMs, failures, limits.maxRetryDelayMs), signal);
    next = await resume(context, stream.lastEventId, headers, signal);
  }
}

function lost(name: string, what: string, end: unknown): MCPError {
  const advice = 'the platform’s fetch cuts a stream that is silent for five minutes, createNodeFetch does not';
  return exchangeError('ERR_MCP_STREAM_LOST', `The stream of the answer of ${name} ended without it, ${what}; ${advice}`, 'unknown', end instanceof Error ? end : undefined);
}

/** How the response ended: a broken connection is an end too. What is wrong with the events themselves is not. */
async function readQuietly(stream: EventStream, response: FetchResponse, signal: AbortSource): Promise<'answered' | 'ended' | Error> {
  try {
    return await stream.read(response, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (isMCPError(cause) || !(cause instanceof Error)) throw cause;
    return cause;
  }
}

/** Opens the stream again behind `lastEventId`; `undefined` when that may go better later. */
async function resume({ client, url }: ExchangeContext, lastEventId: string, headers: FrameHeaders, signal: AbortSource): Promise<FetchResponse | undefined> {
  const resumeHeaders = { ...headers, [SENT_HEADERS.accept]: 'text/event-stream', [SENT_HEADERS.lastEventId]: lastEventId };
  let response: FetchResponse;
  try {
    response = await client.request({ method: 'GET', url, headers: resumeHeaders }, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (isMCPError(cause) && cause.code === 'ERR_MCP_NETWORK') return undefined;
    throw cause;
  }
  if (response.status === 200 && contentKindOf(response.headers.get(READ_HEADERS.contentType)) === 'event-stream') return response;
  discard(response);
  if (response.status >= 500 || response.status === 429) return undefined;
  throw lost(client.name, `and the server refuses to resume it with status ${response.status}`, undefined);
}
