/** What a client answers, whichever it is: ours, or one that the host has, whose strings may be bytes and whose errors are of another make. */

import { RedisError, isMCPError } from '../base/errors.ts';
import { describe } from '../base/options.ts';

/** Error replies that are an answer about one key or script; every other one says that Redis does not serve us now. */
const ANSWERS: ReadonlySet<string> = new Set(['ERR', 'NOSCRIPT', 'WRONGTYPE']);

/** The code of an error reply, such as `NOSCRIPT`, or `undefined` for an error that is no reply. */
export function redisCodeOf(error: unknown): string | undefined {
  if (isMCPError(error)) {
    const { redisCode } = error.details;
    return typeof redisCode === 'string' ? redisCode : undefined;
  }
  // Clients of other makes hand out the text of the reply.
  return error instanceof Error ? /^[A-Z][A-Z0-9_]*(?= |$)/.exec(error.message)?.[0] : undefined;
}

/** Whether an error is Redis's own answer to what was asked, so that Redis is there and well. */
export function isRedisAnswer(error: unknown): boolean {
  return ANSWERS.has(redisCodeOf(error) ?? '');
}

/** For a rejected command: that a key holds another type is as good as that it holds nothing. */
export function wrongTypeAsNothing(cause: unknown): undefined {
  if (redisCodeOf(cause) === 'WRONGTYPE') return undefined;
  throw cause;
}

/** A reply that should be a string; a client may give its bytes. Null, and whatever else is no text, is an empty one. */
export function replyText(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  return reply instanceof Uint8Array ? new TextDecoder().decode(reply) : '';
}

/**
 * A reply that should be a whole number; a client may give it as text, as bytes or as a bigint.
 *
 * @throws RedisError `ERR_MCP_REDIS_PROTOCOL` for anything else.
 */
export function replyNumber(reply: unknown): number {
  const number = typeof reply === 'number' || typeof reply === 'bigint' ? Number(reply) : Number(replyText(reply) || NaN);
  if (Number.isSafeInteger(number)) return number;
  throw new RedisError('ERR_MCP_REDIS_PROTOCOL', `A script must answer a whole number; got ${describe(reply)}`, { delivery: 'answered' });
}
