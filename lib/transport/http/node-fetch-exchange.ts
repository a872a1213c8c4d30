/** One request and its response, from the wait for a socket to the last byte. */

import { LimitError } from '../../base/errors.ts';
import { BodySource, terminated } from './node-fetch-body.ts';
import type { BodyOwner } from './node-fetch-body.ts';
import type { ClientRequest, IncomingMessage, Readable, SetMaxListeners, ZlibModule } from './node-fetch-builtins.ts';
import { codingsOf, decoded } from './node-fetch-decoding.ts';
import { rawHeader } from './node-fetch-headers.ts';
import type { NodeFetchResponse } from './node-fetch-contract.ts';
import { frame } from './node-fetch-request.ts';
import type { OutgoingRequest } from './node-fetch-request.ts';
import { ReceivedResponse } from './node-fetch-response.ts';
import type { ExchangeSlots, Waiter } from './node-fetch-slots.ts';
import type { Road, Sockets } from './node-fetch-sockets.ts';
import type { TunnelOwner } from './node-fetch-tunnel.ts';

/** What all exchanges of one fetch share. */
export interface ExchangeSettings {
  readonly slots: ExchangeSlots;
  readonly sockets: Sockets;
  readonly zlib: () => ZlibModule;
  readonly setMaxListeners: SetMaxListeners;
  readonly maxDecodedBytes: number;
  readonly maxInterimResponses: number;
}

/** Who waits for the response. */
export interface ResponseWaiter {
  readonly resolve: (response: NodeFetchResponse) => void;
  readonly reject: (reason: unknown) => void;
}

// https://fetch.spec.whatwg.org/#redirect-status
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
// https://fetch.spec.whatwg.org/#null-body-status, without 101, which is no response here.
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const doNothing = (): void => {};

/** `queued` for a socket · `sent`, and unanswered · `answered`, and the body not at its end · `ended`. */
type Stage = 'queued' | 'sent' | 'answered' | 'ended';

/** One exchange. */
export class Exchange implements Waiter, TunnelOwner, BodyOwner {
  tunnel: TunnelOwner['tunnel'];
  readonly #settings: ExchangeSettings;
  readonly #url: string;
  readonly #road: Road;
  readonly #outgoing: OutgoingRequest;
  readonly #waiter: ResponseWaiter;
  #stage: Stage = 'queued';
  #request: ClientRequest | undefined;
  #message: IncomingMessage | undefined;
  #decoder: Readable | undefined;
  #body: BodySource | undefined;
  #upload: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Sends more of a stream: there is room, or nobody left to send it to. */
  #goOn: () => void = doNothing;
  #interimResponses = 0;

  constructor(settings: ExchangeSettings, url: string, road: Road, outgoing: OutgoingRequest, waiter: ResponseWaiter) {
    this.#settings = settings;
    this.#url = url;
    this.#road = road;
    this.#outgoing = outgoing;
    this.#waiter = waiter;
  }

  /** Begins, or waits in line. */
  open(): void {
    const { signal } = this.#outgoing;
    if (signal?.aborted) return this.#waiter.reject(signal.reason);
    if (signal !== undefined) {
      // Many exchanges may share a signal: that is no leak, and no reason for a warning.
      if (signal instanceof AbortSignal) this.#settings.setMaxListeners(0, signal);
      signal.addEventListener('abort', this);
    }
    if (this.#settings.slots.take(this.#road.key, this)) this.#start();
  }

  /** The signal fired: an exchange listens as an object, which costs no function of its own. */
  handleEvent(): void {
    this.#fail(this.#outgoing.signal?.reason);
  }

  /** It is this exchange's turn. The socket that the one before had is idle only behind the present event. */
  start(): void {
    process.nextTick(() => {
      if (this.#stage === 'queued') this.#start();
      else this.#settings.slots.giveBack(this.#road.key);
    });
  }

  /** Sends the request: a slot is taken. */
  #start(): void {
    this.#stage = 'sent';
    let request: ClientRequest;
    try {
      request = this.#makeRequest();
    } catch (error) {
      this.#settings.slots.giveBack(this.#road.key);
      // Arguments that node refuses are named by it, without their values.
      return this.#fail(error);
    }
    this.#request = request;
    // No silent end of the list: a header that says something else a second time must be seen. Their bytes are limited.
    request.maxHeadersCount = 0;
    request.on('response', (message) => this.#answer(message));
    request.on('information', () => this.#countInterim());
    request.on('error', (cause) => this.#break(cause));
    request.on('close', () => this.#closed());
    this.#send(request);
  }

  /** Headers go as a list: node checks them and writes them at once, and adds none but `Connection`. */
  #makeRequest(): ClientRequest {
    const { request, options, host, headers: roadHeaders } = this.#road;
    const { method, headers, hasHost } = this.#outgoing;
    const all = hasHost ? roadHeaders.concat(headers) : ['Host', host].concat(roadHeaders, headers);
    frame(this.#outgoing, all);
    // One object for all requests of a road: node copies it before it returns.
    options.method = method;
    options.headers = all;
    options.owner = this;
    return request(options);
  }

  #send(request: ClientRequest): void {
    const { body } = this.#outgoing;
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) request.end(body);
    else this.#pump(request, body).catch((cause: unknown) => this.#break(cause));
  }

  async #pump(request: ClientRequest, body: ReadableStream<Uint8Array>): Promise<void> {
    this.#upload = body.getReader();
    request.on('drain', () => this.#goOn());
    for (;;) {
      const { done, value } = await this.#upload.read();
      if (request.destroyed) return;
      if (done) return void request.end();
      if (!request.write(value)) await new Promise<void>((resolve) => (this.#goOn = resolve));
    }
  }

  #countInterim(): void {
    const most = this.#settings.maxInterimResponses;
    if (++this.#interimResponses <= most) return;
    const message = `Expected at most ${most} responses before the one that is meant; got more`;
    this.#break(new LimitError('maxInterimResponses', message, { details: { most } }));
  }

  #answer(message: IncomingMessage): void {
    if (this.#stage !== 'sent') return;
    const status = message.statusCode ?? 0;
    if (REDIRECTS.has(status) && !this.#outgoing.takesRedirects && rawHeader(message.rawHeaders, 'location') !== null) {
      return this.#break(new Error(`The server redirects, with status ${status}, which is not followed`));
    }
    this.#stage = 'answered';
    this.#message = message;
    const idleMs = this.#settings.sockets.idleMs(rawHeader(message.rawHeaders, 'keep-alive'));
    if (message.socket?.timeout !== idleMs) message.socket?.setTimeout(idleMs);
    if (this.#outgoing.method !== 'HEAD' && !WITHOUT_BODY.has(status)) {
      this.#body = this.#readBody(message);
    } else {
      message.on('error', doNothing).resume();
      this.#end();
    }
    this.#waiter.resolve(new ReceivedResponse(this.#url, message, this.#body));
  }

  #readBody(message: IncomingMessage): BodySource {
    const codings = codingsOf(rawHeader(message.rawHeaders, 'content-encoding'));
    if (codings.length === 0) return new BodySource(message, Infinity, this);
    const isEndless = /^text\/event-stream\b/i.test(rawHeader(message.rawHeaders, 'content-type') ?? '');
    this.#decoder = decoded(message, codings, this.#settings.zlib());
    return new BodySource(this.#decoder, isEndless ? Infinity : this.#settings.maxDecodedBytes, this);
  }

  /** All of the body came. */
  bodyEnded(): void {
    this.#end();
  }

  /** Nobody wants the rest of the body. What is here already is read to its end, so that the socket stays in use. */
  bodyUnwanted(): void {
    if (this.#message?.complete) this.#message.unpipe().resume();
    else this.#request?.destroy();
    this.#decoder?.destroy();
    this.#end();
  }

  /** The connection or the peer broke the exchange. */
  #break(cause: unknown): void {
    if (this.#stage === 'ended') return;
    if (this.#stage !== 'answered') return this.#fail(new TypeError('fetch failed', { cause }));
    this.#body?.fail(terminated(cause));
    this.#end();
    this.#request?.destroy();
  }

  /** Ends with the error, at any stage. */
  #fail(error: unknown): void {
    const stage = this.#stage;
    if (stage === 'ended') return;
    this.#end();
    if (stage === 'queued') this.#settings.slots.leave(this.#road.key, this);
    if (stage === 'answered') this.#body?.abort(error);
    else this.#waiter.reject(error);
    this.tunnel?.destroy();
    this.#request?.destroy();
  }

  #end(): void {
    this.#stage = 'ended';
    this.#outgoing.signal?.removeEventListener('abort', this);
  }

  /** The request is done with its socket, which is idle now, or gone. */
  #closed(): void {
    this.#settings.slots.giveBack(this.#road.key);
    this.#goOn();
    this.#upload?.cancel().catch(doNothing);
    const isCut = this.#stage === 'sent' || (this.#stage === 'answered' && !this.#message?.complete);
    if (isCut) this.#break(socketClosed());
  }
}

function socketClosed(): Error {
  return Object.assign(new Error('The connection was closed before the response was complete'), { code: 'ECONNRESET' });
}
