/**
 * The floors over HTTP: the fastest honest clients that can be written by hand, one on the platform's fetch, one on `node:http`.
 * They post, read the whole body, or its events as they come, and parse JSON. They guard against nothing: no limits,
 * timeouts, checks, retries, no cancellation. A library is measured by how near it comes to the one on the same road.
 */
const BASE_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE =
  '"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"floor","version":"1.0.0"}}';

/** The messages of an event stream, as the server here writes it: one `data` line an event, line feeds only. */
class EventMessages {
  #hear;
  #rest = '';

  constructor(hear) {
    this.#hear = hear;
  }

  feed(text) {
    const whole = this.#rest + text;
    let start = 0;
    let end = whole.indexOf('\n\n');
    while (end !== -1) {
      const data = whole.indexOf('data: ', start);
      if (data !== -1 && data < end) this.#hear(JSON.parse(whole.slice(data + 6, end)));
      start = end + 2;
      end = whole.indexOf('\n\n', start);
    }
    this.#rest = whole.slice(start);
  }
}

/** What both floors share: ids, the handshake, and who hears what comes on the way. */
export class RawClient {
  url;
  headers = BASE_HEADERS;
  onLog = undefined;
  #nextId = 1;

  constructor(url) {
    this.url = url;
  }

  async connect() {
    const id = this.#nextId++;
    const { message, sessionId } = await this.post('{"jsonrpc":"2.0","id":' + id + ',"method":' + INITIALIZE + '}');
    this.headers = { ...BASE_HEADERS, 'mcp-protocol-version': message.result.protocolVersion };
    if (typeof sessionId === 'string') this.headers['mcp-session-id'] = sessionId;
    await this.post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  async request(method, params, onProgress) {
    const id = this.#nextId++;
    const stamped = onProgress === undefined ? params : { ...params, _meta: { progressToken: id } };
    const body = '{"jsonrpc":"2.0","id":' + id + ',"method":"' + method + '","params":' + JSON.stringify(stamped) + '}';
    const { message } = await this.post(body, onProgress);
    if (message.error !== undefined) throw new Error(message.error.message);
    return message.result;
  }

  /** The listener of an answer's events, and the reply once it came. */
  hearing(onProgress) {
    const heard = { reply: undefined, messages: undefined };
    heard.messages = new EventMessages((message) => {
      if (message.id !== undefined) heard.reply = message;
      else if (message.method === 'notifications/progress') onProgress(message.params);
      else this.onLog(message.params);
    });
    return heard;
  }
}
