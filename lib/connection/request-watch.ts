import type { JSONObject } from '../base/json.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';

/** One request on its way out, for who watches. */
export interface WatchedRequest {
  readonly id: RequestId;
  readonly method: string;
  /** As the caller gave them. */
  readonly params: JSONObject | undefined;
  /** The agreed revision, once there is one. */
  readonly revision: string | undefined;
}

/** Who sees every request that is sent, without changing what becomes of it. */
export interface RequestWatch {
  /** Whether anybody looks. Read for every request. */
  readonly isWatched: boolean;
  /** Calls `send`, and returns what it returns; throws what it throws. */
  during<T>(request: WatchedRequest, send: () => Promise<T>): Promise<T>;
}
