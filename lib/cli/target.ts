/** The server of one run: a program that is started, or an address. */

import { StdioMCPServer, StreamableHTTPMCPServer } from '../index.ts';
import type { MCPServerProtocol } from '../index.ts';
import { readAuthorization } from './authorization-options.ts';
import type { Command, KeptSessions } from './command.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import { fetchForEnvironment } from './proxy.ts';
import { RedisSessions, findSessionKey, readRedisURL } from './redis-sessions.ts';
import { checkServerChoice, readHTTPOptions, readLogLevel, readStdioOptions } from './server-options.ts';
import type { OursForServer } from './server-options.ts';
import type { SignInDesk } from './sign-in.ts';

// How often a lost server is tried again, and how long its silence is borne, while somebody watches it.
const WATCH_RETRIES = 3;
const WATCH_PING_MS = 15_000;

/** A server, and what differs with the way to it. */
export interface Target {
  readonly server: MCPServerProtocol;
  /** The sessions of `--redis`, where it is given. */
  readonly sessions: KeptSessions | undefined;
  /** The end of what the server wrote to its stderr; empty where it is not ours. */
  stderrTail(): string;
  /** Ends what was started, at once. */
  kill(): void;
  /** After the connection was lost: resolves when it is there again, rejects when it will not be. */
  recover(): Promise<void>;
  /** Lets go, bounded in time: no process, session or socket is left. */
  close(): Promise<void>;
}

/** What a {@link Target} is made from. */
export interface TargetOptions {
  readonly invocation: Invocation;
  readonly command: Command;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The server that the command line names. Nothing is started or sent yet.
 *
 * @throws Failure `ERR_CLI_USAGE` for options that do not hold, and for no server or two.
 */
export function createTarget(options: TargetOptions, ours: OursForServer, desk: SignInDesk): Target {
  checkServerChoice(options.invocation);
  return options.invocation.options.has('url') ? overHTTP(options, ours, desk) : overStdio(options, ours);
}

function overStdio({ invocation, environment }: TargetOptions, ours: OursForServer): Target {
  const server = new StdioMCPServer(readStdioOptions(invocation, environment, ours));
  return {
    server,
    sessions: undefined,
    stderrTail: () => server.stderrTail,
    kill: () => server.signalProcess('SIGKILL'),
    recover: () => Promise.reject(server.connectionCause),
    close: () => server.cleanup(),
  };
}

function overHTTP({ invocation, command, environment }: TargetOptions, ours: OursForServer, desk: SignInDesk): Target {
  const listens = command.attach !== undefined;
  const proxied = fetchForEnvironment(environment);
  const options = { ...readHTTPOptions(invocation, environment, ours), authorization: readAuthorization(invocation, command, environment, desk) };
  const redisURL = readRedisURL(invocation, environment);
  const redis = redisURL === undefined ? undefined : new RedisSessions(redisURL, ours.logger);
  const server = createOverHTTP({
    ...options,
    ...(proxied === undefined ? {} : { fetch: proxied }),
    // A session that is kept is let go of at the end, for the next run.
    ...(redis === undefined ? {} : { sessionManager: redis.manager }),
    // The stream costs a request, and only log messages, changes, and that a visit is completed come on it.
    listen: listens || readLogLevel(invocation) !== undefined || ours.showsPages,
    // Who watches wants to go on when the server was gone for a moment, and asks it for nothing by which that would show.
    maxRetries: listens ? WATCH_RETRIES : 0,
    healthCheckIntervalMs: listens ? WATCH_PING_MS : 0,
  });
  return {
    server,
    sessions: redis === undefined ? undefined : { redis, findKey: (signal) => findSessionKey(options, signal) },
    stderrTail: () => '',
    kill: () => {},
    recover: () => server.connect(),
    close: async () => {
      await server.cleanup();
      await Promise.all([redis?.close(), proxied?.close()]);
    },
  };
}

/** The library names its options in what it refuses; a person gave ours. */
function createOverHTTP(options: ConstructorParameters<typeof StreamableHTTPMCPServer>[0]): StreamableHTTPMCPServer {
  try {
    return new StreamableHTTPMCPServer(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = error.message.replace(/^serverUrl\b/, '--url').replace(/^headers (?=holds|must)/, '--header ');
    throw usageFailure(message.replace('in the option headers, as Authorization', 'with --header-env Authorization=VARIABLE'));
  }
}
