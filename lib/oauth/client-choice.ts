/** As which client a host comes to an authorization server. Source: MCP 2026-07-28, client registration; OAuth Client ID Metadata Document draft 00, section 3. */

import { AuthorizationError } from '../base/errors.ts';
import { describe } from '../base/options.ts';
import type { Secret } from '../base/secret.ts';
import { quote } from '../base/text.ts';
import { indexOfInvisible } from '../http/field-syntax.ts';
import type { AuthorizationServer, ClientCredentials } from './authorization-server.ts';
import type { ClientDescription } from './client-registration.ts';
import { isUsableClient } from './registered-client.ts';
import type { RegisteredClient } from './registered-client.ts';

/** A client that the host registered itself. Without its issuer a server could draw its secret to an authorization server of its own. */
export interface PreRegisteredClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: Secret | undefined;
  readonly tokenEndpointAuthMethod?: ClientCredentials['tokenEndpointAuthMethod'] | undefined;
}

/** The document at an `https:` URL that describes the client and whose URL is its id. */
export interface ClientDocument {
  /** Checked by {@link checkClientDocumentURL}. */
  readonly url: string;
  /** What the document says. */
  readonly tokenEndpointAuthMethod: 'none' | 'private_key_jwt';
}

/** As what a host can come. */
export interface ClientSources {
  readonly preRegistered: readonly PreRegisteredClient[];
  readonly document: ClientDocument | undefined;
  /** What was stored under the issuer when it was registered before. */
  readonly stored: RegisteredClient | undefined;
  /** With what it may be registered; `undefined` for not at all. */
  readonly description: ClientDescription | undefined;
}

/** What to do: come as `client`, or be registered first. */
export type ClientChoice = { readonly client: RegisteredClient } | { readonly register: ClientDescription };

/**
 * The client to come to `server` as: one that was registered there by the host, else the document where the server reads it, else one that was registered before and whose secret holds at `nowMs`
 * (since 1970), else one that is yet to be registered. What is known to another issuer does not count.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION` when there is none of these; it says what to do.
 */
export function chooseOAuthClient(server: AuthorizationServer, { preRegistered, document, stored, description }: ClientSources, nowMs: number): ClientChoice {
  const { issuer } = server;
  const own = preRegistered.find((client) => client.issuer === issuer);
  if (own !== undefined) {
    return { client: { kind: 'pre-registered', issuer, clientId: own.clientId, clientSecret: own.clientSecret, registeredMethod: own.tokenEndpointAuthMethod, secretExpiresAtMs: undefined } };
  }
  if (document !== undefined && server.clientIdMetadataDocumentSupported) {
    return { client: { kind: 'metadata-document', issuer, clientId: document.url, clientSecret: undefined, registeredMethod: document.tokenEndpointAuthMethod, secretExpiresAtMs: undefined } };
  }
  if (stored !== undefined && stored.kind === 'dynamic' && stored.issuer === issuer && isUsableClient(stored, nowMs)) return { client: stored };
  if (description !== undefined && server.registrationEndpoint !== undefined) return { register: description };
  throw noClient(server, preRegistered);
}

/**
 * The option `name`, checked, as it stands: an `https:` URL with a path, without user name, password, fragment and dot segments.
 *
 * @throws TypeError
 */
export function checkClientDocumentURL(name: string, value: unknown): string {
  const expected = `${name} must be an https URL with a path, such as https://app.example/client.json`;
  if (typeof value !== 'string') throw new TypeError(`${expected}; got ${describe(value)}`);
  const wrong = indexOfInvisible(value);
  if (wrong !== -1) throw new TypeError(`${expected}; there is a character at index ${wrong} that no URL has`);
  const url = /^https:\/\//.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || url.pathname === '/') throw new TypeError(`${expected}; got ${describe(value)} that is none`);
  if (url.username !== '' || url.password !== '' || value.includes('#')) throw new TypeError(`${expected}, without user name, password and fragment`);
  // The id is compared as it is written, so the parser must have nothing to change. A dot segment is one such thing.
  if (url.href !== value) throw new TypeError(`${expected}, written as the platform writes it: ${url.href}`);
  return value;
}

function noClient({ issuer, registrationEndpoint, clientIdMetadataDocumentSupported }: AuthorizationServer, preRegistered: readonly PreRegisteredClient[]): AuthorizationError {
  const others = preRegistered.length === 0 ? '' : `; the clients that are registered are those of ${preRegistered.map((client) => quote(client.issuer, 200)).join(', ')}`;
  const ways = [
    'register a client there and give its id',
    ...(clientIdMetadataDocumentSupported ? ['give the URL of a client metadata document'] : []),
    ...(registrationEndpoint === undefined ? [] : ['let the client be registered']),
  ];
  return new AuthorizationError('ERR_MCP_AUTH_REGISTRATION', `No client is known to the authorization server ${quote(issuer, 300)}${others}; ${ways.join(', or ')}`, { details: { issuer } });
}
