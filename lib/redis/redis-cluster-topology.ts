/** Which node has which slots. Source: Redis, "CLUSTER SLOTS". */

import type { RESPReply } from '../resp/resp-reply.ts';
import { resolveAnnounced } from './redis-cluster-address.ts';
import type { RedisAddressMapper, RedisNodeAddress } from './redis-cluster-address.ts';
import { redisFailure } from './redis-failure.ts';
import { REDIS_SLOT_COUNT } from './redis-slots.ts';
import { placeOfRedis } from './redis-url.ts';

/** Slots in a row with one master. */
export interface RedisSlotRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
  /** Absent where the cluster does not know how it is reached. */
  readonly master: RedisNodeAddress | undefined;
  readonly replicas: readonly RedisNodeAddress[];
}

/**
 * The reply to `CLUSTER SLOTS`, checked; `speaker` gave it.
 *
 * @throws RedisError `ERR_MCP_REDIS_PROTOCOL` for a reply of another shape; `ERR_MCP_REDIS_CONNECTION` when no master can be reached by it. What `map` throws.
 */
export function readClusterSlots(reply: RESPReply, speaker: RedisNodeAddress, map: RedisAddressMapper | undefined): readonly RedisSlotRange[] {
  if (!Array.isArray(reply)) throw malformedSlots(speaker, 'the reply is no array');
  const ranges = reply.map((entry) => readSlotRange(entry, speaker, map));
  if (ranges.some(({ master }) => master !== undefined)) return ranges;
  throw redisFailure('ERR_MCP_REDIS_CONNECTION', placeOfRedis(speaker), 'knows of no node that has slots of the cluster');
}

function readSlotRange(entry: RESPReply, speaker: RedisNodeAddress, map: RedisAddressMapper | undefined): RedisSlotRange {
  if (!Array.isArray(entry)) throw malformedSlots(speaker, 'an entry is no array');
  const [first, last, ...nodes] = entry;
  if (!isSlot(first) || !isSlot(last) || first > last) throw malformedSlots(speaker, 'an entry does not begin with two slots');
  if (nodes.length === 0) throw malformedSlots(speaker, 'an entry has no node');
  const [master, ...replicas] = nodes.map((node) => {
    if (!Array.isArray(node)) throw malformedSlots(speaker, 'a node is no array');
    return resolveAnnounced(node[0], node[1], speaker, map);
  });
  return { first, last, master, replicas: replicas.filter((address) => address !== undefined) };
}

function malformedSlots(speaker: RedisNodeAddress, what: string): Error {
  return redisFailure('ERR_MCP_REDIS_PROTOCOL', placeOfRedis(speaker), `answered CLUSTER SLOTS with what is no list of slots: ${what}`);
}

/** Whether `value` is the number of a slot. */
export function isSlot(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < REDIS_SLOT_COUNT;
}
