/** Where the keys of a command stand, and so which node of a cluster has to have it. Source: Redis, "Command key specifications". */

import { RedisError } from '../base/errors.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import { nameOfCommand } from './redis-commands.ts';
import { slotOfKey } from './redis-slots.ts';

/** The keys among the arguments; none where the command has no keys, or is not as it should be, which the server then says. */
type KeyFinder = (args: readonly RedisArgument[]) => readonly RedisArgument[];

const noKeys: KeyFinder = () => [];

/** From `first` to `last` (from the end where it is negative), every `step`. */
const keysInRange =
  (first: number, last: number, step: number = 1): KeyFinder =>
  (args) => {
    const keys: RedisArgument[] = [];
    for (let at = first; at <= (last < 0 ? args.length + last : Math.min(last, args.length - 1)); at += step) keys.push(args[at] as RedisArgument);
    return keys;
  };

/** As many as the argument at `countAt` says, behind it; and those that stand at `also`. */
const countedKeys =
  (countAt: number, ...also: readonly number[]): KeyFinder =>
  (args) => {
    const count = Number(nameOrNumber(args[countAt]));
    if (!Number.isSafeInteger(count) || count < 0 || countAt + count >= args.length) return [];
    return [...also.map((at) => args[at] as RedisArgument), ...args.slice(countAt + 1, countAt + 1 + count)];
  };

/** The first half of what follows the word `STREAMS`, which stands at `from` or behind. */
const streamKeys =
  (from: number): KeyFinder =>
  (args) => {
    const word = args.findIndex((argument, index) => index >= from && nameOfCommand(argument) === 'STREAMS');
    return word === -1 ? [] : args.slice(word + 1, word + 1 + Math.floor((args.length - word - 1) / 2));
  };

/** The first argument, and what follows the word `STORE` or `STOREDIST`, which stands at `from` or behind. */
const storedKeys =
  (from: number): KeyFinder =>
  (args) => args.filter((_, index) => index === 1 || (index > from && ['STORE', 'STOREDIST'].includes(nameOfCommand(args[index - 1]))));

/** The second argument where the first one is one of these words. */
const keyBehind =
  (...subcommands: readonly string[]): KeyFinder =>
  (args) => (args.length > 2 && subcommands.includes(nameOfCommand(args[1])) ? [args[2] as RedisArgument] : []);

/** `MIGRATE host port key …`, or `MIGRATE host port "" … KEYS key key …`. */
const keysToMigrate: KeyFinder = (args) => {
  const key = args[3];
  if (key !== undefined && key !== '' && !(key instanceof Uint8Array && key.length === 0)) return [key];
  const word = args.findIndex((argument, index) => index > 3 && nameOfCommand(argument) === 'KEYS');
  return word === -1 ? [] : args.slice(word + 1);
};

function nameOrNumber(argument: RedisArgument | undefined): string {
  if (argument instanceof Uint8Array) return argument.length > 20 ? '' : String.fromCharCode(...argument);
  return argument === undefined ? '' : String(argument);
}

// What is not here has one key, its first argument.
const KEY_RULES: ReadonlyArray<readonly [finder: KeyFinder, commands: string]> = [
  [noKeys, 'PING ECHO INFO TIME ROLE LASTSAVE LOLWUT COMMAND DBSIZE KEYS SCAN RANDOMKEY FLUSHALL FLUSHDB SAVE BGSAVE BGREWRITEAOF'],
  [noKeys, 'ACL CLIENT CLUSTER CONFIG FAILOVER FUNCTION LATENCY MODULE PUBLISH PUBSUB REPLICAOF SCRIPT SLAVEOF SLOWLOG SWAPDB WAIT WAITAOF'],
  [keysInRange(1, -1), 'DEL UNLINK EXISTS TOUCH MGET PFCOUNT PFMERGE SINTER SINTERSTORE SUNION SUNIONSTORE SDIFF SDIFFSTORE'],
  [keysInRange(1, -1, 2), 'MSET MSETNX'],
  [keysInRange(1, -2), 'BLPOP BRPOP BZPOPMIN BZPOPMAX'],
  [keysInRange(1, 2), 'RENAME RENAMENX COPY SMOVE LCS RPOPLPUSH BRPOPLPUSH LMOVE BLMOVE ZRANGESTORE GEOSEARCHSTORE'],
  [keysInRange(2, -1), 'BITOP'],
  [countedKeys(1), 'SINTERCARD ZDIFF ZINTER ZINTERCARD ZUNION LMPOP ZMPOP'],
  [countedKeys(2), 'EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO BLMPOP BZMPOP'],
  [countedKeys(2, 1), 'ZDIFFSTORE ZINTERSTORE ZUNIONSTORE'],
  [streamKeys(1), 'XREAD'],
  [streamKeys(4), 'XREADGROUP'],
  [storedKeys(2), 'SORT'],
  [storedKeys(5), 'GEORADIUSBYMEMBER'],
  [storedKeys(6), 'GEORADIUS'],
  [keyBehind('ENCODING', 'FREQ', 'IDLETIME', 'REFCOUNT'), 'OBJECT'],
  [keyBehind('STREAM', 'GROUPS', 'CONSUMERS'), 'XINFO'],
  [keyBehind('CREATE', 'CREATECONSUMER', 'DELCONSUMER', 'DESTROY', 'SETID'), 'XGROUP'],
  [keyBehind('USAGE'), 'MEMORY'],
  [keyBehind('OBJECT'), 'DEBUG'],
  [keysToMigrate, 'MIGRATE'],
];

// They change what a connection answers, and a connection is shared by all commands for its node.
const REFUSED_IN_CLUSTER: ReadonlySet<string> = new Set(['ASKING', 'READONLY', 'READWRITE']);
const noKeysAllowed: KeyFinder = (args) => {
  throw new TypeError(`${nameOfCommand(args[0])} cannot be sent to a cluster: it changes a connection that all commands for a node share`);
};

const KEY_FINDERS: ReadonlyMap<string, KeyFinder> = new Map(
  [...KEY_RULES, [noKeysAllowed, [...REFUSED_IN_CLUSTER].join(' ')] as const].flatMap(([finder, commands]) =>
    // Both spellings that programs use are found at once.
    commands.split(' ').flatMap((name) => [[name, finder] as const, [name.toLowerCase(), finder] as const]),
  ),
);

/** The keys of a command, in its order; none where it has none. @throws TypeError for commands that a cluster cannot be sent. */
export function keysOfCommand(args: readonly RedisArgument[]): readonly RedisArgument[] {
  const first = args[0];
  const finder = (typeof first === 'string' ? KEY_FINDERS.get(first) : undefined) ?? KEY_FINDERS.get(nameOfCommand(first));
  return finder === undefined ? args.slice(1, 2) : finder(args);
}

/**
 * The slot that all keys of a command live in; `undefined` where it has no keys.
 *
 * @throws RedisError `ERR_MCP_REDIS_REPLY` with `details.redisCode` `CROSSSLOT`, as a node would answer, where they live in several: hash tags bring
 * keys together. TypeError for commands that a cluster cannot be sent.
 */
export function slotOfCommand(args: readonly RedisArgument[]): number | undefined {
  const [first, ...others] = keysOfCommand(args);
  if (first === undefined) return undefined;
  const slot = slotOfKey(first);
  for (const other of others) if (slotOfKey(other) !== slot) throw crossSlot(nameOfCommand(args[0]), slot, slotOfKey(other));
  return slot;
}

function crossSlot(command: string, ...slots: readonly number[]): RedisError {
  const where = `several slots of the cluster, ${slots.join(' and ')} among them`;
  const message = `${command}: its keys live in ${where}; keys with one hash tag, as in {tag}:a and {tag}:b, live in one`;
  return new RedisError('ERR_MCP_REDIS_REPLY', message, { details: { command, redisCode: 'CROSSSLOT', slots }, delivery: 'unsent' });
}
