/** What is thrown for a stream that is not RESP, or that is over a bound. */

import { LimitError, RedisError } from '../base/errors.ts';

/** The bounds, by the names of their limits. */
export type RESPLimitName = 'maxRedisBulkBytes' | 'maxRedisElements' | 'maxRedisDepth' | 'maxRedisLineBytes';

/** A byte that may not stand where it stands. The bytes around it are the peer's and are not shown. */
export function malformedReply(expected: string, byte: number): RedisError {
  const hex = byte.toString(16).padStart(2, '0');
  return new RedisError('ERR_MCP_REDIS_PROTOCOL', `Expected ${expected}; got the byte 0x${hex}`, { details: { expected, byte } });
}

/** A value that may not stand where it stands. */
export function misplacedValue(expected: string): RedisError {
  return new RedisError('ERR_MCP_REDIS_PROTOCOL', `Expected ${expected}; got something else`, { details: { expected } });
}

/** More than `most` of what `limit` bounds. */
export function overRESPLimit(limit: RESPLimitName, what: string, most: number): LimitError {
  return new LimitError(limit, `Expected ${what} of at most ${most}; got more`, { details: { most } });
}
