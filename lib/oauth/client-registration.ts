/** Makes a client known to an authorization server that did not know it. Source: RFC 7591 sections 2 and 3; MCP 2026-07-28, client registration, "Dynamic Client Registration". */

import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import type { ErrorDetails } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import { quote } from '../base/text.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import { errorCodeOf } from './authorization-challenge.ts';
import type { AuthorizationServer, ClientCredentials } from './authorization-server.ts';
import { MetadataFields } from './metadata-fields.ts';
import type { OAuthAnswer, OAuthHTTP, OAuthHeaders } from './oauth-http.ts';
import { applicationTypeOf } from './redirect-uri.ts';
import type { ApplicationType } from './redirect-uri.ts';
import { clientTextOf, registeredMethodOf } from './registered-client.ts';
import type { RegisteredClient } from './registered-client.ts';

/** What a client says of itself when it is registered. */
export interface ClientDescription {
  /** Shown to the user who signs in. */
  readonly clientName: string;
  /** Checked; at least one. */
  readonly redirectUris: readonly string[];
  readonly clientUri?: string | undefined;
  readonly logoUri?: string | undefined;
  readonly softwareId?: string | undefined;
  readonly softwareVersion?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly wantsRefreshToken: boolean;
  /** Lets the registration itself in, where the authorization server wants that. Source: RFC 7591 section 3. */
  readonly initialAccessToken?: Secret | undefined;
}

const REGISTRATION_ENDPOINT = 'the registration endpoint';
const SHOWN_REFUSAL_CHARACTERS = 300;

type Method = ClientCredentials['tokenEndpointAuthMethod'];

// The first that the server knows. What is on the machine of a user cannot keep a secret.
const METHODS_TO_ASK_FOR: Readonly<Record<ApplicationType, readonly Method[]>> = {
  native: ['none', 'client_secret_basic', 'client_secret_post'],
  web: ['client_secret_basic', 'client_secret_post', 'none'],
};
// RFC 8414 section 2, of a server that does not say.
const DEFAULT_METHODS: readonly string[] = ['client_secret_basic'];

/**
 * Registers a client at `server`, which must have a registration endpoint: with the scopes that it is to be for, and where the server takes no such client once more without them.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION` when the server refuses (`details.error` is its code), answers with no client, or with one that is not as it was asked for; and as {@link OAuthHTTP}.
 */
export async function registerClient(http: OAuthHTTP, server: AuthorizationServer, description: ClientDescription, signal: AbortSource): Promise<RegisteredClient> {
  const { registrationEndpoint } = server;
  if (registrationEndpoint === undefined) throw registrationFailure('the authorization server has no registration endpoint', {});
  const { initialAccessToken } = description;
  const headers: OAuthHeaders = initialAccessToken === undefined ? {} : { [SENT_HEADERS.authorization]: new Secret(`Bearer ${initialAccessToken.reveal()}`) };
  const post = (described: ClientDescription): Promise<OAuthAnswer> => http.postJSON(registrationEndpoint, REGISTRATION_ENDPOINT, registrationRequest(server, described), headers, signal);
  const first = await post(description);
  const { status, json } = mayKnowNoScopes(first, description) ? await post({ ...description, scopes: undefined }) : first;
  if (status >= 400) throw refusedRegistration(status, json, description);
  if (json === undefined) throw registrationFailure(`it answered with status ${status} and no JSON object`, { status });
  return checkRegisteredClient(json, server.issuer, description.redirectUris);
}

/** Servers that know the scopes of each resource by itself take none of them at registration; one that leaves them out is let ask for any. Source: RFC 7591 sections 2 and 3.2.2. */
function mayKnowNoScopes({ status, json }: OAuthAnswer, { scopes }: ClientDescription): boolean {
  return scopes !== undefined && status === 400 && json !== undefined && own(json, 'error') === 'invalid_client_metadata';
}

/** What is asked for. Source: RFC 7591 section 2; `application_type` of OpenID Connect Dynamic Client Registration 1.0 section 2, which MCP demands. */
export function registrationRequest(server: AuthorizationServer, description: ClientDescription): JSONObject {
  const { clientName, redirectUris, clientUri, logoUri, softwareId, softwareVersion, scopes, wantsRefreshToken } = description;
  const type = applicationTypeOf(redirectUris);
  const refreshes = wantsRefreshToken && (server.grantTypesSupported?.includes('refresh_token') ?? true);
  return {
    client_name: clientName,
    redirect_uris: redirectUris,
    application_type: type,
    grant_types: ['authorization_code', ...(refreshes ? ['refresh_token'] : [])],
    response_types: ['code'],
    token_endpoint_auth_method: methodToAskFor(server, type),
    ...(clientUri === undefined ? {} : { client_uri: clientUri }),
    ...(logoUri === undefined ? {} : { logo_uri: logoUri }),
    ...(softwareId === undefined ? {} : { software_id: softwareId }),
    ...(softwareVersion === undefined ? {} : { software_version: softwareVersion }),
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
  };
}

function methodToAskFor({ tokenEndpointAuthMethodsSupported }: AuthorizationServer, type: ApplicationType): Method {
  const listed = tokenEndpointAuthMethodsSupported ?? DEFAULT_METHODS;
  const method = METHODS_TO_ASK_FOR[type].find((known) => listed.includes(known));
  if (method !== undefined) return method;
  throw registrationFailure('the authorization server knows no way to prove oneself that a client can be registered with here', { supported: listed });
}

/** Source: RFC 7591 section 3.2.1: the answer says what was registered, which may not be what was asked for. */
function checkRegisteredClient(document: JSONObject, issuer: string, redirectUris: readonly string[]): RegisteredClient {
  const fields = new MetadataFields(document, 'The answer of the registration endpoint', 'ERR_MCP_AUTH_REGISTRATION');
  const clientId = clientTextOf(fields.value('client_id'));
  if (clientId === undefined) throw fields.refuse('client_id must be a text of visible ASCII');
  const secret = fields.value('client_secret');
  const secretText = clientTextOf(secret);
  if (secret !== undefined && secretText === undefined) throw fields.refuse('client_secret must be a text of visible ASCII');
  const method = fields.value('token_endpoint_auth_method');
  const registeredMethod = registeredMethodOf(method);
  if (method !== undefined && registeredMethod === undefined) throw fields.refuse('token_endpoint_auth_method must be one that was asked for or can be used here');
  const registeredUris = fields.texts('redirect_uris') ?? redirectUris;
  if (!isEqualSet(registeredUris, redirectUris)) throw fields.refuse('redirect_uris must be those that were asked for');
  if (fields.texts('grant_types')?.includes('authorization_code') === false) throw fields.refuse('grant_types must hold authorization_code, which was asked for');
  return {
    kind: 'dynamic',
    issuer,
    clientId,
    clientSecret: secretText === undefined ? undefined : new Secret(secretText),
    registeredMethod,
    secretExpiresAtMs: secretText === undefined ? undefined : expiryOf(fields),
  };
}

/** Seconds since 1970, 0 for never. Servers that leave it out, although they must not, mean never. */
function expiryOf(fields: MetadataFields): number | undefined {
  const seconds = fields.value('client_secret_expires_at') ?? 0;
  if (typeof seconds !== 'number' || !(seconds >= 0)) throw fields.refuse('client_secret_expires_at must be a number of seconds, or 0');
  return seconds === 0 ? undefined : Math.min(seconds * 1_000, Number.MAX_SAFE_INTEGER);
}

function isEqualSet(some: readonly string[], others: readonly string[]): boolean {
  return some.every((item) => others.includes(item)) && others.every((item) => some.includes(item));
}

function refusedRegistration(status: number, json: JSONObject | undefined, { redirectUris }: ClientDescription): AuthorizationError {
  const fields = new MetadataFields(json ?? {}, 'The answer of the registration endpoint', 'ERR_MCP_AUTH_REGISTRATION');
  const error = errorCodeOf(fields.value('error'));
  const description = fields.value('error_description');
  const said = typeof description === 'string' ? `: ${quote(description, SHOWN_REFUSAL_CHARACTERS)}` : '';
  const type = applicationTypeOf(redirectUris);
  const hint = error === 'invalid_redirect_uri' ? `; the client was registered as ${type}, change the redirect URI to one that this server takes for that` : '';
  return registrationFailure(`it answered with status ${status}${error === undefined ? '' : ` and ${quote(error)}`}${said}${hint}`, { status, error });
}

function registrationFailure(reason: string, details: ErrorDetails): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_REGISTRATION', `The client could not be registered: ${reason}`, { details });
}
