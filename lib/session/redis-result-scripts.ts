/** What has to happen in Redis in one step for results. Time is that of Redis; a key that holds what it should not is no error. */

import type { RedisScript } from './redis-session-scripts.ts';

const resultScript = (source: string): RedisScript => Object.freeze({ source, isIdempotent: true });

const SCRIPTS_NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** The result ARGV[1] of KEYS[1], behind the milliseconds that it has left; `''` for none, `!` for one longer than ARGV[2] bytes, or none of ours. */
export const FIND_RESULT: RedisScript = resultScript(`${SCRIPTS_NOW}
local length = redis.pcall('HSTRLEN', KEYS[1], ARGV[1])
if type(length) ~= 'number' or length > tonumber(ARGV[2]) then return '!' end
if length == 0 then return '' end
local ends, body = string.match(redis.call('HGET', KEYS[1], ARGV[1]), '^(%d+):(.*)$')
if not ends or #ends > 16 then return '!' end
local left = tonumber(ends) - now
if left < 1 then return '' end
return string.format('%.0f', left) .. ':' .. body`);

/** Keeps ARGV[2] as the result ARGV[1] of KEYS[1] for ARGV[3] ms. A group of ARGV[4] results, and what is no group, gives way. */
export const STORE_RESULT: RedisScript = resultScript(`${SCRIPTS_NOW}
local count = redis.pcall('HLEN', KEYS[1])
if type(count) ~= 'number' or count >= tonumber(ARGV[4]) then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[3]) .. ':' .. ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`);

/** Forgets the group KEYS[1]. */
export const DROP_RESULTS: RedisScript = resultScript(`return redis.call('DEL', KEYS[1])`);
