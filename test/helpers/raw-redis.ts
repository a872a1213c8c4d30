/** A client of Redis as a host might have one: a few lines around a socket, whose strings are bytes and whose errors are its own. Knows RESP2 only. */

import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What a command is answered: bytes, numbers, null, arrays of these. */
export type RawReply = Buffer | number | null | RawReply[];

interface Waiting {
  readonly resolve: (reply: RawReply) => void;
  readonly reject: (error: Error) => void;
}

/** A client over one socket; what is lost with the socket is rejected. */
export class RawRedis {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  /** How many commands were sent, by their first word. */
  readonly sent: Map<string, number> = new Map();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#read();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('Connection is closed.'));
    });
  }

  static async connect(port: number): Promise<RawRedis> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawRedis(socket);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  send(args: ReadonlyArray<string | number | Uint8Array>): Promise<RawReply> {
    const name = String(args[0]).toUpperCase();
    this.sent.set(name, (this.sent.get(name) ?? 0) + 1);
    const words = args.map((word) => (typeof word === 'number' ? Buffer.from(String(word)) : Buffer.from(word as string)));
    const frame = [Buffer.from(`*${words.length}\r\n`), ...words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n')])];
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('Connection is closed.'));
      this.#waiting.push({ resolve, reject });
      this.#socket.write(Buffer.concat(frame));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    for (;;) {
      const found = parse(this.#bytes, 0);
      if (found === undefined) return;
      this.#bytes = this.#bytes.subarray(found.end);
      const waiting = this.#waiting.shift();
      if (found.reply instanceof Error) waiting?.reject(found.reply);
      else waiting?.resolve(found.reply);
    }
  }
}

interface Parsed {
  readonly reply: RawReply | Error;
  readonly end: number;
}

/** The reply that begins at `start`, when it is whole. */
function parse(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd === -1) return undefined;
  const line = bytes.toString('latin1', start + 1, lineEnd);
  const begin = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '+':
      return { reply: Buffer.from(line), end: begin };
    case '-':
      return { reply: new Error(line), end: begin };
    case ':':
      return { reply: Number(line), end: begin };
    case '$':
      if (line === '-1') return { reply: null, end: begin };
      return bytes.length < begin + Number(line) + 2 ? undefined : { reply: Buffer.from(bytes.subarray(begin, begin + Number(line))), end: begin + Number(line) + 2 };
    default:
      return parseArray(bytes, begin, Number(line));
  }
}

function parseArray(bytes: Buffer, begin: number, length: number): Parsed | undefined {
  if (length === -1) return { reply: null, end: begin };
  const items: RawReply[] = [];
  let end = begin;
  for (let index = 0; index < length; index++) {
    const item = parse(bytes, end);
    if (item === undefined || item.reply instanceof Error) return item;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}
