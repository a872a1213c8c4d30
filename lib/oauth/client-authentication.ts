/** How a client proves itself at a token endpoint. Source: RFC 6749 section 2.3, RFC 7523 sections 2.2 and 3. */

import { bytesToBase64 } from '../base/base64.ts';
import type { Clock } from '../base/clock.ts';
import { AuthorizationError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { escapeText } from '../base/text.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import type { AuthorizationServer, ClientCredentials } from './authorization-server.ts';
import { randomTokenId, signJWT } from './jwt.ts';
import type { FormField, OAuthHeaders } from './oauth-http.ts';
import type { SigningKey } from './signing-key.ts';

/** The name of a way to prove oneself, as it stands in metadata. */
export type ClientAuthMethod = ClientCredentials['tokenEndpointAuthMethod'];

/** What a client has to prove itself by: a secret, a key, or neither. */
export interface ClientProofs {
  readonly clientSecret?: Secret | undefined;
  readonly signingKey?: SigningKey | undefined;
}

/** A client with what it proves itself by. */
export interface AuthenticatingClient extends ClientCredentials, ClientProofs {}

/** What goes along with a request to a token endpoint. */
export interface ClientProof {
  readonly fields: readonly FormField[];
  readonly headers: OAuthHeaders;
}

type ServerAsked = Pick<AuthorizationServer, 'issuer' | 'tokenEndpointAuthMethodsSupported'>;
type ServerProvenTo = Pick<AuthorizationServer, 'issuer' | 'tokenEndpointAuthSigningAlgValuesSupported'>;

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
// Long enough for a clock that is a little slow, short enough that one that is overheard is of no use.
const ASSERTION_LIFE_S = 120;

/** The best first; the last one is what is left when a server knows no other. */
const WITH_KEY: readonly ClientAuthMethod[] = ['private_key_jwt'];
const WITH_SECRET: readonly ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post', 'none'];

/**
 * How a client that has `proofs` proves itself to `server`: as it was `registered` to, else the best way that the server lists. A server that lists none knows
 * `client_secret_basic` (RFC 8414 section 2), and whatever key a client was registered with. A client that has nothing to prove itself by uses `none`, whatever the server lists.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION` when the client has nothing of what it would take.
 */
export function chooseAuthMethod(proofs: ClientProofs, server: ServerAsked, registered?: ClientAuthMethod): ClientAuthMethod {
  const possible = possibleMethods(proofs);
  const listed = server.tokenEndpointAuthMethodsSupported;
  const chosen = registered === undefined ? possible.find((method) => listed?.includes(method) ?? true) : possible.find((method) => method === registered);
  if (chosen !== undefined) return chosen;
  if (possible.length === 1 && possible[0] === 'none' && registered === undefined) return 'none';
  const wanted = registered ?? listed?.join(', ') ?? '';
  const has = possible.filter((method) => method !== 'none').join(' or ') || 'none';
  throw new AuthorizationError('ERR_MCP_AUTH_REGISTRATION', `The client can prove itself by ${has}, and ${escapeText(server.issuer, 300)} wants ${escapeText(wanted, 300)}`, {
    details: { issuer: server.issuer },
  });
}

function possibleMethods({ clientSecret, signingKey }: ClientProofs): readonly ClientAuthMethod[] {
  const possible = [...(signingKey === undefined ? [] : WITH_KEY), ...(clientSecret === undefined ? [] : WITH_SECRET)];
  return possible.length === 0 ? ['none'] : possible;
}

/**
 * What `client` sends along, once: an assertion is never used twice. `none` and `client_secret_post` put `client_id` into the form; an assertion names the client itself.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION` when the server takes no assertion of the algorithm of the key; TypeError where secret or key are missing.
 */
export async function authenticateClient(client: AuthenticatingClient, server: ServerProvenTo, clock: Pick<Clock, 'date'>): Promise<ClientProof> {
  const { clientId, tokenEndpointAuthMethod: method } = client;
  switch (method) {
    case 'none':
      return { fields: [['client_id', clientId]], headers: {} };
    case 'client_secret_basic':
      return { fields: [], headers: { [SENT_HEADERS.authorization]: basicCredentials(clientId, clientSecretOf(client)) } };
    case 'client_secret_post':
      return { fields: [['client_id', clientId], ['client_secret', clientSecretOf(client)]], headers: {} };
    case 'private_key_jwt':
      return { fields: await assertionFields(client, server, clock), headers: {} };
  }
}

/** Id and secret as forms encode them, so that a colon in the id is none; then as base64. Source: RFC 6749 section 2.3.1, appendix B. */
function basicCredentials(clientId: string, secret: Secret): Secret {
  const pair = `${formEncode(clientId)}:${formEncode(secret.reveal())}`;
  return new Secret(`Basic ${bytesToBase64(new TextEncoder().encode(pair))}`);
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice('='.length);
}

/** The audience is the issuer alone, so that no other server can use it. Source: draft-ietf-oauth-rfc7523bis section 4; MCP OAuth client credentials extension. */
async function assertionFields(client: AuthenticatingClient, server: ServerProvenTo, clock: Pick<Clock, 'date'>): Promise<readonly FormField[]> {
  const { clientId, signingKey } = client;
  if (signingKey === undefined) throw new TypeError('private_key_jwt needs a key');
  const taken = server.tokenEndpointAuthSigningAlgValuesSupported;
  if (taken?.includes(signingKey.algorithm) === false) {
    const message = `${escapeText(server.issuer, 300)} takes assertions signed with ${escapeText(taken.join(', '), 300)}; the key of the client is one for ${signingKey.algorithm}`;
    throw new AuthorizationError('ERR_MCP_AUTH_REGISTRATION', message, { details: { issuer: server.issuer } });
  }
  const now = Math.floor(clock.date() / 1_000);
  const claims = { iss: clientId, sub: clientId, aud: server.issuer, jti: randomTokenId(), iat: now, exp: now + ASSERTION_LIFE_S };
  return [['client_assertion_type', ASSERTION_TYPE], ['client_assertion', new Secret(await signJWT(signingKey, claims))]];
}

function clientSecretOf({ clientSecret, tokenEndpointAuthMethod }: AuthenticatingClient): Secret {
  if (clientSecret === undefined) throw new TypeError(`${tokenEndpointAuthMethod} needs a secret`);
  return clientSecret;
}
