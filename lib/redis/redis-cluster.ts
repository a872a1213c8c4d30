import { orAbort } from '../base/abort.ts';
import { delay } from '../base/clock.ts';
import { LimitError, isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { Listeners } from '../base/listeners.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { abortSignal, checkKeys, durationMs } from '../base/options.ts';
import { quiet } from '../base/quiet.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import { redisBackoffMs } from './redis-backoff.ts';
import { DEFAULT_REDIS_CLOSE_MS } from './redis-client.ts';
import type { RedisCommands } from './redis-client.ts';
import { slotOfCommand } from './redis-cluster-keys.ts';
import { RedisClusterMap, isFinalRedisFailure } from './redis-cluster-map.ts';
import type { RedisClusterTopology } from './redis-cluster-map.ts';
import type { RedisClusterNode } from './redis-cluster-node.ts';
import { resolveRedisClusterOptions } from './redis-cluster-options.ts';
import type { RedisClusterOptions, ResolvedRedisClusterOptions } from './redis-cluster-options.ts';
import { isSlot } from './redis-cluster-topology.ts';
import { RedisClusterTrip, clusterReactionTo, isRoadFailure } from './redis-cluster-trip.ts';
import { commandTimeout, failureOfCommand, redisFailure } from './redis-failure.ts';
import { createCommand, NO_SEND_OPTIONS } from './redis-send.ts';
import type { RedisSendOptions } from './redis-send.ts';
import { placeOfRedis } from './redis-url.ts';

/** `idle`: which node has which slots is not known; `closed`: for good. */
export type RedisClusterState = 'idle' | 'ready' | 'closed';

/** What a client of a cluster tells its listeners. */
export interface RedisClusterEvents {
  /** A node said which masters there are. */
  readonly topology: RedisClusterTopology;
}

/** Where a command goes next. */
interface RedisClusterLeg {
  readonly node: RedisClusterNode;
  /** The node has the slot not yet, and takes the command only behind `ASKING`. */
  readonly isAsking: boolean;
}

// Two nodes that send a command to each other have not heard of each other yet: from then on it takes its time.
const HASTY_REDIRECTS = 2;
// A command that is sent right before its deadline is hardly answered before it, and then nobody knows whether it was done.
const LAST_TRY_MS = 50;

/**
 * A client of a cluster: one {@link RedisClient} for each master, made when a command first needs it. Source: Redis cluster specification.
 *
 * - A command goes to the master that has the slot of its keys; all keys of a command must live in one slot. One without keys goes to any master, and
 *   says of that one only (`SCAN`, `DBSIZE`, `FLUSHALL`, `SCRIPT LOAD`).
 * - `MOVED` and `ASK` are followed. `TRYAGAIN`, `CLUSTERDOWN`, and what a node says that is no master now, are waited for until the command's deadline: it did not
 *   run. What may have run is sent again only where it reads or is said to be idempotent.
 * - A master that is lost is waited for until the deadline too; when a replica has taken its place, what was not written goes there.
 * - Commands of one turn for one node are one write, in their order; between nodes, and behind a redirection, there is no order.
 *
 * Nobody has to listen to anything: failures reject the commands that meet them.
 */
export class RedisCluster implements RedisCommands {
  readonly #options: ResolvedRedisClusterOptions;
  readonly #listeners: Listeners<RedisClusterEvents>;
  readonly #map: RedisClusterMap;
  /** Ends what waits for the cluster to come to terms. */
  readonly #waits = new Set<(reason: unknown) => void>();
  #closing: Promise<void> | undefined;
  #closedFor: MCPError | undefined;
  #isClosed = false;

  /** @throws TypeError, RangeError for wrong options, without a value that may be a secret. */
  constructor(options: RedisClusterOptions) {
    this.#options = resolveRedisClusterOptions(options);
    this.#listeners = new Listeners((what, cause) => this.#options.client.log.warn(`A listener of the Redis cluster for ${what} failed`, { cause }));
    this.#map = new RedisClusterMap(this.#options, (topology) => this.#listeners.emit('topology', topology));
  }

  get state(): RedisClusterState {
    if (this.#isClosed) return 'closed';
    return this.#map.isKnown ? 'ready' : 'idle';
  }

  /** What is known of the cluster; `undefined` before anything is. */
  get topology(): RedisClusterTopology | undefined {
    return this.#map.isKnown ? this.#map.topology : undefined;
  }

  /** Where the first seed is, as errors name it. */
  get place(): string {
    return this.#options.seeds.slice(0, 1).map(placeOfRedis).join();
  }

  /** Adds a listener. What it throws goes to the logger. */
  on<Name extends keyof RedisClusterEvents & string>(event: Name, listener: (payload: RedisClusterEvents[Name]) => unknown): Unsubscribe {
    return this.#listeners.on(event, listener);
  }

  /**
   * Learns which node has which slots, without waiting for a command to do it. Resolves when it is known.
   *
   * @throws RedisError when no seed can say so: the codes of {@link RedisClient.connect}, `ERR_MCP_REDIS_PROTOCOL` for what is no list of slots. LimitError.
   */
  async connect(): Promise<void> {
    if (this.#closing !== undefined) throw this.#closedError();
    if (this.#map.isKnown) return;
    const failure = await this.#map.refresh();
    if (failure !== undefined) throw failure;
  }

  /**
   * Sends one command to the node that has its keys, and gives its reply. Bytes among the arguments must stay as they are until then.
   *
   * @throws what {@link RedisClient.send} does; RedisError `ERR_MCP_REDIS_REPLY` with `details.redisCode` `CROSSSLOT`, before anything is sent, when its keys
   * live in several slots; LimitError `maxClusterRedirects`, `maxClusterNodes`; TypeError also for `ASKING`, `READONLY` and `READWRITE`.
   */
  send(args: readonly RedisArgument[], options: RedisSendOptions = NO_SEND_OPTIONS): Promise<RESPReply> {
    try {
      const trip = this.#tripOf(args, options);
      if (this.#closing !== undefined) throw failureOfCommand(this.#closedError(), trip.name, 'unsent');
      const node = this.#map.nodeFor(trip.slot);
      if (node === undefined) {
        // Nobody else checks it before it is known where to send it.
        createCommand(args, options, this.#options.client, this);
        return quiet(this.#travel(trip));
      }
      return quiet(node.client.send(args, options).catch((error: unknown) => this.#travel(trip, error, node)));
    } catch (error) {
      return quiet(Promise.reject(error));
    }
  }

  /**
   * Takes nothing more, waits until what was sent is answered, at most `timeoutMs`, and lets go of all connections. What is still not answered then, or waits for
   * the cluster to come to terms, is rejected. Closing twice is fine. Rejects only for wrong options.
   */
  async close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkKeys('options', options as unknown, ['timeoutMs']);
    const timeoutMs = durationMs('options.timeoutMs', options.timeoutMs ?? DEFAULT_REDIS_CLOSE_MS, 0);
    this.#closing ??= this.#end(timeoutMs);
    return this.#closing;
  }

  async #end(timeoutMs: number): Promise<void> {
    const cause = this.#closedError();
    this.#closedFor = cause;
    for (const end of this.#waits) end(cause);
    await this.#map.close(cause, timeoutMs);
    this.#isClosed = true;
    this.#listeners.clear();
  }

  #tripOf(args: readonly RedisArgument[], options: RedisSendOptions): RedisClusterTrip {
    const slot = slotOfCommand(args);
    const { commandTimeoutMs, clock } = this.#options.client;
    if (options === NO_SEND_OPTIONS) return new RedisClusterTrip(args, options, slot, commandTimeoutMs, clock);
    abortSignal('options.signal', options.signal);
    const timeoutMs = options.timeoutMs === undefined ? commandTimeoutMs : durationMs('options.timeoutMs', options.timeoutMs);
    return new RedisClusterTrip(args, options, slot, timeoutMs, clock);
  }

  /** Takes a command from node to node, until one answers it or it comes to its end. */
  async #travel(trip: RedisClusterTrip, error?: unknown, from?: RedisClusterNode): Promise<RESPReply> {
    const patience = trip.patience(this.#waits, () => this.#lateFailure(trip));
    try {
      let leg = from === undefined ? await this.#legBySlot(trip, patience.signal) : await this.#nextLeg(trip, error, from, patience.signal);
      for (;;) {
        try {
          return await this.#go(trip, leg);
        } catch (failure) {
          leg = await this.#nextLeg(trip, failure, leg.node, patience.signal);
        }
      }
    } catch (failure) {
      const closedFor = this.#closedFor;
      if (closedFor === undefined || failure !== closedFor) throw asTold(trip, failure);
      throw failureOfCommand(closedFor, trip.name, trip.isDoubtful ? 'unknown' : 'unsent');
    } finally {
      patience.release();
    }
  }

  #go(trip: RedisClusterTrip, { node, isAsking }: RedisClusterLeg): Promise<RESPReply> {
    const options = trip.legOptions;
    // In one turn, so that they are written one behind the other. When it is refused, the command's own reply says so.
    if (isAsking) quiet(node.client.send(['ASKING'], { signal: options.signal, timeoutMs: options.timeoutMs }));
    return node.client.send(trip.args, options);
  }

  /** Where a command goes that `from` did not do. @throws `error` when that is its end, and what `signal` fires with. */
  async #nextLeg(trip: RedisClusterTrip, error: unknown, from: RedisClusterNode, signal: AbortSignal): Promise<RedisClusterLeg> {
    if (isRoadFailure(error)) this.#map.refreshSoon();
    const reaction = clusterReactionTo(error, trip);
    if (reaction === undefined || !isMCPError(error) || trip.options.signal?.aborted === true) throw error;
    trip.isDoubtful ||= error.delivery === 'unknown';
    // Its deadline may have passed, or all be over, while it was with the node.
    if (this.#closing !== undefined || signal.aborted || trip.leftMs <= 0) throw error;
    trip.failure = error;
    if (reaction === 'moved' || reaction === 'ask') return this.#redirected(trip, error, from, signal);
    trip.redirects = 0;
    if (reaction === 'settle') this.#map.refreshSoon();
    if (reaction !== 'reroute' || this.#map.nodeFor(trip.slot) === from) await this.#pause(trip, signal);
    return this.#legBySlot(trip, signal);
  }

  async #redirected(trip: RedisClusterTrip, refusal: MCPError, from: RedisClusterNode, signal: AbortSignal): Promise<RedisClusterLeg> {
    const { maxClusterRedirects } = this.#options;
    const { slot, address, redisCode } = refusal.details;
    if (!isSlot(slot) || typeof address !== 'string') throw refusal;
    if (trip.redirects >= maxClusterRedirects) {
      const message = `${trip.name}: nodes of the cluster sent it from one to another more than ${maxClusterRedirects} times`;
      const details = { place: from.place, command: trip.name, most: maxClusterRedirects };
      throw new LimitError('maxClusterRedirects', message, { details, cause: refusal, delivery: 'answered' });
    }
    trip.redirects += 1;
    const node = this.#map.announced(address, from.address);
    if (node === undefined) throw refusal;
    if (redisCode === 'MOVED') this.#map.move(slot, node);
    if (trip.redirects > HASTY_REDIRECTS) await this.#pause(trip, signal);
    return { node, isAsking: redisCode === 'ASK' };
  }

  /** The node that has the slot as far as is known; waits until anything is. */
  async #legBySlot(trip: RedisClusterTrip, signal: AbortSignal): Promise<RedisClusterLeg> {
    for (;;) {
      const node = this.#map.nodeFor(trip.slot);
      if (node !== undefined) return { node, isAsking: false };
      const failure = await orAbort(this.#map.refresh(), signal);
      if (failure === undefined) continue;
      trip.failure = failureOfCommand(failure, trip.name, 'unsent');
      if (failure instanceof LimitError || isFinalRedisFailure(failure)) throw trip.failure;
    }
  }

  /** Waits for the cluster to come to terms. @throws what became of the command last, when there is no time for one more try. */
  async #pause(trip: RedisClusterTrip, signal: AbortSignal): Promise<void> {
    const { clock, retryDelayMs, maxRetryDelayMs } = this.#options.client;
    const mostMs = trip.leftMs - LAST_TRY_MS;
    if (mostMs <= 0) throw trip.failure;
    trip.pauses += 1;
    await delay(clock, Math.min(mostMs, redisBackoffMs(retryDelayMs, trip.pauses, maxRetryDelayMs)), signal);
  }

  #lateFailure(trip: RedisClusterTrip): MCPError {
    const { failure } = this.#map;
    if (trip.failure !== undefined) return trip.failure;
    return failure === undefined ? commandTimeout(this.place, trip.name, trip.timeoutMs, 'unsent') : failureOfCommand(failure, trip.name, 'unsent');
  }

  #closedError(): MCPError {
    return redisFailure('ERR_MCP_REDIS_CONNECTION', this.place, 'is not used any more: the client of the cluster is closed');
  }
}

/** What one node did not get another one may have done. */
function asTold(trip: RedisClusterTrip, failure: unknown): unknown {
  return trip.isDoubtful && isMCPError(failure) && failure.delivery === 'unsent' ? failureOfCommand(failure, trip.name, 'unknown') : failure;
}
