/**
 * What has to happen in Redis in one step. Time is that of Redis. A script names every key it touches in `KEYS`, all of one hash tag; it never reads a
 * value longer than it has to; and a key that holds what it should not is no error.
 */

import { VALUE_HEAD_IN_LUA } from './redis-session-value.ts';

/** A script, and whether running it twice is as good as once. */
export interface RedisScript {
  readonly source: string;
  readonly isIdempotent: boolean;
}

const script = (source: string, isIdempotent: boolean): RedisScript => Object.freeze({ source, isIdempotent });

// How long what was set aside is kept for whoever wants to see it, and how long one that asked in vain for a lock is remembered.
const QUARANTINE_MS = 600_000;
const WANTED_MS = 1_000;
/** The fence follows the clock of Redis, so it does not go back when its key is gone; the key covers a clock that is set back a little. */
const FENCE_LEASES = 4;

const SET_ASIDE = `
local function setAside(name, quarantine)
  if redis.pcall('RENAME', name, quarantine)['err'] then redis.call('DEL', name) else redis.call('PEXPIRE', quarantine, ${QUARANTINE_MS}) end
end
`;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const OWN_TOKEN = `
local function holds(name, token) return redis.pcall('GET', name) == token end
`;

/**
 * Stores ARGV[2] for ARGV[3] ms if what is stored has the epoch ARGV[1], '' being that of what is no value of ours. KEYS: record, quarantine. Answers 0 not stored, 1 stored, 2 stored,
 * and what stood there was set aside.
 */
export const STORE_IF_EPOCH: RedisScript = script(
  `${SET_ASIDE}
local head = redis.pcall('GETRANGE', KEYS[1], 0, 31)
local epoch = type(head) == 'string' and string.match(head, '${VALUE_HEAD_IN_LUA}') or ''
if epoch ~= ARGV[1] then return 0 end
local foreign = epoch == '' and redis.call('EXISTS', KEYS[1]) == 1
if foreign then setAside(KEYS[1], KEYS[2]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return foreign and 2 or 1`,
  false,
);

/**
 * Sets aside what stands in KEYS[1], to KEYS[2], if it still is no record: another type, longer than ARGV[2] bytes, not as our values begin, not ASCII, or just what was
 * seen, ARGV[1]. Answers 1 if it did. So what another worker has stored since is not lost.
 */
export const SET_ASIDE_FLAWED: RedisScript = script(
  `${SET_ASIDE}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local length = redis.pcall('STRLEN', KEYS[1])
if type(length) == 'number' and length <= tonumber(ARGV[2]) then
  local value = redis.call('GET', KEYS[1])
  if value ~= ARGV[1] and string.find(value, '${VALUE_HEAD_IN_LUA}') and not string.find(value, '[^ -~]') then return 0 end
end
setAside(KEYS[1], KEYS[2])
return 1`,
  true,
);

/**
 * Takes a lock for the token ARGV[1] and ARGV[2] ms. KEYS: lock, fence, wanted. Answers the fence, higher than every one before, or 0 when another token has the lock. A lock that
 * would never end is nobody's: it ends after ARGV[2] ms.
 */
export const TAKE_LOCK: RedisScript = script(
  `${OWN_TOKEN}
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and not holds(KEYS[1], ARGV[1]) then
  if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  redis.call('SET', KEYS[3], 1, 'PX', ${WANTED_MS})
  return 0
end
redis.call('DEL', KEYS[3])
local time = redis.call('TIME')
local last = redis.pcall('GET', KEYS[2])
last = type(last) == 'string' and tonumber(last) or 0
local fence = math.max(time[1] * 1000000 + time[2], last < 2^53 - 1 and last + 1 or 0)
redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', ${FENCE_LEASES} * ARGV[2])
return fence`,
  true,
);

/** Keeps the lock KEYS[1], and its fence KEYS[2], for ARGV[2] ms more if the token ARGV[1] has it. Answers 1 if so. */
export const RENEW_LOCK: RedisScript = script(
  `${OWN_TOKEN}
if not holds(KEYS[1], ARGV[1]) then return 0 end
redis.call('PEXPIRE', KEYS[2], ${FENCE_LEASES} * ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  true,
);

/** Gives back the lock KEYS[1] if the token ARGV[1] has it. Answers 0 if not, 1 if so, 2 if so and somebody else has lately asked in vain (KEYS[2]). */
export const RELEASE_LOCK: RedisScript = script(
  `${OWN_TOKEN}
if not holds(KEYS[1], ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
return 1 + redis.call('EXISTS', KEYS[2])`,
  true,
);

const SWEEP_MEMBERS = `${NOW}
if type(redis.pcall('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)) ~= 'number' then redis.call('DEL', KEYS[1]) end
`;

/** The member ARGV[1] of KEYS[1] is there for ARGV[2] ms more; the record KEYS[2], which it uses, is kept for ARGV[3] ms. Nobody is answered. */
export const JOIN_MEMBERS: RedisScript = script(
  `${SWEEP_MEMBERS}
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
local latest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', latest))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1`,
  true,
);

/** The member ARGV[1] of KEYS[1] is gone. Answers how many others there are. */
export const LEAVE_MEMBERS: RedisScript = script(
  `${SWEEP_MEMBERS}
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('ZCARD', KEYS[1])`,
  true,
);
