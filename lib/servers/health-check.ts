/** Asks an idle server now and then whether it is still there. Source: MCP, basic, utilities, "Ping". */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { ConnectionError, RPCError } from '../base/errors.ts';

/** What a health check is made with. */
export interface HealthCheckOptions {
  readonly name: string;
  readonly clock: Clock;
  /** How long a connection may be idle before it is asked, milliseconds; 0: never. */
  readonly intervalMs: number;
  /** Grows with every frame that comes in. */
  readonly framesReceived: () => number;
  /** Whether requests wait: their own deadlines watch over the connection then. */
  readonly isBusy: () => boolean;
  readonly ping: () => Promise<void>;
  /** The server does not answer. */
  readonly failed: (cause: ConnectionError) => void;
}

/** The health check of one handle. Runs between {@link HealthCheck.start} and {@link HealthCheck.stop}. */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #cancel: CancelTimer | undefined;
  #framesBefore = 0;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Begins; a second call begins anew. */
  start(): void {
    this.stop();
    if (this.#options.intervalMs === 0) return;
    this.#framesBefore = this.#options.framesReceived();
    this.#cancel = this.#options.clock.afterInBackground(this.#options.intervalMs, () => void this.#look());
  }

  /** Ends. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #look(): Promise<void> {
    const { framesReceived, isBusy, ping, failed, name } = this.#options;
    const mine = this.#cancel;
    if (isBusy() || framesReceived() !== this.#framesBefore) return this.start();
    try {
      await ping();
    } catch (cause) {
      // An error answer is an answer. A connection that ended meanwhile has its own cause.
      const isAlive = cause instanceof RPCError || framesReceived() !== this.#framesBefore;
      if (!isAlive && this.#cancel === mine) return failed(new ConnectionError('ERR_MCP_HEALTH_CHECK', `${name} does not answer any more: ${(cause as Error).message}`, { cause }));
    }
    if (this.#cancel === mine) this.start();
  }
}
