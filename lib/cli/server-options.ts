/** The options of the command line that concern the server, as options of the library. */

import { LOG_LEVELS, PROTOCOL_VERSIONS, SERVER_LOG_LEVELS } from '../index.ts';
import type { Logger, ServerLogLevel, StdioMCPServerOptions } from '../index.ts';
import type { Invocation } from './command-line.ts';
import { readDuration } from './duration.ts';
import { usageFailure } from './failure.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

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

/**
 * What the server is made with. One start and no restart: a person at a terminal sees a failure sooner than a third try.
 *
 * @throws Failure `ERR_CLI_USAGE` for an option that does not hold, and for no command after `--`.
 */
export function readServerOptions(
  invocation: Invocation,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): StdioMCPServerOptions {
  const { options, serverCommand } = invocation;
  const [program] = serverCommand;
  if (program === undefined || program === '') {
    const hint = `barewire ${invocation.command ?? 'tools'} … -- npx some-mcp-server`;
    throw usageFailure('no server: put -- and the command that starts it at the end', hint);
  }
  const timeout = options.value('timeout');
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : readDuration('--timeout', timeout);
  const workingDir = options.value('cwd');
  const revision = options.value('protocol');
  return {
    serverName: program,
    command: serverCommand,
    serverEnv: readVariables(options.values('env'), environment),
    ...(workingDir === undefined ? {} : { workingDir }),
    ...(revision === undefined ? {} : { protocolVersions: [readRevision(revision)] }),
    requestTimeoutMs: timeoutMs,
    startupTimeoutMs: timeoutMs,
    maxConnectionRetries: 0,
    restart: 'never',
    healthCheckIntervalMs: 0,
    logLevel: LIBRARY_LEVELS[readLogLevel(invocation) ?? 'emergency'],
    logger,
  };
}
