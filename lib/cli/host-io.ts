/** A stream for text: stdout or stderr, or what a test puts in their place. */
export interface TextOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal in cells; 80 where it is not known. */
  readonly columns: number;
}

/** All that the program touches of the process around it, so that `main.ts` alone knows a process. */
export interface HostIO {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Fires with an `Interruption` when the program has to end: Ctrl-C, a signal, a reader that has gone. */
  readonly signal: AbortSignal;
  /** Takes an action that runs, synchronously, just before a second Ctrl-C ends the process on the spot. */
  onForcedExit(action: () => void): void;
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Resolves after so many milliseconds (`undefined`: never by itself), or when the signal fires; never rejects. */
  wait(milliseconds: number | undefined, signal: AbortSignal): Promise<void>;
  /** Whether a person can be asked: stdin and stderr are terminals. */
  readonly canAsk: boolean;
  /** The next line of stdin without its end; `undefined` at the end of stdin, or when the signal fires. Never rejects. One at a time. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
  /** All of stdin as text. */
  readInput(): Promise<string>;
  /** The `file:` URL of a path, which may be relative to the working folder. */
  fileURL(path: string): string;
  readFile(path: string): Promise<string>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
}
