import { orAbort, timedSignal } from '../base/abort.ts';
import type { CancelTimer } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import { RedisError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { quiet } from '../base/quiet.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import { redisBackoffMs } from './redis-backoff.ts';
import { loadRedisBuiltins } from './redis-builtins.ts';
import type { RedisCommand } from './redis-command.ts';
import { RedisConnection } from './redis-connection.ts';
import type { RedisConnectionEnd } from './redis-connection.ts';
import type { RedisCredentials } from './redis-credentials.ts';
import { connectFailure, redisFailure } from './redis-failure.ts';
import { introduceToRedis } from './redis-handshake.ts';
import type { ResolvedRedisOptions } from './redis-options.ts';
import { openRedisSocket } from './redis-socket.ts';
import { nextRedisState } from './redis-state.ts';
import type { RedisClientEvent, RedisClientState } from './redis-state.ts';
import { placeOfRedis } from './redis-url.ts';

/** Who uses a road. None of these may throw. */
export interface RedisRoadOwner {
  answered(command: RedisCommand, reply: RESPReply): void;
  pushed(items: readonly RESPReply[]): void;
  writable(): void;
  /** There is a connection. */
  ready(connection: RedisConnection): void;
  /** A connect failed; `isFinal`: another one would fail in the same way. */
  failed(failure: MCPError, isFinal: boolean): void;
  /** The connection is over. */
  lost(connection: RedisConnection, end: RedisConnectionEnd): void;
  changed(state: RedisClientState): void;
}

const FINAL_CODES: ReadonlySet<string> = new Set(['ERR_MCP_REDIS_AUTH', 'ERR_MCP_PERMISSION_DENIED']);

/** The way to the server: one connection at a time, made when it is needed, and not too often. */
export class RedisRoad {
  state: RedisClientState = 'idle';
  /** The one there is; while it is retired it still answers. */
  connection: RedisConnection | undefined;
  readonly #options: ResolvedRedisOptions;
  readonly #owner: RedisRoadOwner;
  #opening: RedisConnection | undefined;
  #attempt: AbortController | undefined;
  #connected: Deferred<void> | undefined;
  #isHeld = false;
  #cancelPause: CancelTimer | undefined;
  /** No connect before. */
  #connectAt = 0;
  #failures = 0;
  #hasServed = false;

  constructor(options: ResolvedRedisOptions, owner: RedisRoadOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Where it leads, or led last. */
  get place(): string {
    return this.connection?.place ?? placeOfRedis(this.#options.address);
  }

  /** The connection did something useful: the next one is made at once when it is lost. */
  serve(): void {
    this.#hasServed = true;
  }

  /** Whether an open connection, or one that is being made, keeps the process alive. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.connection?.hold(isHeld);
    this.#opening?.hold(isHeld || this.#connected !== undefined);
  }

  /** Something waits for a connection: makes one, after a pause where the last one failed. */
  connectSoon(): void {
    if (this.state !== 'idle') return;
    const pauseMs = this.#connectAt - this.#options.clock.now();
    if (pauseMs <= 0) return this.#connect();
    this.#apply('pause');
    // Not in the background: who waits has nothing else that keeps the process alive.
    this.#cancelPause = this.#options.clock.after(pauseMs, () => this.#connect());
  }

  /** Makes a connection now; rejects when that fails. */
  connectNow(): Promise<void> {
    if (this.state === 'ready') return Promise.resolve();
    this.#connected ??= deferred<void>();
    const { promise } = this.#connected;
    if (this.state === 'connecting') this.#opening?.hold(true);
    else this.#connect();
    return quiet(promise);
  }

  /** Nothing waits any more: a pause before the next connect is not waited out. */
  rest(): void {
    if (this.state !== 'waiting') return;
    this.#stopPause();
    this.#apply('rest');
  }

  /** The connection is no good for what it is asked: ends it once it has answered, and the next one is made after a pause. */
  retire(): void {
    this.#hasServed = false;
    this.connection?.retire();
  }

  /** Lets go of everything, and says so to nobody; resolves when the sockets are gone. */
  async close(cause: MCPError): Promise<void> {
    const { connection } = this;
    const sockets = [connection?.closed, this.#opening?.closed];
    this.#stopPause();
    this.#apply('closed');
    this.#attempt?.abort(cause);
    // Nobody's any more before it ends: what it was not answered is told by who closes.
    this.connection = undefined;
    connection?.destroy(cause);
    await Promise.all(sockets);
  }

  #apply(event: RedisClientEvent): void {
    this.state = nextRedisState(this.state, event);
    this.#owner.changed(this.state);
  }

  #stopPause(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  #connect(): void {
    this.#stopPause();
    this.#apply('connect');
    const { clock, connectTimeoutMs } = this.#options;
    const late = () => redisFailure('ERR_MCP_REDIS_TIMEOUT', this.place, `could not be connected to within ${connectTimeoutMs} ms`);
    const attempt = new AbortController();
    this.#attempt = attempt;
    const deadline = timedSignal(clock, connectTimeoutMs, late, attempt.signal);
    this.#open(deadline.signal).then(
      (connection) => (deadline.release(), this.#becomeReady(connection)),
      (error: unknown) => (deadline.release(), this.#fail(error)),
    );
  }

  async #open(signal: AbortSignal): Promise<RedisConnection> {
    const { locate, address, clientName, database } = this.#options;
    const builtins = await orAbort(loadRedisBuiltins(), signal);
    const found = locate === undefined ? address : await orAbort(locate(signal), signal);
    const credentials = await orAbort(this.#login(), signal);
    const place = placeOfRedis(found);
    const connection = new RedisConnection((read) => openRedisSocket(builtins, found, this.#options, read), place, this.#options, {
      answered: (command, reply) => this.#owner.answered(command, reply),
      pushed: (items) => this.#owner.pushed(items),
      writable: () => this.#owner.writable(),
      ended: (end) => this.#lose(connection, end),
    });
    const onAbort = () => connection.destroy(signal.reason as MCPError);
    signal.addEventListener('abort', onAbort);
    this.#opening = connection;
    connection.hold(this.#isHeld || this.#connected !== undefined);
    try {
      await introduceToRedis((args) => connection.ask(args), place, { credentials, clientName, database });
      connection.becomeReady();
      return connection;
    } catch (error) {
      connection.destroy(connectFailure(place, error));
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#opening = undefined;
    }
  }

  async #login(): Promise<RedisCredentials | undefined> {
    try {
      return await this.#options.login();
    } catch (cause) {
      throw new RedisError('ERR_MCP_REDIS_AUTH', `The function that gives the login for Redis at ${this.place} failed`, { details: { place: this.place }, cause });
    }
  }

  #becomeReady(connection: RedisConnection): void {
    if (this.state !== 'connecting') return connection.destroy(redisFailure('ERR_MCP_REDIS_CONNECTION', connection.place, 'is not needed any more'));
    this.connection = connection;
    this.#hasServed = false;
    this.#apply('ready');
    this.#options.log.debug('Connected to Redis', { place: connection.place });
    this.#connected?.resolve();
    this.#connected = undefined;
    connection.hold(this.#isHeld);
    this.#owner.ready(connection);
  }

  #fail(error: unknown): void {
    const failure = connectFailure(this.place, error);
    this.#connected?.reject(failure);
    this.#connected = undefined;
    if (this.state !== 'connecting') return;
    this.#countFailure();
    this.#apply('lost');
    this.#options.log.warn('Could not connect to Redis', { place: this.place, code: failure.code, failures: this.#failures });
    this.#owner.failed(failure, FINAL_CODES.has(failure.code));
  }

  #lose(connection: RedisConnection, end: RedisConnectionEnd): void {
    if (connection !== this.connection) return;
    this.connection = undefined;
    if (this.#hasServed) this.#forgetFailures();
    else this.#countFailure();
    this.#apply('lost');
    this.#options.log.debug('Lost the connection to Redis', { place: connection.place, code: end.cause.code });
    this.#owner.lost(connection, end);
  }

  #countFailure(): void {
    const { retryDelayMs, maxRetryDelayMs, clock } = this.#options;
    this.#failures += 1;
    this.#connectAt = clock.now() + redisBackoffMs(retryDelayMs, this.#failures, maxRetryDelayMs);
  }

  #forgetFailures(): void {
    this.#failures = 0;
    this.#connectAt = 0;
  }
}
