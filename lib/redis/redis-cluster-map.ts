import { orAbort } from '../base/abort.ts';
import { isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { resolveAnnounced, splitNodeAddress } from './redis-cluster-address.ts';
import type { RedisNodeAddress } from './redis-cluster-address.ts';
import { RedisClusterNodes } from './redis-cluster-node.ts';
import type { RedisClusterNode } from './redis-cluster-node.ts';
import type { ResolvedRedisClusterOptions } from './redis-cluster-options.ts';
import { firstAnswer } from './redis-cluster-race.ts';
import { readClusterSlots } from './redis-cluster-topology.ts';
import type { RedisSlotRange } from './redis-cluster-topology.ts';
import { connectFailure, redisFailure } from './redis-failure.ts';
import { REDIS_SLOT_COUNT } from './redis-slots.ts';
import { placeOfRedis } from './redis-url.ts';

// A node that is asked for the slots and does not answer is not waited for alone for longer.
const SLOTS_HEAD_START_MS = 100;
// So many nodes are asked before the seeds are: some of a thousand are enough to find one that is alive.
const MOST_ASKED_FOR_SLOTS = 8;

/** What can be known of it: which masters there are. */
export interface RedisClusterTopology {
  /** The masters that have slots. */
  readonly masters: readonly RedisNodeAddress[];
  /** Slots that no master has, or one that nobody knows how to reach. */
  readonly missingSlots: number;
}

/** Who hears of changes. */
export type RedisTopologyHearer = (topology: RedisClusterTopology) => void;

/** The nodes of a cluster and the slots they have, as far as it is known; asked for when that turns out to be wrong. */
export class RedisClusterMap {
  readonly #options: ResolvedRedisClusterOptions;
  readonly #heard: RedisTopologyHearer;
  readonly #nodes: RedisClusterNodes;
  #owners: Array<RedisClusterNode | undefined> = [];
  #masters: readonly RedisClusterNode[] = [];
  #replicas: readonly RedisNodeAddress[] = [];
  #refreshing: Promise<MCPError | undefined> | undefined;
  #stage: 'resting' | 'pausing' | 'asking' = 'resting';
  /** Somebody found the map to be wrong while it was being asked for. */
  #isDoubted = false;
  #refreshAt = 0;
  /** Why the last refresh failed; `undefined` when it did not. */
  failure: MCPError | undefined;
  #endPause: () => void = () => {};
  readonly #life = new AbortController();

  constructor(options: ResolvedRedisClusterOptions, heard: RedisTopologyHearer) {
    this.#options = options;
    this.#heard = heard;
    const { clientOptions, maxClusterNodes } = options;
    this.#nodes = new RedisClusterNodes({ clientOptions, maxClusterNodes, lost: () => this.refreshSoon() });
  }

  /** Whether any master is known. */
  get isKnown(): boolean {
    return this.#masters.length > 0;
  }

  /** The node for commands of this slot; any one for those of none, and of slots that nobody is known to have. `undefined` while no master is known. */
  nodeFor(slot: number | undefined): RedisClusterNode | undefined {
    const node = (slot === undefined ? undefined : this.#owners[slot]) ?? this.#anyMaster();
    if (node?.isLost === true) this.refreshSoon();
    return node;
  }

  #anyMaster(): RedisClusterNode | undefined {
    const masters = this.#masters;
    const start = Math.floor(Math.random() * masters.length);
    for (let step = 0; step < masters.length; step++) {
      const node = masters[(start + step) % masters.length];
      if (node?.isLost === false) return node;
    }
    return masters[start];
  }

  /** The node that `speaker` redirected to; `undefined` when what it said is no address. @throws LimitError; what `mapAddress` throws. */
  announced(address: string, speaker: RedisNodeAddress): RedisClusterNode | undefined {
    const resolved = resolveAnnounced(...splitNodeAddress(address), speaker, this.#options.mapAddress);
    return resolved === undefined ? undefined : this.#nodes.at(resolved);
  }

  /** A node says that `owner` has the slot now. */
  move(slot: number, owner: RedisClusterNode): void {
    this.#owners[slot] = owner;
    this.refreshSoon();
  }

  /** Asks for the map again, in a while, and again once more if that is already under way. */
  refreshSoon(): void {
    if (this.#life.signal.aborted) return;
    if (this.#stage === 'asking') this.#isDoubted = true;
    else void this.refresh();
  }

  /** Joins the refresh that is under way or due, or begins one, not sooner than its interval. Resolves with why it failed; never rejects. */
  refresh(): Promise<MCPError | undefined> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#stage = 'resting';
      const isDoubted = this.#isDoubted;
      this.#isDoubted = false;
      if (isDoubted) this.refreshSoon();
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<MCPError | undefined> {
    const { client, refreshIntervalMs } = this.#options;
    this.#stage = 'pausing';
    await this.#pauseInBackground(this.#refreshAt - client.clock.now());
    this.#stage = 'asking';
    this.#refreshAt = client.clock.now() + refreshIntervalMs;
    try {
      this.#apply(await this.#askForSlots());
      return (this.failure = undefined);
    } catch (error) {
      const failure = connectFailure(this.#seedPlace, error);
      if (!this.#life.signal.aborted) client.log.warn('Could not learn which node of the Redis cluster has which slots', { place: this.#seedPlace, code: failure.code });
      return (this.failure = failure);
    }
  }

  /** Nothing but who waits for the refresh keeps the process alive. */
  #pauseInBackground(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.#life.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.client.clock.afterInBackground(delayMs, resolve);
      this.#endPause = () => (cancel(), resolve());
    });
  }

  async #askForSlots(): Promise<readonly RedisSlotRange[]> {
    const { client, refreshTimeoutMs, mapAddress } = this.#options;
    const ask = async (address: RedisNodeAddress, signal: AbortSignal) => {
      signal.throwIfAborted();
      const node = this.#nodes.at(address);
      // Unlike a command, it does not wait for a node that cannot be connected to.
      await orAbort(node.client.connect(), signal);
      const reply = await node.client.send(['CLUSTER', 'SLOTS'], { signal, timeoutMs: refreshTimeoutMs });
      return readClusterSlots(reply, node.address, mapAddress);
    };
    const late = (address: RedisNodeAddress) =>
      redisFailure('ERR_MCP_REDIS_TIMEOUT', placeOfRedis(address), `did not say within ${refreshTimeoutMs} ms which node has which slots`);
    const race = { clock: client.clock, headStartMs: SLOTS_HEAD_START_MS, timeoutMs: refreshTimeoutMs, late, signal: this.#life.signal };
    const outcome = await firstAnswer(this.#candidates(), ask, race);
    if ('answer' in outcome) return outcome.answer;
    // One that will not change says more than one that may.
    throw outcome.failures.find((failure) => isMCPError(failure) && isFinalRedisFailure(failure)) ?? outcome.failures.at(-1);
  }

  /** Masters with a connection first, in no particular order; then other nodes; then the seeds; last those that could not be connected to. */
  #candidates(): readonly RedisNodeAddress[] {
    const shuffled = inAnyOrder(this.#masters);
    const ready = shuffled.filter((node) => node.isReady);
    const others = shuffled.filter((node) => !node.isReady && !node.isLost);
    const known = [...[...ready, ...others].map((node) => node.address), ...inAnyOrder(this.#replicas)].slice(0, MOST_ASKED_FOR_SLOTS);
    const lost = shuffled.filter((node) => node.isLost).map((node) => node.address);
    return [...new Map([...known, ...this.#options.seeds, ...lost.slice(0, MOST_ASKED_FOR_SLOTS)].map((address) => [placeOfRedis(address), address])).values()];
  }

  #apply(ranges: readonly RedisSlotRange[]): void {
    if (this.#life.signal.aborted) return;
    const owners = new Array<RedisClusterNode | undefined>(REDIS_SLOT_COUNT).fill(undefined);
    for (const { first, last, master } of ranges) {
      if (master !== undefined) owners.fill(this.#nodes.at(master), first, last + 1);
    }
    const masters = new Set(owners.filter((node) => node !== undefined));
    this.#owners = owners;
    this.#masters = [...masters];
    this.#replicas = ranges.flatMap(({ replicas }) => replicas);
    this.#nodes.keepOnly(masters);
    this.#heard(this.topology);
  }

  /** What is known now. */
  get topology(): RedisClusterTopology {
    const masters = Object.freeze(this.#masters.map(({ address }) => address));
    return Object.freeze({ masters, missingSlots: REDIS_SLOT_COUNT - this.#owners.filter((node) => node !== undefined).length });
  }

  /** Asks no more, and closes every node. */
  async close(cause: MCPError, timeoutMs: number): Promise<void> {
    this.#life.abort(cause);
    this.#endPause();
    await this.#nodes.close(timeoutMs);
  }

  get #seedPlace(): string {
    return placeOfRedis(this.#options.seeds[0] as RedisNodeAddress);
  }
}

/** Whether asking again would come to the same. */
export function isFinalRedisFailure(failure: MCPError): boolean {
  const { code, details } = failure;
  // A node that says ERR has no cluster.
  return code === 'ERR_MCP_REDIS_AUTH' || code === 'ERR_MCP_PERMISSION_DENIED' || (code === 'ERR_MCP_REDIS_REPLY' && details['redisCode'] === 'ERR');
}

function inAnyOrder<T>(list: readonly T[]): T[] {
  const shuffled = [...list];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other] as T, shuffled[at] as T];
  }
  return shuffled;
}
