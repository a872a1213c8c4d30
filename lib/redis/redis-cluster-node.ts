import { LimitError } from '../base/errors.ts';
import { DEFAULT_REDIS_CLOSE_MS, RedisClient } from './redis-client.ts';
import type { RedisClientOptions } from './redis-options.ts';
import type { RedisNodeAddress } from './redis-cluster-address.ts';
import { placeOfRedis } from './redis-url.ts';

/** One node of a cluster, and its client, which is made when it is first needed. */
export class RedisClusterNode {
  readonly address: RedisNodeAddress;
  /** Host and port, for errors. */
  readonly place: string;
  readonly #make: () => RedisClient;
  #client: RedisClient | undefined;

  constructor(address: RedisNodeAddress, make: () => RedisClient) {
    this.address = address;
    this.place = placeOfRedis(address);
    this.#make = make;
  }

  get client(): RedisClient {
    return (this.#client ??= this.#make());
  }

  /** It has a connection. */
  get isReady(): boolean {
    return this.#client?.state === 'ready';
  }

  /** Commands wait for it, and it could not be connected to. */
  get isLost(): boolean {
    return this.#client?.state === 'waiting';
  }

  /** Waits for what it was sent, at most `timeoutMs`, and ends its connection. */
  async close(timeoutMs: number): Promise<void> {
    await this.#client?.close({ timeoutMs });
  }
}

/** How nodes are made. */
export interface RedisClusterNodesOptions {
  readonly clientOptions: (address: RedisNodeAddress) => RedisClientOptions;
  readonly maxClusterNodes: number;
  /** A node could not be connected to, and commands wait for it. */
  readonly lost: () => void;
}

/** The nodes there are, each once. */
export class RedisClusterNodes {
  readonly #options: RedisClusterNodesOptions;
  readonly #byPlace = new Map<string, RedisClusterNode>();
  readonly #leaving = new Set<Promise<void>>();

  constructor(options: RedisClusterNodesOptions) {
    this.#options = options;
  }

  /** The node at `address`. @throws LimitError `maxClusterNodes`. */
  at(address: RedisNodeAddress): RedisClusterNode {
    const place = placeOfRedis(address);
    const known = this.#byPlace.get(place);
    if (known !== undefined) return known;
    const { maxClusterNodes, clientOptions, lost } = this.#options;
    if (this.#byPlace.size >= maxClusterNodes) {
      const options = { details: { place, most: maxClusterNodes }, delivery: 'unsent' } as const;
      throw new LimitError('maxClusterNodes', `A cluster may have ${maxClusterNodes} nodes; one more is named`, options);
    }
    const node = new RedisClusterNode(address, () => {
      const client = new RedisClient(clientOptions(address));
      client.on('state', (state) => state === 'waiting' && lost());
      return client;
    });
    this.#byPlace.set(place, node);
    return node;
  }

  /** Lets all others go: what waits for one without a connection is rejected at once, as it has to go elsewhere; else it is waited for. */
  keepOnly(kept: ReadonlySet<RedisClusterNode>): void {
    for (const [place, node] of this.#byPlace) {
      if (kept.has(node)) continue;
      this.#byPlace.delete(place);
      const leaving = node.close(node.isReady ? DEFAULT_REDIS_CLOSE_MS : 0).finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
  }

  /** Closes all of them. */
  async close(timeoutMs: number): Promise<void> {
    const nodes = [...this.#byPlace.values()];
    await Promise.all([...this.#leaving, ...nodes.map((node) => node.close(timeoutMs))]);
  }
}
