/** The life of a handle: attempts to connect, restarts, the way out. */

import { orAbort, timedSignal } from '../base/abort.ts';
import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { ConnectionError, RequestTimeoutError, isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { Connection } from '../connection/connection.ts';
import { ConnectionState } from '../connection/connection-state.ts';
import type { StateChange } from '../connection/connection-state.ts';
import type { SharedResults } from '../features/shared-results.ts';
import { backoffMs } from '../transport/backoff.ts';
import type { NetworkFacts } from './diagnostics-attributes.ts';

/** The road to a server, as the life of a handle sees it. */
export interface Road {
  /** Whether a server that was lost may be started again only so often, or is asked again whenever somebody needs it. */
  readonly recovers: 'limited' | 'on-demand';
  /** One attempt to open the connection; what it leaves behind when it fails is for `connection.sweep`. */
  open(connection: Connection, signal: AbortSignal): Promise<void>;
  /** Whether another try may go better after `cause`. */
  mayRetry(cause: unknown): boolean;
  /** Whether `cause` says that the server came up and ended: of such starts in a row there is a limit of its own. */
  hasEnded(cause: unknown): boolean;
  /** The handle lets go: whether the server is to be told that its session is over. Never rejects. */
  endsSession(signal: AbortSignal): Promise<boolean>;
  /** The handle has let go. Never rejects. */
  left(signal: AbortSignal): Promise<void>;
  /** Who asks, as a text, where a road can tell: what one is answered is not kept for another. At once where that never changes. */
  readonly asker?: (signal: AbortSignal | undefined) => string | Promise<string>;
  /** Where results are shared with other handles, on a road that has such a place. */
  readonly results?: SharedResults | undefined;
  /** How the server is reached, as far as it is known. */
  network(): NetworkFacts;
}

/** How often and how long. */
export interface LifecyclePolicy {
  readonly startupTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly maxConnectionRetries: number;
  readonly retryDelayMs: number;
  readonly restart: 'on-crash' | 'never';
}

/** What a life is made with. */
export interface LifecycleOptions {
  readonly name: string;
  readonly connection: Connection;
  readonly road: Road;
  readonly policy: LifecyclePolicy;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** Something is wrong, and the handle goes on. */
  readonly fault: (error: MCPError) => void;
  /** A connection that was in use was lost, and is not made again by itself. */
  readonly gaveUp: (cause: unknown) => void;
}

/** An attempt, with all its tries, that several callers may wait for. */
interface Attempt {
  readonly promise: Promise<void>;
  readonly controller: AbortController;
  waiting: number;
}

/** One handle's life. Everything that begins or ends a connection goes through here. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  #attempt: Attempt | undefined;
  #recovery: Attempt | undefined;
  #cleaning: Promise<void> | undefined;
  #connectedAt = 0;
  /** Starts in a row that ended before they were stable. */
  #fastEnds = 0;
  /** The host has connected and has not let go since. */
  #isWanted = false;
  /** When a lost server may be asked again at the earliest. */
  #nextTryAt = 0;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Connects, or joins the attempt that is under way. */
  async connect(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#cleaning !== undefined) await orAbort(this.#cleaning, signal);
    const { connection } = this.#options;
    if (this.#attempt === undefined) {
      if (connection.state === ConnectionState.CONNECTED) return;
      this.#fastEnds = 0;
      this.#begin(0);
    }
    await this.#join(this.#attempt as unknown as Attempt, signal);
  }

  /**
   * While a lost server is being connected again: settles when that is over. On a road that asks again whenever somebody needs
   * the server, being asked for is being needed.
   */
  get recovery(): Promise<void> | undefined {
    if (this.#recovery !== undefined) return this.#recovery.promise;
    const { connection, road, clock } = this.#options;
    if (road.recovers === 'limited' || !this.#isWanted || connection.state !== ConnectionState.FAILED) return undefined;
    this.#recovery = this.#begin(Math.max(0, this.#nextTryAt - clock.now()));
    return this.#recovery.promise;
  }

  /** Whether a lost server is being connected again. */
  get isRecovering(): boolean {
    return this.#recovery !== undefined;
  }

  /** Waits for {@link Lifecycle.recovery}, as long as the request that needs it may take. */
  async recovered(method: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { name, clock } = this.#options;
    const late = () =>
      new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `${method} waited ${timeoutMs} ms for ${name} to be connected again`, { details: { method, timeoutMs }, delivery: 'unsent' });
    const bound = timedSignal(clock, timeoutMs, late, signal);
    // How the restart ended is told by the request itself, which finds a connection or none.
    await orAbort(this.#recovery?.promise.catch(() => {}) ?? Promise.resolve(), bound.signal).finally(bound.release);
  }

  /** To be told of every change of state. */
  changed({ from, to, cause }: StateChange): void {
    const { name, clock, log, connection } = this.#options;
    if (to === ConnectionState.CONNECTED) {
      this.#connectedAt = clock.now();
      this.#isWanted = true;
      log.info(`${name} is connected`, { protocolVersion: connection.agreement?.era.revision });
    } else log.debug(`${name} is ${to}`, { from });
    if (from === ConnectionState.CONNECTED && to === ConnectionState.FAILED) {
      log.warn(`${name} lost its connection: ${reasonText(cause)}`);
      this.#recover();
    }
  }

  /** Ends everything, whatever is under way. Idempotent; concurrent calls share one ending. */
  cleanup(): Promise<void> {
    this.#cleaning ??= this.#end().finally(() => {
      this.#cleaning = undefined;
    });
    return this.#cleaning;
  }

  async #end(): Promise<void> {
    const { name, connection, road, clock, policy } = this.#options;
    this.#isWanted = false;
    const closed = new ConnectionError('ERR_MCP_CONNECTION_CLOSED', `The connection to ${name} was closed`, { delivery: 'unsent' });
    const attempt = this.#attempt;
    attempt?.controller.abort(closed);
    const late = () => new ConnectionError('ERR_MCP_CLEANUP_TIMEOUT', `${name} did not end within ${policy.shutdownTimeoutMs} ms and was killed`);
    const bound = timedSignal(clock, policy.shutdownTimeoutMs, late);
    try {
      await connection.close(bound.signal, () => road.endsSession(bound.signal));
      await connection.sweep(bound.signal);
      await orAbort(road.left(bound.signal), bound.signal).catch(() => {});
      await attempt?.promise.catch(() => {});
    } finally {
      bound.release();
    }
    if (bound.signal.aborted) this.#options.fault(bound.signal.reason as MCPError);
  }

  /** Begins an attempt, after a pause. Nobody may be waiting for it: its failure is heard by who joins, and by the log. */
  #begin(pauseMs: number): Attempt {
    const controller = new AbortController();
    const promise = this.#tryAll(controller.signal, pauseMs).finally(() => {
      if (this.#attempt === attempt) this.#attempt = undefined;
      if (this.#recovery === attempt) this.#recovery = undefined;
    });
    promise.catch(() => {});
    const attempt: Attempt = { promise, controller, waiting: 0 };
    this.#attempt = attempt;
    return attempt;
  }

  async #join(attempt: Attempt, signal: AbortSignal | undefined): Promise<void> {
    attempt.waiting++;
    try {
      await orAbort(attempt.promise, signal);
    } finally {
      // The last one to go away turns off the light, but not on a restart, which nobody had to ask for.
      if (--attempt.waiting === 0 && signal?.aborted && attempt !== this.#recovery) attempt.controller.abort(signal.reason);
    }
  }

  async #tryAll(signal: AbortSignal, pauseMs: number): Promise<void> {
    const { policy, clock, limits, log, name } = this.#options;
    let wait = pauseMs;
    for (let tries = 1; ; tries++) {
      if (wait > 0) await delay(clock, wait, signal);
      try {
        return await this.#tryOnce(signal);
      } catch (cause) {
        signal.throwIfAborted();
        if (this.#options.road.hasEnded(cause)) this.#fastEnds++;
        wait = backoffMs(policy.retryDelayMs, tries, limits.maxRetryDelayMs);
        this.#nextTryAt = clock.now() + wait;
        if (tries > policy.maxConnectionRetries || !this.#mayTryAgain(cause)) throw cause;
        log.warn(`${name} could not be connected (try ${tries}): ${reasonText(cause)}; trying again in ${Math.round(wait)} ms`);
      }
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    const { name, connection, road, clock, policy } = this.#options;
    const { startupTimeoutMs, shutdownTimeoutMs } = policy;
    const late = () =>
      new ConnectionError('ERR_MCP_CONNECT_TIMEOUT', `${name} did not answer the handshake within ${startupTimeoutMs} ms`, { details: { startupTimeoutMs } });
    // What an earlier connection left behind goes first, or two servers would run at once.
    await this.#sweep(shutdownTimeoutMs);
    signal.throwIfAborted();
    const bound = timedSignal(clock, startupTimeoutMs, late, signal);
    try {
      await road.open(connection, bound.signal);
    } catch (cause) {
      // The caller hears of it at once; the next try and `cleanup` wait until nothing is left.
      void this.#sweep(shutdownTimeoutMs);
      throw cause;
    } finally {
      bound.release();
    }
  }

  async #sweep(withinMs: number): Promise<void> {
    const bound = timedSignal(this.#options.clock, withinMs, () => undefined);
    await this.#options.connection.sweep(bound.signal).finally(bound.release);
  }

  #mayTryAgain(cause: unknown): boolean {
    return this.#fastEnds < this.#options.limits.maxFastStarts && this.#options.road.mayRetry(cause);
  }

  /** The connection was lost while it was in use. */
  #recover(): void {
    const { name, clock, limits, policy, log, fault, gaveUp, road, connection } = this.#options;
    if (policy.restart === 'never') {
      gaveUp(connection.cause);
      return void this.#sweep(policy.shutdownTimeoutMs);
    }
    const isStable = clock.now() - this.#connectedAt >= limits.stableAfterMs;
    this.#fastEnds = isStable ? 0 : this.#fastEnds + 1;
    if (road.recovers === 'limited' && this.#fastEnds >= limits.maxFastStarts) {
      const message = `${name} ended ${this.#fastEnds} times in a row soon after its start and is not started again; connect() tries anew`;
      log.error(message);
      const limit = new ConnectionError('ERR_MCP_RESTART_LIMIT', message, { cause: connection.cause, details: { starts: this.#fastEnds } });
      fault(limit);
      gaveUp(limit);
      return void this.#sweep(policy.shutdownTimeoutMs);
    }
    // What asks for nothing but a new session gets it at once, unless sessions are lost one after the other.
    const isFirst = road.recovers === 'on-demand' && this.#fastEnds <= 1;
    const pauseMs = isFirst ? 0 : backoffMs(policy.retryDelayMs, this.#fastEnds, limits.maxRetryDelayMs);
    this.#recovery = this.#begin(pauseMs);
    this.#recovery.promise.catch((cause: unknown) => {
      log.error(`${name} could not be connected again: ${reasonText(cause)}`);
      gaveUp(cause);
    });
  }
}

function reasonText(cause: unknown): string {
  return isMCPError(cause) ? cause.message : cause instanceof Error ? cause.name : 'no reason is known';
}
