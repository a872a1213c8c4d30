import { KEYS, RECORDS } from '../redis-workload.mjs';

/** barewire as it ships (`BENCH_OURS`: what was built from `lib/` at the start of the run), with its defaults. */
const { RedisClient } = await import(process.env.BENCH_OURS);

export async function open(url) {
  const client = new RedisClient({ url });
  await client.connect();
  return {
    set: (slot) => client.send(['SET', KEYS[slot], RECORDS[slot]]),
    get: (slot) => client.send(['GET', KEYS[slot]]),
    close: () => client.close(),
  };
}
