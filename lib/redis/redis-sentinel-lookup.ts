/** Finding the master. Source: Redis, "Guidelines for Redis clients with support for Redis Sentinel". */

import { orAbort } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import { RedisError, isMCPError } from '../base/errors.ts';
import type { ErrorCode, MCPError } from '../base/errors.ts';
import { quiet } from '../base/quiet.ts';
import { quote } from '../base/text.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import { RedisClient } from './redis-client.ts';
import { resolveAnnounced } from './redis-cluster-address.ts';
import type { RedisNodeAddress } from './redis-cluster-address.ts';
import { firstAnswer } from './redis-cluster-race.ts';
import { connectFailure, redisFailure } from './redis-failure.ts';
import type { RedisClientOptions } from './redis-options.ts';
import type { ResolvedRedisSentinelOptions } from './redis-sentinel-options.ts';
import { placeOfRedis } from './redis-url.ts';

// A sentinel that does not answer is not waited for alone for longer.
const SENTINEL_HEAD_START_MS = 100;

/** Asks sentinels, the one that answered last first, each over a connection of its own that ends with the answer. */
export class RedisSentinelLookup {
  readonly #options: ResolvedRedisSentinelOptions;
  #sentinels: readonly RedisNodeAddress[];

  constructor(options: ResolvedRedisSentinelOptions) {
    this.#options = options;
    this.#sentinels = options.sentinels;
  }

  /**
   * Where the master is; with `isProven`, one that says itself that it is one.
   *
   * @throws RedisError with the code that all sentinels failed with, else `ERR_MCP_REDIS_CONNECTION`; what each one failed with is in `details.sentinels`.
   */
  async find(isProven: boolean, signal?: AbortSource): Promise<RedisNodeAddress> {
    const { sentinelTimeoutMs, client, masterName } = this.#options;
    const late = (sentinel: RedisNodeAddress) =>
      redisFailure('ERR_MCP_REDIS_TIMEOUT', placeOfRedis(sentinel), `did not lead to the master ${quote(masterName)} within ${sentinelTimeoutMs} ms`);
    const failures: SentinelFailure[] = [];
    const ask = async (sentinel: RedisNodeAddress, until: AbortSignal) => {
      try {
        const address = await this.#ask(sentinel, until);
        if (isProven) await this.#prove(address, until);
        return { sentinel, address };
      } catch (error) {
        failures.push({ sentinel, failure: connectFailure(placeOfRedis(sentinel), error) });
        throw error;
      }
    };
    const race = { clock: client.clock, headStartMs: SENTINEL_HEAD_START_MS, timeoutMs: sentinelTimeoutMs, late, signal };
    const outcome = await firstAnswer(this.#sentinels, ask, race);
    if (signal?.aborted) throw signal.reason;
    if ('failures' in outcome) throw this.#failed(failures);
    const { sentinel, address } = outcome.answer;
    this.#sentinels = [sentinel, ...this.#sentinels.filter((other) => other !== sentinel)];
    return address;
  }

  async #ask(sentinel: RedisNodeAddress, signal: AbortSignal): Promise<RedisNodeAddress> {
    const { masterName, mapAddress, sentinelOptions } = this.#options;
    const reply = await this.#once(sentinelOptions(sentinel), ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName], signal);
    if (reply === null) throw redisFailure('ERR_MCP_REDIS_REPLY', placeOfRedis(sentinel), `knows no master of the name ${quote(masterName)}`);
    const [host, port] = Array.isArray(reply) ? reply : [];
    const address = resolveAnnounced(host ?? NaN, typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : NaN, sentinel, mapAddress);
    if (address !== undefined) return address;
    throw redisFailure('ERR_MCP_REDIS_PROTOCOL', placeOfRedis(sentinel), 'answered SENTINEL GET-MASTER-ADDR-BY-NAME with what is no address');
  }

  /** A sentinel may name a server that is no master any more, or none yet. */
  async #prove(address: RedisNodeAddress, signal: AbortSignal): Promise<void> {
    const reply = await this.#once(this.#options.masterOptions(address), ['ROLE'], signal).catch((error: unknown) => {
      // A user that may not ask; what it may do will show.
      if (isMCPError(error) && error.details['redisCode'] === 'NOPERM') return ['master'];
      throw error;
    });
    if (Array.isArray(reply) && reply[0] === 'master') return;
    throw redisFailure('ERR_MCP_REDIS_CONNECTION', placeOfRedis(address), 'is no master, though a sentinel says so');
  }

  /** One command over a connection of its own. A connect that fails is not tried again. */
  async #once(options: RedisClientOptions, args: readonly RedisArgument[], signal: AbortSignal): Promise<RESPReply> {
    signal.throwIfAborted();
    const client = new RedisClient(options);
    try {
      await orAbort(client.connect(), signal);
      return await client.send(args, { signal, timeoutMs: this.#options.sentinelTimeoutMs });
    } finally {
      quiet(client.close({ timeoutMs: 0 }));
    }
  }

  #failed(failures: readonly SentinelFailure[]): RedisError {
    const { masterName } = this.#options;
    const codes = new Set(failures.map(({ failure }) => failure.code));
    const [only] = codes;
    const code: ErrorCode = codes.size === 1 && only !== undefined ? only : 'ERR_MCP_REDIS_CONNECTION';
    const last = failures.at(-1)?.failure;
    const sentinels = failures.map(({ sentinel, failure }) => ({ place: placeOfRedis(sentinel), code: failure.code }));
    const message = `The Redis master ${quote(masterName)} was not found by asking ${failures.length} sentinel${failures.length === 1 ? '' : 's'}: ${last?.message ?? ''}`;
    return new RedisError(code, message, { details: { masterName, sentinels }, cause: last, delivery: 'unsent' });
  }
}

interface SentinelFailure {
  readonly sentinel: RedisNodeAddress;
  readonly failure: MCPError;
}
