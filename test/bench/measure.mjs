/**
 * One measurement over stdio in a process of its own: `node measure.mjs <peer> <row>`. Every answer is asserted; the outcome
 * is one JSON line on stdout, `{ "value": number, "cpuMicros"?: number }`.
 */
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as work from './work.mjs';

const SERVER = fileURLToPath(new URL('./server-stdio.mjs', import.meta.url));

const [peerName, rowName] = process.argv.slice(2);
const { open } = await import(`./peers/${peerName}.mjs`);
const openServer = () => open(process.execPath, [SERVER]);

const rows = {
  sequential: () => work.measureCalls(openServer, 5_000, 20_000, work.callOneAfterTheOther),
  parallel: () => work.measureCalls(openServer, 20_000, 100_000, (client, count) => work.callAtOnce(client, count, 64)),
  notifications: () => work.measureNotifications(openServer),
  'long-text': () => work.measureLongText(openServer),
  list: () => work.measureList(openServer),
  connect: () => work.measureConnect(openServer),
  start: () => work.measureStart(openServer),
  memory: () => work.measureMemory(openServer, 10, 50),
};

const outcome = await rows[rowName]();
writeSync(1, JSON.stringify(outcome) + '\n');
