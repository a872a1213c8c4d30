import { quiet } from '../base/quiet.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import type { RESPError } from '../resp/resp-error.ts';
import type { RESPReply } from '../resp/resp-reply.ts';

/** What bulk strings of a reply become. */
export type RedisStrings = 'text' | 'bytes';

/**
 * One command from `send` to its reply. Fields are declared and not initialised, and moments are whole milliseconds: there is one of these a
 * command, and both make it smaller.
 */
export class RedisCommand {
  declare readonly promise: Promise<RESPReply>;
  /** Its first word, to name it in errors. */
  declare readonly word: RedisArgument | undefined;
  /** What is written. */
  declare readonly frame: string | Uint8Array;
  declare readonly strings: RedisStrings;
  /** Whether it may be written again when the connection is lost before its reply. */
  declare readonly isIdempotent: boolean;
  /** A PING or a part of the handshake: its error replies are its reply. */
  declare readonly isInternal: boolean;
  declare readonly timeoutMs: number;
  /** When it expires; Infinity for what has no deadline of its own. */
  declare deadline: number;
  /** When it was written last; undefined while it waits for that. */
  declare writtenAt: number | undefined;
  /** How often it came back from a connection without a reply that counts. */
  declare returns: number;
  /** What the server said when it last put it off. */
  declare putOff: RESPError | undefined;
  /** Takes the abort listener off the caller's signal; set while there is one. */
  declare forgetSignal: (() => void) | undefined;
  declare isSettled: boolean;
  declare private onReply: (reply: RESPReply) => void;
  declare private onError: (reason: unknown) => void;

  constructor(word: RedisArgument | undefined, frame: string | Uint8Array, strings: RedisStrings, isIdempotent: boolean, timeoutMs: number, isInternal: boolean) {
    this.word = word;
    this.frame = frame;
    this.strings = strings;
    this.isIdempotent = isIdempotent;
    this.isInternal = isInternal;
    this.timeoutMs = timeoutMs;
    this.deadline = Infinity;
    this.writtenAt = undefined;
    this.returns = 0;
    this.putOff = undefined;
    this.forgetSignal = undefined;
    this.isSettled = false;
    this.promise = new Promise<RESPReply>((resolve, reject) => {
      this.onReply = resolve;
      this.onError = reject;
    });
  }

  /** Only for who knows that it is not settled. */
  resolve(reply: RESPReply): void {
    this.isSettled = true;
    this.forgetSignal?.();
    this.onReply(reply);
  }

  /** Only for who knows that it is not settled. */
  reject(reason: unknown): void {
    this.isSettled = true;
    this.forgetSignal?.();
    // A caller that went away without awaiting is not to be hit by an unhandled rejection of ours.
    quiet(this.promise);
    this.onError(reason);
  }
}
