/** Which log messages a server is to send, on this connection and those that follow. Source: MCP, server, utilities, "Logging". */

import type { MCPError } from '../base/errors.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import { setLogLevel } from './acknowledged.ts';
import type { Requester } from './requester.ts';

/** The level that was asked for last, and is asked for again. */
export class WantedLogLevel {
  #level: ServerLogLevel | undefined;

  constructor(level: ServerLogLevel | undefined) {
    this.#level = level;
  }

  /** Asks for `level`; it is remembered when the server took it. */
  async set(requester: Requester, level: ServerLogLevel, settings: RequestSettings): Promise<void> {
    await setLogLevel(requester, level, settings);
    this.#level = level;
  }

  /** There is a new connection: asks for the level, where there is one, of a server that logs. What it rejects with goes to `failed`. */
  ask(requester: Requester, capabilities: ServerCapabilities | undefined, settings: RequestSettings, failed: (cause: MCPError) => void): void {
    if (this.#level === undefined || capabilities?.logging === undefined) return;
    setLogLevel(requester, this.#level, settings).catch(failed);
  }
}
