import type { Clock } from '../base/clock.ts';
import { isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { quiet } from '../base/quiet.ts';
import { RESPDecoder } from '../resp/resp-decoder.ts';
import { encodeCommand } from '../resp/resp-encoder.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import type { RedisNetSocket } from './redis-builtins.ts';
import { RedisCommandQueue } from './redis-command-queue.ts';
import { RedisCommand } from './redis-command.ts';
import { connectFailure, redisFailure } from './redis-failure.ts';
import type { ResolvedRedisOptions } from './redis-options.ts';
import type { RedisReader } from './redis-socket.ts';

// So much is handed to the socket at once before it is asked whether it wants more.
const MOST_WRITTEN_AT_ONCE = 512 * 1024;

/** Why a connection is over. */
export interface RedisConnectionEnd {
  readonly cause: MCPError;
  /** The server sent what no client can read: whatever it was the answer to is not to be sent again. */
  readonly isFaultOfReply: boolean;
}

/** Who has a connection. None of these may throw. */
export interface RedisConnectionOwner {
  /** The reply to a command that is not internal, in the order in which commands were written; its caller may be gone. */
  answered(command: RedisCommand, reply: RESPReply): void;
  pushed(items: readonly RESPReply[]): void;
  /** It can be written to again. */
  writable(): void;
  /** It is over; told once. What it was not answered is in `written`. */
  ended(end: RedisConnectionEnd): void;
}

/** What a connection is told of the options. */
export type RedisConnectionOptions = Pick<ResolvedRedisOptions, 'bounds' | 'clock' | 'idleTimeoutMs' | 'pingTimeoutMs' | 'maxPipelinedCommands'>;

/**
 * One socket, and the commands that were written to it and wait for their replies. Every command written takes a place in the queue that only its
 * reply frees, whatever has become of its caller: so a reply always meets its own command.
 */
export class RedisConnection {
  /** Host and port, for errors. */
  readonly place: string;
  /** Those that wait for their replies, oldest first. */
  readonly written: RedisCommandQueue = new RedisCommandQueue();
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #socket: RedisNetSocket;
  readonly #decoder: RESPDecoder;
  readonly #clock: Clock;
  readonly #options: RedisConnectionOptions;
  readonly #owner: RedisConnectionOwner;
  #stage: 'opening' | 'ready' | 'retired' | 'ended' = 'opening';
  /** Why it ended. */
  #cause: MCPError | undefined;
  #isFull = false;
  /** Something waits that could not be written. */
  #holdsBack = false;
  /** In whole milliseconds, as the moments of commands are. */
  #heardAt: number;
  /** Since when it owes a sign of life. */
  #askedAt: number | undefined;

  /** `open` makes the socket, and tells the reader what comes. */
  constructor(open: (read: RedisReader) => RedisNetSocket, place: string, options: RedisConnectionOptions, owner: RedisConnectionOwner) {
    this.place = place;
    this.#options = options;
    this.#clock = options.clock;
    this.#owner = owner;
    this.#heardAt = Math.floor(this.#clock.now());
    this.#decoder = new RESPDecoder(options.bounds, { reply: (reply) => this.#answer(reply), push: (items) => owner.pushed(items) });
    this.#socket = open((chunk) => this.#read(chunk));
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#listen();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('drain', () => {
      this.#isFull = false;
      this.#owner.writable();
    });
    socket.on('error', (error) => this.#end(this.#failure(error)));
    socket.on('end', () => this.#end(this.#failure()));
    socket.on('close', () => this.#end(this.#failure()));
  }

  #failure(error?: Error): MCPError {
    if (this.#stage === 'opening' && error !== undefined) return connectFailure(this.place, error);
    const what = error === undefined ? 'closed the connection' : 'was lost: the connection failed';
    return redisFailure('ERR_MCP_REDIS_CONNECTION', this.place, what, error);
  }

  /** Writes a command of ours; its reply, an error reply too. Rejects with the cause when the connection ends before. */
  ask(args: readonly RedisArgument[]): Promise<RESPReply> {
    if (this.#cause !== undefined) return quiet(Promise.reject(this.#cause));
    const command = new RedisCommand(args[0], encodeCommand(args), 'text', false, 0, true);
    this.#take(command, this.#clock.now());
    this.#socket.write(command.frame);
    return command.promise;
  }

  /**
   * The handshake is done.
   *
   * @throws the cause when the connection has ended since.
   */
  becomeReady(): void {
    if (this.#cause !== undefined) throw this.#cause;
    this.#stage = 'ready';
  }

  /** Takes nothing more, and ends when all that is written is answered. */
  retire(): void {
    if (this.#stage === 'ready') this.#stage = 'retired';
  }

  /** Whether its socket keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Takes from `waiting` and writes what it can: all that waits in one write, unless it is much, the socket is full or too many wait for replies. */
  pump(waiting: RedisCommandQueue, now: number): void {
    while (waiting.length > 0 && this.#stage === 'ready' && !this.#isFull && this.written.length < this.#options.maxPipelinedCommands) this.#writeBatch(waiting, now);
    this.#holdsBack = waiting.length > 0;
  }

  #writeBatch(waiting: RedisCommandQueue, now: number): void {
    const most = this.#options.maxPipelinedCommands;
    let parts: Array<string | Uint8Array> | undefined;
    let batch = '';
    for (let size = 0; size < MOST_WRITTEN_AT_ONCE && this.written.length < most; ) {
      const command = waiting.shift();
      if (command === undefined) break;
      if (command.isSettled) continue;
      this.#take(command, now);
      const { frame } = command;
      size += frame.length;
      if (typeof frame === 'string') batch += frame;
      else {
        (parts ??= []).push(batch, frame);
        batch = '';
      }
    }
    if (parts !== undefined) this.#writeParts(parts, batch);
    else if (batch !== '') this.#isFull = !this.#socket.write(batch);
  }

  #writeParts(parts: readonly (string | Uint8Array)[], last: string): void {
    this.#socket.cork();
    for (const part of parts) if (part.length > 0) this.#isFull = !this.#socket.write(part);
    if (last !== '') this.#isFull = !this.#socket.write(last);
    this.#socket.uncork();
  }

  #take(command: RedisCommand, now: number): void {
    command.writtenAt = now;
    if (this.written.length === 0) this.#decoder.strings = command.strings;
    this.written.push(command);
  }

  #read(chunk: Uint8Array): void {
    if (this.#stage === 'ended') return;
    this.#heardAt = Math.floor(this.#clock.now());
    this.#askedAt = undefined;
    try {
      this.#decoder.feed(chunk);
    } catch (error) {
      const cause = isMCPError(error) ? error : redisFailure('ERR_MCP_REDIS_PROTOCOL', this.place, 'sent what could not be read', error);
      this.#end(cause, true);
    }
    if (this.#holdsBack) this.#owner.writable();
  }

  #answer(reply: RESPReply): void {
    const command = this.written.shift();
    if (command === undefined) return this.#end(redisFailure('ERR_MCP_REDIS_PROTOCOL', this.place, 'sent a reply that no command asked for'), true);
    const next = this.written.first;
    if (next !== undefined) this.#decoder.strings = next.strings;
    if (!command.isInternal) this.#owner.answered(command, reply);
    else command.resolve(reply);
    if (next === undefined && this.#stage === 'retired') this.#end(redisFailure('ERR_MCP_REDIS_CONNECTION', this.place, 'is to be connected to anew'));
  }

  /** A command that was written at `writtenAt` had no reply in time: when nothing at all came since, the server is asked whether it is there. */
  doubt(writtenAt: number, now: number): void {
    if (writtenAt >= this.#heardAt && this.#askedAt === undefined) this.#askForLife(now);
  }

  /** Does what silence makes due, and says when to look again. */
  watch(now: number): number {
    if (this.#stage === 'ended') return Infinity;
    const { idleTimeoutMs, pingTimeoutMs } = this.#options;
    if (this.#askedAt === undefined && idleTimeoutMs > 0 && now >= this.#heardAt + idleTimeoutMs) this.#askForLife(now);
    if (this.#askedAt === undefined) return idleTimeoutMs > 0 ? this.#heardAt + idleTimeoutMs : Infinity;
    const lateAt = this.#askedAt + pingTimeoutMs;
    // An answer begins the silence anew, and it may be due again before that.
    if (now < lateAt) return idleTimeoutMs > 0 ? Math.min(lateAt, now + idleTimeoutMs) : lateAt;
    this.#end(redisFailure('ERR_MCP_REDIS_TIMEOUT', this.place, `was silent on a PING for ${pingTimeoutMs} ms`));
    return Infinity;
  }

  #askForLife(now: number): void {
    if (this.#stage === 'ended') return;
    this.#askedAt = now;
    // When it is not answered the connection ends, which says all there is to say.
    this.ask(['PING']).catch(() => {});
  }

  /** Ends it now. What was not answered is told the cause by the owner. */
  destroy(cause: MCPError): void {
    this.#end(cause);
  }

  #end(cause: MCPError, isFaultOfReply: boolean = false): void {
    if (this.#stage === 'ended') return;
    this.#stage = 'ended';
    this.#cause = cause;
    this.#decoder.reset();
    this.#socket.destroy();
    for (const command of this.written.list()) if (command.isInternal && !command.isSettled) command.reject(cause);
    this.#owner.ended({ cause, isFaultOfReply });
  }
}
