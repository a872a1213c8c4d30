/** From a server that lets nobody in to the authorization server that does, within one time for all of it. Source: MCP 2026-07-28, authorization server discovery; 2025-03-26 where there is no metadata. */

import { timedSignal } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { AuthorizationError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quote } from '../base/text.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { checkIssuer, defaultAuthorizationServer, discoverAuthorizationServer } from './authorization-server-metadata.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';
import type { OAuthHTTP } from './oauth-http.ts';
import { discoverProtectedResource } from './protected-resource-metadata.ts';
import type { ProtectedResource, ProtectedResourceQuestion } from './protected-resource-metadata.ts';
import { canonicalResource } from './resource-identifier.ts';

/** What {@link discoverAuthorization} works with. */
export interface DiscoveryContext {
  readonly http: OAuthHTTP;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly policy: EndpointPolicy;
  /**
   * Issuers that may pass for another: by the issuer that a server names, the one that its metadata may say instead. Who controls the first then signs users in with the second, so it is for a server
   * that is known to be wrong about itself.
   */
  readonly dangerouslyAllowIssuers: Readonly<Record<string, string>>;
  /** Which of the issuers that a server names is used; the first where it is not given. It gives one of them. */
  readonly chooseIssuer?: ((issuers: readonly string[]) => string) | undefined;
}

/** Where users of a server sign in, and what for. */
export interface DiscoveredAuthorization {
  /** The resource that tokens are asked for. */
  readonly resource: string;
  /** What the server says of itself; `undefined` for one of 2025-03-26. */
  readonly metadata: ProtectedResource | undefined;
  readonly server: AuthorizationServer;
}

/**
 * Finds the authorization server of a server. Where the server has no metadata it is taken for one of 2025-03-26: its own origin is the authorization server, with or without metadata of that.
 *
 * @throws AuthorizationError as {@link discoverProtectedResource} and {@link discoverAuthorizationServer}; `ERR_MCP_AUTH_DISCOVERY` where the authorization server that is named has no metadata;
 * `ERR_MCP_AUTH_NETWORK` when the limit `authDiscoveryMs` passes; the reason of `signal` when that fires.
 */
export async function discoverAuthorization(context: DiscoveryContext, question: ProtectedResourceQuestion, signal: AbortSource): Promise<DiscoveredAuthorization> {
  const { http, clock, limits } = context;
  const timed = timedSignal(clock, limits.authDiscoveryMs, () => lateDiscovery(limits.authDiscoveryMs), signal);
  try {
    const metadata = await discoverProtectedResource(http, question, timed.signal);
    if (metadata === undefined) return await discoverLegacy(context, question.serverUrl, timed.signal);
    const issuer = chosenIssuer(context, metadata.authorizationServers);
    return { resource: metadata.resource, metadata, server: await namedServer(context, issuer, timed.signal) };
  } finally {
    timed.release();
  }
}

async function namedServer({ http, policy, dangerouslyAllowIssuers }: DiscoveryContext, issuer: string, signal: AbortSource): Promise<AuthorizationServer> {
  const other = own(dangerouslyAllowIssuers, issuer);
  const accepted = typeof other === 'string' ? [issuer, checkIssuer(other, policy)] : [issuer];
  const server = await discoverAuthorizationServer(http, issuer, accepted, policy, signal);
  if (server !== undefined) return server;
  throw new AuthorizationError('ERR_MCP_AUTH_DISCOVERY', `Expected metadata of the authorization server ${quote(issuer, 300)}; there is none at any of its well-known places`, { details: { issuer } });
}

/** Nobody named an issuer to compare with, so it is the origin, which metadata may write with a slash. Source: MCP 2025-03-26, authorization, "Authorization Base URL". */
async function discoverLegacy({ http, policy }: DiscoveryContext, serverUrl: string, signal: AbortSource): Promise<DiscoveredAuthorization> {
  const { origin } = new URL(serverUrl);
  const found = await discoverAuthorizationServer(http, origin, [origin, `${origin}/`], policy, signal);
  return { resource: canonicalResource(serverUrl), metadata: undefined, server: found ?? defaultAuthorizationServer(origin) };
}

function chosenIssuer({ chooseIssuer }: DiscoveryContext, issuers: readonly string[]): string {
  const chosen = chooseIssuer === undefined ? issuers[0] : chooseIssuer(issuers);
  if (chosen === undefined || !issuers.includes(chosen)) throw new TypeError('chooseIssuer must give one of the issuers that it is given');
  return chosen;
}

function lateDiscovery(authDiscoveryMs: number): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_NETWORK', `The authorization server was not found within ${authDiscoveryMs} ms`, { details: { limit: 'authDiscoveryMs' } });
}
