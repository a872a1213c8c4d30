/** Sessions of this program in Redis: `--redis`, and the variable that stands for it. */

import { InMemorySessionManager, RedisClient, RedisSessionManager, StreamableHTTPMCPServer, isMCPError } from '../index.ts';
import type { Logger, RedisArgument, RedisCommands, RESPReply, StreamableHTTPMCPServerOptions } from '../index.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';

/** The variable that is read where `--redis` is not given: a password in it stands neither in the shell's history nor in the list of processes. */
export const REDIS_VARIABLE = 'BAREWIRE_REDIS_URL';

/** What every key of a session begins with. */
export const SESSION_KEY_PREFIX = 'mcp_session:';

/** What a stored value begins with: its version, the epoch, and whether JSON follows (`j`) or what is sealed (`s`). */
export const STORED_VALUE_HEAD: RegExp = /^mcp1:(0|[1-9]\d{0,15}):([js]):/;

// Replies that a session manager expects, and makes up for.
const EXPECTED_REPLIES: ReadonlySet<unknown> = new Set(['NOSCRIPT', 'WRONGTYPE']);

/**
 * The url of Redis: that of `--redis`, or that of the variable, of which an empty one is none, where the server is at an address.
 *
 * @throws Failure `ERR_CLI_USAGE` for `--session-key` without a Redis, of which it would mean nothing.
 */
export function readRedisURL({ options }: Invocation, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const url = options.value('redis') ?? (options.has('url') ? environment[REDIS_VARIABLE] : undefined);
  if (url !== undefined && (url !== '' || options.has('redis'))) return url;
  if (options.has('session-key')) throw usageFailure(`--session-key says whose session in Redis it is; it needs --redis, or ${REDIS_VARIABLE}`);
  return undefined;
}

/** The sessions of one run in Redis. Nothing is sent before they are opened or used. */
export class RedisSessions {
  readonly manager: RedisSessionManager;
  readonly #client: RedisClient;
  #failure: Error | undefined;

  /** @throws Failure `ERR_CLI_USAGE` for a url that is none; it does not show it. */
  constructor(url: string, logger: Logger) {
    this.#client = clientOf(url, logger);
    this.manager = new RedisSessionManager({ client: this.#guarded(), keyPrefix: SESSION_KEY_PREFIX, logger });
  }

  /** What went wrong with Redis so far: the first of it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Connects to Redis.
   *
   * @throws RedisError what stands in the way; the reason of `signal`.
   */
  async open(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#client.connect(), signal);
  }

  /** Connects to Redis, and gives Redis up at once where that fails: a handle then goes on alone without waiting for it again. */
  async openOrGiveUp(signal: AbortSignal): Promise<void> {
    try {
      await this.open(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#failure = error as Error;
      await this.close();
    }
  }

  /** Sends one command that only looks. */
  ask(args: readonly RedisArgument[]): Promise<RESPReply> {
    return this.#client.send(args);
  }

  /** Gives back what is held in Redis, and lets go of it; bounded in time. Never rejects. */
  async close(): Promise<void> {
    await this.manager.close();
    await this.#client.close();
  }

  /**
   * The client as the manager uses it. A sealed session fails as if Redis was away, as a manager without the key for it would set it aside, and take it from all
   * who have the key.
   */
  #guarded(): RedisCommands {
    const client = this.#client;
    const send = async (args: Parameters<RedisCommands['send']>[0]): Promise<unknown> => {
      try {
        const reply = await client.send(args);
        if (typeof reply === 'string' && STORED_VALUE_HEAD.exec(reply)?.[2] === 's') throw new Error('the session there is sealed, and this program has no key for it');
        return reply;
      } catch (error) {
        if (!isExpected(error)) this.#failure ??= error as Error;
        throw error;
      }
    };
    return { send };
  }
}

function isExpected(error: unknown): boolean {
  return isMCPError(error) && EXPECTED_REPLIES.has(error.details['redisCode']);
}

function clientOf(url: string, logger: Logger): RedisClient {
  try {
    return new RedisClient({ url, logger });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw usageFailure(error.message, 'redis://user:password@host:6379/0, rediss://… with TLS, or unix:///path');
    throw error;
  }
}

/**
 * Under which key a handle with these options keeps its session: what the handle itself asks the store for. Nothing is sent to the server.
 *
 * @throws what the handle refuses; the reason of `signal`.
 */
export async function findSessionKey(options: StreamableHTTPMCPServerOptions, signal: AbortSignal): Promise<string> {
  const found = new AbortController();
  let key: string | undefined;
  class KeyFinder extends InMemorySessionManager {
    override withLock(name: string): Promise<never> {
      key = name;
      found.abort();
      return Promise.reject(new Error('the key is known'));
    }
  }
  const server = new StreamableHTTPMCPServer({ ...options, sessionManager: new KeyFinder(), maxRetries: 0 });
  try {
    await server.connect({ signal: AbortSignal.any([signal, found.signal]) });
  } catch (error) {
    signal.throwIfAborted();
    if (key === undefined) throw error;
  } finally {
    await server.cleanup();
  }
  return key ?? '';
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
