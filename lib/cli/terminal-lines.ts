/** Lines of a stream, taken from it only while somebody waits for one. */

const LINE = /^([^\r\n]*)\r?\n/;

/** What is left of a stream between two lines, and the way to the next one. */
export class TerminalLines {
  readonly #stream: NodeJS.ReadableStream;
  readonly #decoder = new TextDecoder();
  #text = '';
  #hasEnded = false;
  /** Ends the wait for a line. */
  #settle: ((line: string | undefined) => void) | undefined;

  constructor(stream: NodeJS.ReadableStream) {
    this.#stream = stream;
    // It may end between two lines, when nobody waits.
    const end = (): void => {
      this.#hasEnded = true;
      this.#settle?.(undefined);
    };
    stream.on('end', end).on('error', end);
  }

  /** The next line without its end; `undefined` at the end of the stream, which is for good, or when the signal fires. Never rejects. One at a time. */
  next(signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const ready = this.#take();
    if (ready !== undefined || this.#hasEnded) return Promise.resolve(ready);
    return new Promise((resolve) => {
      const stream = this.#stream;
      const giveUp = (): void => this.#settle?.(undefined);
      const hear = (chunk: Buffer | string): void => {
        this.#text += typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
        const line = this.#take();
        if (line !== undefined) this.#settle?.(line);
      };
      this.#settle = (line) => {
        this.#settle = undefined;
        stream.off('data', hear).pause();
        signal.removeEventListener('abort', giveUp);
        resolve(line);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      stream.on('data', hear).resume();
    });
  }

  #take(): string | undefined {
    const [whole = '', line] = LINE.exec(this.#text) ?? [];
    this.#text = this.#text.slice(whole.length);
    return line;
  }
}
