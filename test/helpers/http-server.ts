/**
 * MCP servers over HTTP for tests: {@link HTTPPeer}, which does what a script says down to the byte, and the demo server as a
 * process of its own.
 */

import { spawn } from 'node:child_process';
import process from 'node:process';
import { fixtureCommand } from './fixture.ts';
import { RawExchange, RawHTTPServer } from './raw-http.ts';
import type { RawRequest, Step } from './raw-http.ts';

/** A JSON-RPC message the client posted; loose, because a test looks at it. */
export interface PostedMessage {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A request with the message in it, if it holds one. */
export interface PeerRequest extends RawRequest {
  readonly message: PostedMessage;
}

/** One event of an SSE stream, field by field; `raw` is written as it stands. */
export interface EventFields {
  readonly id?: string;
  readonly event?: string;
  readonly retry?: number | string;
  readonly data?: string | object;
}

/** Header lines of a response. */
export type HeaderLines = Readonly<Record<string, string>>;

const CRLF = '\r\n';

/** The place in which one request is answered, in terms of HTTP, SSE and JSON-RPC. */
export class PeerExchange {
  readonly request: PeerRequest;
  readonly raw: RawExchange;
  readonly peer: HTTPPeer;
  /** How many requests of the same key came before. */
  readonly turn: number;

  constructor(request: PeerRequest, raw: RawExchange, peer: HTTPPeer, turn: number) {
    this.request = request;
    this.raw = raw;
    this.peer = peer;
    this.turn = turn;
  }

  get isClosed(): boolean {
    return this.raw.isClosed;
  }

  /** Writes a whole response. */
  async respond(status: number, headers: HeaderLines = {}, body: string | Uint8Array = ''): Promise<void> {
    const bytes = Buffer.from(body);
    await this.head(status, { ...headers, ...(status === 204 ? {} : { 'Content-Length': String(bytes.length) }) });
    if (bytes.length > 0) await this.raw.write(bytes);
  }

  /** Writes the head of a response. */
  head(status: number, headers: HeaderLines = {}): Promise<void> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return this.raw.write(Buffer.from([`HTTP/1.1 ${status} Whatever`, ...lines, '', ''].join(CRLF), 'latin1'));
  }

  /** Answers with a JSON text. */
  json(value: unknown, headers: HeaderLines = {}, status: number = 200): Promise<void> {
    return this.respond(status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(value));
  }

  /** The JSON-RPC reply with this result. */
  reply(result: unknown): object {
    return { jsonrpc: '2.0', id: this.request.message.id, result };
  }

  /** Answers with the result of a tool: this text. */
  done(text: string = 'done'): Promise<void> {
    return this.json(this.reply(textResult(text)));
  }

  /** Begins a stream of events, in chunks. */
  sse(headers: HeaderLines = {}): Promise<void> {
    return this.head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked', ...headers });
  }

  /** Writes one chunk of a chunked body. */
  chunk(body: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(body);
    return this.raw.write(Buffer.concat([Buffer.from(bytes.length.toString(16) + CRLF), bytes, Buffer.from(CRLF)]));
  }

  /** Writes one event to a stream that {@link PeerExchange.sse} began. */
  event(fields: EventFields): Promise<void> {
    return this.chunk(encodeEvent(fields));
  }

  /** Writes a comment to a stream. */
  comment(text: string = ''): Promise<void> {
    return this.chunk(`:${text}\n\n`);
  }

  /** Ends a stream in order; the connection can be used again. */
  endStream(): Promise<void> {
    return this.raw.write(`0${CRLF}${CRLF}`);
  }

  /** A whole stream: these events, then its end. */
  async stream(events: readonly EventFields[], headers: HeaderLines = {}): Promise<void> {
    await this.sse(headers);
    for (const fields of events) await this.event(fields);
    await this.endStream();
  }

  /** Leaves the request without an answer until the client leaves. */
  hang(): Promise<void> {
    return this.raw.closed;
  }
}

/** The text of one event. */
export function encodeEvent({ id, event, retry, data }: EventFields): string {
  const text = typeof data === 'object' ? JSON.stringify(data) : data;
  const fields = [
    ['id', id],
    ['event', event],
    ['retry', retry],
    ['data', text],
  ].filter(([, value]) => value !== undefined);
  return `${fields.map(([name, value]) => `${name}: ${value}\n`).join('')}\n`;
}

/** The result of a tool that says a text. */
export function textResult(text: string): object {
  return { content: [{ type: 'text', text }] };
}

/**
 * What is done with one kind of request: a function, or steps in which `{id}` stands for the id of the request.
 */
export type PeerAnswer = readonly Step[] | ((exchange: PeerExchange) => unknown);

/**
 * Answers by key: the method of the message for a POST, and the HTTP method for everything else. `*` is asked first, and
 * hands on to the others when it gives `'pass'`.
 */
export type PeerScript = Readonly<Record<string, PeerAnswer>>;

const TOOL = { name: 'call', description: 'Does what the script says.', inputSchema: { type: 'object' } };

const ORDINARY: PeerScript = {
  initialize: (exchange) => {
    const sessionId = exchange.peer.nextSession();
    const headers: HeaderLines = sessionId === undefined ? {} : { 'Mcp-Session-Id': sessionId };
    return exchange.json(exchange.reply(exchange.peer.initializeResult(exchange.request.message)), headers);
  },
  ping: (exchange) => exchange.json(exchange.reply({})),
  'tools/list': (exchange) => exchange.json(exchange.reply({ tools: [TOOL] })),
  'tools/call': (exchange) => exchange.done(),
  GET: (exchange) => exchange.respond(405, { Allow: 'POST' }),
  DELETE: (exchange) => exchange.respond(204),
};

/** What an {@link HTTPPeer} is made with beside its script. */
export interface PeerOptions {
  /** The session ids it gives, one for each `initialize`; the last one again when they are used up. Default: none. */
  readonly sessions?: readonly string[];
  /** The revision it agrees on; by default the one that is asked for. */
  readonly protocolVersion?: string;
  /** The path of its endpoint. */
  readonly path?: string;
}

/** A server that does what a script says, in this process. Without a script it answers in JSON and has no stream to listen to. */
export class HTTPPeer {
  readonly path: string;
  /** Every request so far, with its message. */
  readonly requests: PeerRequest[] = [];
  readonly #options: PeerOptions;
  readonly #script: PeerScript;
  readonly #turns = new Map<string, number>();
  #sessionsGiven = 0;
  #server: RawHTTPServer | undefined;

  private constructor(script: PeerScript, options: PeerOptions) {
    this.#script = { ...ORDINARY, ...script };
    this.#options = options;
    this.path = options.path ?? '/mcp';
  }

  /** Begins to listen. */
  static async listen(script: PeerScript = {}, options: PeerOptions = {}): Promise<HTTPPeer> {
    const peer = new HTTPPeer(script, options);
    peer.#server = await RawHTTPServer.listen((exchange) => peer.#answer(exchange));
    return peer;
  }

  /** The bytes below. */
  get raw(): RawHTTPServer {
    if (this.#server === undefined) throw new Error('The peer does not listen yet');
    return this.#server;
  }

  get origin(): string {
    return this.raw.origin;
  }

  /** The address of its endpoint. */
  get url(): string {
    return this.origin + this.path;
  }

  /** The requests of one key, in order: a JSON-RPC method, or GET or DELETE. */
  sent(key: string): PeerRequest[] {
    return this.requests.filter((request) => keyOf(request) === key);
  }

  /** The keys of all requests, in order. */
  get order(): string[] {
    return this.requests.map(keyOf);
  }

  /** The next session id it gives. */
  nextSession(): string | undefined {
    const { sessions = [] } = this.#options;
    return sessions[Math.min(this.#sessionsGiven++, sessions.length - 1)];
  }

  /** What it answers to `initialize`. */
  initializeResult(message: PostedMessage): object {
    return {
      protocolVersion: this.#options.protocolVersion ?? message.params?.['protocolVersion'],
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} },
      serverInfo: { name: 'scripted', version: '1' },
    };
  }

  /** Stops; throws what a script threw. */
  close(): Promise<void> {
    return this.raw.close();
  }

  async #answer(exchange: RawExchange): Promise<void> {
    const request: PeerRequest = { ...exchange.request, message: readMessage(exchange.request.body) };
    this.requests.push(request);
    const key = keyOf(request);
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    const place = new PeerExchange(request, exchange, this, turn);
    const first = this.#script['*'];
    if (first !== undefined && (await play(first, place)) !== 'pass') return;
    const answer = this.#script[key];
    if (answer !== undefined) await play(answer, place);
    else if (request.method !== 'POST') await place.respond(405);
    else if (request.message.id === undefined || request.message.method === undefined) await place.respond(202);
    else await place.json({ jsonrpc: '2.0', id: request.message.id, error: { code: -32601, message: `Method not found: ${key}` } });
  }
}

function keyOf(request: PeerRequest): string {
  if (request.method !== 'POST') return request.method;
  return request.message.method ?? (request.message.error === undefined && request.message.result === undefined ? 'POST' : 'reply');
}

function readMessage(body: string): PostedMessage {
  try {
    return JSON.parse(body) as PostedMessage;
  } catch {
    return {};
  }
}

async function play(answer: PeerAnswer, place: PeerExchange): Promise<unknown> {
  if (typeof answer === 'function') return answer(place);
  const id = JSON.stringify(place.request.message.id);
  await place.raw.play(answer.map((step) => (typeof step === 'string' ? step.replaceAll('{id}', id) : step)));
  return undefined;
}

/** The demo server as a process of its own. */
export interface DemoHTTPServer {
  /** The address of its endpoint. */
  readonly url: string;
  /** The address of the transport of 2024-11-05. */
  readonly sse: string;
  readonly port: number;
  readonly processId: number;
  /** Ends it, and resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts test/fixtures/demo-http-server.mjs; it ends with this process at the latest. */
export async function startDemo(...flags: readonly string[]): Promise<DemoHTTPServer> {
  const [program = '', ...args] = fixtureCommand('demo-http-server', '--until-stdin-ends', ...flags);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`The demo server ended with ${code} before it listened`)));
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
  });
  const { url, sse } = JSON.parse(line) as { url: string; sse: string };
  const processId = child.pid ?? NaN;
  const stop = async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) process.kill(processId, 'SIGTERM');
    await ended;
  };
  return { url, sse, port: Number(new URL(url).port), processId, stop };
}
