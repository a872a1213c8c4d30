/**
 * A listening stream that is silent for a long time, as `npm run bench` is not patient enough for:
 *
 *   node --import tsx test/bench/idle-stream.ts platform|node [seconds]
 *
 * A server sends one message at the beginning, is silent for `seconds` (600), and sends another. Whenever a stream breaks, it
 * makes a message at that moment, which only a stream that is resumed behind the last one it saw gets to hear. Prints what was heard, in order,
 * and how often the stream was opened; exits with 1 when a message is missing or came twice.
 */

import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { StreamableHTTPMCPServer, createNodeFetch } from '../../lib/index.ts';

const [kind = 'platform', seconds = '600'] = process.argv.slice(2);
const silenceMs = Number(seconds) * 1_000;
const startedAt = performance.now();
const messages: string[] = [];
let stream: ServerResponse | undefined;
let opened = 0;

function say(text: string): void {
  messages.push(text);
  stream?.write(eventOf(messages.length - 1));
}

function eventOf(index: number): string {
  const message = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: messages[index] } };
  return `id: ${index + 1}\ndata: ${JSON.stringify(message)}\n\n`;
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    opened++;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
    for (let index = Number(request.headers['last-event-id'] ?? 0); index < messages.length; index++) response.write(eventOf(index));
    stream = response;
    response.on('close', () => {
      if (stream !== response) return;
      stream = undefined;
      say(`made while no stream was open, after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    });
    return;
  }
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { id, method } = JSON.parse(body || '{}') as { id?: unknown; method?: string };
    if (id === undefined) return response.writeHead(request.method === 'DELETE' ? 200 : 202).end();
    const result = method === 'initialize' ? { protocolVersion: '2025-11-25', capabilities: { logging: {} }, serverInfo: { name: 'silent', version: '1' } } : {};
    return response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'silent' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
});
server.requestTimeout = 0;
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));

const client = new StreamableHTTPMCPServer({
  serverName: 'silent',
  serverUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
  ...(kind === 'node' ? { fetch: createNodeFetch() } : {}),
});
const heard: unknown[] = [];
client.on('log', ({ data }) => {
  heard.push(data);
  console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s: ${String(data)}`);
});
for (const event of ['gap', 'fault'] as const) client.on(event, (payload) => console.log(event, payload));
await client.connect();
await new Promise((resolve) => setTimeout(resolve, 1_000));
say('the first message');
await new Promise((resolve) => setTimeout(resolve, silenceMs));
say('the message after the silence');
await new Promise((resolve) => setTimeout(resolve, 5_000));
const expected = [...messages];
await client.cleanup();
server.close();
server.closeAllConnections();
console.log(`${kind}: ${heard.length} of ${expected.length} messages heard, the stream was opened ${opened} times in ${seconds} s of silence`);
process.exitCode = JSON.stringify(heard) === JSON.stringify(expected) ? 0 : 1;
