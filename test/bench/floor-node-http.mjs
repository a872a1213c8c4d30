import { RawClient } from './floor-http.mjs';

/** On `node:http` with a keep-alive agent, shared by all clients of the process: chunks joined and `JSON.parse`. */
export class RawNodeHTTPClient extends RawClient {
  static #http = undefined;
  static #agent = undefined;
  static #open = 0;
  #options;

  constructor(url) {
    super(url);
    // Not before it is needed: what a client loads when it connects belongs to its connecting.
    RawNodeHTTPClient.#http ??= process.getBuiltinModule('node:http');
    // As many sockets as barewire opens to one host.
    RawNodeHTTPClient.#agent ??= new RawNodeHTTPClient.#http.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 });
    RawNodeHTTPClient.#open += 1;
    const { hostname, port, pathname } = new URL(url);
    this.#options = { hostname, port, path: pathname, method: 'POST', agent: RawNodeHTTPClient.#agent };
  }

  post(body, onProgress) {
    return new Promise((resolve, reject) => {
      const headers = { ...this.headers, 'content-length': Buffer.byteLength(body) };
      const request = RawNodeHTTPClient.#http.request({ ...this.#options, headers }, (response) => {
        const sessionId = response.headers['mcp-session-id'];
        response.on('error', reject);
        if (response.statusCode === 202) return response.resume().on('end', () => resolve({ message: undefined, sessionId }));
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        if (response.headers['content-type'] === 'text/event-stream') {
          const heard = this.hearing(onProgress);
          response.setEncoding('utf8').on('data', (text) => heard.messages.feed(text));
          return response.on('end', () => resolve({ message: heard.reply, sessionId }));
        }
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        return response.on('end', () => resolve({ message: JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)), sessionId }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  close() {
    RawNodeHTTPClient.#open -= 1;
    if (RawNodeHTTPClient.#open === 0) RawNodeHTTPClient.#agent.destroy();
  }
}
