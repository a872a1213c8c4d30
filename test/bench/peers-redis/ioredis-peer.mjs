import { once } from 'node:events';
import { Redis } from 'ioredis';
import { KEYS, RECORDS } from '../redis-workload.mjs';

/** Connects `ioredis`, and gives it the shape in which every client is measured. */
export async function openWith(url, options) {
  const client = new Redis(url, options);
  await once(client, 'ready');
  return {
    set: (slot) => client.set(KEYS[slot], RECORDS[slot]),
    get: (slot) => client.get(KEYS[slot]),
    close: () => client.quit(),
  };
}
