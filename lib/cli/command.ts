/** The shape of a command. */

import type { MCPServerProtocol, RequestOptions, ServerLogLevel } from '../index.ts';
import type { Asker } from './asker.ts';
import type { Invocation, OptionName } from './command-line.ts';
import { usageFailure } from './failure.ts';
import type { Failure } from './failure.ts';
import type { Hide } from './hide.ts';
import type { HostIO } from './host-io.ts';
import type { Notes } from './notes.ts';
import type { Paint } from './paint.ts';
import type { RedisSessions } from './redis-sessions.ts';

/** What came of a command, for programs and for people. */
export interface Answer {
  /** What `--json` prints. */
  readonly json: unknown;
  /** What is printed otherwise, without its last line end. Everything a server said in it is escaped. */
  readonly text: (paint: Paint) => string;
  /** The server answered, and what it answered is a failure; it is reported after the answer. */
  readonly failure?: Failure | undefined;
}

/** What an action may use beside the server. */
export interface ActionContext {
  readonly io: HostIO;
  readonly notes: Notes;
  /** The options of every request: it is taken back on Ctrl-C. */
  readonly request: RequestOptions;
  /** How long an answer is waited for, milliseconds. */
  readonly timeoutMs: number;
  /** Answers the server's questions, where the command lets it ask some. */
  readonly asker: Asker | undefined;
  /** Whether what is printed is for programs. */
  readonly asJSON: boolean;
  /** The level of `--log-level`, where it is given. */
  readonly level: ServerLogLevel | undefined;
  /** Takes the values of `--header` out of a text. */
  readonly hide: Hide;
  /** After the connection was lost: resolves when it is there again, rejects when it will not be. */
  readonly recover: () => Promise<void>;
  /** Where `--redis` is given: the sessions there, and under which key that of this server is. */
  readonly sessions?: KeptSessions | undefined;
}

/** The sessions of `--redis`. */
export interface KeptSessions {
  readonly redis: RedisSessions;
  /** The key of the session; the server is not asked. */
  findKey(signal: AbortSignal): Promise<string>;
}

/** The part of a command that needs the connected server. Without an answer there is nothing more to print. */
export type Action = (server: MCPServerProtocol, context: ActionContext) => Promise<Answer | undefined>;

/** One command. */
export interface Command {
  readonly name: string;
  /** The operands as the help shows them. */
  readonly operands: string;
  /** How many operands there may be. */
  readonly least: number;
  readonly most: number;
  readonly summary: string;
  /** More for the help of this command, line by line. */
  readonly about?: readonly string[];
  /** Its options beside the common ones. */
  readonly options: readonly OptionName[];
  /** Command lines without the program's name and without the server. */
  readonly examples: readonly string[];
  /** The server may ask the user something meanwhile. */
  readonly asks?: true;
  /** Is about a server at an address, and does its work without a connection to it. */
  readonly isRemote?: true;
  /** Listens, before there is a connection. A command that has this prints what the server says by itself. */
  readonly attach?: (server: MCPServerProtocol, context: ActionContext) => void;
  /** Reads the operands before anything is started. Throws a `Failure` for those that do not hold. */
  prepare(invocation: Invocation, io: HostIO): Promise<Action>;
}

/** The operand at `index`; commands are prepared only with as many operands as they need. */
export function operand({ operands }: Invocation, index: number): string {
  const text = operands[index];
  if (text === undefined || text === '') throw usageFailure(`operand ${index + 1} is empty`);
  return text;
}
