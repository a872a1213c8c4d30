/** Reports of progress on their way to who asked for them. Source: MCP, basic, utilities, "Progress". */

import { callSafely } from '../base/listeners.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { checkProgress, checkProgressToken } from '../protocol/checks/notifications.ts';
import type { ProgressToken } from '../protocol/types/progress.ts';
import type { PendingRequests, ProgressEvent } from './pending-requests.ts';
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
 * Hands one report to the request it is about; one about no waiting request is late, and returns `undefined`.
 *
 * @throws Misfit when the report is none.
 */
export function reportProgress(
  params: JSONObject,
  pending: PendingRequests,
  onCallbackFault: (cause: unknown) => void,
): ProgressEvent | undefined {
  const token = checkProgressToken(params);
  const progress = checkProgress(params);
  const request = pending.progressed(token);
  if (request === undefined) return undefined;
  const { onProgress } = request.settings;
  if (onProgress !== undefined) callSafely(() => onProgress(progress), onCallbackFault);
  return { requestId: request.id, method: request.method, ...progress };
}
