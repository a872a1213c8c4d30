/** The legacy era: `initialize`, a session, requests in both directions. Source: 2024-11-05 to 2025-11-25. */

import { PeerProtocolError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { capabilitiesIn } from './capabilities.ts';
import type { ClientCapabilities } from './capabilities.ts';
import { checkInitializeResult } from './checks/initialize.ts';
import type { Agreement, Call, Era, EraName, HeaderFields, ResultKind, Stamps } from './era.ts';
import { SERVER_ERROR, UNSUPPORTED_VERSION } from './error-codes.ts';
import { mayTravel } from './methods.ts';
import type { Sender } from './methods.ts';
import type { Implementation } from './types/implementation.ts';
import { REVISION_2025_03_26, REVISION_2025_06_18, isAtLeast, isProtocolVersion } from './versions.ts';
import type { ProtocolVersion } from './versions.ts';

const PING: Call = Object.freeze({ method: 'ping', params: undefined });

/** {@link Era} for the four revisions that begin with `initialize`. */
export class LegacyEra implements Era {
  readonly name: EraName = 'legacy';
  readonly revision: ProtocolVersion;
  readonly acceptsBatches: boolean;
  readonly answersServer = true;
  readonly resumesStreams = true;
  readonly hasSessions = true;
  readonly hasStandaloneStream = true;
  readonly listensByRequest = false;
  readonly hasLogLevelRequest = true;
  readonly mirrorsParams = false;
  readonly declaresByRequest = false;
  readonly caches = false;
  readonly ping: Call = PING;

  constructor(revision: ProtocolVersion) {
    this.revision = revision;
    // Source: 2025-03-26, basic, "Batching": MUST receive; no other revision has batches.
    this.acceptsBatches = revision === REVISION_2025_03_26;
  }

  mayBeEnded(): boolean {
    return false;
  }

  mayTravel(method: string, from: Sender): boolean {
    return mayTravel(method, from, this.revision);
  }

  stamp(params: JSONObject | undefined, { meta, progressToken }: Stamps): JSONObject | undefined {
    if (meta === undefined && progressToken === undefined) return params;
    const token = progressToken === undefined ? undefined : { progressToken };
    return { ...params, _meta: { ...meta, ...token } };
  }

  headers(sessionId: string | undefined): HeaderFields {
    const session = sessionId === undefined ? {} : { [SENT_HEADERS.sessionId]: sessionId };
    // Source: 2025-06-18, basic, transports, "Protocol Version Header". Earlier revisions have no such header.
    const version = isAtLeast(this.revision, REVISION_2025_06_18) ? { [SENT_HEADERS.protocolVersion]: this.revision } : {};
    return Object.freeze({ ...session, ...version });
  }

  requestHeaders(headers: HeaderFields): HeaderFields {
    return headers;
  }

  resultKind(): ResultKind {
    return 'complete';
  }

  mayAskBack(): boolean {
    return false;
  }

  mayBeExtended(): boolean {
    return false;
  }

  isSessionLost(status: number, rpcCode: number | undefined): boolean {
    // Source: 2025-11-25, basic, transports, "Session Management" 3. Widespread servers answer 400 and -32000 instead.
    // A server that is modern by now has no sessions any more, and says so. Source: 2026-07-28, basic, "Versioning and Compatibility".
    return status === 404 || (status === 400 && rpcCode === SERVER_ERROR) || rpcCode === UNSUPPORTED_VERSION;
  }

  withdraw(id: RequestId, method: string, reason: string): Call | undefined {
    // Source: 2025-11-25, basic, utilities, "Cancellation": the initialize request MUST NOT be cancelled.
    if (method === 'initialize') return undefined;
    return { method: 'notifications/cancelled', params: { requestId: id, reason } };
  }
}

/** What goes out first. Source: 2025-11-25, basic, lifecycle, "Initialization". */
export function initializeCall(revision: ProtocolVersion, capabilities: ClientCapabilities, clientInfo: Implementation): Call {
  return { method: 'initialize', params: { protocolVersion: revision, capabilities: capabilitiesIn(revision, capabilities), clientInfo } };
}

/** What goes out once the server has answered. */
const INITIALIZED: Call = Object.freeze({ method: 'notifications/initialized', params: undefined });

/**
 * Reads the answer to {@link initializeCall}: the server's choice counts where it is one of `offered`.
 *
 * @throws PeerProtocolError `ERR_MCP_UNSUPPORTED_VERSION`; Misfit when the result is not one.
 */
export function readInitialize(result: JSONObject, offered: readonly ProtocolVersion[]): Agreement {
  const { protocolVersion, capabilities, serverInfo, instructions } = checkInitializeResult(result);
  if (!isProtocolVersion(protocolVersion) || !offered.includes(protocolVersion)) {
    throw new PeerProtocolError(
      'ERR_MCP_UNSUPPORTED_VERSION',
      `Expected the server to agree on one of the protocol versions ${offered.join(', ')}; it chose ${quote(protocolVersion)}`,
      { details: { offered, chosen: protocolVersion } },
    );
  }
  return { era: new LegacyEra(protocolVersion), capabilities, serverInfo, instructions, opened: INITIALIZED };
}

/**
 * The newest revision of `offered` that an error answer to `initialize` says the server supports, if it says so.
 * Source: 2025-11-25, basic, lifecycle, "Error Handling".
 */
export function supportedByError(data: unknown, offered: readonly ProtocolVersion[]): ProtocolVersion | undefined {
  const supported = typeof data === 'object' && data !== null ? own(data as JSONObject, 'supported') : undefined;
  return Array.isArray(supported) ? offered.find((revision) => supported.includes(revision)) : undefined;
}
