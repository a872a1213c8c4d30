/** How a command of this program ends when it does not end well. */

import { EXIT_CODES } from './exit-codes.ts';

/** The codes of what the command line itself finds wrong; those of the library begin with `ERR_MCP_`. */
export type FailureCode =
  | 'ERR_CLI_USAGE'
  | 'ERR_CLI_FILE'
  | 'ERR_CLI_TOOL_ERROR'
  | 'ERR_CLI_NOTHING_TO_SAVE'
  | 'ERR_CLI_NOT_AGREED'
  | 'ERR_CLI_INTERRUPTED'
  | 'ERR_CLI_UNEXPECTED';

/** What a {@link Failure} is made with beside its message. */
export interface FailureOptions {
  readonly exitCode?: number;
  /** What to do about it, in one line. */
  readonly hint?: string;
  /** Facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A failure with its code, its exit code, and a hint for the person at the terminal. */
export class Failure extends Error {
  override name = 'Failure';
  readonly code: FailureCode;
  readonly exitCode: number;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.exitCode = options.exitCode ?? EXIT_CODES.usage;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** The command line is wrong. Nothing was started. */
export function usageFailure(message: string, hint: string = 'see barewire --help'): Failure {
  return new Failure('ERR_CLI_USAGE', message, { hint });
}

/** The reason of {@link HostIO.signal}: something outside ends the program. */
export class Interruption extends Error {
  override name = 'Interruption';
  readonly exitCode: number;
  /** Whether there is nobody to tell: the reader of stdout has gone. */
  readonly quiet: boolean;

  constructor(message: string, exitCode: number, quiet: boolean = false) {
    super(message);
    this.exitCode = exitCode;
    this.quiet = quiet;
  }
}
