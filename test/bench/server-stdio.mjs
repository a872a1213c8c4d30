/**
 * The MCP server that every client is measured against: no SDK, no dependency, tuned so that the client is the
 * slower end. Answers to all requests of one chunk leave in one write; long bodies are made once.
 */
import { LONG_TEXT_BYTES, callableTools, listedTools } from './workload.mjs';

const NEWLINE = 10;
// Large enough that a write costs little a message, small enough that the pipe never waits for the next piece.
const PIECE_LENGTH = 64 * 1024;
const ANSWER_DELAY_MS = 250;

const initializeResult = JSON.stringify({
  protocolVersion: '2025-06-18',
  capabilities: { tools: {}, logging: {} },
  serverInfo: { name: 'bench-server', version: '1.0.0' },
});

// The description of the last tool counts the lists, so that a client that answers from a cache is found out.
const COUNT_MARK = '@@COUNT@@';
const [listHead, listTail] = JSON.stringify({ tools: [...callableTools, ...listedTools(COUNT_MARK)] }).split(COUNT_MARK);
let lists = 0;

const longText = { head: '{"content":[{"type":"text","text":', tail: '}]}', text: undefined };

function longTextResult() {
  longText.text ??= JSON.stringify(makeLongText());
  return longText.head + longText.text + longText.tail;
}

function makeLongText() {
  const line = 'the quick brown fox jumps over the lazy dog, again and again, until the end...\n';
  return line.repeat(Math.ceil(LONG_TEXT_BYTES / line.length)).slice(0, LONG_TEXT_BYTES);
}

let outgoing = '';

function answer(id, result) {
  outgoing += '{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',"result":' + result + '}\n';
}

function refuse(id, code, message) {
  outgoing += '{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',"error":' + JSON.stringify({ code, message }) + '}\n';
}

function flush(whenWritten) {
  if (outgoing === '') return;
  const text = outgoing;
  outgoing = '';
  process.stdout.write(text, whenWritten);
}

/** Half of them log messages, half of them progress, in turns; each carries its number. `count` is even. */
function sendNotifications(count, progressToken, whenWritten) {
  const token = JSON.stringify(progressToken);
  const progressHead = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":' + token + ',"progress":';
  const progressTail = ',"total":' + count + ',"message":"working on it"}}\n';
  const logHead = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","logger":"bench","data":{"step":';
  const logTail = ',"text":"one step done"}}}\n';
  for (let number = 1; number <= count; number += 2) {
    outgoing += logHead + number + logTail + progressHead + (number + 1) + progressTail;
    if (outgoing.length > PIECE_LENGTH && number + 1 < count) flush();
  }
  flush(whenWritten);
}

// Some clients hear notifications a tick late and drop what they hear after the answer. The answer waits until everybody
// has caught up; the time is taken when the last notification is heard, so the wait costs nobody anything.
function answerLater(id, count) {
  setTimeout(() => {
    answer(id, '{"content":[{"type":"text","text":"' + count + '"}]}');
    flush();
  }, ANSWER_DELAY_MS);
}

function callTool(id, params) {
  switch (params.name) {
    case 'add':
      return answer(id, '{"content":[{"type":"text","text":"' + (params.arguments.a + params.arguments.b) + '"}]}');
    case 'long-text':
      return answer(id, longTextResult());
    case 'notify':
      return sendNotifications(params.arguments.count, params._meta.progressToken, () => answerLater(id, params.arguments.count));
    default:
      return refuse(id, -32602, 'Unknown tool');
  }
}

function receive(message) {
  if (message.id === undefined || message.method === undefined) return undefined;
  switch (message.method) {
    case 'tools/call':
      return callTool(message.id, message.params);
    case 'tools/list':
      lists += 1;
      return answer(message.id, listHead + lists + listTail);
    case 'initialize':
      return answer(message.id, initializeResult);
    case 'ping':
    case 'logging/setLevel':
      return answer(message.id, '{}');
    default:
      return refuse(message.id, -32601, 'Method not found');
  }
}

let rest = [];

process.stdin.on('data', (chunk) => {
  const end = chunk.lastIndexOf(NEWLINE);
  if (end === -1) return rest.push(chunk);
  const head = chunk.subarray(0, end);
  const text = rest.length === 0 ? head.toString() : Buffer.concat([...rest, head]).toString();
  rest = end + 1 === chunk.length ? [] : [chunk.subarray(end + 1)];
  for (const line of text.split('\n')) receive(JSON.parse(line));
  return flush();
});
process.stdin.on('end', () => process.exit(0));
