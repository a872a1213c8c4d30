/** Who tells of changes, and how a server is asked to. */

import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';

/** What a subscription is to hear of. What is left out is not heard of. */
export interface SubscriptionFilter {
  /** Changes of the list of tools. */
  readonly tools?: boolean | undefined;
  /** Changes of the list of prompts. */
  readonly prompts?: boolean | undefined;
  /** Changes of the list of resources. */
  readonly resources?: boolean | undefined;
  /** Changes of what these resources hold, and of what lies below them. */
  readonly uris?: readonly string[] | undefined;
}

/** What a server agreed to tell. */
export interface HonouredFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  readonly uris: readonly string[];
}

/** What is asked of a server: what hosts want to hear of, and, where there are any, tasks. */
export interface WantedChanges extends HonouredFilter {
  readonly taskIds?: readonly string[] | undefined;
}

/**
 * How a subscription ended: `local`, because the host closed it or let go of the server; `graceful`, because the server said so;
 * `lost`, because the connection was lost and could not be made again.
 */
export interface SubscriptionEnd {
  readonly how: 'local' | 'graceful' | 'lost';
  /** Why it was lost. */
  readonly cause?: unknown;
}

/** What came of asking. */
export interface OpenedChanges {
  readonly honoured: WantedChanges;
  /** Whether there is a stream that tells, and told nothing before. */
  readonly isStream: boolean;
  /** What of the filter the server refused. */
  readonly failures: readonly MCPError[];
  /** Nobody wants these changes any more. Bounded, never rejects. */
  close(): Promise<void>;
}

/** What becomes of changes that were opened. */
export interface ChangeEvents {
  /** The server ended them, or they were lost and are not asked for again. */
  ended(end: SubscriptionEnd): void;
  /** The server was asked anew, and agreed to this. */
  renewed(honoured: WantedChanges): void;
  /** Nobody waits to hear whether the server could be asked: what may pass is tried again, as if it had been. */
  readonly isPatient?: boolean;
}

/**
 * How a server is asked to tell of changes, on one connection: another one is made for the next. An era has its own. One with requests that are only
 * acknowledged answers `open` when all of them are; one in which a long request with a filter opens a stream answers it with the
 * acknowledgement, and takes the request back when nobody is left who wants it.
 */
export interface ChangeSource {
  /** Asks for what `filter` names. Rejects when none of it could be asked for. */
  open(filter: WantedChanges, settings: RequestSettings, events: ChangeEvents): Promise<OpenedChanges>;
  /**
   * Whether a notification is what it should be: not one of a stream that nobody asked for. `exchange`: the request on whose exchange it came,
   * if it came on one. May throw a Misfit.
   */
  admits(method: string, params: JSONObject, exchange: RequestId | undefined): boolean;
  /** Nothing can be asked any more: who waits hears `cause`. */
  stop(cause: MCPError): void;
}
