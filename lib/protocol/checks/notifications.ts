import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import { isRequestId } from '../../jsonrpc/request-id.ts';
import type { RequestId } from '../../jsonrpc/request-id.ts';
import { SERVER_LOG_LEVELS } from '../types/logging.ts';
import type { LogMessage, ServerLogLevel } from '../types/logging.ts';
import type { Progress, ProgressToken } from '../types/progress.ts';
import { Misfit, optionalNumberAt, optionalStringAt, stringAt } from './check.ts';

/** The token of `notifications/progress`: a string or a number, and never one of them for the other. */
export function checkProgressToken(params: JSONObject): ProgressToken {
  const token = own(params, 'progressToken');
  if (typeof token === 'string' || typeof token === 'number') return token;
  throw new Misfit('/progressToken', `a string or a number; got ${describe(token)}`);
}

/** Which request `notifications/cancelled` takes back. Source: MCP, basic, utilities, "Cancellation". */
export function checkCancelledId(params: JSONObject): RequestId {
  const id = own(params, 'requestId');
  if (isRequestId(id)) return id;
  throw new Misfit('/requestId', `a string or an integer; got ${describe(id)}`);
}

/** What `notifications/progress` reports. */
export function checkProgress(params: JSONObject): Progress {
  const progress = own(params, 'progress');
  if (typeof progress !== 'number') throw new Misfit('/progress', `a number; got ${describe(progress)}`);
  const total = optionalNumberAt(params, 'total');
  const message = optionalStringAt(params, 'message');
  if (message !== undefined) return total === undefined ? { progress, message } : { progress, total, message };
  return total === undefined ? { progress } : { progress, total };
}

/** What `notifications/message` says. */
export function checkLogMessage(params: JSONObject): LogMessage {
  const level = stringAt(params, 'level') as ServerLogLevel;
  if (!SERVER_LOG_LEVELS.includes(level)) throw new Misfit('/level', `one of ${SERVER_LOG_LEVELS.join(', ')}; got another string`);
  const logger = optionalStringAt(params, 'logger');
  const data = own(params, 'data');
  return logger === undefined ? { level, data } : { level, logger, data };
}

/** The uri of `notifications/resources/updated`. */
export function checkResourceUpdated(params: JSONObject): { readonly uri: string } {
  return { uri: stringAt(params, 'uri') };
}
