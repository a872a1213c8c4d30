/**
 * The floor: the fastest honest client that can be written by hand over a pipe. It starts the server, splits
 * lines on chunks, parses JSON, keeps a map of pending requests, settles one promise each, and writes once a tick.
 * It guards against nothing: no limits, timeouts, checks, cancellation, no restart. A library is measured by how near it comes.
 */
import { spawn } from 'node:child_process';

const NEWLINE = 10;

export class FloorClient {
  #child;
  #pending = new Map();
  #nextId = 1;
  #outgoing = '';
  #rest = [];
  #onLog = undefined;

  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.on('data', (chunk) => this.#receiveChunk(chunk));
  }

  onLog(listener) {
    this.#onLog = listener;
  }

  async connect() {
    const result = await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'floor', version: '1.0.0' },
    });
    this.#write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    return result;
  }

  request(method, params) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress: undefined });
      this.#write('{"jsonrpc":"2.0","id":' + id + ',"method":"' + method + '","params":' + JSON.stringify(params) + '}\n');
    });
  }

  requestWithProgress(method, params, onProgress) {
    const id = this.#nextId++;
    const stamped = JSON.stringify({ ...params, _meta: { progressToken: id } });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress });
      this.#write('{"jsonrpc":"2.0","id":' + id + ',"method":"' + method + '","params":' + stamped + '}\n');
    });
  }

  close() {
    return new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.stdin.end();
    });
  }

  #write(line) {
    if (this.#outgoing === '') process.nextTick(this.#flush);
    this.#outgoing += line;
  }

  #flush = () => {
    const text = this.#outgoing;
    this.#outgoing = '';
    this.#child.stdin.write(text);
  };

  #receiveChunk(chunk) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end === -1) {
      this.#rest.push(chunk);
      return;
    }
    let text;
    if (this.#rest.length === 0) {
      text = chunk.utf8Slice(0, end);
    } else {
      this.#rest.push(chunk.subarray(0, end));
      text = Buffer.concat(this.#rest).utf8Slice();
      this.#rest = [];
    }
    if (end + 1 < chunk.length) this.#rest.push(chunk.subarray(end + 1));
    let start = 0;
    let newline = text.indexOf('\n');
    while (newline !== -1) {
      this.#receive(JSON.parse(text.slice(start, newline)));
      start = newline + 1;
      newline = text.indexOf('\n', start);
    }
    this.#receive(JSON.parse(start === 0 ? text : text.slice(start)));
  }

  #receive(message) {
    if (message.id === undefined) return this.#hear(message);
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error === undefined) return pending.resolve(message.result);
    return pending.reject(new Error(message.error.message));
  }

  #hear(message) {
    if (message.method === 'notifications/progress') {
      this.#pending.get(message.params.progressToken).onProgress(message.params);
    } else if (message.method === 'notifications/message') {
      this.#onLog(message.params);
    }
  }
}
