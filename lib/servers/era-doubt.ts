/** A server that was modern and may be legacy by now: what was found out is found out anew when it does not hold. Source: MCP, basic, "Versioning and Compatibility". */

import type { Clock } from '../base/clock.ts';
import { ConnectionError, RPCError, isMCPError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import { isNoEndpoint } from '../connection/probe-verdict.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION } from '../protocol/error-codes.ts';

/** What {@link EraDoubt} needs of its handle. */
export interface EraDoubtPort {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Whether the server was found to be modern. */
  isModern(): boolean;
  /** Asks it what it is. Resolves with whether it is legacy; rejects when that cannot be said. */
  probe(): Promise<boolean>;
  /** Lets go of the connection: the next one begins with finding out. */
  giveUp(cause: ConnectionError): void;
}

// Errors that a modern server gives to requests that are in order, with whatever status: they say nothing of its era.
const MODERN_CODES: ReadonlySet<number> = new Set([HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION, RPC_ERROR.methodNotFound, RPC_ERROR.invalidParams, RPC_ERROR.internalError]);

// A server without sessions has no other reason to refuse a request in this way.
const DOUBTFUL_STATUSES: ReadonlySet<unknown> = new Set([400, 404, 405]);

/** Asks a server again what it is when it refuses what no modern server refuses; not more often than `limits.eraDoubtMs` says. */
export class EraDoubt {
  readonly #port: EraDoubtPort;
  #asking: Promise<boolean> | undefined;
  #askedAt = -Infinity;

  constructor(port: EraDoubtPort) {
    this.#port = port;
  }

  /** What a request comes to that was refused with `error`: that error, or, from a server that is legacy by now, the loss of the connection, which may be sent again after. */
  async judge(error: unknown): Promise<unknown> {
    if (!isDoubtful(error) || !this.#port.isModern()) return error;
    return (await this.#isLegacy()) ? lostWith(this.#port.name, error) : error;
  }

  #isLegacy(): Promise<boolean> {
    if (this.#asking !== undefined) return this.#asking;
    const { clock, limits } = this.#port;
    if (clock.now() - this.#askedAt < limits.eraDoubtMs) return Promise.resolve(false);
    this.#askedAt = clock.now();
    this.#asking = this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<boolean> {
    const { name, probe, giveUp } = this.#port;
    try {
      if (!(await probe())) return false;
    } catch {
      return false;
    }
    giveUp(lostWith(name, undefined));
    return true;
  }
}

function isDoubtful(error: unknown): boolean {
  if (error instanceof RPCError) return DOUBTFUL_STATUSES.has(error.details['status']) && !MODERN_CODES.has(error.rpcCode);
  return isMCPError(error) && DOUBTFUL_STATUSES.has(error.details['status']) && isNoEndpoint(error);
}

function lostWith(name: string, cause: unknown): ConnectionError {
  const message = `${name} was a modern server and is a legacy one by now`;
  return new ConnectionError('ERR_MCP_SESSION_LOST', message, { delivery: 'answered', cause });
}
