/** What is said on stderr while a command runs: log lines and progress. The result goes to stdout and not through here. */

import { SERVER_LOG_LEVELS } from '../index.ts';
import type { Logger, LogMessage, ServerLogLevel } from '../index.ts';
import type { Hide } from './hide.ts';
import type { HostIO } from './host-io.ts';
import type { Paint } from './paint.ts';
import { printableJSON, printableLine } from './printable.ts';
import { describeProgress, ProgressBar } from './progress-bar.ts';
import type { ProgressReport } from './progress-bar.ts';

/** What {@link Notes} are made of. */
export interface NotesOptions {
  readonly io: HostIO;
  readonly paint: Paint;
  readonly level: ServerLogLevel | undefined;
  readonly verbose: boolean;
  /** Takes the values of `--header` out of a text. */
  readonly hide: Hide;
}

/** How one call's progress is shown. */
export interface ProgressView {
  update(report: ProgressReport): void;
  end(): void;
}

const LIBRARY_METHODS = ['debug', 'info', 'warn', 'error'] as const;

/** The stderr of one run. A line that comes while a progress bar is shown is put above it. */
export class Notes {
  readonly #options: NotesOptions;
  #bar: ProgressBar | undefined;
  #isHeld = false;
  #question = '';

  constructor(options: NotesOptions) {
    this.#options = options;
  }

  /** Writes one line; hidden characters in it are escaped. */
  line(source: string, text: string): void {
    const { io, paint, hide } = this.#options;
    const wayIn = this.#question === '' ? '' : '\r\u001b[K';
    this.#bar?.clear();
    io.stderr.write(`${wayIn}${paint.faint(`${source}:`)} ${printableLine(hide(text))}\n${this.#question}`);
    if (!this.#isHeld) this.#bar?.start();
  }

  /** Takes the progress bar away while something else is shown; what is given back lets it come back. */
  hold(): () => void {
    this.#isHeld = true;
    this.#bar?.clear();
    return () => {
      this.#isHeld = false;
      this.#bar?.start();
    };
  }

  /** Shows lines that are escaped already. */
  show(...lines: readonly string[]): void {
    const { io, hide } = this.#options;
    io.stderr.write(`${hide(lines.join('\n'))}\n`);
  }

  /** Shows a question that is answered on its line; lines that come meanwhile are put above it. */
  openQuestion(prompt: string): void {
    const { io, hide } = this.#options;
    this.#question = hide(prompt);
    io.stderr.write(this.#question);
  }

  /** The question is answered, or taken away. */
  closeQuestion(): void {
    this.#question = '';
  }

  /** A log message of the server, where its level is to be shown. */
  logMessage({ level, logger, data }: LogMessage): void {
    const { level: least } = this.#options;
    if (least === undefined || SERVER_LOG_LEVELS.indexOf(level) < SERVER_LOG_LEVELS.indexOf(least)) return;
    const words = typeof data === 'string' ? data : printableJSON(data);
    this.line(`server ${level}`, logger === undefined ? words : `${logger}: ${words}`);
  }

  /** The logger for the library; it filters by level itself. */
  get logger(): Logger {
    const method = (name: string) => (message: string, facts?: Readonly<Record<string, unknown>>) => {
      if (this.#options.level !== undefined) this.line(`client ${name}`, facts === undefined ? message : `${message} ${printableJSON(facts)}`);
    };
    return Object.fromEntries(LIBRARY_METHODS.map((name) => [name, method(name)]));
  }

  /** What was left on the server's stderr, when everything is to be said. */
  serverErrors(tail: string): void {
    if (!this.#options.verbose) return;
    for (const line of tail.split(/\r?\n/)) if (line !== '') this.line('server stderr', line);
  }

  /** Shows one call's progress: a bar on a terminal; elsewhere lines, when everything is to be said, or nothing. */
  showProgress(label: string): ProgressView {
    const { io, verbose, hide } = this.#options;
    if (!io.stderr.isTerminal) {
      return { update: (report) => (verbose ? this.line('progress', describeProgress(report)) : undefined), end: () => {} };
    }
    const bar = new ProgressBar({ output: io.stderr, label, now: () => io.now() });
    this.#bar = bar;
    bar.start();
    return {
      update: (report) => this.#isHeld ? undefined : bar.update(report.message === undefined ? report : { ...report, message: hide(report.message) }),
      end: () => {
        bar.clear();
        this.#bar = undefined;
      },
    };
  }
}
