/** Requests that are only acknowledged. */

import { isMCPError } from '../base/errors.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { Call, Era } from '../protocol/era.ts';
import { checkEmptyResult } from '../protocol/checks/results.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import { refusedRequest } from './refusals.ts';
import type { Requester } from './requester.ts';

// Where nothing is agreed on, it is refused by this name.
const FIRST_PING: Call = Object.freeze({ method: 'ping', params: undefined });
const ACKNOWLEDGMENT: ReplyReader<void> = Object.freeze({ read: checkEmptyResult, refuse: refusedRequest });

/** Asks whether the server is there, as the era of now asks it. Source: MCP, basic, utilities, "Ping". */
export async function ping(requester: Requester, eraOfNow: () => Era | undefined, settings: RequestSettings): Promise<void> {
  const asked = eraOfNow()?.ping ?? FIRST_PING;
  try {
    await requester.request(asked.method, asked.params, settings, ACKNOWLEDGMENT);
  } catch (cause) {
    // Sent again by itself after its session was lost, it may have met a server that came back in the other era: there, nothing was sent.
    const other = eraOfNow()?.ping;
    if (other === undefined || other.method === asked.method || !isMCPError(cause) || cause.code !== 'ERR_MCP_UNSUPPORTED_METHOD') throw cause;
    await requester.request(other.method, other.params, settings, ACKNOWLEDGMENT);
  }
}

/** Asks for log messages of `level` and above only. Source: MCP, server, utilities, "Logging". */
export function setLogLevel(requester: Requester, level: ServerLogLevel, settings: RequestSettings): Promise<void> {
  return requester.request('logging/setLevel', { level }, settings, ACKNOWLEDGMENT);
}
