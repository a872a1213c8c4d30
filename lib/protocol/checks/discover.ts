import { deepFreeze, isObject, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import type { ServerCapabilities } from '../capabilities.ts';
import { META } from '../meta.ts';
import type { Implementation } from '../types/implementation.ts';
import { arrayAt, asString, objectAt, optionalStringAt, partAt } from './check.ts';
import { checkImplementation, checkServerCapabilities } from './initialize.ts';

/** What a modern server says of itself. Source: 2026-07-28, server, "Discovery", "DiscoverResult". */
export interface DiscoverResult {
  /** Whatever the server wrote. */
  readonly supportedVersions: readonly string[];
  readonly capabilities: ServerCapabilities;
  readonly serverInfo: Implementation | undefined;
  readonly instructions: string | undefined;
}

/** The result of `server/discover`, frozen: it is looked at as long as the connection lives. */
export function checkDiscoverResult(result: JSONObject): DiscoverResult {
  const meta = own(result, '_meta');
  const serverInfo = isObject(meta) ? own(meta, META.serverInfo) : undefined;
  return {
    supportedVersions: arrayAt(result, 'supportedVersions', asString) as readonly string[],
    capabilities: deepFreeze(checkServerCapabilities(objectAt(result, 'capabilities'))),
    serverInfo: serverInfo === undefined || serverInfo === null ? undefined : deepFreeze(partAt({ serverInfo }, 'serverInfo', checkImplementation)),
    instructions: optionalStringAt(result, 'instructions'),
  };
}
