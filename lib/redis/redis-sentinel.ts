import { isMCPError } from '../base/errors.ts';
import { Listeners } from '../base/listeners.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { checkKeys, durationMs } from '../base/options.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import { DEFAULT_REDIS_CLOSE_MS, RedisClient } from './redis-client.ts';
import type { RedisClientEvents, RedisCommands } from './redis-client.ts';
import type { RedisNodeAddress } from './redis-cluster-address.ts';
import type { RedisSendOptions } from './redis-send.ts';
import { RedisSentinelLookup } from './redis-sentinel-lookup.ts';
import { resolveRedisSentinelOptions } from './redis-sentinel-options.ts';
import type { RedisSentinelOptions, ResolvedRedisSentinelOptions } from './redis-sentinel-options.ts';
import type { RedisClientState } from './redis-state.ts';
import { placeOfRedis } from './redis-url.ts';

/** What the client of a master under sentinels tells its listeners. */
export interface RedisSentinelEvents extends RedisClientEvents {
  /** Sentinels named a master, and it says that it is one: the first one, and every one that took another one's place. */
  readonly master: RedisNodeAddress;
}

/**
 * A client of the master that sentinels watch over: a {@link RedisClient} that asks them where it is before every connect, and asks the server whether it is a
 * master. Source: Redis, "Guidelines for Redis clients with support for Redis Sentinel".
 *
 * - When the connection is lost, or the server says that it is a replica, it asks again, with growing pauses, for as long as commands wait.
 * - A command waits until its deadline, as with a {@link RedisClient}; a fail-over takes seconds.
 * - Replication is asynchronous: what the old master acknowledged, and no replica had heard of, is gone after a fail-over.
 */
export class RedisSentinel implements RedisCommands {
  readonly #options: ResolvedRedisSentinelOptions;
  readonly #listeners: Listeners<RedisSentinelEvents>;
  readonly #lookup: RedisSentinelLookup;
  #client: RedisClient;
  /** Those that serve a former master, until what they were sent is answered. */
  readonly #leaving = new Set<Promise<void>>();
  #master: RedisNodeAddress | undefined;
  #recheckAt = Infinity;
  #rechecking: Promise<void> | undefined;
  readonly #life = new AbortController();
  #closing: Promise<void> | undefined;

  /** @throws TypeError, RangeError for wrong options, without a value that may be a secret. */
  constructor(options: RedisSentinelOptions) {
    this.#options = resolveRedisSentinelOptions(options);
    this.#listeners = new Listeners((what, cause) => this.#options.client.log.warn(`A listener of the Redis sentinel client for ${what} failed`, { cause }));
    this.#lookup = new RedisSentinelLookup(this.#options);
    this.#client = this.#makeClient();
  }

  get state(): RedisClientState {
    return this.#client.state;
  }

  /** The master that was found last. */
  get master(): RedisNodeAddress | undefined {
    return this.#master;
  }

  /** Adds a listener. What it throws goes to the logger. */
  on<Name extends keyof RedisSentinelEvents & string>(event: Name, listener: (payload: RedisSentinelEvents[Name]) => unknown): Unsubscribe {
    return this.#listeners.on(event, listener);
  }

  /**
   * Finds the master and connects to it, without waiting for a command to do it.
   *
   * @throws RedisError as {@link RedisClient.connect} does; when no sentinel leads to a master, with what each one failed with in `details.sentinels`.
   */
  connect(): Promise<void> {
    return this.#client.connect();
  }

  /** Sends one command to the master and gives its reply. @throws what {@link RedisClient.send} does. */
  send(args: readonly RedisArgument[], options?: RedisSendOptions): Promise<RESPReply> {
    if (this.#options.client.clock.now() >= this.#recheckAt) this.#recheckSoon();
    return this.#client.send(args, options);
  }

  /**
   * Takes nothing more, waits until what was sent is answered, at most `timeoutMs`, and lets go of all connections. Closing twice is fine. Rejects only for
   * wrong options.
   */
  async close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkKeys('options', options as unknown, ['timeoutMs']);
    const timeoutMs = durationMs('options.timeoutMs', options.timeoutMs ?? DEFAULT_REDIS_CLOSE_MS, 0);
    this.#closing ??= this.#end(timeoutMs);
    return this.#closing;
  }

  async #end(timeoutMs: number): Promise<void> {
    this.#life.abort(new Error('The client is closed'));
    await Promise.all([this.#client.close({ timeoutMs }), ...this.#leaving, this.#rechecking]);
    this.#listeners.clear();
  }

  #makeClient(): RedisClient {
    const first = this.#options.sentinels[0] as RedisNodeAddress;
    const client = new RedisClient({ ...this.#options.masterOptions(first), locate: (signal) => this.#locate(signal) });
    client.on('push', (items) => this.#listeners.emit('push', items));
    client.on('state', (state) => client === this.#client && this.#listeners.emit('state', state));
    return client;
  }

  async #locate(signal: AbortSignal): Promise<RedisNodeAddress> {
    const master = await this.#lookup.find(true, signal);
    this.#checked();
    if (this.#master === undefined || placeOfRedis(this.#master) !== placeOfRedis(master)) {
      this.#master = master;
      this.#options.client.log.info('Found the Redis master', { masterName: this.#options.masterName, place: placeOfRedis(master) });
      this.#listeners.emit('master', master);
    }
    return master;
  }

  #checked(): void {
    const { recheckMs, client } = this.#options;
    this.#recheckAt = recheckMs === 0 ? Infinity : client.clock.now() + recheckMs;
  }

  #recheckSoon(): void {
    this.#checked();
    this.#rechecking ??= this.#recheck().finally(() => (this.#rechecking = undefined));
  }

  /** Goes over to another master if the sentinels name one; that they cannot be reached is no reason to leave one that answers. */
  async #recheck(): Promise<void> {
    try {
      const named = await this.#lookup.find(false, this.#life.signal);
      const isSame = this.#master !== undefined && placeOfRedis(named) === placeOfRedis(this.#master);
      // Without a connection it asks by itself.
      if (isSame || this.#client.state !== 'ready' || this.#closing !== undefined) return;
    } catch (error) {
      this.#options.client.log.debug('Could not ask the Redis sentinels whether the master is the same', { code: isMCPError(error) ? error.code : undefined });
      return;
    }
    const former = this.#client;
    this.#client = this.#makeClient();
    const leaving = former.close().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}
