/**
 * One measurement of a Redis client in a process of its own: `node measure-redis.mjs <peer> <row>`, the server's URL in `BENCH_URL`. Every
 * answer is asserted; the outcome is one JSON line on stdout, `{ "value": commands a second, "cpuMicros": number }`.
 */
import { writeSync } from 'node:fs';
import { KEY_COUNT, RECORDS, SLOT_COUNT } from './redis-workload.mjs';

const [peerName, rowName] = process.argv.slice(2);
const { open } = await import(`./peers-redis/${peerName}.mjs`);

function assert(condition, what) {
  if (!condition) throw new Error(`wrong ${what}`);
}

/** Stores a record and reads it back: two commands. */
async function storeAndRead(client, slot) {
  assert((await client.set(slot)) === 'OK', `answer to SET ${slot}`);
  assert((await client.get(slot)) === RECORDS[slot], `record of ${slot}`);
}

/** Makes `count` pairs, always `width` of them under way, each on a key of its own. */
async function run(client, count, width) {
  let begun = 0;
  let done = 0;
  const worker = async (key) => {
    for (let turn = 0; begun < count; turn += 1) {
      begun += 1;
      await storeAndRead(client, (key + turn * KEY_COUNT) % SLOT_COUNT);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: width }, (_, key) => worker(key)));
  assert(done === count, 'number of answers');
}

async function measure(warmUp, count, width) {
  const client = await open(process.env.BENCH_URL);
  await run(client, warmUp, width);
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  await run(client, count, width);
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await client.close();
  return { value: (2 * count) / seconds, cpuMicros: (user + system) / (2 * count) };
}

const rows = {
  sequential: () => measure(5_000, 15_000, 1),
  parallel: () => measure(30_000, 100_000, KEY_COUNT),
};

const outcome = await rows[rowName]();
writeSync(1, JSON.stringify(outcome) + '\n');
