import { RawRedisClient } from '../floor-redis.mjs';

/** `node:net` and constant strings. */
export async function open(url) {
  const client = new RawRedisClient(url);
  return { set: (slot) => client.set(slot), get: (slot) => client.get(slot), close: async () => client.close() };
}
