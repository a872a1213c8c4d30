import { RPCError } from '../base/errors.ts';
import type { ErrorCode, MCPError } from '../base/errors.ts';
import { Misfit } from '../protocol/checks/check.ts';
import { checkRequiredElicitations } from '../protocol/checks/elicitation.ts';
import type { RequiredURLElicitation } from '../protocol/types/elicitation.ts';

/**
 * The server will not do what was asked for before the user has visited a page: its error −32042. `server.elicitURLs(error)` asks
 * the host for the visits and waits for them; then the request may be sent again. Source: 2025-11-25, client, "Elicitation", "URL
 * Elicitation Required Error". Code: `ERR_MCP_URL_ELICITATION_REQUIRED`.
 */
export class URLElicitationRequiredError extends RPCError {
  override name = 'URLElicitationRequiredError';
  override readonly code: ErrorCode = 'ERR_MCP_URL_ELICITATION_REQUIRED';
  /** The visits, each checked as one that a server asks for by itself; at least one. Hostile, like everything a peer sends. */
  declare readonly elicitations: readonly RequiredURLElicitation[];

  constructor(error: RPCError, elicitations: readonly RequiredURLElicitation[]) {
    super(error.rpcCode, error.message, error.data, { details: error.details });
    // As `data`: the URLs may hold what is not for a log.
    Object.defineProperty(this, 'elicitations', { value: elicitations });
  }
}

/** The error −32042 with its elicitations. Where they are not as the protocol says, it stays an `RPCError`, and says why. */
export function urlElicitationRequired(error: RPCError): MCPError {
  try {
    return new URLElicitationRequiredError(error, checkRequiredElicitations(error.data));
  } catch (cause) {
    if (!(cause instanceof Misfit)) throw cause;
    const message = `${error.message} (its elicitations are refused: ${cause.message})`;
    return new RPCError(error.rpcCode, message, error.data, { details: error.details });
  }
}
