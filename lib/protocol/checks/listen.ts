/** What opens a stream of changes, and what comes on it. Source: 2026-07-28, basic, patterns, "Subscriptions". */

import { isObject, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { isRequestId } from '../../jsonrpc/request-id.ts';
import type { RequestId } from '../../jsonrpc/request-id.ts';
import { META } from '../meta.ts';
import { asObject, asString, optionalArrayAt, optionalBooleanAt, partAt } from './check.ts';

/** Which changes a stream tells of. */
export interface ListenFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  readonly uris: readonly string[];
  /** Of the extension io.modelcontextprotocol/tasks, where there are any. */
  readonly taskIds?: readonly string[] | undefined;
}

/** The params of the request that asks for `filter`. What is not wanted is left out. */
export function listenParams({ tools, prompts, resources, uris, taskIds = [] }: ListenFilter): JSONObject {
  return {
    notifications: {
      ...(tools ? { toolsListChanged: true } : {}),
      ...(prompts ? { promptsListChanged: true } : {}),
      ...(resources ? { resourcesListChanged: true } : {}),
      ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
      ...(taskIds.length > 0 ? { taskIds } : {}),
    },
  };
}

/** What a server agreed to tell; what it left out it does not. */
export function checkAcknowledged(params: JSONObject): ListenFilter {
  const agreed = partAt(params, 'notifications', asObject);
  return {
    tools: optionalBooleanAt(agreed, 'toolsListChanged') === true,
    prompts: optionalBooleanAt(agreed, 'promptsListChanged') === true,
    resources: optionalBooleanAt(agreed, 'resourcesListChanged') === true,
    uris: (optionalArrayAt(agreed, 'resourceSubscriptions', asString) ?? []) as readonly string[],
    taskIds: (optionalArrayAt(agreed, 'taskIds', asString) ?? []) as readonly string[],
  };
}

/** The request that opened the stream on which a notification says that it comes; `undefined` for one that does not say. */
export function subscriptionIdOf(params: JSONObject): RequestId | undefined {
  const meta = own(params, '_meta');
  const id = isObject(meta) ? own(meta, META.subscriptionId) : undefined;
  return isRequestId(id) ? id : undefined;
}
