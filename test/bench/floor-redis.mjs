/**
 * The floor of Redis clients: the fastest honest one that can be written by hand. Its commands are constant strings, all that were asked for
 * in one tick are one write, it reads into one buffer, and it knows only the two replies that there are. It guards against nothing: no limits, timeouts,
 * errors, no reconnect, no cancellation.
 */
import { connect } from 'node:net';
import { KEYS, RECORDS } from './redis-workload.mjs';

const frame = (...words) => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
const SETS = KEYS.map((key, slot) => frame('SET', key, RECORDS[slot]));
const GETS = KEYS.map((key) => frame('GET', key));
const PLUS = 0x2b;
const CR = 0x0d;
const ZERO = 0x30;

export class RawRedisClient {
  #socket;
  #unwritten = '';
  #unread = undefined;
  #settlers = [];
  #next = 0;

  constructor(url) {
    const { hostname, port } = new URL(url);
    const callback = (bytes, buffer) => {
      this.#read(buffer.subarray(0, bytes));
      return true;
    };
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer: Buffer.allocUnsafeSlow(65_536), callback } });
  }

  set(slot) {
    return this.#send(SETS[slot]);
  }

  get(slot) {
    return this.#send(GETS[slot]);
  }

  close() {
    this.#socket.destroy();
  }

  #send(text) {
    if (this.#unwritten === '') process.nextTick(() => this.#write());
    this.#unwritten += text;
    return new Promise((resolve) => this.#settlers.push(resolve));
  }

  #write() {
    const text = this.#unwritten;
    this.#unwritten = '';
    this.#socket.write(text);
  }

  #settle(reply) {
    this.#settlers[this.#next](reply);
    this.#next += 1;
    // An array that is shifted moves all that is left in it.
    if (this.#next < 1_024) return;
    this.#settlers = this.#settlers.slice(this.#next);
    this.#next = 0;
  }

  #read(chunk) {
    const bytes = this.#unread === undefined ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#unread = undefined;
    let at = 0;
    while (at < bytes.length) {
      const next = bytes[at] === PLUS ? this.#readOK(bytes, at) : this.#readBulk(bytes, at);
      if (next > bytes.length) {
        // A copy: what is read next is written over it.
        this.#unread = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  #readOK(bytes, at) {
    if (at + 5 <= bytes.length) this.#settle('OK');
    return at + 5;
  }

  #readBulk(bytes, at) {
    let length = 0;
    let index = at + 1;
    for (; index < bytes.length && bytes[index] !== CR; index += 1) length = 10 * length + bytes[index] - ZERO;
    const start = index + 2;
    const end = start + length;
    if (end + 2 <= bytes.length) this.#settle(bytes.utf8Slice(start, end));
    return end + 2;
  }
}
