/** Requests that are only acknowledged. */

import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { Era } from '../protocol/era.ts';
import { checkEmptyResult } from '../protocol/checks/results.ts';
import type { ServerLogLevel } from '../protocol/types/logging.ts';
import { refusedRequest } from './refusals.ts';
import type { Requester } from './requester.ts';

const ACKNOWLEDGMENT: ReplyReader<void> = Object.freeze({ read: checkEmptyResult, refuse: refusedRequest });

/** Asks whether the server is there, as `era` asks it. Source: MCP, basic, utilities, "Ping". */
export function ping(requester: Requester, era: Era | undefined, settings: RequestSettings): Promise<void> {
  return requester.request(era?.ping.method ?? 'ping', era?.ping.params, settings, ACKNOWLEDGMENT);
}

/** Asks for log messages of `level` and above only. Source: MCP, server, utilities, "Logging". */
export function setLogLevel(requester: Requester, level: ServerLogLevel, settings: RequestSettings): Promise<void> {
  return requester.request('logging/setLevel', { level }, settings, ACKNOWLEDGMENT);
}
