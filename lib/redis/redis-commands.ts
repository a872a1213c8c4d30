/** What the client has to know about single commands. */

import type { RedisArgument } from '../resp/resp-encoder.ts';

/**
 * `read`: changes nothing, so it may be sent again when a connection is lost before its answer. `refused`: has not exactly one reply, or changes
 * the connection for everybody who shares it.
 */
export type RedisCommandKind = 'read' | 'refused';

const redisWords = (text: string): string[] => text.trim().split(/\s+/);

// Commands that change nothing, by the groups of the Redis reference. Writes that end in the same state when they are run twice (SET, DEL,
// EXPIRE) are not here: run again later, they undo what somebody else did in between.
const READS: readonly string[] = [
  ...redisWords('BITCOUNT BITFIELD_RO BITPOS GETBIT GET GETRANGE LCS MGET STRLEN SUBSTR'),
  ...redisWords('DBSIZE EXISTS EXPIRETIME KEYS PEXPIRETIME PTTL RANDOMKEY SCAN SORT_RO TTL TYPE DUMP'),
  ...redisWords('HEXISTS HGET HGETALL HKEYS HLEN HMGET HRANDFIELD HSCAN HSTRLEN HVALS HTTL HPTTL HEXPIRETIME HPEXPIRETIME'),
  ...redisWords('LINDEX LLEN LPOS LRANGE'),
  ...redisWords('SCARD SDIFF SINTER SINTERCARD SISMEMBER SMEMBERS SMISMEMBER SRANDMEMBER SSCAN SUNION'),
  ...redisWords('ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE'),
  ...redisWords('ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION'),
  ...redisWords('XINFO XLEN XPENDING XRANGE XREAD XREVRANGE'),
  ...redisWords('GEODIST GEOHASH GEOPOS GEORADIUS_RO GEORADIUSBYMEMBER_RO GEOSEARCH'),
  ...redisWords('EVAL_RO EVALSHA_RO FCALL_RO'),
  ...redisWords('COMMAND ECHO INFO LASTSAVE LOLWUT PING ROLE TIME'),
];

// What is written as two words, where the first one alone says too little.
const PAIRED_READS: readonly string[] = [
  ...['CLIENT GETNAME', 'CLIENT ID', 'CLIENT INFO', 'CLIENT LIST', 'CONFIG GET', 'SCRIPT EXISTS', 'SCRIPT LOAD', 'FUNCTION LIST', 'FUNCTION DUMP'],
  ...['CLUSTER INFO', 'CLUSTER KEYSLOT', 'CLUSTER MYID', 'CLUSTER NODES', 'CLUSTER SHARDS', 'CLUSTER SLOTS', 'CLUSTER COUNTKEYSINSLOT'],
  ...['MEMORY USAGE', 'OBJECT ENCODING', 'OBJECT FREQ', 'OBJECT IDLETIME', 'OBJECT REFCOUNT', 'PUBSUB CHANNELS', 'PUBSUB NUMSUB', 'ACL WHOAMI'],
  ...['SENTINEL GET-MASTER-ADDR-BY-NAME', 'SENTINEL MASTER', 'SENTINEL MASTERS', 'SENTINEL REPLICAS', 'SENTINEL SENTINELS', 'SENTINEL MYID'],
];

const REFUSED: readonly string[] = [
  ...redisWords('SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC'),
  ...redisWords('AUTH HELLO QUIT RESET SELECT SHUTDOWN'),
  ...redisWords('MULTI EXEC DISCARD WATCH UNWATCH'),
];

const PAIRED_REFUSED: readonly string[] = ['CLIENT REPLY', 'CLIENT SETNAME'];

// The first words of pairs; a Map cannot hold a third kind without being looked up twice for every other command.
type TableEntry = RedisCommandKind | 'pair';

function rowsOf(names: readonly string[], entry: TableEntry): Array<readonly [string, TableEntry]> {
  // Both spellings that programs use are found at once.
  return names.flatMap((name) => [[name, entry] as const, [name.toLowerCase(), entry] as const]);
}

const PAIRED_WORDS: readonly string[] = [...PAIRED_READS, ...PAIRED_REFUSED].map((name) => name.split(' ')[0] ?? '');
const TABLE: ReadonlyMap<string, TableEntry> = new Map([...rowsOf(READS, 'read'), ...rowsOf(REFUSED, 'refused'), ...rowsOf(PAIRED_WORDS, 'pair')]);
const PAIRS: ReadonlyMap<string, RedisCommandKind> = new Map([
  ...PAIRED_READS.map((name) => [name, 'read'] as const),
  ...PAIRED_REFUSED.map((name) => [name, 'refused'] as const),
]);

/** What is special about the command; `undefined` for one that is sent once and whose one reply is awaited. */
export function kindOfCommand(args: readonly RedisArgument[]): RedisCommandKind | undefined {
  const first = args[0];
  const word = typeof first === 'string' ? first : plainWord(first);
  const entry = TABLE.get(word) ?? TABLE.get(word.toUpperCase());
  if (entry !== 'pair') return entry;
  return PAIRS.get(`${word} ${plainWord(args[1])}`.toUpperCase());
}

const LONGEST_NAME = 40;

/** The name of the command as an error shows it, in capitals; never an argument, and nothing that does not look like a name. */
export function nameOfCommand(first: RedisArgument | undefined): string {
  const word = plainWord(first);
  return word.length <= LONGEST_NAME && /^[A-Za-z][A-Za-z0-9_.-]*$/.test(word) ? word.toUpperCase() : 'a command';
}

function plainWord(argument: RedisArgument | undefined): string {
  if (typeof argument === 'string') return argument;
  if (argument instanceof Uint8Array) return String.fromCharCode(...argument.subarray(0, LONGEST_NAME + 1));
  return argument === undefined ? '' : String(argument);
}
