import { RawClient } from './floor-http.mjs';

/** On the platform's fetch: `getReader()` and `JSON.parse`, nothing else. */
export class RawFetchClient extends RawClient {
  async post(body, onProgress) {
    const response = await fetch(this.url, { method: 'POST', headers: this.headers, body });
    const sessionId = response.headers.get('mcp-session-id');
    if (response.status === 202) {
      await response.body?.cancel();
      return { message: undefined, sessionId };
    }
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    const reader = response.body.getReader();
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    return { message: isStream ? await this.#readEvents(reader, onProgress) : await this.#readJSON(reader), sessionId };
  }

  async #readJSON(reader) {
    const chunks = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return JSON.parse(chunks.length === 1 ? Buffer.from(chunks[0].buffer, chunks[0].byteOffset, chunks[0].length) : Buffer.concat(chunks));
      chunks.push(value);
    }
  }

  async #readEvents(reader, onProgress) {
    const heard = this.hearing(onProgress);
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return heard.reply;
      heard.messages.feed(decoder.decode(value, { stream: true }));
    }
  }

  close() {}
}
