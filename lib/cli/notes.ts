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

  constructor(options: NotesOptions) {
    this.#options = options;
  }

  /** Writes one line; hidden characters in it are escaped. */
  line(source: string, text: string): void {
    const { io, paint, hide } = this.#options;
    this.#bar?.clear();
    io.stderr.write(`${paint.faint(`${source}:`)} ${printableLine(hide(text))}\n`);
    this.#bar?.start();
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
      update: (report) => bar.update(report.message === undefined ? report : { ...report, message: hide(report.message) }),
      end: () => {
        bar.clear();
        this.#bar = undefined;
      },
    };
  }
}
