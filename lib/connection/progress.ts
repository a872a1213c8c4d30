/** Reports of progress on their way to who asked for them. Source: MCP, basic, utilities, "Progress". */

import { own } from '../base/json.ts';
import { callSafely } from '../base/listeners.ts';
import type { ListenerFault } from '../base/listeners.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { Progress, ProgressToken } from '../protocol/types/progress.ts';
import type { PendingRequest, PendingRequests } from './pending-requests.ts';
import type { RequestSettings } from './request-settings.ts';

/**
 * The token that a request carries: the host's own where it gave one (0 and "" are tokens like any other), the request's id
 * where somebody wants to hear of progress, or none.
 */
export function progressTokenFor(id: RequestId, settings: RequestSettings): ProgressToken | undefined {
  const given = settings.meta === undefined ? undefined : (own(settings.meta, 'progressToken') as ProgressToken | undefined);
  if (given !== undefined) return given;
  return settings.onProgress !== undefined || settings.resetTimeoutOnProgress ? id : undefined;
}

/**
 * Hands one report to the request it is about, and returns that; `undefined` for a report about no waiting request.
 */
export function reportProgress(progress: Progress, token: ProgressToken, pending: PendingRequests, onFault: ListenerFault): PendingRequest | undefined {
  const request = pending.progressed(token);
  const onProgress = request?.settings.onProgress;
  if (onProgress !== undefined) callSafely(onProgress, progress, onFault, 'onProgress');
  return request;
}
