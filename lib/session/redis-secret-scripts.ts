/** What has to happen in Redis in one step for secrets. A key that holds what it should not is no error: it holds nothing. */

import type { RedisScript } from './redis-session-scripts.ts';

/** What every secret begins with, before its version and a colon. */
export const SECRET_HEAD = 'mcs1:';
const LONGEST_VERSION = 64;

/**
 * Puts ARGV[2], whose version is ARGV[4], for ARGV[3] ms in place of the version ARGV[1] of KEYS[1]; `''` stands for nothing, as value and as version. Answers 1 when the version ARGV[4]
 * stands there afterwards, also when it stood there before: a script that ran without our hearing of it may run again.
 */
export const REPLACE_SECRET: RedisScript = Object.freeze({
  source: `
local head = redis.pcall('GETRANGE', KEYS[1], 0, 95)
local version = type(head) == 'string' and string.match(head, '^${SECRET_HEAD}([%w_-]+):') or ''
if #version > ${LONGEST_VERSION} then version = '' end
if version == ARGV[4] then return 1 end
if version ~= ARGV[1] then return 0 end
if ARGV[4] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`,
  isIdempotent: true,
});
