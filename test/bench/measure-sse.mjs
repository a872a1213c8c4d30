/**
 * One measurement of a parser of event streams in a process of its own: `node measure-sse.mjs <parser> <event bytes> <chunk bytes> <line end>`,
 * 0 chunk bytes for one chunk. Every pass over the stream is asserted; the outcome is one JSON line on stdout, `{ "value": MB/s }`.
 */
import { writeSync } from 'node:fs';

const LINE_ENDS = { LF: '\n', CRLF: '\r\n' };
const STREAM_BYTES = 1024 * 1024;
const SHORT_STREAM_BYTES = 256 * 1024;
const WARM_UP_MS = 250;
const MEASURED_MS = 300;

const [parserName, eventBytes, chunkBytes, lineEndName] = process.argv.slice(2);

/** A stream as a server of MCP sends it: type, id, one message, blank line. */
function makeStream(bytesEach, total, lineEnd) {
  const events = [];
  let dataLength = 0;
  for (let bytes = 0, number = 0; bytes < total; number += 1) {
    const head = `event: message${lineEnd}id: 1-${number}${lineEnd}data: `;
    const open = `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"`;
    const fill = 'the quick brown fox jumps over the lazy dog, '.repeat(Math.ceil(bytesEach / 45));
    const room = bytesEach - head.length - open.length - 3 - 2 * lineEnd.length;
    const data = `${open}${fill.slice(0, room)}"}}`;
    const event = `${head}${data}${lineEnd}${lineEnd}`;
    events.push(event);
    dataLength += data.length;
    bytes += event.length;
  }
  return { bytes: new TextEncoder().encode(events.join('')), count: events.length, dataLength };
}

function cut(bytes, size) {
  if (size === 0) return [bytes];
  // Each with a buffer of its own, as chunks come from a socket.
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

async function readOurs(chunks) {
  const { SSEParser } = await import(`${process.env.BENCH_SSE}/sse/sse-parser.js`);
  const { DEFAULT_SSE_BOUNDS } = await import(`${process.env.BENCH_SSE}/sse/sse-bounds.js`);
  return () => {
    const parser = new SSEParser(DEFAULT_SSE_BOUNDS);
    const heard = { count: 0, dataLength: 0, lastId: '' };
    for (const chunk of chunks) {
      for (const event of parser.feed(chunk)) {
        heard.count += 1;
        heard.dataLength += event.data.length;
        heard.lastId = event.id;
      }
    }
    parser.end();
    return heard;
  };
}

async function readPeer(chunks, decode) {
  const { createParser } = await import('eventsource-parser');
  return () => {
    const heard = { count: 0, dataLength: 0, lastId: '' };
    const parser = createParser({
      onEvent(event) {
        heard.count += 1;
        heard.dataLength += event.data.length;
        heard.lastId = event.id;
      },
    });
    const { next, last } = decode();
    for (const chunk of chunks) parser.feed(next(chunk));
    parser.feed(last());
    return heard;
  };
}

/** As a client over fetch has to decode. */
function streamingDecoder() {
  const decoder = new TextDecoder();
  return { next: (chunk) => decoder.decode(chunk, { stream: true }), last: () => decoder.decode() };
}

function decodeAhead(chunks) {
  const { next } = streamingDecoder();
  return chunks.map(next);
}

const parsers = {
  'eventsource-parser': (chunks) => readPeer(chunks, streamingDecoder),
  ours: readOurs,
  'decoded-ahead': (chunks) => readPeer(decodeAhead(chunks), () => ({ next: (text) => text, last: () => '' })),
};

const size = Number(chunkBytes);
const total = size > 0 && size < 64 ? SHORT_STREAM_BYTES : STREAM_BYTES;
const stream = makeStream(Number(eventBytes), total, LINE_ENDS[lineEndName]);
const read = await parsers[parserName](cut(stream.bytes, size));

function pass() {
  const began = performance.now();
  const heard = read();
  const milliseconds = performance.now() - began;
  const isRight = heard.count === stream.count && heard.dataLength === stream.dataLength && heard.lastId === `1-${stream.count - 1}`;
  if (!isRight) throw new Error(`${process.argv.slice(2).join(' ')}: wrong events: ${JSON.stringify(heard)}`);
  return milliseconds;
}

function passesFor(milliseconds) {
  const times = [];
  for (const began = performance.now(); performance.now() - began < milliseconds; ) times.push(pass());
  return times;
}

passesFor(WARM_UP_MS);
const times = passesFor(MEASURED_MS).toSorted((left, right) => left - right);
writeSync(1, `${JSON.stringify({ value: stream.bytes.length / times[times.length >> 1] / 1000 })}\n`);
