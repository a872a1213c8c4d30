/**
 * One measurement over Streamable HTTP in a process of its own: `node measure-http.mjs <peer> <work>`, the server's URL in
 * `BENCH_URL`. Every answer is asserted; the outcome is one JSON line on stdout, `{ "value": number, "cpuMicros"?: number }`.
 */
import { writeSync } from 'node:fs';
import * as work from './work.mjs';

const [peerName, rowName] = process.argv.slice(2);
const { open } = await import(`./peers-http/${peerName}.mjs`);
const openServer = () => open(process.env.BENCH_URL);
const atOnce = (width) => (client, count) => work.callAtOnce(client, count, width);

// The warm-ups are long: a call over fetch runs through so much code that it is 8,000 calls before all of it is compiled.
const rows = {
  sequential: () => work.measureCalls(openServer, 8_000, 12_000, work.callOneAfterTheOther),
  parallel: () => work.measureCalls(openServer, 10_000, 15_000, atOnce(64)),
  thousand: () => work.measureCalls(openServer, 8_000, 10_000, atOnce(1_000)),
  'five-thousand': () => work.measureBursts(openServer, 5_000, 3),
  notifications: () => work.measureNotifications(openServer),
  connect: () => work.measureConnect(openServer),
  start: () => work.measureStart(openServer),
  memory: () => work.measureMemory(openServer, 50, 500),
};

const outcome = await rows[rowName]();
writeSync(1, JSON.stringify(outcome) + '\n');
