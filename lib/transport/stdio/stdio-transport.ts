/** A server as a child process: one message a line on stdin and stdout. Source: MCP, transports, "stdio". */

import { orAbort } from '../../base/abort.ts';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { ConnectionError } from '../../base/errors.ts';
import type { MCPError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { escapeText, quote } from '../../base/text.ts';
import { PLAIN_ARRIVAL } from '../transport.ts';
import type { FrameSink, OutboundFrame, Transport } from '../transport.ts';
import { childEnvironment } from './child-environment.ts';
import { ChildProcess } from './child-process.ts';
import { LineSplitter } from './line-splitter.ts';
import { StderrTail } from './stderr-tail.ts';
import { climbDown } from './stop-ladder.ts';
import { WriteQueue } from './write-queue.ts';

/** What a {@link StdioTransport} is made with. */
export interface StdioTransportOptions {
  /** The server's name, for messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly command: StdioCommand;
}

/** What to start. */
export interface StdioCommand {
  /** The program and its arguments; may throw. */
  readonly argv: () => Promise<readonly string[]>;
  /** Variables on top of the few that are inherited. */
  readonly serverEnv: Readonly<Record<string, string>>;
  readonly workingDir: string | undefined;
}

/** The end of a child's life is told with this much of its stderr; the rest stays in {@link StdioTransport.stderrTail}. */
const SHOWN_STDERR_CHARACTERS = 500;

/** One child, from its start to its end. */
export class StdioTransport implements Transport {
  readonly channel = 'shared' as const;
  readonly #options: StdioTransportOptions;
  readonly #lines: LineSplitter;
  readonly #stderr: StderrTail;
  #child: ChildProcess | undefined;
  #queue: WriteQueue | undefined;
  #startedAt = 0;
  #sink: FrameSink | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #cancelDrain: CancelTimer | undefined;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
    this.#lines = new LineSplitter(options.limits.maxMessageBytes);
    this.#stderr = new StderrTail(options.limits.maxStderrBytes);
  }

  /** The child's process id, once it was started. */
  get processId(): number | undefined {
    return this.#child?.pid;
  }

  /** The last bytes of the child's stderr, as it wrote them. */
  get stderrTail(): string {
    return this.#stderr.text;
  }

  /** Sends a signal to the child's whole process group, at once. False when nobody is there to get it. */
  signal(name: NodeJS.Signals): boolean {
    return this.#child?.signal(name) ?? false;
  }

  /** Starts the child. Errors as {@link ChildProcess.start}, and whatever the command function throws. */
  open(sink: FrameSink, signal: AbortSignal): Promise<void> {
    this.#opening = this.#start(sink, signal);
    return this.#opening;
  }

  send(frame: OutboundFrame): undefined {
    if (this.#queue === undefined || this.#sink === undefined) {
      throw new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${this.#options.name} is closed`, { delivery: 'unsent' });
    }
    this.#queue.push(frame.text);
    return undefined;
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#stop(signal);
    return this.#closing;
  }

  async #start(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const { argv, serverEnv, workingDir } = this.#options.command;
    const words = await orAbort(argv(), signal);
    this.#child = await ChildProcess.start({ argv: words, env: childEnvironment(process.env, serverEnv, process.platform), workingDir });
    // From here on there is a child, which `close` has to find even when the caller has lost interest.
    this.#startedAt = this.#options.clock.now();
    this.#sink = sink;
    this.#attach(this.#child);
    signal.throwIfAborted();
  }

  #attach(child: ChildProcess): void {
    const { stdin, stdout, stderr } = child.streams;
    this.#queue = new WriteQueue(stdin, this.#options.limits.maxQueuedBytes);
    stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    stdout.once('end', () => this.#waitForExit(() => this.#brokenPipe('ERR_MCP_STDOUT_CLOSED', 'closed its stdout')));
    stdout.on('error', () => {});
    // Always read, or a child that says much on stderr stands still when the pipe is full.
    stderr.on('data', (chunk: Buffer) => this.#stderr.feed(chunk));
    stderr.on('error', () => {});
    stdin.on('error', () => this.#waitForExit(() => this.#brokenPipe('ERR_MCP_STDIN_CLOSED', 'closed its stdin')));
    void child.exited.then(() => this.#drain(child));
  }

  #read(chunk: Buffer): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    try {
      for (const line of this.#lines.feed(chunk)) {
        if (typeof line === 'string') sink.deliver(line, PLAIN_ARRIVAL);
        else sink.fault(line);
      }
    } catch (error) {
      this.#end(error as MCPError);
    }
  }

  /** The child exited: what it wrote last is still read, but a grandchild that holds its stdout is not waited for. */
  #drain(child: ChildProcess): void {
    this.#cancelDrain?.();
    const end = () => this.#end(this.#exitError(child));
    if (child.streams.stdout.readableEnded) return end();
    this.#cancelDrain = this.#options.clock.after(this.#options.limits.drainMs, end);
    child.streams.stdout.once('close', end);
  }

  /** A pipe broke: most often the child is about to exit, which is the better reason if it comes at once. */
  #waitForExit(orElse: () => void): void {
    if (this.#sink === undefined || this.#cancelDrain !== undefined || this.#child?.exit !== undefined) return;
    this.#cancelDrain = this.#options.clock.after(this.#options.limits.drainMs, orElse);
  }

  #brokenPipe(code: 'ERR_MCP_STDIN_CLOSED' | 'ERR_MCP_STDOUT_CLOSED', what: string): void {
    const details = { processId: this.#child?.pid, ...this.#stderrDetails() };
    this.#end(new ConnectionError(code, `The process of ${this.#options.name} ${what} and runs on${this.#stderrQuote()}`, { details }));
  }

  #exitError(child: ChildProcess): ConnectionError {
    const { code = null, signal = null } = child.exit ?? {};
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const details = {
      exitCode: code,
      signal,
      livedMs: Math.round(this.#options.clock.now() - this.#startedAt),
      processId: child.pid,
      ...this.#stderrDetails(),
    };
    return new ConnectionError('ERR_MCP_PROCESS_EXITED', `The process of ${this.#options.name} ${how}${this.#stderrQuote()}`, { details });
  }

  #stderrDetails(): { stderrTail?: string } {
    const tail = escapeText(this.stderrTail.slice(-this.#options.limits.maxErrorTextCharacters));
    return tail === '' ? {} : { stderrTail: tail };
  }

  #stderrQuote(): string {
    const tail = this.stderrTail.trimEnd().slice(-SHOWN_STDERR_CHARACTERS);
    return tail === '' ? '; it said nothing on stderr' : `; the end of its stderr: ${quote(tail, SHOWN_STDERR_CHARACTERS)}`;
  }

  /** Tells the sink, once. */
  #end(cause: MCPError | undefined): void {
    this.#cancelDrain?.();
    this.#cancelDrain = undefined;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.ended(cause);
  }

  async #stop(signal: AbortSignal): Promise<void> {
    // The sink hears of no end that was asked for; a start that is under way is waited for, as its child is ours.
    await this.#opening?.catch(() => {});
    this.#sink = undefined;
    const child = this.#child;
    if (child !== undefined) {
      await climbDown(child, () => this.#queue?.end(), this.#options.limits, this.#options.clock, signal);
      child.release();
    }
    this.#end(undefined);
  }
}
