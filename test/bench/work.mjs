/**
 * What the measuring processes do. Each function opens its clients with `openServer`, asserts every answer and resolves with
 * `{ value, cpuMicros? }` in the unit of its row; `value` is null where the client cannot do it or the parent takes the time.
 */
import { writeSync } from 'node:fs';
import { LIST_SIZE, LONG_TEXT_BYTES } from './workload.mjs';

function assert(condition, what) {
  if (!condition) throw new Error(`wrong ${what}`);
}

function median(values) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}

async function add(client, number) {
  const result = await client.callTool('add', { a: number, b: 7 });
  assert(result.content.length === 1 && result.content[0].text === String(number + 7), `answer to call ${number}`);
}

/** `count` calls, each after the answer to the one before. */
export async function callOneAfterTheOther(client, count) {
  for (let number = 0; number < count; number += 1) await add(client, number);
}

/** `count` calls, always `width` of them in flight. */
export async function callAtOnce(client, count, width) {
  let next = 0;
  let answered = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await add(client, next);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  assert(answered === count, 'number of answers');
}

/** Processor time of this process, all its threads, per one of `count`. */
function cpuMicrosEach(before, count) {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** Calls a second, and the processor time of this process a call, after a warm-up of the same kind. */
export async function measureCalls(openServer, warmUp, count, run) {
  const client = await openServer();
  await run(client, warmUp);
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  await run(client, count);
  const seconds = (performance.now() - before) / 1000;
  const cpuMicros = cpuMicrosEach(cpuBefore, count);
  await client.close();
  return { value: count / seconds, cpuMicros };
}

/** Calls a second over `bursts` times `width` calls that are all made in one tick. One that fails fails the row. */
export async function measureBursts(openServer, width, bursts) {
  const client = await openServer();
  await add(client, 1);
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  for (let burst = 0; burst < bursts; burst += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: width }, (_, number) => add(client, number)));
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    if (failed.length > 0) throw new Error(`${failed.length} of ${width} calls failed`, { cause: failed[0].reason });
  }
  const seconds = (performance.now() - before) / 1000;
  const cpuMicros = cpuMicrosEach(cpuBefore, width * bursts);
  await client.close();
  return { value: (width * bursts) / seconds, cpuMicros };
}

/** Resolves with the milliseconds until the last notification was heard; the answer is asserted after it. */
async function hearNotifications(client, count) {
  let logs = 0;
  let logSum = 0;
  let progressCount = 0;
  let lastProgress = 0;
  let heardAll = 0;
  const heard = () => {
    if (logs + progressCount === count) heardAll = performance.now();
  };
  const onLog = (params) => {
    logs += 1;
    logSum += params.data.step;
    heard();
  };
  const onProgress = (params) => {
    assert(params.progress > lastProgress, 'order of progress');
    progressCount += 1;
    lastProgress = params.progress;
    heard();
  };
  const before = performance.now();
  const result = await client.callToolHearing('notify', { count }, onProgress, onLog);
  assert(result.content[0].text === String(count), 'answer after notifications');
  // Whoever hears late hears the rest now.
  for (let turn = 0; heardAll === 0 && turn < 1000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const half = count / 2;
  assert(logs === half && logSum === half * half, `log messages (${logs} of ${half})`);
  assert(progressCount === half && lastProgress === count, `progress (${progressCount} of ${half})`);
  return heardAll - before;
}

/** Notifications a second of 100,000 on one call, until the last is heard. */
export async function measureNotifications(openServer) {
  const count = 100_000;
  const client = await openServer();
  if (!client.hearsNotifications) {
    await client.close();
    return { value: null };
  }
  await hearNotifications(client, 20_000);
  const cpuBefore = process.cpuUsage();
  const milliseconds = await hearNotifications(client, count);
  const cpuMicros = cpuMicrosEach(cpuBefore, count);
  await client.close();
  return { value: count / (milliseconds / 1000), cpuMicros };
}

async function callForLongText(client) {
  const before = performance.now();
  const result = await client.callTool('long-text', {});
  const milliseconds = performance.now() - before;
  const { text } = result.content[0];
  assert(text.length === LONG_TEXT_BYTES && text.startsWith('the quick'), 'long text');
  assert(text.indexOf('\n') === 78 && text.lastIndexOf('\n') > LONG_TEXT_BYTES - 80, 'line breaks of the long text');
  return milliseconds;
}

/** Milliseconds of one call whose answer is long. */
export async function measureLongText(openServer) {
  const client = await openServer();
  await callForLongText(client);
  const times = [];
  const cpuBefore = process.cpuUsage();
  for (let turn = 0; turn < 9; turn += 1) times.push(await callForLongText(client));
  const cpuMicros = cpuMicrosEach(cpuBefore, times.length);
  await client.close();
  return { value: median(times), cpuMicros };
}

async function listOnce(client, before) {
  const tools = await client.listTools();
  assert(tools.length === LIST_SIZE, 'number of tools');
  const last = tools[LIST_SIZE - 1];
  assert(last.name === 'search-collection-47' && last.inputSchema.properties.filter.properties.tags.maxItems === 20, 'last tool');
  const served = Number(last.description.slice(last.description.lastIndexOf(' ') + 1));
  assert(served > before, 'list, it is one from before');
  return served;
}

/** Milliseconds of one `tools/list`. */
export async function measureList(openServer) {
  const client = await openServer();
  let served = 0;
  const listFor = async (milliseconds) => {
    const times = [];
    const began = performance.now();
    let now = began;
    while (now - began < milliseconds) {
      const before = now;
      served = await listOnce(client, served);
      now = performance.now();
      times.push(now - before);
    }
    return times;
  };
  await listFor(300);
  const cpuBefore = process.cpuUsage();
  const times = await listFor(600);
  const cpuMicros = cpuMicrosEach(cpuBefore, times.length);
  await client.close();
  return { value: median(times), cpuMicros };
}

/** Milliseconds until a client is ready. */
export async function measureConnect(openServer) {
  const before = performance.now();
  const client = await openServer();
  const milliseconds = performance.now() - before;
  await add(client, 1);
  await client.close();
  return { value: milliseconds };
}

/** The parent takes the time: from the start of this process until it reads `listed`. */
export async function measureStart(openServer) {
  const client = await openServer();
  await listOnce(client, 0);
  writeSync(1, 'listed\n');
  await client.close();
  return { value: null };
}

function collectGarbage() {
  for (let turn = 0; turn < 3; turn += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** KiB of heap a connected, idle client of `count`, after `earlier` other clients took all that is loaded and compiled once. */
export async function measureMemory(openServer, earlier, count) {
  const idle = () => new Promise((resolve) => setTimeout(resolve, 100));
  const openMany = async (number) => {
    const clients = await Promise.all(Array.from({ length: number }, openServer));
    await Promise.all(clients.map((client, index) => add(client, index)));
    await idle();
    return clients;
  };
  const first = await openMany(earlier);
  const before = collectGarbage();
  const clients = await openMany(count);
  const after = collectGarbage();
  await Promise.all([...first, ...clients].map((client) => client.close()));
  return { value: (after - before) / count / 1024 };
}

