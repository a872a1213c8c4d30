/**
 * The MCP server that every client of the suite `http` is measured against: plain `node:http`, no SDK, tuned so that the client is
 * the slower end. `node server-http.mjs <json|sse> <sessions|stateless>`: the form of every answer, and whether requests need
 * a session. It listens on a free port of 127.0.0.1, writes its URL to stdout as one line, and ends with its stdin.
 */
import { createServer, request as ask } from 'node:http';
import { callableTools, listedTools } from './workload.mjs';

const [form, sessionMode] = process.argv.slice(2);
const asEvents = form === 'sse';
const withSessions = sessionMode === 'sessions';

// Large enough that a write costs little a message, small enough that the socket never waits for the next piece.
const PIECE_LENGTH = 64 * 1024;
const ANSWER_DELAY_MS = 250;
const WARM_UP_REQUESTS = 300;

const initializeResult = JSON.stringify({
  protocolVersion: '2025-06-18',
  capabilities: { tools: {}, logging: {} },
  serverInfo: { name: 'bench-server', version: '1.0.0' },
});

// The description of the last tool counts the lists, so that a client that answers from a cache is found out.
const COUNT_MARK = '@@COUNT@@';
const [listHead, listTail] = JSON.stringify({ tools: [...callableTools, ...listedTools(COUNT_MARK)] }).split(COUNT_MARK);
let lists = 0;

let sessions = 0;
const EVENT_HEAD = 'event: message\ndata: ';
const EVENT_END = '\n\n';
const EVENT_STREAM = ['content-type', 'text/event-stream', 'cache-control', 'no-cache'];

function send(response, message, sessionId) {
  const named = sessionId === undefined ? [] : ['mcp-session-id', sessionId];
  if (asEvents) {
    response.writeHead(200, [...EVENT_STREAM, ...named]);
    response.end(EVENT_HEAD + message + EVENT_END);
  } else {
    response.writeHead(200, ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(message)), ...named]);
    response.end(message);
  }
}

const sendStatus = (response, status) => response.writeHead(status, ['content-length', '0']).end();

const replyHead = (id) => '{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',';
const answer = (response, id, result, sessionId) => send(response, replyHead(id) + '"result":' + result + '}', sessionId);
const refuse = (response, id, code, message) => send(response, replyHead(id) + '"error":' + JSON.stringify({ code, message }) + '}');

/** Half of them log messages, half of them progress, in turns; each carries its number. `count` is even. */
function sendNotifications(response, id, count, progressToken) {
  response.writeHead(200, EVENT_STREAM);
  const token = JSON.stringify(progressToken);
  const progressHead =
    EVENT_HEAD + '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":' + token + ',"progress":';
  const progressTail = ',"total":' + count + ',"message":"working on it"}}' + EVENT_END;
  const logHead =
    EVENT_HEAD + '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","logger":"bench","data":{"step":';
  const logTail = ',"text":"one step done"}}}' + EVENT_END;
  let piece = '';
  for (let number = 1; number <= count; number += 2) {
    piece += logHead + number + logTail + progressHead + (number + 1) + progressTail;
    if (piece.length > PIECE_LENGTH) {
      response.write(piece);
      piece = '';
    }
  }
  // The time is taken when the last notification is heard, and whoever hears late still hears it before the answer.
  response.write(piece + ': all sent\n\n', () =>
    setTimeout(() => {
      response.end(EVENT_HEAD + replyHead(id) + '"result":{"content":[{"type":"text","text":"' + count + '"}]}}' + EVENT_END);
    }, ANSWER_DELAY_MS),
  );
}

function callTool(response, id, params) {
  switch (params.name) {
    case 'add':
      return answer(response, id, '{"content":[{"type":"text","text":"' + (params.arguments.a + params.arguments.b) + '"}]}');
    case 'notify':
      return sendNotifications(response, id, params.arguments.count, params._meta.progressToken);
    default:
      return refuse(response, id, -32602, 'Unknown tool');
  }
}

function receive(request, response, message) {
  if (message.method === 'initialize') return answer(response, message.id, initializeResult, withSessions ? `session-${++sessions}` : undefined);
  if (withSessions && request.headers['mcp-session-id'] === undefined) return sendStatus(response, 400);
  if (message.id === undefined || message.method === undefined) return sendStatus(response, 202);
  switch (message.method) {
    case 'tools/call':
      return callTool(response, message.id, message.params);
    case 'tools/list':
      lists += 1;
      return answer(response, message.id, listHead + lists + listTail);
    case 'ping':
    case 'logging/setLevel':
      return answer(response, message.id, '{}');
    default:
      return refuse(response, message.id, -32601, 'Method not found');
  }
}

function onRequest(request, response) {
  if (request.method === 'DELETE') return sendStatus(response, 200);
  // There is no stream outside of answers.
  if (request.method !== 'POST') return sendStatus(response, 405);
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => {
    text += chunk;
  });
  return request.on('end', () => receive(request, response, JSON.parse(text)));
}

// No socket is closed here, however long it is idle: what a client does about that is not what is measured.
const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, noDelay: true }, onRequest);

/** Asks itself until its code is compiled, so that no client of a short row meets a cold server. */
function warmUp(port) {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}';
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length), 'mcp-session-id': 'warm-up' };
  return new Promise((resolve, reject) => {
    let left = WARM_UP_REQUESTS;
    const next = () => {
      if (left === 0) return resolve();
      left -= 1;
      const asked = ask({ port, host: '127.0.0.1', method: 'POST', headers }, (response) => response.resume().on('end', next));
      return asked.on('error', reject).end(body);
    };
    next();
  });
}

server.listen({ port: 0, host: '127.0.0.1', backlog: 65_535 }, async () => {
  const { port } = server.address();
  await warmUp(port);
  process.stdout.write(`http://127.0.0.1:${port}/mcp\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
