/** What differs between the ways MCP has worked, as answers to questions: nobody else asks which era it is. */

import type { JSONObject } from '../base/json.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { ServerCapabilities } from './capabilities.ts';
import type { Sender } from './methods.ts';
import type { Implementation } from './types/implementation.ts';
import type { ServerLogLevel } from './types/logging.ts';
import type { ProgressToken } from './types/progress.ts';
import type { ProtocolVersion } from './versions.ts';

/** `legacy`: handshake and sessions, 2024-11-05 to 2025-11-25. `modern`: stateless, from 2026-07-28 on. */
export type EraName = 'legacy' | 'modern';

/** A method and its params, before they are a message. */
export interface Call {
  readonly method: string;
  readonly params: JSONObject | undefined;
}

/** What goes out with the params of one request beside what the feature says. */
export interface Stamps {
  /** The host's own `_meta`. */
  readonly meta: JSONObject | undefined;
  /** What reports of progress will carry. */
  readonly progressToken: ProgressToken | undefined;
  /** Which log messages the server may send while it works on the request, where that is said with each. */
  readonly logLevel?: ServerLogLevel | undefined;
}

/** What a result means: it is `complete`, or the server asks back before it answers (`input_required`), or it is of a kind that an extension has. */
export type ResultKind = string;

/** One way of talking, for one negotiated revision. */
export interface Era {
  /** For display only. */
  readonly name: EraName;
  readonly revision: ProtocolVersion;
  /** Whether several messages may come in one frame. */
  readonly acceptsBatches: boolean;
  /** Whether a server may ask, and is answered. Where not, nothing that is a response is ever sent. */
  readonly answersServer: boolean;
  /** Whether an answer whose stream broke can be gone on with behind the last event. */
  readonly resumesStreams: boolean;
  /** Whether a server may name a session that requests belong to, where the road has sessions. */
  readonly hasSessions: boolean;
  /** Whether what belongs to no request comes on a stream of its own, where the road has streams. */
  readonly hasStandaloneStream: boolean;
  /** Whether a server tells of changes only on a stream that one long request opened. */
  readonly listensByRequest: boolean;
  /** Whether the level of log messages is asked for once; where not, every request says it. */
  readonly hasLogLevelRequest: boolean;
  /** Whether params that a server marks are said in headers too, where the road has headers. */
  readonly mirrorsParams: boolean;
  /** Whether every request says what the client can do, so that what only some servers know is said to those alone. */
  readonly declaresByRequest: boolean;
  /** Whether results say how long they are fresh, and may be used again for so long. */
  readonly caches: boolean;
  /** What asks whether the server is there. */
  readonly ping: Call;
  /** Whether the server may take back a request `method` that it was sent. */
  mayBeEnded(method: string): boolean;
  /** Whether `from` may send `method`. */
  mayTravel(method: string, from: Sender): boolean;
  /** The params as they go out. */
  stamp(params: JSONObject | undefined, stamps: Stamps): JSONObject | undefined;
  /** What every message carries as HTTP headers, where the road has them. */
  headers(sessionId: string | undefined): HeaderFields;
  /** `headers` with what a request carries beside them: what it asks for, and what its params mirror. */
  requestHeaders(headers: HeaderFields, method: string, params: JSONObject | undefined, mirrored: HeaderFields | undefined): HeaderFields;
  /**
   * What `result` of `method` means.
   *
   * @throws Misfit for a kind that nobody here knows, or that the method cannot have.
   */
  resultKind(method: string, result: JSONObject): ResultKind;
  /** Whether the server may ask something before it answers `method`; only then is a result of kind `input_required` to be reckoned with. */
  mayAskBack(method: string): boolean;
  /** Whether `method` may be answered with a result of a kind that an extension has. */
  mayBeExtended(method: string): boolean;
  /** Whether the answer `rpcCode` (if there is one) with this HTTP status says that the session is over. */
  isSessionLost(status: number, rpcCode: number | undefined): boolean;
  /** What takes back a request, or `undefined` when nothing is to be said. `channel`: whether all requests share one. */
  withdraw(id: RequestId, method: string, reason: string, channel: 'shared' | 'exchange'): Call | undefined;
}

/** Header fields by name. */
export type HeaderFields = Readonly<Record<string, string>>;

/** What a negotiation came to. */
export interface Agreement {
  readonly era: Era;
  /** Modern servers may keep it to themselves. */
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities;
  readonly instructions: string | undefined;
  /** What is said once the agreement is made, before anything else. */
  readonly opened: Call | undefined;
}
