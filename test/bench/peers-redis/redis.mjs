import { createClient } from 'redis';
import { KEYS, RECORDS } from '../redis-workload.mjs';

/** `redis` with its defaults, which write the commands of one tick together. */
export async function open(url) {
  const client = createClient({ url });
  await client.connect();
  return {
    set: (slot) => client.set(KEYS[slot], RECORDS[slot]),
    get: (slot) => client.get(KEYS[slot]),
    close: () => client.close(),
  };
}
