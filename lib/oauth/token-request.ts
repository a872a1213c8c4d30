/** Asks a token endpoint. Source: RFC 6749 section 3.2, RFC 9449 section 5. */

import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { AuthorizationError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { escapeText } from '../base/text.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { authenticateClient } from './client-authentication.ts';
import type { AuthenticatingClient } from './client-authentication.ts';
import type { DPoPProver } from './dpop.ts';
import type { FormField, OAuthAnswer, OAuthHTTP } from './oauth-http.ts';
import { ID_JAG_TYPE, refreshTokenGrant, tokenExchangeGrant } from './token-grants.ts';
import type { ExchangedToken, TokenGrant } from './token-grants.ts';
import { readExchangeAnswer, readTokenAnswer } from './token-response.ts';
import { TokenSet } from './token-set.ts';
import type { TokenOwner } from './token-set.ts';

/** What is needed of an authorization server to ask for tokens. */
export type TokenServer = Pick<AuthorizationServer, 'issuer' | 'tokenEndpoint' | 'tokenEndpointAuthSigningAlgValuesSupported'>;

/** Who asks whom, and over what. */
export interface TokenEndpoint {
  readonly http: OAuthHTTP;
  readonly server: TokenServer;
  readonly client: AuthenticatingClient;
  readonly clock: Clock;
  /** With it, tokens are asked for that are bound to its key, and others are not taken. */
  readonly prover?: DPoPProver | undefined;
}

/** For whom tokens are asked, beside the issuer, the client and the key, which the endpoint tells. */
export interface TokenSubject extends Pick<TokenOwner, 'resource' | 'user'> {
  /** What is asked for: granted, where the server does not say. */
  readonly scope?: string | undefined;
}

interface Asked {
  readonly answer: OAuthAnswer;
  /** All that was sent, in the last try: fields, headers, and what they were made of. */
  readonly sent: readonly FormField[];
}

/** Whose the tokens are that `endpoint` issues to `subject`. */
export function ownerOf({ server, client, prover }: TokenEndpoint, { resource, user }: TokenSubject): TokenOwner {
  return { issuer: server.issuer, resource, clientId: client.clientId, user, keyThumbprint: prover?.thumbprint };
}

/**
 * Tokens for `grant`.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_REFUSED`, `ERR_MCP_AUTH_TOKEN`, `ERR_MCP_AUTH_ENDPOINT`, `ERR_MCP_AUTH_NETWORK`, `ERR_MCP_AUTH_REGISTRATION`, and
 * `ERR_MCP_AUTH_DPOP` where the server refuses the proof; the reason of `signal`.
 */
export async function requestTokens(endpoint: TokenEndpoint, grant: TokenGrant, subject: TokenSubject, signal: AbortSource): Promise<TokenSet> {
  const { server, clock, prover } = endpoint;
  const askedOn = clock.date();
  const { answer, sent } = await askForTokens(endpoint, grant, signal);
  const issued = readTokenAnswer(answer, { issuer: server.issuer, tokenType: prover === undefined ? 'Bearer' : 'DPoP', sent });
  return TokenSet.issued({ ...issued, scope: issued.scope ?? subject.scope }, ownerOf(endpoint, subject), clock, askedOn);
}

/**
 * New tokens in place of `tokens`. The refresh token stays where the server gives no new one, and so does the scope. Source: RFC 6749 sections 5.1 and 6.
 *
 * @throws AuthorizationError as {@link requestTokens}; `ERR_MCP_AUTH_ISSUER` for tokens of another issuer, client or key, which are shown to nobody; TypeError for tokens that cannot be refreshed.
 */
export async function refreshTokens(endpoint: TokenEndpoint, tokens: TokenSet, signal: AbortSource): Promise<TokenSet> {
  const owner = ownerOf(endpoint, tokens.owner);
  const isOurs = (['issuer', 'clientId', 'keyThumbprint'] as const).every((name) => owner[name] === tokens.owner[name]);
  if (!isOurs) throw new AuthorizationError('ERR_MCP_AUTH_ISSUER', `The tokens were not issued by ${escapeText(owner.issuer, 300)} to this client and key, and are not shown to it`);
  const next = await requestTokens(endpoint, refreshTokenGrant(tokens), { ...tokens.owner, scope: tokens.scope }, signal);
  return next.refreshToken === undefined ? new TokenSet({ ...next, refreshToken: tokens.refreshToken }, endpoint.clock) : next;
}

/** An assertion of the identity provider at `endpoint` for another authorization server. @throws AuthorizationError as {@link requestTokens}. */
export async function exchangeToken(endpoint: TokenEndpoint, exchanged: ExchangedToken, signal: AbortSource): Promise<Secret> {
  const { answer, sent } = await askForTokens(endpoint, tokenExchangeGrant(exchanged), signal);
  return readExchangeAnswer(answer, { issuer: endpoint.server.issuer, issuedTokenType: ID_JAG_TYPE, sent });
}

/** One try, and a second one only where the server wants its nonce in the proof. Each has an assertion and a proof of its own. */
async function askForTokens(endpoint: TokenEndpoint, grant: TokenGrant, signal: AbortSource): Promise<Asked> {
  const { server, prover } = endpoint;
  const url = server.tokenEndpoint;
  if (url === undefined) throw new AuthorizationError('ERR_MCP_AUTH_DISCOVERY', `${escapeText(server.issuer, 300)} has no token endpoint`);
  const first = await tryForTokens(endpoint, url, grant, signal);
  if (prover?.heard({ method: 'POST', url }, first.answer) !== true) return first;
  const second = await tryForTokens(endpoint, url, grant, signal);
  prover.heard({ method: 'POST', url }, second.answer);
  return second;
}

async function tryForTokens({ http, server, client, clock, prover }: TokenEndpoint, url: string, grant: TokenGrant, signal: AbortSource): Promise<Asked> {
  const { fields, headers } = await authenticateClient(client, server, clock);
  const proof = prover === undefined ? {} : { [SENT_HEADERS.dpop]: new Secret(await prover.proof({ method: 'POST', url })) };
  const [form, head] = [[...grant, ...fields], { ...headers, ...proof }];
  const answer = await http.postForm(url, 'the token endpoint', form, head, signal);
  const { clientSecret } = client;
  return { answer, sent: [...form, ...Object.entries(head), ...(clientSecret === undefined ? [] : [['client_secret', clientSecret] as const])] };
}
