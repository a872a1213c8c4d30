import { systemClock } from '../base/clock.ts';
import { ConnectionError, RequestTimeoutError } from '../base/errors.ts';
import type { Connection } from '../connection/connection.ts';
import type { EraName } from '../protocol/era.ts';
import { StdioTransport } from '../transport/stdio/stdio-transport.ts';
import { ConnectedServer } from './connected-server.ts';
import type { NetworkFacts } from './diagnostics-attributes.ts';
import type { Road } from './lifecycle.ts';
import { resolveStdioOptions } from './stdio-options.ts';
import type { ResolvedStdioOptions, StdioMCPServerOptions } from './stdio-options.ts';

/** The signals a host may have a reason to send. */
export type ProcessSignal = 'SIGCONT' | 'SIGHUP' | 'SIGINT' | 'SIGKILL' | 'SIGSTOP' | 'SIGTERM' | 'SIGUSR1' | 'SIGUSR2';

/**
 * A server that runs as a child process of this one and is spoken to over its stdin and stdout.
 *
 * The child gets a process group of its own, a few variables of the environment and `serverEnv`. `cleanup()` ends its stdin, waits,
 * sends SIGTERM, waits, sends SIGKILL, each to the whole group. A key press of Ctrl-C does not reach it: a host that handles
 * SIGINT calls `cleanup()`, or `signalProcess`.
 */
export class StdioMCPServer extends ConnectedServer {
  readonly #road: StdioRoad;

  /** @throws TypeError or RangeError, naming the option, what was expected and what came. */
  constructor(options: StdioMCPServerOptions) {
    const resolved = resolveStdioOptions(options);
    const road = new StdioRoad(resolved);
    super(resolved, road);
    this.#road = road;
  }

  /** The process id of the child that was started last; it may have ended. */
  get processId(): number | undefined {
    return this.#road.transport?.processId;
  }

  /** The last bytes that the child wrote to stderr, as text. It may hold anything, secrets included. */
  get stderrTail(): string {
    return this.#road.transport?.stderrTail ?? '';
  }

  /** Sends a signal to the child and all it started, at once. False when nobody is there to get it. */
  signalProcess(signal: ProcessSignal): boolean {
    return this.#road.transport?.signal(signal) ?? false;
  }
}

/** A new child for every try. */
class StdioRoad implements Road {
  readonly recovers = 'limited' as const;
  readonly #options: ResolvedStdioOptions;
  /** The newest transport. */
  transport: StdioTransport | undefined;

  constructor(options: ResolvedStdioOptions) {
    this.#options = options;
  }

  async open(connection: Connection, signal: AbortSignal): Promise<void> {
    const era = connection.agreement?.era.name ?? this.#options.prior?.era;
    try {
      await this.#start(connection, signal, era);
    } catch (cause) {
      if (!connection.endedByProbe || signal.aborted) throw cause;
      // A legacy server may end at what it does not know before the handshake: once more, without asking. Source: 2026-07-28, stdio, "Backward Compatibility".
      await connection.sweep(signal);
      await this.#start(connection, signal, 'legacy');
    }
  }

  #start(connection: Connection, signal: AbortSignal, era: EraName | undefined): Promise<void> {
    const { serverName, limits, clock = systemClock, argv, serverEnv, workingDir } = this.#options;
    this.transport = new StdioTransport({ name: serverName, clock, limits, command: { argv, serverEnv, workingDir } });
    return connection.open(this.transport, signal, { era });
  }

  endsSession(): Promise<boolean> {
    return Promise.resolve(false);
  }

  left(): Promise<void> {
    return Promise.resolve();
  }

  network(): NetworkFacts {
    return PIPES;
  }

  /** A start is tried again when it was too slow, died late, or met a want that may pass; not when it would fail the same way. */
  mayRetry(cause: unknown): boolean {
    if (cause instanceof RequestTimeoutError) return true;
    if (!(cause instanceof ConnectionError)) return false;
    if (this.hasEnded(cause)) return Number(cause.details['livedMs']) >= this.#options.processStartupDelayMs;
    if (cause.code === 'ERR_MCP_SPAWN_FAILED') return PASSING_WANTS.has(String(cause.details['systemCode']));
    return RETRIED.has(cause.code);
  }

  hasEnded(cause: unknown): boolean {
    return cause instanceof ConnectionError && cause.code === 'ERR_MCP_PROCESS_EXITED';
  }
}

const PIPES: NetworkFacts = Object.freeze({ transport: 'pipe' });
const RETRIED: ReadonlySet<string> = new Set(['ERR_MCP_CONNECT_TIMEOUT', 'ERR_MCP_STDIN_CLOSED', 'ERR_MCP_STDOUT_CLOSED']);
const PASSING_WANTS: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY']);
