/** What differs between the ways MCP has worked, as answers to questions: nobody else asks which era it is. */

import type { JSONObject } from '../base/json.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { ServerCapabilities } from './capabilities.ts';
import type { Sender } from './methods.ts';
import type { Implementation } from './types/implementation.ts';
import type { ProgressToken } from './types/progress.ts';
import type { ProtocolVersion } from './versions.ts';

/** `legacy`: handshake and sessions, 2024-11-05 to 2025-11-25. `modern`: stateless, from 2026-07-28 on. */
export type EraName = 'legacy' | 'modern';

/** A method and its params, before they are a message. */
export interface Call {
  readonly method: string;
  readonly params: JSONObject | undefined;
}

/** One way of talking, for one negotiated revision. */
export interface Era {
  /** For display only. */
  readonly name: EraName;
  readonly revision: ProtocolVersion;
  /** Whether several messages may come in one frame. */
  readonly acceptsBatches: boolean;
  /** Whether `from` may send `method`. */
  mayTravel(method: string, from: Sender): boolean;
  /** The params as they go out: with the host's own `_meta` and the token that reports of progress will carry. */
  stamp(params: JSONObject | undefined, meta: JSONObject | undefined, progressToken: ProgressToken | undefined): JSONObject | undefined;
  /** What every message carries as HTTP headers, where the road has them. */
  headers(sessionId: string | undefined): Readonly<Record<string, string>>;
  /** Whether the answer `rpcCode` (if there is one) with this HTTP status says that the session is over. */
  isSessionLost(status: number, rpcCode: number | undefined): boolean;
  /** What takes back a request on a shared channel, or `undefined` when it cannot be taken back. */
  withdraw(id: RequestId, method: string, reason: string): Call | undefined;
}

/** What a negotiation came to. */
export interface Agreement {
  readonly era: Era;
  readonly serverInfo: Implementation;
  readonly capabilities: ServerCapabilities;
  readonly instructions: string | undefined;
  /** What is said once the agreement is made, before anything else. */
  readonly opened: Call | undefined;
}
