/** The options of the command line that concern the server, as options of the library. */

import { LOG_LEVELS, PROTOCOL_VERSIONS, SERVER_LOG_LEVELS } from '../index.ts';
import type { Handlers, Logger, ServerLogLevel, StdioMCPServerOptions, StreamableHTTPMCPServerOptions } from '../index.ts';
import type { Invocation } from './command-line.ts';
import { readDuration } from './duration.ts';
import { usageFailure } from './failure.ts';
import { readHeaders } from './header-options.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_ANSWER_MS = 24 * 3_600_000;

/** What this program gives every server. */
export interface OursForServer {
  readonly logger: Logger;
  /** Answers what the server asks. */
  readonly handlers: Handlers;
  /** Whether a person can be asked to visit a page. */
  readonly showsPages: boolean;
}

/** The level from which on log messages are shown, or `undefined` where none are. `--verbose` shows all of them. */
export function readLogLevel({ options }: Invocation): ServerLogLevel | undefined {
  const given = options.value('log-level');
  if (given === undefined) return options.has('verbose') ? 'debug' : undefined;
  const level = SERVER_LOG_LEVELS.find((name) => name === given.toLowerCase());
  if (level === undefined) throw usageFailure(`--log-level must be one of ${SERVER_LOG_LEVELS.join(', ')}; got "${given}"`);
  return level;
}

// The library's own levels are fewer than the protocol's; each stands for those below the next.
const LIBRARY_LEVELS: Readonly<Record<ServerLogLevel, (typeof LOG_LEVELS)[number]>> = {
  debug: 'DEBUG',
  info: 'INFO',
  notice: 'INFO',
  warning: 'WARNING',
  error: 'ERROR',
  critical: 'CRITICAL',
  alert: 'CRITICAL',
  emergency: 'CRITICAL',
};

/** `--env NAME=value` and `--env NAME`, as variables. */
function readVariables(given: readonly string[], environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = given.map((text): [string, string] => {
    const at = text.indexOf('=');
    const name = at === -1 ? text : text.slice(0, at);
    if (name === '') throw usageFailure(`--env needs a name: --env NAME=value or --env NAME; got "${text}"`);
    const value = at === -1 ? environment[name] : text.slice(at + 1);
    if (value === undefined) throw usageFailure(`--env ${name}: there is no such variable here to pass on`, `give it a value: --env ${name}=…`);
    return [name, value];
  });
  return Object.fromEntries(entries);
}

function readRevision(given: string): string {
  if (PROTOCOL_VERSIONS.some((known) => known === given)) return given;
  throw usageFailure(`--protocol must be one of ${PROTOCOL_VERSIONS.join(', ')}; got "${given}"`);
}

/** Options that say something of a server of one kind only. */
const OF_STARTED = ['env', 'cwd'] as const;
const OF_REMOTE = [
  'header', 'header-env', 'token-env', 'oauth', 'client-id', 'client-secret-env', 'client-credentials', 'issuer', 'scope', 'no-browser', 'redirect-port', 'redis', 'session-key',
] as const;

/**
 * Checks that there is one server, and no option that means nothing for it.
 *
 * @throws Failure `ERR_CLI_USAGE`.
 */
export function checkServerChoice({ command = 'tools', options, serverCommand }: Invocation): void {
  const isStarted = serverCommand.length > 0 && serverCommand[0] !== '';
  if (options.has('url') && serverCommand.length > 0) throw usageFailure('there are two servers: give --url, or -- and a command, not both');
  if (!options.has('url') && !isStarted) {
    const hint = `barewire ${command} … -- npx some-mcp-server, or barewire ${command} … --url https://mcp.example/mcp`;
    throw usageFailure('no server: put -- and the command that starts it at the end, or give its address with --url', hint);
  }
  for (const option of options.has('url') ? OF_STARTED : OF_REMOTE) {
    if (!options.has(option)) continue;
    const why = options.has('url') ? 'that is started; there is none with --url' : 'at an address; it needs --url';
    throw usageFailure(`--${option} is for a server ${why}`);
  }
}

/** How long an answer is waited for, milliseconds. */
export function readTimeout({ options }: Invocation): number {
  const timeout = options.value('timeout');
  return timeout === undefined ? DEFAULT_TIMEOUT_MS : readDuration('--timeout', timeout);
}

/** What servers of both kinds are made with, and how long to wait. */
function readCommonOptions(invocation: Invocation, { logger, handlers }: OursForServer) {
  const { options } = invocation;
  const revision = options.value('protocol');
  return {
    timeoutMs: readTimeout(invocation),
    common: {
      ...(revision === undefined ? {} : { protocolVersions: [readRevision(revision)] }),
      logLevel: LIBRARY_LEVELS[readLogLevel(invocation) ?? 'emergency'],
      logger,
      handlers,
      // A person has the time that it takes, and Ctrl-C.
      limits: { answerTimeoutMs: LONGEST_ANSWER_MS },
    },
  };
}

/**
 * What a server that is started is made with. One start and no restart: a person at a terminal sees a failure sooner than a third try.
 *
 * @throws Failure `ERR_CLI_USAGE` for an option that does not hold.
 */
export function readStdioOptions(
  invocation: Invocation,
  environment: Readonly<Record<string, string | undefined>>,
  ours: OursForServer,
): StdioMCPServerOptions {
  const { options, serverCommand } = invocation;
  const { timeoutMs, common } = readCommonOptions(invocation, ours);
  const workingDir = options.value('cwd');
  return {
    ...common,
    serverName: serverCommand[0] ?? '',
    command: serverCommand,
    serverEnv: readVariables(options.values('env'), environment),
    ...(workingDir === undefined ? {} : { workingDir }),
    requestTimeoutMs: timeoutMs,
    startupTimeoutMs: timeoutMs,
    maxConnectionRetries: 0,
    restart: 'never',
    healthCheckIntervalMs: 0,
  };
}

/**
 * What a server at an address is made with. How often something is tried again is for the command.
 *
 * @throws Failure `ERR_CLI_USAGE` for an option that does not hold. Whether the address is one is for the library to say.
 */
export function readHTTPOptions(
  invocation: Invocation,
  environment: Readonly<Record<string, string | undefined>>,
  ours: OursForServer,
): StreamableHTTPMCPServerOptions {
  const url = invocation.options.value('url') ?? '';
  const { timeoutMs, common } = readCommonOptions(invocation, ours);
  const sessionKey = invocation.options.value('session-key');
  return {
    ...common,
    // Nothing of the address but its host: a query may hold a secret.
    serverName: (URL.canParse(url) && new URL(url).host) || 'the server',
    serverUrl: url,
    headers: readHeaders(invocation, environment),
    ...(sessionKey === undefined ? {} : { sessionKey }),
    timeoutMs,
    connectTimeoutMs: timeoutMs,
  };
}
