/** Who tells of changes, and how a server is asked to. */

import type { MCPError } from '../base/errors.ts';
import type { RequestSettings } from '../connection/request-settings.ts';

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
  readonly honoured: HonouredFilter;
  /** What of the filter the server refused. */
  readonly failures: readonly MCPError[];
  /** Nobody wants these changes any more. Bounded, never rejects. */
  close(): Promise<void>;
}

/**
 * How a server is asked to tell of changes, on one connection: another one is made for the next. An era has its own. One with requests that are only
 * acknowledged answers `open` when all of them are; one in which a subscription is a long request with a filter answers it with the
 * acknowledgement, takes the request back with `close`, and says `ended` when the server ends it.
 */
export interface ChangeSource {
  /** Asks for what `filter` names. Rejects when none of it could be asked for. */
  open(filter: HonouredFilter, settings: RequestSettings, ended: (end: SubscriptionEnd) => void): Promise<OpenedChanges>;
}
