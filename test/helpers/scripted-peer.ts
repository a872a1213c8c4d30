import { MemoryTransport } from '../../lib/transport/memory-transport.ts';
import type { MemoryPeer } from '../../lib/transport/memory-transport.ts';

/** A message the client sent; loose, because a test looks at it. */
export interface SentMessage {
  readonly jsonrpc: string;
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The error member of a reply. */
export class Refusal {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    this.code = code;
    this.message = message;
    this.data = data;
  }
}

/** The result of a reply, a {@link Refusal}, the raw text of a frame, or `undefined` to leave the request unanswered. */
export type ScriptedAnswer = object | Refusal | string | undefined;

/** What is answered to each method, at once or once a promise is settled. */
export type Script = Readonly<Record<string, (message: SentMessage, peer: ScriptedPeer) => ScriptedAnswer | Promise<ScriptedAnswer>>>;

const ordinary: Script = {
  initialize: ({ params }) => ({
    protocolVersion: params?.['protocolVersion'],
    capabilities: { tools: {}, resources: {}, prompts: {}, logging: {}, completions: {} },
    serverInfo: { name: 'scripted', version: '1' },
  }),
  ping: () => ({}),
};

/**
 * A server in this process that does what a script says and writes down every frame the client sent. `initialize` and
 * `ping` are answered unless the script says otherwise; a method that is not in the script is refused with -32601.
 */
export class ScriptedPeer implements MemoryPeer {
  /** The road to this peer, for one connection. */
  readonly transport: MemoryTransport = new MemoryTransport(this);
  /** The text of every frame the client sent, in order. */
  readonly frames: string[] = [];
  readonly #script: Script;

  constructor(script: Script = {}) {
    this.#script = { ...ordinary, ...script };
  }

  /** Every message the client sent, in order. */
  get messages(): SentMessage[] {
    return this.frames.map((frame) => JSON.parse(frame) as SentMessage);
  }

  /** Every message of one method, in order. */
  sent(method: string): SentMessage[] {
    return this.messages.filter((message) => message.method === method);
  }

  /** Sends a message, or the raw text of a frame, that nobody asked for. */
  send(message: object | string): void {
    this.transport.deliver(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends a notification. */
  notify(method: string, params?: object): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  receive(text: string, reply: (text: string) => void): void {
    this.frames.push(text);
    const message = JSON.parse(text) as SentMessage;
    if (message.method === undefined) return;
    const answer = this.#script[message.method];
    if (answer !== undefined) void Promise.resolve(answer(message, this)).then((outcome) => this.#answer(message, outcome, reply));
    else if (message.id !== undefined) this.#answer(message, new Refusal(-32601, `Method not found: ${message.method}`), reply);
  }

  #answer({ id }: SentMessage, outcome: ScriptedAnswer, reply: (text: string) => void): void {
    if (outcome === undefined) return;
    if (typeof outcome === 'string') return reply(outcome);
    if (id === undefined) return;
    const member = outcome instanceof Refusal ? { error: { ...outcome } } : { result: outcome };
    reply(JSON.stringify({ jsonrpc: '2.0', id, ...member }));
  }
}
