import { MCPError } from '../base/errors.ts';
import type { ErrorDetails } from '../base/errors.ts';
import type { StoredQuestion } from './stored-question.ts';

/** What an {@link InputRequiredError} is made with beside its message. */
export interface InputRequiredErrorOptions {
  readonly details: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * The server asks something before it answers, and nobody answered: the call wanted its question (`rounds: 'manual'`), or no handler is
 * there for it, or one failed, which is the `cause` then. Nothing is lost: `server.answerQuestion` goes on with the call, in this process or in
 * another one. `details`: `method` of the call, and, where one thing could not be answered, its `key` and `asked`, the method of it.
 * Source: 2026-07-28, basic, patterns, "Multi Round-Trip Requests". Code: `ERR_MCP_INPUT_REQUIRED`.
 */
export class InputRequiredError extends MCPError {
  override name = 'InputRequiredError';
  /** All that the server asks, as plain JSON to be kept. Hostile, like everything a peer sends. */
  declare readonly question: StoredQuestion;

  constructor(message: string, question: StoredQuestion, options: InputRequiredErrorOptions) {
    super('ERR_MCP_INPUT_REQUIRED', message, { ...options, delivery: 'answered' });
    // What a peer sends is there for a program that asks, and not printed with every stack trace.
    Object.defineProperty(this, 'question', { value: question });
  }
}
