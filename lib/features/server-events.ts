/** What a host can listen to, and how a server's notifications become that. */

import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { StateChange } from '../connection/connection-state.ts';
import type { ProgressEvent } from '../connection/pending-requests.ts';
import { checkElicitationComplete } from '../protocol/checks/elicitation.ts';
import { checkLogMessage, checkResourceUpdated } from '../protocol/checks/notifications.ts';
import { checkTask } from '../protocol/checks/tasks.ts';
import type { LogMessage } from '../protocol/types/logging.ts';
import type { Task } from '../protocol/types/tasks.ts';

/**
 * A list changed. The members are there when the list was asked for again by itself and an earlier one was known, listed while somebody
 * listened: names, of resources uris. Otherwise there are none, and what the list holds now is to be asked for.
 */
export interface ListChanged {
  /** What was not there before, in the order of the list. */
  readonly added?: readonly string[];
  /** What is not there any more. */
  readonly removed?: readonly string[];
  /** What is defined otherwise than before: any member of it differs, see `toolDigest`. */
  readonly changed?: readonly string[];
}

/** The events that tell of a list. */
export type ListEvent = 'toolsChanged' | 'promptsChanged' | 'resourcesChanged';

/** Whether an event tells of a list. */
export function isListEvent(event: keyof ServerEvents): event is ListEvent {
  return event === 'toolsChanged' || event === 'promptsChanged' || event === 'resourcesChanged';
}

/** Whether anybody listens for an event. */
export type IsHeard = (event: ListEvent) => boolean;

/** Event name → what its listeners get. */
export interface ServerEvents {
  /** Notifications of a list are gathered: one event, after `limits.listQuietMs` without one, at the latest after `limits.maxListDelayMs`. */
  toolsChanged: ListChanged;
  promptsChanged: ListChanged;
  resourcesChanged: ListChanged;
  resourceUpdated: { readonly uri: string };
  /** A task stands otherwise than before, as the server says by itself; no server has to. */
  taskChanged: Task;
  log: LogMessage;
  /** Progress of any request; `onProgress` of one request hears its own. */
  progress: ProgressEvent;
  stateChanged: StateChange;
  /** Something is wrong, but the connection goes on. */
  fault: MCPError;
  /** What the server sent by itself may be lost: ask again for what you keep. */
  gap: Readonly<Record<string, never>>;
  /** The user has done what a page was to be visited for. Only for ids that the server has asked with, and once; since 2025-11-25. */
  elicitationCompleted: { readonly elicitationId: string };
}

/** The names of {@link ServerEvents}. */
export const SERVER_EVENTS: readonly (keyof ServerEvents)[] = Object.freeze([
  'toolsChanged',
  'promptsChanged',
  'resourcesChanged',
  'resourceUpdated',
  'taskChanged',
  'log',
  'progress',
  'stateChanged',
  'fault',
  'gap',
  'elicitationCompleted',
]);

/** Hands an event on. */
export type Emit = <Name extends keyof ServerEvents>(event: Name, payload: ServerEvents[Name]) => void;

/** The payload of an event that says nothing more. */
export const NOTHING_MORE: Readonly<Record<string, never>> = Object.freeze({});

const HEARD: ReadonlyMap<string, (params: JSONObject, emit: Emit) => void> = new Map<string, (params: JSONObject, emit: Emit) => void>([
  ['notifications/message', (params, emit) => emit('log', checkLogMessage(params))],
  ['notifications/tools/list_changed', (_params, emit) => emit('toolsChanged', NOTHING_MORE)],
  ['notifications/prompts/list_changed', (_params, emit) => emit('promptsChanged', NOTHING_MORE)],
  ['notifications/resources/list_changed', (_params, emit) => emit('resourcesChanged', NOTHING_MORE)],
  ['notifications/resources/updated', (params, emit) => emit('resourceUpdated', checkResourceUpdated(params))],
  ['notifications/tasks/status', (params, emit) => emit('taskChanged', checkTask(params))],
  ['notifications/elicitation/complete', (params, emit) => emit('elicitationCompleted', checkElicitationComplete(params))],
]);

/**
 * Turns a notification into its event. One that nobody here knows is dropped: a newer server may send what it likes.
 *
 * @throws Misfit when its params are not what the protocol says.
 */
export function hearNotification(method: string, params: JSONObject, emit: Emit): void {
  HEARD.get(method)?.(params, emit);
}
