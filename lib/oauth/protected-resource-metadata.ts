/** Asks a server who signs its users in. Source: RFC 9728 sections 2 and 3; MCP 2026-07-28, authorization server discovery. */

import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { escapeText } from '../base/text.ts';
import { place } from '../http/failure-facts.ts';
import { MetadataFields } from './metadata-fields.ts';
import type { OAuthHTTP } from './oauth-http.ts';
import { isResourceOf } from './resource-identifier.ts';
import { protectedResourceURLs } from './well-known.ts';

/** What a server says of itself as a protected resource: checked, and proven to be of this server. */
export interface ProtectedResource {
  /** As it stands in the metadata, to be sent on character by character. */
  readonly resource: string;
  /** Issuers of authorization servers, at least one; each is yet to be checked. */
  readonly authorizationServers: readonly string[];
  readonly scopesSupported: readonly string[] | undefined;
  readonly dpopSigningAlgValuesSupported: readonly string[] | undefined;
  /** Whether only tokens that are bound to a key are let in. Source: RFC 9728 section 2. */
  readonly dpopBoundAccessTokensRequired: boolean;
}

/** What {@link discoverProtectedResource} looks for. */
export interface ProtectedResourceQuestion {
  /** The URL that requests go to. */
  readonly serverUrl: string;
  /** `resource_metadata` of the server's challenge, where it has one. */
  readonly challengedUrl: string | undefined;
  /** Origins beside the server's own that a challenge may lead to. */
  readonly allowedMetadataOrigins: readonly string[];
}

const RESOURCE_METADATA = 'the protected resource metadata';

/**
 * The metadata of a server: at the URL that its challenge names, else at the first well-known place where there is any; `undefined` where there is none, as before 2025-06-18.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_DISCOVERY` for metadata that is not valid, names no authorization server, or is not where the challenge says; `ERR_MCP_AUTH_RESOURCE` for that of another
 * resource; `ERR_MCP_AUTH_ENDPOINT` for a challenge that leads to another origin; and as {@link OAuthHTTP}.
 */
export async function discoverProtectedResource(http: OAuthHTTP, question: ProtectedResourceQuestion, signal: AbortSource): Promise<ProtectedResource | undefined> {
  const { serverUrl, challengedUrl } = question;
  if (challengedUrl !== undefined) {
    checkChallengedOrigin(challengedUrl, question);
    const { status, json } = await http.get(challengedUrl, RESOURCE_METADATA, signal);
    if (isSuccess(status) && json !== undefined) return checkProtectedResource(json, serverUrl);
    throw new AuthorizationError('ERR_MCP_AUTH_DISCOVERY', `Expected ${RESOURCE_METADATA} at ${place(challengedUrl)}, where the server says it is; got status ${status} without it`, { details: { status } });
  }
  for (const url of protectedResourceURLs(serverUrl)) {
    const { status, json } = await http.get(url, RESOURCE_METADATA, signal);
    if (isSuccess(status) && json !== undefined) return checkProtectedResource(json, serverUrl);
  }
  return undefined;
}

/**
 * Checks metadata as that of the server at `serverUrl`.
 *
 * @throws AuthorizationError as {@link discoverProtectedResource}
 */
export function checkProtectedResource(document: JSONObject, serverUrl: string): ProtectedResource {
  const fields = new MetadataFields(document, 'The protected resource metadata', 'ERR_MCP_AUTH_DISCOVERY');
  const resource = fields.requiredText('resource');
  if (!isResourceOf(resource, serverUrl)) throw foreignResource(resource, serverUrl);
  const authorizationServers = fields.texts('authorization_servers') ?? [];
  if (authorizationServers.length === 0) throw fields.refuse('authorization_servers must name at least one authorization server');
  return Object.freeze({
    resource,
    authorizationServers,
    scopesSupported: fields.texts('scopes_supported'),
    dpopSigningAlgValuesSupported: fields.texts('dpop_signing_alg_values_supported'),
    dpopBoundAccessTokensRequired: fields.flag('dpop_bound_access_tokens_required'),
  });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function checkChallengedOrigin(url: string, { serverUrl, allowedMetadataOrigins }: ProtectedResourceQuestion): void {
  const origin = URL.canParse(url) ? new URL(url).origin : undefined;
  const allowed = [new URL(serverUrl).origin, ...allowedMetadataOrigins];
  if (origin !== undefined && origin !== 'null' && allowed.includes(origin)) return;
  const led = origin === undefined ? 'to what is no URL' : `to ${escapeText(origin, 300)}`;
  throw new AuthorizationError('ERR_MCP_AUTH_ENDPOINT', `Expected the challenge to lead to metadata of the server’s own origin; it leads ${led} (allowedMetadataOrigins lets others through)`, {
    details: { what: RESOURCE_METADATA, reason: 'it is of another origin' },
    delivery: 'unsent',
  });
}

function foreignResource(resource: string, serverUrl: string): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_RESOURCE', `Expected metadata of the server at ${place(serverUrl)}; it describes ${place(resource)}`, { details: { resource: place(resource) } });
}
