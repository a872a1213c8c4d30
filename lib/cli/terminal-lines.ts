/** Lines of a stream, taken from it only while somebody waits for one. */

const LINE = /^([^\r\n]*)\r?\n/;

/** What is left of a stream between two lines, and the way to the next one. */
export class TerminalLines {
  readonly #stream: NodeJS.ReadableStream;
  readonly #decoder = new TextDecoder();
  #text = '';
  #hasEnded = false;

  constructor(stream: NodeJS.ReadableStream) {
    this.#stream = stream;
  }

  /** The next line without its end; `undefined` at the end of the stream, which is for good, or when the signal fires. Never rejects. One at a time. */
  next(signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const stream = this.#stream;
      const settle = (line: string | undefined): void => {
        stream.off('data', take).off('end', end).off('error', end);
        signal.removeEventListener('abort', giveUp);
        stream.pause();
        resolve(line);
      };
      const giveUp = (): void => settle(undefined);
      const end = (): void => {
        this.#hasEnded = true;
        settle(undefined);
      };
      const take = (chunk: Buffer | string): void => {
        this.#text += typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
        const line = this.#take();
        if (line !== undefined) settle(line);
      };
      const ready = this.#take();
      if (ready !== undefined || this.#hasEnded || signal.aborted) return resolve(signal.aborted ? undefined : ready);
      signal.addEventListener('abort', giveUp, { once: true });
      stream.on('data', take).on('end', end).on('error', end);
      stream.resume();
    });
  }

  #take(): string | undefined {
    const [whole = '', line] = LINE.exec(this.#text) ?? [];
    this.#text = this.#text.slice(whole.length);
    return line;
  }
}
