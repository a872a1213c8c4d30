/** What servers log, handed to the host's logger. */

import type { Unsubscribe } from '../base/listeners.ts';
import type { Logger } from '../base/log.ts';
import { describe } from '../base/options.ts';
import { escapeText } from '../base/text.ts';
import type { LogMessage, ServerLogLevel } from '../protocol/types/logging.ts';
import type { MCPServerProtocol } from './mcp-server-protocol.ts';

const BRIDGE_METHODS: Readonly<Record<ServerLogLevel, keyof Logger>> = Object.freeze({
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  alert: 'error',
  emergency: 'error',
});

/**
 * Hands every log message of `server` to `logger`: `debug` to its debug, `info` and `notice` to info, `warning` to warn, the rest to error. The
 * message is `<server>/<logger>: <data>`, data that is no string as JSON, everything of the server escaped and cut at 1 024 characters; the facts are `{ level }`.
 * What the server sends at all is for `setLogLevel` to say. Gives the function that ends it.
 *
 * @throws TypeError for a logger that is no object.
 */
export function logServerMessages(server: MCPServerProtocol, logger: Logger): Unsubscribe {
  if (typeof logger !== 'object' || logger === null) throw new TypeError(`logger must be an object with debug, info, warn, error; got ${describe(logger)}`);
  return server.on('log', (message) => logger[BRIDGE_METHODS[message.level]]?.(logText(server.name, message), { level: message.level }));
}

function logText(serverName: string, { logger, data }: LogMessage): string {
  const source = logger === undefined ? serverName : `${serverName}/${escapeText(logger, 100)}`;
  return `${source}: ${escapeText(typeof data === 'string' ? data : String(JSON.stringify(data)))}`;
}
