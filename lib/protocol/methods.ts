/**
 * The methods of every revision, in one table: who may send them, since when, and what the server has to offer for it.
 * Source: the unions ClientRequest, ClientNotification, ServerRequest, ServerNotification in `schema.ts` of each revision.
 */

import {
  REVISION_2024_11_05,
  REVISION_2025_06_18,
  REVISION_2025_11_25,
  REVISION_2026_07_28,
  isAtLeast,
} from './versions.ts';
import type { ProtocolVersion } from './versions.ts';

/** Who sends a message: `client` is this library. */
export type Sender = 'client' | 'server';

/** One row of {@link METHODS}. */
export interface MethodRow {
  readonly kind: 'request' | 'notification';
  readonly from: Sender | 'both';
  readonly since: ProtocolVersion;
  /** The last revision that has it; without, all newer ones do. */
  readonly until?: ProtocolVersion;
  /** The capability that the server has to declare before the client may send it. */
  readonly needs?: 'tools' | 'resources' | 'prompts' | 'completions' | 'logging' | 'tasks' | 'tasks.list' | 'tasks.cancel';
  /** A read: asking twice does what asking once does. */
  readonly isRead?: true;
}

const FIRST = REVISION_2024_11_05;
const LAST_LEGACY = REVISION_2025_11_25;
const MODERN = REVISION_2026_07_28;

/** Method name → row. */
export const METHODS: ReadonlyMap<string, MethodRow> = new Map<string, MethodRow>([
  ['initialize', { kind: 'request', from: 'client', since: FIRST, until: LAST_LEGACY }],
  ['server/discover', { kind: 'request', from: 'client', since: MODERN, isRead: true }],
  ['subscriptions/listen', { kind: 'request', from: 'client', since: MODERN, isRead: true }],
  ['notifications/subscriptions/acknowledged', { kind: 'notification', from: 'server', since: MODERN }],
  ['ping', { kind: 'request', from: 'both', since: FIRST, until: LAST_LEGACY, isRead: true }],
  ['tools/list', { kind: 'request', from: 'client', since: FIRST, needs: 'tools', isRead: true }],
  ['tools/call', { kind: 'request', from: 'client', since: FIRST, needs: 'tools' }],
  ['resources/list', { kind: 'request', from: 'client', since: FIRST, needs: 'resources', isRead: true }],
  ['resources/templates/list', { kind: 'request', from: 'client', since: FIRST, needs: 'resources', isRead: true }],
  ['resources/read', { kind: 'request', from: 'client', since: FIRST, needs: 'resources', isRead: true }],
  ['resources/subscribe', { kind: 'request', from: 'client', since: FIRST, until: LAST_LEGACY, needs: 'resources' }],
  ['resources/unsubscribe', { kind: 'request', from: 'client', since: FIRST, until: LAST_LEGACY, needs: 'resources' }],
  ['prompts/list', { kind: 'request', from: 'client', since: FIRST, needs: 'prompts', isRead: true }],
  ['prompts/get', { kind: 'request', from: 'client', since: FIRST, needs: 'prompts', isRead: true }],
  // The first revision has completion and no capability to declare it by, so there it is asked for without one.
  ['completion/complete', { kind: 'request', from: 'client', since: FIRST, needs: 'completions', isRead: true }],
  ['logging/setLevel', { kind: 'request', from: 'client', since: FIRST, until: LAST_LEGACY, needs: 'logging' }],
  ['tasks/get', { kind: 'request', from: 'both', since: REVISION_2025_11_25, until: LAST_LEGACY, needs: 'tasks', isRead: true }],
  ['tasks/result', { kind: 'request', from: 'both', since: REVISION_2025_11_25, until: LAST_LEGACY, needs: 'tasks' }],
  ['tasks/list', { kind: 'request', from: 'both', since: REVISION_2025_11_25, until: LAST_LEGACY, needs: 'tasks.list', isRead: true }],
  ['tasks/cancel', { kind: 'request', from: 'both', since: REVISION_2025_11_25, until: LAST_LEGACY, needs: 'tasks.cancel' }],
  ['sampling/createMessage', { kind: 'request', from: 'server', since: FIRST, until: LAST_LEGACY }],
  ['roots/list', { kind: 'request', from: 'server', since: FIRST, until: LAST_LEGACY }],
  ['elicitation/create', { kind: 'request', from: 'server', since: REVISION_2025_06_18, until: LAST_LEGACY }],
  ['notifications/initialized', { kind: 'notification', from: 'client', since: FIRST, until: LAST_LEGACY }],
  ['notifications/roots/list_changed', { kind: 'notification', from: 'client', since: FIRST, until: LAST_LEGACY }],
  ['notifications/cancelled', { kind: 'notification', from: 'both', since: FIRST }],
  ['notifications/progress', { kind: 'notification', from: 'both', since: FIRST }],
  ['notifications/message', { kind: 'notification', from: 'server', since: FIRST }],
  ['notifications/tools/list_changed', { kind: 'notification', from: 'server', since: FIRST }],
  ['notifications/prompts/list_changed', { kind: 'notification', from: 'server', since: FIRST }],
  ['notifications/resources/list_changed', { kind: 'notification', from: 'server', since: FIRST }],
  ['notifications/resources/updated', { kind: 'notification', from: 'server', since: FIRST }],
  ['notifications/elicitation/complete', { kind: 'notification', from: 'server', since: REVISION_2025_11_25, until: LAST_LEGACY }],
  ['notifications/tasks/status', { kind: 'notification', from: 'both', since: REVISION_2025_11_25, until: LAST_LEGACY }],
]);

/** Whether `from` may send `method` in `revision`. A method that no revision knows is an extension's and may travel. */
export function mayTravel(method: string, from: Sender, revision: ProtocolVersion): boolean {
  const row = METHODS.get(method);
  if (row === undefined) return true;
  if (row.from !== from && row.from !== 'both') return false;
  return isAtLeast(revision, row.since) && (row.until === undefined || isAtLeast(row.until, revision));
}
