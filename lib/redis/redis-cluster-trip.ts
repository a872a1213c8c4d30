import { timedSignal } from '../base/abort.ts';
import type { TimedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import { kindOfCommand, nameOfCommand } from './redis-commands.ts';
import type { RedisSendOptions } from './redis-send.ts';

/** One command on its way through a cluster. */
export class RedisClusterTrip {
  readonly args: readonly RedisArgument[];
  readonly options: RedisSendOptions;
  /** That of its keys; `undefined` where it has none. */
  readonly slot: number | undefined;
  readonly timeoutMs: number;
  /** How many redirections in a row it followed. */
  redirects = 0;
  /** How often it waited for the cluster to come to terms. */
  pauses = 0;
  /** It may have been done by a node whose connection was lost. */
  isDoubtful = false;
  /** What became of it last. */
  failure: MCPError | undefined;
  readonly #clock: Clock;
  readonly #deadline: number;

  constructor(args: readonly RedisArgument[], options: RedisSendOptions, slot: number | undefined, timeoutMs: number, clock: Clock) {
    // It may be sent again after its caller has changed the array.
    this.args = args.slice();
    this.options = options;
    this.slot = slot;
    this.timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#deadline = clock.now() + timeoutMs;
  }

  /** As errors name it. */
  get name(): string {
    return nameOfCommand(this.args[0]);
  }

  /** May be sent again when nobody knows whether it was done. */
  get isIdempotent(): boolean {
    return this.options.isIdempotent ?? kindOfCommand(this.args) === 'read';
  }

  /** Milliseconds until its deadline; 0 and less when that has passed. */
  get leftMs(): number {
    return this.#deadline - this.#clock.now();
  }

  /** The options of its next leg. */
  get legOptions(): RedisSendOptions {
    return { ...this.options, timeoutMs: Math.max(1, this.leftMs) };
  }

  /**
   * A signal for what it waits for between two nodes: fires at its deadline, and with the reason of its caller's signal. While it is held, a function
   * that fires it stands in `waits`: a signal that all trips listened to would be warned of as a leak.
   */
  patience(waits: Set<(reason: unknown) => void>, late: () => unknown): TimedSignal {
    const either = new AbortController();
    const end = (reason: unknown) => either.abort(reason);
    const { signal } = this.options;
    const onAbort = () => end(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    waits.add(end);
    const timed = timedSignal(this.#clock, Math.max(0, this.leftMs), late, either.signal);
    return {
      signal: timed.signal,
      release: () => {
        timed.release();
        waits.delete(end);
        signal?.removeEventListener('abort', onAbort);
      },
    };
  }
}

/** What an error of one node means for the command: where it goes on, or `undefined` when it is its end. */
export type RedisClusterReaction = 'moved' | 'ask' | 'retry' | 'settle' | 'reroute';

// Source: Redis cluster specification, "Redirection and resharding", "Multiple keys operations", "Failover". Each says that the command did not run.
// `retry`: the same node will have both keys soon; `settle`: the cluster has to come to terms about who has the slot.
const CLUSTER_REACTIONS: ReadonlyMap<unknown, RedisClusterReaction> = new Map([
  ['MOVED', 'moved'],
  ['ASK', 'ask'],
  ['TRYAGAIN', 'retry'],
  ['CLUSTERDOWN', 'settle'],
  ['MASTERDOWN', 'settle'],
  ['READONLY', 'settle'],
  ['LOADING', 'settle'],
]);

/** Whether the node was not reached, or was lost. */
export function isRoadFailure(error: unknown): error is MCPError {
  return isMCPError(error) && (error.code === 'ERR_MCP_REDIS_CONNECTION' || error.code === 'ERR_MCP_REDIS_TIMEOUT');
}

/** See {@link RedisClusterReaction}. What may have been done is sent once more at most, and only when that does no harm. */
export function clusterReactionTo(error: unknown, trip: RedisClusterTrip): RedisClusterReaction | undefined {
  if (!isMCPError(error)) return undefined;
  if (error.code === 'ERR_MCP_REDIS_REPLY') return CLUSTER_REACTIONS.get(error.details['redisCode']);
  if (!isRoadFailure(error)) return undefined;
  if (error.delivery === 'unsent') return 'reroute';
  return error.delivery === 'unknown' && trip.isIdempotent && !trip.isDoubtful ? 'reroute' : undefined;
}
