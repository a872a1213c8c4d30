/** Asks an authorization server how it is used. Source: RFC 8414 sections 2 and 3, OpenID Connect Discovery 1.0 section 4; MCP 2026-07-28, authorization server discovery. */

import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { checkEndpoint } from './endpoint-policy.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';
import { MetadataFields } from './metadata-fields.ts';
import type { OAuthHTTP } from './oauth-http.ts';
import { authorizationServerURLs } from './well-known.ts';

const SERVER_METADATA = 'the authorization server metadata';

/**
 * `value` as an issuer: an endpoint that the policy lets through, without a query. Source: RFC 8414 section 2.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_ENDPOINT`
 */
export function checkIssuer(value: unknown, policy: EndpointPolicy): string {
  const issuer = checkEndpoint(value, 'the issuer', policy);
  if (!issuer.includes('?')) return issuer;
  throw new AuthorizationError('ERR_MCP_AUTH_ENDPOINT', 'Expected the issuer to be a URL without a query; it has one', { details: { what: 'the issuer', reason: 'it has a query' }, delivery: 'unsent' });
}

/**
 * The metadata of the authorization server that `issuer` names, at the first of its places where there is any; `undefined` where there is none. What is there and not valid ends the search.
 *
 * @param acceptedIssuers what the metadata may say that it is of: `issuer` itself, and what the host lets pass for it.
 * @throws AuthorizationError `ERR_MCP_AUTH_ISSUER` for metadata of another issuer; `ERR_MCP_AUTH_DISCOVERY` for what is not valid; `ERR_MCP_AUTH_ENDPOINT` for an issuer or an endpoint that nothing is sent
 * to; and as {@link OAuthHTTP}.
 */
export async function discoverAuthorizationServer(
  http: OAuthHTTP,
  issuer: string,
  acceptedIssuers: readonly string[],
  policy: EndpointPolicy,
  signal: AbortSource,
): Promise<AuthorizationServer | undefined> {
  for (const url of authorizationServerURLs(checkIssuer(issuer, policy))) {
    const { status, json } = await http.get(url, SERVER_METADATA, signal);
    if (status >= 200 && status < 300 && json !== undefined) return checkAuthorizationServer(json, acceptedIssuers, policy);
  }
  return undefined;
}

/**
 * Checks metadata as that of one of `acceptedIssuers`, compared character by character.
 *
 * @throws AuthorizationError as {@link discoverAuthorizationServer}
 */
export function checkAuthorizationServer(document: JSONObject, acceptedIssuers: readonly string[], policy: EndpointPolicy): AuthorizationServer {
  const fields = new MetadataFields(document, 'The authorization server metadata', 'ERR_MCP_AUTH_DISCOVERY');
  const issuer = fields.requiredText('issuer');
  if (!acceptedIssuers.includes(issuer)) throw foreignIssuer(issuer, acceptedIssuers);
  const endpoint = (name: string, what: string): string | undefined => {
    const url = fields.text(name);
    return url === undefined ? undefined : checkEndpoint(url, what, policy);
  };
  return Object.freeze({
    issuer,
    authorizationEndpoint: endpoint('authorization_endpoint', 'the authorization endpoint'),
    tokenEndpoint: endpoint('token_endpoint', 'the token endpoint'),
    registrationEndpoint: endpoint('registration_endpoint', 'the registration endpoint'),
    scopesSupported: fields.texts('scopes_supported'),
    grantTypesSupported: fields.texts('grant_types_supported'),
    codeChallengeMethodsSupported: fields.texts('code_challenge_methods_supported'),
    tokenEndpointAuthMethodsSupported: fields.texts('token_endpoint_auth_methods_supported'),
    tokenEndpointAuthSigningAlgValuesSupported: fields.texts('token_endpoint_auth_signing_alg_values_supported'),
    dpopSigningAlgValuesSupported: fields.texts('dpop_signing_alg_values_supported'),
    clientIdMetadataDocumentSupported: fields.flag('client_id_metadata_document_supported'),
    authorizationResponseIssParameterSupported: fields.flag('authorization_response_iss_parameter_supported'),
  });
}

/**
 * What is assumed of a server of 2025-03-26 that signs its users in itself and has no metadata, at a checked origin: PKCE and public clients are what that revision
 * demands. Source: MCP 2025-03-26, authorization, "Fallbacks for Servers without Metadata Discovery".
 */
export function defaultAuthorizationServer(origin: string): AuthorizationServer {
  return Object.freeze({
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    scopesSupported: undefined,
    grantTypesSupported: undefined,
    codeChallengeMethodsSupported: Object.freeze(['S256']),
    tokenEndpointAuthMethodsSupported: Object.freeze(['none']),
    tokenEndpointAuthSigningAlgValuesSupported: undefined,
    dpopSigningAlgValuesSupported: undefined,
    clientIdMetadataDocumentSupported: false,
    authorizationResponseIssParameterSupported: false,
  });
}

function foreignIssuer(issuer: string, acceptedIssuers: readonly string[]): AuthorizationError {
  const [expected = ''] = acceptedIssuers;
  const hint = 'dangerouslyAllowIssuers can let one issuer pass for another';
  return new AuthorizationError('ERR_MCP_AUTH_ISSUER', `Expected metadata of the issuer ${quote(expected, 300)}; it is of ${quote(issuer, 300)} (${hint})`, { details: { expected, issuer } });
}
