/** Where a user is sent to sign in. Source: RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2; MCP 2026-07-28, authorization, "Resource Parameter Implementation". */

import { AuthorizationError } from '../base/errors.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { PendingAuthorization } from './pending-authorization.ts';
import { CHALLENGE_METHOD, codeChallenge, randomSecret, requirePKCE } from './pkce.ts';

// Said by the question itself, or by nobody.
const RESERVED: readonly string[] = ['response_type', 'client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method', 'resource', 'scope'];

/** What is asked for. */
export interface AuthorizationQuestion {
  readonly clientId: string;
  /** Checked; one that the client is registered with. */
  readonly redirectUri: string;
  readonly resource: string;
  readonly scopes: readonly string[] | undefined;
  /** Further parameters, such as `login_hint` or `dpop_jkt`; none that is set here. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A request for authorization, made but not sent: a user has to visit its URL. */
export interface AuthorizationRequest {
  /** To be opened in a browser of the user. It holds `state`. */
  readonly url: string;
  readonly pending: PendingAuthorization;
}

/**
 * Makes a request for authorization at `server`, with a state and a verifier of its own.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_PKCE` where the server does not list `S256`, `ERR_MCP_AUTH_DISCOVERY` where it has no authorization endpoint; TypeError for a further parameter that is set here.
 */
export async function requestAuthorization(server: AuthorizationServer, question: AuthorizationQuestion): Promise<AuthorizationRequest> {
  const { issuer, authorizationEndpoint } = server;
  requirePKCE(server);
  if (authorizationEndpoint === undefined) throw new AuthorizationError('ERR_MCP_AUTH_DISCOVERY', 'The authorization server metadata is not valid: it has no authorization_endpoint', { details: { issuer } });
  const { clientId, redirectUri, resource, scopes, parameters: further = {}, nowMs } = question;
  const twice = RESERVED.find((name) => Object.hasOwn(further, name));
  if (twice !== undefined) throw new TypeError(`parameters must not hold ${twice}, which the authorization request sets itself`);
  const [state, verifier] = [randomSecret(), randomSecret()];
  const parameters: Record<string, string> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: state.reveal(),
    code_challenge: await codeChallenge(verifier),
    code_challenge_method: CHALLENGE_METHOD,
    resource,
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
  };
  // OpenID Connect Core 1.0 section 11: without it the scope is ignored.
  const usual: Record<string, string> = scopes?.includes('offline_access') === true ? { prompt: 'consent' } : {};
  const pending = new PendingAuthorization({
    ...{ issuer, clientId, redirectUri, resource, scopes, state, verifier },
    requiresIssuer: server.authorizationResponseIssParameterSupported,
    createdAtMs: nowMs,
  });
  return { url: withParameters(authorizationEndpoint, usual, further, parameters), pending };
}

/** The query of the endpoint stays, and no parameter is in it twice. Source: RFC 6749 section 3.1. */
function withParameters(endpoint: string, ...lists: readonly Readonly<Record<string, string>>[]): string {
  const url = new URL(endpoint);
  for (const parameters of lists) for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
