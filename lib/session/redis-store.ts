/** The road of the sessions to Redis: one operation at a time through the breaker, scripts by their digests. */

import type { RedisCommands } from '../redis/redis-client.ts';
import { RESPError } from '../resp/resp-error.ts';
import { hexDigest } from './redis-digest.ts';
import type { RedisBreaker } from './redis-breaker.ts';
import { redisCodeOf } from './redis-reply.ts';
import type { RedisScript } from './redis-session-scripts.ts';

/** Sends one command and resolves with its reply; an error reply rejects. Only what is idempotent may be sent a second time when a connection is lost. */
export type SendToRedis = (args: readonly string[], isIdempotent: boolean) => Promise<unknown>;

/** What an operation does its work with. */
export interface StoreRoad {
  readonly send: SendToRedis;
  /** Runs a script, by its digest where Redis has it already. */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

/** The client of a host as what sessions send with. What it throws at once, and an error that it resolves with, is a rejection. */
export function toSender(client: RedisCommands): SendToRedis {
  return async (args) => {
    const reply = await client.send(args);
    if (reply instanceof Error) throw reply;
    if (reply instanceof RESPError) throw new Error(reply.message);
    return reply;
  };
}

/** See the head of this file. */
export class RedisStore {
  readonly #breaker: RedisBreaker;
  readonly #road: StoreRoad;
  readonly #digests = new Map<RedisScript, Promise<string>>();

  constructor(send: SendToRedis, breaker: RedisBreaker) {
    this.#breaker = breaker;
    this.#road = { send, run: (script, keys, args) => this.#run(send, script, keys, args) };
  }

  /** One operation: bounded, and failing at once while Redis is away. @throws SessionStoreError `ERR_MCP_SESSION_STORE`. */
  operate<T>(work: (road: StoreRoad) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => work(this.#road));
  }

  /** As {@link RedisStore.operate}, but even while Redis is away: for what nobody waits for. */
  insist<T>(work: (road: StoreRoad) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => work(this.#road), true);
  }

  /** Tries something once, bounded, even while Redis is away, and says nothing of what comes of it. */
  async attempt(work: (road: StoreRoad) => Promise<unknown>): Promise<void> {
    try {
      await this.#breaker.bounded(() => work(this.#road));
    } catch {
      // What it was to undo expires by itself.
    }
  }

  async #run(send: SendToRedis, script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    let digest = this.#digests.get(script);
    if (digest === undefined) this.#digests.set(script, (digest = hexDigest('SHA-1', script.source)));
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await send(['EVALSHA', await digest, ...rest], script.isIdempotent);
    } catch (cause) {
      if (redisCodeOf(cause) !== 'NOSCRIPT') throw cause;
      return send(['EVAL', script.source, ...rest], script.isIdempotent);
    }
  }
}
