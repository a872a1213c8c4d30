/**
 * An HTTP server of raw bytes on the loopback: it reads requests with as little as it takes, writes every one down, and answers with
 * whatever a script says, so that any malformed response can be made. What it sends is never checked.
 */

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** One request as it came. */
export interface RawRequest {
  /** Its place among all requests, from 0 on. */
  readonly index: number;
  /** The connection it came on, from 0 on. */
  readonly connection: number;
  readonly method: string;
  /** The target of the request line. */
  readonly path: string;
  /** Header lines as they came: name in lower case, value; a line an entry. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** Headers by their name in lower case; lines of one name joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes of the head, one character a byte. */
  readonly head: string;
  readonly body: string;
  /** When it was read, in milliseconds since some fixed moment. */
  readonly at: number;
}

/**
 * One thing to do: bytes to write (text as UTF-8), a wait, or something done to the socket. `close` ends both ways in order,
 * `halfClose` only ours, `reset` sends RST, `hang` does nothing until the client leaves.
 */
export type Step =
  | string
  | Uint8Array
  | { readonly base64: string }
  | { readonly waitMs: number }
  | { readonly repeat: string; readonly times: number }
  | { readonly socket: 'close' | 'halfClose' | 'reset' | 'hang' };

/** The place in which one request is answered. */
export class RawExchange {
  readonly request: RawRequest;
  readonly socket: Socket;

  constructor(request: RawRequest, socket: Socket) {
    this.request = request;
    this.socket = socket;
  }

  /** Whether the connection is gone. */
  get isClosed(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  /** Resolves when the client left, or when we closed. */
  get closed(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once('end', resolve);
      this.socket.once('close', () => resolve());
    });
  }

  /** Writes bytes as they are; resolves when there is room for more. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    if (this.socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.socket.off('drain', done).off('close', done);
        resolve();
      };
      this.socket.once('drain', done).once('close', done);
    });
  }

  /** Does one step after the other. */
  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#do(step);
  }

  /** Ends the connection in order. */
  close(): void {
    this.socket.end();
  }

  /** Ends the connection with RST. */
  reset(): void {
    resetSocket(this.socket);
  }

  async #do(step: Step): Promise<void> {
    if (typeof step === 'string' || step instanceof Uint8Array) return this.write(step);
    if ('base64' in step) return this.write(Buffer.from(step.base64, 'base64'));
    if ('waitMs' in step) return new Promise((resolve) => setTimeout(resolve, step.waitMs));
    if ('repeat' in step) {
      for (let turn = 0; turn < step.times && !this.isClosed; turn++) await this.write(step.repeat);
      return;
    }
    if (step.socket === 'hang') return this.closed;
    if (step.socket === 'reset') return this.reset();
    this.socket.end();
    if (step.socket === 'close') await this.closed;
  }
}

/** Ends a connection with RST, where the runtime can. */
export function resetSocket(socket: Socket): void {
  if (typeof socket.resetAndDestroy === 'function') socket.resetAndDestroy();
  else socket.destroy();
}

/** What a request is answered with. */
export type RawScript = (exchange: RawExchange) => unknown;

/** The server: see the head of this file. */
export class RawHTTPServer {
  /** Every request, in order. */
  readonly requests: RawRequest[] = [];
  /** What a script threw; `close` throws the first of it. */
  readonly errors: unknown[] = [];
  /** The most connections that were open at once. */
  mostSockets = 0;
  /** How many connections came so far. */
  connections = 0;
  /** How many requests are being answered. */
  busy = 0;
  readonly #script: RawScript;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isClosing = false;

  private constructor(script: RawScript) {
    this.#script = script;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Begins to listen on a free port, or on `port`. */
  static async listen(script: RawScript, port: number = 0): Promise<RawHTTPServer> {
    const server = new RawHTTPServer(script);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(port, '127.0.0.1', 4_096, resolve);
    });
    return server;
  }

  /** Where it listens: `http://127.0.0.1:<port>`. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections are open. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Ends every connection that is open. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Stops; throws what a script threw. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropAll();
    await closed;
    if (this.errors.length > 0) throw this.errors[0];
  }

  #accept(socket: Socket): void {
    const connection = this.connections++;
    this.#sockets.add(socket);
    this.mostSockets = Math.max(this.mostSockets, this.#sockets.size);
    socket.setNoDelay(true);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    const reader = new RequestReader();
    let previous: Promise<void> = Promise.resolve();
    socket.on('data', (chunk) => {
      for (const raw of reader.feed(chunk)) {
        const request = { ...raw, index: this.requests.length, connection, at: performance.now() };
        this.requests.push(request);
        previous = previous.then(() => this.#answer(new RawExchange(request, socket)));
      }
    });
    // A client that closes its side gets what the script still writes, then our side is closed too.
    socket.on('end', () => void previous.finally(() => socket.end()));
  }

  async #answer(exchange: RawExchange): Promise<void> {
    this.busy++;
    try {
      await this.#script(exchange);
    } catch (error) {
      if (!this.#isClosing) this.errors.push(error);
      exchange.socket.destroy();
    } finally {
      this.busy--;
    }
  }
}

type ParsedRequest = Omit<RawRequest, 'index' | 'connection' | 'at'>;

/** Cuts what comes on one connection into requests. */
class RequestReader {
  #rest = '';

  feed(chunk: Uint8Array): ParsedRequest[] {
    this.#rest += Buffer.from(chunk).toString('latin1');
    const requests: ParsedRequest[] = [];
    for (let next = this.#take(); next !== undefined; next = this.#take()) requests.push(next);
    return requests;
  }

  #take(): ParsedRequest | undefined {
    const headEnd = this.#rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.#rest.slice(0, headEnd);
    const [requestLine = '', ...headerLines] = head.split('\r\n');
    const [method = '', path = ''] = requestLine.split(' ');
    const lines = headerLines.map(
      (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
    );
    const headers: Record<string, string> = Object.create(null);
    for (const [name, value] of lines) headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    const taken = bodyAt(this.#rest, headEnd + 4, headers);
    if (taken === undefined) return undefined;
    this.#rest = this.#rest.slice(taken.end);
    return { method, path, lines, headers, head, body: Buffer.from(taken.body, 'latin1').toString('utf8') };
  }
}

/** The body that begins at `start`, or undefined when not all of it is there. */
function bodyAt(text: string, start: number, headers: Readonly<Record<string, string>>): { body: string; end: number } | undefined {
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) return chunkedBodyAt(text, start);
  const end = start + Number(headers['content-length'] ?? 0);
  return text.length < end ? undefined : { body: text.slice(start, end), end };
}

function chunkedBodyAt(text: string, start: number): { body: string; end: number } | undefined {
  let body = '';
  for (let place = start; ;) {
    const lineEnd = text.indexOf('\r\n', place);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(place, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (text.length < end) return undefined;
    body += text.slice(lineEnd + 2, end - 2);
    if (size === 0) return { body, end };
    place = end;
  }
}
