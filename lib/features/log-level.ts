/** Which log messages a server is to send, on this connection and those that follow. Source: MCP, server, utilities, "Logging". */

import { InvalidValueError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { Agreement } from '../protocol/era.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import { setLogLevel } from './acknowledged.ts';
import type { Requester } from './requester.ts';

/** What {@link WantedLogLevel} needs of its server. */
export interface LogLevelPort {
  readonly serverName: string;
  readonly requester: Requester;
  /** Asks on the connection there is. */
  readonly direct: Requester;
  /** What was agreed on last. */
  agreement(): Agreement | undefined;
  /** Resolves when there is a connection; rejects when there is none, and none is being made. */
  ready(settings: RequestSettings): Promise<void>;
  /** Says the level with every request from here on. */
  stamp(level: ServerLogLevel | undefined): void;
}

/** The level that was asked for last, and is asked for again. */
export class WantedLogLevel {
  readonly #port: LogLevelPort;
  #level: ServerLogLevel | undefined;

  constructor(port: LogLevelPort, level: ServerLogLevel | undefined) {
    this.#port = port;
    this.#level = level;
  }

  /** Asks for `level`; it is remembered when the server took it. Where every request says it, there is nothing to ask. */
  async set(level: ServerLogLevel, settings: RequestSettings): Promise<void> {
    const { requester, ready } = this.#port;
    // Before there is an agreement the request says that there is none.
    if (this.#isAsked) await setLogLevel(requester, level, settings);
    else {
      await ready(settings);
      this.#stamp(level);
    }
    this.#level = level;
  }

  /** There is a new connection: asks for the level, where there is one, of a server that logs. What it rejects with goes to `failed`. */
  connected(settings: RequestSettings, failed: (cause: MCPError) => void): void {
    const { direct, stamp, agreement } = this.#port;
    stamp(undefined);
    if (this.#level === undefined || agreement()?.capabilities.logging === undefined) return;
    if (this.#isAsked) setLogLevel(direct, this.#level, settings).catch(failed);
    else stamp(this.#level);
  }

  get #isAsked(): boolean {
    return this.#port.agreement()?.era.hasLogLevelRequest !== false;
  }

  #stamp(level: ServerLogLevel): void {
    const { serverName, agreement, stamp } = this.#port;
    if (agreement()?.capabilities.logging !== undefined) return stamp(level);
    throw new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', `${serverName} cannot be asked for log messages: the server did not declare the capability "logging"`, {
      details: { method: 'logging/setLevel' },
      delivery: 'unsent',
    });
  }
}
