/** An error as Redis answers it. */

// The first word is the code where it is written in capitals. Source: RESP, "Simple errors": a convention, not part of the protocol.
const CODE = /^[A-Z][A-Z0-9_]*(?= |$)/;
const COMMON_CODE = 'ERR';

/**
 * An error reply: a value, made without a stack, as one may stand inside an array and most are answers that somebody asked for. Its text
 * is the peer's: hostile, like everything a peer sends.
 */
export class RESPError {
  /** The first word of the text where it is written in capitals (`WRONGTYPE`, `MOVED`, `NOAUTH`), else `ERR`. */
  readonly code: string;
  /** The whole text, its code included, as it came. */
  readonly message: string;

  constructor(message: string) {
    this.code = CODE.exec(message)?.[0] ?? COMMON_CODE;
    this.message = message;
  }
}
