/** Agreeing with the server on a revision. */

import { RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { ClientCapabilities } from '../protocol/capabilities.ts';
import type { Agreement, Call } from '../protocol/era.ts';
import { initializeCall, readInitialize, supportedByError } from '../protocol/legacy-era.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import type { ProtocolVersion } from '../protocol/versions.ts';

/** What this side brings to a negotiation. */
export interface Offer {
  /** In order of preference; not empty. */
  readonly protocolVersions: readonly ProtocolVersion[];
  readonly clientInfo: Implementation;
  readonly capabilities: ClientCapabilities;
}

/** Asks over a connection that is not agreed yet. */
export type Ask = <T>(call: Call, read: (result: JSONObject) => T) => Promise<T>;

/**
 * Initializes the connection: asks for the preferred revision and takes the server's choice where it is among the offered
 * ones. A server that refuses the revision with an error and names those it supports is asked once more.
 * Source: 2025-11-25, basic, lifecycle, "Version Negotiation" and "Error Handling".
 *
 * @throws PeerProtocolError `ERR_MCP_UNSUPPORTED_VERSION` or `ERR_MCP_INVALID_RESULT`; RPCError when the server refuses.
 */
export async function negotiate(ask: Ask, offer: Offer): Promise<Agreement> {
  const [preferred] = offer.protocolVersions;
  if (preferred === undefined) throw new TypeError('protocolVersions must name at least one version');
  const initialize = (revision: ProtocolVersion) =>
    ask(initializeCall(revision, offer.capabilities, offer.clientInfo), (result) => readInitialize(result, offer.protocolVersions));
  return initialize(preferred).catch((cause: unknown) => {
    const supported = cause instanceof RPCError ? supportedByError(cause.data, offer.protocolVersions) : undefined;
    if (supported === undefined || supported === preferred) throw cause;
    return initialize(supported);
  });
}
