/** What a token endpoint is asked with where nobody signs in. Source: MCP authorization extensions: OAuth client credentials, workload identity, enterprise-managed authorization. */

import { orAbort } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import { describe } from '../base/options.ts';
import { Secret } from '../base/secret.ts';
import { chooseAuthMethod } from './client-authentication.ts';
import type { AssertionRequest, IdentityProvider, OAuthGrant, SecretSource } from './oauth-options.ts';
import { clientCredentialsGrant, jwtBearerGrant } from './token-grants.ts';
import type { TokenGrant } from './token-grants.ts';
import { exchangeToken } from './token-request.ts';
import type { TokenEndpoint } from './token-request.ts';

/** What tokens are asked for. */
export interface GrantSubject {
  readonly resource: string;
  readonly scope: string | undefined;
}

/**
 * The fields of the request, made anew for each: an assertion may be good once.
 *
 * @throws what the host's function throws; AuthorizationError as the token request, of the identity provider.
 */
export async function machineGrant(grant: OAuthGrant, endpoint: TokenEndpoint, { resource, scope }: GrantSubject, signal: AbortSource): Promise<TokenGrant> {
  if (grant.type === 'client_credentials') return clientCredentialsGrant(resource, scope);
  const { issuer, tokenEndpoint = '' } = endpoint.server;
  const request: AssertionRequest = { issuer, tokenEndpoint, resource };
  if (grant.type === 'jwt_bearer') return jwtBearerGrant(await secretFrom('grant.assertion', grant.assertion, request, signal), resource, scope);
  const subjectToken = await secretFrom('grant.idToken', grant.idToken, request, signal);
  const assertion = await exchangeToken(providerEndpoint(endpoint, grant.identityProvider), { audience: issuer, resource, scope, subjectToken }, signal);
  return jwtBearerGrant(assertion, resource, scope);
}

/** The identity provider knows the host as another client than the server does, and gets no proof of a key. */
function providerEndpoint({ http, clock }: TokenEndpoint, { issuer, tokenEndpoint, clientId, clientSecret }: IdentityProvider): TokenEndpoint {
  const server = { issuer, tokenEndpoint, tokenEndpointAuthMethodsSupported: undefined, tokenEndpointAuthSigningAlgValuesSupported: undefined };
  const proofs = clientSecret === undefined ? {} : { clientSecret: clientSecret instanceof Secret ? clientSecret : new Secret(clientSecret) };
  return { http, clock, server, client: { clientId, tokenEndpointAuthMethod: chooseAuthMethod(proofs, server), ...proofs } };
}

async function secretFrom(name: string, source: SecretSource<AssertionRequest>, request: AssertionRequest, signal: AbortSource): Promise<Secret> {
  const given = typeof source === 'function' ? await orAbort(Promise.resolve(source(request)), signal) : source;
  if (given instanceof Secret) return given;
  if (typeof given === 'string' && given !== '') return new Secret(given);
  throw new AuthorizationError('ERR_MCP_AUTH_REQUIRED', `${name} must give a text or a Secret; it gave ${describe(given)}`, { delivery: 'unsent' });
}
