import type { CancelTimer } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import { LimitError } from '../base/errors.ts';
import type { Delivery, MCPError } from '../base/errors.ts';
import { Listeners } from '../base/listeners.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { checkKeys, durationMs } from '../base/options.ts';
import { quiet } from '../base/quiet.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import { RESPError } from '../resp/resp-error.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import { redisBackoffMs } from './redis-backoff.ts';
import { afterThisTurn } from './redis-builtins.ts';
import { RedisCommandQueue } from './redis-command-queue.ts';
import { RedisCommand } from './redis-command.ts';
import { nameOfCommand } from './redis-commands.ts';
import type { RedisConnection, RedisConnectionEnd } from './redis-connection.ts';
import { commandTimeout, failureOfCommand, reactionTo, redisFailure, replyFailure } from './redis-failure.ts';
import { resolveRedisOptions } from './redis-options.ts';
import type { RedisClientOptions, ResolvedRedisOptions } from './redis-options.ts';
import { RedisRoad } from './redis-road.ts';
import { createCommand, NO_SEND_OPTIONS } from './redis-send.ts';
import type { RedisSendOptions } from './redis-send.ts';
import type { RedisClientState } from './redis-state.ts';

export type { RedisSendOptions } from './redis-send.ts';

/** What sessions need of a Redis client, whoever made it. Rejects for an error reply. */
export interface RedisCommands {
  send(args: ReadonlyArray<string | number | Uint8Array>): Promise<unknown>;
}

/** What a client tells its listeners. */
export interface RedisClientEvents {
  /** Something that the server sent by itself (a push of RESP3): its kind first, such as `invalidate`. */
  readonly push: readonly RESPReply[];
  readonly state: RedisClientState;
}

/** How long `close()` waits for replies where it is not told, milliseconds. */
export const DEFAULT_REDIS_CLOSE_MS: number = 1_000;

// A command that the server dies of, or that is refused again and again, is not carried on for ever.
const MOST_RETURNS = 2;

/**
 * A client of one Redis server over one connection, which the first command makes, and the next one makes anew after it was lost. All commands
 * of one turn are one write; their replies come in their order.
 *
 * - A command that is not answered in time, or is aborted, is rejected at once; its reply is read when it comes, and thrown away.
 * - When the connection is lost, commands that only read are sent again, at most twice; the others are rejected with delivery `unknown`.
 * - `LOADING` and `BUSY` put commands off for a while, `READONLY` and `MASTERDOWN` until the client has connected anew: none of them ran. Any
 *   other error reply rejects its command.
 * - It keeps the process alive while commands wait for replies, and not otherwise.
 * - A command that blocks the connection (`BLPOP`, `XREAD BLOCK`, `WAIT`) holds up all that come after it: use a client of its own.
 *
 * Nobody has to listen to anything: failures reject the commands that meet them.
 */
export class RedisClient implements RedisCommands {
  readonly #options: ResolvedRedisOptions;
  readonly #listeners: Listeners<RedisClientEvents>;
  readonly #road: RedisRoad;
  /** Those that are not written, oldest first. Some may be settled already. */
  readonly #waiting: RedisCommandQueue = new RedisCommandQueue();
  /** Those that the server put off, oldest first: they go before all others. */
  #putOff: RedisCommand[] = [];
  /** How many callers wait. */
  #open = 0;
  #closing: Promise<void> | undefined;
  #drained: Deferred<void> | undefined;
  /** The present turn, in whole milliseconds. */
  #now = 0;
  #isScheduled = false;
  #cancelTimer: CancelTimer | undefined;
  #timerAt = Infinity;
  /** Why there is no connection. */
  #lastFailure: MCPError | undefined;
  /** Nothing is written before, as the server asked for patience; 0 when it did not. */
  #writeAt = 0;
  #delays = 0;
  #overflown: { readonly key: string; readonly error: LimitError } | undefined;

  /** @throws TypeError, RangeError for wrong options, without a value that may be a secret. */
  constructor(options: RedisClientOptions = {}) {
    this.#options = resolveRedisOptions(options);
    this.#listeners = new Listeners((what, cause) => this.#options.log.warn(`A listener of the Redis client for ${what} failed`, { cause }));
    this.#road = new RedisRoad(this.#options, {
      answered: (command, reply) => this.#answered(command, reply),
      pushed: (items) => this.#listeners.emit('push', items),
      writable: () => this.#pump(),
      ready: (connection) => this.#becomeReady(connection),
      failed: (failure, isFinal) => this.#connectFailed(failure, isFinal),
      lost: (connection, end) => this.#connectionLost(connection, end),
      changed: (state) => this.#listeners.emit('state', state),
    });
  }

  get state(): RedisClientState {
    return this.#road.state;
  }

  /** Where the server is, as errors name it. */
  get place(): string {
    return this.#road.place;
  }

  /** Adds a listener. What it throws goes to the logger. */
  on<Name extends keyof RedisClientEvents & string>(event: Name, listener: (payload: RedisClientEvents[Name]) => unknown): Unsubscribe {
    return this.#listeners.on(event, listener);
  }

  /**
   * Connects now, without waiting for a command to do it, and without the pause behind a connect that failed. Resolves when commands can be written.
   *
   * @throws RedisError `ERR_MCP_REDIS_CONNECTION`, `ERR_MCP_REDIS_TIMEOUT`, `ERR_MCP_REDIS_AUTH`, `ERR_MCP_REDIS_REPLY`, `ERR_MCP_PERMISSION_DENIED`
   * when this one connect fails. The next command tries again.
   */
  connect(): Promise<void> {
    return this.#closing === undefined ? this.#road.connectNow() : quiet(Promise.reject(this.#closedError()));
  }

  /**
   * Sends one command and gives its reply.
   *
   * @throws RedisError `ERR_MCP_REDIS_REPLY` for an error reply, its code in `details.redisCode`, and where `MOVED` and `ASK` lead to in `details.slot` and
   * `details.address`; `ERR_MCP_REDIS_AUTH` for one about access; `ERR_MCP_REDIS_TIMEOUT` when there is none in time; `ERR_MCP_REDIS_CONNECTION` when the
   * connection cannot be made, is lost or the client is closed; `ERR_MCP_REDIS_PROTOCOL` for what is no reply. LimitError when too much waits or the
   * reply is too large. The reason of `signal`. TypeError and RangeError for wrong arguments, and for commands that have not exactly one reply or change
   * the connection under everybody who shares it (`SUBSCRIBE`, `MULTI`, `SELECT` …).
   */
  send(args: readonly RedisArgument[], options: RedisSendOptions = NO_SEND_OPTIONS): Promise<RESPReply> {
    let command: RedisCommand;
    try {
      command = createCommand(args, options, this.#options, this.#road);
    } catch (error) {
      return quiet(Promise.reject(error));
    }
    this.#open += 1;
    if (this.#closing !== undefined) this.#reject(command, failureOfCommand(this.#closedError(), nameOf(command), 'unsent'));
    else if (options.signal === undefined || this.#obey(command, options.signal)) this.#enter(command);
    return command.promise;
  }

  /**
   * Takes nothing more, waits until what was sent is answered, at most `timeoutMs`, and lets go of the connection. What is still not answered then is
   * rejected. Closing twice is fine. Rejects only for wrong options.
   */
  async close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkKeys('options', options as unknown, ['timeoutMs']);
    const timeoutMs = durationMs('options.timeoutMs', options.timeoutMs ?? DEFAULT_REDIS_CLOSE_MS, 0);
    this.#closing ??= this.#drainAndClose(timeoutMs);
    return this.#closing;
  }

  /** Listens to the caller's signal; false when it has fired already, and the command is rejected. */
  #obey(command: RedisCommand, signal: AbortSignal): boolean {
    if (signal.aborted) {
      this.#reject(command, signal.reason);
      return false;
    }
    const onAbort = () => this.#reject(command, signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    command.forgetSignal = () => signal.removeEventListener('abort', onAbort);
    return true;
  }

  #enter(command: RedisCommand): void {
    const { maxQueuedCommands, maxQueuedBytes } = this.#options;
    if (this.#open === 1) this.#road.hold(true);
    if (!this.#isScheduled) this.#schedule();
    command.deadline = this.#now + command.timeoutMs;
    if (command.deadline < this.#timerAt) this.#wakeAt(command.deadline);
    const waiting = this.#waiting;
    waiting.push(command);
    if (waiting.length > maxQueuedCommands || waiting.size > maxQueuedBytes) this.#makeRoom();
  }

  /** Writes what can be written, and rejects the oldest of what is still too much. */
  #makeRoom(): void {
    const { maxQueuedCommands, maxQueuedBytes } = this.#options;
    const waiting = this.#waiting;
    this.#pump();
    for (let isMany = waiting.length > maxQueuedCommands; isMany || waiting.size > maxQueuedBytes; isMany = waiting.length > maxQueuedCommands) {
      const oldest = waiting.shift();
      if (oldest !== undefined && !oldest.isSettled) this.#reject(oldest, this.#overflow(oldest, isMany));
    }
  }

  /** Commands of one name that overflow in one turn share an error: in a flood, making one for each would cost more than all else. */
  #overflow(oldest: RedisCommand, isMany: boolean): LimitError {
    const command = nameOf(oldest);
    const delivery = deliveryOf(oldest);
    const limit = isMany ? 'maxQueuedCommands' : 'maxQueuedBytes';
    const key = `${this.#now} ${command} ${delivery} ${limit}`;
    if (this.#overflown?.key === key) return this.#overflown.error;
    const most = this.#options[limit];
    const message = `${command}: at most ${most} ${isMany ? 'commands' : 'bytes'} wait to be written to Redis at ${this.place}, and this is the oldest of more`;
    const error = new LimitError(limit, message, { details: { place: this.place, command, most }, delivery });
    this.#overflown = { key, error };
    return error;
  }

  #schedule(): void {
    this.#isScheduled = true;
    this.#now = this.#readClock();
    afterThisTurn(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#waiting.length === 0 || this.#writeAt > 0) return;
    const { connection } = this.#road;
    if (connection !== undefined) connection.pump(this.#waiting, this.#now);
    // All that waits may be settled by now, and then nobody needs a connection.
    else if (this.#open > 0) this.#road.connectSoon();
  }

  #answered(command: RedisCommand, reply: RESPReply): void {
    if (typeof reply === 'object' && reply instanceof RESPError) return this.#refused(command, reply);
    this.#road.serve();
    this.#delays = 0;
    if (command.isSettled) return;
    command.resolve(reply);
    this.#left();
  }

  /** An error reply: the answer, unless it says that the command did not run and may later. */
  #refused(command: RedisCommand, reply: RESPError): void {
    const reaction = reactionTo(reply.code);
    if (reaction === 'wait') this.#delay();
    else if (reaction === 'reconnect') this.#road.retire();
    else this.#road.serve();
    if (command.isSettled) return;
    if (reaction === undefined || (reaction === 'reconnect' && command.returns >= MOST_RETURNS)) {
      return this.#reject(command, replyFailure(this.place, nameOf(command), reply));
    }
    command.putOff = reply;
    command.returns += reaction === 'reconnect' ? 1 : 0;
    this.#putOff.push(command);
  }

  /** The server asks for patience: writes nothing for a while, longer from time to time. */
  #delay(): void {
    if (this.#writeAt > 0) return;
    const { retryDelayMs, maxRetryDelayMs } = this.#options;
    this.#delays += 1;
    this.#writeAt = this.#readClock() + Math.ceil(redisBackoffMs(retryDelayMs, this.#delays, maxRetryDelayMs));
    this.#wakeAt(this.#writeAt);
  }

  /** Those that were put off go first again. */
  #takeUp(): void {
    this.#writeAt = 0;
    this.#waiting.prepend(this.#putOff.filter((command) => !command.isSettled));
    this.#putOff = [];
  }

  #becomeReady(connection: RedisConnection): void {
    this.#lastFailure = undefined;
    this.#now = this.#readClock();
    this.#wakeAt(connection.watch(this.#now));
    this.#pump();
  }

  #connectFailed(failure: MCPError, isFinal: boolean): void {
    this.#lastFailure = failure;
    const hopeless = isFinal ? this.#waiting.takeAll() : [];
    for (const command of hopeless) if (!command.isSettled) this.#reject(command, failureOfCommand(failure, nameOf(command), deliveryOf(command)));
    this.#pump();
  }

  #connectionLost(connection: RedisConnection, { cause, isFaultOfReply }: RedisConnectionEnd): void {
    this.#lastFailure = cause;
    const unanswered = connection.written.takeAll();
    const guilty = isFaultOfReply ? unanswered[0] : undefined;
    const again: RedisCommand[] = [];
    for (const command of unanswered) {
      if (command.isSettled) continue;
      if (command.isIdempotent && command !== guilty && command.returns < MOST_RETURNS) again.push(command);
      else this.#reject(command, failureOfCommand(cause, nameOf(command), 'unknown'));
    }
    for (const command of again) command.returns += 1;
    this.#waiting.prepend(again);
    this.#takeUp();
    this.#pump();
  }

  /** Rejects a command whose caller waits. */
  #reject(command: RedisCommand, reason: unknown): void {
    command.reject(reason);
    this.#left();
  }

  /** One caller less. */
  #left(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    if (this.#waiting.length > 0) this.#waiting.takeAll();
    this.#road.hold(false);
    this.#road.rest();
    this.#drained?.resolve();
  }

  #wakeAt(at: number): void {
    if (at >= this.#timerAt) return;
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#timerAt = at;
    // In the background: what the commands wait for keeps the process alive.
    this.#cancelTimer = clock.afterInBackground(Math.max(0, at - clock.now()), () => this.#tick());
  }

  /** The timer rang: it may be early for everything, as what it was set for may be over. */
  #tick(): void {
    this.#timerAt = Infinity;
    // Timers of the platform ring up to a millisecond early.
    const now = this.#readClock() + 1;
    this.#now = now;
    const { connection } = this.#road;
    const waiting = this.#waiting.takeAll();
    const next = [this.#expire(waiting, now), this.#expire(this.#putOff, now), this.#expire(connection?.written.list() ?? [], now)];
    this.#waiting.prepend(waiting.filter((command) => !command.isSettled));
    if (this.#writeAt > 0 && this.#writeAt <= now) {
      this.#takeUp();
      this.#pump();
    }
    next.push(this.#road.connection?.watch(now) ?? Infinity, this.#writeAt > 0 ? this.#writeAt : Infinity);
    const at = Math.min(...next);
    if (at < Infinity && this.state !== 'closed') this.#wakeAt(at);
  }

  /** Rejects what is due, and gives the nearest deadline of the rest. */
  #expire(commands: readonly RedisCommand[], now: number): number {
    let next = Infinity;
    for (const command of commands) {
      if (command.isSettled) continue;
      if (command.deadline > now) next = Math.min(next, command.deadline);
      else this.#expireOne(command, now);
    }
    return next;
  }

  #expireOne(command: RedisCommand, now: number): void {
    const name = nameOf(command);
    const { putOff, writtenAt } = command;
    const { connection } = this.#road;
    if (putOff !== undefined) return this.#reject(command, replyFailure(this.place, name, putOff));
    const failure = this.#lastFailure;
    if (failure !== undefined) return this.#reject(command, failureOfCommand(failure, name, deliveryOf(command)));
    this.#reject(command, commandTimeout(this.place, name, command.timeoutMs, deliveryOf(command)));
    if (writtenAt !== undefined) connection?.doubt(writtenAt, now);
  }

  async #drainAndClose(timeoutMs: number): Promise<void> {
    if (this.#open > 0) {
      this.#drained = deferred<void>();
      const cancel = this.#options.clock.after(timeoutMs, () => this.#drained?.resolve());
      await this.#drained.promise;
      cancel();
    }
    const cause = this.#closedError();
    const { connection } = this.#road;
    const gone = this.#road.close(cause);
    this.#takeUp();
    for (const command of [...(connection?.written.takeAll() ?? []), ...this.#waiting.takeAll()]) {
      if (!command.isSettled) this.#reject(command, failureOfCommand(cause, nameOf(command), deliveryOf(command)));
    }
    this.#cancelTimer?.();
    await gone;
    this.#listeners.clear();
  }

  #closedError(): MCPError {
    return redisFailure('ERR_MCP_REDIS_CONNECTION', this.place, 'is not used any more: the client is closed');
  }

  /** The present moment, in whole milliseconds. */
  #readClock(): number {
    return Math.floor(this.#options.clock.now());
  }
}

function nameOf(command: RedisCommand): string {
  return nameOfCommand(command.word);
}

function deliveryOf(command: RedisCommand): Delivery {
  return command.writtenAt === undefined ? 'unsent' : 'unknown';
}
